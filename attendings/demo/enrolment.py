"""Groups with their teachers, and who was in which from when to when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from accounts.models import User
from accounts.rules import fold
from attendings.demo.calendar import GROUPS, GroupPlan, Term
from attendings.demo.people import Cast, Taken
from attendings.demo.storing import happened, morning
from groups.models import Group, Membership

LATE_JOINERS, LEAVERS, CHANGERS = 0.06, 0.04, 0.02
DAYS_IN = (10, 60)  # when they came, left or changed, in days since the term began


@dataclass(frozen=True)
class Planned:
    plan: GroupPlan
    group: Group


def make_groups(taken: Taken, school: int) -> list[Planned]:
    named = [(plan, taken.group(plan.name, school)) for plan in GROUPS]
    return [Planned(plan, Group(name=name, name_key=fold(name), description=plan.description)) for plan, name in named]


def store_groups(groups: Sequence[Planned], teachers: Sequence[User]) -> None:
    Group.objects.bulk_create([each.group for each in groups])
    through = Group.teachers.through
    through.objects.bulk_create(
        through(group_id=each.group.pk, user_id=teachers[place].pk) for each in groups for place in sorted(each.plan.staff)
    )


def enrol(rng: Random, term: Term, groups: Sequence[Planned], cast: Cast) -> list[Membership]:
    """Everyone in one class, some in clubs besides."""
    classes = [each.group for each in groups if not each.plan.club]
    queue = iter(cast.students)
    stays: list[Membership] = []
    for each in groups:
        if each.plan.club:
            stays += [Membership(user=user, group=each.group, joined_on=term.first_day) for user in _club(rng, each.plan, cast)]
            continue
        for user in (next(queue) for _i in range(each.plan.members)):
            # The student whom visitors log in as stays all the time.
            chance = 1.0 if user is cast.students[0] else rng.random()
            stays += _stays(
                rng, chance, user, each.group, [group for group in classes if group is not each.group], term.first_day
            )
    for stay in stays:
        happened(stay, morning(stay.joined_on))
    return stays


def _club(rng: Random, plan: GroupPlan, cast: Cast) -> list[User]:
    return [cast.students[0], *rng.sample(cast.students[1:], plan.members - 1)]


def _stays(
    rng: Random, chance: float, user: User, group: Group, others: Sequence[Group], first_day: date
) -> Iterator[Membership]:
    stay = Membership(user=user, group=group, joined_on=first_day)
    turn = first_day + timedelta(days=rng.randint(*DAYS_IN))
    if chance < LATE_JOINERS:
        stay.joined_on = turn
    elif chance < LATE_JOINERS + LEAVERS + CHANGERS:
        stay.left_on = turn
    yield stay
    if LATE_JOINERS + LEAVERS <= chance < LATE_JOINERS + LEAVERS + CHANGERS:
        yield Membership(user=user, group=rng.choice(others), joined_on=turn + timedelta(days=1))
