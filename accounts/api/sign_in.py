"""Signing in and out, and one's own profile."""

from __future__ import annotations

from typing import Any, cast

from django.conf import settings
from django.contrib.auth import authenticate
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from accounts import services, tokens
from accounts.api.caller import caller
from accounts.api.serializers import (
    LoginSerializer,
    MeSerializer,
    PasswordChangeSerializer,
    RefreshedSerializer,
    RefreshSerializer,
    RegistrationSerializer,
    TokensSerializer,
    UserSerializer,
)
from accounts.models import User
from attendance.api.filters import refuse_unknown
from attendance.api.throttles import LoginAddressThrottle, LoginThrottle, PasswordThrottle, RefreshThrottle, RegisterThrottle
from attendance.api.views import ProblemFriendlyView

WithTokens = dict[str, Any]


def valid(serializer: Serializer[Any]) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def signed_in(user: User) -> WithTokens:
    pair = tokens.issue_tokens(user)
    return {"access": pair.access, "refresh": pair.refresh, "user": UserSerializer(user).data}


class RegisterView(ProblemFriendlyView):
    """Sign up as a student, while REGISTRATION_OPEN; answers with the person and a token pair."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = [RegisterThrottle]
    problem_statuses = {"post": ("403",)}

    @extend_schema(operation_id="register", auth=[], request=RegistrationSerializer, responses={201: TokensSerializer})
    def post(self, request: Request) -> Response:
        if not settings.REGISTRATION_OPEN:
            raise PermissionDenied(_("Registration is closed. An administrator can make an account for you."))
        user = services.register(**valid(RegistrationSerializer(data=request.data)))
        return Response(signed_in(user), status=status.HTTP_201_CREATED)


class LoginView(ProblemFriendlyView):
    """Email and password for a token pair."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = [LoginThrottle, LoginAddressThrottle]

    @extend_schema(operation_id="login", auth=[], request=LoginSerializer, responses={200: TokensSerializer})
    def post(self, request: Request) -> Response:
        given = valid(LoginSerializer(data=request.data))
        user = authenticate(request._request, username=given["email"].strip().lower(), password=given["password"])
        if not isinstance(user, User):
            raise AuthenticationFailed(_("No active account has this email and password."), code="bad_credentials")
        return Response(signed_in(user))


class RefreshView(ProblemFriendlyView):
    """A new pair for a refresh token, which from then on is refused."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = [RefreshThrottle]

    @extend_schema(operation_id="token_refresh", auth=[], request=RefreshSerializer, responses={200: RefreshedSerializer})
    def post(self, request: Request) -> Response:
        pair = tokens.rotate_tokens(valid(RefreshSerializer(data=request.data))["refresh"])
        return Response({"access": pair.access, "refresh": pair.refresh})


class LogoutView(ProblemFriendlyView):
    """Revokes the refresh token given."""

    permission_classes = [IsAuthenticated]

    @extend_schema(operation_id="logout", request=RefreshSerializer, responses={204: None})
    def post(self, request: Request) -> Response:
        tokens.revoke_token(valid(RefreshSerializer(data=request.data))["refresh"], owner=caller(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class MeView(ProblemFriendlyView):
    """One's own profile."""

    permission_classes = [IsAuthenticated]

    @extend_schema(operation_id="me", responses=UserSerializer)
    def get(self, request: Request) -> Response:
        refuse_unknown(request, set())
        return Response(UserSerializer(caller(request)).data)

    @extend_schema(operation_id="me_update", request=MeSerializer, responses=UserSerializer)
    def patch(self, request: Request) -> Response:
        changes = valid(MeSerializer(caller(request), data=request.data, partial=True))
        return Response(UserSerializer(services.update_user(acting_user=caller(request), user=caller(request), **changes)).data)


class PasswordView(ProblemFriendlyView):
    """Sets one's own password and revokes the refresh tokens of all other log-ins."""

    permission_classes = [IsAuthenticated]
    throttle_classes = [PasswordThrottle]

    @extend_schema(operation_id="me_password", request=PasswordChangeSerializer, responses={204: None})
    def post(self, request: Request) -> Response:
        given = valid(PasswordChangeSerializer(data=request.data))
        session = cast("Any", request.auth).get(tokens.SESSION_CLAIM)
        services.change_password(acting_user=caller(request), keep_session=session, **given)
        return Response(status=status.HTTP_204_NO_CONTENT)
