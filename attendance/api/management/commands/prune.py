from __future__ import annotations

from typing import Any

from django.core.management import BaseCommand, call_command
from django.utils.translation import ngettext

from attendance.api.idempotency import forget_old_answers


class Command(BaseCommand):
    help = "Deletes what has expired: sessions, refresh tokens, answers kept for an Idempotency-Key. For a daily cron job."

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("clearsessions")
        call_command("flushexpiredtokens")
        count = forget_old_answers()
        text = ngettext("Forgot %(n)d answer kept for repeats.", "Forgot %(n)d answers kept for repeats.", count)
        self.stdout.write(text % {"n": count})
