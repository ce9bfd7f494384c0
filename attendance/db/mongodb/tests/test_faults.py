"""A server that is away, silent or standalone."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import Group as Role
from django.db import OperationalError, connections, transaction

from attendance.db.mongodb.tests.conftest import named
from tests import mongodb_server
from tests.live.server import environment, free_port, wait_until

ALIAS = "faulty"
HURRIED = "&serverSelectionTimeoutMS=500&timeoutMS=1000"
ASK = """
import django
django.setup()
from django.core.management import call_command
from django.test import Client
if __import__("sys").argv[1:]:
    call_command("migrate", verbosity=0)
answer = Client().get("/readyz")
print(answer.status_code, answer.json()["status"], answer.json()["database"])
"""


@pytest.fixture
def restartable(tmp_path):
    """Starts the server, always at the same address and with the same data."""
    running, options = [], [f"--port={free_port()}", f"--path={tmp_path}/data"]

    def start():
        process = mongodb_server.started(*options)
        running.append(process)
        return process, mongodb_server.url_of(process) + HURRIED

    yield start
    for process in running:
        process.kill()
        mongodb_server.stop(process)


def count():
    return Role.objects.using(ALIAS).count()


def store(name):
    with transaction.atomic(using=ALIAS):
        Role.objects.using(ALIAS).create(name=name)


def refused(act):
    """Seconds until OperationalError."""
    begun = time.monotonic()
    with pytest.raises(OperationalError):
        act()
    return time.monotonic() - begun


def test_a_server_that_was_killed_is_missed_soon_and_found_again(restartable, django_db_blocker):
    process, url = restartable()
    with django_db_blocker.unblock(), named(ALIAS, url):
        connections[ALIAS].database.create_collection("auth_group")
        store("before")
        process.kill()
        process.wait()
        assert refused(count) < 5
        assert refused(lambda: store("meanwhile")) < 5
        assert refused(connections[ALIAS].introspection.table_names) < 5
        assert not connections[ALIAS].is_usable()
        restartable()
        wait_until(connections[ALIAS].is_usable, what="the server is found again")
        assert count() == 1
        store("after")
        assert sorted(Role.objects.using(ALIAS).values_list("name", flat=True)) == ["after", "before"]


@pytest.mark.parametrize("how", ["directConnection=true", "replicaSet=secantus"])
def test_all_together_look_for_a_lost_server_no_longer_than_one_may(restartable, django_db_blocker, how):
    """However long an operation may take: threads that look for a server one after the other answer nobody meanwhile."""
    process, url = restartable()
    url = url.replace("directConnection=true", how).replace(HURRIED, "&serverSelectionTimeoutMS=2000&timeoutMS=20000")
    with django_db_blocker.unblock(), named(ALIAS, url):
        store("before")
        process.kill()
        process.wait()
        begun = time.monotonic()
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: refused(count), range(8)))
        assert time.monotonic() - begun < 8
        assert refused(count) < 1.5
        restartable()
        wait_until(connections[ALIAS].is_usable, what="the server is found again")
        assert count() == 1


def test_a_server_that_says_nothing_holds_nobody_for_ever(restartable, django_db_blocker):
    process, url = restartable()
    with django_db_blocker.unblock(), named(ALIAS, url):
        store("before")
        with mongodb_server.frozen(process):
            assert refused(count) < 10
            assert refused(lambda: store("meanwhile")) < 10
        wait_until(connections[ALIAS].is_usable, what="the server is found again")
        assert count() == 1


def ready(tmp_path, url, *args):
    values = {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "attendance.settings", "ALLOWED_HOSTS": "testserver"}
    return subprocess.run(
        [sys.executable, "-c", ASK, *args],
        cwd=mongodb_server.ROOT,
        env=environment(tmp_path, **values),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )


def test_readyz_and_the_log_name_a_standalone_server(standalone_url, tmp_path):
    answer = ready(tmp_path, standalone_url, "migrate")
    assert answer.stdout.startswith("200 ok ok, but a standalone MongoDB")
    assert answer.stderr.count("mongodb_standalone") == 1


def test_readyz_has_nothing_to_say_of_a_replica_set(mongo, url, tmp_path):
    answer = ready(tmp_path, url)
    assert answer.stdout.strip() == "200 ok ok"
    assert "mongodb_standalone" not in answer.stderr


def test_neither_answer_nor_log_has_the_password(tmp_path):
    url = f"mongodb://ann:hunter2@127.0.0.1:{free_port()}/school?serverSelectionTimeoutMS=300"
    answer = ready(tmp_path, url)
    assert answer.stdout.startswith("503 failing failing")
    assert "database_failing" in answer.stderr
    assert "hunter2" not in answer.stdout + answer.stderr
