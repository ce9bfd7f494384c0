from __future__ import annotations

import pytest

from attendance.db.mongodb.conditions import flat, parted


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ({}, {}),
        ({"a": 1}, {"a": 1}),
        ({"$and": [{"a": 1}, {"b": 2}]}, {"a": 1, "b": 2}),
        ({"$and": [{"a": {"$gte": 1}}, {"$and": [{"a": {"$lt": 5}}, {"b": 2}]}]}, {"a": {"$gte": 1, "$lt": 5}, "b": 2}),
        ({"$and": [{"$or": [{"a": 1}]}, {"b": 2}]}, {"$or": [{"a": 1}], "b": 2}),
        ({"$and": [{"$nor": [{"a": 1}]}, {"b": 2}]}, {"a": {"$ne": 1}, "b": 2}),
        ({"$nor": [{"a": {"$in": [1, 2]}}]}, {"a": {"$nin": [1, 2]}}),
        ({"$and": [{"a": 1}, {"a": 2}]}, {"a": 1, "$and": [{"a": 2}]}),
        ({"$and": [{"a": {"$gt": 1}}, {"a": {"$gt": 2}}]}, {"a": {"$gt": 1}, "$and": [{"a": {"$gt": 2}}]}),
        (
            {"$and": [{"$expr": {"$gt": ["$a", 1]}}, {"$expr": {"$lt": ["$a", 2]}}]},
            {"$expr": {"$gt": ["$a", 1]}, "$and": [{"$expr": {"$lt": ["$a", 2]}}]},
        ),
        ({"$and": [{"$or": [{"a": 1}]}, {"$or": [{"b": 1}]}]}, {"$or": [{"a": 1}], "$and": [{"$or": [{"b": 1}]}]}),
        (
            {"$and": [{"a": {"$regex": "x", "$options": "i"}}, {"a": {"$ne": None}}]},
            {"a": {"$regex": "x", "$options": "i"}, "$and": [{"a": {"$ne": None}}]},
        ),
    ],
)
def test_a_conjunction_is_one_document(written, meant):
    assert flat(written) == meant


@pytest.mark.parametrize(
    "condition", [{"$nor": [{"a": {"$gt": 1}}]}, {"$nor": [{"a": 1}, {"b": 1}]}, {"$nor": [{"$or": [{"a": 1}]}]}]
)
def test_a_negation_stays_where_it_has_no_shorter_form(condition):
    assert flat(condition) == condition


def test_conditions_are_parted_by_what_they_mention():
    condition = {
        "a": 1,
        "user.name": "x",
        "$expr": {"$eq": ["$user.id", "$b"]},
        "$and": [{"$or": [{"user.name": 1}, {"a": 2}]}, {"$or": [{"b": 1}]}],
    }
    own, joined = parted(condition, {"user"})
    assert own == {"a": 1, "$and": [{"$or": [{"b": 1}]}]}
    assert joined == {
        "user.name": "x",
        "$expr": {"$eq": ["$user.id", "$b"]},
        "$and": [{"$or": [{"user.name": 1}, {"a": 2}]}],
    }
