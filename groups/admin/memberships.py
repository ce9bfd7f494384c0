from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.contrib.filters.admin import RangeDateFilter

from accounts.admin import acting
from accounts.models import User
from accounts.rules import Role
from attendance.admin import HistoryAdmin, ScopedAutocompleteFilter, stored, try_each
from attendance.admin_exchange import ExchangeAdmin
from groups import services
from groups.exchange import MembershipResource
from groups.models import Membership


@admin.register(Membership)
class MembershipAdmin(ExchangeAdmin, HistoryAdmin):
    resource_classes = (MembershipResource,)
    list_display = ("user", "group", "joined_on", "left_on")
    list_display_links = ("user",)
    list_filter = (
        ("group", ScopedAutocompleteFilter),
        ("user", ScopedAutocompleteFilter),
        ("joined_on", RangeDateFilter),
        ("left_on", RangeDateFilter),
    )
    list_select_related = ("user", "group")
    search_fields = ("user__sort_name",)
    search_help_text = _("Words of the person's name, or a part of the email.")
    date_hierarchy = "joined_on"
    ordering = ("-joined_on", "-id")
    sortable_by = ("joined_on", "left_on")
    fields = ("group", "user", "joined_on", "left_on")
    autocomplete_fields = ("group", "user")
    actions = ("end_today",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        return super().get_queryset(request).select_related("user", "group")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Membership], search_term: str
    ) -> tuple[QuerySet[Membership], bool]:
        if search_term.strip():
            queryset = queryset.filter(user__in=User.objects.matching(search_term).order_by().values("pk"))
        return queryset, False

    def get_readonly_fields(self, request: HttpRequest, obj: Membership | None = None) -> Any:
        """Whose stay it is, and where, is what it is: somebody else's is another one."""
        return super().get_readonly_fields(request, obj) if obj is None or _is_past(request) else ("group", "user")

    def has_import_permission(self, request: HttpRequest) -> bool:
        """A file names people by their emails; a teacher has the page of the group, which tells no names."""
        return super().has_import_permission(request) and acting(request).role == Role.ADMIN

    def has_delete_permission(self, request: HttpRequest, obj: Membership | None = None) -> bool:
        """A stay is ended: percentages of the past rest on it."""
        return False

    def save_model(self, request: HttpRequest, obj: Membership, form: Any, change: bool) -> None:
        said = form.cleaned_data
        if change:
            dates = {"joined_on": said["joined_on"], "left_on": said["left_on"]}
            services.update_membership(acting_user=acting(request), membership=stored(obj), **dates)
            return
        new = services.NewMember(said["user"].pk, said["joined_on"], said["left_on"])
        obj.pk = services.add_members(acting_user=acting(request), group=said["group"], members=[new])[0].pk
        obj._state.adding = False

    @admin.action(description=_("End the chosen memberships today"), permissions=["change"])
    def end_today(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        try_each(
            request,
            queryset,
            lambda stay: services.end_membership(acting_user=acting(request), membership=stay),
            lambda n: ngettext("%(n)d membership ended.", "%(n)d memberships ended.", n) % {"n": n},
        )


def _is_past(request: HttpRequest) -> bool:
    return bool(getattr(request, "is_past", False))
