"""`field IN (SELECT …)`.

The stock engine joins what the subquery finds to every document, and then compares. A subquery that does not depend on the row is run
first instead, and what it found is asked for: by an index, and together with the other conditions.
"""

from __future__ import annotations

from typing import Any

from django.db.models.lookups import In
from django.db.models.sql import Query
from django.db.models.sql.constants import MULTI
from django.db.models.sql.where import XOR, WhereNode


def with_found_values(query: Query, using: str) -> Query:
    """The query with the values in place of such subqueries; the same one where it has none."""
    if not any(_is_independent(leaf) for leaf in query.where.leaves()):
        return query
    query = query.clone()
    query.where = _replaced(query.where, using, negated=False)
    return query


def _replaced(node: Any, using: str, *, negated: bool) -> Any:
    if isinstance(node, WhereNode):
        negated ^= node.negated
        children = [_replaced(child, using, negated=negated or node.connector == XOR) for child in node.children]
        return WhereNode(children, node.connector, node.negated)
    return _lookup(node, using, negated=negated) if _is_independent(node) else node


def _lookup(lookup: In, using: str, *, negated: bool) -> Any:
    """SQL does not know whether a value is not in a list that has a NULL: such a row is left out."""
    values = _values(lookup.rhs, using)
    if negated and None in values:
        return WhereNode()  # holds for all, and its negation for none
    return type(lookup)(lookup.lhs, values)


def _values(query: Query, using: str) -> list[Any]:
    compiler: Any = query.get_compiler(using)
    rows = compiler.results_iter(compiler.execute_sql(MULTI) or (), tuple_expected=True)
    return list(dict.fromkeys(row[0] for row in rows))


def _is_independent(leaf: Any) -> bool:
    return isinstance(leaf, In) and isinstance(leaf.rhs, Query) and not leaf.rhs.get_external_cols()
