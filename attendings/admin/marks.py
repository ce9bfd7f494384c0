from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from accounts.admin import acting
from accounts.models import User
from attendance.admin import HistoryAdmin, ScopedAutocompleteFilter, ServiceForm, changes_in, stored
from attendance.admin_exchange import ExchangeAdmin
from attendance.errors import ConflictError
from attendings import services
from attendings.errors import StaleMarksError
from attendings.exchange import MarkResource
from attendings.models import Attending
from attendings.rules import Method
from attendings.services import MarkInput

SAID = services.SAID


class AttendingForm(ServiceForm):
    """With the version that was seen, so that nobody overwrites what somebody else has marked meanwhile."""

    seen_version = forms.IntegerField(label=_("version"), widget=forms.HiddenInput)

    class Meta:
        model = Attending
        fields = SAID

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["seen_version"] = self.instance.version


@admin.register(Attending)
class AttendingAdmin(ExchangeAdmin, HistoryAdmin):
    form = AttendingForm
    resource_classes = (MarkResource,)
    list_display = ("user", "meeting", "group", "status", "method", "marked_by", "marked_at")
    list_display_links = ("user",)
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("method", ChoicesDropdownFilter),
        ("group", ScopedAutocompleteFilter),
        ("user", ScopedAutocompleteFilter),
    )
    list_select_related = ("user", "meeting", "group", "marked_by")
    search_fields = ("user__sort_name",)
    search_help_text = _("Words of the person's name, or a part of the email.")
    date_hierarchy = "local_date"
    ordering = ("-marked_at", "-id")
    sortable_by = ("marked_at", "status")
    fieldsets = (
        (None, {"fields": ("meeting", "user", "status", "note", ("joined_at", "left_at"), "seen_version")}),
        (_("Marked"), {"fields": ("method", "marked_by", "marked_at", "minutes_late", "walk_in")}),
    )
    readonly_fields = ("meeting", "user", "method", "marked_by", "marked_at", "minutes_late", "walk_in")

    @admin.display(description=_("version"))
    def seen_version(self, mark: Attending) -> int:
        """The hidden field of the form, for whoever reads only."""
        return mark.version

    def get_queryset(self, request: HttpRequest) -> QuerySet[Attending]:
        return super().get_queryset(request).select_related("user", "meeting", "group", "marked_by")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Attending], search_term: str
    ) -> tuple[QuerySet[Attending], bool]:
        if search_term.strip():
            queryset = queryset.filter(user__in=User.objects.matching(search_term).order_by().values("pk"))
        return queryset, False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Marks are made in the register of their meeting, where the roster is."""
        return False

    def save_model(self, request: HttpRequest, obj: Attending, form: Any, change: bool) -> None:
        said = {name: value for name, value in changes_in(form).items() if name in SAID}
        mark = MarkInput(obj.user_id, said, version=form.cleaned_data["seen_version"])
        try:
            services.update_mark(acting_user=acting(request), mark=stored(obj), said=mark, method=Method.MANUAL)
        except StaleMarksError as error:
            raise stale_marks(error.marks) from error

    def delete_model(self, request: HttpRequest, obj: Attending) -> None:
        services.remove_mark(acting_user=acting(request), mark=obj)


def stale_marks(marks: Sequence[Attending]) -> ConflictError:
    """Says whose marks somebody else changed, and to what."""
    unmarked = _("unmarked")
    now = ", ".join(f"{mark.user} ({mark.get_status_display() or unmarked})" for mark in marks)
    text = _("Somebody changed these marks in the meantime: %(marks)s. Nothing was stored; load the page again.")
    return ConflictError(text % {"marks": now}, code="stale_version")
