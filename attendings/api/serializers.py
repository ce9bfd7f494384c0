from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from accounts.api.caller import caller
from accounts.models import User
from attendance.api.fields import BoundedListField, MomentField
from attendings.models import Attending
from attendings.rules import Status
from attendings.services import SAID, MarkInput
from meetings.api.serializers import MeetingSerializer
from meetings.models import Meeting

MAX_MARKS_AT_ONCE = 2000
VERSION_HELP = "Of the mark that was seen, 0 for none; another one stored makes the request 409"


class VisibleMeetingField(serializers.PrimaryKeyRelatedField[Meeting]):
    def get_queryset(self) -> Any:
        return Meeting.objects.visible_to(caller(self.context["request"]))


class AttendingSerializer(serializers.ModelSerializer[Attending]):
    meeting = serializers.UUIDField(source="meeting_id")
    user = serializers.UUIDField(source="user_id")
    marked_by = serializers.UUIDField(source="marked_by_id", allow_null=True)
    joined_at = MomentField(allow_null=True)
    left_at = MomentField(allow_null=True)
    marked_at = MomentField()

    class Meta:
        model = Attending
        fields = (
            "id", "meeting", "user", "status", "method", "joined_at", "left_at", "minutes_late", "note", "walk_in",
            "marked_by", "marked_at", "version",
        )  # fmt: skip
        read_only_fields = fields


class MarkFields(serializers.Serializer[Attending]):
    """What can be said of a mark; what is left out stays as it is."""

    status = serializers.ChoiceField(choices=Status.choices)
    note = serializers.CharField(max_length=1000, required=False, allow_blank=True)
    joined_at = MomentField(required=False, allow_null=True)
    left_at = MomentField(required=False, allow_null=True)
    version = serializers.IntegerField(required=False, min_value=0, max_value=2**31 - 1, help_text=VERSION_HELP)


class MarkChangeSerializer(MarkFields):
    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Whose mark it is, and at which meeting, does not change; saying so and being ignored would mislead."""
        assert isinstance(self.instance, Attending)  # noqa: S101 - a change is of something
        stored = AttendingSerializer(self.instance).data
        given = {name: self.initial_data[name] for name in ("meeting", "user", "walk_in") if name in self.initial_data}
        if wrong := [name for name, value in given.items() if str(value) != str(stored[name])]:
            raise serializers.ValidationError({name: ErrorDetail(_("This does not change."), "read_only") for name in wrong})
        return attrs

    def said_of(self, mark: Attending) -> MarkInput:
        values = self.validated_data
        return MarkInput(mark.user_id, {name: values[name] for name in SAID if name in values}, values.get("version"))


class RosterMarkSerializer(MarkFields):
    user = serializers.UUIDField()
    walk_in = serializers.BooleanField(required=False, default=False)


class NewAttendingSerializer(RosterMarkSerializer):
    meeting = VisibleMeetingField(queryset=Meeting.objects.none(), pk_field=serializers.UUIDField())


def said(values: dict[str, Any]) -> MarkInput:
    """What a validated RosterMarkSerializer row says."""
    fields = {name: values[name] for name in SAID if name in values}
    return MarkInput(values["user"], fields, values.get("version"), values["walk_in"])


class RosterUnmarkSerializer(serializers.Serializer[Attending]):
    user = serializers.UUIDField()
    version = serializers.IntegerField(required=False, min_value=0, max_value=2**31 - 1, help_text=VERSION_HELP)


class RosterMarksSerializer(serializers.Serializer[Any]):
    marks = BoundedListField(child=RosterMarkSerializer(), max_length=MAX_MARKS_AT_ONCE)
    unmark = BoundedListField(
        child=RosterUnmarkSerializer(), max_length=MAX_MARKS_AT_ONCE, required=False, help_text="Whose marks are removed"
    )
    default = serializers.ChoiceField(choices=Status.choices, required=False, help_text="For everyone neither listed nor marked")


class RosterUserSerializer(serializers.ModelSerializer[User]):
    class Meta:
        model = User
        fields = ("id", "first_name", "last_name", "middle_name")
        read_only_fields = fields


class RosterRowSerializer(serializers.Serializer[Any]):
    user = RosterUserSerializer()
    mark = AttendingSerializer(allow_null=True)


class TotalsSerializer(serializers.Serializer[Any]):
    expected = serializers.IntegerField(help_text="Walk-ins not among them")
    marked = serializers.IntegerField()
    present = serializers.IntegerField()
    late = serializers.IntegerField()
    left_early = serializers.IntegerField()
    excused = serializers.IntegerField()
    absent = serializers.IntegerField()


class RosterSerializer(serializers.Serializer[Any]):
    meeting = MeetingSerializer()
    totals = TotalsSerializer()
    rows = RosterRowSerializer(many=True)


class RateSerializer(serializers.Serializer[Any]):
    value = serializers.FloatField(allow_null=True, help_text="numerator / denominator, to four places; null with a reason")
    numerator = serializers.FloatField()
    denominator = serializers.IntegerField()
    rule = serializers.CharField()
    reason = serializers.CharField(allow_null=True)


class UserReportSerializer(serializers.Serializer[Any]):
    user = serializers.UUIDField(source="user_id")
    groups = serializers.ListField(
        child=serializers.UUIDField(), source="group_ids", help_text="The groups counted: those in sight"
    )
    rate_marked = RateSerializer(source="rates.rate_marked")
    rate_to_date = RateSerializer(source="rates.rate_to_date")
    rate_max_possible = RateSerializer(source="rates.rate_max_possible")
    absence_rate = RateSerializer(source="rates.absence_rate")

    def get_fields(self) -> dict[str, Any]:
        """`from` is no name that a class body takes."""
        period = {
            "from": serializers.DateField(source="start", allow_null=True),
            "to": serializers.DateField(source="end", allow_null=True),
        }
        return {**period, **super().get_fields()}
