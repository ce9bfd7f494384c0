"""Which documents of one collection a query is about, however many collections its conditions span.

MongoDB's delete and update, unlike its aggregation, look at one collection alone: where a condition joins another or has a subquery,
the keys are read first.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db.models.sql import Query
from django.db.models.sql.constants import MULTI

from attendance.db.mongodb.conditions import flat


def target_filter(query: Query, using: str) -> dict[str, Any]:
    """A filter for the query's own collection. Raises EmptyResultSet where nothing can match."""
    keys = _key_query(query)
    compiler: Any = keys.get_compiler(using)
    compiler.pre_sql_setup()
    compiled = compiler.build_query()
    if not (compiled.lookup_pipeline or compiled.subqueries or compiled.aggregation_pipeline or keys.is_sliced):
        return flat(dict(compiled.match_mql))
    found = _keys(_key_query(query), using)
    if not found:
        raise EmptyResultSet
    return {_key_field(query).column: {"$in": found}}


def _key_query(query: Query) -> Query:
    keys = query.chain(klass=Query)
    keys.get_initial_alias()
    keys.select_related = False
    keys.clear_select_clause()
    if not keys.is_sliced:
        keys.clear_ordering(force=True)
    keys.add_fields([_key_field(keys).name])
    return keys


def _keys(keys: Query, using: str) -> list[Any]:
    """As they are stored, each once."""
    chunks = keys.get_compiler(using).execute_sql(MULTI) or ()
    return list(dict.fromkeys(row[0] for chunk in chunks for row in chunk))


def _key_field(query: Query) -> Any:
    return query.get_meta().pk
