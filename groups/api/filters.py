from __future__ import annotations

import django_filters
from django_filters import rest_framework as filters

from groups.models import Group
from groups.querysets import GroupQuerySet


class GroupFilter(filters.FilterSet):
    search = django_filters.CharFilter(method="by_text", max_length=200, label="A part of the name or the description")

    class Meta:
        model = Group
        fields: tuple[str, ...] = ()

    def by_text(self, queryset: GroupQuerySet, name: str, value: str) -> GroupQuerySet:
        return queryset.matching(value)
