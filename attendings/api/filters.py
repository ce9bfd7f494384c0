from __future__ import annotations

from typing import Any

import django_filters
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters

from attendance.api.fields import DayFilter
from attendings.models import Attending
from attendings.rules import Method, Status

REVERSED = _("`from` is after `to`.")


class AttendingFilter(filters.FilterSet):
    meeting = django_filters.UUIDFilter(field_name="meeting_id")
    group = django_filters.UUIDFilter(field_name="group_id")
    user = django_filters.UUIDFilter(field_name="user_id")
    status = django_filters.ChoiceFilter(choices=Status.choices)
    method = django_filters.ChoiceFilter(choices=Method.choices)

    class Meta:
        model = Attending
        fields = ("status", "method")

    @classmethod
    def get_filters(cls) -> dict[str, Any]:
        """`from` is no name that a class body takes."""
        days = {
            "from": DayFilter(field_name="local_date", lookup_expr="gte", label="First day of the meetings"),
            "to": DayFilter(field_name="local_date", lookup_expr="lte", label="Last day of the meetings"),
        }
        return {**super().get_filters(), **days}

    def is_valid(self) -> bool:
        days = self.form.cleaned_data if self.form.is_valid() else {}
        if days.get("from") and days.get("to") and days["from"] > days["to"]:
            self.form.add_error("from", REVERSED)
        return bool(super().is_valid())
