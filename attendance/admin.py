"""What the pages of the admin share: scoped reading, writing through services, refusals shown where they belong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import flatten_fieldsets
from django.contrib.admin.widgets import AutocompleteSelect, AutocompleteSelectMultiple
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.forms.models import construct_instance
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.text import capfirst
from simple_history.admin import SimpleHistoryAdmin
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.widgets import UnfoldAdminTextareaWidget

from attendance.db.transactions import atomic, retried
from attendance.errors import DomainError


def scoped(model: type[models.Model], request: HttpRequest) -> Any:
    """What the caller may see of a model, as its own kind of queryset; all of one that knows no scope."""
    queryset = model._default_manager.all()
    return queryset.visible_to(request.user) if hasattr(queryset, "visible_to") else queryset


def words_of(error: DomainError) -> list[str]:
    """What a person reads of a refusal that belongs to no field of the form."""
    return [text for text in dict.fromkeys(error.fields.values()) if text] or [error.detail]


def stored(obj: Any) -> Any:
    """The object as it is stored: a form has written the new values into the one it was given."""
    present = type(obj)._default_manager.filter(pk=obj.pk).first()
    if present is None:
        raise Http404
    return present


def is_key(model: type[models.Model], text: Any) -> bool:
    """Whether a text can be an id of this model at all; the database refuses to be asked for any other."""
    try:
        model._meta.pk.to_python(text)
    except ValidationError:
        return False
    return True


def changes_in(form: forms.BaseForm) -> dict[str, Any]:
    return {name: form.cleaned_data[name] for name in form.changed_data}


def in_any_case(lookup: str, text: str) -> models.Q:
    """Text in the cases people write it in; SQLite's own LIKE knows the case of Latin letters alone."""
    condition = models.Q()
    for variant in {text, text.lower(), text.upper(), text.capitalize()}:
        condition |= models.Q(**{f"{lookup}__icontains": variant})
    return condition


class ServiceForm(forms.ModelForm):  # type: ignore[type-arg]
    """A form whose values a service checks and stores; `refusal` is what it said to them."""

    refusal: DomainError | None = None
    refusal_fields: dict[str, str] = {}  # the service's name of a value: the form's

    def clean(self) -> dict[str, Any]:
        return self.cleaned_data

    def _post_clean(self) -> None:
        """Without Django's checks of uniqueness and constraints, which are queries: the services' words are the better ones."""
        self.instance = construct_instance(self, self.instance, self._meta.fields, self._meta.exclude)
        try:
            self.instance.clean_fields(exclude=self._get_validation_exclusions())  # type: ignore[attr-defined]
        except ValidationError as error:
            self._update_errors(error)  # type: ignore[attr-defined]
        if self.refusal is not None:
            self._show(self.refusal)

    def _show(self, refusal: DomainError) -> None:
        named = {self.refusal_fields.get(path, path): text for path, text in refusal.fields.items()}
        ours = {name: text for name, text in named.items() if name in self.fields}
        for name, text in ours.items():
            self.add_error(name, text)
        if len(ours) < len(named) or not ours:
            for text in words_of(refusal):
                self.add_error(None, text)


class ScopedAutocompleteFilter(AutocompleteSelectFilter):
    """Names the chosen thing only to who may see it."""

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:
        for choice in super().choices(changelist):
            choice["form"].fields[self.lookup_kwarg].queryset = scoped(self.field.remote_field.model, self.request)
            yield choice


class KeysOnly:
    """For an autocomplete: Django's asks the database for what was posted, whatever it is. The field tells what is wrong."""

    def optgroups(self, name: str, value: Iterable[Any], attr: Any = None) -> list[Any]:
        keys = [one for one in value if is_key(self.field.remote_field.model, one)]  # type: ignore[attr-defined]  # a mixin
        return super().optgroups(name, keys, attr)  # type: ignore[misc]  # a mixin


class KeySelect(KeysOnly, AutocompleteSelect):
    pass


class KeySelectMultiple(KeysOnly, AutocompleteSelectMultiple):
    pass


class KeyedActions(ModelAdmin):
    """With actions on things chosen by their ids, where what is no id chooses nothing."""

    def response_action(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> HttpResponse | None:
        sent = request.POST.copy()
        chosen = sent.getlist(ACTION_CHECKBOX_NAME)
        sent.setlist(ACTION_CHECKBOX_NAME, [one for one in chosen if is_key(self.model, one)])
        request.POST = sent  # type: ignore[assignment]  # read-only in the stubs
        response: HttpResponse | None = super().response_action(request, queryset)
        return response


class ScopedAdmin(KeyedActions):
    """The scope of the REST interface, `visible_to`, for every page; writes are left to `save_model` and `delete_model`."""

    form = ServiceForm
    formfield_overrides = {models.TextField: {"widget": UnfoldAdminTextareaWidget(attrs={"rows": 2})}}
    show_full_result_count = False
    list_filter_submit = True
    list_per_page = 50
    warn_unsaved_form = True

    def get_queryset(self, request: HttpRequest) -> Any:
        ordering = self.get_ordering(request)
        queryset = scoped(self.model, request)
        return queryset.order_by(*ordering) if ordering else queryset

    def get_field_queryset(self, db: str | None, db_field: Any, request: HttpRequest) -> models.QuerySet[Any]:
        """The choices of relations: what is out of sight cannot be chosen by its id either."""
        return scoped(db_field.remote_field.model, request)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        initial = super().get_changeform_initial_data(request)
        return {name: value for name, value in initial.items() if self._can_begin_with(name, value)}

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", KeySelect(db_field, self.admin_site))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", KeySelectMultiple(db_field, self.admin_site))
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        form.refusal = getattr(request, "refusal", None)
        return form

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Where a service refuses, nothing is stored, and a second pass shows what it said on the form as it was filled in."""
        try:
            return _storing(request, lambda: super(ScopedAdmin, self).changeform_view(request, *args, **kwargs))
        except DomainError as error:
            request.refusal = error  # type: ignore[attr-defined]
            return super().changeform_view(request, *args, **kwargs)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return self._or_refused(request, lambda: super(ScopedAdmin, self).changelist_view(request, extra_context))

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return self._or_refused(request, lambda: super(ScopedAdmin, self).delete_view(request, object_id, extra_context))

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
        """All of them or none, each by its service."""
        for obj in queryset:
            self.delete_model(request, obj)

    def get_deleted_objects(
        self, objs: Sequence[Any], request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[str]]:
        """The things themselves. What depends on them is the service's to refuse, and is not fetched row by row."""
        denied = set() if self.has_delete_permission(request) else {str(self.opts.verbose_name)}
        return [str(obj) for obj in objs], {str(self.opts.verbose_name_plural): len(objs)}, denied, []

    def save_related(self, request: HttpRequest, form: Any, formsets: Iterable[Any], change: bool) -> None:
        """The services have stored the relations of the thing itself."""
        for formset in formsets:
            self.save_formset(request, form, formset, change)

    def _can_begin_with(self, name: str, value: Any) -> bool:
        """Whether the address of the page may fill in this field so."""
        field = next((field for field in self.opts.get_fields() if field.name == name), None)
        if isinstance(field, models.DateTimeField):
            return False  # Django's two inputs fail on any text
        if field is None or not field.is_relation:
            return True
        return all(is_key(field.related_model, one) for one in (value if isinstance(value, list) else [value]))

    def _or_refused(self, request: HttpRequest, view: Callable[[], HttpResponse]) -> HttpResponse:
        try:
            return _storing(request, view)
        except DomainError as error:
            for text in words_of(error):
                messages.error(request, text)
            return HttpResponseRedirect(request.get_full_path())


class HistoryAdmin(SimpleHistoryAdmin, ScopedAdmin):
    """With who changed what and when. The past is looked at and never restored: a change back is a change like any other."""

    def history_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return self._absent(request, object_id) or super().history_view(request, object_id, extra_context)

    def history_form_view(self, request: HttpRequest, object_id: str, version_id: str, **kwargs: Any) -> HttpResponse:
        if request.method not in {"GET", "HEAD"}:
            raise PermissionDenied
        if not is_key(self.model.history.model, version_id):
            raise Http404
        request.is_past = True  # type: ignore[attr-defined]
        return self._absent(request, object_id) or super().history_form_view(request, object_id, version_id, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        if getattr(request, "is_past", False):
            return flatten_fieldsets(self.get_fieldsets(request, obj))
        return super().get_readonly_fields(request, obj)

    def revert_disabled(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def _absent(self, request: HttpRequest, object_id: str) -> HttpResponse | None:
        """Django's answer where there is no such thing, or none in sight."""
        if self.get_object(request, object_id) is not None:
            return None
        response: HttpResponse = self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return response


class SuperuserAdmin(KeyedActions):
    """What only a superuser needs, and nobody else should have in their way."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def try_each(request: HttpRequest, things: Iterable[Any], act: Callable[[Any], Any], done: Callable[[int], str]) -> None:
    """An action of a list: says how many were done, and of each that was refused why."""
    count = 0
    for thing in things:
        try:
            act(thing)
            count += 1
        except DomainError as error:
            messages.error(request, f"{thing}: {' '.join(words_of(error))}")
    if count:
        messages.success(request, done(count))


def labels(choices: Iterable[tuple[str, Any]]) -> list[tuple[str, Any]]:
    return [(value, capfirst(label)) for value, label in choices]


def _storing(request: HttpRequest, view: Callable[[], HttpResponse]) -> HttpResponse:
    """The page; what it stores is stored as a whole, or not at all."""
    return retried(lambda: _stored_whole(request, view)) if request.method == "POST" else view()


def _stored_whole(request: HttpRequest, view: Callable[[], HttpResponse]) -> HttpResponse:
    messages.get_messages(request)._queued_messages.clear()  # type: ignore[union-attr]  # of an attempt that collided
    with atomic():
        return view()
