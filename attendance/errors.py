"""What a service says when a rule forbids something. The REST API, the admin and the commands each word it their way."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

FIRST_YEAR, LAST_YEAR = 1900, 2200


class DomainError(Exception):
    """A rule was broken and nothing was stored.

    `code` is stable and for programs, `detail` is for people and translated, `fields` maps a JSON path such as
    `marks/3/user` to what is wrong there, `extra` is what a client needs to go on from here (JSON-ready values).
    """

    status = 400
    code = "invalid"

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        fields: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.code
        self.fields = dict(fields or {})
        self.extra = dict(extra or {})


class InvalidError(DomainError):
    """The values given do not fit together or do not fit what is stored."""


def invalid(error: ValidationError, **more: str) -> InvalidError:
    """What Django's checks of a model's fields found, as a service says it; `more` are faults found besides."""
    fields = {name: " ".join(texts) for name, texts in error.message_dict.items()}
    return InvalidError(_("The request has errors; each is listed."), fields={**fields, **more})


def check_years(**days: date | None) -> None:
    """Raises InvalidError for a day or moment that no calendar here goes to; time zones must not lead out of it."""
    text = _("The year must be from 1900 to 2200.")
    wrong = {name: text for name, day in days.items() if day is not None and not FIRST_YEAR <= day.year <= LAST_YEAR}
    if wrong:
        raise InvalidError(text, code="out_of_range", fields=wrong)


class ForbiddenError(DomainError):
    """The acting user sees the thing but may not do this to it."""

    status = 403
    code = "permission_denied"


class ConflictError(DomainError):
    """The present state of the thing does not allow this; another state would."""

    status = 409
    code = "conflict"


class UnprocessableError(DomainError):
    """Understood, and contrary to an earlier request that it claims to repeat."""

    status = 422
    code = "unprocessable"
