from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from rest_framework_simplejwt.authentication import JWTAuthentication as StockAuthentication
from rest_framework_simplejwt.exceptions import AuthenticationFailed
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import Token

from accounts.models import User


class JWTAuthentication(StockAuthentication):
    def get_user(self, validated_token: Token) -> Any:
        """The person as they are now: a deactivated one is refused at once."""
        pk = validated_token.get(api_settings.USER_ID_CLAIM)
        user = User.objects.filter(pk=pk, is_active=True).order_by("pk").first() if pk else None
        if user is None:
            raise AuthenticationFailed(_("This account is not active."), code="user_inactive")
        return user
