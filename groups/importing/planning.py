"""What an import would do, row by row, decided before anything is stored.

A careful administrator's rules. The email says who somebody is; a known email under another name is refused, nobody is renamed.
A known membership that begins on another day is reported and stays. What merely looks wrong (a man's patronymic after a woman's
surname, an email that reads like somebody else) is imported with a remark, to be looked at before `--apply`.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from django.core.exceptions import ValidationError
from django.db.models import TextChoices
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.rules import fold
from attendance.timezones import local_date
from groups.importing.reading import COLUMNS, REQUIRED, ClassList, Row
from groups.importing.spelling import genders_differ, strange_emails
from groups.models import Group, Membership
from groups.rules import overlap

BATCH = 1000  # values in one IN: every engine takes so many
YEARS = range(1950, 2101)


class Outcome(TextChoices):
    NEW_PERSON = "new_person", gettext_lazy("new person")
    NEW_MEMBERSHIP = "new_membership", gettext_lazy("new membership")
    THERE = "there", gettext_lazy("there already")
    REPEAT = "repeat", gettext_lazy("repeat")
    BAD = "bad", gettext_lazy("bad row")


@dataclass(frozen=True)
class Entry:
    """A sound row. `joined_on` is the first day of the membership."""

    number: int
    last_name: str
    first_name: str
    middle_name: str
    email: str
    group: str
    joined_on: date | None

    @property
    def names(self) -> tuple[str, str, str]:
        return fold(self.last_name), fold(self.first_name), fold(self.middle_name)

    @property
    def place(self) -> tuple[str, str]:
        """The person and the group, as both are compared."""
        return self.email, fold(self.group)


@dataclass(frozen=True)
class Step:
    """What becomes of one row: `reason` says why nothing does, `remarks` what to look at. A bad row may have no entry."""

    number: int
    outcome: Outcome
    entry: Entry | None = None
    reason: str = ""
    remarks: tuple[str, ...] = ()

    def refused(self, reason: str) -> Step:
        return replace(self, outcome=Outcome.BAD, reason=reason)


@dataclass(frozen=True)
class Counts:
    rows: int
    people_new: int
    memberships_new: int
    there: int
    repeats: int
    bad: int


def counts(steps: Sequence[Step]) -> Counts:
    by = Counter(step.outcome for step in steps)
    new = by[Outcome.NEW_PERSON] + by[Outcome.NEW_MEMBERSHIP]
    return Counts(len(steps), by[Outcome.NEW_PERSON], new, by[Outcome.THERE], by[Outcome.REPEAT], by[Outcome.BAD])


@dataclass(frozen=True)
class _Person:
    names: tuple[str, str, str]
    active: bool = True
    line: int | None = None  # of the file, where that is what we know them from


@dataclass(frozen=True)
class _Stay:
    joined_on: date
    left_on: date | None = None
    line: int | None = None


@dataclass
class _Known:
    """What is stored, and what earlier rows of the file say."""

    people: dict[str, _Person] = field(default_factory=dict)
    stays: dict[tuple[str, str], list[_Stay]] = field(default_factory=lambda: defaultdict(list))
    timezones: dict[str, str] = field(default_factory=dict)

    def learn(self, entry: Entry) -> None:
        assert entry.joined_on is not None  # noqa: S101 - _dated saw to it
        self.people.setdefault(entry.email, _Person(entry.names, line=entry.number))
        if not any(stay.joined_on == entry.joined_on for stay in self.stays[entry.place]):
            self.stays[entry.place].append(_Stay(entry.joined_on, line=entry.number))


def make_plan(class_list: ClassList, *, timezone_name: str) -> list[Step]:
    """One step for each row. `timezone_name` is that of the groups yet to be made. Queries grow by the thousand rows."""
    readings = [_entry(row) for row in class_list.rows]
    entries = [reading for reading in readings if isinstance(reading, Entry)]
    known = _load(entries)
    strange = strange_emails((entry.email, entry.last_name) for entry in entries)
    seen: dict[tuple[str, str, date | None], int] = {}
    steps = []
    for reading in readings:
        step = reading if isinstance(reading, Step) else _decide(_dated(reading, known, timezone_name), known, seen)
        steps.append(_with_remarks(step, known, strange))
    return steps


def _entry(row: Row) -> Entry | Step:
    """The row as an entry, or the step that says why it is none."""
    cells = {name: row.cells.get(name, "") for name in COLUMNS}
    joined_on, fault = _day(cells["joined_on"])
    entry = Entry(row.number, **{**cells, "email": cells["email"].lower(), "joined_on": joined_on})  # type: ignore[arg-type]
    faults = [row.fault] if row.fault else [*_empty(cells), *_unfit(entry), *([fault] if fault else [])]
    return Step(row.number, Outcome.BAD, entry, reason=" ".join(faults)) if faults else entry


def _empty(cells: dict[str, str]) -> Iterator[str]:
    for name in REQUIRED:
        if not cells[name]:
            yield _("%(column)s is missing.") % {"column": COLUMNS[name][0]}


def _unfit(entry: Entry) -> Iterator[str]:
    """What the models say of the values that are there."""
    person = User(email=entry.email, first_name=entry.first_name, last_name=entry.last_name, middle_name=entry.middle_name)
    named = {"email", "first_name", "last_name", "middle_name"}
    yield from _faults(person, {name for name in named if getattr(entry, name)})
    if entry.group:
        yield from _faults(Group(name=entry.group), {"name"}, called="group")


def _faults(instance: User | Group, names: set[str], called: str = "") -> Iterator[str]:
    try:
        instance.clean_fields(exclude={each.name for each in instance._meta.fields} - names)
    except ValidationError as error:
        for name, texts in error.message_dict.items():
            yield f"{COLUMNS[called or name][0]}: {' '.join(texts)}"


def _day(text: str) -> tuple[date | None, str]:
    """A date as DD.MM.YYYY or ISO, None where there is none; and what is wrong with it."""
    parts = re.fullmatch(r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})|(?P<Y>\d{4})-(?P<M>\d\d)-(?P<D>\d\d)", text, re.ASCII)
    if not text:
        return None, ""
    if parts is None:
        return None, _("%(text)s is not a date such as 01.09.2026 or 2026-09-01.") % {"text": text}
    year, month, day = (int(parts[name] or parts[name.swapcase()]) for name in "ymd")
    try:
        if year in YEARS:
            return date(year, month, day), ""
    except ValueError:
        return None, _("There is no such day as %(text)s.") % {"text": text}
    return None, _("%(text)s cannot be meant: the year.") % {"text": text}


def _load(entries: Sequence[Entry]) -> _Known:
    known = _Known()
    for emails in _batches({entry.email for entry in entries}):
        people = User.objects.filter(email__in=emails).order_by()
        for email, active, *names in people.values_list("email", "is_active", "last_name", "first_name", "middle_name"):
            known.people[email] = _Person((fold(names[0]), fold(names[1]), fold(names[2])), active)
        stays = Membership.objects.filter(user__email__in=emails).order_by()
        for email, key, joined_on, left_on in stays.values_list("user__email", "group__name_key", "joined_on", "left_on"):
            known.stays[email, key].append(_Stay(joined_on, left_on))
    for keys in _batches({fold(entry.group) for entry in entries}):
        known.timezones |= dict(Group.objects.filter(name_key__in=keys).order_by().values_list("name_key", "timezone"))
    return known


def _batches(values: Iterable[str]) -> Iterator[list[str]]:
    ordered = sorted(values)
    return (ordered[i : i + BATCH] for i in range(0, len(ordered), BATCH))


def _dated(entry: Entry, known: _Known, timezone_name: str) -> Entry:
    """Without a day: since whenever the person has been in the group, or else from today where the group is."""
    if entry.joined_on is not None:
        return entry
    today = local_date(timezone.now(), known.timezones.get(fold(entry.group), timezone_name))
    lasting = [stay.joined_on for stay in known.stays.get(entry.place, []) if stay.left_on is None or stay.left_on >= today]
    return replace(entry, joined_on=min(lasting, default=today))


def _decide(entry: Entry, known: _Known, seen: dict[tuple[str, str, date | None], int]) -> Step:
    step = Step(entry.number, Outcome.NEW_MEMBERSHIP, entry)
    person = known.people.get(entry.email)
    if person is not None and (reason := _not_them(entry, person)):
        return step.refused(reason)
    key = (*entry.place, entry.joined_on)
    if key in seen:
        return replace(step, outcome=Outcome.REPEAT, reason=_("Says what line %(line)d says.") % {"line": seen[key]})
    stays = known.stays.get(entry.place, [])
    if any(stay.joined_on == entry.joined_on for stay in stays):
        step = replace(step, outcome=Outcome.THERE)
    elif reason := _clash(entry, stays):
        return step.refused(reason)
    elif person is None:
        step = replace(step, outcome=Outcome.NEW_PERSON)
    seen[key] = entry.number
    known.learn(entry)
    return step


def _not_them(entry: Entry, person: _Person) -> str:
    """Why the row cannot be about the person with its email. A patronymic left out on one side is no difference."""
    differs = person.names[:2] != entry.names[:2] or len({person.names[2], entry.names[2]} - {""}) > 1
    if differs and person.line:
        return _("This email belongs to another name in line %(line)d.") % {"line": person.line}
    if differs:
        return _("This email belongs to a person with another name; nobody is renamed by an import.")
    return "" if person.active else _("This person is deactivated; activate them first.")


def _clash(entry: Entry, stays: Sequence[_Stay]) -> str:
    """Why a stay from `joined_on` on does not go with those known."""
    assert entry.joined_on is not None  # noqa: S101 - _dated saw to it
    for stay in stays:
        if overlap((entry.joined_on, None), (stay.joined_on, stay.left_on)):
            since = {"day": stay.joined_on.isoformat(), "line": stay.line}
            if stay.line:
                return _("In this group from %(day)s according to line %(line)d; this row says another day.") % since
            return _("In this group from %(day)s already; the import does not change that day.") % since
    return ""


def _with_remarks(step: Step, known: _Known, strange: set[str]) -> Step:
    if step.entry is None or step.outcome in {Outcome.BAD, Outcome.REPEAT}:
        return step
    entry, remarks = step.entry, []
    if genders_differ(entry.last_name, entry.middle_name):
        remarks.append(_("Surname and patronymic are of different genders."))
    if entry.email in strange:
        remarks.append(_("The email does not read like the surname, as the others do: is it theirs?"))
    if entry.names[2] and not known.people[entry.email].names[2]:
        remarks.append(_("The patronymic is not stored yet and the import does not add it."))
    return replace(step, remarks=tuple(remarks))
