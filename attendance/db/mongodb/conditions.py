"""Conditions as one would write them by hand."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

Condition = dict[str, Any]

# A comparison never matches what is NULL or missing: MongoDB compares values of one kind alone. `{a: null}` matches both.
OPERATORS: dict[str, Callable[[str, Any], Condition]] = {
    "lt": lambda path, value: {path: {"$lt": value}},
    "lte": lambda path, value: {path: {"$lte": value}},
    "isnull": lambda path, wanted: {path: None if wanted else {"$ne": None}},
}


def flat(condition: Condition) -> Condition:
    """`{"$and": [{"a": 1}, {"b": 2}]}` as `{"a": 1, "b": 2}`; what is asked of a field a second time stays under `$and`."""
    merged: Condition = {}
    repeated: list[Condition] = []
    for part in _conjuncts(condition):
        for name, test in part.items():
            if name not in merged:
                merged[name] = test
            elif not name.startswith("$") and _go_together(one := _as_operators(merged[name]), other := _as_operators(test)):
                merged[name] = one | other
            else:
                repeated.append({name: test})
    return merged | {"$and": repeated} if repeated else merged


def parted(condition: Condition, names: Collection[str]) -> tuple[Condition, Condition]:
    """A flat condition in two that both must hold: what mentions nothing under `names`, and the rest."""
    own = {name: test for name, test in condition.items() if name != "$and" and not mentions({name: test}, names)}
    other = {name: test for name, test in condition.items() if name != "$and" and name not in own}
    for part in condition.get("$and", ()):
        side = other if mentions(part, names) else own
        side["$and"] = [*side.get("$and", ()), part]
    return own, other


def on_one(condition: Condition, name: str) -> Condition:
    """The part of a flat condition that is about what was joined under `name` alone, as its own collection is asked it.

    Empty unless a field equals something, or one of several: an index can find that.
    """
    prefix = f"{name}."
    part = {path.removeprefix(prefix): test for path, test in condition.items() if path.startswith(prefix)}
    exact = any(not isinstance(test, dict) or test.keys() <= {"$eq", "$in"} for test in part.values())
    return part if exact else {}


def mentions(expression: Any, names: Collection[str]) -> bool:
    """Whether a condition or an expression reads a field under one of `names`; in doubt, it does."""
    if isinstance(expression, dict):
        return any(_head(name) in names or mentions(value, names) for name, value in expression.items())
    if isinstance(expression, (list, tuple)):
        return any(mentions(value, names) for value in expression)
    return isinstance(expression, str) and expression.startswith("$") and _head(expression[1:]) in names


def _head(path: str) -> str:
    return path.partition(".")[0]


def _conjuncts(condition: Condition) -> list[Condition]:
    if condition.keys() == {"$and"}:
        return [conjunct for part in condition["$and"] for conjunct in _conjuncts(part)]
    return [_without_nor(condition)]


def _without_nor(condition: Condition) -> Condition:
    """`{"$nor": [{"a": 1}]}` as `{"a": {"$ne": 1}}`, and `$in` alike, so that an index can be used beside it."""
    if condition.keys() != {"$nor"} or len(condition["$nor"]) != 1 or len(condition["$nor"][0]) != 1:
        return condition
    ((name, test),) = condition["$nor"][0].items()
    if name.startswith("$"):
        return condition
    if not isinstance(test, dict):
        return {name: {"$ne": test}}
    return {name: {"$nin": test["$in"]}} if test.keys() == {"$in"} else condition


def _go_together(one: Any, other: Any) -> bool:
    """`{"$gte": 1}` and `{"$lt": 5}` do; two of the same operator do not."""
    if not (_is_operators(one) and _is_operators(other)):
        return False
    return not one.keys() & other.keys() and not (one.keys() | other.keys()) & {"$regex", "$options"}


def _as_operators(test: Any) -> Any:
    """`{"$eq": 1}` for 1; a regular expression or a list stays, since `$eq` would take it for a value."""
    return {"$eq": test} if isinstance(test, (str, bool, int, float, datetime)) or test is None else test


def _is_operators(test: Any) -> bool:
    return isinstance(test, dict) and bool(test) and all(name.startswith("$") for name in test)
