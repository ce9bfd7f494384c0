"""Prefetching of many-to-many fields.

Django asks, by `extra()`, for the column of the joining table that says whose each row is. The stock engine refuses every `extra()`;
here that one becomes an annotation.
"""

from __future__ import annotations

from django.apps import apps
from django.db.models import Model
from django.db.models.expressions import Col
from django.db.models.sql import Query

PREFIX = "_prefetch_related_val_"


def annotate_owners(query: Query) -> None:
    """Turns Django's extra columns into annotations; a query with any other is left as it is, and refused later."""
    if not query.extra or not all(name.startswith(PREFIX) for name in query.extra):
        return
    columns = {name: _column(sql) for name, (sql, _params) in query.extra.items()}
    query.extra = {}
    query.set_extra_mask(())
    query.annotations.update(columns)
    query.append_annotation_mask(list(columns))


def _column(sql: str) -> Col:
    """`table.column`, where Django has joined the table under its own name."""
    table, column = sql.replace('"', "").split(".", 1)
    field = next(field for field in _model(table)._meta.local_concrete_fields if field.column == column)
    return field.get_col(table)


def _model(table: str) -> type[Model]:
    models = apps.get_models(include_auto_created=True)
    return next(model for model in models if model._meta.db_table == table and not model._meta.proxy)
