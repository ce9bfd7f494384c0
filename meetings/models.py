from __future__ import annotations

from datetime import date
from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from simple_history.models import HistoricalRecords

from attendance.db.keys import UUIDModel, new_id
from attendance.timezones import local_date
from groups.models import Group
from meetings.querysets import MeetingQuerySet, SeriesQuerySet
from meetings.rules import State


class Series(UUIDModel):
    """Meetings that repeat, by an RFC 5545 rule on the wall clock of the group."""

    group = models.ForeignKey(Group, verbose_name=_("group"), on_delete=models.CASCADE, related_name="series")
    teacher = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("teacher"), on_delete=models.PROTECT, related_name="series"
    )
    title = models.CharField(_("title"), max_length=200)
    location = models.CharField(_("location"), max_length=200, blank=True)
    rule = models.CharField(_("recurrence rule"), max_length=500, help_text=_("Such as FREQ=WEEKLY;BYDAY=MO,WE"))
    first_day = models.DateField(_("first day"))
    last_day = models.DateField(_("last day"))
    starts = models.TimeField(_("starts at"), help_text=_("On the clocks where the group is."))
    minutes = models.PositiveSmallIntegerField(
        _("minutes"), default=45, validators=[MinValueValidator(1), MaxValueValidator(1440)]
    )

    objects = SeriesQuerySet.as_manager()

    class Meta:
        verbose_name = _("series")
        verbose_name_plural = pgettext_lazy("plural", "series")
        ordering = ("-first_day", "id")
        indexes = [models.Index(fields=("group", "first_day"), name="series_group_first")]

    def __str__(self) -> str:
        return self.title


class Meeting(UUIDModel):
    """One occasion on which a group meets and a register is taken."""

    group = models.ForeignKey(Group, verbose_name=_("group"), on_delete=models.PROTECT, related_name="meetings", db_index=False)
    series = models.ForeignKey(
        Series, verbose_name=_("series"), on_delete=models.SET_NULL, null=True, blank=True, related_name="meetings"
    )
    # The day that the series' rule gave; the meeting itself may have been moved since.
    series_day = models.DateField(null=True, blank=True, editable=False)
    title = models.CharField(_("title"), max_length=200)
    teacher = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("teacher"),
        on_delete=models.PROTECT,
        related_name="meetings",
        db_index=False,
    )
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"))
    # Derived from `starts_at` where the group is: days are what memberships, reports and people count in.
    local_date = models.DateField(_("day"), editable=False, db_index=True)
    location = models.CharField(_("location"), max_length=200, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.SCHEDULED)
    note = models.TextField(_("note"), max_length=2000, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = MeetingQuerySet.as_manager()
    _history_user: Any
    _change_reason: str
    history = HistoricalRecords(
        history_id_field=models.UUIDField(default=new_id),
        verbose_name=_("historical meeting"),
        verbose_name_plural=_("historical meetings"),
    )

    class Meta:
        verbose_name = _("meeting")
        verbose_name_plural = _("meetings")
        ordering = ("-starts_at", "-id")
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="meeting_ends_after_start"),
            models.UniqueConstraint(fields=("series", "series_day"), name="one_meeting_a_series_and_day"),
        ]
        indexes = [
            models.Index(fields=("starts_at", "id"), name="meeting_starts"),
            models.Index(fields=("group", "starts_at", "id"), name="meeting_group_starts_id"),
            models.Index(fields=("teacher", "starts_at", "id"), name="meeting_teacher_starts_id"),
            models.Index(fields=("state", "starts_at", "id"), name="meeting_state_starts_id"),
            models.Index(fields=("group", "local_date"), name="meeting_group_day"),
        ]

    def __str__(self) -> str:
        return f"{self.title}, {localtime(self.starts_at):%Y-%m-%d %H:%M}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.local_date = self.day_in_group()
        super().save(*args, **kwargs)

    def day_in_group(self) -> date:
        return local_date(self.starts_at, self.group.timezone)
