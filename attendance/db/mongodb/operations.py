from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from bson import Int64
from django.db.models.expressions import BaseExpression
from django_mongodb_backend.operations import DatabaseOperations as StockOperations

from attendance.db.mongodb.errors import translated
from attendance.db.mongodb.sequences import AUTO_FIELDS


class DatabaseOperations(StockOperations):
    compiler_module = "attendance.db.mongodb.compiler"

    def prep_for_iexact_query(self, x: str) -> str:
        """The text becomes a regular expression, and must not be read as one."""
        return re.escape(x)

    def validate_autopk_value(self, value: int | None) -> Int64 | None:
        return None if value is None else Int64(value)

    def get_db_converters(self, expression: BaseExpression) -> list[Callable[..., Any]]:
        converters = super().get_db_converters(expression)
        if expression.output_field.get_internal_type() in AUTO_FIELDS:
            converters.append(self.convert_integerfield_value)
        return converters

    def execute_sql_flush(self, tables: Iterable[str]) -> None:
        with translated():
            for table in tables:
                self.connection.database[table].delete_many({})
