from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendings.rules import ExcusedCounts, Occasion, Policy, Status, minutes_late, rates

occasions = st.lists(st.builds(Occasion, held=st.booleans(), status=st.none() | st.sampled_from(Status.values)), max_size=40)
weights = st.floats(min_value=0, max_value=1)
policies = st.builds(Policy, late_weight=weights, left_early_weight=weights, excused_counts=st.sampled_from(ExcusedCounts.values))
NAMES = ("rate_marked", "rate_to_date", "rate_max_possible", "absence_rate")


@given(occasions, policies)
def test_every_rate_lies_between_nothing_and_all(every, policy):
    for name in NAMES:
        rate = getattr(rates(every, policy), name)
        if rate.denominator:
            assert 0 <= rate.value <= 1
            assert rate.reason is None
        else:
            assert rate.value is None
            assert rate.reason


@given(occasions, policies, st.randoms())
def test_order_does_not_matter(every, policy, random):
    shuffled = list(every)
    random.shuffle(shuffled)
    assert rates(shuffled, policy) == rates(every, policy)


@given(occasions, policies)
def test_what_can_still_be_reached_is_never_less_than_what_is(every, policy):
    found = rates(every, policy)
    if found.rate_to_date.denominator:
        assert found.rate_max_possible.value >= found.rate_to_date.value
    if found.rate_marked.denominator and found.rate_to_date.denominator:
        assert found.rate_marked.value >= found.rate_to_date.value


@given(occasions, policies)
def test_one_more_attended_never_lowers_and_one_more_missed_never_raises(every, policy):
    before = rates(every, policy)
    for status, sign in ((Status.PRESENT, 1), (Status.ABSENT, -1)):
        after = rates([*every, Occasion(held=True, status=status)], policy)
        for name in ("rate_marked", "rate_to_date", "rate_max_possible"):
            old, new = getattr(before, name).value, getattr(after, name).value
            if old is not None:
                assert sign * (new - old) >= 0


@given(occasions)
def test_an_excused_absence_leaves_the_rate_but_not_the_absence_rate(every):
    before = rates(every, Policy())
    after = rates([*every, Occasion(held=True, status=Status.EXCUSED)], Policy())
    assert after.rate_to_date == before.rate_to_date
    assert after.absence_rate.numerator == before.absence_rate.numerator + 1


@given(occasions, policies)
def test_unheld_meetings_touch_no_rate_but_the_possible_one(every, policy):
    held = [occasion for occasion in every if occasion.held]
    for name in ("rate_marked", "rate_to_date", "absence_rate"):
        assert getattr(rates(every, policy), name) == getattr(rates(held, policy), name)


def test_a_term_worked_by_hand():
    """Twelve meetings: 6 present, 1 late, 1 left early, 1 excused, 1 absent, 1 unmarked, 1 to come."""
    statuses = ["present"] * 6 + ["late", "left_early", "excused", "absent", None]
    every = [Occasion(held=True, status=status) for status in statuses] + [Occasion(held=False, status=None)]
    found = rates(every, Policy(late_weight=0.5))
    assert (found.rate_marked.numerator, found.rate_marked.denominator) == (7.5, 9)
    assert (found.rate_to_date.numerator, found.rate_to_date.denominator) == (7.5, 10)
    assert (found.rate_max_possible.numerator, found.rate_max_possible.denominator) == (8.5, 11)
    assert (found.absence_rate.numerator, found.absence_rate.denominator) == (2, 11)
    assert found.rate_to_date.value == 0.75


@pytest.mark.parametrize("wrong", [{"late_weight": 1.1}, {"left_early_weight": -0.1}, {"excused_counts": "perhaps"}])
def test_a_policy_that_means_nothing_is_refused(wrong):
    with pytest.raises(ValueError, match=r"0 and 1|perhaps"):
        Policy(**wrong)


@given(st.sampled_from(Status.values), st.integers(min_value=-7200, max_value=7200))
def test_minutes_late_are_whole_begun_and_of_the_late_alone(status, seconds):
    start = datetime(2026, 9, 1, 9, tzinfo=UTC)
    minutes = minutes_late(status, start + timedelta(seconds=seconds), start)
    if status != Status.LATE:
        assert minutes is None
    else:
        assert minutes >= 0
        assert minutes * 60 >= seconds > (minutes - 1) * 60 or (seconds <= 0 and minutes == 0)
    assert minutes_late(status, None, start) is None
