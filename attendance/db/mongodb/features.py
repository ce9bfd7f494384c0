from __future__ import annotations

import logging
from functools import cache
from typing import Any

from django.utils.functional import cached_property
from django_mongodb_backend.features import DatabaseFeatures as StockFeatures

from attendance.db.mongodb.errors import translated
from attendance.db.mongodb.together import BULK_WRITE_SINCE

logger = logging.getLogger(__name__)


class DatabaseFeatures(StockFeatures):
    can_rollback_ddl = False  # a migration's operations run one by one

    uses_savepoints = True  # as far as base.py explains
    # Asked by Django's TestCase alone, which would put the code under test into a transaction of its own.
    supports_transactions = False

    @cached_property
    def _hello(self) -> dict[str, Any]:
        """What the server says of itself."""
        self.connection.ensure_connection()
        with translated():
            answer: dict[str, Any] = self.connection.connection.admin.command("hello")
        return answer

    @cached_property
    def has_bulk_write(self) -> bool:
        """Whether one command may write to several collections."""
        return int(self._hello["maxWireVersion"]) >= BULK_WRITE_SINCE

    @cached_property
    def has_transactions(self) -> bool:
        """A replica set and a sharded cluster have them, a standalone server has none."""
        found = "setName" in self._hello or self._hello.get("msg") == "isdbgrid"
        if not found:
            _warn_of_standalone(self.connection.alias)
        return found


@cache
def _warn_of_standalone(alias: str) -> None:
    """Once a process."""
    logger.warning("mongodb_standalone: no transactions; what is written before an error stays. Make it a replica set.")
