"""Limits per minute and the like, counted in the cache that all workers share."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

if TYPE_CHECKING:
    from rest_framework.views import APIView


class ConfiguredThrottle(SimpleRateThrottle):
    """Reads its rate when a request comes, so that an override of the setting takes effect at once."""

    def get_rate(self) -> Any:
        from rest_framework.settings import api_settings

        return api_settings.DEFAULT_THROTTLE_RATES.get(str(self.scope))

    def hashed(self, *parts: str) -> str:
        """Hashed: a key must not carry an email into a file name or another process's key list."""
        return self.cache_format % {
            "scope": self.scope,
            "ident": hashlib.sha256("\0".join(parts).encode(errors="replace")).hexdigest(),
        }


class UserThrottle(ConfiguredThrottle):
    scope = "user"

    def get_cache_key(self, request: Request, view: APIView) -> str:
        return self.hashed(str(request.user.pk) if request.user.is_authenticated else self.get_ident(request))


class AddressThrottle(ConfiguredThrottle):
    def get_cache_key(self, request: Request, view: APIView) -> str:
        return self.hashed(self.get_ident(request))


class RegisterThrottle(AddressThrottle):
    scope = "register"


class RefreshThrottle(AddressThrottle):
    scope = "refresh"


class LoginThrottle(ConfiguredThrottle):
    """Per address and email: a class logging in from behind one address must not lock itself out."""

    scope = "login"

    def get_cache_key(self, request: Request, view: APIView) -> str:
        email = request.data.get("email") if isinstance(request.data, dict) else None
        return self.hashed(self.get_ident(request), str(email).strip().lower())


class PasswordThrottle(ConfiguredThrottle):
    """Per person: an access token that was stolen must not guess the password."""

    scope = "login"

    def get_cache_key(self, request: Request, view: APIView) -> str:
        return self.hashed("password", str(request.user.pk))


class LoginAddressThrottle(AddressThrottle):
    """Per address alone, at twenty times the rate: one password tried on many emails."""

    scope = "login"
    factor = 20

    def get_cache_key(self, request: Request, view: APIView) -> str:
        return self.hashed("address", self.get_ident(request))

    def parse_rate(self, rate: str | None) -> tuple[int | None, int | None]:
        number, duration = super().parse_rate(rate)
        return (number * self.factor if number is not None else None), duration
