"""Errors of the HTTP side: what no service knows of."""

from __future__ import annotations

from django.utils.translation import gettext_lazy
from rest_framework import exceptions, status

from attendance.errors import DomainError


class PayloadTooLarge(exceptions.APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = gettext_lazy("The request body is larger than this service takes.")
    default_code = "payload_too_large"


class DatabaseUnavailable(exceptions.APIException):
    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = gettext_lazy("The database cannot be reached just now. Nothing was changed; try again shortly.")
    default_code = "database_unavailable"
    wait = 5


class OutcomeUnknown(DatabaseUnavailable):
    default_detail = gettext_lazy("The database did not say whether the change was stored. Read it again before you repeat it.")
    default_code = "outcome_unknown"


class LostRace(exceptions.APIException):
    status_code = status.HTTP_409_CONFLICT
    default_detail = gettext_lazy("Someone else stored the same thing at the same moment. Read it again.")
    default_code = "conflict"


class QueryError(exceptions.ValidationError):
    """A query parameter is wrong; the answer names it as `parameter` where a body's field is a `pointer`."""


class RaisedByService(exceptions.APIException):
    """A DomainError on its way to becoming an answer."""

    def __init__(self, error: DomainError) -> None:
        super().__init__(error.detail, error.code)
        self.status_code = error.status
        self.error = error
