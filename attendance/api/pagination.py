from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.paginator import Page, Paginator
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination, PageNumberPagination
from rest_framework.request import Request
from rest_framework.views import APIView

from attendance.api.exceptions import QueryError

PAGE_SIZE = 50
MAX_PAGE_SIZE = 500
LONG = 10  # digits of a page number that no list reaches


def asked_page_size(request: Request) -> int:
    """Raises QueryError for anything but a whole number from 1 to MAX_PAGE_SIZE."""
    asked = request.query_params.get("page_size")
    if asked is None:
        return PAGE_SIZE
    if asked.isascii() and asked.isdecimal() and len(asked) < 5 and 1 <= int(asked) <= MAX_PAGE_SIZE:
        return int(asked)
    raise QueryError({"page_size": [_("A whole number from 1 to %(max)d.") % {"max": MAX_PAGE_SIZE}]}, code="invalid")


class ThriftyPaginator(Paginator):  # type: ignore[type-arg]  # generic in its stubs alone
    """Asks for the number of rows only where the page does not show it by being the last."""

    def page(self, number: Any) -> Page[Any]:
        wanted = int(number) if str(number).isdecimal() and len(str(number)) < LONG else 0
        if wanted < 1:
            return super().page(number)
        below = (wanted - 1) * self.per_page
        rows = list(self.object_list[below : below + self.per_page])
        if len(rows) < self.per_page and (rows or below == 0):
            self.count = below + len(rows)
        return Page(rows, wanted, self) if rows else super().page(number)


class NumberedPages(PageNumberPagination):
    """For what grows with people: pages by number, and a count."""

    django_paginator_class = ThriftyPaginator
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
