"""SIGTERM: what is being answered is answered first."""

from __future__ import annotations

import json
import socket

from tests.live.server import wait_until


def send_head(server, token, body):
    """A request whose body has not been sent yet, and which a worker has begun to read."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    head = (
        f"POST /attendings HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\nX-Request-ID: half-a-request\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    connection.sendall(head.encode() + body[:1])
    return connection


def test_a_running_request_is_finished_and_stored(start, cast, sign_in):
    with start(LOG_LEVEL="DEBUG") as server:
        token = sign_in(server)
        body = json.dumps({"meeting": cast.meetings[0], "user": cast.students[0], "status": "present"}).encode()
        with send_head(server, token, body) as connection:
            wait_until(lambda: "half-a-request" in server.log.read_text(), what="a worker has begun with the request")
            server.terminate()
            wait_until(lambda: "Handling signal: term" in server.log.read_text(), what="the server is stopping")
            connection.sendall(body[1:])
            answer = connection.makefile("rb").read()
        assert answer.startswith(b"HTTP/1.1 201"), answer
        assert server.stop() == 0


def test_nothing_is_left_behind(start, tmp_path):
    with start(TMPDIR=str(tmp_path)) as server:
        assert list(tmp_path.glob("attendance-metrics-*"))
        server.stop()
        assert not list(tmp_path.glob("attendance-metrics-*"))
