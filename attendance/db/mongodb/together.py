"""Many rows of several models, written together.

MongoDB 8 takes them in one command, whatever their number and collections; an older server takes one command for each collection and
kind. Inside a transaction both are stored wholly or not at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from django.db.models import DateTimeField, Model
from pymongo import DeleteOne, InsertOne, UpdateOne

from attendance.db.mongodb.errors import translated
from attendance.timezones import whole_milliseconds

Document = dict[str, Any]
Change = tuple[Model, tuple[str, ...]]
Write = InsertOne[Document] | UpdateOne | DeleteOne
BULK_WRITE_SINCE = 25  # the wire version of MongoDB 8.0


def write_together(connection: Any, new: Sequence[Model], changed: Sequence[Change], gone: Sequence[Model]) -> None:
    """Removes what is gone, stores the new rows, which have their keys, and the named fields of the changed ones, each by its key.

    Raises IntegrityError where a unique index refuses one.
    """
    writes: list[Write] = [DeleteOne(_key(connection, row), namespace=_namespace(connection, row)) for row in gone]
    writes += [_insert(connection, row) for row in new] + [_update(connection, row, names) for row, names in changed]
    if not writes:
        return
    connection.writes()
    with translated():
        if connection.features.has_bulk_write:
            connection.connection.bulk_write(writes, session=connection.session)
            return
        for table, some in groupby(writes, lambda write: str(write._namespace).partition(".")[2]):
            connection.get_collection(table).bulk_write(list(some), session=connection.session)


def in_whole_milliseconds(row: Any, fields: Sequence[Any]) -> None:
    """The row then has its moments as they are stored."""
    for field in fields:
        if isinstance(field, DateTimeField) and (moment := getattr(row, field.attname)) is not None:
            setattr(row, field.attname, whole_milliseconds(moment))


def _insert(connection: Any, row: Model) -> Write:
    fields = row._meta.local_concrete_fields
    document: Document = {str(field.column): _value(connection, field, row, add=True) for field in fields}
    in_whole_milliseconds(row, fields)
    row._state.adding, row._state.db = False, connection.alias
    return InsertOne(document, namespace=_namespace(connection, row))


def _update(connection: Any, row: Model, names: Sequence[str]) -> Write:
    fields: list[Any] = [row._meta.get_field(name) for name in names]
    change = {field.column: _value(connection, field, row, add=False) for field in fields}
    in_whole_milliseconds(row, fields)
    return UpdateOne(_key(connection, row), {"$set": change}, namespace=_namespace(connection, row))


def _key(connection: Any, row: Model) -> Document:
    pk: Any = row._meta.pk
    return {pk.column: pk.get_db_prep_value(row.pk, connection)}


def _value(connection: Any, field: Any, row: Model, *, add: bool) -> Any:
    return field.get_db_prep_save(field.pre_save(row, add), connection=connection)


def _namespace(connection: Any, row: Model) -> str:
    return f"{connection.settings_dict['NAME']}.{row._meta.db_table}"
