from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from groups.models import Group
from groups.signals import group_timezone_changed
from meetings.services import recompute_days


@receiver(group_timezone_changed)
def days_follow_the_time_zone(sender: type[Group], group: Group, **kwargs: Any) -> None:
    recompute_days(group)
