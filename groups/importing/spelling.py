"""What the spelling of Russian names gives away: that a patronymic or an email may have slipped into another person's row."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import SequenceMatcher

CYRILLIC = "абвгдежзийклмнопрстуфхцчшщъыьэюя"
LATIN = "a b v g d e zh z i y k l m n o p r s t u f kh ts ch sh shch . y . e yu ya".replace(".", "\0").split()
TRANSLITERATION = str.maketrans({**{c: t.strip("\0") for c, t in zip(CYRILLIC, LATIN, strict=True)}, "ё": "e"})

FEMININE_SURNAME = re.compile(r"(ова|ева|ина|ына|ая)$")
MASCULINE_SURNAME = re.compile(r"(ов|ев|ин|ын|ий|ый|ой)$")
ALIKE = 0.6  # transliteration has many schools; spellings this close count as one name
HABIT = 0.8  # the share of emails made of surnames from which on it is a rule of the school


def transliterated(name: str) -> str:
    """Lower case, in Latin letters alone, as in most schools' emails: Соловьёва is soloveva."""
    return re.sub(r"[^a-z]", "", name.lower().translate(TRANSLITERATION))


def genders_differ(last_name: str, middle_name: str) -> bool:
    """Whether a Russian surname and patronymic are a woman's and a man's. False wherever either leaves it open."""
    surname, patronymic = last_name.lower().replace("ё", "е"), middle_name.lower()
    if patronymic.endswith("ич"):
        return bool(FEMININE_SURNAME.search(surname))
    return patronymic.endswith("на") and bool(MASCULINE_SURNAME.search(surname))


def spells(email: str, last_name: str) -> bool:
    """Whether some part of an email before the @ reads like the surname."""
    surname = transliterated(last_name)
    parts = re.split(r"[^a-z]+", email.partition("@")[0].lower())
    return any(SequenceMatcher(None, part, surname).ratio() >= ALIKE for part in parts)


def strange_emails(people: Iterable[tuple[str, str]]) -> set[str]:
    """Of (email, surname): the emails that do not read like the surname in a list where nearly all do."""
    read = {(email, name): spells(email, name) for email, name in people}
    if sum(read.values()) < HABIT * len(read):
        return set()
    return {email for (email, _name), alike in read.items() if not alike}
