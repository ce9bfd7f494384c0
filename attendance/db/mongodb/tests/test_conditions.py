from __future__ import annotations

import pytest

from attendance.db.mongodb.conditions import flat


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ({}, {}),
        ({"a": 1}, {"a": 1}),
        ({"$and": [{"a": 1}, {"b": 2}]}, {"a": 1, "b": 2}),
        ({"$and": [{"a": {"$gte": 1}}, {"$and": [{"a": {"$lt": 5}}, {"b": 2}]}]}, {"a": {"$gte": 1, "$lt": 5}, "b": 2}),
        ({"$and": [{"$or": [{"a": 1}]}, {"b": 2}]}, {"$or": [{"a": 1}], "b": 2}),
    ],
)
def test_a_conjunction_is_one_document(written, meant):
    assert flat(written) == meant


@pytest.mark.parametrize(
    "condition",
    [
        {"$and": [{"a": 1}, {"a": 2}]},
        {"$and": [{"a": 1}, {"a": {"$gt": 0}}]},
        {"$and": [{"a": {"$gt": 1}}, {"a": {"$gt": 2}}]},
        {"$and": [{"$or": [{"a": 1}]}, {"$or": [{"b": 1}]}]},
        {"$and": [{"a": {"$regex": "x", "$options": "i"}}, {"a": {"$ne": None}}]},
        {"$nor": [{"a": 1}]},
    ],
)
def test_nothing_is_lost_where_a_field_comes_twice(condition):
    assert flat(condition) == condition
