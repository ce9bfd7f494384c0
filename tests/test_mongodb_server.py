"""The test server reads projections as MongoDB does. Unmended it does not: when that test fails, the mend can go."""

from __future__ import annotations

import pytest
from pymongo import MongoClient

from tests import mongodb_server

STORED = {"_id": 1, "p": {"n": 41, "m": 42}}
CASES = {
    "path": ([{"$project": {"p": {"n": 1}}}], {"_id": 1, "p": {"n": 41}}),
    "expression": ([{"$project": {"p": {"x": "$p.m"}}}], {"_id": 1, "p": {"x": 42}}),
    "added": ([{"$addFields": {"p": {"n": 7}}}], {"_id": 1, "p": {"n": 7, "m": 42}}),
    "set": ([{"$set": {"p": {"o": 7}}}], {"_id": 1, "p": {"n": 41, "m": 42, "o": 7}}),
}


def answers(*options):
    process = mongodb_server.started(*options)
    try:
        with MongoClient(mongodb_server.url_of(process)) as client:
            collection = client.get_default_database()["things"]
            collection.insert_one(STORED)
            return {name: next(collection.aggregate(pipeline)) for name, (pipeline, _answer) in CASES.items()}
    finally:
        mongodb_server.stop(process)


@pytest.fixture(scope="module")
def mended():
    return answers()


@pytest.mark.parametrize("name", CASES)
def test_a_nested_projection_is_a_path(mended, name):
    assert mended[name] == CASES[name][1]


def test_unmended_it_is_a_literal():
    assert answers("--unmended")["path"] == {"_id": 1, "p": {"n": 1}}


def test_it_ends_with_the_process_that_started_it():
    process = mongodb_server.started()
    mongodb_server.url_of(process)
    mongodb_server.stop(process)
    assert process.returncode == 0
