from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.authentication import SessionAuthentication
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.authentication import JWTAuthentication
from accounts.api.caller import caller
from accounts.models import User
from accounts.rules import STAFF_ROLES
from attendance.api.exceptions import QueryError
from attendance.api.fields import DayFormField
from attendance.api.filters import refuse_unknown
from attendance.api.idempotency import answer_once
from attendance.api.pagination import CursorPages
from attendance.api.permissions import crud
from attendance.api.views import ProblemFriendlyView, ScopedViewSet, with_etag
from attendings import services
from attendings.api.filters import REVERSED, AttendingFilter
from attendings.api.serializers import (
    AttendingSerializer,
    MarkChangeSerializer,
    NewAttendingSerializer,
    RosterMarksSerializer,
    RosterSerializer,
    UserReportSerializer,
    said,
)
from attendings.errors import AlreadyMarkedError, StaleMarksError
from attendings.models import Attending
from attendings.querysets import AttendingQuerySet
from attendings.reports import Stays, stays_in_sight, user_report
from attendings.roster import Roster, roster_of
from attendings.rules import NEEDED
from attendings.services import MarkInput
from meetings.api.serializers import MeetingSerializer
from meetings.models import Meeting
from meetings.querysets import MeetingQuerySet
from meetings.services import cancel_meeting, reopen_meeting


class MarksMixin:
    """Conflicts answer with the marks as they are stored now."""

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, StaleMarksError):
            exc.extra |= {"conflicts": AttendingSerializer(exc.marks, many=True).data, "unmarked": list(exc.unmarked)}
        if isinstance(exc, AlreadyMarkedError):
            exc.extra["existing"] = AttendingSerializer(exc.mark).data
        return super().handle_exception(exc)  # type: ignore[misc]


class AttendingViewSet(MarksMixin, ScopedViewSet):
    """Marks: one person's attendance at one meeting."""

    queryset = Attending.objects.none()
    serializer_class = AttendingSerializer
    pagination_class = CursorPages
    filterset_class = AttendingFilter
    ordering_fields = {"marked_at": "marked_at"}
    ordering = ("-marked_at",)
    required = crud("attendings", "attending")

    def visible(self) -> AttendingQuerySet:
        return Attending.objects.visible_to(caller(self.request))

    @extend_schema(request=NewAttendingSerializer, responses={201: AttendingSerializer})
    def create(self, request: Request) -> Response:
        serializer = NewAttendingSerializer(data=request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        values = serializer.validated_data
        mark = services.create_mark(acting_user=caller(request), meeting=values["meeting"], said=said(values))
        return Response(AttendingSerializer(mark).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=MarkChangeSerializer, responses=AttendingSerializer)
    def update(self, request: Request, *, partial: bool = False, **kwargs: Any) -> Response:
        mark = self.get_object()
        serializer = MarkChangeSerializer(mark, data=request.data, partial=partial)
        serializer.is_valid(raise_exception=True)
        changed = services.update_mark(acting_user=caller(request), mark=mark, said=serializer.said_of(mark))
        return Response(AttendingSerializer(changed).data)

    @extend_schema(request=MarkChangeSerializer, responses=AttendingSerializer)
    def partial_update(self, request: Request, **kwargs: Any) -> Response:
        return super().partial_update(request, **kwargs)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, **kwargs: Any) -> Response:
        """The person is unmarked again."""
        services.remove_mark(acting_user=caller(request), mark=self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)


class RegisterViewSet(MarksMixin, ScopedViewSet):
    """The register of one meeting."""

    queryset = Meeting.objects.none()
    # The register page of the admin speaks to these with its own session; unlike a token, that needs the CSRF header as well.
    authentication_classes = [JWTAuthentication, SessionAuthentication]
    serializer_class = RosterSerializer
    filterset_class = None
    required = {act: " ".join(names) for act, names in NEEDED.items()}
    problem_statuses = {"mark": ("422",)}

    def visible(self) -> MeetingQuerySet:
        return Meeting.objects.visible_to(caller(self.request)).select_related("group")

    @action(detail=True)
    def roster(self, request: Request, **kwargs: Any) -> Response:
        """Everyone expected, with their mark or null, in surname order. A student sees their own row."""
        refuse_unknown(request, set())
        return with_etag(Response(self._shown(roster_of(self.get_object()))))

    @extend_schema(
        operation_id="meeting_roster_mark",
        request=RosterMarksSerializer,
        parameters=[OpenApiParameter("Idempotency-Key", OpenApiTypes.STR, OpenApiParameter.HEADER)],
    )
    @roster.mapping.put
    def mark(self, request: Request, **kwargs: Any) -> Response:
        """Marks many in one step: all are stored or none. With an Idempotency-Key a repeat answers as the first did."""
        meeting = self.get_object()
        serializer = RosterMarksSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        given = serializer.validated_data
        if given.get("unmark") and not caller(request).has_perms(NEEDED["unmark"]):
            raise PermissionDenied

        def act() -> Any:
            marks = [said(row) for row in given["marks"]]
            unmark = [MarkInput(row["user"], version=row.get("version")) for row in given.get("unmark", ())]
            roster = services.mark_roster(
                acting_user=caller(request), meeting=meeting, marks=marks, unmark=unmark, default=given.get("default")
            )
            return self._shown(roster)

        return Response(answer_once(request, act))

    @extend_schema(request=None, responses=MeetingSerializer)
    @action(detail=True, methods=["post"])
    def close(self, request: Request, **kwargs: Any) -> Response:
        """Freezes the roster; whoever is unmarked becomes absent."""
        return self._moved(services.close_meeting(acting_user=caller(request), meeting=self.get_object()))

    @extend_schema(request=None, responses=MeetingSerializer)
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, **kwargs: Any) -> Response:
        """Lets marks change again; recorded in the meeting's history."""
        return self._moved(reopen_meeting(acting_user=caller(request), meeting=self.get_object()))

    @extend_schema(request=None, responses=MeetingSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, **kwargs: Any) -> Response:
        """It does not take place and counts for nothing; its marks stay."""
        return self._moved(cancel_meeting(acting_user=caller(request), meeting=self.get_object()))

    def _moved(self, meeting: Meeting) -> Response:
        return Response(MeetingSerializer(meeting, context=self.get_serializer_context()).data)

    def _shown(self, roster: Roster) -> Any:
        reader = caller(self.request)
        if reader.role not in STAFF_ROLES:
            roster = roster.only(reader.pk)
        return RosterSerializer(roster, context=self.get_serializer_context()).data


DAY = OpenApiTypes.DATE


class UserReportView(ProblemFriendlyView):
    """One person's percentages, each with numerator, denominator and rule."""

    problem_statuses = {"get": ("403",)}

    permission_classes = [IsAuthenticated]

    @extend_schema(
        operation_id="user_report",
        parameters=[OpenApiParameter("from", DAY, description="First day"), OpenApiParameter("to", DAY, description="Last day")],
        responses=UserReportSerializer,
    )
    def get(self, request: Request, id: str) -> Response:
        stays = self._stays(id)
        if not caller(request).has_perms(NEEDED["roster"]):
            raise PermissionDenied
        refuse_unknown(request, {"from", "to"})
        start, end = _day(request, "from"), _day(request, "to")
        if start and end and start > end:
            raise QueryError({"from": [REVERSED]}, code="invalid")
        return Response(UserReportSerializer(user_report(stays, start=start, end=end)).data)

    def _stays(self, pk: str) -> Stays:
        try:
            return stays_in_sight(user_id=UUID(pk), read_by=caller(self.request))
        except (ValueError, User.DoesNotExist) as error:
            raise Http404 from error


def _day(request: Request, name: str) -> Any:
    try:
        return DayFormField(required=False).clean(request.query_params.get(name))
    except ValidationError as error:
        raise QueryError({name: list(error.messages)}, code="invalid") from error
