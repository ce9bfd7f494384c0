"""Import and export on the pages of the admin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.models import LogEntry
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.auth import get_permission_codename
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from import_export.admin import ImportExportMixin
from import_export.results import Result
from unfold.contrib.import_export.forms import ExportForm, ImportForm

from attendance.errors import DomainError
from attendance.exchange import MAX_ROWS, CSVFile, UploadGoneError, UploadStorage, XLSXFile


class FileForm(ImportForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        text = gettext_lazy("CSV or XLSX with the names of the columns in its first row; up to %(n)d rows.")
        self.fields["import_file"].help_text = text % {"n": MAX_ROWS}


class ExchangeAdmin(ImportExportMixin):
    """What is in sight is exported, as it is filtered; a file is previewed and then stored as a whole, or not at all."""

    import_export_change_list_template = "admin/exchange_list.html"
    formats = (CSVFile, XLSXFile)
    import_form_class, export_form_class = FileForm, ExportForm
    tmp_storage_class = UploadStorage
    to_encoding = "utf-8-sig"  # or Excel would not know the Cyrillic letters

    def has_import_permission(self, request: HttpRequest) -> bool:
        names = [get_permission_codename(verb, self.opts) for verb in ("add", "change")]
        return bool(request.user.has_perms([f"{self.opts.app_label}.{name}" for name in names]))

    def has_export_permission(self, request: HttpRequest) -> bool:
        return bool(self.has_view_permission(request))

    def get_resource_kwargs(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return {"acting_user": request.user}

    def import_action(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """A file that cannot be confirmed is not kept."""
        response: TemplateResponse = super().import_action(request, **kwargs)
        name = getattr(request.FILES.get("import_file"), "tmp_storage_name", None)
        if name and "confirm_form" not in (response.context_data or {}):
            UploadStorage(name=name).remove()
        return response

    def process_import(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            return super().process_import(request, **kwargs)
        except UploadGoneError as error:
            return self._again(request, [error.detail])

    def process_result(self, result: Result, request: HttpRequest) -> HttpResponse:
        if result.has_errors() or result.has_validation_errors():
            return self._again(request, _words(result))
        response: HttpResponse = super().process_result(result, request)
        return response

    def add_data_read_fail_error_to_form(self, form: forms.Form, e: Exception) -> None:
        if isinstance(e, DomainError):
            form.add_error("import_file", e.detail)
        else:
            super().add_data_read_fail_error_to_form(form, e)

    def export_action(self, request: HttpRequest) -> HttpResponse:
        try:
            response: HttpResponse = super().export_action(request)
        except IncorrectLookupParameters as error:
            raise BadRequest from error
        return response

    def get_valid_export_item_pks(self, request: HttpRequest) -> list[Any]:
        """The list is exported as it is filtered, and no rows of it are chosen."""
        return []

    def _create_log_entry(self, user_pk: Any, rows: Sequence[Any], import_type: str, action_flag: int) -> None:
        if rows:
            text = _("From a file.")
            log: Any = LogEntry.objects
            log.log_actions(user_pk, rows, action_flag, change_message=text, single_object=len(rows) == 1)

    def _again(self, request: HttpRequest, faults: Sequence[str]) -> HttpResponse:
        messages.error(request, _("Nothing was stored."))
        for text in faults:
            messages.error(request, text)
        return redirect("admin:{}_{}_import".format(*self.get_model_info()))


def _words(result: Result) -> list[str]:
    """Why a file that could be stored when it was previewed cannot be any more."""
    of_rows = [f"{row.number}: {' '.join(row.error.messages)}" for row in result.invalid_rows[:10]]
    return [str(error.error) for error in result.base_errors] + of_rows
