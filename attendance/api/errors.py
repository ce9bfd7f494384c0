"""Every error body: RFC 9457 problem details, `application/problem+json`."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import IntegrityError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.log import log_response
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import csrf, defaults
from drf_standardized_errors.formatter import ExceptionFormatter, flatten_errors
from drf_standardized_errors.handler import ExceptionHandler
from drf_standardized_errors.types import Error, ErrorResponse
from rest_framework import exceptions
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response

from attendance.api.exceptions import DatabaseUnavailable, LostRace, OutcomeUnknown, PayloadTooLarge, QueryError, RaisedByService
from attendance.db.transactions import UncertainCommitError
from attendance.errors import DomainError
from attendance.observability.middleware import request_id

PROBLEM_JSON = "application/problem+json"

# The phrases of HTTP, for the statuses that we answer.
TITLES = {
    400: gettext_lazy("Bad Request"),
    401: gettext_lazy("Unauthorized"),
    403: gettext_lazy("Forbidden"),
    404: gettext_lazy("Not Found"),
    405: gettext_lazy("Method Not Allowed"),
    406: gettext_lazy("Not Acceptable"),
    409: gettext_lazy("Conflict"),
    413: gettext_lazy("Request Entity Too Large"),
    415: gettext_lazy("Unsupported Media Type"),
    422: gettext_lazy("Unprocessable Entity"),
    429: gettext_lazy("Too Many Requests"),
    500: gettext_lazy("Internal Server Error"),
    503: gettext_lazy("Service Unavailable"),
}


def problem(request: HttpRequest, *, status_code: int, code: str, detail: str, **extra: Any) -> dict[str, Any]:
    """The members every problem has; `extra` are RFC 9457 extension members."""
    return {
        "type": f"urn:attendance:problem:{code}",
        "title": str(TITLES.get(status_code) or HTTPStatus(status_code).phrase),
        "status": status_code,
        "detail": detail,
        "request_id": request_id(request),
        **extra,
    }


MAX_ERRORS = 100  # in one answer; who has more mends these first


class ProblemFormatter(ExceptionFormatter):
    def get_errors(self) -> list[Error]:
        return flatten_errors(_with_text_keys(self.exc.detail))

    def format_error_response(self, error_response: ErrorResponse) -> dict[str, Any]:
        drf_request = self.context["request"]
        assert drf_request is not None  # noqa: S101 - DRF handles exceptions of requests alone
        request = drf_request._request
        code, detail = _code(self.exc), _detail(self.exc)
        body = problem(request, status_code=self.exc.status_code, code=code, detail=detail)
        if isinstance(self.exc, RaisedByService):
            fields = self.exc.error.fields.items()
            body |= {"errors": [{"pointer": f"/{path}", "code": code, "detail": text} for path, text in fields]} if fields else {}
            body |= self.exc.error.extra
        elif isinstance(self.exc, exceptions.ValidationError):
            in_query = isinstance(self.exc, QueryError)
            body["errors"] = [
                {**_place(error.attr, in_query=in_query), "code": error.code, "detail": error.detail}
                for error in error_response.errors[:MAX_ERRORS]
            ]
        return body


def _with_text_keys(detail: Any) -> Any:
    """DRF names the rows of a list by number, and flatten_errors takes the number 0 for no name at all."""
    if isinstance(detail, dict):
        return {str(key): _with_text_keys(value) for key, value in detail.items()}
    return detail


def _code(exc: exceptions.APIException) -> str:
    if isinstance(exc, exceptions.ValidationError):
        return "validation"
    codes = exc.get_codes()
    return codes if isinstance(codes, str) else str(getattr(exc, "default_code", "error"))


def _detail(exc: exceptions.APIException) -> str:
    if isinstance(exc, exceptions.ValidationError):
        return _("The request has errors; each is listed.")
    if isinstance(exc.detail, dict):  # SimpleJWT says {"detail": …, "code": …, "messages": […]}
        return str(exc.detail.get("detail", exc.default_detail))
    return str(exc.detail)


def _place(attr: str | None, *, in_query: bool) -> dict[str, str]:
    path = (attr or "").removesuffix("non_field_errors").strip("/")
    if in_query:
        return {"parameter": path}
    return {"pointer": f"/{path}" if path else ""}


class ProblemHandler(ExceptionHandler):
    def convert_known_exceptions(self, exc: Exception) -> Exception:
        match exc:
            case DomainError():
                return RaisedByService(exc)
            case RequestDataTooBig():
                return PayloadTooLarge()
            case UncertainCommitError():
                return OutcomeUnknown()
            case OperationalError() | InterfaceError():
                return DatabaseUnavailable()
            case IntegrityError():
                return LostRace()
        return super().convert_known_exceptions(exc)

    def get_response(self, exc: exceptions.APIException, data: dict[str, Any]) -> Response:
        request = self.context["request"]
        if request is not None:  # in JSON also where the view itself would answer in YAML or as a page
            request.accepted_renderer, request.accepted_media_type = JSONRenderer(), PROBLEM_JSON
        response = super().get_response(exc, data)
        response.content_type = PROBLEM_JSON
        return response

    def report_exception(self, exc: exceptions.APIException, response: Response) -> None:
        """A database that is away is no fault of the program, and while it is, every request says so: in a line, without traceback."""
        request = self.context["request"]
        if isinstance(exc, DatabaseUnavailable) and request is not None:
            log_response("%s: %s", exc.default_code, self.exc, response=response, request=request._request)
        else:
            super().report_exception(exc, response)


def problem_view(status_code: int, code: str, detail: Any, html_view: Any) -> Any:
    """Django's own error pages: problem details everywhere but under /admin/, which a person looks at."""

    def view(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
        if request.path.startswith("/admin/"):
            return html_view(request, exception) if exception else html_view(request)
        body = problem(request, status_code=status_code, code=code, detail=str(detail))
        return JsonResponse(body, status=status_code, content_type=PROBLEM_JSON)

    return view


bad_request = problem_view(400, "bad_request", gettext_lazy("The request cannot be understood."), defaults.bad_request)
forbidden = problem_view(403, "permission_denied", gettext_lazy("You may not do this."), defaults.permission_denied)
not_found = problem_view(404, "not_found", gettext_lazy("Not found."), defaults.page_not_found)
server_error = problem_view(500, "error", gettext_lazy("Something broke here. It has been logged."), defaults.server_error)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return csrf.csrf_failure(request, reason) if request.path.startswith("/admin/") else forbidden(request)
