from __future__ import annotations

from django_mongodb_backend.validation import DatabaseValidation as StockValidation


class DatabaseValidation(StockValidation):
    prohibited_fields: frozenset[str] = frozenset()  # integer keys are drawn: see sequences.py
