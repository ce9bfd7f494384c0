from __future__ import annotations

from typing import Any

from django_mongodb_backend.introspection import DatabaseIntrospection as StockIntrospection

from attendance.db.mongodb.errors import translated


class DatabaseIntrospection(StockIntrospection):
    def table_names(self, cursor: Any = None, include_views: bool = False) -> list[str]:
        with translated():
            return sorted(self.connection.database.list_collection_names())

    def get_constraints(self, cursor: Any, table_name: str) -> dict[str, dict[str, Any]]:
        with translated():
            return super().get_constraints(cursor, table_name)
