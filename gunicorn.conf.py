"""How gunicorn serves Attendance. Every number comes from the environment; the README's settings table explains each name."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

# The `gunicorn` command, unlike `python -m gunicorn`, does not look for modules beside this file.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from django.core.exceptions import ImproperlyConfigured

from attendance.observability.logging import configure, logging_settings

try:
    from attendance import settings
except ImproperlyConfigured as error:
    # Once, here; not as a traceback from each worker.
    configure(logging_settings(level="INFO"))
    logging.getLogger("attendance").critical("%s", error)
    sys.exit(1)

env = settings.env

wsgi_app = "attendance.wsgi"
bind = f"{env.str('BIND_ADDRESS', default='0.0.0.0')}:{settings.PORT}"  # noqa: S104 - containers are reached from outside
workers = env.int("WEB_CONCURRENCY", default=2)
worker_class = "gthread"
threads = env.int("THREADS", default=4)

# A worker whose main loop is silent for so long is replaced. A slow request alone, in its thread, does not silence it.
timeout = env.int("TIMEOUT", default=60)
# How long running requests may take after SIGTERM; an orchestrator should wait a little longer before it kills.
graceful_timeout = env.int("GRACEFUL_TIMEOUT", default=25)
# Longer than the 60 seconds for which proxies keep an idle connection: the side that sends should be the one that closes.
keepalive = 65

# The heartbeat file must never wait for a disk.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
# Nobody steers a running server from outside: signals are enough.
control_socket_disable = True
# Whom to believe about the scheme and the address is decided once, in the settings (TRUSTED_PROXIES).
forwarded_allow_ips = ""

logconfig_dict = settings.LOGGING
loglevel = settings.LOGGING["root"]["level"].lower()
logging.captureWarnings(True)


# Where the workers keep their counts, so that whichever answers a scrape tells of all of them.
METRICS_DIR = env.str("PROMETHEUS_MULTIPROC_DIR", default="")


def on_starting(server: Any) -> None:
    """Counting starts from nothing."""
    if METRICS_DIR:
        Path(METRICS_DIR).mkdir(mode=0o700, parents=True, exist_ok=True)
        for counts in Path(METRICS_DIR).glob("*.db"):
            counts.unlink()
    else:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="attendance-metrics-")


def on_exit(server: Any) -> None:
    if not METRICS_DIR:
        shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)


def child_exit(server: Any, worker: Any) -> None:
    from prometheus_client import multiprocess  # it looks for the directory when it is imported

    multiprocess.mark_process_dead(worker.pid)
