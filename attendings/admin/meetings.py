from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import action as unfold_action

from accounts.admin import acting
from attendance.admin import try_each
from attendings import services
from attendings.admin.register import history_page, move_page, register_page, worker
from attendings.rules import NEEDED
from meetings.admin import MeetingAdmin
from meetings.models import Meeting
from meetings.querysets import MeetingQuerySet


class RegisterAdmin(MeetingAdmin):
    """Meetings with their register, and its closing."""

    list_display = (*MeetingAdmin.list_display, "register_link")
    actions = ("close", *MeetingAdmin.actions)
    actions_detail = ("to_register",)

    def get_urls(self) -> list[URLPattern]:
        view, register = self.admin_site.admin_view, "<uuid:meeting_id>/register/"
        return [
            path(register, view(register_page), name="attendings_register"),
            path(f"{register}<uuid:user_id>/history/", view(history_page), name="attendings_mark_history"),
            path(f"{register}<slug:move>/", view(move_page), name="attendings_move"),
            path("register-worker.js", view(worker), name="attendings_worker"),
            *super().get_urls(),
        ]

    @unfold_action(description=_("Register"), url_path="to-register", permissions=["view_marks"])  # type: ignore[untyped-decorator]  # of unfold
    def to_register(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:attendings_register", args=[object_id]))

    def has_view_marks_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Asked by name: a permission of Django's would be looked up at every start, even before there are tables."""
        return acting(request).has_perms(NEEDED["roster"])

    @admin.display(description=_("register"))
    def register_link(self, meeting: Meeting) -> SafeString:
        return format_html(
            '<a class="link" href="{}">{}</a>', reverse("admin:attendings_register", args=[meeting.pk]), _("Register")
        )

    def has_close_permission(self, request: HttpRequest) -> bool:
        """As in the REST interface, this and reopening are for who may mark."""
        return self.has_change_permission(request) and acting(request).has_perms(NEEDED["close"])

    def has_reopen_permission(self, request: HttpRequest) -> bool:
        return super().has_reopen_permission(request) and acting(request).has_perms(NEEDED["reopen"])

    @admin.action(description=_("Close the chosen meetings: unmarked becomes absent"), permissions=["close"])
    def close(self, request: HttpRequest, queryset: MeetingQuerySet) -> None:
        try_each(
            request,
            queryset,
            lambda meeting: services.close_meeting(acting_user=acting(request), meeting=meeting),
            lambda n: ngettext("%(n)d meeting is closed.", "%(n)d meetings are closed.", n) % {"n": n},
        )


admin.site.unregister(Meeting)
admin.site.register(Meeting, RegisterAdmin)
