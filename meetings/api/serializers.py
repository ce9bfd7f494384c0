from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from accounts.api.caller import caller
from accounts.models import User
from attendance.api.fields import MomentField
from groups.models import Group
from meetings.models import Meeting


class VisibleGroupField(serializers.PrimaryKeyRelatedField[Group]):
    """A group that the caller sees; another one does not exist, as far as they can tell."""

    def get_queryset(self) -> Any:
        return Group.objects.visible_to(caller(self.context["request"]))


class MeetingSerializer(serializers.ModelSerializer[Meeting]):
    group = VisibleGroupField(queryset=Group.objects.none(), pk_field=serializers.UUIDField())
    teacher = serializers.PrimaryKeyRelatedField(
        queryset=User.objects.filter(is_active=True),
        pk_field=serializers.UUIDField(),
        required=False,
        help_text="A teacher of the group; the caller, where they teach it, if unsaid",
    )
    starts_at = MomentField()
    ends_at = MomentField()
    closed_at = MomentField(read_only=True, allow_null=True)
    note = serializers.CharField(max_length=2000, required=False, allow_blank=True)

    class Meta:
        model = Meeting
        fields = ("id", "group", "title", "teacher", "starts_at", "ends_at", "location", "state", "note", "closed_at")
        read_only_fields = ("id", "state", "closed_at")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        self._refuse_state()
        return attrs

    def _refuse_state(self) -> None:
        """A state asked for and quietly not set would mislead; the one it is in anyway is no request."""
        asked = self.initial_data.get("state")
        if asked is not None and asked != (self.instance.state if self.instance else "scheduled"):
            text = _("The state changes by close, reopen and cancel.")
            raise serializers.ValidationError({"state": ErrorDetail(text, "read_only")})
