from __future__ import annotations

from typing import Any, cast

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django import forms
from django.contrib import admin, messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.models import Group as AuthGroup
from django.contrib.auth.models import Permission
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from unfold.contrib.filters.admin import DropdownFilter
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminSelectWidget

from accounts import services
from accounts.exchange import UserResource
from accounts.models import RoleGroup, User
from accounts.querysets import UserQuerySet
from accounts.rules import Role
from attendance.admin import ScopedAdmin, ServiceForm, SuperuserAdmin, changes_in, labels, stored
from attendance.admin_exchange import ExchangeAdmin
from attendance.errors import ForbiddenError

TEACHER_FIELDS = frozenset({"teacher", "teachers"})
VERBS = {
    "view": pgettext_lazy("permission", "view"),
    "add": pgettext_lazy("permission", "add"),
    "change": pgettext_lazy("permission", "change"),
    "delete": pgettext_lazy("permission", "delete"),
}


def acting(request: HttpRequest) -> User:
    """Who is using the admin, which lets nobody in without a log-in."""
    return cast(User, request.user)


class UserForm(ServiceForm):
    role = forms.ChoiceField(label=_("Role"), choices=labels(Role.choices), initial=Role.STUDENT, widget=UnfoldAdminSelectWidget)
    new_password = forms.CharField(
        label=_("New password"),
        required=False,
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=_("Empty: it stays as it is, or nobody can log in yet."),
    )
    again = forms.CharField(
        label=_("New password again"),
        required=False,
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
    )
    refusal_fields = {"password": "new_password"}

    class Meta:
        model = User
        fields = ("email", "last_name", "first_name", "middle_name", "language", "timezone", "is_active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            self.initial["role"] = self.instance.role

    def clean(self) -> dict[str, Any]:
        if self.cleaned_data.get("new_password") != self.cleaned_data.get("again"):
            self.add_error("again", _("The two passwords differ."))
        return super().clean()

    def said(self) -> dict[str, Any]:
        """What was changed, in the services' words."""
        changes = changes_in(self)
        changes.pop("again", None)
        password = changes.pop("new_password", None)
        return {**changes, "password": password} if password else changes


class RoleFilter(DropdownFilter):
    title = _("role")
    parameter_name = "role"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return labels(Role.choices)

    def queryset(self, request: HttpRequest, queryset: UserQuerySet) -> UserQuerySet:
        return queryset.with_role(self.value()) if self.value() in Role.values else queryset


@admin.register(User)
class UserAdmin(ExchangeAdmin, ScopedAdmin):
    form = UserForm
    resource_classes = (UserResource,)
    list_display = ("full_name", "email", "role_name", "is_active", "created_at")
    list_filter: tuple[Any, ...] = (RoleFilter, "is_active")
    search_fields = ("sort_name",)
    search_help_text = _("Words of the name, or a part of the email.")
    ordering = ("sort_name", "id")
    sortable_by = ("full_name", "email", "created_at")
    fieldsets = (
        (None, {"fields": ("email", "last_name", "first_name", "middle_name", ("language", "timezone"))}),
        (_("Log-in"), {"fields": ("role", "is_active", ("new_password", "again"))}),
    )

    @admin.display(description=pgettext_lazy("person", "name"), ordering="sort_name")
    def full_name(self, user: User) -> str:
        return str(user)

    @admin.display(description=_("role"))
    def role_name(self, user: User) -> str:
        return str(user.role.label) if user.role else "–"

    def role(self, user: User) -> str:
        """The field of the form, for whoever reads only."""
        return self.role_name(user)

    role.short_description = _("role")  # type: ignore[attr-defined]

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    def get_search_results(self, request: HttpRequest, queryset: UserQuerySet, search_term: str) -> tuple[UserQuerySet, bool]:
        if request.GET.get("field_name") in TEACHER_FIELDS:  # of an autocomplete
            queryset = queryset.with_role(Role.TEACHER) | queryset.with_role(Role.ADMIN)
        return (queryset.matching(search_term) if search_term.strip() else queryset), False

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """A reader has no use for empty password fields."""
        if obj is None or self.has_change_permission(request, obj):
            return super().get_fieldsets(request, obj)
        return (self.fieldsets[0], (_("Log-in"), {"fields": ("role", "is_active")}))

    def has_import_permission(self, request: HttpRequest) -> bool:
        return super().has_import_permission(request) and acting(request).role == Role.ADMIN

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and _may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_delete_permission(request, obj) and _may_touch(request, obj)

    def save_model(self, request: HttpRequest, obj: User, form: UserForm, change: bool) -> None:
        if not change:
            self._create(request, obj, form)
            return
        said = form.said()
        user = services.update_user(acting_user=acting(request), user=stored(obj), **said)
        if "password" in said and user.pk == request.user.pk:
            update_session_auth_hash(request, user)

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        name = str(obj)
        if not _may_touch(request, obj):
            raise ForbiddenError(_("Only a superuser removes %(name)s.") % {"name": name})
        if not services.remove_user(acting_user=acting(request), user=obj):
            request.kept = True  # type: ignore[attr-defined]
            messages.warning(request, _("%(name)s has attendance history, and was deactivated instead.") % {"name": name})

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: str) -> HttpResponse:
        """Django would say that somebody who was kept is gone."""
        if getattr(request, "kept", False):
            return redirect("admin:accounts_user_change", obj_id)
        response: HttpResponse = super().response_delete(request, obj_display, obj_id)
        return response

    def _create(self, request: HttpRequest, obj: User, form: UserForm) -> None:
        profile = {name: form.cleaned_data[name] for name in (*UserForm.Meta.fields, "role")}
        password = form.cleaned_data["new_password"] or None
        services.create_user(acting_user=acting(request), id=obj.pk, password=password, **profile)
        obj._state.adding = False


def _may_touch(request: HttpRequest, user: User | None) -> bool:
    """Whoever sets a superuser's password becomes one."""
    return user is None or not user.is_superuser or bool(request.user.is_superuser)


def permission_name(permission: Permission) -> str:
    """In the reader's language; the name that is stored is in the language of whoever migrated."""
    verb = permission.codename.partition("_")[0]
    return f"{permission.content_type} | {VERBS.get(verb, permission.name)}"


@admin.register(RoleGroup)
class RoleAdmin(SuperuserAdmin):
    """What each role may do. The roles themselves are the system's."""

    list_display = ("role_name",)
    fields = ("role_name", "permissions")
    readonly_fields = ("role_name",)
    filter_horizontal = ("permissions",)
    ordering = ("name",)

    @admin.display(description=_("role"), ordering="name")
    def role_name(self, group: AuthGroup) -> str:
        return str(Role(group.name).label)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).filter(name__in=Role.values)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """With the content types that a permission names itself by, in the same query."""
        queryset = db_field.remote_field.model.objects.select_related("content_type")
        field: Any = super().formfield_for_manytomany(db_field, request, **{**kwargs, "queryset": queryset})
        if field is not None:
            field.label_from_instance = permission_name
        return field


class AccessAttemptAdmin(SuperuserAdmin):
    """Failed log-ins to the admin; deleting a row lets that person try again at once."""

    list_display = ("username", "ip_address", "failures_since_start", "attempt_time")
    search_fields = ("username", "ip_address")
    fields = ("username", "ip_address", "user_agent", "path_info", "failures_since_start", "attempt_time")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)


# Tokens are secrets, the log of accesses is the log's, and a role has a page of its own.
admin.site.unregister([OutstandingToken, BlacklistedToken, AccessLog, AccessFailureLog, AccessAttempt, AuthGroup])
admin.site.register(AccessAttempt, AccessAttemptAdmin)
