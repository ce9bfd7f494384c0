from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from accounts.admin import acting
from accounts.models import User
from attendance.admin import HistoryAdmin, ScopedAutocompleteFilter, ServiceForm, changes_in, labels, stored, try_each
from attendance.admin_rows import RowForm, RowFormSet, RowInline
from attendance.db.transactions import atomic
from attendance.errors import ConflictError, InvalidError
from attendings import services
from attendings.errors import StaleMarksError
from attendings.models import Attending
from attendings.roster import roster_of
from attendings.rules import Method, Status
from attendings.services import MarkInput
from meetings.admin import MeetingAdmin
from meetings.models import Meeting
from meetings.querysets import MeetingQuerySet
from meetings.rules import takes_marks

SAID = ("status", "note", "joined_at", "left_at")


class Moment(forms.DateTimeField):
    """One input with the browser's own picker; what it was shown as comes back with it."""

    def __init__(self, label: Any) -> None:
        picker = UnfoldAdminTextInputWidget(attrs={"type": "datetime-local", "step": 1, "class": "min-w-52"})
        super().__init__(label=label, required=False, show_hidden_initial=True, widget=picker)

    def prepare_value(self, value: Any) -> Any:
        value = super().prepare_value(value)
        return value.strftime("%Y-%m-%dT%H:%M:%S") if hasattr(value, "strftime") else value


class MarkForm(RowForm):
    """One person's row. The hidden initial values tell what this visitor changed from what somebody else did meanwhile."""

    user = forms.UUIDField(required=False, widget=forms.HiddenInput)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    status = forms.ChoiceField(
        label=_("status"),
        required=False,
        show_hidden_initial=True,
        choices=[("", "–"), *labels(Status.choices)],
        widget=UnfoldAdminSelectWidget(attrs={"class": "min-w-36"}),
    )
    note = forms.CharField(
        label=_("note"), required=False, show_hidden_initial=True, max_length=1000, widget=UnfoldAdminTextInputWidget
    )
    joined_at = Moment(_("came"))
    left_at = Moment(_("left"))
    edited = SAID

    class Meta:
        model = Attending
        fields: tuple[str, ...] = ()

    def clean(self) -> dict[str, Any]:
        if self.has_changed() and self.instance.user_id is None:
            self.add_error(None, _("This person is not on the roster any more; load the page again."))
        elif self.has_changed() and not self.cleaned_data.get("status") and "status" not in self.changed_data:
            self.add_error("status", _("Say how they attended."))
        return self.cleaned_data

    @property
    def is_blanked(self) -> bool:
        return "status" in self.changed_data and not self["status"].data

    def mark(self) -> MarkInput:
        return MarkInput(self.instance.user_id, self.said(), version=self.cleaned_data["version"])


class MarkFormSet(RowFormSet):
    """Everyone expected at the meeting, stored by one mark_roster; a blanked row's mark is removed."""

    key = "user"
    rows_prefix = "marks"

    def read_rows(self) -> list[tuple[Attending, dict[str, Any]]]:
        return [self._row(row.user, row.mark) for row in roster_of(self.instance).rows]

    def needed(self, form: Any) -> set[str]:
        """As the register of the REST interface has it."""
        return {"change", "delete"} if form.is_blanked else {"add", "change"}

    def save(self, commit: bool = True) -> None:
        changed = self.changed_forms()
        blanked = [form for form in changed if form.is_blanked]
        marked = [form for form in changed if not form.is_blanked]
        with atomic():
            self._remove(blanked)
            self._mark(marked)
        self.changed_objects += [(form.instance, form.changed_data) for form in marked]
        self.deleted_objects += [form.instance for form in blanked]

    def _row(self, user: User, mark: Attending | None) -> tuple[Attending, dict[str, Any]]:
        row = mark or Attending.at(self.instance, user=user, version=0)
        said = {name: getattr(row, name) for name in SAID} if mark else {}
        return row, {"user": user.pk, "version": row.version, **said}

    def _mark(self, changed: list[MarkForm]) -> None:
        if not changed:
            return
        marks = [form.mark() for form in changed]
        try:
            services.mark_roster(acting_user=acting(self.request), meeting=self.instance, marks=marks, method=Method.MANUAL)
        except StaleMarksError as error:
            raise _stale(error.marks or [form.instance for form in changed]) from error
        except InvalidError as error:
            raise InvalidError(_named(error, changed)) from error

    def _remove(self, blanked: list[MarkForm]) -> None:
        stale = [form.instance for form in blanked if form.cleaned_data["version"] != form.instance.version]
        if stale:
            raise _stale(stale)
        for form in blanked:
            services.remove_mark(acting_user=acting(self.request), mark=form.instance)


def _stale(marks: Sequence[Attending]) -> ConflictError:
    """Says whose marks somebody else changed, and to what."""
    unmarked = _("unmarked")
    now = ", ".join(f"{mark.user} ({mark.get_status_display() or unmarked})" for mark in marks)
    text = _("Somebody changed these marks in the meantime: %(marks)s. Nothing was stored; load the page again.")
    return ConflictError(text % {"marks": now}, code="stale_version")


def _named(error: InvalidError, changed: list[MarkForm]) -> str:
    """`marks/3/left_at: text` as `name: text`."""
    faults = [(changed[int(path.split("/")[1])], text) for path, text in error.fields.items()]
    return " ".join(f"{form.instance.user}: {text}" for form, text in faults) or error.detail


class MarkInline(RowInline):
    model = Attending
    row_form = MarkForm
    row_formset = MarkFormSet
    fields = ("person", *SAID, "version")
    verbose_name_plural = _("register")

    @admin.display(description=pgettext_lazy("member", "person"))
    def person(self, mark: Attending) -> str:
        return str(mark.user)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[tuple[None, dict[str, Any]]]:
        shown = self.fields if self._editable(request, obj) else ("person", *SAID)
        return [(None, {"fields": shown})]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("person",) if self._editable(request, obj) else ("person", *SAID)

    def has_add_permission(self, request: HttpRequest, obj: Any) -> bool:
        """The rows are the roster's."""
        return False

    def _editable(self, request: HttpRequest, meeting: Meeting | None) -> bool:
        allowed = self.has_change_permission(request, meeting) and super().has_add_permission(request, meeting)
        return bool(allowed and meeting is not None and takes_marks(meeting.state))


class RegisterAdmin(MeetingAdmin):
    """Meetings with their register, and its closing."""

    inlines = (MarkInline,)
    actions = ("close", *MeetingAdmin.actions)

    def get_inlines(self, request: HttpRequest, obj: Meeting | None) -> tuple[Any, ...]:
        return self.inlines if obj else ()

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        formset.save()

    def has_close_permission(self, request: HttpRequest) -> bool:
        """As in the REST interface, this and reopening are for who may mark."""
        needed = ("attendings.add_attending", "attendings.change_attending")
        return self.has_change_permission(request) and acting(request).has_perms(needed)

    def has_reopen_permission(self, request: HttpRequest) -> bool:
        return super().has_reopen_permission(request) and acting(request).has_perm("attendings.change_attending")

    @admin.action(description=_("Close the chosen meetings: unmarked becomes absent"), permissions=["close"])
    def close(self, request: HttpRequest, queryset: MeetingQuerySet) -> None:
        try_each(
            request,
            queryset,
            lambda meeting: services.close_meeting(acting_user=acting(request), meeting=meeting),
            lambda n: ngettext("%(n)d meeting is closed.", "%(n)d meetings are closed.", n) % {"n": n},
        )


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
class AttendingAdmin(HistoryAdmin):
    form = AttendingForm
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
            raise _stale(error.marks) from error

    def delete_model(self, request: HttpRequest, obj: Attending) -> None:
        services.remove_mark(acting_user=acting(request), mark=obj)


admin.site.unregister(Meeting)
admin.site.register(Meeting, RegisterAdmin)
