from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import User
from attendance import exchange
from attendance.exchange import neutral, plain
from conftest import PASSWORD, make_user
from tests.admin_pages import browser, notes_on, page, queries_of
from tests.exchange_pages import confirmed, exported, faults_on, file_of, imported, kinds_on, previewed, rows_in

COLUMNS = "last_name first_name middle_name email role language timezone is_active"
IVAN = ("Ёлкин", "Иван", "Петрович", "Ivan@school.example", "student", "ru", "Europe/Moscow", "true")


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
class TestRoundTrip:
    def test_gives_back_what_went_out(self, admin, kind):
        ivan = make_user("Иван", "teacher", last_name="Ёлкин", middle_name="Петрович", email="ivan@school.example", language="ru")
        client = browser(admin)
        data = exported(client, User, kind)
        assert rows_in(kind, data)[-1] == dict(
            zip(COLUMNS.split(), ["Ёлкин", "Иван", "Петрович", ivan.email, "teacher", "ru", "UTC", "true"], strict=True)
        )
        User.objects.filter(pk=ivan.pk).delete()
        preview = previewed(client, User, data, kind)
        assert kinds_on(preview) == ["skip", "new"]
        confirmed(client, User, preview)
        back = User.objects.get(email=ivan.email)
        assert (str(back), back.role, back.language, back.has_usable_password()) == (
            "Ёлкин Иван Петрович",
            "teacher",
            "ru",
            False,
        )

    def test_changes_what_the_file_says_and_no_more(self, admin, student, kind):
        data = file_of(kind, "email first_name is_active role", ["VERA@school.example", "Вера", "false", ""])
        preview = previewed(browser(admin), User, data, kind)
        assert kinds_on(preview) == ["update"]
        confirmed(browser(admin), User, preview)
        student = User.objects.get(pk=student.pk)
        assert (student.first_name, student.last_name, student.is_active, student.role) == ("Вера", "Verason", False, "student")
        assert student.check_password(PASSWORD)
        assert student.sort_name == "verason вера"


class TestPreview:
    def test_stores_nothing(self, admin, student):
        client = browser(admin)
        before = list(User.objects.order_by("pk").values())
        preview = previewed(client, User, file_of("csv", COLUMNS, IVAN, [*IVAN[:3], "vera@school.example", *IVAN[4:]]))
        assert kinds_on(preview) == ["new", "update"]
        assert list(User.objects.order_by("pk").values()) == before

    def test_shows_what_it_was_and_what_it_becomes(self, admin, student):
        content = previewed(browser(admin), User, file_of("csv", "email first_name", [student.email, "<b>"])).content.decode()
        assert "Vera</del>" in content
        assert "&lt;b&gt;</ins>" in content

    def test_names_the_faults_row_by_row_and_cannot_be_confirmed(self, admin, student):
        data = file_of(
            "csv",
            COLUMNS,
            IVAN,
            [*IVAN[:3], "no email", *IVAN[4:]],
            [*IVAN[:3], "a@school.example", "emperor", *IVAN[5:]],
            [*IVAN[:3], "b@school.example", "student", "ru", "Moscow", "true"],
            ["", "", "", "c@school.example", "student", "ru", "UTC", "perhaps"],
            [*IVAN[:3], "IVAN@school.example", *IVAN[4:]],
            [*IVAN[:3], "rimma@school.example", *IVAN[4:]],
        )
        preview = previewed(browser(admin), User, data)
        faults = faults_on(preview)
        assert set(faults) == {2, 3, 4, 5, 6, 7}
        for number, words in (
            (2, "valid email"),
            (3, "admin, teacher, student"),
            (4, "time zone"),
            (5, "true or false"),
            (6, "twice"),
            (7, "own role"),
        ):
            assert words in faults[number]
        assert "confirm_form" not in preview.context
        assert not User.objects.filter(email="ivan@school.example").exists()

    def test_of_a_file_that_cannot_be_confirmed_is_not_kept(self, admin, monkeypatch):
        kept = []
        monkeypatch.setattr(cache, "set", lambda key, *args: kept.append(key))
        monkeypatch.setattr(cache, "get", lambda key: file_of("csv", "email", ["x"]))
        monkeypatch.setattr(cache, "delete", lambda key: kept.remove(key))
        previewed(browser(admin), User, b"email\nx")
        assert kept == []

    def test_has_no_script_in_its_pages(self, admin):
        client = browser(admin)
        for response in (
            client.get(page(User, "import")),
            client.get(page(User, "export")),
            previewed(client, User, file_of("csv", COLUMNS, IVAN)),
        ):
            content = response.content.decode()
            assert response.status_code == 200
            assert all("src=" in tag.partition(">")[0] for tag in content.split("<script")[1:])


class TestConfirming:
    def test_stores_all_or_none(self, admin):
        client = browser(admin)
        data = file_of("csv", COLUMNS, IVAN, [*IVAN[:3], "later@school.example", *IVAN[4:]])
        preview = previewed(client, User, data)
        make_user("Later", "student")  # somebody was quicker
        User.objects.filter(email="later@school.example").update(is_superuser=True)
        notes = notes_on(confirmed(client, User, preview))
        assert "Nothing was stored." in notes
        assert any(note.startswith("2: ") and "superuser" in note for note in notes)
        assert not User.objects.filter(email="ivan@school.example").exists()

    def test_needs_the_file(self, admin):
        client = browser(admin)
        preview = previewed(client, User, file_of("csv", COLUMNS, IVAN))
        cache.clear()
        assert any("choose it again" in note for note in notes_on(confirmed(client, User, preview)))

    def test_is_logged_with_who_did_it(self, admin):
        imported(browser(admin), User, file_of("csv", COLUMNS, IVAN))
        entry = LogEntry.objects.get(object_id=str(User.objects.get(email="ivan@school.example").pk))
        assert (entry.user, entry.action_flag, entry.object_repr) == (admin, 1, "Ёлкин Иван Петрович")

    def test_takes_no_password(self, admin, student):
        imported(browser(admin), User, file_of("csv", "email password first_name", [student.email, "brown-dog-17", "V"]))
        student.refresh_from_db()
        assert student.check_password(PASSWORD)


class TestFiles:
    @pytest.mark.parametrize("delimiter", [",", ";", "\t"])
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251"])
    def test_come_from_any_excel(self, admin, delimiter, encoding):
        rows = [COLUMNS.split(), IVAN]
        imported(browser(admin), User, "\r\n".join(delimiter.join(row) for row in rows).encode(encoding))
        assert str(User.objects.get(email="ivan@school.example")) == "Ёлкин Иван Петрович"

    def test_blank_rows_are_passed_over(self, admin):
        data = file_of("xlsx", COLUMNS, IVAN, [None] * 8, [None] * 8)
        assert kinds_on(previewed(browser(admin), User, data, "xlsx")) == ["new"]

    @pytest.mark.parametrize(
        ("data", "words"),
        [
            (b"last_name\nx", "no column email"),
            (b"email\na@x.example,more", "Line 2 has more cells"),
            (b"email", "No valid data"),
            (b"", "empty"),
        ],
    )
    def test_that_make_no_sense_are_refused(self, admin, data, words):
        assert words in faults_on(previewed(browser(admin), User, data))[0]

    @pytest.mark.parametrize("kind", ["csv", "xlsx"])
    def test_have_no_more_rows_than_are_taken(self, admin, kind, monkeypatch):
        monkeypatch.setattr(exchange, "MAX_ROWS", 3)
        rows = [[f"s{i}@school.example"] for i in range(4)]
        assert "more than 3 rows" in faults_on(previewed(browser(admin), User, file_of(kind, "email", *rows), kind))[0]

    def test_no_text_is_taken_for_a_workbook(self, admin):
        assert "BadZipFile" in faults_on(previewed(browser(admin), User, b"email\nx", "xlsx"))[0]

    def test_a_workbook_that_unpacks_to_too_much_is_refused(self, admin, monkeypatch):
        monkeypatch.setattr(exchange, "MAX_UNPACKED_BYTES", 1000)
        assert "too large" in faults_on(previewed(browser(admin), User, file_of("xlsx", COLUMNS, IVAN), "xlsx"))[0]

    def test_too_large_a_body_is_refused_before_it_is_read(self, admin, settings):
        assert previewed(browser(admin), User, b"x" * settings.MAX_BODY_BYTES).status_code == 413


class TestFormulas:
    @pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
    def test_are_texts_in_both_formats(self, admin, start):
        evil = f"{start}HYPERLINK(1)"
        User.objects.filter(pk=admin.pk).update(middle_name=evil)
        for kind in ("csv", "xlsx"):
            assert rows_in(kind, exported(browser(admin), User, kind))[0]["middle_name"][:2] in {f"'{start}", "'\n"}

    def test_come_back_as_they_were(self, admin):
        User.objects.filter(pk=admin.pk).update(middle_name="=1+1", first_name="'tis")
        assert kinds_on(previewed(browser(admin), User, exported(browser(admin), User))) == ["skip"]

    @pytest.mark.parametrize("text", ["=1", "'=1", "'", "", "Ivan", "'tis", None])
    def test_neutral_is_undone(self, text):
        assert plain(neutral(text)) == text or text == "'=1"


class TestExport:
    def test_keeps_to_the_filters_and_the_search(self, admin, teacher, student):
        client = browser(admin)
        assert [row["email"] for row in rows_in("csv", exported(client, User, query="?role=teacher"))] == [teacher.email]
        assert [row["email"] for row in rows_in("csv", exported(client, User, query="?q=vera"))] == [student.email]

    def test_of_a_teacher_is_whom_they_see(self, teacher, student, outsider, group, other_group):
        rows = rows_in("csv", exported(browser(teacher), User, query="?all="))
        assert {row["email"] for row in rows} == {teacher.email, student.email}
        sent = {"format": "0", "export_items": [str(outsider.pk)]}
        assert outsider.email not in browser(teacher).post(page(User, "export"), sent).content.decode()

    def test_is_bounded(self, admin, student, monkeypatch):
        monkeypatch.setattr(exchange, "MAX_EXPORTED_ROWS", 1)
        response = browser(admin).post(page(User, "export"), {"format": "0"})
        assert any("more than 1 rows" in note for note in notes_on(response))

    def test_with_a_filter_that_makes_no_sense_is_a_bad_request(self, admin):
        assert browser(admin).get(page(User, "export"), {"nonsense__x": "1"}).status_code == 400


class TestWhoMay:
    def test_a_teacher_imports_nobody(self, teacher):
        client = browser(teacher)
        assert client.get(page(User, "import")).status_code == 403
        assert previewed(client, User, file_of("csv", COLUMNS, IVAN)).status_code == 403
        assert client.post(page(User, "process_import"), {}).status_code == 403
        content = client.get(page(User, "changelist")).content.decode()
        assert page(User, "import") not in content
        assert page(User, "export") in content

    def test_a_student_exports_nothing(self, student):
        assert browser(student).post(page(User, "export"), {"format": "0"}).status_code == 302

    def test_an_administrator_does_not_touch_a_superuser(self, admin):
        User.objects.create_superuser("root@school.example", "x", first_name="R", last_name="Root")
        preview = previewed(browser(admin), User, file_of("csv", "email first_name", ["root@school.example", "Mine"]))
        assert "Only a superuser" in faults_on(preview)[1]

    def test_the_list_offers_both_to_an_administrator(self, admin):
        content = browser(admin).get(page(User, "changelist")).content.decode()
        assert page(User, "import") in content
        assert page(User, "export") in content


def test_export_costs_the_same_for_many(admin):
    client, url = browser(admin), page(User, "export")
    few = queries_of(client, url, {"format": "0"})
    for i in range(30):
        make_user(f"P{i}", "student")
    assert queries_of(client, url, {"format": "0"}) <= few + 1  # one to know the roles


def test_what_is_known_already_costs_the_same_for_many(admin):
    client, url = browser(admin), page(User, "import")

    def cost():
        data = exported(client, User, query="?all=")
        return queries_of(client, url, {"import_file": SimpleUploadedFile("list.csv", data), "format": "0"})

    few = cost()
    for i in range(30):
        make_user(f"P{i}", "student")
    assert cost() == few
