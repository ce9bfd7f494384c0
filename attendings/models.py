from __future__ import annotations

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from simple_history.models import HistoricalRecords

from attendance.db.keys import UUIDModel, new_id
from attendings.querysets import AttendingQuerySet
from attendings.rules import Method, Status
from groups.models import Group
from meetings.models import Meeting


class Attending(UUIDModel):
    """A mark: how one person attended one meeting. While there is none, the person is unmarked."""

    meeting = models.ForeignKey(
        Meeting, verbose_name=_("meeting"), on_delete=models.PROTECT, related_name="attendings", db_index=False
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=pgettext_lazy("member", "person"),
        on_delete=models.PROTECT,
        related_name="attendings",
        db_index=False,
    )
    # Of the meeting, and fixed like it once there are marks: marks are listed by group and counted by day without a look at it.
    group = models.ForeignKey(
        Group, verbose_name=_("group"), on_delete=models.PROTECT, related_name="+", editable=False, db_index=False
    )
    local_date = models.DateField(_("day"), editable=False)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices)
    method = models.CharField(_("method"), max_length=6, choices=Method.choices, default=Method.MANUAL)
    joined_at = models.DateTimeField(_("came"), null=True, blank=True)
    left_at = models.DateTimeField(_("left"), null=True, blank=True)
    minutes_late = models.PositiveIntegerField(_("minutes late"), null=True, blank=True, editable=False)
    note = models.CharField(_("note"), max_length=1000, blank=True)
    walk_in = models.BooleanField(_("walk-in"), default=False, help_text=_("Came without being on the roster."))
    marked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("marked by"), on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    marked_at = models.DateTimeField(_("marked at"))
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)

    objects = AttendingQuerySet.as_manager()
    _history_user: Any
    history = HistoricalRecords(
        history_id_field=models.UUIDField(default=new_id),
        excluded_fields=["group", "local_date"],
        verbose_name=_("historical mark"),
        verbose_name_plural=_("historical marks"),
    )

    class Meta:
        verbose_name = _("mark")
        verbose_name_plural = _("marks")
        ordering = ("-marked_at", "-id")
        constraints = [models.UniqueConstraint(fields=("meeting", "user"), name="one_mark_a_person_and_meeting")]
        indexes = [
            # Each equality, then the order of the lists, then the range that is looked up in the index itself.
            models.Index(fields=("marked_at", "id", "local_date"), name="mark_marked"),
            models.Index(fields=("user", "marked_at", "id", "local_date"), name="mark_user_marked"),
            models.Index(fields=("group", "marked_at", "id", "local_date"), name="mark_group_marked"),
            models.Index(fields=("status", "marked_at", "id"), name="mark_status_marked"),
            models.Index(fields=("method", "marked_at", "id"), name="mark_method_marked"),
        ]

    @classmethod
    def at(cls, meeting: Meeting, **fields: Any) -> Self:
        """A mark at `meeting`, not stored yet."""
        return cls(meeting=meeting, group_id=meeting.group_id, local_date=meeting.local_date, **fields)

    def __str__(self) -> str:
        return f"{self.user} – {self.get_status_display()}"
