from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from accounts.models import User
from attendance.api.fields import BoundedListField, DayField
from groups.models import Group, Membership


class TeachersField(BoundedListField):
    """Ids of people; all are looked up in one query."""

    default_error_messages = {"does_not_exist": _("There is no such person.")}

    def to_internal_value(self, data: Any) -> list[User]:
        ids = set(super().to_internal_value(data))
        people = list(User.objects.filter(pk__in=ids).prefetch_related("groups"))
        if len(people) != len(ids):
            self.fail("does_not_exist")
        return people

    def to_representation(self, data: Any) -> list[str]:
        return [str(user.pk) for user in data.all()]


class GroupSerializer(serializers.ModelSerializer[Group]):
    teachers = TeachersField(child=serializers.UUIDField(), max_length=100, required=False)
    member_count = serializers.IntegerField(read_only=True, help_text="Members today")
    description = serializers.CharField(max_length=2000, required=False, allow_blank=True)

    class Meta:
        model = Group
        fields = ("id", "name", "description", "teachers", "member_count", "timezone", "created_at")
        read_only_fields = ("id", "created_at")


class MembershipSerializer(serializers.ModelSerializer[Membership]):
    user = serializers.UUIDField(source="user_id")
    joined_on = DayField(required=False, help_text="First day; today if unsaid")
    left_on = DayField(required=False, allow_null=True, help_text="Last day; null while it lasts")

    class Meta:
        model = Membership
        fields = ("user", "joined_on", "left_on")


class MembershipDatesSerializer(MembershipSerializer):
    user = serializers.UUIDField(source="user_id", read_only=True)
