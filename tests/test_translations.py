"""Everything said to people can be said in Russian: catalogs are whole, in step with the source, and reach the screen."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import polib
import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import translation
from django.utils.translation.template import templatize

from conftest import client_for, make_user
from tests.admin_pages import browser

APPS = ("attendance", "accounts", "groups", "meetings", "attendings")
MARKERS = {"gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy", "pgettext", "pgettext_lazy"}
PLACEHOLDER = re.compile(r"%\(\w+\)[\d.]*[a-z]|%[sd]|\{[^{}]*\}")
CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)

Message = tuple[str | None, str, str]  # context, singular, plural


def po_path(app: str) -> Path:
    return settings.BASE_DIR / app / "locale" / "ru" / "LC_MESSAGES" / "django.po"


@pytest.fixture(params=APPS)
def app(request):
    return request.param


@pytest.fixture
def catalog(app):
    return polib.pofile(str(po_path(app)))


_LITERAL = r"""u?(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")"""
CALL = re.compile(rf"(?<!\w)(_|n?p?gettext)\(({_LITERAL}(?:,\s*(?:{_LITERAL}|count))*)\s*\)")


def message_of(entry: polib.POEntry) -> Message:
    return entry.msgctxt, entry.msgid, entry.msgid_plural or ""


def said(entry: polib.POEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def aliases(tree: ast.Module) -> dict[str, str]:
    """The names under which a module has Django's functions."""
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"]
    return {name.asname or name.name: name.name for node in imports for name in node.names if name.name in MARKERS}


def marked_in(source: Path) -> Iterator[Message]:
    tree = ast.parse(source.read_text())
    names = aliases(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            yield _message(names[node.func.id], [argument.value for argument in node.args if isinstance(argument, ast.Constant)])


def marked_in_template(source: Path) -> Iterator[Message]:
    """As makemessages reads a template: turned into calls of gettext, with everything else blotted out."""
    for function, given in CALL.findall(templatize(source.read_text(), origin=str(source))):
        call = ast.parse(f"f({given})", mode="eval").body
        yield _message(function, [argument.value for argument in call.args if isinstance(argument, ast.Constant)])


def _message(function: str, texts: list[str]) -> Message:
    if function.startswith("ngettext"):
        return None, texts[0], texts[1]
    if function.startswith("pgettext"):
        return texts[0], texts[1], ""
    return None, texts[0], ""


def marked_in_app(app: str) -> set[Message]:
    sources = [path for path in (settings.BASE_DIR / app).rglob("*.py") if not {"tests", "migrations"} & set(path.parts)]
    templates = (settings.BASE_DIR / app).rglob("*.html")
    marked = {message for path in sources for message in marked_in(path)}
    return marked | {message for path in templates for message in marked_in_template(path)}


def test_nothing_is_left_untranslated(catalog):
    assert [entry.msgid for entry in catalog if entry.fuzzy or entry.obsolete or not all(said(entry))] == []


def test_plural_forms_are_those_of_russian(catalog):
    forms = catalog.metadata["Plural-Forms"]
    assert forms.startswith("nplurals=4;")
    assert all(len(said(entry)) == 4 for entry in catalog if entry.msgid_plural)


def test_placeholders_survive(catalog):
    for entry in catalog:
        for text in said(entry):
            assert sorted(PLACEHOLDER.findall(text)) == sorted(PLACEHOLDER.findall(entry.msgid)), entry.msgid


def test_what_is_compiled_is_what_is_written(app, catalog):
    compiled = polib.mofile(str(po_path(app).with_suffix(".mo")))
    assert {message_of(entry): said(entry) for entry in compiled} == {message_of(entry): said(entry) for entry in catalog}


def test_catalog_and_source_are_in_step(app, catalog):
    """A string in an f-string's braces would fail here: xgettext does not look into them."""
    assert {message_of(entry) for entry in catalog} == marked_in_app(app)


def test_nobody_overrules_a_translation(catalog):
    """Django merges all catalogs into one: an app before ours that translates the same words would win."""
    with translation.override("ru"):
        for entry in catalog:
            if entry.msgid_plural:
                shown = [translation.ngettext(entry.msgid, entry.msgid_plural, n) for n in (1, 2, 5)]
                assert shown == said(entry)[:3]
            elif entry.msgctxt:
                assert translation.pgettext(entry.msgctxt, entry.msgid) == entry.msgstr
            else:
                assert translation.gettext(entry.msgid) == entry.msgstr


def test_headers_hold_nothing_that_changes_by_itself(app):
    text = po_path(app).read_text()
    assert not re.search(r"POT-Creation-Date|PO-Revision-Date|FIRST AUTHOR|YEAR", text)


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("admin:index", ("Пользователи", "Группы", "Занятия", "Посещаемость", "серии занятий")),
        ("admin:accounts_user_changelist", ("ФИО", "электронная почта", "дата создания")),
        ("admin:groups_group_changelist", ("название", "учителя", "часовой пояс")),
        ("admin:groups_membership_changelist", ("дата зачисления", "дата выбытия")),
        ("admin:meetings_meeting_changelist", ("Занятия", "начало", "запланировано")),
        ("admin:attendings_attending_changelist", ("Отметки", "способ отметки", "Ничего не найдено", "Сбросить фильтры")),
    ],
)
def test_the_admin_speaks_russian_to_who_wants_it(meeting, page, words):
    html = browser(make_user("Zoya", "admin", language="ru")).get(reverse(page)).content.decode().lower()
    assert [word for word in words if word.lower() not in html] == []


def test_the_register_is_russian(meeting):
    url = reverse("admin:attendings_register", args=[meeting.pk])
    html = browser(make_user("Zoya", "admin", language="ru")).get(url).content.decode().lower()
    words = (
        "остальные присутствуют",
        "присутствие",
        "опоздание",
        "ранний уход",
        "уважительная причина",
        "отсутствие",
        "время прихода",
    )
    assert [word for word in words if word not in html] == []


def test_the_admin_speaks_english_to_others(admin):
    """And the language of one request is not left over for the next."""
    browser(make_user("Zoya", "admin", language="ru")).get(reverse("admin:index"))
    html = browser(admin).get(reverse("admin:index")).content.decode()
    assert not CYRILLIC.search(html.replace("Русский", ""))  # in the menu of languages, each in its own


def test_an_error_of_a_service_is_russian(admin, group):
    body = {"name": group.name}
    answer = client_for(admin).post("/groups", body, format="json", headers={"accept-language": "ru"}).json()
    assert (answer["title"], answer["errors"][0]["detail"]) == ("Неверный запрос", "Группа с таким названием уже есть.")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("get", "/users?nonsense=1", None),
        ("get", "/meetings?page_size=0", None),
        ("get", "/meetings?state=asleep", None),
        ("get", "/attendings?from=yesterday", None),
        ("get", "/user/00000000-0000-7000-8000-000000000000", None),
        ("post", "/users", {"email": "no email", "role": "king"}),
        ("post", "/groups", {"name": [], "timezone": "Mars/Base", "teachers": ["x"]}),
        ("post", "/meetings", {"group": 5, "title": {}, "starts_at": "2026-09-01T09:00:00", "ends_at": "1500-01-01T00:00:00Z"}),
        ("post", "/attendings", {"meeting": "x", "user": 1, "status": "asleep", "walk_in": "perhaps", "version": -1}),
        ("post", "/token/refresh", {"refresh": "nonsense"}),
        ("post", "/login", {"email": "nobody@school.example", "password": "x"}),
        ("delete", "/users", None),
        ("get", "/nothing", None),
    ],
)
def test_every_kind_of_error_is_russian(admin, method, path, body):
    answer = getattr(client_for(admin), method)(path, body, format="json", headers={"accept-language": "ru"}).json()
    texts = [answer["title"], answer["detail"], *(error["detail"] for error in answer.get("errors", []))]
    assert [text for text in texts if not CYRILLIC.search(text)] == []


def test_without_credentials(db):
    answer = Client().get("/me", headers={"accept-language": "ru"})
    assert answer.json()["detail"] == "Учетные данные не были предоставлены."
    assert "Accept-Language" in answer["Vary"]
