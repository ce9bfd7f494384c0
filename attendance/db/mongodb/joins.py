"""Joins, as far as their kind decides what may come before them."""

from __future__ import annotations

from typing import Any

from django.db import NotSupportedError
from django.db.models.expressions import Col
from django.db.models.fields.related import ForeignObject, OneToOneRel
from django.db.models.sql.constants import INNER, LOUTER
from django.db.models.sql.datastructures import Join

Stage = dict[str, Any]
BASE = "__base"


def finds_one(join: Join) -> bool:
    """For each row exactly one, if only an empty one."""
    return keeps_rows(join) and isinstance(join.join_field, (ForeignObject, OneToOneRel))


def keeps_rows(join: Join) -> bool:
    """No row is lost for want of a partner: an outer join, or one by a foreign key that is never NULL."""
    if join.join_type == LOUTER:
        return True
    return isinstance(join.join_field, ForeignObject) and not join.join_field.null and join.filtered_relation is None


def is_by_key(join: Join, base: str, stages: list[Stage]) -> bool:
    """An inner join of the query's own collection that MongoDB can make from either side."""
    direct = join.parent_alias == base and join.join_type == INNER and join.filtered_relation is None
    lookup: Stage = next((stage["$lookup"] for stage in stages if stage.get("$lookup", {}).get("as") == join.table_alias), {})
    return direct and "localField" in lookup and "let" not in lookup


def from_the_other_side(stages: list[Stage], join: Join, base: str, match: Stage) -> list[Stage]:
    """The stages of the joins, for the collection that `join` adds: what `match` finds there comes first, and the query's own
    collection is joined to it. The documents are those that the stages made."""
    mine = next(i for i, stage in enumerate(stages) if stage.get("$lookup", {}).get("as") == join.table_alias)
    lookup = stages[mine]["$lookup"]
    swapped = {"from": base, "localField": lookup["foreignField"], "foreignField": lookup["localField"], "as": BASE}
    return [
        {"$match": match},
        {"$lookup": swapped},
        {"$unwind": f"${BASE}"},
        {"$replaceRoot": {"newRoot": {"$mergeObjects": [f"${BASE}", {join.table_alias: "$$ROOT"}]}}},
        *stages[:mine],
        *stages[mine + 2 :],
    ]


def with_filtered_relation(stages: list[Stage], join: Join, compiler: Any) -> list[Stage]:
    """The stages of a join, which the stock engine makes, with the condition of a FilteredRelation, which it forgets.

    Raises NotSupportedError for a condition that spans several collections.
    """
    relation: Any = join.filtered_relation
    if relation is None:
        return stages
    condition = relation.resolved_condition
    replacements = {}
    for column in compiler.query._gen_cols([condition]):
        if column.alias != join.table_alias:
            raise NotSupportedError("On MongoDB, the condition of a FilteredRelation is about the related collection alone.")
        replacements[column] = Col(compiler.collection_name, column.target)
    match = condition.replace_expressions(replacements).as_mql(compiler, compiler.connection)
    for stage in stages:
        if lookup := stage.get("$lookup"):
            lookup["pipeline"] = [{"$match": match}, *lookup["pipeline"]]
    return stages
