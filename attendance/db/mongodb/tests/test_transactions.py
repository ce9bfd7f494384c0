from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.contrib.auth.models import Group as Role
from django.db import IntegrityError, OperationalError, connections, transaction
from django.db.models import F

from attendance.db.mongodb.errors import AbortedTransactionError
from attendance.db.transactions import retried

COUNTER = "counter:0"


def roles(alias):
    return Role.objects.using(alias).filter(name__startswith="t-")


def make(alias, name):
    return Role.objects.using(alias).create(name=f"t-{name}")


def elsewhere(act):
    """`act()` on a connection of its own."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(act).result(timeout=30)


def test_all_is_stored_and_nobody_sees_half_of_it(mongo):
    with transaction.atomic(using=mongo):
        make(mongo, 1)
        make(mongo, 2)
        assert roles(mongo).count() == 2
        assert elsewhere(lambda: roles(mongo).count()) == 0
    assert elsewhere(lambda: roles(mongo).count()) == 2


def test_nothing_is_stored_after_an_error(mongo):
    with pytest.raises(RuntimeError), transaction.atomic(using=mongo):
        make(mongo, 1)
        with transaction.atomic(using=mongo):
            make(mongo, 2)
        raise RuntimeError
    assert roles(mongo).count() == 0


def test_a_library_that_begins_a_transaction_takes_part(mongo):
    with pytest.raises(RuntimeError), transaction.atomic(using=mongo):
        Role.objects.using(mongo).bulk_create([Role(name="t-1"), Role(name="t-2")])  # in an atomic() of Django's own
        raise RuntimeError
    assert roles(mongo).count() == 0


def test_what_waits_for_the_commit_runs_after_it_and_only_then(mongo):
    seen = []
    with transaction.atomic(using=mongo):
        make(mongo, 1)
        transaction.on_commit(lambda: seen.append(elsewhere(lambda: roles(mongo).count())), using=mongo)
        assert seen == []
    assert seen == [1]
    with pytest.raises(RuntimeError), transaction.atomic(using=mongo):
        transaction.on_commit(lambda: seen.append("never"), using=mongo)
        raise RuntimeError
    transaction.on_commit(lambda: seen.append("at once"), using=mongo)
    assert seen == [1, "at once"]


def test_an_inner_part_that_is_refused_before_it_writes_leaves_the_rest(mongo):
    with transaction.atomic(using=mongo):
        make(mongo, 1)
        with pytest.raises(RuntimeError), transaction.atomic(using=mongo):
            assert roles(mongo).count() == 1
            raise RuntimeError
        make(mongo, 2)
    assert roles(mongo).count() == 2


def test_an_inner_part_that_has_written_takes_the_whole_with_it(mongo):
    with pytest.raises(AbortedTransactionError), transaction.atomic(using=mongo):
        make(mongo, 1)
        with pytest.raises(RuntimeError), transaction.atomic(using=mongo):
            make(mongo, 2)
            raise RuntimeError
        roles(mongo).count()
    assert roles(mongo).count() == 0


def test_a_key_that_is_there_already_ends_the_transaction(mongo):
    make(mongo, 1)
    with pytest.raises(IntegrityError), transaction.atomic(using=mongo):
        make(mongo, 2)
        make(mongo, 1)
    assert roles(mongo).count() == 1


def test_a_collision_is_told_as_one_that_may_be_tried_again(mongo):
    role = make(mongo, 1)
    with pytest.raises(OperationalError) as collided, transaction.atomic(using=mongo):
        roles(mongo).get()
        elsewhere(lambda: roles(mongo).filter(pk=role.pk).update(name="t-other"))
        roles(mongo).filter(pk=role.pk).update(name="t-mine")
    assert connections[mongo].is_transient(collided.value)
    assert roles(mongo).get().name == "t-other"


def test_those_who_collide_all_succeed_in_the_end(mongo):
    """Reads, adds one and writes, eight at once: no addition is lost."""
    pk = make(mongo, "0").pk

    def add_one():
        with transaction.atomic(using=mongo):
            role = Role.objects.using(mongo).get(pk=pk)
            role.name = f"t-{int(role.name.removeprefix('t-')) + 1}"
            role.save(using=mongo)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _i: retried(add_one, using=mongo), range(40)))
    assert roles(mongo).get().name == "t-40"


def test_two_who_make_the_same_thing_get_the_same(mongo):
    barrier = Barrier(2)

    def get_or_create(_i):
        def act():
            with transaction.atomic(using=mongo):
                return Role.objects.using(mongo).get_or_create(name="t-one")[0].pk

        barrier.wait(timeout=10)
        return retried(act, using=mongo)

    with ThreadPoolExecutor(2) as threads:
        keys = set(threads.map(get_or_create, range(2)))
    assert len(keys) == 1
    assert roles(mongo).count() == 1


def test_inside_a_transaction_nothing_is_tried_twice(mongo):
    tries = []

    def act():
        tries.append(1)
        raise AbortedTransactionError

    with pytest.raises(AbortedTransactionError), transaction.atomic(using=mongo):
        retried(act, using=mongo)
    assert len(tries) == 1


def test_what_is_no_collision_is_not_tried_again(mongo):
    make(mongo, 1)
    tries = []

    def act():
        tries.append(1)
        make(mongo, 1)

    with pytest.raises(IntegrityError):
        retried(act, using=mongo)
    assert len(tries) == 1


def test_a_collision_without_end_is_given_up(mongo, monkeypatch):
    monkeypatch.setattr("attendance.db.transactions.PATIENCE", 0.05)

    def act():
        raise AbortedTransactionError

    with pytest.raises(AbortedTransactionError):
        retried(act, using=mongo)


def test_two_who_hold_the_same_row_come_one_after_the_other(mongo):
    """Each sees that nothing is there and adds its own; with the parent held, one of them looks again."""
    parent = make(mongo, "parent")
    barrier = Barrier(2, timeout=10)

    def add(name):
        tries = []

        def act():
            tries.append(1)
            with transaction.atomic(using=mongo):
                there = roles(mongo).exclude(pk=parent.pk).exists()
                if len(tries) == 1:
                    barrier.wait()
                connections[mongo].hold(parent)
                if not there:
                    make(mongo, name)

        retried(act, using=mongo)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(add, ("a", "b")))
    assert roles(mongo).count() == 2


def test_holding_changes_nothing_that_a_model_knows(mongo):
    role = make(mongo, 1)
    with transaction.atomic(using=mongo):
        connections[mongo].hold(role)
        elsewhere(lambda: make(mongo, 2))
    role.refresh_from_db()
    assert role.name == "t-1"
    assert "__held" in connections[mongo].database["auth_group"].find_one({"name": "t-1"})
    assert "__held" not in connections[mongo].database["auth_group"].find_one({"name": "t-2"})


def test_without_a_replica_set_writes_stay_and_unique_indexes_hold(standalone):
    assert connections[standalone].features.has_transactions is False
    with pytest.raises(RuntimeError), transaction.atomic(using=standalone):
        make(standalone, 1)
        with pytest.raises(IntegrityError), transaction.atomic(using=standalone):
            make(standalone, 1)
        Role.objects.using(standalone).get_or_create(name="t-1")
        roles(standalone).update(name=F("name"))
        raise RuntimeError
    assert roles(standalone).count() == 1


def test_rows_for_update_are_read_and_held(mongo):
    """The one by its key in one command; several are read and then held."""
    first, _second, third = (make(mongo, name) for name in (1, 2, 3))

    def change(role):
        with transaction.atomic(using=mongo):
            roles(mongo).filter(pk=role.pk).update(name="t-x")

    with transaction.atomic(using=mongo):
        assert roles(mongo).select_for_update().get(name="t-1").name == "t-1"
        assert len(roles(mongo).select_for_update().filter(name__in=["t-1", "t-2"])) == 2
        assert roles(mongo).select_for_update().filter(pk=third.pk).first().name == "t-3"
        for held in (first, third):
            with pytest.raises(OperationalError):
                elsewhere(lambda held=held: change(held))
