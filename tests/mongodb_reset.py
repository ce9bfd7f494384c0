"""Between two tests on MongoDB: every collection as the migrations left it.

A test there cannot run in a transaction that is rolled back, since the code under test has transactions of its own and MongoDB nests
none. Django would empty every collection and fill in content types, permissions and roles anew; to put back only what a test has
changed takes a tenth of the time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pymongo.collection import Collection

Documents = list[dict[str, Any]]


def resetting(connection: Any) -> Callable[..., None]:
    """Takes down the state as it is now. What is returned puts it back."""
    names = connection.introspection.django_table_names(only_existing=True, include_views=False)
    stored = {name: _documents(connection.database[name]) for name in names}

    def reset(*_args: Any) -> None:
        for name, documents in stored.items():
            if _documents(connection.database[name]) != documents:
                _put_back(connection.database[name], documents)

    return reset


def _documents(collection: Collection[Any]) -> Documents:
    return list(collection.find(sort=[("_id", 1)]))


def _put_back(collection: Collection[Any], documents: Documents) -> None:
    collection.delete_many({})
    if documents:
        collection.insert_many(documents)
