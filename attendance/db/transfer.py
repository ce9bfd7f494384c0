"""Moving a site from one database to another, whatever their engines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import IntegrityError, connections, models

from attendance.db.engines import database_settings
from attendance.errors import ConflictError

SOURCE, TARGET = "transfer_source", "transfer_target"
BATCH = 1000


@dataclass(frozen=True)
class Copied:
    """One model's rows: how many there were, and how many are in the target now."""

    label: str
    in_source: int
    in_target: int


def transfer(*, source_url: str, target_url: str) -> Iterator[Copied]:
    """Migrates the target and copies every row, table by table; ids and times stay as they are.

    The service must be stopped. Raises ConflictError, before anything is written, for a target that has people, and at the end if a
    count differs or a row refers to one that is not there. A transfer that was interrupted starts again with an empty target.
    """
    with _connected(source_url, target_url):
        call_command("migrate", database=TARGET, verbosity=0)
        if get_user_model()._base_manager.using(TARGET).exists():
            raise ConflictError("The target has data already; name an empty database.")
        with connections[TARGET].constraint_checks_disabled():
            yield from (_copied(model) for model in _tables())
        _check_references()


def _check_references() -> None:
    """Where the target knows which row refers to which. MongoDB does not, and can hold references to nothing."""
    try:
        connections[TARGET].check_constraints()
    except IntegrityError as error:
        raise ConflictError(str(error)) from error


def _tables() -> list[type[models.Model]]:
    """Every table that Django manages, those of many-to-many relations too."""
    return [model for model in apps.get_models(include_auto_created=True) if model._meta.managed and not model._meta.proxy]


def _copied(model: type[models.Model]) -> Copied:
    # What `migrate` itself put there (content types, permissions, roles) has other ids than the source's.
    model._base_manager.using(TARGET).all()._raw_delete(using=TARGET)
    rows = model._base_manager.using(SOURCE).order_by().iterator(chunk_size=BATCH)
    fields = model._meta.local_concrete_fields
    while batch := list(islice(rows, BATCH)):
        # Raw: a field that sets the time of its creation must not set it again.
        model._base_manager.using(TARGET)._insert(batch, fields=fields, using=TARGET, raw=True)  # type: ignore[attr-defined]
    copied = Copied(model._meta.label, _count(model, SOURCE), _count(model, TARGET))
    if copied.in_source != copied.in_target:
        raise ConflictError(f"{copied.label}: {copied.in_source} rows there, {copied.in_target} here. Was the service running?")
    return copied


def _count(model: type[models.Model], alias: str) -> int:
    return model._base_manager.using(alias).count()


@contextmanager
def _connected(source_url: str, target_url: str) -> Iterator[None]:
    """Both databases under names of their own, for as long as the transfer takes."""
    for alias, url in ((SOURCE, source_url), (TARGET, target_url)):
        entry: dict[str, Any] = {"default": {}, alias: database_settings(url)}
        connections.settings[alias] = connections.configure_settings(entry)[alias]
    try:
        yield
    finally:
        for alias in (SOURCE, TARGET):
            connections[alias].close()
            del connections[alias]
            del connections.settings[alias]
