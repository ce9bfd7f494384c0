"""INSERT, UPDATE and DELETE."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bson import Int64
from django.core.exceptions import EmptyResultSet
from django.db import NotSupportedError
from django.db.models import Field
from django.db.models.sql.constants import MULTI
from django_mongodb_backend import compiler as stock

from attendance.db.mongodb import sequences
from attendance.db.mongodb.errors import translated
from attendance.db.mongodb.planning import MongoQuery
from attendance.db.mongodb.targets import target_filter
from attendance.db.mongodb.together import in_whole_milliseconds

Document = dict[str, Any]


class SQLInsertCompiler(stock.SQLInsertCompiler):
    def execute_sql(self, returning_fields: Sequence[Field[Any, Any]] | None = None) -> list[tuple[Any, ...]]:
        """The objects then have their moments as they are stored: in whole milliseconds."""
        rows = super().execute_sql(returning_fields)
        for obj in self.query.objs:
            in_whole_milliseconds(obj, self.query.fields)
        return rows

    def insert(self, docs: list[Document], returning_fields: Sequence[Any] | None = None) -> list[tuple[Any, ...]]:
        """Stores the documents, each under a key of its own; the values of `returning_fields`."""
        with translated():
            self._give_keys(docs)
            self.connection.writes()
            self.collection.insert_many(docs, session=self.connection.session)
        return [tuple(_plain(doc[field.column]) for field in returning_fields or ()) for doc in docs] if returning_fields else []

    def _give_keys(self, docs: list[Document]) -> None:
        auto = self.query.get_meta().auto_field
        if not sequences.is_drawn(auto):
            return
        column, database = auto.column, self.connection.database
        keyless = [doc for doc in docs if doc.get(column) is None]
        if given := [doc[column] for doc in docs if doc.get(column) is not None]:
            sequences.raise_to(database, self.collection_name, given)
        if keyless:
            drawn = sequences.draw(database, self.collection_name, column, len(keyless))
            for doc, key in zip(keyless, drawn, strict=True):
                doc[column] = Int64(key)


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, Int64) else value


class SQLDeleteCompiler(stock.SQLDeleteCompiler):
    def execute_sql(self, result_type: str = MULTI) -> int:
        """How many documents are gone."""
        self.query.get_initial_alias()  # a delete of everything has named no table yet
        with translated():
            try:
                documents = target_filter(self.query, self.using)
            except EmptyResultSet:
                return 0
            self.connection.writes()
            return int(self.collection.delete_many(documents, session=self.connection.session).deleted_count)


class SQLUpdateCompiler(stock.SQLUpdateCompiler):
    def pre_sql_setup(self, with_col_aliases: bool = False) -> Any:
        """Nothing but the tables of a model's parents needs Django's preparation: the keys are found in build_query."""
        self.query.get_initial_alias()
        return super().pre_sql_setup(with_col_aliases) if self.query.related_updates else None

    def build_query(self, columns: Any = None) -> MongoQuery:
        if self.subqueries:
            raise NotSupportedError("MongoDB's update cannot set a field to what a subquery finds.")
        query = MongoQuery(self)
        query.match_mql = target_filter(self.query, self.using)
        return query

    def execute_sql(self, result_type: str) -> int:
        with translated():
            return super().execute_sql(result_type)

    def update(self, criteria: Document, pipeline: list[Document]) -> int:
        """How many documents match; a plain `$set` wherever no value is computed."""
        values = pipeline[0]["$set"]
        if all(isinstance(value, dict) and value.keys() == {"$literal"} for value in values.values()):
            change: Any = {"$set": {column: value["$literal"] for column, value in values.items()}}
        else:
            change = pipeline
        self.connection.writes()
        return int(self.collection.update_many(criteria, change, session=self.connection.session).matched_count)
