from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import action
from unfold.widgets import UnfoldAdminSingleDateWidget

from accounts.admin import UserAdmin, acting
from accounts.models import User
from accounts.querysets import UserQuerySet
from accounts.rules import Role
from attendance.admin import ScopedAdmin, ScopedAutocompleteFilter, changes_in, scoped, stored
from attendance.admin_rows import NamedSelect, NameText, RowForm, RowFormSet, RowInline
from attendance.errors import DomainError, InvalidError
from groups import services
from groups.admin.members import MembersPage
from groups.models import Group, Membership
from groups.querysets import GroupQuerySet


class GroupFilter(DropdownFilter):
    title = _("group")
    parameter_name = "group"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(pk), name) for pk, name in scoped(Group, request).values_list("pk", "name")]

    def queryset(self, request: HttpRequest, queryset: UserQuerySet) -> UserQuerySet:
        try:
            return queryset.in_group(UUID(self.value()), asked_by=acting(request)) if self.value() else queryset
        except ValueError:
            return queryset.none()


class PersonAdmin(UserAdmin):
    """People as this app adds to them: by the group they are in."""

    list_filter = (*UserAdmin.list_filter, GroupFilter)


class StayForm(RowForm):
    stay = forms.UUIDField(required=False, widget=forms.HiddenInput)
    user = forms.UUIDField(label=pgettext_lazy("member", "person"), required=False)
    joined_on = forms.DateField(
        label=_("joined on"), required=False, widget=UnfoldAdminSingleDateWidget, help_text=_("Empty for somebody new: today.")
    )
    left_on = forms.DateField(label=_("left on"), required=False, widget=UnfoldAdminSingleDateWidget)
    edited = ("user", "joined_on", "left_on")

    class Meta:
        model = Membership
        fields: tuple[str, ...] = ()

    @property
    def is_new(self) -> bool:
        return self.instance._state.adding

    def clean(self) -> dict[str, Any]:
        if self.is_new and self.has_changed() and not self.cleaned_data.get("user") and "user" not in self.errors:
            self.add_error("user", _("Say who."))
        return self.cleaned_data

    def new_member(self) -> services.NewMember:
        said = self.cleaned_data
        return services.NewMember(said["user"], said["joined_on"], said["left_on"])


class StayFormSet(RowFormSet):
    key = "stay"
    rows_prefix = "memberships"
    admin_site = admin.site

    def read_rows(self) -> list[tuple[Membership, dict[str, Any]]]:
        stays = Membership.objects.filter(group=self.instance).select_related("user").in_name_order()
        return [
            (stay, {"stay": stay.pk, "user": stay.user_id, "joined_on": stay.joined_on, "left_on": stay.left_on})
            for stay in stays
        ]

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        field = form.fields["user"]
        if form.is_new:
            field.widget = NamedSelect(Membership._meta.get_field("user"), self.admin_site)
            field.widget.names = self.chosen_names if index is not None else {}
        else:
            field.disabled, field.widget = True, NameText()
            field.widget.text = str(form.instance.user)

    @cached_property
    def chosen_names(self) -> dict[str, str]:
        """Of those whom somebody is about to add: one query, and none where nobody is."""
        posted = [self.data.get(f"{self.prefix}-{i}-user", "") for i in range(self.total_form_count())] if self.is_bound else []
        ids = [text for text in posted if _is_uuid(text)]
        return {str(user.pk): str(user) for user in scoped(User, self.request).filter(pk__in=ids)} if ids else {}

    def save(self, commit: bool = True) -> None:
        for form in self.changed_forms():
            if not form.is_new:
                self._change(form)
        self._add([form for form in self.changed_forms() if form.is_new])

    def _change(self, form: StayForm) -> None:
        stay = form.instance
        stay.group = self.instance
        try:
            services.update_membership(acting_user=acting(self.request), membership=stay, **form.said())
        except DomainError as error:
            raise _about(str(stay.user), error) from error
        self.changed_objects.append((stay, form.changed_data))

    def _add(self, new: list[StayForm]) -> None:
        if not new:
            return
        members = [form.new_member() for form in new]
        try:
            stays = services.add_members(acting_user=acting(self.request), group=self.instance, members=members)
        except DomainError as error:
            faulty = [new[int(path.partition("/")[0])] if "/" in path else new[0] for path in error.fields]
            names = ", ".join(self.chosen_names.get(str(form.cleaned_data["user"]), "?") for form in faulty)
            raise _about(names, error) from error
        people = User.objects.in_bulk([stay.user_id for stay in stays])
        for stay in stays:
            stay.user = people[stay.user_id]  # the log of the admin names each
        self.new_objects += stays


def _about(names: str, error: DomainError) -> InvalidError:
    """The same refusal, saying whom it concerns."""
    text = " ".join(dict.fromkeys(error.fields.values())) or error.detail
    return InvalidError(f"{names}: {text}", code=error.code)


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


class StayInline(RowInline):
    model = Membership
    row_form = StayForm
    row_formset = StayFormSet
    fields = ("user", "joined_on", "left_on")
    verbose_name_plural = _("members, past and present")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return () if self.has_change_permission(request, obj) else self.fields


@admin.register(Group)
class GroupAdmin(ScopedAdmin):
    list_display = ("name", "teacher_names", "member_count", "timezone", "created_at")
    list_filter = (("teachers", ScopedAutocompleteFilter),)
    search_fields = ("name_key",)
    search_help_text = _("A part of the name or the description.")
    ordering = ("name_key", "id")
    sortable_by = ("name", "created_at")
    fields = ("name", "description", "teachers", "timezone")
    autocomplete_fields = ("teachers",)
    inlines = (StayInline,)
    actions_detail: tuple[str, ...] = ("members",)

    @action(description=_("Many members at once"), url_path="members", icon="group_add")  # type: ignore[untyped-decorator]  # unfold has no types
    def members(self, request: HttpRequest, object_id: str) -> HttpResponse:
        group = self.get_object(request, object_id)
        if group is None or not self.has_view_permission(request, group):
            raise Http404
        return MembersPage(self, request, group).answer()

    @admin.display(description=_("teachers"))
    def teacher_names(self, group: Group) -> str:
        return ", ".join(str(teacher) for teacher in group.teachers.all())

    @admin.display(description=_("members"))
    def member_count(self, group: Any) -> int:
        return int(group.member_count)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        return super().get_queryset(request).with_member_count().prefetch_related("teachers")

    def get_search_results(self, request: HttpRequest, queryset: GroupQuerySet, search_term: str) -> tuple[GroupQuerySet, bool]:
        return (queryset.matching(search_term) if search_term.strip() else queryset), False

    def get_readonly_fields(self, request: HttpRequest, obj: Group | None = None) -> tuple[str, ...]:
        if acting(request).role == Role.ADMIN:
            return ()
        return tuple(name for name in self.fields if name not in services.TEACHER_MAY_EDIT)

    def get_inlines(self, request: HttpRequest, obj: Group | None) -> tuple[Any, ...]:
        """A new group is stored first: the day on which somebody joins is one where the group is."""
        return self.inlines if obj else ()

    def save_model(self, request: HttpRequest, obj: Group, form: Any, change: bool) -> None:
        if change:
            services.update_group(acting_user=acting(request), group=stored(obj), **changes_in(form))
        else:
            services.create_group(acting_user=acting(request), id=obj.pk, **form.cleaned_data)
            obj._state.adding = False

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        formset.save()

    def delete_model(self, request: HttpRequest, obj: Group) -> None:
        services.delete_group(acting_user=acting(request), group=obj)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        names, counts, denied, protected = super().get_deleted_objects(objs, request)
        members = Membership.objects.in_groups([group.pk for group in objs]).count()
        return names, {**counts, str(Membership._meta.verbose_name_plural): members}, denied, protected


admin.site.unregister(User)
admin.site.register(User, PersonAdmin)
