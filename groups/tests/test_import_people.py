"""A school's own class list, whole, and what else files turn out to be."""

from __future__ import annotations

import csv
import re
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from attendance.errors import InvalidError
from groups import services
from groups.importing import applying
from groups.importing.planning import make_plan
from groups.importing.reading import MAX_BYTES, parse
from groups.importing.spelling import genders_differ, strange_emails, transliterated
from groups.models import Group, Membership
from tests.counting import count_queries

pytestmark = pytest.mark.django_db

CLASS_LIST = Path(__file__).parent / "data" / "class-list-ru.csv"
HEADER = "Фамилия;Имя;Отчество;E-mail;Группа;Зачислен"
IVANOV = "Иванов;Егор;Игоревич;ivanov@school.example;7А;01.09.2026"


def run(path, *args):
    out = StringIO()
    call_command("import_people", str(path), *args, stdout=out)
    return out.getvalue()


def summary(text):
    """The six counts of the last line: rows, people new, memberships new, there, repeats, bad."""
    line = next(line for line in reversed(text.splitlines()) if "rows:" in line)
    return [int(number) for number in re.findall(r"\d+", line)]


def stored():
    return (
        sorted(User.objects.values_list("email", "last_name", "first_name", "middle_name", "password")),
        sorted(Membership.objects.values_list("id", "group__name", "user__email", "joined_on", "left_on")),
        Membership.history.count(),
    )


@pytest.fixture
def listed(tmp_path):
    def write(*rows, header=HEADER, encoding="utf-8"):
        path = tmp_path / "list.csv"
        path.write_bytes("\r\n".join([header, *rows, ""]).encode(encoding))
        return path

    return write


def lines(text, kind):
    return {int(m[1]): m[2] for m in re.finditer(rf"^ *(\d+)  {kind}: (.*)$", text, re.M)}


def test_a_dry_run_tells_everything_and_stores_nothing():
    text = run(CLASS_LIST)
    assert summary(text) == [68, 63, 64, 0, 2, 2]
    assert not User.objects.exists()
    assert not Group.objects.exists()
    assert "--apply" in text


def test_apply_stores_what_the_dry_run_told():
    assert summary(run(CLASS_LIST, "--apply")) == [68, 63, 64, 0, 2, 2]
    assert User.objects.count() == 63
    assert dict(Group.objects.values_list("name", "timezone")) == {"К0711-21/1": "UTC", "К0711-21/2": "UTC"}
    assert Membership.objects.count() == Membership.history.count() == 64
    assert {user.role for user in User.objects.all()} == {"student"}


def test_again_changes_nothing():
    run(CLASS_LIST, "--apply")
    before = stored()
    assert summary(run(CLASS_LIST, "--apply")) == [68, 0, 0, 64, 2, 2]
    assert stored() == before


def test_each_bad_row_and_repeat_is_named_with_its_line_and_reason():
    text = run(CLASS_LIST)
    bad, repeats = lines(text, "bad row"), lines(text, "repeat")
    assert set(bad) == {35, 53}
    assert bad[35].endswith("There is no such day as 31.09.2026.")
    assert bad[53].endswith("E-mail is missing.")
    assert set(repeats) == {19, 66}
    assert repeats[19].endswith("line 6 says.")
    assert repeats[66].endswith("line 10 says.")


def test_what_looks_wrong_is_imported_with_a_remark():
    text = run(CLASS_LIST)
    remarks = lines(text, "worth a look")
    assert set(remarks) == {68, 69}
    assert "genders" in text
    assert remarks[69].startswith("The email does not read like the surname")


def test_the_odd_rows_of_the_list():
    run(CLASS_LIST, "--apply")
    twice = Membership.objects.filter(user__email="ivanova.va@school.example").order_by("joined_on")
    assert [(stay.group.name, stay.joined_on) for stay in twice] == [
        ("К0711-21/2", date(2026, 9, 1)),
        ("К0711-21/1", date(2026, 10, 15)),
    ]
    assert User.objects.get(email="zaytseva.od@school.example").middle_name == ""
    assert User.objects.get(email="borisov.ra@school.example").first_name == "Анна-Мария"
    assert User.objects.get(email="zakharova.as@school.example").last_name == 'О"Коннор'


def test_nobody_can_log_in_before_they_have_a_password():
    run(CLASS_LIST, "--apply")
    assert not any(user.has_usable_password() for user in User.objects.all())


def test_first_passwords_are_in_their_file_alone_and_work(tmp_path, client):
    path = tmp_path / "passwords.csv"
    text = run(CLASS_LIST, "--apply", "--passwords", str(path))
    assert path.stat().st_mode & 0o777 == 0o600
    rows = list(csv.DictReader(path.read_text("utf-8-sig").splitlines(), delimiter=";"))
    assert len(rows) == 63
    assert len({row["password"] for row in rows}) == 63
    assert not any(row["password"] in text for row in rows)
    login = {"email": rows[0]["email"], "password": rows[0]["password"]}
    answer = client.post("/login", login, content_type="application/json")
    assert answer.status_code == 200, answer.content


def test_a_dry_run_writes_no_passwords(tmp_path):
    run(CLASS_LIST, "--passwords", str(tmp_path / "passwords.csv"))
    assert list(tmp_path.iterdir()) == []


def test_earlier_passwords_are_never_overwritten(tmp_path):
    path = tmp_path / "passwords.csv"
    path.write_text("earlier")
    with pytest.raises(CommandError, match="there already"):
        run(CLASS_LIST, "--apply", "--passwords", str(path))
    assert path.read_text() == "earlier"
    assert not User.objects.exists()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_encodings_and_delimiters(listed, encoding, delimiter):
    path = listed(IVANOV.replace(";", delimiter), header=HEADER.replace(";", delimiter), encoding=encoding)
    run(path, "--apply")
    assert User.objects.get().get_full_name() == "Иванов Егор Игоревич"


def test_english_headers_in_any_order_with_others_between(listed):
    header = "Email,No.,First_Name,LAST NAME,group,joined-on"
    run(listed("ann@school.example,1,Ann,Lee,7A,2026-09-02", header=header), "--apply")
    stay = Membership.objects.get()
    assert (str(stay.user), stay.group.name, stay.joined_on) == ("Lee Ann", "7A", date(2026, 9, 2))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (";Егор;;a@school.example;7А;01.09.2026", "Фамилия is missing."),
        ("Иванов;Егор;;not-an-email;7А;01.09.2026", "E-mail: Enter a valid email address."),
        ("Иванов;Егор;;a@school.example;;01.09.2026", "Группа is missing."),
        ("Иванов;Егор;;a@school.example;7А;1 сентября", "1 сентября is not a date such as 01.09.2026 or 2026-09-01."),
        ("Иванов;Егор;;a@school.example;7А;01.09.0026", "01.09.0026 cannot be meant: the year."),
        (f"{'И' * 151};Егор;;a@school.example;7А;", "Фамилия: Ensure this value has at most 150 characters (it has 151)."),
        ("Иванов;Егор;;a@school.example;7А;01.09.2026;more", "There are more cells than the header has columns."),
        ('"Иванов;Егор;;a@school.example;7А;01.09.2026', "The quotation marks do not pair up."),
        ("Иванов;Егор", "E-mail is missing. Группа is missing."),
    ],
)
def test_a_bad_row_stops_no_other(listed, row, reason):
    text = run(listed(row, IVANOV), "--apply")
    assert summary(text) == [2, 1, 1, 0, 0, 1]
    assert lines(text, "bad row")[2].endswith(reason)
    assert User.objects.get().email == "ivanov@school.example"


def test_blank_lines_are_no_rows_and_count_as_lines(listed):
    text = run(listed("", ";;;;;", IVANOV, "x"))
    assert summary(text) == [2, 1, 1, 0, 0, 1]
    assert set(lines(text, "bad row")) == {5}


def test_a_known_email_under_another_name_is_refused_and_nobody_renamed(listed):
    run(listed(IVANOV), "--apply")
    text = run(listed(IVANOV.replace("Егор", "Пётр").replace("7А", "7Б")), "--apply")
    assert "another name" in lines(text, "bad row")[2]
    assert User.objects.get().first_name == "Егор"
    assert Membership.objects.count() == 1


def test_two_names_with_one_email_within_a_file(listed):
    text = run(listed(IVANOV, IVANOV.replace("Егор", "Пётр")), "--apply")
    assert lines(text, "bad row")[3].endswith("another name in line 2.")


def test_case_yo_and_a_patronymic_left_out_are_no_other_name(listed):
    run(listed("Соловьёв;Егор;;s@school.example;7А;01.09.2026"), "--apply")
    text = run(listed("СОЛОВЬЕВ;Егор;Игоревич;S@school.example;7а;01.09.2026"), "--apply")
    assert summary(text) == [1, 0, 0, 1, 0, 0]
    assert "patronymic is not stored" in lines(text, "worth a look")[2]


def test_another_first_day_is_reported_and_not_changed(listed):
    run(listed(IVANOV), "--apply")
    text = run(listed(IVANOV.replace("01.09", "05.09")), "--apply")
    assert "from 2026-09-01 already" in lines(text, "bad row")[2]
    assert Membership.objects.get().joined_on == date(2026, 9, 1)


def test_who_left_may_come_back(listed):
    run(listed(IVANOV), "--apply")
    Membership.objects.update(left_on=date(2026, 9, 30))
    assert summary(run(listed(IVANOV.replace("01.09", "05.10")), "--apply")) == [1, 0, 1, 0, 0, 0]


def test_without_a_day_from_today_and_only_once(listed, time_machine):
    path = listed(IVANOV.replace("01.09.2026", ""))
    time_machine.move_to("2026-09-03T22:00:00Z")
    run(path, "--apply", "--timezone", "Europe/Moscow")
    assert Membership.objects.get().joined_on == date(2026, 9, 4)
    time_machine.move_to("2026-09-10T12:00:00Z")
    assert summary(run(path, "--apply")) == [1, 0, 0, 1, 0, 0]


def test_a_deactivated_person_is_not_brought_back(listed):
    run(listed(IVANOV), "--apply")
    User.objects.update(is_active=False)
    text = run(listed(IVANOV.replace("7А", "7Б")), "--apply")
    assert "deactivated" in lines(text, "bad row")[2]


def test_a_row_is_stored_whole_or_not_at_all(listed, monkeypatch):
    def refuse(**kwargs):
        if kwargs["group"].name == "7А":
            raise InvalidError("Refused.")
        return services.add_members(**kwargs)

    monkeypatch.setattr(applying, "add_members", refuse)
    text = run(listed(IVANOV, "Петров;Пётр;;petrov@school.example;7Б;01.09.2026"), "--apply")
    assert summary(text) == [2, 1, 1, 0, 0, 1]
    assert User.objects.get().last_name == "Петров"
    assert Group.objects.get().name == "7Б"


def test_a_missing_header_says_which_columns(listed):
    with pytest.raises(CommandError, match=r"lacks the columns E-mail \(email\), Группа \(group\)\."):
        run(listed("Иванов;Егор", header="Фамилия;Имя"))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "The file is empty."),
        (b"\xef\xbb\xbf\r\n \r\n", "The file is empty."),
        (bytes(range(256)) * 50, "not a text file"),
        (HEADER.encode("utf-16"), "not a text file"),
        (b"\x89\xc0\xff\xfe garbage", "lacks the columns"),
        (f"{HEADER};Группа".encode(), "has the column Группа twice"),
        (b"a" * (MAX_BYTES + 1), "larger than 20 MB"),
    ],
)
def test_files_that_are_no_class_list(tmp_path, data, message):
    path = tmp_path / "list.csv"
    path.write_bytes(data)
    with pytest.raises(CommandError, match=message):
        run(path)


def test_too_many_rows(monkeypatch, listed):
    monkeypatch.setattr("groups.importing.reading.MAX_ROWS", 1)
    with pytest.raises(CommandError, match="more than 1 rows"):
        run(listed(IVANOV, IVANOV))


def test_files_that_cannot_be_opened(tmp_path, monkeypatch):
    for path, message in ((tmp_path / "none.csv", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(CommandError, match=message):
            run(path)

    def denied(*args):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(CommandError, match="Permission denied"):
        run(CLASS_LIST)


def test_a_time_zone_that_is_none():
    with pytest.raises(CommandError, match="No such time zone"):
        run(CLASS_LIST, "--timezone", "Mars/Olympus")


def test_planning_asks_no_more_for_more_rows(listed):
    rows = [f"Иванов;Егор;;i{i}@school.example;{i};01.09.2026" for i in range(300)]
    with count_queries(sqlite=3, mongodb=3):  # people, memberships, groups
        make_plan(parse(listed(*rows).read_bytes()), timezone_name="UTC")


@pytest.mark.parametrize(
    ("surname", "patronymic", "differ"),
    [
        ("Римская-Корсакова", "Андреевич", True),
        ("Иванов", "Игоревна", True),
        ("Иванова", "Ильинична", False),
        ("Шевченко", "Игоревич", False),
        ("Соловьёв", "", False),
        ("Lee", "Mary", False),
    ],
)
def test_genders(surname, patronymic, differ):
    assert genders_differ(surname, patronymic) is differ


def test_emails_are_strange_only_where_the_others_follow_a_rule():
    school = [(f"{transliterated(name)}.a@school.example", name) for name in ("Щукин", "Соловьёва", "Юрьев", "Хохлов")]
    assert strange_emails([*school, ("petrov@school.example", "Ким")]) == {"petrov@school.example"}
    assert strange_emails([("rocket@mail.example", "Ким"), *school[:1]]) == set()


def test_a_formula_in_a_name_is_no_formula_in_the_passwords(listed, tmp_path):
    run(listed('"=1+1";Егор;;a@school.example;7А;'), "--apply", "--passwords", str(tmp_path / "p.csv"))
    assert ";'=1+1" not in (tmp_path / "p.csv").read_text("utf-8-sig").splitlines()[0]
    assert (tmp_path / "p.csv").read_text("utf-8-sig").splitlines()[1].startswith("'=1+1;")
