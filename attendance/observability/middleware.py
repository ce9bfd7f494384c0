"""The request id, and one log line a request."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django_structlog.middlewares import RequestMiddleware

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


class RequestIdMiddleware:
    """Takes a well-formed `X-Request-ID` or makes one; the answer, its error body and the log line all carry it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        request_id = given if REQUEST_ID.fullmatch(given) else str(uuid.uuid4())
        request.META["HTTP_X_REQUEST_ID"] = request_id
        response = self.get_response(request)
        response["X-Request-ID"] = request_id
        return response


def request_id(request: HttpRequest) -> str:
    """The id that RequestIdMiddleware gave this request."""
    return request.META.get("HTTP_X_REQUEST_ID", "")


class RequestLogMiddleware(RequestMiddleware):
    @staticmethod
    def format_request(request: HttpRequest) -> str:
        """Method and path alone: a query can hold a name or an email that someone searched for."""
        return f"{request.method} {request.path}"
