"""What is sent for a read: a plain find or count where one collection answers it, otherwise a pipeline that leaves out first what it
can, so that an index serves both the conditions and the order, and joins last.
"""

from __future__ import annotations

from typing import Any, Self

from bson import ObjectId
from django.db.models.sql.datastructures import Join
from django.utils.functional import cached_property
from django_mongodb_backend.query import MongoQuery as StockQuery
from pymongo import ReturnDocument
from pymongo.collection import Collection
from pymongo.cursor import Cursor

from attendance.db.mongodb.conditions import flat, on_one, parted
from attendance.db.mongodb.joins import finds_one, from_the_other_side, is_by_key, keeps_rows

BATCH = 1000  # documents an answer; MongoDB's own first one has 101, and would take a class of 300 twice

Document = dict[str, Any]
HELD = "__held"  # a name that no model knows


class MongoQuery(StockQuery):
    match_mql: Document
    lookup_pipeline: list[Document] | None
    project_fields: Document | None
    aggregation_pipeline: list[Document] | None
    _is_outermost = False

    @property
    def _is_simple(self) -> bool:
        """One collection, and nothing to compute from it."""
        return not (
            self.lookup_pipeline
            or self.subqueries
            or self.aggregation_pipeline
            or self.combinator_pipeline
            or self.search_pipeline
            or self.subquery_lookup
        )

    @cached_property
    def _own_and_joined(self) -> tuple[Document, Document]:
        """The conditions that the collection itself can answer, and those that wait for the joins."""
        joined = {stage["$lookup"]["as"] for stage in self.lookup_pipeline or () if "$lookup" in stage}
        found = {query.subquery_lookup["as"] for query in self.subqueries or () if query.subquery_lookup}
        return parted(flat(self.match_mql), joined | found)

    def get_pipeline(self) -> list[Document]:
        self.match_mql = flat(self.match_mql)
        if self.combinator_pipeline or self.search_pipeline or self.subquery_lookup:
            return list(super().get_pipeline())
        own, joined = self._own_and_joined
        begin = self._match(own)
        middle = [*self._joins(), *self._subquery_stages(), *self._match(joined)]
        group: list[Document] = list(self.aggregation_pipeline or ())
        end = self._shape()
        if self._other_side or not self._sorts_by_own_fields or (group and not self._groups_row_by_row):
            return [*begin, *middle, *group, *end, *self._sort(), *self._slice()]
        if joined or not self._may_cut_before_joins:
            again = self._sort() if group else []
            return [*begin, *self._sort(), *middle, *group, *end, *again, *self._slice()]
        return [*begin, *self._sort(), *self._slice(), *middle, *group, *end, *(self._sort() if group else ())]

    def get_cursor(self) -> Any:
        """Without the stock translation of errors, which knows two kinds alone."""
        name, fields = self._command()
        collection, session = self._collection, self.compiler.connection.session
        if name == "count":
            return Rows([{fields["as"]: collection.count_documents(fields["query"], session=session)}])
        if name == "find" and self.query.select_for_update and session:
            return Rows(self._held(fields))
        if name == "find":
            return self._found(fields)
        cursor = collection.aggregate(fields["pipeline"], session=session, batchSize=BATCH)
        return Rows(list(cursor) or [{fields["count"]: 0}]) if "count" in fields else cursor

    def _held(self, fields: Document) -> list[Document]:
        """The rows of a `select_for_update()`, held by a write (see DatabaseWrapper.hold): one by its key in the same command."""
        key, session = self.compiler.query.get_meta().pk.column, self.compiler.connection.session
        collection, hold = self.compiler.collection, {"$set": {HELD: ObjectId()}}
        if not isinstance(fields["filter"].get(key, {}), dict):
            options = {"projection": fields.get("projection"), "return_document": ReturnDocument.AFTER}
            found = collection.find_one_and_update(fields["filter"], hold, **options, session=session)
            return [] if found is None else [found]
        rows = list(self._found(fields))
        collection.update_many({"_id": {"$in": [row["_id"] for row in rows]}}, hold, session=session)
        return rows

    def _found(self, fields: Document) -> Cursor[Document]:
        options = {"projection": fields.get("projection"), "sort": fields.get("sort")}
        slice_ = {"skip": fields.get("skip", 0), "limit": fields.get("limit", 0)}
        session = self.compiler.connection.session
        return self._collection.find(fields["filter"], **options, **slice_, batch_size=BATCH, session=session)

    def explained(self) -> Document:
        """The command as the server's `explain` takes it."""
        name, fields = self._command()
        collection = self._collection.name
        if name == "aggregate":
            return {"aggregate": collection, "pipeline": fields["pipeline"], "cursor": {}}
        return {name: collection, **{key: value for key, value in fields.items() if key != "as"}}

    @property
    def _collection(self) -> Collection[Document]:
        other: Any = self._other_side
        own: Collection[Document] = self.compiler.collection
        return self.compiler.connection.get_collection(other.table_name) if other else own

    def _command(self) -> tuple[str, Document]:
        self._is_outermost = True
        count = self.compiler.counts_rows_as
        if count and not self.subquery_lookup:
            self.aggregation_pipeline, self.project_fields = None, None
            own, joined = self._own_and_joined
            if self._is_simple:
                return "count", {"query": own, "as": count}
            stages = [*self._match(own), *self._joins(), *self._subquery_stages(), *self._match(joined)]
            return "aggregate", {"pipeline": [*stages, {"$group": {"_id": None, count: {"$sum": 1}}}], "count": count}
        if self._is_simple and self._sorts_by_own_fields and self._projects_fields:
            return "find", self._find()
        return "aggregate", {"pipeline": self.get_pipeline()}

    def _find(self) -> Document:
        fields: Document = {"filter": flat(self.match_mql)}
        if self.project_fields:
            fields["projection"] = {**self.project_fields, **({} if self.query.select_for_update else {"_id": 0})}
        if self.ordering:
            fields["sort"] = dict(self.ordering)
        for stage in self._slice():
            fields |= {name.removeprefix("$"): value for name, value in stage.items()}
        return fields

    @cached_property
    def _sorts_by_own_fields(self) -> bool:
        """And by nothing that is joined or computed, so that an index can hold the order."""
        if not self.ordering:
            return not self._computed
        columns = {field.column for field in self.compiler.query.get_meta().local_concrete_fields}
        return not self._computed and columns.issuperset(self.ordering)

    @property
    def _projects_fields(self) -> bool:
        """As they are, or constants."""
        return all(value == 1 or _is_constant(value) for value in (self.project_fields or {}).values())

    @cached_property
    def _computed(self) -> Document:
        """The extra fields without those that only repeat one of the document."""
        return _without_repetitions(self.extra_fields or {}, "$")

    @cached_property
    def _groups_row_by_row(self) -> bool:
        """A GROUP BY of the collection's key, and of nothing that is joined, gives each row what was joined to it."""
        stages = list(self.aggregation_pipeline or ())
        ids = stages[0].get("$group", {}).get("_id") if stages else None
        if not isinstance(ids, dict) or self.compiler.query.distinct or any("$match" in stage for stage in stages):
            return False
        own = all(value == f"${name}" for name, value in ids.items())
        return own and ids.keys() >= {self.compiler.query.get_meta().pk.column, *self.ordering}

    @cached_property
    def _may_cut_before_joins(self) -> bool:
        query = self.compiler.query
        fits = keeps_rows if self.aggregation_pipeline else finds_one
        base = self.compiler.collection_name
        return all(fits(join) for alias, join in query.alias_map.items() if query.alias_refcount[alias] and alias != base)

    @cached_property
    def _other_side(self) -> Join | None:
        """A join whose collection the conditions are about, and they alone: the place to begin a command of its own."""
        own, joined = self._own_and_joined
        if not self._is_outermost or own or not joined or self.subqueries:
            return None
        base, query = self.compiler.collection_name, self.compiler.query
        for alias, join in query.alias_map.items():
            used = query.alias_refcount[alias] and alias != base
            if used and is_by_key(join, base, self.lookup_pipeline or []) and on_one(joined, alias):
                return join
        return None

    def _joins(self) -> list[Document]:
        stages, join = list(self.lookup_pipeline or ()), self._other_side
        if join is None:
            return stages
        match = on_one(self._own_and_joined[1], str(join.table_alias))
        return from_the_other_side(stages, join, self.compiler.base_table.table_name, match)

    def _subquery_stages(self) -> list[Document]:
        return [stage for query in self.subqueries or () for stage in query.get_pipeline()]

    def _match(self, condition: Document) -> list[Document]:
        return [{"$match": condition}] if condition else []

    def _shape(self) -> list[Document]:
        fields = [{"$project": self.project_fields}] if self.project_fields else []
        return [*fields, *([{"$addFields": self._computed}] if self._computed else [])]

    def _sort(self) -> list[Document]:
        return [{"$sort": self.ordering}] if self.ordering else []

    def _slice(self) -> list[Document]:
        low, high = self.query.low_mark, self.query.high_mark
        return [*([{"$skip": low}] if low else []), *([{"$limit": high - low}] if high is not None else [])]


def _is_constant(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == {"$literal"}


def _without_repetitions(fields: Document, path: str) -> Document:
    kept: Document = {}
    for name, value in fields.items():
        if isinstance(value, dict) and not any(key.startswith("$") for key in value):
            if inner := _without_repetitions(value, f"{path}{name}."):
                kept[name] = inner
        elif value != f"{path}{name}":
            kept[name] = value
    return kept


class Rows:
    """What is known already, in the place of a cursor."""

    def __init__(self, rows: list[Document]) -> None:
        self._rows = iter(rows)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Document:
        return next(self._rows)

    next = __next__
