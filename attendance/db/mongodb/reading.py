"""The compilers of reads. What they send is decided in planning.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bson import json_util
from django.core.exceptions import FullResultSet
from django.db.models import Count
from django.db.models.sql import Query
from django.db.models.sql.constants import MULTI
from django.utils.functional import cached_property
from django_mongodb_backend import compiler as stock

from attendance.db.mongodb.errors import translated
from attendance.db.mongodb.joins import with_filtered_relation
from attendance.db.mongodb.negation import with_known_negations
from attendance.db.mongodb.planning import Document, MongoQuery
from attendance.db.mongodb.prefetching import annotate_owners
from attendance.db.mongodb.subqueries import with_found_values


class SQLCompiler(stock.SQLCompiler):
    """A compiler whose errors are Django's, from the first document to the last."""

    query_class = MongoQuery
    query: Query

    def pre_sql_setup(self, with_col_aliases: bool = False) -> Any:
        annotate_owners(self.query)
        self.query = with_known_negations(with_found_values(self.query, self.connection.alias))
        return super().pre_sql_setup(with_col_aliases=with_col_aliases)

    @cached_property
    def collection(self) -> Any:
        """By its name, where the stock compiler takes its alias in the query, which a subquery has renamed."""
        return self.connection.get_collection(self.base_table.table_name if self.base_table else self.collection_name)

    @property
    def counts_rows_as(self) -> str | None:
        """The name under which a `SELECT COUNT(*)` answers, if this is one."""
        query = self.query
        if query.group_by is not None or query.distinct or query.combinator or query.is_sliced or query.extra:
            return None
        annotations = query.annotation_select
        if len(annotations) != 1 or query.default_cols or query.select or getattr(self, "having", None):
            return None
        ((name, count),) = annotations.items()
        is_plain = count == Count("*")
        return str(name) if is_plain else None

    def get_lookup_pipeline(self) -> list[Document]:
        """As the stock method does, and with the conditions of filtered relations."""
        pushed = self._get_pushable_conditions()
        stages: list[Document] = []
        aliases: dict[str, Any] = dict(self.query.alias_map)
        for alias, join in aliases.items():
            if self.query.alias_refcount[alias] and alias != self.collection_name:
                stages += with_filtered_relation(self._joined(join, pushed.get(alias)), join, self)
        return stages

    def _joined(self, join: Any, condition: Any) -> list[Document]:
        """The stock stages; a condition that holds for all, they cannot take."""
        try:
            return list(join.as_mql(self, self.connection, condition))
        except FullResultSet:
            return list(join.as_mql(self, self.connection, None))

    def explain_query(self) -> list[str]:
        """What the server says of the command that would be sent, as JSON."""
        explain: Any = self.query.explain_info
        options = self.connection.ops.explain_query_prefix(explain.format, **explain.options)
        self.pre_sql_setup()
        with_columns = self.query.annotations or not self.query.default_cols or self.query.distinct
        query = self.build_query(self.columns if with_columns else None)
        with translated():
            answer = self.connection.database.command("explain", query.explained(), **(options or {}))
        return [json_util.dumps(answer, indent=4, ensure_ascii=False)]

    def execute_sql(self, result_type: str = MULTI, **options: Any) -> Any:
        with translated():
            return super().execute_sql(result_type, **options)

    def cursor_iter(self, *args: Any) -> Iterator[list[Any]]:
        with translated():
            yield from super().cursor_iter(*args)


class SQLAggregateCompiler(SQLCompiler, stock.SQLAggregateCompiler):
    counts_rows_as = None
