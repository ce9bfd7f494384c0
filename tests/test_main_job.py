"""The main job through the REST interface: log in, take a register, read it back, trust the percentage."""

from __future__ import annotations

import pytest
from django.test import Client
from rest_framework.test import APIClient

from conftest import PASSWORD, client_for

pytestmark = pytest.mark.django_db


def test_a_teacher_marks_and_a_student_reads_the_percentage(teacher, student, meeting):
    client = APIClient()
    signed_in = client.post("/login", {"email": " ALLA@school.example", "password": PASSWORD}, format="json")
    assert signed_in.status_code == 200, signed_in.content
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {signed_in.json()['access']}")

    marked = client.put(f"/meeting/{meeting.pk}/roster", {"marks": [], "default": "present"}, format="json")
    assert marked.status_code == 200, marked.content
    assert marked.json()["totals"]["present"] == 1
    closed = client.post(f"/meeting/{meeting.pk}/close")
    assert closed.status_code == 200, closed.content

    report = client_for(student).get(f"/user/{student.pk}/report")
    assert report.status_code == 200, report.content
    assert report.json()["rate_to_date"]["value"] == 1.0


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics", "/schema", "/docs"])
def test_open_to_anyone(path):
    assert Client().get(path).status_code == 200


def test_lists(admin, meeting):
    for path in (
        "/users",
        "/groups",
        "/meetings",
        "/attendings",
        f"/group/{meeting.group_id}/members",
        f"/meeting/{meeting.pk}/roster",
        "/hc",
        "/me",
    ):
        answer = client_for(admin).get(path)
        assert answer.status_code == 200, (path, answer.content)
