from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.utils.translation import gettext as _

from attendance.errors import ConflictError
from attendings.models import Attending


class StaleMarksError(ConflictError):
    """Somebody changed these marks since the client read them; `marks` are as stored now, `unmarked` those who have none now."""

    def __init__(self, marks: Sequence[Attending], unmarked: Sequence[UUID] = ()) -> None:
        super().__init__(_("Somebody changed these marks in the meantime; nothing was stored."), code="stale_version")
        self.marks, self.unmarked = marks, unmarked


class AlreadyMarkedError(ConflictError):
    """One person has one mark at one meeting; `mark` is it."""

    def __init__(self, mark: Attending) -> None:
        super().__init__(_("This person has a mark at this meeting already; change that one."), code="already_marked")
        self.mark = mark
