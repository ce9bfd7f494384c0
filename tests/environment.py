"""The environment that the tests run in, set before Django reads its settings."""

import os
import tempfile

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
