from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.dispatch import receiver

from attendings.services import follow_changed_days, follow_moved_meeting
from meetings.events import days_changed, meeting_moved
from meetings.models import Meeting


@receiver(meeting_moved)
def marks_follow_the_meeting(sender: type[Meeting], meeting: Meeting, from_day: date, **kwargs: Any) -> None:
    follow_moved_meeting(meeting=meeting, from_day=from_day)


@receiver(days_changed)
def marks_follow_the_days(sender: type[Meeting], meetings: Sequence[Meeting], **kwargs: Any) -> None:
    follow_changed_days(meetings=meetings)
