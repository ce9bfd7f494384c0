"""NOT, as SQL has it: what is not known to be false is not true either.

MongoDB's conditions are true or false, SQL's may be unknown, where a value is NULL. Under a single NOT Django asks for the value to be
there; under nested ones it relies on the database. Here NOT goes down to the comparisons, and each that it reaches asks for its
values to be there.
"""

from __future__ import annotations

from typing import Any

from django.db.models.expressions import Col
from django.db.models.lookups import In, IsNull, Lookup
from django.db.models.sql import Query
from django.db.models.sql.constants import LOUTER
from django.db.models.sql.where import AND, OR, XOR, WhereNode


def with_known_negations(query: Query) -> Query:
    """The query with NOT at its comparisons alone; the same one where it has none."""
    if not _has_negation(query.where):
        return query
    query = query.clone()
    query.where = _pushed(query.where, query, negated=False)
    return query


def _has_negation(node: Any) -> bool:
    return isinstance(node, WhereNode) and (node.negated or any(_has_negation(child) for child in node.children))


def _pushed(node: Any, query: Query, *, negated: bool) -> Any:
    if not isinstance(node, WhereNode):
        return _negated(node, query) if negated else node
    if node.connector == XOR:
        return WhereNode([node], AND, negated=True) if negated else node
    negated ^= node.negated
    connector = {AND: OR, OR: AND}[node.connector] if negated else node.connector
    if not node.children:  # it holds for all
        return WhereNode([WhereNode()], AND, negated=negated)
    return WhereNode([_pushed(child, query, negated=negated) for child in node.children], connector)


def _negated(leaf: Any, query: Query) -> WhereNode:
    known: list[Any] = [IsNull(value, False) for value in _compared(leaf) if _may_be_null(value, query)]
    return WhereNode([WhereNode([leaf], AND, negated=True), *known], AND)


def _compared(leaf: Any) -> list[Any]:
    """The expressions that a comparison is about. Whether something is NULL is never unknown, nor what is in an empty list."""
    if not isinstance(leaf, Lookup) or isinstance(leaf, IsNull) or _is_of_nothing(leaf):
        return []
    return [side for side in (leaf.lhs, leaf.rhs) if hasattr(side, "as_mql") and not isinstance(side, Query)]


def _is_of_nothing(leaf: Lookup[Any]) -> bool:
    return isinstance(leaf, In) and leaf.rhs_is_direct_value() and all(value is None for value in leaf.rhs)


def _may_be_null(value: Any, query: Query) -> bool:
    if not isinstance(value, Col):
        return bool(value.contains_column_references)
    joined = query.alias_map.get(value.alias)
    return bool(value.target.null) or (joined is not None and joined.join_type == LOUTER)
