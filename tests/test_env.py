from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from attendance.env import Environment


@pytest.fixture
def env():
    return Environment()


def test_a_value_comes_from_the_environment(env, monkeypatch):
    monkeypatch.setenv("THREADS", "7")
    assert env.int("THREADS", default=4) == 7


def test_the_default_stands_where_nothing_is_said(env):
    assert env.int("NOBODY_SETS_THIS", default=4) == 4


@pytest.mark.parametrize("text", ["from-a-file", "from-a-file\n", "from-a-file\r\n"])
def test_a_value_comes_from_a_file_without_its_last_newline(env, monkeypatch, tmp_path, text):
    path = tmp_path / "secret"
    path.write_bytes(text.encode())
    monkeypatch.setenv("SOME_SECRET_FILE", str(path))
    assert env.str("SOME_SECRET") == "from-a-file"


def test_a_key_of_several_lines_keeps_them(env, monkeypatch, tmp_path):
    path = tmp_path / "key.pem"
    path.write_text("-----BEGIN-----\nabc\n-----END-----\n")
    monkeypatch.setenv("SOME_KEY_FILE", str(path))
    assert env.str("SOME_KEY") == "-----BEGIN-----\nabc\n-----END-----"


def test_the_file_wins(env, monkeypatch, tmp_path):
    path = tmp_path / "secret"
    path.write_text("mounted")
    monkeypatch.setenv("SOME_SECRET", "plain")
    monkeypatch.setenv("SOME_SECRET_FILE", str(path))
    assert env.str("SOME_SECRET") == "mounted"


def test_a_file_that_is_not_there_is_no_empty_secret(env, monkeypatch, tmp_path):
    monkeypatch.setenv("SOME_SECRET_FILE", str(tmp_path / "nowhere"))
    with pytest.raises(FileNotFoundError, match="nowhere"):
        env.secret("SOME_SECRET", debug_default="stand-in")


def test_every_missing_name_is_in_one_message(env):
    env.secret("FIRST_SECRET", debug_default=None)
    env.secret("SECOND_SECRET", debug_default=None)
    with pytest.raises(ImproperlyConfigured, match="FIRST_SECRET, SECOND_SECRET"):
        env.refuse_if_missing()


def test_an_empty_secret_is_missing(env, monkeypatch):
    monkeypatch.setenv("SOME_SECRET", "")
    env.secret("SOME_SECRET", debug_default=None)
    with pytest.raises(ImproperlyConfigured, match="SOME_SECRET"):
        env.refuse_if_missing()


def test_debug_gets_its_stand_in(env):
    assert env.secret("SOME_SECRET", debug_default="stand-in") == "stand-in"
    env.refuse_if_missing()


def test_every_name_asked_for_is_remembered(env):
    env.str("ONE", default="")
    env.bool("TWO", default=False)
    env.secret("THREE", debug_default="x")
    assert env.asked == {"ONE", "TWO", "THREE"}
