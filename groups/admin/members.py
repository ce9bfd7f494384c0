"""The page on which many members are added, found and sent off at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from accounts.admin import acting
from accounts.models import User
from attendance.admin import is_key, words_of
from attendance.db.transactions import atomic, retried
from attendance.errors import DomainError
from groups import services
from groups.admin.pasting import Entry, Judged, Paste, entries_in
from groups.models import Group, Membership

if TYPE_CHECKING:
    from groups.admin.groups import GroupAdmin

MAX_EMAILS = 500


class PasteForm(forms.Form):
    people = forms.CharField(
        label=gettext_lazy("Emails"),
        max_length=50_000,
        strip=False,  # lines are counted
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 8}),
        help_text=gettext_lazy("One a line, or with commas, semicolons or spaces between; names around them do no harm."),
    )
    joined_on = forms.DateField(
        label=gettext_lazy("First day"),
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"type": "date"}),
        help_text=gettext_lazy("Empty: today."),
    )

    def clean_people(self) -> str:
        text: str = self.cleaned_data["people"]
        count = len(entries_in(text))
        if not count:
            raise forms.ValidationError(_("There is no email here."))
        if count > MAX_EMAILS:
            raise forms.ValidationError(_("No more than %(n)d people at once.") % {"n": MAX_EMAILS})
        return text

    @property
    def entries(self) -> list[Entry]:
        return entries_in(self.cleaned_data["people"])


class SearchForm(forms.Form):
    q = forms.CharField(label=gettext_lazy("Search members"), required=False, widget=UnfoldAdminTextInputWidget)


class MembersPage:
    """Adding is previewed and then confirmed; what is confirmed is looked at anew, and stored as a whole or not at all."""

    template = "admin/groups/group/members.html"

    def __init__(self, model_admin: GroupAdmin, request: HttpRequest, group: Group) -> None:
        self.model_admin, self.request, self.group = model_admin, request, group
        may_change = model_admin.has_change_permission(request, group)
        self.may_add = may_change and acting(request).has_perm("groups.add_membership")
        self.may_end = may_change and acting(request).has_perm("groups.change_membership")

    def answer(self) -> HttpResponse:
        if self.request.method != "POST":
            return self._show(PasteForm())
        if "end" in self.request.POST:
            return self._end()
        return self._paste()

    @cached_property
    def members(self) -> list[Membership]:
        """Present and coming ones whose name or email has what was searched for."""
        today = services.today_in(self.group)
        stays = self.group.memberships.filter(Q(left_on__isnull=True) | Q(left_on__gte=today))
        if words := self.request.GET.get("q", "").strip():
            stays = stays.filter(user__in=User.objects.matching(words).order_by().values("pk"))
        return list(stays.select_related("user").in_name_order())

    def _paste(self) -> HttpResponse:
        if not self.may_add:
            raise PermissionDenied
        form = PasteForm(self.request.POST)
        if not form.is_valid():
            return self._show(form)
        paste = Paste(self.group, acting(self.request), form.cleaned_data["joined_on"])
        judged = paste.judge(form.entries)
        new = [one for one in judged if one.user_id is not None]
        if "add" not in self.request.POST or not new or any(one.is_fault for one in judged):
            return self._show(form, judged)
        try:
            return self._add(form, new)
        except DomainError as error:
            return self._show(form, [*judged, *_refused(error, new)])

    def _add(self, form: PasteForm, new: Sequence[Judged]) -> HttpResponse:
        joined_on = form.cleaned_data["joined_on"]
        members = [services.NewMember(one.user_id, joined_on) for one in new if one.user_id]
        retried(lambda: services.add_members(acting_user=acting(self.request), group=self.group, members=members))
        text = ngettext("%(n)d member added.", "%(n)d members added.", len(new)) % {"n": len(new)}
        return self._done(text)

    def _end(self) -> HttpResponse:
        """Today is their last day: all of the chosen, or none."""
        if not self.may_end:
            raise PermissionDenied
        chosen = [key for key in self.request.POST.getlist("stay") if is_key(Membership, key)]
        stays = list(self.group.memberships.filter(pk__in=chosen))
        if not stays:
            messages.warning(self.request, _("Choose somebody first."))
            return HttpResponseRedirect(self.request.get_full_path())
        retried(lambda: self._end_all(stays))
        text = ngettext("%(n)d membership ended.", "%(n)d memberships ended.", len(stays)) % {"n": len(stays)}
        return self._done(text)

    def _end_all(self, stays: Sequence[Membership]) -> None:
        with atomic():
            for stay in stays:
                services.end_membership(acting_user=acting(self.request), membership=stay)

    def _done(self, text: str) -> HttpResponse:
        self.model_admin.log_change(self.request, self.group, text)
        messages.success(self.request, text)
        return HttpResponseRedirect(self.request.get_full_path())

    def _show(self, form: PasteForm, judged: Sequence[Judged] = ()) -> HttpResponse:
        new = sum(one.user_id is not None for one in judged)
        may_confirm = new and not any(one.is_fault for one in judged)
        context: dict[str, Any] = {
            **self.model_admin.admin_site.each_context(self.request),
            "title": _("Members of %(group)s") % {"group": self.group},
            "opts": self.model_admin.opts,
            "original": self.group,
            "form": form,
            "search": SearchForm(self.request.GET),
            "judged": judged,
            "confirm": PasteForm(self.request.POST, auto_id=False) if may_confirm else None,
            "members": self.members,
            "may_add": self.may_add,
            "may_end": self.may_end,
            "texts": _texts(new),
        }
        return TemplateResponse(self.request, self.template, context)


def _refused(error: DomainError, new: Sequence[Judged]) -> list[Judged]:
    """What the service said, by the lines that it concerns."""
    places = [(int(path.partition("/")[0]) if "/" in path else 0, text) for path, text in error.fields.items()]
    faults = [Judged(new[index].entry, text, is_fault=True) for index, text in places]
    return faults or [Judged(new[0].entry, " ".join(words_of(error)), is_fault=True)]


def _texts(new: int) -> dict[str, str]:
    return {
        "add_title": _("Add members"),
        "check": _("Check"),
        "add": ngettext("Add %(n)d person", "Add %(n)d people", new) % {"n": new},
        "cannot_add": _("Nobody is added until every line with an error is mended or taken out."),
        "line": _("Line"),
        "email": _("email"),
        "outcome": _("What comes of it"),
        "members_title": _("Members, present and coming"),
        "search": _("Search"),
        "person": _("Person"),
        "joined_on": _("joined on"),
        "left_on": _("left on"),
        "choose": _("Choose"),
        "end": _("End today for the chosen"),
        "nobody": _("Nobody."),
        "back": _("Back to the group"),
    }
