"""A site moves from one database to another, whole."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pymongo import MongoClient

from tests import mongodb_server


def python(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "attendance.settings", "PYTHONPATH": os.getcwd()}
    return subprocess.run([sys.executable, *arguments], env=environment, text=True, capture_output=True, check=False, timeout=120)


def manage(database: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command on a site of its own, as an operator would run it."""
    return python(f"sqlite:///{database}", "manage.py", *arguments)


def dump(database: Path) -> str:
    answer = manage(database, "dumpdata", "--natural-foreign", "--format=jsonl")
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    database = tmp_path_factory.mktemp("transfer") / "site.sqlite3"
    for arguments in (["migrate", "-v0"], ["seed_demo"]):
        answer = manage(database, *arguments)
        assert answer.returncode == 0, answer.stderr
    return database


def test_every_row_arrives_as_it_was(site, tmp_path):
    target = tmp_path / "target.sqlite3"
    answer = manage(site, "transfer", "--from", f"sqlite:///{site}", "--to", f"sqlite:///{target}")
    assert answer.returncode == 0, answer.stderr
    assert "rows, counted in both databases and the same." in answer.stdout
    assert sorted(io.StringIO(dump(target))) == sorted(io.StringIO(dump(site)))


def test_a_target_with_people_is_left_alone(site):
    answer = manage(site, "transfer", "--from", f"sqlite:///{site}", "--to", f"sqlite:///{site}")
    assert answer.returncode == 1
    assert "has data already" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_an_engine_that_is_none_is_named(site):
    answer = manage(site, "transfer", "--from", f"sqlite:///{site}", "--to", "carrier-pigeon://coop")
    assert answer.returncode == 1
    assert "carrier-pigeon" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_there_and_back_again_over_mongodb(site, tmp_path):
    """Another engine keeps keys, days and times its own way; nothing of that may show when the site comes home."""
    server = mongodb_server.started()
    try:
        address = mongodb_server.url_of(server)
        home = tmp_path / "home.sqlite3"
        for source, target in ((f"sqlite:///{site}", address), (address, f"sqlite:///{home}")):
            answer = manage(site, "transfer", "--from", source, "--to", target)
            assert answer.returncode == 0, answer.stderr
        assert sorted(io.StringIO(dump(home))) == sorted(io.StringIO(dump(site)))
    finally:
        mongodb_server.stop(server)


@pytest.fixture
def mongodb_site() -> Iterator[str]:
    """The URL of a small site."""
    server = mongodb_server.started()
    try:
        url = mongodb_server.url_of(server)
        for arguments in (["manage.py", "migrate", "-v0"], ["-m", "tests.live.cast"]):
            answer = python(url, *arguments)
            assert answer.returncode == 0, answer.stderr
        yield url
    finally:
        mongodb_server.stop(server)


def copy(source: str, target: str) -> subprocess.CompletedProcess[str]:
    return python("sqlite://:memory:", "manage.py", "transfer", "--from", source, "--to", target)


def test_a_file_of_sqlite_is_a_backup_of_mongodb(mongodb_site, tmp_path):
    """Also of a restored database: what it refers to and has not got is named."""
    backup, restored = f"sqlite:///{tmp_path}/backup.sqlite3", mongodb_site.replace("/attendance?", "/restored?")
    for source, target in ((mongodb_site, backup), (backup, restored)):
        answer = copy(source, target)
        assert answer.returncode == 0, answer.stderr

    # What is written next gets keys that nothing restored has.
    people = tmp_path / "people.csv"
    people.write_text("surname;first name;email;group;joined_on\nNewcomb;Nora;nora@school.example;7A;2026-09-01\n")
    answer = python(restored, "manage.py", "import_people", str(people), "--apply")
    assert answer.returncode == 0, answer.stderr

    with MongoClient(restored) as client:
        nora = client["restored"]["accounts_user"].find_one_and_delete({"email": "nora@school.example"})
    answer = copy(restored, f"sqlite:///{tmp_path}/drill.sqlite3")
    assert answer.returncode == 1
    assert "groups_membership" in answer.stderr or "accounts_user_groups" in answer.stderr
    assert nora["id"] in answer.stderr
    assert "Traceback" not in answer.stderr
