"""The admin as a browser meets it: pages by name, and forms sent back as they were shown."""

from __future__ import annotations

from typing import Any

from django.contrib.messages import get_messages
from django.db import connection
from django.forms import BaseForm, ModelMultipleChoiceField
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse


def browser(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend="accounts.backends.RoleBackend")
    return client


def page(model: type, name: str, obj: Any = None) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=[obj.pk] if obj else [])


def fields_of(form: BaseForm) -> dict[str, Any]:
    """What a browser would send for an untouched form, hidden initial values included."""
    sent: dict[str, Any] = {}
    for bound in form:
        value = bound.value()
        if value is True:
            sent[bound.html_name] = "on"
        elif hasattr(bound.field, "fields"):
            parts = bound.field.widget.decompress(value)
            sent |= {f"{bound.html_name}_{i}": "" if part is None else str(part) for i, part in enumerate(parts)}
        elif isinstance(value, list):
            sent[bound.html_name] = [str(getattr(one, "pk", one)) for one in value]
        elif value is not False and not (value is None and isinstance(bound.field, ModelMultipleChoiceField)):
            sent[bound.html_name] = "" if value is None else str(value)
        if bound.field.show_hidden_initial:
            sent[bound.html_initial_name] = "" if value is None else str(value)
    return sent


def shown_form(client: Client, url: str) -> dict[str, Any]:
    """The data of a page's form and its inlines, ready to change a value and post."""
    context = client.get(url).context
    data = fields_of(context["adminform"].form)
    for inline in context["inline_admin_formsets"]:
        data |= fields_of(inline.formset.management_form)
        for form in inline.formset.forms:
            data |= fields_of(form)
    return data


def errors_on(response: Any) -> str:
    return " ".join(str(error) for error in response.context["errors"])


def notes_on(response: Any) -> list[str]:
    """The messages on the page that a redirect led to."""
    return [str(message) for message in get_messages(response.wsgi_request)] or [
        str(message) for message in response.context["messages"]
    ]


def suggestions(client: Client, model: type, field: str, term: str = "") -> list[str]:
    query = {"app_label": model._meta.app_label, "model_name": model._meta.model_name, "field_name": field, "term": term}
    return [row["text"] for row in client.get(reverse("admin:autocomplete"), query).json()["results"]]


def queries_of(client: Client, url: str, data: dict[str, Any] | None = None) -> int:
    with CaptureQueriesContext(connection) as captured:
        response = client.post(url, data) if data is not None else client.get(url)
    assert response.status_code in {200, 302}, response.content
    return len(captured)


def row_of(data: dict[str, str], person: Any) -> str:
    """The prefix of a person's row in an inline, by what its form shows."""
    return next(name.rpartition("-")[0] for name, value in data.items() if name.endswith("-user") and value == str(person.pk))
