from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from attendance.api.errors import PROBLEM_JSON, problem


class BodyLimitMiddleware:
    """Refuses a body over MAX_BODY_BYTES by what its header says, before anything reads it: a form's files would be written to disk."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdecimal() or int(length) <= settings.MAX_BODY_BYTES:
            return self.get_response(request)
        detail = _("The request body is larger than this service takes.")
        body = problem(request, status_code=413, code="payload_too_large", detail=detail)
        return JsonResponse(body, status=413, content_type=PROBLEM_JSON)
