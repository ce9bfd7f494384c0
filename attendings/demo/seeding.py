"""Puts a made-up school together and stores it. A scale of n is n such schools, each stored whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from random import Random

from django.contrib.auth.hashers import make_password
from django.utils import timezone

from attendance.db.transactions import atomic
from attendance.timezones import default_timezone, local_date
from attendings.demo.calendar import Term, term_around
from attendings.demo.enrolment import enrol, make_groups, store_groups
from attendings.demo.marks import Attendance
from attendings.demo.meetings import live_through, make_meetings, make_series, store_moves
from attendings.demo.people import Cast, Taken, make_cast, store_cast
from attendings.demo.storing import Store
from attendings.models import Attending
from groups.models import Group, Membership
from meetings.models import Meeting, Series
from meetings.rules import State

SEED = 7
BATCH = 2000  # marks in memory at a time, besides one school's people and meetings


@dataclass(frozen=True)
class Totals:
    people: int = 0
    groups: int = 0
    meetings: int = 0
    marks: int = 0

    def __add__(self, other: Totals) -> Totals:
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return Totals(*(mine + theirs for mine, theirs in pairs))


@dataclass(frozen=True)
class _Site:
    """What all schools of one run share."""

    today: date
    term: Term
    taken: Taken
    hashed: str
    store: Store


def seed_schools(
    *, password: str, seed: int = SEED, scale: int = 1, history: bool = True, progress: Callable[[int, Totals], None]
) -> Totals:
    """Makes `scale` schools and tells `progress` after each. The same seed on the same day makes the same data, but for keys."""
    today = local_date(timezone.now(), default_timezone())
    taken = Taken(set(Group.objects.values_list("name_key", flat=True)))
    site = _Site(today, term_around(today), taken, make_password(password), Store(history))
    total = Totals()
    for school in range(scale):
        with atomic():
            total += _build(site, Random(f"{seed}:{school}"), school)  # noqa: S311 - invents, guards nothing
        progress(school + 1, total)
    return total


def _build(site: _Site, rng: Random, school: int) -> Totals:
    cast = make_cast(rng, site.taken, site.hashed, with_logins=school == 0)
    store_cast(cast)
    groups = make_groups(site.taken, school)
    store_groups(groups, cast.teachers)
    stays = enrol(rng, site.term, groups, cast)
    site.store.create(Membership, stays)
    series = make_series(site.term, groups, cast.teachers)
    Series.objects.bulk_create(series)
    meetings = make_meetings(site.term, series)
    site.store.create(Meeting, meetings)
    live_through(rng, meetings, groups, site.today)
    store_moves(site.store, meetings)
    return Totals(len(cast), len(groups), len(meetings), _mark(site, rng, cast, stays, meetings))


def _mark(site: _Site, rng: Random, cast: Cast, stays: Sequence[Membership], meetings: Sequence[Meeting]) -> int:
    attendance = Attendance(rng, site.term, [user.pk for user in cast.students], stays)
    return sum(site.store.create(Attending, batch) for batch in _batches(attendance, meetings))


def _batches(attendance: Attendance, meetings: Sequence[Meeting]) -> Iterator[list[Attending]]:
    batch: list[Attending] = []
    for meeting in meetings:
        if meeting.state in {State.CLOSED, State.OPEN}:
            batch += attendance.marks_at(meeting)
        if len(batch) >= BATCH:
            yield batch
            batch = []
    yield batch
