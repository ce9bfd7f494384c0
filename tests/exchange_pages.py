"""Import and export as a browser does them: a file is sent, what the page shows is confirmed."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

import openpyxl
import tablib
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.admin_pages import page

FORMATS = {"csv": "0", "xlsx": "1"}


def file_of(kind: str, header: str, *rows: Sequence[Any]) -> bytes:
    """`header` is the names of the columns, with spaces between."""
    data = tablib.Dataset(*rows, headers=header.split()).export(kind)
    return data if isinstance(data, bytes) else data.encode()


def rows_in(kind: str, data: bytes) -> list[dict[str, str]]:
    if kind == "csv":
        return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    header, *rows = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0].iter_rows(values_only=True)
    return [dict(zip(header, ["" if cell is None else cell for cell in row], strict=True)) for row in rows]


def exported(client: Client, model: type, kind: str = "csv", query: str = "") -> bytes:
    response = client.post(page(model, "export") + query, {"format": FORMATS[kind]})
    assert response.status_code == 200, response
    assert "attachment" in response["Content-Disposition"], response.content.decode()[:2000]
    return response.content


def previewed(client: Client, model: type, data: bytes, kind: str = "csv") -> Any:
    upload = SimpleUploadedFile(f"list.{kind}", data)
    return client.post(page(model, "import"), {"import_file": upload, "format": FORMATS[kind]})


def confirmed(client: Client, model: type, preview: Any) -> Any:
    assert "confirm_form" in preview.context, faults_on(preview) or preview.context["form"].errors
    return client.post(page(model, "process_import"), preview.context["confirm_form"].initial, follow=True)


def imported(client: Client, model: type, data: bytes, kind: str = "csv") -> Any:
    return confirmed(client, model, previewed(client, model, data, kind))


def faults_on(preview: Any) -> dict[int, str]:
    """What is said of each row; 0 is the file itself."""
    result = preview.context.get("result")
    if result is None:
        return {0: " ".join(preview.context["form"].errors.get("import_file", []))}
    assert "confirm_form" not in preview.context or not result.invalid_rows
    of_file = " ".join(str(error.error) for error in result.base_errors)
    return ({0: of_file} if of_file else {}) | {row.number: " ".join(row.error.messages) for row in result.invalid_rows}


def kinds_on(preview: Any) -> list[str]:
    return [row.import_type for row in preview.context["result"].rows]
