"""One's own language and time zone, changed in the admin: by the same service as at /me."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _
from django.views.generic import FormView
from unfold.widgets import UnfoldAdminSelectWidget

from accounts.admin import acting
from accounts.rules import Language
from accounts.services import update_user
from attendance.admin import words_of
from attendance.errors import DomainError
from attendance.timezones import known_timezones


class PreferencesForm(forms.Form):
    """The user menu posts a language alone; what is not said stays as it is."""

    language = forms.ChoiceField(label=_("Language"), choices=Language.choices, widget=UnfoldAdminSelectWidget)
    timezone = forms.ChoiceField(
        label=_("Time zone"),
        required=False,
        widget=UnfoldAdminSelectWidget,
        help_text=_("Of the times that are shown to you. The days of a group are of its own time zone."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["timezone"].choices = timezone_choices(self.initial["timezone"])  # type: ignore[attr-defined]  # its stubs know a plain field alone

    def said(self) -> dict[str, str]:
        return {name: value for name, value in self.cleaned_data.items() if value}


class PreferencesView(FormView):  # type: ignore[type-arg]  # generic in its stubs alone
    form_class = PreferencesForm
    template_name = "accounts/preferences.html"

    def get_initial(self) -> dict[str, Any]:
        user = acting(self.request)
        return {"language": user.language, "timezone": user.timezone}

    def form_valid(self, form: PreferencesForm) -> HttpResponse:
        user = acting(self.request)
        try:
            user = update_user(acting_user=user, user=user, **form.said())
        except DomainError as error:
            form.add_error(None, words_of(error))
            return self.form_invalid(form)
        with override(user.language):
            messages.success(self.request, gettext("Your preferences are saved."))
        return HttpResponseRedirect(came_from(self.request))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        title = {"title": gettext("Language and time zone")}
        return {**super().get_context_data(**kwargs), **admin.site.each_context(self.request), **title}


def came_from(request: HttpRequest) -> str:
    """The page of ours that the form stood on."""
    page = request.headers.get("Referer", "")
    ours = url_has_allowed_host_and_scheme(page, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return page if ours else reverse("admin-preferences")


def timezone_choices(present: str) -> list[tuple[str, Any]]:
    """By region; of the names without one, which are leftovers of old systems, only UTC and the one there is."""
    regional = sorted(name for name in known_timezones() if "/" in name)
    regions = groupby(regional, key=lambda name: name.partition("/")[0])
    bare = sorted({"UTC", present} - set(regional))
    return [*((name, name) for name in bare), *((region, [(name, name) for name in names]) for region, names in regions)]
