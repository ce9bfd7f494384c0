from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from accounts.admin import acting
from accounts.models import User
from accounts.rules import Role, fold
from attendance.admin import (
    HistoryAdmin,
    ScopedAdmin,
    ScopedAutocompleteFilter,
    changes_in,
    in_any_case,
    scoped,
    try_each,
)
from groups.models import Group
from meetings import services
from meetings.models import Meeting, Series
from meetings.querysets import MeetingQuerySet, SeriesQuerySet
from meetings.rules import State

STATE_COLOURS = {State.SCHEDULED: "info", State.OPEN: "success", State.CLOSED: "", State.CANCELLED: "warning"}


class TaughtAdmin(ScopedAdmin):
    """What has a group and a teacher of it."""

    search_fields = ("title", "group__name")
    search_help_text = _("A part of the title or of the group's name.")
    autocomplete_fields: tuple[str, ...] = ("group", "teacher")
    list_select_related = ("group", "teacher")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("group", "teacher")

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> tuple[QuerySet[Any], bool]:
        if text := search_term.strip():
            queryset = queryset.filter(in_any_case("title", text) | Q(group__name_key__contains=fold(text)))
        return queryset, False

    def get_autocomplete_fields(self, request: HttpRequest) -> tuple[str, ...]:
        """Who teaches chooses among the few who teach with them, whom the search for people does not show."""
        return ("group", "teacher") if acting(request).role == Role.ADMIN else ("group",)

    def get_field_queryset(self, db: str | None, db_field: Any, request: HttpRequest) -> QuerySet[Any]:
        if db_field.name == "teacher" and acting(request).role != Role.ADMIN:
            colleagues = Group.teachers.through.objects.filter(group__in=scoped(Group, request).order_by().values("pk"))
            return User.objects.filter(pk__in=colleagues.values("user_id"))
        return super().get_field_queryset(db, db_field, request)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        teacher = {"teacher": acting(request).pk} if acting(request).role == Role.TEACHER else {}
        return {**teacher, **super().get_changeform_initial_data(request)}


@admin.register(Meeting)
class MeetingAdmin(HistoryAdmin, TaughtAdmin):
    list_display: tuple[str, ...] = ("title", "group", "teacher", "starts_at", "ends_at", "state_name")
    list_filter = (
        ("state", ChoicesDropdownFilter),
        ("group", ScopedAutocompleteFilter),
        ("teacher", ScopedAutocompleteFilter),
    )
    date_hierarchy = "local_date"
    ordering = ("-starts_at", "-id")
    sortable_by = ("title", "starts_at", "ends_at")
    fieldsets = (
        (None, {"fields": (("group", "teacher"), ("title", "location"), "starts_at", "ends_at", "note")}),
        (_("State"), {"fields": (("state", "closed_at", "series"),)}),
    )
    readonly_fields = ("state", "closed_at", "series")
    actions: tuple[str, ...] = ("reopen", "cancel")

    @display(description=_("state"), ordering="state", label=STATE_COLOURS)  # type: ignore[untyped-decorator]  # unfold has no types
    def state_name(self, meeting: Meeting) -> tuple[str, str]:
        return meeting.state, meeting.get_state_display()

    def get_fieldsets(self, request: HttpRequest, obj: Meeting | None = None) -> Any:
        return super().get_fieldsets(request, obj) if obj else self.fieldsets[:1]

    def get_readonly_fields(self, request: HttpRequest, obj: Meeting | None = None) -> Any:
        fixed = super().get_readonly_fields(request, obj)
        return (*fixed, "group") if obj and "group" not in fixed else fixed

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name == "teacher":
            field.required = False
            field.help_text = _("Empty: you, where you teach the group, or its only teacher.")
        return field

    def save_model(self, request: HttpRequest, obj: Meeting, form: Any, change: bool) -> None:
        if not change:
            services.create_meeting(acting_user=acting(request), id=obj.pk, **form.cleaned_data)
            obj._state.adding = False
        elif changes := self._changes(form):
            services.update_meeting(acting_user=acting(request), meeting=obj, **changes)

    def delete_model(self, request: HttpRequest, obj: Meeting) -> None:
        services.delete_meeting(acting_user=acting(request), meeting=obj)

    def has_reopen_permission(self, request: HttpRequest) -> bool:
        return self.has_change_permission(request)

    @admin.action(description=_("Reopen the chosen meetings"), permissions=["reopen"])
    def reopen(self, request: HttpRequest, queryset: MeetingQuerySet) -> None:
        try_each(
            request,
            queryset,
            lambda meeting: services.reopen_meeting(acting_user=acting(request), meeting=meeting),
            lambda n: ngettext("%(n)d meeting is open.", "%(n)d meetings are open.", n) % {"n": n},
        )

    @admin.action(description=_("Cancel the chosen meetings"), permissions=["change"])
    def cancel(self, request: HttpRequest, queryset: MeetingQuerySet) -> None:
        try_each(
            request,
            queryset,
            lambda meeting: services.cancel_meeting(acting_user=acting(request), meeting=meeting),
            lambda n: ngettext("%(n)d meeting is cancelled.", "%(n)d meetings are cancelled.", n) % {"n": n},
        )

    def _changes(self, form: Any) -> dict[str, Any]:
        """An emptied teacher says nothing: a meeting has one."""
        return {name: value for name, value in changes_in(form).items() if name != "teacher" or value is not None}


@admin.register(Series)
class SeriesAdmin(TaughtAdmin):
    list_display = ("title", "group", "teacher", "rule", "first_day", "last_day", "starts")
    list_filter = (("group", ScopedAutocompleteFilter), ("teacher", ScopedAutocompleteFilter))
    ordering = ("-first_day", "id")
    date_hierarchy = "first_day"
    sortable_by = ("title", "first_day", "last_day")
    fields = (("group", "teacher"), "title", "location", "rule", ("first_day", "last_day"), ("starts", "minutes"))
    actions = ("schedule",)

    def save_model(self, request: HttpRequest, obj: Series, form: Any, change: bool) -> None:
        services.save_series(acting_user=acting(request), series=obj)

    @admin.action(description=_("Schedule the meetings of the chosen series"), permissions=["change"])
    def schedule(self, request: HttpRequest, queryset: SeriesQuerySet) -> None:
        made: list[Meeting] = []
        try_each(
            request,
            queryset,
            lambda series: made.extend(services.schedule_series(acting_user=acting(request), series=series)),
            lambda n: ngettext("%(n)d meeting scheduled.", "%(n)d meetings scheduled.", len(made)) % {"n": len(made)},
        )
