"""Pure rules about marks and percentages. Nothing here knows of a database."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from groups.rules import covers
from meetings.rules import State


class Status(TextChoices):
    PRESENT = "present", _("present")
    LATE = "late", _("late")
    LEFT_EARLY = "left_early", _("left early")
    EXCUSED = "excused", _("excused")
    ABSENT = "absent", _("absent")


class Method(TextChoices):
    MANUAL = "manual", _("by hand")
    BULK = "bulk", _("many at once")
    SELF = "self", _("by themself")
    IMPORT = "import", _("import")
    AUTO = "auto", _("automatic")
    API = "api", _("API")


# What somebody must be permitted for each act on a register, by whichever way they come to it.
NEEDED: dict[str, tuple[str, ...]] = {
    "roster": ("attendings.view_attending",),
    "mark": ("attendings.add_attending", "attendings.change_attending"),
    "unmark": ("attendings.delete_attending",),
    "close": ("attendings.add_attending", "attendings.change_attending"),
    "reopen": ("attendings.change_attending",),
    "cancel": ("meetings.change_meeting",),
}


class ExcusedCounts(TextChoices):
    """What an excused absence does to a percentage of attendance."""

    EXCLUDED = "excluded", _("leaves the denominator")
    ABSENT = "absent", _("counts as absent")
    ATTENDED = "attended", _("counts as attended")


def is_expected(stays: Iterable[tuple[date, date | None]], day: date, state: str, status: str | None) -> bool:
    """Whether a meeting of `day` counts for somebody with these stays in its group and this mark, None for none.

    A cancelled meeting expects nobody, a closed one those who were on its roster when it closed.
    """
    if state == State.CANCELLED or (state == State.CLOSED and status is None):
        return False
    return any(covers(*stay, day) for stay in stays)


def minutes_late(status: str, joined_at: datetime | None, starts_at: datetime) -> int | None:
    """Whole minutes from the start to the arrival of somebody late, a begun one counted; None for every other mark."""
    if status != Status.LATE or joined_at is None:
        return None
    return max(0, math.ceil((joined_at - starts_at).total_seconds() / 60))


@dataclass(frozen=True)
class Policy:
    """How marks weigh. Weights lie between 0 (as absent) and 1 (as present)."""

    late_weight: float = 1.0
    left_early_weight: float = 1.0
    excused_counts: str = ExcusedCounts.EXCLUDED

    def __post_init__(self) -> None:
        if not (0 <= self.late_weight <= 1 and 0 <= self.left_early_weight <= 1):
            raise ValueError("LATE_WEIGHT and LEFT_EARLY_WEIGHT lie between 0 and 1.")
        ExcusedCounts(self.excused_counts)

    def weight(self, status: str) -> float | None:
        """What a mark adds to the numerator; None where it leaves the denominator."""
        if status == Status.EXCUSED:
            return {ExcusedCounts.EXCLUDED: None, ExcusedCounts.ABSENT: 0.0, ExcusedCounts.ATTENDED: 1.0}[
                ExcusedCounts(self.excused_counts)
            ]
        return {Status.PRESENT: 1.0, Status.LATE: self.late_weight, Status.LEFT_EARLY: self.left_early_weight}.get(
            Status(status), 0.0
        )


@dataclass(frozen=True)
class Occasion:
    """One meeting as it bears on one person: at which they were, are or will be expected."""

    held: bool
    status: str | None  # the mark, None while there is none


@dataclass(frozen=True)
class Rate:
    """`value` is numerator / denominator, between 0 and 1; None, with the reason, where there is nothing to divide by."""

    numerator: float
    denominator: int
    rule: str
    reason: str | None = None

    @property
    def value(self) -> float | None:
        return round(self.numerator / self.denominator, 4) if self.denominator else None


@dataclass(frozen=True)
class Rates:
    rate_marked: Rate
    rate_to_date: Rate
    rate_max_possible: Rate
    absence_rate: Rate


def rates(occasions: Iterable[Occasion], policy: Policy) -> Rates:
    """The four named rates over the meetings at which somebody is expected; their order does not matter."""
    every = list(occasions)
    held = [occasion for occasion in every if occasion.held]
    marks = [occasion.status for occasion in held if occasion.status is not None]
    weights = [policy.weight(status) for status in marks]
    attended = math.fsum(weight for weight in weights if weight)
    excluded = sum(weight is None for weight in weights)
    # An absence excused before its day can no more be attended than one excused afterwards.
    coming = sum(not occasion.held and not _excluded(occasion.status, policy) for occasion in every)
    missed = sum(status in {Status.ABSENT, Status.EXCUSED} for status in marks)
    return Rates(
        rate_marked=_rate(attended, len(marks) - excluded, str(_("attended / marked"))),
        rate_to_date=_rate(attended, len(held) - excluded, str(_("attended / held while a member"))),
        rate_max_possible=_rate(
            attended + coming,
            len(held) - excluded + coming,
            str(_("(attended + to come) / (held + to come) while a member: if everything to come is attended")),
        ),
        absence_rate=_rate(missed, len(held), str(_("(absent + excused) / held while a member"))),
    )


def _excluded(status: str | None, policy: Policy) -> bool:
    return status is not None and policy.weight(status) is None


def _rate(numerator: float, denominator: int, rule: str) -> Rate:
    reason = None if denominator else str(_("There is no meeting to count."))
    return Rate(numerator=numerator, denominator=denominator, rule=rule, reason=reason)
