"""Conditions as one would write them by hand."""

from __future__ import annotations

from typing import Any

Condition = dict[str, Any]


def flat(condition: Condition) -> Condition:
    """`{"$and": [{"a": 1}, {"b": 2}]}` as `{"a": 1, "b": 2}`; as it is where the same thing is asked of a field twice."""
    if condition.keys() != {"$and"}:
        return condition
    parts = [flat(part) for part in condition["$and"]]
    merged: Condition = {}
    for part in parts:
        for name, test in part.items():
            if name not in merged:
                merged[name] = test
            elif _go_together(merged[name], test):
                merged[name] = merged[name] | test
            else:
                return {"$and": parts}
    return merged


def _go_together(one: Any, other: Any) -> bool:
    """`{"$gte": 1}` and `{"$lt": 5}` do; two of the same operator, or a plain value, do not."""
    if not (_is_operators(one) and _is_operators(other)):
        return False
    return not one.keys() & other.keys() and not (one.keys() | other.keys()) & {"$regex", "$options"}


def _is_operators(test: Any) -> bool:
    return isinstance(test, dict) and bool(test) and all(name.startswith("$") for name in test)
