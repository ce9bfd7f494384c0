from __future__ import annotations

from argparse import ArgumentTypeError
from time import monotonic
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from accounts.models import User
from attendings.demo.guard import Contents, contents, has_demo
from attendings.demo.people import LOGINS
from attendings.demo.seeding import SEED, Totals, seed_schools

DEMO_PASSWORD = "attendance-demo"  # noqa: S105 - documented, for made-up data alone


class Command(BaseCommand):
    help = (
        "Fills an empty database with a made-up school: people, groups, a term of meetings past and coming, marks. "
        f"Everybody's password is {DEMO_PASSWORD!r} unless you say another. Refuses to run over real data."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--if-empty", action="store_true", help="Do nothing, and succeed, where data is there already.")
        parser.add_argument("--force", action="store_true", help="Add the demo to a database with real data; needs --password.")
        parser.add_argument("--password", help="Of everybody in the demo.")
        parser.add_argument("--seed", type=int, default=SEED, help="Another number, another school (default: %(default)s).")
        parser.add_argument("--scale", type=_positive, default=1, help="As many schools side by side, for benchmarks.")
        parser.add_argument("--no-history", action="store_true", help="Leave the history out; faster, for benchmarks.")

    def handle(self, *args: Any, **options: Any) -> None:
        found = contents()
        if options["if_empty"] and found != Contents.EMPTY:
            self._leave_alone(found, options["password"])
            return
        self._check(found, options)
        password = options["password"] or DEMO_PASSWORD
        begun = monotonic()
        total = seed_schools(
            password=password,
            seed=options["seed"],
            scale=options["scale"],
            history=not options["no_history"],
            progress=lambda done, so_far: self._progress(done, options["scale"], so_far),
        )
        text = _("Made %(people)d people, %(groups)d groups, %(meetings)d meetings and %(marks)d marks in %(seconds).1f s.")
        self.stdout.write(text % {**vars(total), "seconds": monotonic() - begun})
        self._show_logins(password)

    def _check(self, found: Contents, options: dict[str, Any]) -> None:
        """Raises CommandError with the reason not to go on."""
        if has_demo():
            raise CommandError(_("The demo is there already. To make it anew, begin with an empty database."))
        if found == Contents.REAL and not options["force"]:
            raise CommandError(_("This database has real data, and the demo would mix with it. --force adds it all the same."))
        if found == Contents.REAL and not options["password"]:
            raise CommandError(
                _("Beside real data the demo needs a --password of your own: the usual one is known to everybody.")
            )
        if options["password"]:
            _check_password(options["password"])

    def _leave_alone(self, found: Contents, password: str | None) -> None:
        self.stdout.write(_("There is data already; nothing was changed."))
        if found == Contents.DEMO:
            self._show_logins(password or DEMO_PASSWORD)

    def _show_logins(self, password: str) -> None:
        """What works now: somebody may have changed a password, and then it is not ours to show."""
        for role, email in LOGINS.items():
            user = User.objects.filter(email=email, is_active=True).first()
            if user is not None:
                known = password if user.check_password(password) else _("(the password you chose)")
                self.stdout.write(f"  {role.label!s:<14} {email:<22} {known}")
        if password == DEMO_PASSWORD and not settings.DEBUG:
            self.stderr.write(_("Everybody knows these logins: let nobody from outside reach this server."))

    def _progress(self, done: int, scale: int, total: Totals) -> None:
        if scale > 1:
            self.stderr.write(_("%(done)d of %(scale)d: %(marks)d marks") % {"done": done, "scale": scale, "marks": total.marks})


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(_("a whole number from 1 on"))
    return int(text)


def _check_password(password: str) -> None:
    try:
        validate_password(password)
    except ValidationError as error:
        raise CommandError(" ".join(error.messages)) from error
