from __future__ import annotations

from datetime import date
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from simple_history.models import HistoricalRecords

from accounts.rules import fold
from attendance.db.keys import UUIDModel, new_id
from attendance.timezones import default_timezone, validate_timezone
from groups.querysets import GroupQuerySet, MembershipQuerySet
from groups.rules import covers


class Group(UUIDModel):
    """People who meet: a class, a course, a team. Never an auth group, which we call a role."""

    name = models.CharField(pgettext_lazy("group", "name"), max_length=200)
    # The name as it is compared: two groups must not differ in case or spaces alone.
    name_key = models.CharField(max_length=600, unique=True, editable=False)  # case folding can lengthen
    description = models.TextField(_("description"), max_length=2000, blank=True)
    timezone = models.CharField(
        _("time zone"),
        max_length=64,
        default=default_timezone,
        validators=[validate_timezone],
        help_text=_("Decides on which day a meeting is held."),
    )
    teachers = models.ManyToManyField(
        settings.AUTH_USER_MODEL, verbose_name=_("teachers"), related_name="taught_groups", blank=True
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = GroupQuerySet.as_manager()

    class Meta:
        verbose_name = _("group")
        verbose_name_plural = _("groups")
        ordering = ("name_key", "id")
        indexes = [models.Index(fields=("created_at", "id"), name="group_created")]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.name_key = fold(self.name)
        super().save(*args, **kwargs)


class Membership(UUIDModel):
    """A stay of one person in one group. Who leaves and comes back has two, and the time between counts for nothing."""

    group = models.ForeignKey(
        Group, verbose_name=_("group"), on_delete=models.CASCADE, related_name="memberships", db_index=False
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=pgettext_lazy("member", "person"),
        on_delete=models.CASCADE,
        related_name="memberships",
    )
    joined_on = models.DateField(_("joined on"), help_text=_("The first day."))
    left_on = models.DateField(_("left on"), null=True, blank=True, help_text=_("The last day; empty while it lasts."))

    objects = MembershipQuerySet.as_manager()
    _history_user: Any
    history = HistoricalRecords(
        history_id_field=models.UUIDField(default=new_id),
        verbose_name=_("historical membership"),
        verbose_name_plural=_("historical memberships"),
    )

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        ordering = ("joined_on", "id")
        constraints = [
            models.UniqueConstraint(fields=("group", "user", "joined_on"), name="one_membership_a_start"),
            models.CheckConstraint(
                condition=Q(left_on__isnull=True) | Q(left_on__gte=F("joined_on")), name="left_not_before_joined"
            ),
        ]
        indexes = [
            models.Index(fields=("user", "group"), name="membership_user_group"),
            models.Index(fields=("group", "left_on"), name="membership_group_left"),
        ]

    def __str__(self) -> str:
        return f"{self.user} – {self.group}"

    def covers(self, day: date) -> bool:
        return covers(self.joined_on, self.left_on, day)
