from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from unfold.decorators import action

from accounts.admin import acting
from accounts.models import User
from attendance.api.fields import DayFormField
from attendance.errors import DomainError
from attendance.timezones import local_date
from attendings.admin.register import LETTERS
from attendings.grid import Cell, Column, Grid, Period, Row, grid_of
from attendings.reports import policy
from attendings.roster import by_name, members_on
from attendings.rules import NEEDED, Policy, Status
from groups.admin import GroupAdmin
from groups.models import Group
from meetings.rules import State

MAX_COLUMNS = 40
MANY_COLUMNS = 24  # from here on a sheet of paper needs the small print

UNMARK_KEYS = "delete backspace"


@dataclass(frozen=True)
class Sign:
    """How a cell is shown and by which keys it becomes so; its share in a percentage, None where it leaves the denominator."""

    letter: str
    label: str
    weight: float | None = 0
    keys: str = ""


@dataclass(frozen=True, slots=True)
class ShownCell:
    look: str
    letter: str
    label: str
    version: int | None  # None: nothing to edit
    counts: bool


@dataclass(frozen=True)
class ShownRow:
    row: Row
    cells: Sequence[ShownCell]


@dataclass(frozen=True)
class Head:
    """The head of a column."""

    column: Column
    day: str
    weekday: str
    month: str
    clock: str
    register_url: str
    roster_url: str

    @property
    def label(self) -> str:
        return f"{self.day}, {self.column.meeting.title}"

    @property
    def is_cancelled(self) -> bool:
        return self.column.meeting.state == State.CANCELLED


class PeriodForm(forms.Form):
    """The days to show, from the address of the page."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label in (("from", gettext_lazy("From")), ("to", gettext_lazy("To"))):  # `from` is no name of a class body
            self.fields[name] = DayFormField(label=label, required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"))

    def period(self, group: Group) -> Period:
        """Raises DomainError or ValidationError for days that no grid shows."""
        if not self.is_valid():
            raise ValidationError([f"{self.fields[name].label}: {text}" for name, texts in self.errors.items() for text in texts])
        said = self.cleaned_data
        return Period.between(said["from"], said["to"], today=local_date(timezone.now(), group.timezone))


class BlankForm(forms.Form):
    columns = forms.IntegerField(label=gettext_lazy("Columns"), required=False, min_value=1, max_value=MAX_COLUMNS)

    def count(self) -> int:
        return (self.is_valid() and self.cleaned_data["columns"]) or 20


class GridAdmin(GroupAdmin):
    """Groups with the grid of their meetings, and a register to fill in by hand."""

    actions_detail = (*GroupAdmin.actions_detail, "grid", "blank_register")

    def has_view_marks_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Asked by name: a permission of Django's would be looked up at every start, even before there are tables."""
        return self.has_view_permission(request) and acting(request).has_perms(NEEDED["roster"])

    @action(description=gettext_lazy("Grid"), url_path="grid", permissions=["view_marks"])  # type: ignore[untyped-decorator]  # unfold has no types
    def grid(self, request: HttpRequest, object_id: str) -> HttpResponse:
        group = self.get_object(request, object_id)
        if group is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        form = PeriodForm(request.GET)
        try:
            shown = _shown(group, grid_of(group, form.period(group)), acting(request))
        except (DomainError, ValidationError) as error:
            faults = error.messages if isinstance(error, ValidationError) else [error.detail]
            return self._page(request, group, "attendings/grid.html", status=400, form=form, faults=faults)
        shown["form"] = PeriodForm(initial={"from": shown["grid"].period.start, "to": shown["grid"].period.end})
        return self._page(request, group, "attendings/grid.html", **shown)

    @action(  # type: ignore[untyped-decorator]  # unfold has no types
        description=gettext_lazy("Blank register"), url_path="grid/blank", permissions=["view_marks"]
    )
    def blank_register(self, request: HttpRequest, object_id: str) -> HttpResponse:
        group = self.get_object(request, object_id)
        if group is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        form = BlankForm(request.GET)
        people = sorted(members_on(group.pk, local_date(timezone.now(), group.timezone)).values(), key=by_name)
        columns = range(form.count())
        form = form if form.errors else BlankForm(initial={"columns": len(columns)})
        status = 400 if form.errors else 200
        template = "attendings/blank_register.html"
        return self._page(request, group, template, status=status, form=form, people=people, columns=columns)

    def _page(self, request: HttpRequest, group: Group, template: str, status: int = 200, **shown: Any) -> HttpResponse:
        context = {**self.admin_site.each_context(request), "group": group, "title": group.name, "is_fullwidth": "1", **shown}
        return TemplateResponse(request, template, context, status=status)


def _shown(group: Group, grid: Grid, reader: User) -> dict[str, Any]:
    may_mark = reader.has_perms(NEEDED["mark"])
    signs = _signs(policy())
    heads = [_head(column, ZoneInfo(group.timezone)) for column in grid.columns]
    rows = [_row(row, heads, signs, may_mark) for row in grid.rows]
    choices = [*Status.values, *(["unmarked"] if reader.has_perms(NEEDED["unmark"]) else [])]
    return {
        "grid": grid,
        "heads": heads,
        "rows": rows,
        "signs": signs,
        "choices": [(look, signs[look]) for look in choices],
        "is_editable": any(cell.version is not None for row in rows for cell in row.cells),
        "is_wide": len(heads) >= MANY_COLUMNS,
        "rule": grid.rows[0].rate.rule if grid.rows else "",
    }


def _signs(weights: Policy) -> Mapping[str, Sign]:
    """In the reader's language, looked up once a page and not once a cell."""
    marks = {
        status.value: Sign(str(letter), str(status.label), weights.weight(status), " ".join(keys))
        for status, (letter, keys) in LETTERS.items()
    }
    rest = {
        "unmarked": Sign("·", _("unmarked"), keys=UNMARK_KEYS),
        "none": Sign("", _("not expected")),
        "off": Sign("", str(State.CANCELLED.label)),
    }
    return marks | rest


def _head(column: Column, zone: ZoneInfo) -> Head:
    meeting = column.meeting
    return Head(
        column,
        day=date_format(meeting.local_date, pgettext("format of a day without its year", "j N")),
        weekday=date_format(meeting.local_date, "D"),
        month=date_format(meeting.local_date, "b"),
        clock=date_format(meeting.starts_at.astimezone(zone), "H:i"),
        register_url=reverse("admin:attendings_register", args=[meeting.pk]),
        roster_url=reverse("register-roster", args=[meeting.pk]),
    )


def _row(row: Row, heads: Sequence[Head], signs: Mapping[str, Sign], may_mark: bool) -> ShownRow:
    name = str(row.user)
    cells = []
    for head, cell in zip(heads, row.cells, strict=True):
        look = _look(cell, head)
        label = f"{name}, {head.label}, {signs[look].label}"
        version = cell.version if may_mark and cell.editable else None
        cells.append(ShownCell(look, signs[look].letter, label, version, counts=cell.expected and cell.held))
    return ShownRow(row, cells)


def _look(cell: Cell, head: Head) -> str:
    if cell.status is not None:
        return cell.status
    return "unmarked" if cell.expected else "off" if head.is_cancelled else "none"


admin.site.unregister(Group)
admin.site.register(Group, GridAdmin)
