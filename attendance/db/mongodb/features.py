from __future__ import annotations

import logging
from functools import cache

from django.utils.functional import cached_property
from django_mongodb_backend.features import DatabaseFeatures as StockFeatures

from attendance.db.mongodb.errors import translated

logger = logging.getLogger(__name__)


class DatabaseFeatures(StockFeatures):
    can_rollback_ddl = False  # a migration's operations run one by one

    uses_savepoints = True  # as far as base.py explains
    # Asked by Django's TestCase alone, which would put the code under test into a transaction of its own.
    supports_transactions = False

    @cached_property
    def has_transactions(self) -> bool:
        """A replica set and a sharded cluster have them, a standalone server has none."""
        self.connection.ensure_connection()
        with translated():
            hello = self.connection.connection.admin.command("hello")
        found = "setName" in hello or hello.get("msg") == "isdbgrid"
        if not found:
            _warn_of_standalone(self.connection.alias)
        return found


@cache
def _warn_of_standalone(alias: str) -> None:
    """Once a process."""
    logger.warning("mongodb_standalone: no transactions; what is written before an error stays. Make it a replica set.")
