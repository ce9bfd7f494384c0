"""Random requests from the OpenAPI document, as each role: no 5xx, no status or body that the document does not have."""

from __future__ import annotations

import os
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import load_all_checks, not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from accounts.models import User
from accounts.tokens import issue_tokens
from attendance.wsgi import application
from attendings import services as marks
from conftest import make_meeting, make_user

load_all_checks()
schema = schemathesis.openapi.from_wsgi("/schema", application)
EXAMPLES = 4 if os.environ.get("TEST_DATABASE_URL") else 12  # the test server for MongoDB takes its time
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture(params=["anonymous", "student", "teacher", "admin"])
def caller(request, db, admin, teacher, student) -> User | None:
    return {"anonymous": None, "student": student, "teacher": teacher, "admin": admin}[request.param]


@pytest.fixture
def ids(group, meeting, student, teacher) -> dict[str, str]:
    """The ids of things that exist, by the first part of the path or the name of the field that asks for one."""
    roster = marks.mark_roster(acting_user=teacher, meeting=meeting, marks=[], default="present")
    return {
        "user": str(student.pk),
        "group": str(group.pk),
        "meeting": str(make_meeting(group).pk),
        "attending": str(roster.rows[0].mark.pk),
        "teacher": str(teacher.pk),
        "stranger": str(make_user("Zoya", "student").pk),
    }


def aimed(case: Any, ids: dict[str, str]) -> Any:
    """The same case, aimed at things that exist, so that it comes further than a 404."""
    first = case.path.strip("/").split("/")[0]
    for name in case.path_parameters or {}:
        case.path_parameters[name] = ids["user"] if name == "user_id" else ids.get(first, ids["user"])
    _aim_body(case.body, ids)
    return case


def _aim_body(body: Any, ids: dict[str, str]) -> None:
    if isinstance(body, list):
        for item in body:
            _aim_body(item, ids)
    elif isinstance(body, dict):
        for name, value in body.items():
            if name in ids and isinstance(value, str):
                body[name] = ids[name]
            else:
                _aim_body(value, ids)


@schema.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_the_document_says_all_that_can_be_answered(case, caller, ids):
    headers = {"Authorization": f"Bearer {issue_tokens(caller).access}"} if caller else {}
    case.call_and_validate(checks=CHECKS, headers=headers)
    aimed(case, ids).call_and_validate(checks=CHECKS, headers=headers)
