from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from attendance.db.engines import database_settings


def test_credentials_stand_apart_from_the_address():
    config = database_settings("mongodb://ann:p%40ss%2Fw@a.example:27017,b.example:27018/school?replicaSet=rs0&authSource=admin")
    assert config["ENGINE"] == "attendance.db.mongodb"
    assert config["NAME"] == "school"
    assert config["HOST"] == "mongodb://a.example:27017,b.example:27018/school?replicaSet=rs0&authSource=admin"
    assert (config["USER"], config["PASSWORD"]) == ("ann", "p@ss/w")


@pytest.mark.parametrize("url", ["mongodb://localhost", "mongodb://localhost/", "mongodb://localhost?retryWrites=false"])
def test_a_url_without_a_database_means_attendance(url):
    assert database_settings(url)["NAME"] == "attendance"


def test_a_seed_list_record_is_not_resolved_before_it_is_needed():
    assert database_settings("mongodb+srv://cluster.example/school")["HOST"] == "mongodb+srv://cluster.example/school"


def test_every_wait_is_bounded():
    options = database_settings("mongodb://localhost/school")["OPTIONS"]
    for name in ("serverSelectionTimeoutMS", "connectTimeoutMS", "socketTimeoutMS", "timeoutMS"):
        assert 0 < options[name] <= 20_000
    assert options["w"] == "majority"
    assert options["retryWrites"] is True
    assert options["uuidRepresentation"] == "standard"


def test_the_url_has_the_last_word():
    options = database_settings("mongodb://localhost/school?serverselectiontimeoutms=100&W=1")["OPTIONS"]
    assert "serverSelectionTimeoutMS" not in options
    assert "w" not in options
    assert "timeoutMS" in options


@pytest.mark.parametrize(
    "url", ["mongodb://ann:hunter2@", "mongodb:ann:hunter2@host", "mongodb://ann:hunter2@host/a/b", "mongodb://"]
)
def test_a_url_that_is_none_is_refused_and_not_repeated(url):
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL") as refused:
        database_settings(url)
    assert not any(part in str(refused.value) for part in ("hunter2", "ann"))
