"""Inlines of many rows whose cost does not grow with their number.

Django's own check each key of each row with a query of its own. These read all rows at once, know each by a hidden key
rather than by its place, and leave the checks to the services.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import takewhile
from types import SimpleNamespace
from typing import Any

from django import forms
from django.contrib.admin.widgets import AutocompleteSelect
from django.contrib.auth import get_permission_codename
from django.core.exceptions import PermissionDenied
from django.forms.formsets import BaseFormSet
from django.forms.renderers import get_default_renderer
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import TabularInline


class RowForm(forms.ModelForm):  # type: ignore[type-arg]
    """One row. Of its fields only those in `edited` make it a changed one; its instance is read and never written."""

    edited: tuple[str, ...] = ()

    @cached_property
    def changed_data(self) -> list[str]:
        """A field that was not sent was not shown to be edited, and says nothing."""
        return [name for name in self.fields if name in self.edited and self._is_sent(name) and self[name]._has_changed()]  # type: ignore[attr-defined]

    def said(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.changed_data}

    def _is_sent(self, name: str) -> bool:
        return not self.fields[name].widget.value_omitted_from_data(self.data, self.files, self.add_prefix(name))

    def _post_clean(self) -> None:
        """The services check and store; the model's own checks would be queries."""


class RowFormSet(BaseFormSet):  # type: ignore[type-arg]
    """What the admin expects of an inline's formset. `rows` are the instance and the initial values of each row there is."""

    key = ""  # the hidden field by which a posted row is known
    rows_prefix = ""
    request: HttpRequest
    allowed: frozenset[str] = frozenset()  # of add, change and delete, what the visitor may do to the rows' model
    extra = min_num = 0
    max_num = absolute_max = 10_000
    can_order = can_delete = can_delete_extra = validate_max = validate_min = False

    def __init__(
        self, data: Any = None, files: Any = None, instance: Any = None, prefix: str | None = None, **kwargs: Any
    ) -> None:
        self.instance = instance
        self.renderer = get_default_renderer()
        self.new_objects: list[Any] = []
        self.changed_objects: list[tuple[Any, list[str]]] = []
        self.deleted_objects: list[Any] = []
        super().__init__(data, files, prefix=prefix)

    def read_rows(self) -> list[tuple[Any, dict[str, Any]]]:
        """In a constant number of queries."""
        raise NotImplementedError

    @cached_property
    def rows(self) -> list[tuple[Any, dict[str, Any]]]:
        return [] if self.instance._state.adding else self.read_rows()

    @cached_property
    def _row_by_key(self) -> dict[str, tuple[Any, dict[str, Any]]]:
        return {str(initial[self.key]): (instance, initial) for instance, initial in self.rows}

    @property
    def _pk_field(self) -> SimpleNamespace:
        """The field that the admin's template puts, hidden, before each row."""
        return SimpleNamespace(name=self.key)

    @classmethod
    def get_default_prefix(cls) -> str:
        return cls.rows_prefix

    def get_queryset(self) -> list[Any]:
        """What the admin takes for the originals of the initial forms."""
        return [form.instance for form in self.initial_forms]

    def initial_form_count(self) -> int:
        return self._known_in_front if self.is_bound else len(self.rows)

    @cached_property
    def _known_in_front(self) -> int:
        """By the rows there are: the admin does not check the initial forms of who may not change them."""
        posted = range(self.total_form_count())
        return sum(1 for _ in takewhile(lambda index: self._row_at(index) is not None, posted))

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        row = None if index is None else self._row_at(index)
        return super().get_form_kwargs(index) if row is None else {"instance": row[0], "initial": row[1]}

    def needed(self, form: Any) -> set[str]:
        """What somebody must be allowed who changes this row."""
        return {"add"} if form.instance._state.adding else {"change"}

    def clean(self) -> None:
        if not all(self.needed(form) <= self.allowed for form in self.changed_forms()):
            raise PermissionDenied

    def changed_forms(self) -> list[Any]:
        return [form for form in self.forms if form.has_changed()]

    def _row_at(self, index: int) -> tuple[Any, dict[str, Any]] | None:
        if self.is_bound:
            return self._row_by_key.get(self.data.get(f"{self.prefix}-{index}-{self.key}", ""))
        return self.rows[index] if index < len(self.rows) else None


class RowInline(TabularInline):
    """Shows a RowFormSet; `row_form` and `row_formset` say of what."""

    row_form: type[RowForm]
    row_formset: type[RowFormSet]
    extra = 0
    can_delete = False
    hide_title = True

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> type[RowFormSet]:
        said = {"form": self.row_form, "request": request, "allowed": self._allowed(request)}
        return type("Rows", (self.row_formset,), said)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[tuple[None, dict[str, Any]]]:
        return [(None, {"fields": self.fields})]

    def _allowed(self, request: HttpRequest) -> frozenset[str]:
        codenames = {verb: get_permission_codename(verb, self.opts) for verb in ("add", "change", "delete")}
        return frozenset(verb for verb, name in codenames.items() if request.user.has_perm(f"{self.opts.app_label}.{name}"))


class NamedSelect(AutocompleteSelect):
    """An autocomplete that is told the names of what was chosen, where Django's asks for each."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.names: dict[str, str] = {}

    def optgroups(self, name: str, value: Sequence[str], attr: Any = None) -> list[Any]:
        chosen = [one for one in value if one]
        options = [self.create_option(name, "", "", False, 0)]
        options += [self.create_option(name, one, self.names.get(one, one), True, i + 1) for i, one in enumerate(chosen)]
        return [(None, options, 0)]


class NameText(forms.Widget):
    """A name where a choice would stand, were it still to be made."""

    text = ""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        return format_html("<span>{}</span>", self.text)
