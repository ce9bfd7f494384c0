"""A site moves from one database to another, whole."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import mongodb_server


def manage(database: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command on a site of its own, as an operator would run it."""
    environment = {**os.environ, "DATABASE_URL": f"sqlite:///{database}"}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments], env=environment, text=True, capture_output=True, check=False, timeout=120
    )


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
