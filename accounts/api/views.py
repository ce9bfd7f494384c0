from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import services
from accounts.api.caller import caller
from accounts.api.filters import UserFilter
from accounts.api.serializers import UserDetailSerializer, UserSerializer
from accounts.models import User
from accounts.querysets import UserQuerySet
from attendance.api.pagination import NumberedPages
from attendance.api.permissions import RolePermission, crud
from attendance.api.views import ScopedViewSet


class SelfOrRole(RolePermission):
    """One's own profile needs no permission to be changed; which of its fields, the service decides."""

    def has_object_permission(self, request: Request, view: Any, obj: User) -> bool:
        own = obj.pk == request.user.pk and view.action in {"update", "partial_update"}
        return own or super().has_object_permission(request, view, obj)


class UserViewSet(ScopedViewSet):
    """People, as far as the caller sees them."""

    queryset = User.objects.none()
    serializer_class = UserDetailSerializer
    permission_classes = [SelfOrRole]
    pagination_class = NumberedPages
    filterset_class = UserFilter
    ordering_fields = {"name": "sort_name", "last_name": "sort_name", "email": "email", "created_at": "created_at"}
    ordering = ("name",)
    required = crud("accounts", "user")

    def visible(self) -> UserQuerySet:
        return User.objects.visible_to(caller(self.request)).prefetch_related("groups")

    @extend_schema(request=UserDetailSerializer, responses={201: UserSerializer})
    def create(self, request: Request) -> Response:
        values = {"password": None, **self.validated()}
        user = services.create_user(acting_user=caller(request), **values)
        return Response(self.get_serializer(user).data, status=status.HTTP_201_CREATED)

    def update(self, request: Request, *, partial: bool = False, **kwargs: Any) -> Response:
        user = self.get_object()
        changes = self.validated(user, partial=partial)
        return Response(self.get_serializer(services.update_user(acting_user=caller(request), user=user, **changes)).data)

    @extend_schema(
        responses={200: UserSerializer, 204: OpenApiResponse(description="Had no attendance history and is gone.")},
        description="Deactivates a person who has attendance history (200), removes one who has none (204).",
    )
    def destroy(self, request: Request, **kwargs: Any) -> Response:
        user = self.get_object()
        if services.remove_user(acting_user=caller(request), user=user):
            return Response(status=status.HTTP_204_NO_CONTENT)
        return Response(self.get_serializer(self.get_object()).data)
