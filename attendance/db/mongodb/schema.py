from __future__ import annotations

from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

import pymongo
from django.db.models import Field, Index, Model
from django_mongodb_backend.schema import DatabaseSchemaEditor as StockSchemaEditor
from pymongo.operations import IndexModel


class UniqueIndex:
    """A unique index over what cannot be NULL covers every document.

    The stock index leaves NULLs out by a filter on each column's type. MongoDB uses such a partial index only for a query that
    repeats the filter, and no query does: a look-up by key or email would scan the collection (INTPYTHON-855).
    """

    def __init__(self, index: Index) -> None:
        self._index = index

    def __getattr__(self, name: str) -> Any:
        return getattr(self._index, name)

    def get_pymongo_index_model(
        self,
        model: type[Model],
        schema_editor: Any,
        field: Field[Any, Any] | None = None,
        unique: bool = False,
        column_prefix: str = "",
    ) -> IndexModel | None:
        stock = self._index.get_pymongo_index_model(  # type: ignore[attr-defined]  # added by the stock engine
            model, schema_editor=schema_editor, field=field, unique=unique, column_prefix=column_prefix
        )
        if stock is not None and self._index.condition is None:
            _filter_nullable_alone(stock.document, self._fields(model, field), column_prefix)
        return stock

    def _fields(self, model: type[Model], field: Field[Any, Any] | None) -> list[Field[Any, Any]]:
        return [field] if field else [model._meta.get_field(name) for name, _order in self._index.fields_orders]  # type: ignore[misc]


def _filter_nullable_alone(document: dict[str, Any], fields: list[Field[Any, Any]], prefix: str) -> None:
    nullable = {f"{prefix}{field.column}" for field in fields if field.null}
    kept = {column: test for column, test in document.pop("partialFilterExpression", {}).items() if column in nullable}
    if kept:
        document["partialFilterExpression"] = kept


class DatabaseSchemaEditor(StockSchemaEditor):
    def __enter__(self) -> Self:
        """An index on a large collection takes the time it takes."""
        self._unhurried = ExitStack()
        self._unhurried.enter_context(pymongo.timeout(None))
        return super().__enter__()

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._unhurried:
            super().__exit__(exc_type, exc_value, traceback)

    def add_index(self, model: type[Model], index: Index, *, unique: bool = False, **options: Any) -> None:
        super().add_index(model, UniqueIndex(index) if unique else index, unique=unique, **options)
