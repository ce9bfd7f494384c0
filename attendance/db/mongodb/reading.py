"""What the compilers of reads share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models.sql.constants import MULTI
from django_mongodb_backend import compiler as stock
from django_mongodb_backend.query import MongoQuery as StockQuery
from pymongo.command_cursor import CommandCursor

from attendance.db.mongodb.conditions import flat
from attendance.db.mongodb.errors import translated
from attendance.db.mongodb.prefetching import annotate_owners

BATCH = 1000  # documents an answer; MongoDB's own first one has 101, and would take a class of 300 twice


class MongoQuery(StockQuery):
    def get_pipeline(self) -> list[dict[str, Any]]:
        self.match_mql: dict[str, Any] = flat(self.match_mql)
        return super().get_pipeline()

    def get_cursor(self) -> CommandCursor[dict[str, Any]]:
        """Without the stock translation of errors, which knows two kinds alone."""
        collection, session = self.compiler.collection, self.compiler.connection.session
        return collection.aggregate(self.get_pipeline(), session=session, batchSize=BATCH)


class SQLCompiler(stock.SQLCompiler):
    """A compiler whose errors are Django's, from the first document to the last."""

    query_class = MongoQuery

    def pre_sql_setup(self, with_col_aliases: bool = False) -> Any:
        annotate_owners(self.query)
        return super().pre_sql_setup(with_col_aliases=with_col_aliases)

    def execute_sql(self, result_type: str = MULTI, **options: Any) -> Any:
        with translated():
            return super().execute_sql(result_type, **options)

    def cursor_iter(self, *args: Any) -> Iterator[list[Any]]:
        with translated():
            yield from super().cursor_iter(*args)


class SQLAggregateCompiler(SQLCompiler, stock.SQLAggregateCompiler):
    pass
