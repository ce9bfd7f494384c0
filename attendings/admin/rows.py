from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from accounts.admin import acting
from accounts.models import User
from attendance.admin import labels
from attendance.admin_rows import RowForm, RowFormSet, RowInline
from attendance.db.transactions import atomic
from attendance.errors import ConflictError, InvalidError
from attendings import services
from attendings.errors import StaleMarksError
from attendings.models import Attending
from attendings.roster import roster_of
from attendings.rules import Method, Status
from attendings.services import MarkInput
from meetings.models import Meeting
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
            raise stale_marks(error.marks or [form.instance for form in changed]) from error
        except InvalidError as error:
            raise InvalidError(_named(error, changed)) from error

    def _remove(self, blanked: list[MarkForm]) -> None:
        stale = [form.instance for form in blanked if form.cleaned_data["version"] != form.instance.version]
        if stale:
            raise stale_marks(stale)
        for form in blanked:
            services.remove_mark(acting_user=acting(self.request), mark=form.instance)


def stale_marks(marks: Sequence[Attending]) -> ConflictError:
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
