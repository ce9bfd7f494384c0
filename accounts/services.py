"""Every write about people. Each takes the acting user; None is the system itself (a command, a registration)."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group as AuthGroup
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.db.models import ProtectedError
from django.utils.translation import gettext as _
from simple_history.models import HistoricalChanges

from accounts.models import User
from accounts.rules import Role
from accounts.tokens import revoke_refresh_tokens
from attendance.db.transactions import atomic
from attendance.errors import ConflictError, ForbiddenError, InvalidError, invalid

OWN_PROFILE = frozenset({"first_name", "last_name", "middle_name", "language", "timezone"})


def create_user(*, acting_user: User | None, email: str, password: str | None, role: str = Role.STUDENT, **profile: Any) -> User:
    """A new person with a role. Without a password they cannot log in until one is set.

    Raises InvalidError for a taken email or a weak password.
    """
    user = User(email=email, **profile)
    _check(user, password)
    user.set_password(password)
    with atomic():
        try:
            user.save(force_insert=True)
        except IntegrityError as error:
            raise _email_taken() from error
        _put_in_role(user, role)
    return user


def register(*, email: str, password: str, **profile: Any) -> User:
    """Someone signs themself up, as a student."""
    return create_user(acting_user=None, email=email, password=password, role=Role.STUDENT, **profile)


def update_user(*, acting_user: User | None, user: User, **changes: Any) -> User:
    """Changes a person. An administrator changes anything; everyone else their own profile alone.

    Raises InvalidError naming each field that the acting user may not set, ForbiddenError for somebody else's profile.
    """
    _refuse_beyond_own_power(acting_user, user)
    hashed = make_password(changes["password"]) if changes.get("password") is not None else None  # slow, so before the lock
    with atomic():
        user = _current(user)
        changes = {name: value for name, value in changes.items() if name == "password" or getattr(user, name) != value}
        _check_changes(acting_user, user, changes)
        role, password = changes.pop("role", None), changes.pop("password", None)
        for name, value in changes.items():
            setattr(user, name, value)
        _check(user, password)
        if hashed is not None:
            user.password = hashed
        if hashed is not None or changes.get("is_active") is False:
            revoke_refresh_tokens(user)
        try:
            user.save(update_fields=[*changes, *(["password"] if hashed is not None else [])])
        except IntegrityError as error:
            raise _email_taken() from error
        if role is not None:
            _put_in_role(user, role)
    return user


def change_password(*, acting_user: User, current_password: str, new_password: str, keep_session: str | None) -> None:
    """Sets one's own password; every refresh token but those of the session `keep_session` is revoked.

    Raises InvalidError for a wrong present password or a weak new one.
    """
    if not acting_user.check_password(current_password):
        raise InvalidError(_("This is not your present password."), fields={"current_password": _("Not your present password.")})
    _check(acting_user, new_password, field="new_password")
    with atomic():
        acting_user.set_password(new_password)
        acting_user.save(update_fields=["password"])
        revoke_refresh_tokens(acting_user, keep_session=keep_session)


def remove_user(*, acting_user: User, user: User) -> bool:
    """Deletes a person without attendance history, deactivates one who has it. True where deleted.

    Raises ConflictError for oneself.
    """
    if acting_user.pk == user.pk:
        raise ConflictError(_("Nobody removes themself. Another administrator can."))
    _refuse_beyond_own_power(acting_user, user)
    with atomic():
        user = _current(user)
        revoke_refresh_tokens(user)
        try:
            if not _has_acted(user):
                user.delete()
                return True
        except ProtectedError:
            pass
        user.is_active = False
        user.save(update_fields=["is_active"])
    return False


def _put_in_role(user: User, role: str) -> None:
    """Exactly one of the three; auth groups of an operator's own making stay."""
    user.groups.remove(*AuthGroup.objects.filter(name__in=Role.values).exclude(name=role))
    user.groups.add(AuthGroup.objects.get(name=role))
    user.__dict__.pop("role", None)
    getattr(user, "_prefetched_objects_cache", {}).pop("groups", None)


def _refuse_beyond_own_power(acting_user: User | None, user: User) -> None:
    """Who could set a superuser's email or password would be one."""
    if user.is_superuser and acting_user is not None and not acting_user.is_superuser:
        raise ForbiddenError(_("Only a superuser changes a superuser."))


def _current(user: User) -> User:
    """As they are stored now, read inside the transaction that will change them."""
    current = User.objects.prefetch_related("groups").filter(pk=user.pk).first()
    if current is None:
        raise ConflictError(_("Somebody has removed this person in the meantime."), code="gone")
    return current


def _has_acted(user: User) -> bool:
    """Whether a history names them as the one who changed something: it would not say who any more."""
    histories = (model for model in apps.get_models() if issubclass(model, HistoricalChanges))
    return any(model._default_manager.filter(history_user=user).exists() for model in histories)


def _check_changes(acting_user: User | None, user: User, changes: dict[str, Any]) -> None:
    if acting_user is not None and acting_user.role != Role.ADMIN:
        _refuse_beyond_own_profile(acting_user, user, changes)
    if acting_user == user and ("role" in changes or changes.get("is_active") is False):
        raise ConflictError(_("Nobody takes their own role away or locks themself out. Another administrator can."))
    if acting_user == user and "password" in changes:
        text = _("Change your password at /me/password.")
        raise InvalidError(text, code="read_only", fields={"password": text})


def _refuse_beyond_own_profile(acting_user: User, user: User, changes: dict[str, Any]) -> None:
    if acting_user.pk != user.pk:
        raise ForbiddenError(_("You may change your own profile only."))
    if refused := sorted(set(changes) - OWN_PROFILE - {"password"}):
        fields = dict.fromkeys(refused, _("An administrator sets this."))
        raise InvalidError(_("You may not set this."), code="read_only", fields=fields)


def _check(user: User, password: str | None, *, field: str = "password") -> None:
    """Raises InvalidError with every fault of the person's fields and of the password."""
    faults = ValidationError({})
    try:
        user.clean_fields(exclude=["password", "id", "sort_name"])
    except ValidationError as error:
        faults = error
    weak = _weaknesses(password, user)
    if faults.message_dict or weak:
        raise invalid(faults, **({field: weak} if weak else {}))


def _weaknesses(password: str | None, user: User) -> str:
    if password is None:
        return ""
    try:
        validate_password(password, user)
    except ValidationError as error:
        return " ".join(error.messages)
    return ""


def _email_taken() -> InvalidError:
    return InvalidError(
        _("Somebody has this email already."), code="unique", fields={"email": _("Somebody has this email already.")}
    )
