"""Tables in files, in and out: what the apps' resources share.

A file is read first, row by row. What it says then goes to the services, all of it or none; for a preview each part is tried and undone.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO, StringIO
from typing import Any
from zipfile import ZipFile

import openpyxl
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import transaction
from django.db.models import TextChoices
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from import_export.fields import Field
from import_export.formats.base_formats import CSV, XLSX
from import_export.resources import ModelResource
from import_export.results import Error, Result, RowResult
from import_export.tmp_storages import CacheStorage
from import_export.widgets import Widget
from tablib import Dataset

from attendance.db.transactions import atomic, retried
from attendance.errors import DomainError, InvalidError

MAX_ROWS = 2_000  # of a file that is imported: a minute at most, which is how long MongoDB lets a transaction last
MAX_EXPORTED_ROWS = 100_000
MAX_UNPACKED_BYTES = 50_000_000  # a small archive can hold an endless sheet
MAX_FAULTS_A_PART = 20  # a service names the first fault of some kinds alone; it is asked again without that row
DELIMITERS = ",;\t"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def neutral(cell: Any) -> Any:
    """A text that no spreadsheet takes for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) else cell


def plain(cell: Any) -> Any:
    """What `neutral` was given."""
    return cell[1:] if isinstance(cell, str) and cell[:1] == "'" and cell[1:].startswith(FORMULA_STARTS) else cell


class CSVFile(CSV):
    """UTF-8 or the Windows-1251 of a Russian Excel, with commas, semicolons or tabs."""

    def create_dataset(self, in_stream: bytes, **kwargs: Any) -> Dataset:
        try:
            text = in_stream.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = in_stream.decode("cp1251")
        header = text.partition("\n")[0]
        return dataset_of(csv.reader(StringIO(text, newline=""), delimiter=max(DELIMITERS, key=header.count)))


class XLSXFile(XLSX):
    """The first sheet of a workbook."""

    def create_dataset(self, in_stream: bytes, **kwargs: Any) -> Dataset:
        with ZipFile(BytesIO(in_stream)) as archive:
            if sum(part.file_size for part in archive.infolist()) > MAX_UNPACKED_BYTES:
                raise InvalidError(_("The workbook is too large."))
        book = openpyxl.load_workbook(BytesIO(in_stream), read_only=True, data_only=True)
        return dataset_of(book.worksheets[0].iter_rows(values_only=True))


def dataset_of(rows: Iterable[Sequence[Any]]) -> Dataset:
    """Rows under their header; blank ones are left out. Raises InvalidError for too many, and for one that is too long."""
    lines = iter(rows)
    headers = ["" if name is None else str(name).strip().lower() for name in next(lines, [])]
    while headers and not headers[-1]:
        headers.pop()
    dataset = Dataset(headers=headers)
    for number, line in enumerate(lines, start=2):
        cells = [plain(cell) for cell in line]
        if any(cell not in (None, "") for cell in cells):
            _append(dataset, number, cells)
    return dataset


def _append(dataset: Dataset, number: int, cells: list[Any]) -> None:
    if len(dataset) == MAX_ROWS:
        raise InvalidError(_("The file has more than %(n)d rows; divide it.") % {"n": MAX_ROWS})
    if any(cell not in (None, "") for cell in cells[dataset.width :]):
        raise InvalidError(_("Line %(n)d has more cells than the header.") % {"n": number})
    dataset.append((cells + [""] * dataset.width)[: dataset.width])


class UploadGoneError(InvalidError):
    """The file that was previewed is not kept any more."""


class UploadStorage(CacheStorage):
    """The previewed file until it is confirmed, where every worker finds it; its name cannot be guessed."""

    CACHE_LIFETIME = 3600
    CACHE_PREFIX = "upload-"

    def read(self) -> bytes:
        data: bytes | None = super().read()
        if data is None:
            raise UploadGoneError(_("The file is not kept any more; choose it again."))
        return data


class Text(Widget):
    def __init__(self, longest: int | None = None) -> None:
        super().__init__()
        self.longest = longest

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        text = self.text(value)
        if self.longest is not None and len(text) > self.longest:
            raise ValueError(_("No more than %(n)d characters.") % {"n": self.longest})
        return text

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return "" if value is None else str(value)

    @staticmethod
    def text(value: Any) -> str:
        return "" if value is None else str(value).strip()


class KeptText(Text):
    """An empty cell leaves what there is: give the field saves_null_values=False."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        return super().clean(value, row, **kwargs) or None


class Choice(KeptText):
    """A value, or the word for it in the reader's language."""

    def __init__(self, choices: type[TextChoices]) -> None:
        super().__init__()
        self.choices = choices

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        said = super().clean(value, row, **kwargs)
        known = {text.lower(): one.value for one in self.choices for text in (str(one.label), one.value)}
        if said is not None and said.lower() not in known:
            raise ValueError(_("Must be one of: %(values)s.") % {"values": ", ".join(self.choices.values)})
        return said if said is None else known[said.lower()]


class YesNo(KeptText):
    WORDS = {"true": True, "1": True, "yes": True, "да": True, "false": False, "0": False, "no": False, "нет": False}

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        said = super().clean(value, row, **kwargs)
        if said is not None and said.lower() not in self.WORDS:
            raise ValueError(_("Must be true or false."))
        return said if said is None else self.WORDS[said.lower()]

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return super().render(value, obj, **kwargs).lower()


class Day(Text):
    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> date | None:
        if isinstance(value, datetime):
            return value.date()
        text = self.text(value)
        for form in ("%Y-%m-%d", "%d.%m.%Y"):
            try:
                return datetime.strptime(text, form).date() if text else None  # noqa: DTZ007 - a day has no time zone
            except ValueError:
                continue
        raise ValueError(_("Write the day as 2026-09-01."))


class Moment(Text):
    """With its distance from UTC, in the time zone of whoever exports."""

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return localtime(value).isoformat() if value else ""


def column(name: str, attribute: str = "", widget: Widget | None = None, **options: Any) -> Field:
    return Field(attribute=attribute or name, column_name=name, widget=widget or Text(), **options)


def key(name: str, attribute: str = "", widget: Widget | None = None) -> Field:
    """By which the resource itself finds what a row is about."""
    return column(name, attribute, widget, readonly=True)


@dataclass(frozen=True, eq=False)
class Line:
    """A row that says something new, and the object as it would then be."""

    number: int
    row: dict[str, Any]
    instance: Any
    is_new: bool


class RefusedError(Exception):
    """What services refused, by the numbers of the rows."""

    def __init__(self, faults: dict[int, dict[str, list[str]]]) -> None:
        super().__init__()
        self.faults = faults


@contextmanager
def about(lines: Sequence[Line]) -> Iterator[None]:
    """A service is called with these: its paths (`3/user`, `marks/3/note`) count them."""
    try:
        yield
    except DomainError as error:
        raise RefusedError(_faults(error, lines)) from error


def _faults(error: DomainError, lines: Sequence[Line]) -> dict[int, dict[str, list[str]]]:
    faults: dict[int, dict[str, list[str]]] = {}
    for path, text in error.fields.items():
        index = next((int(part) for part in path.split("/") if part.isdecimal()), 0)
        faults.setdefault(lines[index].number, {}).setdefault(path.rpartition("/")[2], []).append(text)
    return faults or {line.number: {NON_FIELD_ERRORS: [error.detail]} for line in lines}


class FileError(Error):
    """Of the file as a whole. The page would show where in the code it was found."""

    traceback = ""


class ServiceResource(ModelResource):
    """Says how a row is read (`get_or_init_instance`), which rows belong together (`parts`) and which service stores them (`store`)."""

    required: tuple[str, ...] = ()
    export_only: frozenset[str] = frozenset()

    class Meta:
        skip_unchanged = True
        report_skipped = True
        chunk_size = 2000

    def __init__(self, acting_user: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.acting_user = acting_user
        self.lines: list[Line] = []

    def parts(self, lines: Sequence[Line]) -> list[list[Line]]:
        """No part depends on another being stored."""
        raise NotImplementedError

    def store(self, lines: Sequence[Line]) -> None:
        """One part, each call of a service inside `about`. It may be run more than once."""
        raise NotImplementedError

    def import_data(self, dataset: Dataset, dry_run: bool = False, **kwargs: Any) -> Result:
        if missing := [name for name in self.required if name not in (dataset.headers or [])]:
            result = Result()
            text = _("The file has no column %(names)s.") % {"names": ", ".join(missing)}
            result.append_base_error(FileError(InvalidError(text)))
            return result
        result = self._read(dataset, **kwargs)
        if dry_run:
            self._report(result, self._try_parts())
        elif not result.has_validation_errors():
            self._report(result, retried(self._store_all))
        return result

    def _read(self, dataset: Dataset, **kwargs: Any) -> Result:
        said = {name: value for name, value in kwargs.items() if name in {"user", "file_name", "retain_instance_in_row_result"}}
        return self.import_data_inner(
            dataset, dry_run=True, raise_errors=False, using_transactions=False, collect_failed_rows=False, **said
        )

    def _store_all(self) -> dict[int, dict[str, list[str]]]:
        try:
            with atomic():
                for part in self.parts(self.lines):
                    self.store(part)
        except RefusedError as error:
            return error.faults
        return {}

    def _try_parts(self) -> dict[int, dict[str, list[str]]]:
        faults: dict[int, dict[str, list[str]]] = {}
        if _can_undo():
            for part in self.parts(self.lines):
                faults |= self._faults_in(part)
        return faults

    def _faults_in(self, part: list[Line]) -> dict[int, dict[str, list[str]]]:
        faults: dict[int, dict[str, list[str]]] = {}
        for _attempt in range(MAX_FAULTS_A_PART):
            rest = [line for line in part if line.number not in faults]
            found = retried(lambda rest=rest: self._try_part(rest)) if rest else {}  # type: ignore[misc]  # of a default in a lambda
            if not found:
                break
            faults |= found
        return faults

    def _try_part(self, lines: list[Line]) -> dict[int, dict[str, list[str]]]:
        try:
            with atomic():
                self.store(lines)
                transaction.set_rollback(True)
        except RefusedError as error:
            return error.faults
        return {}

    def _report(self, result: Result, faults: dict[int, dict[str, list[str]]]) -> None:
        for line in self.lines:
            if line.number in faults:
                result.append_invalid_row(line.number, line.row, ValidationError(faults[line.number]))
        result.invalid_rows.sort(key=lambda row: row.number)

    def get_import_fields(self) -> list[Field]:
        return [field for field in super().get_import_fields() if field.column_name not in self.export_only]

    def import_row(self, row: dict[str, Any], instance_loader: Any, **kwargs: Any) -> RowResult:
        """What is no refusal is no fault of the row's."""
        result = super().import_row(row, instance_loader, **kwargs)
        if result.errors:
            raise result.errors[0].error
        return result

    def handle_import_error(self, result: Result, error: Exception, raise_errors: bool = False) -> None:
        raise error

    def skip_row(self, instance: Any, original: Any, row: Any, import_validation_errors: Any = None) -> bool:
        return not instance._state.adding and super().skip_row(instance, original, row, import_validation_errors)

    def save_instance(self, instance: Any, is_create: bool, row: dict[str, Any], **kwargs: Any) -> None:
        self.lines.append(Line(kwargs["row_number"], row, instance, is_create))

    def after_import(self, dataset: Dataset, result: Result, **kwargs: Any) -> None:
        """Our keys come from no sequence that would have to be reset."""

    def before_export(self, queryset: Any, **kwargs: Any) -> None:
        if queryset.count() > MAX_EXPORTED_ROWS:
            raise ValueError(_("These are more than %(n)d rows; filter the list first.") % {"n": MAX_EXPORTED_ROWS})

    def export_resource(self, instance: Any, selected_fields: Any = None, **kwargs: Any) -> list[Any]:
        return [neutral(cell) for cell in super().export_resource(instance, selected_fields, **kwargs)]


def fault(name: str, text: str) -> ValidationError:
    return ValidationError({name: [text]})


def cells_of(dataset: Dataset, name: str) -> set[str]:
    """What a column says, once each."""
    return {text for cell in (dataset[name] if name in dataset.headers else []) if (text := Text.text(cell))}


def _can_undo() -> bool:
    """A standalone MongoDB would keep what a preview tries."""
    features = transaction.get_connection().features
    return bool(getattr(features, "has_transactions", features.supports_transactions))
