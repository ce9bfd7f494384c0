"""Reading the environment: every setting by name, secrets also from files."""

from __future__ import annotations

from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured
from environ.fileaware_mapping import FileAwareMapping


class MountedSecrets(FileAwareMapping):
    def __getitem__(self, key: str) -> str:
        """Without the newline that editors and `echo` put at a file's end."""
        return str(super().__getitem__(key)).rstrip("\r\n")


class Environment(environ.FileAwareEnv):
    """`NAME` or, for a mounted secret, the path of a file in `NAME_FILE`.

    Remembers every name asked for, so that a test can hold the settings table of the README against them,
    and every required name that was missing, so that one message can list them all.
    """

    def __init__(self) -> None:
        super().__init__()
        self.ENVIRON = MountedSecrets()
        self.asked: set[str] = set()
        self.missing: list[str] = []

    def get_value(self, var: str, cast: Any = None, default: Any = environ.Env.NOTSET, parse_default: bool = False) -> Any:
        self.asked.add(var)
        return super().get_value(var, cast=cast, default=default, parse_default=parse_default)

    def secret(self, name: str, *, debug_default: str | None) -> str:
        """A value without which production does not start; `debug_default` stands in under DEBUG alone."""
        value = self.str(name, default="") or (debug_default or "")
        if not value:
            self.missing.append(name)
        return value

    def refuse_if_missing(self) -> None:
        """Raises ImproperlyConfigured naming everything that is missing."""
        if self.missing:
            names = ", ".join(self.missing)
            raise ImproperlyConfigured(
                f"Missing from the environment: {names}. Set each, or NAME_FILE with the path of a file that holds it; "
                "the README's settings table explains them. (DEBUG=true needs none of them, and is for development only.)"
            )
