"""What django-axes asks of us: whom a failed log-in was for, and what to answer who is locked out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from attendance.api.errors import PROBLEM_JSON, problem


def login_name(request: HttpRequest, credentials: Mapping[str, Any] | None = None) -> str:
    """The email, as it is stored: another spelling of it is not another account to guess at."""
    given = (credentials or request.POST).get("username") or ""
    return str(given).strip().lower()


def locked_out(request: HttpRequest, credentials: Mapping[str, Any] | None = None, *args: Any) -> HttpResponse:
    seconds = int(settings.AXES_COOLOFF_TIME.total_seconds())
    detail = _("Too many failed log-ins. Try again in %(minutes)d minutes.") % {"minutes": seconds // 60}
    response: HttpResponse
    if request.path.startswith("/admin/"):
        response = HttpResponse(detail, status=429, content_type="text/plain; charset=utf-8")
    else:
        body = problem(request, status_code=429, code="locked_out", detail=detail)
        response = JsonResponse(body, status=429, content_type=PROBLEM_JSON)
    response["Retry-After"] = str(seconds)
    return response
