from __future__ import annotations

import django_filters
from django_filters import rest_framework as filters

from attendance.api.fields import MomentFilter
from meetings.models import Meeting
from meetings.rules import State


class MeetingFilter(filters.FilterSet):
    group = django_filters.UUIDFilter(field_name="group_id")
    teacher = django_filters.UUIDFilter(field_name="teacher_id")
    state = django_filters.ChoiceFilter(choices=State.choices)
    starts_after = MomentFilter(field_name="starts_at", lookup_expr="gte")
    starts_before = MomentFilter(field_name="starts_at", lookup_expr="lt")

    class Meta:
        model = Meeting
        fields = ("state",)
