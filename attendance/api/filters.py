"""Filtering, ordering and the refusal of query names nobody knows."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.filters import OrderingFilter
from rest_framework.request import Request

from attendance.api.exceptions import QueryError


def refuse_unknown(request: Request, known: set[str]) -> None:
    """Raises QueryError naming every parameter not in `known`: a misspelt filter must not answer everything."""
    unknown = sorted(set(request.query_params) - known)
    if unknown:
        text = _("There is no such parameter here. Known: %(known)s.") % {"known": ", ".join(sorted(known)) or "-"}
        raise QueryError(dict.fromkeys(unknown, text), code="unknown_parameter")


class FilterBackend(DjangoFilterBackend):
    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: Any) -> QuerySet[Any]:
        filterset = self.get_filterset(request, queryset, view)
        names = set(filterset.filters) if filterset else set()
        refuse_unknown(request, names | view.query_names())
        if filterset is None:
            return queryset
        if not filterset.is_valid():
            raise QueryError({name: list(errors) for name, errors in filterset.errors.items()})
        return filterset.qs


class TotalOrdering(OrderingFilter):
    """Ordering by the names in the view's `ordering_fields` (public name -> field).

    The key makes it total, so that no page repeats or drops a row.
    """

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: Any) -> list[str]:
        asked = request.query_params.get(self.ordering_param)
        names = [part.strip() for part in asked.split(",")] if asked else list(view.ordering)
        fields = view.ordering_fields
        if any(name.removeprefix("-") not in fields for name in names):
            text = _("Order by one of: %(known)s; with - in front for the reverse.") % {"known": ", ".join(sorted(fields))}
            raise QueryError({self.ordering_param: [text]}, code="invalid_choice")
        signed = [("-" if name.startswith("-") else "") + fields[name.removeprefix("-")] for name in names]
        if queryset.model._meta.get_field(signed[0].removeprefix("-")).unique:
            return signed[:1]  # total as it is, and an index holds it
        return [*signed, "-id" if signed[0].startswith("-") else "id"]

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        names = sorted(view.ordering_fields)
        choices = [*names, *(f"-{name}" for name in names)]
        return [
            {
                "name": self.ordering_param,
                "required": False,
                "in": "query",
                "description": f"Order of the rows; {', '.join(view.ordering)} if unsaid.",
                "schema": {"type": "string", "enum": choices},
            }
        ]
