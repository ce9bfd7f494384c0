from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.caller import caller
from attendance.api.pagination import CursorPages
from attendance.api.permissions import crud
from attendance.api.views import ScopedViewSet
from meetings import services
from meetings.api.filters import MeetingFilter
from meetings.api.serializers import MeetingSerializer
from meetings.models import Meeting
from meetings.querysets import MeetingQuerySet


class MeetingViewSet(ScopedViewSet):
    """Meetings of the groups that the caller sees."""

    queryset = Meeting.objects.none()
    serializer_class = MeetingSerializer
    pagination_class = CursorPages
    filterset_class = MeetingFilter
    ordering_fields = {"starts_at": "starts_at"}
    ordering = ("-starts_at",)
    required = crud("meetings", "meeting")

    def visible(self) -> MeetingQuerySet:
        return Meeting.objects.visible_to(caller(self.request)).select_related("group")

    def create(self, request: Request) -> Response:
        meeting = services.create_meeting(acting_user=caller(request), **self.validated())
        return Response(self.get_serializer(meeting).data, status=status.HTTP_201_CREATED)

    def update(self, request: Request, *, partial: bool = False, **kwargs: Any) -> Response:
        meeting = self.get_object()
        changes = self.validated(meeting, partial=partial)
        return Response(
            self.get_serializer(services.update_meeting(acting_user=caller(request), meeting=meeting, **changes)).data
        )

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, **kwargs: Any) -> Response:
        services.delete_meeting(acting_user=caller(request), meeting=self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)
