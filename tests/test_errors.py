"""The contract's error section, case by case: problem details always, never an HTML page, never a 500."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.test import Client
from django.utils import timezone

from attendings.models import Attending
from conftest import PASSWORD, client_for

pytestmark = pytest.mark.django_db

NOBODYS_ID = "0190a1b2-0000-7000-8000-000000000000"  # said, not drawn: parallel workers must name their tests alike

START, END = "2026-09-01T09:00:00Z", "2026-09-01T10:00:00Z"


def assert_problem(answer: Any, status: int, code: str | None = None) -> dict[str, Any]:
    """The members of RFC 9457, and the request id that header and body share."""
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    body = json.loads(answer.content)
    assert body["status"] == status
    assert {"type", "title", "detail"} <= set(body)
    assert body["request_id"] == answer["X-Request-ID"]
    if code:
        assert body["type"] == f"urn:attendance:problem:{code}"
    return body


def test_malformed_json(admin):
    answer = client_for(admin).post("/groups", "{not json", content_type="application/json")
    assert_problem(answer, 400, "parse_error")


def test_deeply_nested_json(admin):
    answer = client_for(admin).post("/groups", "[" * 100_000 + "]" * 100_000, content_type="application/json")
    assert answer.status_code in {400, 413}
    assert_problem(answer, answer.status_code)


@pytest.mark.parametrize("body", ["[]", '"text"', "5", "null", "true"])
@pytest.mark.parametrize(("method", "path"), [("post", "/groups"), ("post", "/meetings"), ("patch", "/me"), ("post", "/login")])
def test_a_body_of_the_wrong_kind(admin, method, path, body):
    assert_problem(getattr(client_for(admin), method)(path, body, content_type="application/json"), 400)


@pytest.mark.parametrize("body", ["[]", '"text"', "5", "null", '{"marks": {}}', '{"marks": [5]}', '{"marks": null}', "{}"])
def test_a_roster_of_the_wrong_kind(admin, meeting, body):
    assert_problem(client_for(admin).put(f"/meeting/{meeting.pk}/roster", body, content_type="application/json"), 400)


def test_unknown_field_types_name_their_fields(admin):
    body = assert_problem(client_for(admin).post("/meetings", {"group": 5, "title": [], "starts_at": {}}, format="json"), 400)
    assert {error["pointer"] for error in body["errors"]} == {"/group", "/title", "/starts_at", "/ends_at"}
    assert all(error["code"] and error["detail"] for error in body["errors"])


def test_errors_in_a_list_point_at_the_row(admin, meeting, student):
    marks = [{"user": str(student.pk), "status": "present"}, {"user": str(student.pk), "status": "asleep"}]
    answer = client_for(admin).put(f"/meeting/{meeting.pk}/roster", {"marks": marks}, format="json")
    assert [error["pointer"] for error in assert_problem(answer, 400)["errors"]] == ["/marks/1/status"]
    assert not Attending.objects.exists()


@pytest.mark.parametrize(
    "path", ["/user/{}", "/group/{}", "/meeting/{}", "/attending/{}", "/user/{}/report", "/meeting/{}/roster"]
)
@pytest.mark.parametrize("key", ["5", "no-uuid", "%00", "д", "00000000-0000-0000-0000-00000000000g"])
def test_an_id_that_is_no_uuid(admin, path, key):
    assert_problem(client_for(admin).get(path.format(key)), 404)


@pytest.mark.parametrize("path", ["/nothing", "/users/", "/hc/", "/user", "/group/x/y/z"])
def test_no_such_path(db, path):
    assert_problem(Client().get(path), 404, "not_found")


def test_a_body_over_the_limit(admin):
    answer = client_for(admin).post("/groups", {"name": "x" * (settings.MAX_BODY_BYTES + 1)}, format="json")
    assert_problem(answer, 413, "payload_too_large")


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/xml", "multipart/form-data; boundary=b", "application/x-www-form-urlencoded"]
)
def test_an_unsupported_media_type(admin, content_type):
    assert_problem(client_for(admin).post("/groups", "name=x", content_type=content_type), 415, "unsupported_media_type")


def test_only_json_is_served(admin):
    assert_problem(client_for(admin).get("/groups", HTTP_ACCEPT="application/xml"), 406)


@pytest.mark.parametrize(
    ("method", "path"),
    [("delete", "/users"), ("put", "/me"), ("get", "/login"), ("post", "/hc"), ("post", "/livez"), ("put", "/readyz"),
     ("delete", "/metrics"), ("post", "/schema"), ("options", "/users"), ("options", "/docs"), ("options", "/login")],
)  # fmt: skip
def test_a_method_that_is_not_there(admin, method, path):
    assert_problem(getattr(client_for(admin), method)(path), 405, "method_not_allowed")


@pytest.mark.parametrize("header", ["Bearer nonsense", "Bearer a.b.c", "Bearer", "Basic YTpi", "Bearer a b"])
def test_bad_tokens(db, header):
    answer = Client().get("/me", headers={"authorization": header})
    assert_problem(answer, 401)
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_an_expired_token(student):
    client = client_for(student)
    with time_machine.travel(timezone.now() + settings.SIMPLE_JWT["ACCESS_TOKEN_LIFETIME"] + timedelta(seconds=1)):
        assert_problem(client.get("/me"), 401, "token_not_valid")


def test_a_refresh_token_is_no_access_token(student):
    from accounts.tokens import issue_tokens

    answer = Client().get("/me", headers={"authorization": f"Bearer {issue_tokens(student).refresh}"})
    assert_problem(answer, 401)


def test_a_deactivated_person_is_refused_at_once(student):
    client = client_for(student)
    student.is_active = False
    student.save(update_fields=["is_active"])
    assert_problem(client.get("/me"), 401)


def test_a_wrong_host_is_refused(db):
    assert_problem(Client().get("/livez", headers={"host": "evil.example"}), 400)


@pytest.mark.parametrize(
    "path",
    [
        "/users?rol=admin", "/users?role=king", "/users?is_active=perhaps", "/users?group=7A", "/users?ordering=password",
        "/users?page_size=0", "/users?page_size=501", "/users?page_size=x", "/groups?cursor=x", "/meetings?cursor=x",
        "/meetings?cursor=cD1ub3QrYStkYXRl", "/meetings?page=1", "/meetings?state=gone", "/meetings?starts_after=yesterday",
        "/meetings?starts_after=0001-01-01T00:00:00%2B14:00", "/meetings?starts_before=9999-12-31T23:59:59-14:00",
        "/meetings?teacher=x", "/attendings?from=2026-31-12", "/attendings?from=2026-02-01&to=2026-01-01", "/attendings?status=x",
        "/attendings?ordering=note", "/me?x=1", "/attendings?from=0000-01-01", "/users?search=%00",
    ],
)  # fmt: skip
def test_query_parameters_that_mean_nothing(admin, path):
    body = assert_problem(client_for(admin).get(path), 400)
    names = {part.split("=")[0] for part in path.partition("?")[2].split("&")}
    assert {error["parameter"] for error in body["errors"]} <= names


def test_page_past_the_end(admin):
    assert_problem(client_for(admin).get("/users?page=99999999999999999999"), 404)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("starts_at", "2026-09-01T09:00:00"), ("starts_at", "0001-01-01T00:00:00+14:00"), ("starts_at", "9999-12-31T23:59:59-14:00"),
        ("starts_at", "2026-09-01"), ("starts_at", 5), ("ends_at", "2026-09-01T08:00:00Z"), ("title", ""), ("title", "x" * 201),
        ("title", "\x00"), ("teacher", NOBODYS_ID), ("teacher", 5), ("group", NOBODYS_ID), ("state", "closed"),
        ("note", "x" * 2001), ("location", None),
    ],
)  # fmt: skip
def test_values_that_a_meeting_cannot_have(admin, group, field, value):
    values = {"group": str(group.pk), "title": "t", "starts_at": START, "ends_at": END, field: value}
    answer = client_for(admin).post("/meetings", json.dumps(values), content_type="application/json")
    assert [error["pointer"] for error in assert_problem(answer, 400)["errors"]] == [f"/{field}"]


@pytest.mark.parametrize(
    ("field", "value"),
    [("email", "VERA@School.Example"), ("email", "no email"), ("password", "123"), ("timezone", "Mars/Base"), ("language", "tlh"),
     ("role", "king"), ("role", None), ("first_name", ""), ("last_name", "x" * 151)],
)  # fmt: skip
def test_values_that_a_person_cannot_have(admin, student, field, value):
    values = {"email": "n@school.example", "first_name": "N", "last_name": "N", field: value}
    answer = client_for(admin).post("/users", values, format="json")
    assert [error["pointer"] for error in assert_problem(answer, 400)["errors"]] == [f"/{field}"]


@pytest.mark.parametrize("rate", ["login", "register", "refresh", "user"])
def test_too_many_requests(student, rate, monkeypatch):
    from rest_framework.settings import api_settings

    monkeypatch.setitem(api_settings.DEFAULT_THROTTLE_RATES, rate, "2/min")
    path = {"login": "/login", "register": "/register", "refresh": "/token/refresh", "user": "/me"}[rate]
    client = client_for(student)
    answers = [
        client.patch(path, {}, format="json") if rate == "user" else client.post(path, {}, format="json") for _ in range(3)
    ]
    assert [answer.status_code == 429 for answer in answers] == [False, False, True]
    assert_problem(answers[2], 429, "throttled")
    assert 0 < int(answers[2]["Retry-After"]) <= 60


def test_a_class_behind_one_address_logs_in_together(db, monkeypatch):
    from rest_framework.settings import api_settings

    monkeypatch.setitem(api_settings.DEFAULT_THROTTLE_RATES, "login", "2/min")
    statuses = [
        client_for(None).post("/login", {"email": f"s{i}@school.example", "password": "p"}, format="json").status_code
        for i in range(41)
    ]
    assert statuses == [401] * 40 + [429]


def test_guessing_at_one_account_is_locked_out(student):
    guesses = [{"email": email, "password": "wrong"} for email in ["vera@school.example", " VERA@school.example"] * 5]
    answers = [client_for(None).post("/login", guess, format="json") for guess in guesses]
    assert [answer.status_code for answer in answers] == [401] * 9 + [429]
    assert_problem(answers[-1], 429, "locked_out")
    assert answers[-1]["Retry-After"] == "900"
    right = client_for(None).post("/login", {"email": "vera@school.example", "password": PASSWORD}, format="json")
    assert right.status_code == 429
    elsewhere = {"email": "vera@school.example", "password": PASSWORD}
    assert client_for(None).post("/login", elsewhere, format="json", REMOTE_ADDR="192.0.2.7").status_code == 200


def test_a_given_request_id_is_kept_and_a_bad_one_replaced(db):
    assert Client().get("/livez", headers={"x-request-id": "abcdef-0123"})["X-Request-ID"] == "abcdef-0123"
    assert Client().get("/livez", headers={"x-request-id": "<script>"})["X-Request-ID"] != "<script>"


def test_what_breaks_inside_is_a_problem_too(admin, monkeypatch):
    from accounts.api.views import UserViewSet

    monkeypatch.setattr(UserViewSet, "visible", lambda self: 1 / 0)
    client = client_for(admin)
    client.raise_request_exception = False
    body = assert_problem(client.get("/users"), 500, "error")
    assert "division" not in body["detail"]


def test_a_database_that_is_away_answers_503(admin, monkeypatch):
    from django.db import OperationalError

    from accounts.api.views import UserViewSet

    def away(self):
        raise OperationalError("secret host name")

    monkeypatch.setattr(UserViewSet, "visible", away)
    client = client_for(admin)
    client.raise_request_exception = False
    answer = client.get("/users")
    assert_problem(answer, 503, "database_unavailable")
    assert "secret" not in answer.content.decode()
    assert answer["Retry-After"]


def test_a_database_that_does_not_say_whether_it_has_stored_something(admin, monkeypatch):
    from accounts.api.views import UserViewSet
    from attendance.db.transactions import UncertainCommitError

    def silent(self):
        raise UncertainCommitError("NetworkTimeout")

    monkeypatch.setattr(UserViewSet, "visible", silent)
    client = client_for(admin)
    client.raise_request_exception = False
    answer = client.get("/users")
    assert "Nothing was changed" not in assert_problem(answer, 503, "outcome_unknown")["detail"]
    assert answer["Retry-After"]


def test_a_form_posted_from_elsewhere_is_a_problem_too(db):
    assert_problem(Client(enforce_csrf_checks=True).post("/"), 403, "permission_denied")


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
def test_probes_answer_whatever_media_type_is_asked_for(db, path):
    assert Client().get(path, headers={"accept": "application/openmetrics-text"}).status_code == 200


@pytest.mark.parametrize("body", ['{"email": "\\ud800", "password": "x"}', '{"\\ud800": 1}', '{"email": [1e400]}'])
@pytest.mark.parametrize("path", ["/login", "/register", "/token/refresh"])
def test_text_that_is_none_and_numbers_that_are_none(db, path, body):
    assert_problem(Client().post(path, body, content_type="application/json"), 400, "parse_error")


def test_a_long_list_of_nonsense_is_refused_by_its_length(admin, meeting):
    answer = client_for(admin).put(f"/meeting/{meeting.pk}/roster", {"marks": [0] * 5000}, format="json")
    assert len(assert_problem(answer, 400)["errors"]) == 1


def test_a_form_over_the_limit_is_refused_unread(db):
    answer = Client().post("/admin/login/", {"username": "x" * (settings.MAX_BODY_BYTES + 1)})
    assert_problem(answer, 413, "payload_too_large")


def test_a_search_of_many_words(admin, student):
    assert client_for(admin).get("/users", {"search": "verason " * 20}).json()["count"] == 1
    assert_problem(client_for(admin).get("/users", {"search": "a " * 500}), 400)


def test_guessing_ones_own_password_is_limited(student, monkeypatch):
    from rest_framework.settings import api_settings

    monkeypatch.setitem(api_settings.DEFAULT_THROTTLE_RATES, "login", "2/min")
    guess = {"current_password": "wrong", "new_password": "green-apple-22"}
    answers = [client_for(student).post("/me/password", guess, format="json") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [400, 400, 429]
