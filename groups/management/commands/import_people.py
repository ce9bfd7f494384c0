from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from accounts.rules import Language
from attendance.timezones import default_timezone, validate_timezone
from groups.importing.applying import Importer, PasswordSheet, password_sheet, will_make_people
from groups.importing.planning import Outcome, Step, counts, make_plan
from groups.importing.reading import ClassList, UnreadableListError, read_file


class Command(BaseCommand):
    help = (
        "Imports a class list (CSV): people, groups and memberships. Shows what it would do, row by row; --apply does it. "
        "Run again it changes nothing. A bad row is named with its line and stops no other."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="Columns: Фамилия, Имя, Отчество, E-mail, Группа, Зачислен (or English).")
        parser.add_argument("--apply", action="store_true", help="Store it; without this nothing is changed.")
        parser.add_argument("--timezone", default=default_timezone(), help="Of new groups and people (default: the site's).")
        parser.add_argument("--language", default=_site_language(), choices=Language.values, help="Of new people.")
        parser.add_argument(
            "--passwords",
            type=Path,
            metavar="FILE",
            help="Give new people random first passwords and write them to this new file, for handing out. "
            "Without it they cannot log in until an administrator sets one.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            validate_timezone(options["timezone"])
            class_list = read_file(options["file"])
            plan = make_plan(class_list, timezone_name=options["timezone"])
            steps = self._apply(plan, class_list, options) if options["apply"] else plan
        except UnreadableListError as error:
            raise CommandError(error.detail) from error
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self._show(steps, verbosity=options["verbosity"])
        self._sum_up(steps, applied=options["apply"])

    def _apply(self, plan: list[Step], class_list: ClassList, options: dict[str, Any]) -> list[Step]:
        with ExitStack() as stack:
            sheet: PasswordSheet | None = None
            if options["passwords"] and will_make_people(plan):
                sheet = stack.enter_context(password_sheet(options["passwords"], delimiter=class_list.delimiter))
            importer = Importer(options["timezone"], options["language"], passwords=sheet)
            return [importer.store(step) for step in plan]

    def _show(self, steps: Iterable[Step], *, verbosity: int) -> None:
        for step in steps:
            if verbosity or step.outcome == Outcome.BAD or step.remarks:
                self.stdout.write(_sentence(step), self.style.ERROR if step.outcome == Outcome.BAD else None)
            for remark in step.remarks:
                self.stdout.write(_("%(line)6d  worth a look: %(remark)s") % {"line": step.number, "remark": remark})

    def _sum_up(self, steps: list[Step], *, applied: bool) -> None:
        text = _(
            "%(rows)d rows: %(people_new)d people new, %(memberships_new)d memberships new, "
            "%(there)d there already, %(repeats)d repeats, %(bad)d bad."
        )
        self.stdout.write(text % vars(counts(steps)))
        if not applied:
            self.stdout.write(_("Nothing was stored: this was a dry run. Add --apply to store it."))


def _sentence(step: Step) -> str:
    """`    12  new person: Иванов Егор Игоревич <…>, К0711-21/1 from 2026-09-01`, then the reason where nothing is done."""
    parts = [f"{step.number:6}  {step.outcome.label}"]
    if (entry := step.entry) is not None:
        who = " ".join(filter(None, (entry.last_name, entry.first_name, entry.middle_name)))
        since = _("from %(day)s") % {"day": entry.joined_on} if entry.joined_on else ""
        email = f"<{entry.email}>" if entry.email else ""
        about = ", ".join(filter(None, (f"{who} {email}".strip(), f"{entry.group} {since}".strip())))
        parts += [about] if who else []
    return ": ".join([*parts, *([step.reason] if step.reason else [])])


def _site_language() -> str:
    code = settings.LANGUAGE_CODE.partition("-")[0]
    return code if code in Language.values else Language.EN.value
