from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, PolymorphicProxySerializer, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.caller import caller
from attendance.api.filters import refuse_unknown
from attendance.api.pagination import NumberedPages
from attendance.api.permissions import crud
from attendance.api.views import ScopedViewSet, with_etag
from groups import services
from groups.api.filters import GroupFilter
from groups.api.serializers import GroupSerializer, MembershipDatesSerializer, MembershipSerializer
from groups.models import Group, Membership
from groups.services import NewMember

MAX_MEMBERS_AT_ONCE = 1000
USER_ID = OpenApiParameter("user_id", OpenApiTypes.UUID, OpenApiParameter.PATH)
ONE_OR_MANY = PolymorphicProxySerializer(
    component_name="NewMembers",
    serializers=[MembershipSerializer, MembershipSerializer(many=True)],
    resource_type_field_name=None,
    many=False,
)


class GroupViewSet(ScopedViewSet):
    """Groups, as far as the caller sees them, and their members."""

    queryset = Group.objects.none()
    serializer_class = GroupSerializer
    pagination_class = NumberedPages
    filterset_class = GroupFilter
    ordering_fields = {"name": "name_key", "created_at": "created_at"}
    ordering = ("name",)
    required = {
        **crud("groups", "group"),
        "members": "groups.view_membership",
        "add_members": "groups.add_membership",
        "member": "groups.change_membership",
        "remove_member": "groups.delete_membership",
    }

    def visible(self) -> QuerySet[Group]:
        groups = Group.objects.visible_to(caller(self.request))
        shown = self.action in {"list", "retrieve"}
        return groups.with_member_count().prefetch_related("teachers") if shown else groups

    def create(self, request: Request) -> Response:
        group = services.create_group(acting_user=caller(request), **self.validated())
        return Response(self._shown(group), status=status.HTTP_201_CREATED)

    def update(self, request: Request, *, partial: bool = False, **kwargs: Any) -> Response:
        group = self.get_object()
        services.update_group(acting_user=caller(request), group=group, **self.validated(group, partial=partial))
        return Response(self._shown(group))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, **kwargs: Any) -> Response:
        services.delete_group(acting_user=caller(request), group=self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(responses=MembershipSerializer(many=True))
    @action(detail=True, url_path="members", url_name="members", serializer_class=MembershipSerializer, filter_backends=[])
    def members(self, request: Request, **kwargs: Any) -> Response:
        """All stays in the group, past ones too, by name."""
        group = self.get_object()
        refuse_unknown(request, self.query_names() - {"ordering"})
        stays = Membership.objects.filter(group=group).in_name_order()
        page = self.paginate_queryset(stays)
        return with_etag(self.get_paginated_response(MembershipSerializer(page, many=True).data))

    @extend_schema(operation_id="group_members_add", request=ONE_OR_MANY, responses={201: ONE_OR_MANY})
    @members.mapping.post
    def add_members(self, request: Request, **kwargs: Any) -> Response:
        """Takes one object or a list of them; all are stored or none, and answered in the same form."""
        group = self.get_object()
        many = isinstance(request.data, list)
        if many and not 0 < len(request.data) <= MAX_MEMBERS_AT_ONCE:
            raise ValidationError(_("1 to %(max)d members at once.") % {"max": MAX_MEMBERS_AT_ONCE})
        given = self.validated(many=many)
        members = [NewMember(**values) for values in (given if many else [given])]
        stored = services.add_members(acting_user=caller(request), group=group, members=members)
        answer = MembershipSerializer(stored if many else stored[0], many=many).data
        return Response(answer, status=status.HTTP_201_CREATED)

    @extend_schema(operation_id="group_member_update", parameters=[USER_ID], request=MembershipDatesSerializer)
    @action(
        detail=True,
        methods=["patch"],
        url_path=r"member/(?P<user_id>[^/.]+)",
        url_name="member",
        serializer_class=MembershipDatesSerializer,
    )
    def member(self, request: Request, user_id: str, **kwargs: Any) -> Response:
        """The dates of a person's latest stay."""
        stay = self._stay(user_id)
        changed = services.update_membership(acting_user=caller(request), membership=stay, **self.validated(stay, partial=True))
        return Response(MembershipSerializer(changed).data)

    @extend_schema(operation_id="group_member_remove", parameters=[USER_ID], responses={204: None})
    @member.mapping.delete
    def remove_member(self, request: Request, user_id: str, **kwargs: Any) -> Response:
        """Today becomes the last day; history stays."""
        services.end_membership(acting_user=caller(request), membership=self._stay(user_id))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _stay(self, user_id: str) -> Membership:
        group = self.get_object()
        try:
            stay = services.current_membership(group, UUID(user_id))
        except ValueError as error:
            raise Http404 from error
        if stay is None:
            raise Http404
        return stay

    def _shown(self, group: Group) -> Any:
        return self.get_serializer(Group.objects.with_member_count().prefetch_related("teachers").get(pk=group.pk)).data
