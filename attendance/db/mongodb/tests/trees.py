"""Random trees of conditions on the domain models, as Python expressions: what fails can be pasted into a shell."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from django.contrib.auth.models import Group as Role
from django.db import models

from accounts.models import User
from attendance.db.mongodb.tests.school import School
from groups.models import Group

Model = type[models.Model]
Field = Any

# What is answered otherwise on MongoDB, each with a question that shows it. The generator draws none of it; what is mended goes from
# here, and is drawn from then on.
AVOIDED = {
    # LEFT JOIN takes the missing key of a row that is not there for NULL, and finds the rows whose foreign key is NULL.
    "a join from nothing": "sorted(Meeting.objects.values_list('series__meetings__title', flat=True), key=repr)",
    # GROUP BY and DISTINCT tell a NULL from the column of a row that is not there.
    "NULL beside nothing": "sorted(Attending.objects.order_by().values_list('marked_by__last_login').distinct(), key=repr)",
    # Raises DatabaseError: $size of a missing list.
    "distinct values of nothing": "Meeting.objects.filter(title='?').aggregate(n=Count('teacher', distinct=True))",
    # Raises KeyError.
    "groups of nothing": "Group.objects.with_member_count().filter(name='?').aggregate(high=Max('name'))",
    # Raises DatabaseError.
    "a subquery in what is counted": (
        "Group.objects.annotate(n=Count('memberships', filter=Q(memberships__user__in=User.objects.all()))).filter(n__gt=0).count()"
    ),
    # The value is read as the path of a field.
    "a dollar in what is counted": "Group.objects.annotate(n=Count('pk', filter=Q(name='$name'))).filter(n=1).count()",
    # NULL is less than everything.
    "NULL on the right": "Membership.objects.filter(joined_on__gte=F('left_on')).count()",
    # The last direction counts, and not the first.
    "a column to sort by, again": "list(Role.objects.order_by('id', '-pk').values_list('pk', flat=True))",
    # The $ of a regular expression also matches before a line feed at the end.
    "a line feed at the end": "Series.objects.filter(rule__endswith='end').count()",
    # Bugs of the server that the tests use in MongoDB's place, and not of the engine. An index with more fields behind the one of the range
    # leaves out what equals its upper end.
    "the last of a range": (
        "Attending.objects.filter(user=Attending.objects.latest('marked_at').user, "
        "marked_at__lte=Attending.objects.latest('marked_at').marked_at).latest('marked_at').pk"
    ),
    "a list in its order": "list(Role.objects.filter(id__in=[3, 1, 2]).order_by('id').values_list('id', flat=True))",
}
DEPTH = 3
STEPS = 3  # over joins, at the most
FOLDED = frozenset({"email", "name_key", "sort_name"})  # columns without capital letters
ORDERED = ("gt", "gte", "lt", "lte")
BESIDE = {datetime: timedelta(milliseconds=1), date: timedelta(days=1), int: 1}
NAMES = {Role: "Role", Group.teachers.through: "Group.teachers.through", User.groups.through: "User.groups.through"}


def name_of(model: Model) -> str:
    return NAMES.get(model, model.__name__)


def kind_of(field: Field) -> str:
    internal = field.get_internal_type()
    if field.is_relation or field.primary_key:
        return "key"
    kinds = {"CharField": "text", "TextField": "text", "BooleanField": "flag"}
    return kinds.get(internal, "number" if "Integer" in internal else internal)


def leads_to_many(relation: Field) -> bool:
    return bool(relation.one_to_many or relation.many_to_many)


class Trees:
    """Draws conditions that say something about the rows of `school`."""

    def __init__(self, random: Random, school: School) -> None:
        self.random, self.school = random, school
        self.choice: Callable[[Any], Any] = random.choice
        self.chance: Callable[[float], bool] = lambda share: random.random() < share
        # How many more a question may have of what makes its answer long to wait for.
        self.many, self.subqueries = self.choice((0, 0, 1, 2)), self.choice((0, 1, 1, 2))

    # --- Fields and what is in them -----------------------------------------------------------------------------------

    def path(self, model: Model, *, many: bool = False, kinds: frozenset[str] = frozenset()) -> tuple[str, Field]:
        """A column of the model, or of what it leads to; `many` lets it lead to more than one row."""
        steps: list[Field] = []
        at = model
        while len(steps) < STEPS and self.chance(0.45) and (relations := self.next_steps(at, steps, many=many)):
            steps.append(self.choice(relations))
            self.many -= leads_to_many(steps[-1])
            at = steps[-1].related_model
        fields = [field for field in at._meta.concrete_fields if not kinds or kind_of(field) in kinds]
        if not fields:
            return self.path(model, many=many, kinds=kinds)
        field = self.choice([field for field in fields if field.name != "password"])
        return "__".join([*(step.name for step in steps), self.choice((field.name, field.attname))]), field

    def next_steps(self, model: Model, before: list[Field], *, many: bool) -> list[Field]:
        found = self.relations(model, many=many and self.many > 0)
        if before and "a join from nothing" in AVOIDED:
            found = [relation for relation in found if not (relation.auto_created and relation.field.null)]
        return found

    def relations(self, model: Model, *, many: bool) -> list[Field]:
        found = [field for field in model._meta.get_fields() if field.is_relation and field.related_model in self.school]
        return [field for field in found if many or not leads_to_many(field)]

    def stored(self, field: Field) -> list[Any]:
        return [getattr(row, field.attname) for row in self.school[field.model]]

    def value(self, field: Field) -> Any:
        """Mostly one that some row has."""
        found = self.choice([value for value in self.stored(field) if value is not None])
        step = next((step for kind, step in BESIDE.items() if isinstance(found, kind)), None)
        if kind_of(field) == "key" or isinstance(found, bool) or step is None:
            return found
        return found + step * self.choice((0, 0, 1, -1))

    # --- Trees --------------------------------------------------------------------------------------------------------

    def condition(self, model: Model, *, depth: int = DEPTH, prefix: str = "") -> str:
        if self.chance(0.25):
            return f"~{self.condition(model, depth=depth, prefix=prefix)}"
        if depth == 0 or self.chance(0.3):
            return self.leaf(model, prefix)
        parts = [self.condition(model, depth=depth - 1, prefix=prefix) for _part in range(self.choice((2, 2, 3)))]
        return f"({self.choice((' & ', ' | ')).join(parts)})"

    def leaf(self, model: Model, prefix: str) -> str:
        path, field = self.path(model, many=True)
        if self.chance(0.1):
            return f"Q({prefix}{path}__isnull={self.chance(0.5)})"
        if self.chance(0.1):
            return self.beside_another(model, prefix)
        test = getattr(self, f"{kind_of(field).lower()}_test", self.ordered_test)(field)
        if prefix and "'$" in test and "a dollar in what is counted" in AVOIDED:
            test = "__isnull=False"
        return f"Q({prefix}{path}{test})"

    def beside_another(self, model: Model, prefix: str) -> str:
        """Two columns compared."""
        one, field = self.path(model)
        alike = [other for other in model._meta.concrete_fields if kind_of(other) == kind_of(field) and other is not field]
        others = [other for other in alike if not (other.null and "NULL on the right" in AVOIDED)]
        if not others:
            return f"Q({prefix}pk__isnull=False)"
        return f"Q({prefix}{one}__{self.choice(('exact', *ORDERED))}=F('{prefix}{self.choice(others).name}'))"

    # --- Tests of one field -------------------------------------------------------------------------------------------

    def any_test(self, field: Field) -> str:
        if self.chance(0.5):
            return f"={self.value(field)!r}"
        values = [self.value(field) for _value in range(self.choice((0, 1, 2, 2, 5)))]
        return f"__in={values + [None] * self.chance(0.1)!r}"

    def flag_test(self, field: Field) -> str:
        return f"={self.chance(0.5)}"

    def ordered_test(self, field: Field) -> str:
        if self.chance(0.3):
            return self.any_test(field)
        if self.chance(0.3):
            ends = (self.value(field), self.value(field))
            return f"__range={ends if self.chance(0.1) else tuple(sorted(ends))!r}"
        return f"__{self.choice(ORDERED)}={self.value(field)!r}"

    def text_test(self, field: Field) -> str:
        if self.chance(0.3) or (field.name == "rule" and "a line feed at the end" in AVOIDED):
            return self.ordered_test(field)
        place = self.choice(("contains", "startswith", "endswith"))
        if self.chance(0.5):
            return self.folding_test(field, place)
        return f"__{place}={self.part(field, place, None if field.name in FOLDED else r'[^A-Za-z]+')!r}"

    def folding_test(self, field: Field, place: str) -> str:
        """SQLite knows the case of Latin letters alone."""
        if self.chance(0.4):
            whole = self.choice([value for value in self.stored(field) if value.isascii()] or [""])
            return f"__iexact={self.choice((str.swapcase, str.lower, str))(whole)!r}"
        part = self.part(field, place, r"[\x00-\x7f]+")
        return f"__i{place}={self.choice((part, part.swapcase()))!r}"

    def part(self, field: Field, place: str, made_of: str | None) -> str:
        """Of a value, from where the look-up looks. SQLite's LIKE knows no difference of case between Latin letters."""
        values = self.stored(field)
        where = {"contains": "({})", "startswith": "^({})", "endswith": r"({})\Z"}[place].format(made_of or ".+")
        found = [match[1] for value in values if (match := re.search(where, value, re.DOTALL))]
        whole = self.choice(found or [""])
        start, end = sorted(self.random.choices(range(len(whole) + 1), k=2))
        return whole[0 if place == "startswith" else start : None if place == "endswith" else end]

    def key_test(self, field: Field) -> str:
        if self.subqueries > 0 and self.chance(0.5):
            return f"__in={self.subquery(field.related_model or field.model)}"
        return self.any_test(field) if self.chance(0.7) else f"__{self.choice(ORDERED)}={self.value(field)!r}"

    def subquery(self, target: Model) -> str:
        """Keys of `target`, and maybe NULLs beside them."""
        sources = [
            (model, field) for model in self.school for field in model._meta.concrete_fields if field.related_model is target
        ]
        with_nulls = [(model, field) for model, field in sources if field.null]
        model, field = self.choice(with_nulls if with_nulls and self.chance(0.2) else [*sources, (target, target._meta.pk)])
        self.subqueries -= 1
        inner = self.condition(model, depth=DEPTH - 2)
        chosen = self.choice((f".values('{field.attname}')", f".values_list('{field.attname}', flat=True)"))
        if field.primary_key:
            chosen = self.choice(("", ".values('pk')"))
        return f"{name_of(model)}.objects.filter({inner}){self.choice(('', '.order_by()', '.distinct()'))}{chosen}"
