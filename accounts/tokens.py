"""Token pairs. Every log-in is a session of its own; its id stays the same while its refresh token rotates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast
from uuid import uuid4

from django.contrib.auth.models import update_last_login
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework_simplejwt.exceptions import InvalidToken, TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import RefreshToken

from accounts.models import User
from attendance.db.transactions import atomic

SESSION_CLAIM = "sid"


class SessionToken(RefreshToken):
    """A refresh token that says which log-in it descends from; its access tokens say so too."""

    def __init__(self, token: Any = None, verify: bool = True) -> None:
        super().__init__(token, verify)
        if token is None:
            self.payload[SESSION_CLAIM] = uuid4().hex


@dataclass(frozen=True)
class TokenPair:
    access: str
    refresh: str


def issue_tokens(user: User) -> TokenPair:
    """The pair of a new session."""
    with atomic():
        refresh = SessionToken.for_user(user)
        update_last_login(User, user)
    return TokenPair(access=str(refresh.access_token), refresh=str(refresh))


def rotate_tokens(raw: str) -> TokenPair:
    """A new pair for a refresh token, which from then on is refused; of two at the same moment one wins.

    Raises InvalidToken for a token that is bad, expired, used before, or of a person who is no longer active.
    """
    with atomic():
        refresh = _verified(raw)
        if not User.objects.filter(pk=refresh[api_settings.USER_ID_CLAIM], is_active=True).exists():
            raise InvalidToken(_("This account is not active."))
        _revoke_once(refresh)
        refresh.set_jti()
        refresh.set_exp()
        refresh.set_iat()
        refresh.outstand()
        return TokenPair(access=str(refresh.access_token), refresh=str(refresh))


def revoke_token(raw: str, *, owner: User) -> None:
    """Logs a session out. Raises InvalidToken for a token that is bad, used before, or somebody else's."""
    with atomic():
        refresh = _verified(raw)
        if refresh[api_settings.USER_ID_CLAIM] != str(owner.pk):
            raise InvalidToken(_("This is not a token of yours."))
        _revoke_once(refresh)


def revoke_refresh_tokens(user: User, *, keep_session: str | None = None) -> None:
    """Revokes every refresh token of a person that still works, except those of the session named."""
    working = OutstandingToken.objects.filter(user=user, expires_at__gt=timezone.now(), blacklistedtoken__isnull=True)
    doomed = [token for token in working if keep_session is None or _session(token.token) != keep_session]
    BlacklistedToken.objects.bulk_create([BlacklistedToken(token=token) for token in doomed])


def _verified(raw: str) -> SessionToken:
    try:
        return SessionToken(raw)
    except TokenError as error:
        raise InvalidToken(error.args[0]) from error


def _revoke_once(refresh: SessionToken) -> None:
    _row, created = cast("tuple[Any, bool]", refresh.blacklist())  # its annotation forgets the flag
    if not created:
        raise InvalidToken(_("Token is blacklisted"))


def _session(raw: str) -> str | None:
    return SessionToken(raw, verify=False).payload.get(SESSION_CLAIM)
