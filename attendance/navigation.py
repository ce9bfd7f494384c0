"""The admin's sidebar and its user menu, in the words of the glossary; nobody is shown what they may not view."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


def _may_view(app_label: str, model: str) -> Callable[[HttpRequest], bool]:
    """As Django's pages have it: who may change something may look at it."""
    permissions = [f"{app_label}.{verb}_{model}" for verb in ("view", "change")]
    return lambda request: any(request.user.has_perm(permission) for permission in permissions)


def _is_superuser(request: HttpRequest) -> bool:
    return bool(request.user.is_superuser)


def _list(title: Any, icon: str, app_label: str, model: str, may: Callable[[HttpRequest], bool] | None = None) -> dict[str, Any]:
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{app_label}_{model}_changelist"),
        "permission": may or _may_view(app_label, model),
    }


SIDEBAR: dict[str, Any] = {
    "show_search": False,
    "show_all_applications": False,
    "navigation": [
        {
            "items": [
                {"title": _("Today"), "icon": "today", "link": reverse_lazy("admin:index")},
                _list(_("Meetings"), "event", "meetings", "meeting"),
                _list(_("Marks"), "fact_check", "attendings", "attending"),
            ],
        },
        {
            "separator": True,
            "items": [
                _list(_("Groups"), "groups", "groups", "group"),
                _list(_("People"), "person", "accounts", "user"),
                _list(_("Memberships"), "badge", "groups", "membership"),
                _list(pgettext_lazy("plural", "Series"), "event_repeat", "meetings", "series"),
            ],
        },
        {
            "separator": True,
            "items": [
                _list(_("Roles"), "admin_panel_settings", "accounts", "rolegroup", _is_superuser),
                _list(_("Failed log-ins"), "lock", "axes", "accessattempt", _is_superuser),
            ],
        },
    ],
}

ACCOUNT_MENU = {
    "navigation": [
        {"title": _("Language and time zone"), "link": reverse_lazy("admin-preferences")},
        {"title": _("Change password"), "link": reverse_lazy("own-password")},
    ],
}

# A tap on a language in the user menu posts it to the page of the preferences, which stores it.
LANGUAGE_MENU = {"action": lambda request: reverse("admin-preferences")}
