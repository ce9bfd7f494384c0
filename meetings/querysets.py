from __future__ import annotations

from groups.querysets import OfVisibleGroups


class MeetingQuerySet(OfVisibleGroups):
    """Meetings, seen by who sees their group."""


class SeriesQuerySet(OfVisibleGroups):
    """Series, seen by who sees their group."""
