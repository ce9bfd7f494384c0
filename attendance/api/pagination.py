from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination, PageNumberPagination
from rest_framework.request import Request
from rest_framework.views import APIView

from attendance.api.exceptions import QueryError

PAGE_SIZE = 50
MAX_PAGE_SIZE = 500


def asked_page_size(request: Request) -> int:
    """Raises QueryError for anything but a whole number from 1 to MAX_PAGE_SIZE."""
    asked = request.query_params.get("page_size")
    if asked is None:
        return PAGE_SIZE
    if asked.isascii() and asked.isdecimal() and len(asked) < 5 and 1 <= int(asked) <= MAX_PAGE_SIZE:
        return int(asked)
    raise QueryError({"page_size": [_("A whole number from 1 to %(max)d.") % {"max": MAX_PAGE_SIZE}]}, code="invalid")


class NumberedPages(PageNumberPagination):
    """For what grows with people: pages by number, and a count."""

    page_size_query_param = "page_size"
    page_size = PAGE_SIZE
    max_page_size = MAX_PAGE_SIZE
    query_names = frozenset({"page", "page_size"})

    def get_page_size(self, request: Request) -> int:
        return asked_page_size(request)


class CursorPages(CursorPagination):
    """For what grows with time: pages by cursor, which rows added at the front do not shift.

    Rows of the very same instant are told apart by their place among themselves.
    """

    page_size_query_param = "page_size"
    page_size = PAGE_SIZE
    max_page_size = MAX_PAGE_SIZE
    offset_cutoff = 1_000_000  # the stock 1,000 would repeat for ever in a large class marked at once
    query_names = frozenset({"cursor", "page_size"})

    def get_page_size(self, request: Request) -> int:
        return asked_page_size(request)

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any] | None:
        try:
            return super().paginate_queryset(queryset, request, view)
        except (NotFound, ValidationError, ValueError, OverflowError) as error:
            raise QueryError({"cursor": [_("This cursor is not one that this list gave out.")]}, code="invalid") from error
