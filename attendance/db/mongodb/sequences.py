"""Integer keys for models that want them: contrib's and other libraries'. Ours have UUIDs.

One document a collection in `__sequences__`. A key is drawn outside the caller's transaction, as SQL databases draw theirs: two
transactions never wait for each other there, and what is drawn and not used is lost. The draw is acknowledged by a majority, so that
no change of the primary hands a key out a second time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Field
from pymongo import DESCENDING, ReturnDocument, WriteConcern
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

COLLECTION = "__sequences__"
AUTO_FIELDS = frozenset({"AutoField", "BigAutoField", "SmallAutoField"})

Document = dict[str, Any]


def is_drawn(field: Field[Any, Any] | None) -> bool:
    """Whether the keys of this field come from here."""
    return field is not None and field.get_internal_type() in AUTO_FIELDS


def draw(database: Database[Document], name: str, column: str, count: int) -> range:
    """The next `count` keys of the collection `name`. They follow each other and nobody else gets them."""
    last = _advance(database, name, count)
    if last is None:
        _begin(database, name, column)
        last = _advance(database, name, count)
    assert last is not None  # noqa: S101 - _begin has stored the sequence
    return range(last - count + 1, last + 1)


def raise_to(database: Database[Document], name: str, keys: Sequence[int]) -> None:
    """After keys that were given and not drawn: what is drawn from now on is higher."""
    _at_least(database, name, max(keys))


def _sequences(database: Database[Document]) -> Collection[Document]:
    return database.get_collection(COLLECTION, write_concern=WriteConcern("majority"))


def _advance(database: Database[Document], name: str, count: int) -> int | None:
    """The last of `count` more keys; None where there is no sequence yet."""
    sequence = _sequences(database).find_one_and_update(
        {"_id": name}, {"$inc": {"last": count}}, return_document=ReturnDocument.AFTER
    )
    return None if sequence is None else int(sequence["last"])


def _begin(database: Database[Document], name: str, column: str) -> None:
    """Behind the highest key there is: documents can have come from a back-up without their sequence."""
    highest = database[name].find_one({}, {column: 1}, sort=[(column, DESCENDING)])
    _at_least(database, name, int((highest or {}).get(column) or 0))


def _at_least(database: Database[Document], name: str, key: int) -> None:
    try:
        _sequences(database).update_one({"_id": name}, {"$max": {"last": key}}, upsert=True)
    except DuplicateKeyError:  # somebody else has just begun it
        _sequences(database).update_one({"_id": name}, {"$max": {"last": key}})
