from __future__ import annotations

from uuid import UUID

import django_filters
from django_filters import rest_framework as filters

from accounts.api.caller import caller
from accounts.models import User
from accounts.querysets import UserQuerySet
from accounts.rules import Role


class UserFilter(filters.FilterSet):
    role = django_filters.ChoiceFilter(choices=Role.choices, method="by_role")
    group = django_filters.UUIDFilter(method="by_group", label="Id of a group: its present members")
    is_active = django_filters.TypedChoiceFilter(
        choices=(("true", "true"), ("false", "false")), coerce=lambda text: text == "true"
    )
    search = django_filters.CharFilter(method="by_text", max_length=200, label="Words of the name, or a part of the email")

    class Meta:
        model = User
        fields = ("is_active",)

    def by_role(self, queryset: UserQuerySet, name: str, value: str) -> UserQuerySet:
        return queryset.with_role(value)

    def by_group(self, queryset: UserQuerySet, name: str, value: UUID) -> UserQuerySet:
        return queryset.in_group(value, asked_by=caller(self.request))

    def by_text(self, queryset: UserQuerySet, name: str, value: str) -> UserQuerySet:
        return queryset.matching(value)
