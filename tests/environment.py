"""The environment that the tests run in, set before Django reads its settings."""

import os
import tempfile

from tests import mongodb_server

STATE_DIR = tempfile.mkdtemp(prefix="attendance-tests-")

os.environ.update(
    ENV_FILE=os.devnull,
    TESTING="true",
    DEBUG="false",
    HTTPS="false",
    SECRET_KEY="for-tests-only-for-tests-only-for-tests-only-for-tests-only",
    ALLOWED_HOSTS="testserver,localhost,127.0.0.1",
    REGISTRATION_OPEN="true",
    STATE_DIR=STATE_DIR,
    THROTTLE_LOGIN="",
    THROTTLE_REGISTER="",
    THROTTLE_REFRESH="",
    THROTTLE_USER="",
    LOG_LEVEL="WARNING",
)
for name in ("DATABASE_URL", "REDIS_URL", "TIME_ZONE", "LANGUAGE_CODE"):
    os.environ.pop(name, None)

# On SQLite, unless asked for another: a URL, or the word `mongodb` for a server of the session's own.
if url := os.environ.get("TEST_DATABASE_URL", ""):
    os.environ["DATABASE_URL"] = mongodb_server.url_of(mongodb_server.started()) if url == mongodb_server.WORD else url
