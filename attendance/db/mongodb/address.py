"""`mongodb://` and `mongodb+srv://` URLs to Django's DATABASES entry."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote

from django.core.exceptions import ImproperlyConfigured

SCHEMES = frozenset({"mongodb", "mongodb+srv"})
DATABASE = "attendance"

# What holds unless the URL says otherwise. Nothing waits for ever: a server must be found within five seconds, and no operation,
# its retries and its wait for a free connection included, takes longer than twenty. A write is acknowledged once a majority has it.
DEFAULTS: dict[str, Any] = {
    "serverSelectionTimeoutMS": 5_000,
    "connectTimeoutMS": 5_000,
    "socketTimeoutMS": 20_000,
    "timeoutMS": 20_000,
    "retryWrites": True,
    "w": "majority",
    "appname": "attendance",
}


def mongodb_settings(url: str) -> dict[str, Any]:
    """The credentials apart, under names that Django's error pages hide. Raises ImproperlyConfigured, repeating nothing of the URL."""
    scheme, _, rest = url.partition("://")
    authority, _, path = rest.partition("/")
    authority, _, query_without_path = authority.partition("?")
    name, _, query = path.partition("?")
    credentials, _, hosts = authority.rpartition("@")
    user, _, password = credentials.partition(":")
    query = query or query_without_path
    if scheme not in SCHEMES or not hosts or "/" in name:
        raise ImproperlyConfigured(
            "DATABASE_URL: a MongoDB URL looks like mongodb://user:password@host:27017/database?replicaSet=rs0; "
            "special characters in user and password are percent-encoded."
        )
    return {
        "ENGINE": "attendance.db.mongodb",
        "NAME": unquote(name) or DATABASE,
        "HOST": f"{scheme}://{hosts}/{name}?{query}".removesuffix("?"),
        "USER": unquote(user),
        "PASSWORD": unquote(password),
        "OPTIONS": _options(query),
        "CONN_MAX_AGE": None,  # the driver keeps a pool of its own
    }


def _options(query: str) -> dict[str, Any]:
    given = {name.lower() for name, _value in parse_qsl(query.replace(";", "&"), keep_blank_values=True)}
    return {name: value for name, value in DEFAULTS.items() if name.lower() not in given} | {"uuidRepresentation": "standard"}
