"""A class list as schools export it: Russian or English headers, semicolons, commas or tabs, UTF-8 or Windows-1251."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.rules import fold
from attendance.errors import InvalidError

MAX_BYTES = 20_000_000
MAX_ROWS = 50_000
DELIMITERS = ";,\t"

# The first name of each column is how messages name it; all are compared folded, with `_` and `-` as a space.
COLUMNS: dict[str, tuple[str, ...]] = {
    "last_name": ("Фамилия", "last_name", "surname", "family name"),
    "first_name": ("Имя", "first_name", "given name"),
    "middle_name": ("Отчество", "middle_name", "patronymic"),
    "email": ("E-mail", "email", "Почта", "Эл. почта", "Электронная почта", "Адрес электронной почты"),
    "group": ("Группа", "group", "class", "Класс", "Учебная группа"),
    "joined_on": ("Зачислен", "joined_on", "joined", "enrolled", "Зачислена", "Дата зачисления"),
}
REQUIRED = ("last_name", "first_name", "email", "group")


class UnreadableListError(InvalidError):
    """The file as a whole is no class list; `detail` says why."""


@dataclass(frozen=True)
class Row:
    """One line of the file below the header. `number` counts the lines of the file from 1; a `fault` leaves no cells."""

    number: int
    cells: Mapping[str, str] = field(default_factory=dict)
    fault: str = ""


@dataclass(frozen=True)
class ClassList:
    rows: tuple[Row, ...]
    delimiter: str


def read_file(path: Path) -> ClassList:
    """Raises UnreadableListError for a file that cannot be opened, is too large, is no text or has no header of a class list."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UnreadableListError(_("The file cannot be read: %(reason)s.") % {"reason": error.strerror or error}) from error
    if len(data) > MAX_BYTES:
        raise UnreadableListError(_("The file is larger than %(megabytes)d MB.") % {"megabytes": MAX_BYTES // 1_000_000})
    return parse(data)


def parse(data: bytes) -> ClassList:
    """Raises UnreadableListError as read_file does."""
    # Every line is parsed alone: a quotation mark that nobody closed spoils its own row and not all that follow.
    lines = [(i, line) for i, line in enumerate(re.split(r"\r\n|\n|\r", _decoded(data)), start=1) if line.strip()]
    if not lines:
        raise UnreadableListError(_("The file is empty."))
    if len(lines) - 1 > MAX_ROWS:
        raise UnreadableListError(_("The file has more than %(rows)d rows.") % {"rows": MAX_ROWS})
    delimiter, columns = _header(lines[0][1])
    return ClassList(tuple(_rows(lines[1:], delimiter, columns)), delimiter)


def _decoded(data: bytes) -> str:
    """UTF-8, else Windows-1251. Composed, since some systems write й as и and a breve."""
    for encoding in ("utf-8-sig", "cp1251"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return unicodedata.normalize("NFC", text)
    raise UnreadableListError(_("This is not a text file in UTF-8 or Windows-1251; save the list as CSV."))


def _header(line: str) -> tuple[str, list[str | None]]:
    """The delimiter under which most columns are known, and the columns. Raises UnreadableListError naming what is missing."""
    readings = {delimiter: _columns(line, delimiter) for delimiter in DELIMITERS}
    delimiter = max(readings, key=lambda each: sum(name is not None for name in readings[each]))
    columns = readings[delimiter]
    missing = [f"{COLUMNS[name][0]} ({name})" for name in REQUIRED if name not in columns]
    if missing:
        text = ngettext("The header lacks the column %(names)s.", "The header lacks the columns %(names)s.", len(missing))
        raise UnreadableListError(text % {"names": ", ".join(missing)})
    twice = sorted({name for name in columns if name and columns.count(name) > 1})
    if twice:
        raise UnreadableListError(_("The header has the column %(name)s twice.") % {"name": COLUMNS[twice[0]][0]})
    return delimiter, columns


def _columns(line: str, delimiter: str) -> list[str | None]:
    known = {_key(title): name for name, titles in COLUMNS.items() for title in titles}
    return [known.get(_key(title)) for title in next(csv.reader([line], delimiter=delimiter))]


def _key(title: str) -> str:
    return fold(re.sub(r"[_\-]", " ", title))


def _rows(lines: Sequence[tuple[int, str]], delimiter: str, columns: Sequence[str | None]) -> Iterator[Row]:
    for number, line in lines:
        try:
            cells = [" ".join(cell.split()) for cell in next(csv.reader([line], delimiter=delimiter, strict=True))]
        except csv.Error:
            yield Row(number, fault=_("The quotation marks do not pair up."))
            continue
        if any(cells):
            yield _row(number, cells, columns)


def _row(number: int, cells: Sequence[str], columns: Sequence[str | None]) -> Row:
    if any(cells[len(columns) :]):
        return Row(number, fault=_("There are more cells than the header has columns."))
    return Row(number, {name: cell for name, cell in zip(columns, cells, strict=False) if name})
