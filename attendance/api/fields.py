"""Days and moments that every engine and every arithmetic can hold."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_naive, make_aware
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from attendance.errors import FIRST_YEAR, LAST_YEAR
from attendance.timezones import whole_milliseconds

OUT_OF_RANGE = _("The year must be from 1900 to 2200.")


class DayField(serializers.DateField):
    default_error_messages = {"out_of_range": OUT_OF_RANGE}

    def to_internal_value(self, value: Any) -> date:
        day = super().to_internal_value(value)
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            self.fail("out_of_range")
        return day


class BoundedListField(serializers.ListField):
    """DRF looks at every item before it counts them; this one counts first."""

    def to_internal_value(self, data: Any) -> list[Any]:
        if isinstance(data, list) and self.max_length is not None and len(data) > self.max_length:
            message = self.error_messages["max_length"].format(max_length=self.max_length)
            raise serializers.ValidationError(message, code="max_length")
        return super().to_internal_value(data)


class MomentField(serializers.DateTimeField):
    """A point in time: RFC 3339, an offset required, answered in UTC."""

    default_error_messages = {
        "out_of_range": OUT_OF_RANGE,
        "no_offset": _("Say the offset from UTC, as in 2026-09-01T09:00:00Z or …+03:00."),
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(default_timezone=UTC, **kwargs)

    def to_internal_value(self, value: Any) -> datetime:
        if isinstance(value, str):
            parsed = self._parsed(value)
            if parsed is not None and is_naive(parsed):
                self.fail("no_offset")
            if parsed is not None and not FIRST_YEAR <= parsed.year <= LAST_YEAR:
                self.fail("out_of_range")
        return whole_milliseconds(super().to_internal_value(value))

    @staticmethod
    def _parsed(value: str) -> datetime | None:
        try:
            return parse_datetime(value)
        except ValueError:
            return None


class MomentFormField(forms.CharField):
    """For query parameters: an RFC 3339 time; a date alone is its midnight in UTC. A `+` unescaped in a URL is forgiven."""

    def clean(self, value: Any) -> datetime | None:
        text = super().clean(value)
        if not text:
            return None
        try:
            moment = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
        except ValueError as error:
            raise ValidationError(_("A time such as 2026-09-01T09:00:00Z."), code="invalid") from error
        if not FIRST_YEAR <= moment.year <= LAST_YEAR:
            raise ValidationError(OUT_OF_RANGE, code="out_of_range")
        return make_aware(moment, UTC) if is_naive(moment) else moment


class MomentFilter(django_filters.Filter):
    field_class = MomentFormField


class DayFormField(forms.DateField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(input_formats=["%Y-%m-%d"], **kwargs)

    def clean(self, value: Any) -> date | None:
        day = super().clean(value)
        if day is not None and not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise ValidationError(OUT_OF_RANGE, code="out_of_range")
        return day


class DayFilter(django_filters.Filter):
    field_class = DayFormField
