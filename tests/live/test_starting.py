"""What a server needs before it starts, and says when it does not get it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.live.conftest import run
from tests.live.server import ROOT, environment

GUNICORN = ("-m", "gunicorn", "-c", "gunicorn.conf.py", "attendance.wsgi")


def test_one_message_names_everything_that_is_missing(tmp_path):
    refused = run(*GUNICORN, state=tmp_path, SECRET_KEY="", ALLOWED_HOSTS="")
    assert refused.returncode != 0
    (line,) = [json.loads(line) for line in refused.stderr.splitlines()]
    assert line["level"] == "critical"
    assert "SECRET_KEY" in line["event"]
    assert "ALLOWED_HOSTS" in line["event"]
    assert refused.stdout == ""


def test_management_commands_say_the_same(tmp_path):
    refused = run("manage.py", "check", state=tmp_path, SECRET_KEY="", ALLOWED_HOSTS="")
    assert refused.returncode != 0
    assert "SECRET_KEY, ALLOWED_HOSTS" in refused.stderr


def test_an_engine_that_is_not_supported_is_named_without_its_password(tmp_path):
    refused = run(*GUNICORN, state=tmp_path, DATABASE_URL="oracle://admin:hunter2@db/x")
    assert refused.returncode != 0
    assert "oracle" in refused.stderr
    assert "hunter2" not in refused.stderr


def test_secrets_come_from_files(start, tmp_path):
    secret = tmp_path / "secret-key"
    secret.write_text("a-key-from-a-file-a-key-from-a-file-a-key-from-a-file-012345\n")
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1\n")
    given = {"SECRET_KEY": "", "SECRET_KEY_FILE": str(secret), "ALLOWED_HOSTS": "", "ALLOWED_HOSTS_FILE": str(hosts)}
    with start(**given) as server, server.client() as client:
        assert client.get("/docs").status == 200
        assert client.get("/docs", Host="elsewhere.example").status == 400


def test_a_file_of_settings_counts_where_the_environment_says_nothing(tmp_path):
    settings = tmp_path / "settings.env"
    settings.write_text("SECRET_KEY=from-the-file\nALLOWED_HOSTS=in-the-file.example\n")
    values = environment(tmp_path, ENV_FILE=str(settings), ALLOWED_HOSTS="in-the-environment.example")
    del values["SECRET_KEY"]
    shown = subprocess.run(
        [sys.executable, "-c", "from attendance import settings as s; print(s.SECRET_KEY, s.ALLOWED_HOSTS)"],
        cwd=ROOT,
        env=values,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert shown.stdout.split() == ["from-the-file", "['in-the-environment.example']"]


@pytest.mark.parametrize("workers", ["1", "3"])
def test_so_many_workers_as_asked_for(start, workers):
    with start(WEB_CONCURRENCY=workers) as server:
        assert len(server.workers()) == int(workers)
