"""Django's SQLite engine with its metrics, told how many parameters this SQLite really takes."""

from __future__ import annotations

import sqlite3

from django.utils.functional import cached_property
from django_prometheus.db.backends.sqlite3.base import DatabaseFeatures as StockFeatures
from django_prometheus.db.backends.sqlite3.base import DatabaseWrapper as StockWrapper


class DatabaseFeatures(StockFeatures):
    @cached_property
    def max_query_params(self) -> int:
        """Django assumes the 999 of old builds and would split the marks of one class over several statements."""
        self.connection.ensure_connection()
        return int(self.connection.connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER))


class DatabaseWrapper(StockWrapper):
    features_class = DatabaseFeatures
