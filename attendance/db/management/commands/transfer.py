from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management import BaseCommand, CommandError
from django.db import Error

from attendance.db.transfer import transfer
from attendance.errors import DomainError


class Command(BaseCommand):
    help = "Copies a whole site from one database into another, empty one. Stop the service first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from", dest="source", required=True, metavar="URL", help="as in DATABASE_URL")
        parser.add_argument("--to", dest="target", required=True, metavar="URL", help="as in DATABASE_URL")

    def handle(self, *args: Any, source: str, target: str, **options: Any) -> None:
        total = 0
        try:
            for copied in transfer(source_url=source, target_url=target):
                total += copied.in_target
                self.stdout.write(f"{copied.in_target:>10}  {copied.label}")
        except (DomainError, ImproperlyConfigured) as error:
            raise CommandError(str(error)) from error
        except Error as error:  # the engine's own words can hold the URL
            raise CommandError(f"A database refused ({type(error).__name__}).") from error
        self.stdout.write(f"{total:>10}  rows, counted in both databases and the same.")
