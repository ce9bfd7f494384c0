from __future__ import annotations

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request


class RolePermission(BasePermission):
    """The Django permissions (separated by spaces) that the view's `required` names for its action, checked after the scope.

    On one thing the check waits until the thing was found among what the caller sees, so that what is outside the scope
    answers 404 to everyone; on lists it comes first. A view without an entry for the action lets nobody in.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        if not (request.user and request.user.is_authenticated):
            return False
        return getattr(view, "detail", False) or self._allowed(request, view)

    def has_object_permission(self, request: Request, view: Any, obj: Any) -> bool:
        return self._allowed(request, view)

    def _allowed(self, request: Request, view: Any) -> bool:
        if view.action in {None, "metadata"}:  # the method is not one of the view's: let DRF answer 405
            return True
        required = view.required.get(view.action, "").split()
        return bool(required) and request.user.has_perms(required)


def crud(app_label: str, model: str) -> dict[str, str]:
    """What the six actions of a view set require, by Django's four permissions of a model."""
    verbs = {
        "list": "view",
        "retrieve": "view",
        "create": "add",
        "update": "change",
        "partial_update": "change",
        "destroy": "delete",
    }
    return {action: f"{app_label}.{verb}_{model}" for action, verb in verbs.items()}
