"""Random questions about the rows that random conditions choose, as Python expressions.

Left out, since MongoDB is known to answer otherwise and the product asks none of it: `Sum`, which is 0 over nothing but NULLs and not
None; a subquery that selects across a join, which is None; a `__range` with an open end.
"""

from __future__ import annotations

import re

from django.db import models

from attendance.db.mongodb.tests.school import TEXTS
from attendance.db.mongodb.tests.trees import AVOIDED, DEPTH, Model, Trees, kind_of, leads_to_many, name_of
from meetings.models import Meeting

# What the product's own querysets choose by.
SCOPES = {
    "User": (
        "visible_to({by})",
        "matching({text!r})",
        "with_role({role!r})",
        "in_group({group!r}, asked_by={by})",
        "in_name_order()",
    ),
    "Group": ("visible_to({by})", "matching({text!r})", "with_member_count()"),
    "Membership": ("visible_to({by})", "of({by})", "on({day!r})", "current()", "in_groups([{group!r}])", "in_name_order()"),
    "Meeting": ("visible_to({by})",),
    "Series": ("visible_to({by})",),
    "Attending": ("visible_to({by})", "of_meeting(Meeting(pk={meeting!r}))"),
}
COMPARABLE = frozenset({"key", "text", "number", "DateField", "DateTimeField", "TimeField"})

UP_TO = re.compile(r"\b(marked_at|starts_at|sort_name|created_at|joined_on|is_active|local_date)__(lte|range)=")


class Questions(Trees):
    def question(self) -> tuple[str, str]:
        """The kind of it, and the expression."""
        ask = self.choice([name for name in dir(self) if name.startswith("ask_")])
        model = self.choice([model for model in self.school if name_of(model) in SCOPES or self.chance(0.3)])
        question = getattr(self, ask)(model)
        if UP_TO.search(question) and "the last of a range" in AVOIDED:
            return self.question()
        return ask.removeprefix("ask_"), question

    # --- Which rows ---------------------------------------------------------------------------------------------------

    def rows(self, model: Model) -> str:
        expression = f"{name_of(model)}.objects"
        if self.chance(0.25) and name_of(model) in SCOPES:
            expression += f".{self.scope(model)}"
        for _step in range(self.choice((0, 1, 1, 1, 2))):
            condition = self.condition(model, depth=self.choice((0, 1, 2, DEPTH)))
            expression += f".exclude({condition})" if self.chance(0.3) else f".filter({condition})"
        return expression

    def scope(self, model: Model) -> str:
        people, groups, meetings = (self.school[model] for model in self.school if name_of(model) in ("User", "Group", "Meeting"))
        return self.choice(SCOPES[name_of(model)]).format(
            by=f"User.objects.get(pk={self.choice(people).pk!r})",
            text=self.choice([text for text in TEXTS if text.isascii()]),
            role=self.choice(("admin", "teacher", "student")),
            group=self.choice(groups).pk,
            meeting=self.choice(meetings).pk,
            day=self.value(Meeting._meta.get_field("local_date")),
        )

    def ordering(self, model: Model) -> str:
        """A total one."""
        least = "a list in its order" in AVOIDED
        kinds = COMPARABLE - {"key"} if "a column to sort by, again" in AVOIDED else COMPARABLE
        names = [self.path(model, kinds=kinds)[0] for _name in range(self.choice((least, 1, 1, 2)))]
        key = "id" if names and "a column to sort by, again" in AVOIDED else self.choice(("id", "pk"))
        signed = [self.choice(("", "-")) + name for name in [*names, key]]
        return f".order_by({', '.join(map(repr, signed))})"

    def columns(self, model: Model, *, many: bool = False, most: int = 3, grouped: bool = False) -> str:
        names = [self.path(model, many=many) for _name in range(self.choice(range(1, most + 1)))]
        if grouped and "NULL beside nothing" in AVOIDED:
            names = [(name, field) for name, field in names if "__" not in name or not (field.null or kind_of(field) == "key")]
        return ", ".join(map(repr, dict.fromkeys([name for name, _field in names] or ["pk"])))

    def slice(self) -> str:
        return self.choice(("", "", "[:3]", "[:1]", "[1:4]", "[2:]", "[5:50]"))

    # --- What is asked ------------------------------------------------------------------------------------------------

    def ask_keys(self, model: Model) -> str:
        return f"list({self.rows(model)}{self.ordering(model)}.values_list('pk', flat=True){self.slice()})"

    def ask_columns(self, model: Model) -> str:
        return f"list({self.rows(model)}{self.ordering(model)}.values_list({self.columns(model)}){self.slice()})"

    def ask_columns_of_many(self, model: Model) -> str:
        rows = self.rows(model)
        columns = self.columns(model, many=True, grouped=".with_member_count()" in rows)
        return f"sorted({rows}.order_by().values_list({columns}), key=repr)"

    def ask_keys_beside_many(self, model: Model) -> str:
        rows = self.rows(model)
        if "a slice of parted groups" in AVOIDED:
            rows = rows.replace(".with_member_count()", "")
        columns = self.columns(model, many=True, grouped=".with_member_count()" in rows)
        return f"[row[0] for row in {rows}{self.ordering(model)}.values_list('pk', {columns}){self.slice()}]"

    def ask_rows_with_related(self, model: Model) -> str:
        names = [field.name for field in self.relations(model, many=False)]
        names += [
            f"{field.name}__{to.name}"
            for field in self.relations(model, many=False)
            for to in self.relations(field.related_model, many=False)
        ]
        related = f".select_related({', '.join(map(repr, self.random.sample(names, min(len(names), 2))))})" if names else ""
        return f"[fields(row) for row in {self.rows(model)}{related}{self.ordering(model)}{self.slice()}]"

    def ask_rows_with_prefetched(self, model: Model) -> str:
        names = [f.get_accessor_name() if f.auto_created else f.name for f in self.relations(model, many=True)]
        name = self.choice(names)
        rows = f"{self.rows(model)}.prefetch_related({name!r}){self.ordering(model)}{self.slice()}"
        return f"[(row.pk, prefetched(row, {name!r})) for row in {rows}]"

    def ask_first(self, model: Model) -> str:
        return f"fields({self.rows(model)}{self.ordering(model)}.{self.choice(('first', 'last'))}())"

    def ask_count(self, model: Model) -> str:
        distinct = "" if "rows of a join counted" in AVOIDED else ".distinct()"
        return f"{self.rows(model)}{self.choice(('', distinct, '.order_by()'))}.count()"

    def ask_count_of_slice(self, model: Model) -> str:
        rows = f"{name_of(model)}.objects" if "rows of a join counted" in AVOIDED else self.rows(model)
        return f"{rows}{self.ordering(model)}{self.slice()}.count()"

    def ask_exists(self, model: Model) -> str:
        return f"{self.rows(model)}{self.choice(('', '.distinct()', '.order_by()'))}.exists()"

    def ask_distinct_rows(self, model: Model) -> str:
        return f"list({self.rows(model)}.distinct(){self.ordering(model)}.values_list('pk', flat=True){self.slice()})"

    def ask_distinct_columns(self, model: Model) -> str:
        columns = self.columns(model, many=True, grouped=True)
        return f"sorted({self.rows(model)}.order_by().values_list({columns}).distinct(), key=repr)"

    def ask_aggregates(self, model: Model) -> str:
        low, high = (self.path(model, many=True, kinds=COMPARABLE)[0] for _end in range(2))
        counted = self.path(model, many=True)[0]
        distinct = "" if "distinct values of nothing" in AVOIDED else ", distinct=True"
        names = f"n=Count('pk'), values=Count({counted!r}{distinct}), low=Min({low!r}), high=Max({high!r})"
        rows = self.rows(model)
        if "groups of nothing" in AVOIDED:
            rows = rows.replace(".with_member_count()", "")
        return f"{rows}.aggregate({names})"

    def ask_groups(self, model: Model) -> str:
        columns = self.columns(model, many=True, most=2, grouped=True)
        return f"sorted({self.rows(model)}.order_by().values_list({columns}).annotate(n=Count('pk')), key=repr)"

    def ask_counts_of_related(self, model: Model) -> str:
        many = [field for field in self.relations(model, many=True) if leads_to_many(field)]
        if not many:
            return self.ask_groups(model)
        related = self.choice(many)
        which = self.condition(related.related_model, depth=2, prefix=f"{related.name}__")
        # Of a filter that nothing fits Django makes an empty answer on SQL, and not rows that count nothing.
        filtered = self.chance(0.7) and "__in=[]" not in which and ".objects" not in which
        count = f"Count({related.name!r}, filter={which})" if filtered else f"Count({related.name!r}, distinct=True)"
        having = f".filter(n__{self.choice(('gt', 'exact'))}={self.choice((0, 1))})" if self.chance(0.4) else ""
        rows = f"{self.rows(model)}.annotate(n={count}){having}{self.ordering(model)}"
        return f"list({rows}.values_list('pk', 'n'){self.slice()})"

    def ask_dates(self, model: Model) -> str:
        dates: list[models.Field] = [field for field in model._meta.concrete_fields if kind_of(field) == "DateField"]
        if not dates:
            return self.ask_groups(model)
        part = self.choice(("year", "month", "day"))
        return f"list({self.rows(model)}.dates({self.choice(dates).name!r}, {part!r}, {self.choice(('ASC', 'DESC'))!r}))"
