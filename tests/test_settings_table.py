"""The README's settings table and the code agree on what can be set."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

from attendance.settings import BASE_DIR, env

NAME = re.compile(r"^\| `([A-Z_]+)` \| [^|]+ \| [^|]+ \|$", re.MULTILINE)


def documented():
    section = (BASE_DIR / "README.md").read_text().partition("\n## Settings\n")[2].partition("\n## ")[0]
    return NAME.findall(section)


def test_every_name_is_explained_once_and_every_explained_name_is_asked_for():
    runpy.run_path(str(BASE_DIR / "gunicorn.conf.py"))
    names = documented()
    assert sorted(names) == sorted(env.asked)


def test_nothing_reads_the_environment_past_the_settings():
    """So that no name escapes the table, and each may come from a file."""
    readers = {"manage.py", "attendance/wsgi.py", "gunicorn.conf.py"}
    apps = ("attendance", "accounts", "groups", "meetings", "attendings")
    sources = [path for app in apps for path in Path(BASE_DIR / app).rglob("*.py") if "tests" not in path.parts]
    found = {str(path.relative_to(BASE_DIR)) for path in sources if re.search(r"os\.(environ|getenv)", path.read_text())}
    assert found <= readers
