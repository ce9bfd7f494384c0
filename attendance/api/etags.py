from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.middleware.http import ConditionalGetMiddleware
from django.utils.cache import patch_cache_control, patch_vary_headers


class ListETagMiddleware(ConditionalGetMiddleware):
    """ETag and 304 for the REST answers; the admin's pages differ with every CSRF token, and metrics with every scrape."""

    def process_response(self, request: HttpRequest, response: Any) -> Any:
        if not getattr(response, "etag_wanted", False):
            return response
        patch_cache_control(response, private=True, no_cache=True)
        patch_vary_headers(response, ["Authorization", "Accept-Language"])
        return super().process_response(request, response)
