"""HTTP as a client of the service sees it: one kept-alive connection, answers with their headers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPMessage
from types import TracebackType
from typing import Any

# What a client sees when the worker it talks to dies: no answer, hence nothing acknowledged.
NO_ANSWER = (HTTPException, OSError)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: HTTPMessage
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """Not for several threads at once: each takes its own."""

    def __init__(self, port: int, token: str | None = None) -> None:
        self.connection = HTTPConnection("127.0.0.1", port, timeout=60)
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.connection.close()

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        sent = {**self.headers, **headers}
        if body is not None and not isinstance(body, (str, bytes)):
            body, sent = json.dumps(body), {"Content-Type": "application/json", **sent}
        try:
            self.connection.request(method, path, body, sent)
            response = self.connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        except NO_ANSWER:
            self.connection.close()
            raise

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        return self.ask("POST", path, body, **headers)

    def put(self, path: str, body: Any = None, **headers: str) -> Answer:
        return self.ask("PUT", path, body, **headers)
