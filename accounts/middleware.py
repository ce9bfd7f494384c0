from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from accounts.models import User


class PreferencesMiddleware:
    """Pages for a person who is logged in with a browser: in their language, on their clocks."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not (request.path.startswith("/admin/") and isinstance(request.user, User)):
            return self.get_response(request)
        translation.activate(request.user.language)  # LocaleMiddleware, around this one, sets it anew for every request
        with timezone.override(request.user.timezone):
            return self.get_response(request)
