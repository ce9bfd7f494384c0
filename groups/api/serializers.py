from __future__ import annotations

from rest_framework import serializers

from accounts.models import User
from attendance.api.fields import DayField
from groups.models import Group, Membership


class GroupSerializer(serializers.ModelSerializer[Group]):
    teachers = serializers.PrimaryKeyRelatedField(many=True, queryset=User.objects.prefetch_related("groups"), required=False)
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
