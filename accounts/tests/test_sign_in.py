from __future__ import annotations

import pytest

from accounts.models import User
from accounts.tokens import issue_tokens
from conftest import PASSWORD, client_for

pytestmark = pytest.mark.django_db


def post(path, body, client=None):
    return (client or client_for(None)).post(path, body, format="json")


def log_in():
    return post("/login", {"email": "vera@school.example", "password": PASSWORD}).json()


def signed_in(tokens):
    client = client_for(None)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens['access']}")
    return client


@pytest.mark.parametrize("email", ["vera@school.example", "VERA@School.Example", "  vera@school.example "])
def test_the_email_logs_in_whatever_its_case(student, email):
    answer = post("/login", {"email": email, "password": PASSWORD})
    assert answer.status_code == 200
    assert set(answer.json()) == {"access", "refresh", "user"}
    assert answer.json()["user"]["id"] == str(student.pk)
    assert "password" not in answer.json()["user"]


@pytest.mark.parametrize("body", [{"password": "wrong"}, {"email": "nobody@school.example"}, {"password": ""}])
def test_a_bad_log_in_says_no_more_than_that(student, body):
    answer = post("/login", {"email": "vera@school.example", "password": PASSWORD, **body})
    assert answer.status_code in {400, 401}
    if answer.status_code == 401:
        assert answer.json()["detail"] == "No active account has this email and password."


def test_a_deactivated_person_logs_in_no_more(student):
    student.is_active = False
    student.save(update_fields=["is_active"])
    assert post("/login", {"email": student.email, "password": PASSWORD}).status_code == 401


def test_a_refresh_token_works_once(student):
    first = log_in()
    second = post("/token/refresh", {"refresh": first["refresh"]})
    assert second.status_code == 200
    assert set(second.json()) == {"access", "refresh"}
    assert post("/token/refresh", {"refresh": first["refresh"]}).status_code == 401
    assert post("/token/refresh", {"refresh": second.json()["refresh"]}).status_code == 200
    assert signed_in(second.json()).get("/me").status_code == 200


def test_an_access_token_does_not_refresh(student):
    assert post("/token/refresh", {"refresh": log_in()["access"]}).status_code == 401


def test_logging_out_revokes(student, teacher):
    tokens = log_in()
    assert post("/logout", {"refresh": tokens["refresh"]}, client_for(teacher)).status_code == 401
    assert post("/logout", {"refresh": tokens["refresh"]}, signed_in(tokens)).status_code == 204
    assert post("/token/refresh", {"refresh": tokens["refresh"]}).status_code == 401
    assert post("/logout", {"refresh": tokens["refresh"]}, signed_in(tokens)).status_code == 401


def test_a_new_password_revokes_every_other_log_in(student):
    here, elsewhere = log_in(), log_in()
    here = post("/token/refresh", {"refresh": here["refresh"]}).json()
    change = {"current_password": PASSWORD, "new_password": "green-apple-22"}
    assert (
        post("/me/password", {**change, "current_password": "no"}, signed_in(here)).json()["errors"][0]["pointer"]
        == "/current_password"
    )
    weak = post("/me/password", {**change, "new_password": "12345"}, signed_in(here))
    assert weak.json()["errors"][0]["pointer"] == "/new_password"
    assert post("/me/password", change, signed_in(here)).status_code == 204
    assert post("/token/refresh", {"refresh": elsewhere["refresh"]}).status_code == 401
    assert post("/token/refresh", {"refresh": here["refresh"]}).status_code == 200
    assert post("/login", {"email": student.email, "password": PASSWORD}).status_code == 401
    assert post("/login", {"email": student.email, "password": "green-apple-22"}).status_code == 200


def test_deactivation_revokes_and_a_password_set_by_an_administrator_does_too(admin, student):
    for change in ({"password": "green-apple-22"}, {"is_active": False}):
        raw = issue_tokens(student).refresh
        assert client_for(admin).patch(f"/user/{student.pk}", change, format="json").status_code == 200
        assert post("/token/refresh", {"refresh": raw}).status_code == 401


def test_registration_can_be_closed(db, settings):
    settings.REGISTRATION_OPEN = False
    body = {"email": "n@school.example", "password": "brown-horse-12", "first_name": "N", "last_name": "N"}
    assert post("/register", body).status_code == 403
    assert not User.objects.exists()


@pytest.mark.parametrize("body", [{"email": "vera@SCHOOL.example"}, {"password": "password"}, {"first_name": ""}, {"email": "x"}])
def test_a_registration_that_does_not_fit_makes_nobody(student, body):
    values = {"email": "n@school.example", "password": "brown-horse-12", "first_name": "N", "last_name": "N", **body}
    answer = post("/register", values)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == f"/{next(iter(body))}"
    assert User.objects.count() == 1


def test_passwords_are_argon2(db, settings):
    settings.PASSWORD_HASHERS = ["accounts.hashers.Argon2PasswordHasher"]
    user = User.objects.create_user("n@school.example", "brown-horse-12")
    assert user.password.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")


def test_createsuperuser_by_environment(db, monkeypatch):
    from django.core.management import call_command

    monkeypatch.setenv("DJANGO_SUPERUSER_EMAIL", "Root@School.example")
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "brown-horse-12")
    call_command("createsuperuser", "--noinput", verbosity=0)
    root = User.objects.get()
    assert (root.email, root.is_superuser, root.is_staff, root.role) == ("root@school.example", True, True, "admin")
    assert root.check_password("brown-horse-12")
