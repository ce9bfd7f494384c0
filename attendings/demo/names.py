"""Names of made-up people: mostly Russian with patronymics, some English."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from accounts.rules import Language


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


MEN = _words("""
    Александр Алексей Андрей Арсений Артём Борис Глеб Даниил Дмитрий Егор Иван Илья Кирилл Максим Матвей Михаил Никита Олег
    Павел Роман Сергей Тимофей Фёдор Юрий Ярослав
""")
WOMEN = _words("""
    Алина Алиса Анастасия Анна Варвара Василиса Вера Виктория Дарья Ева Екатерина Елизавета Злата Ирина Ксения Мария Милана
    Надежда Ольга Полина София Таисия Ульяна Юлия Яна
""")
SURNAMES = _words("""
    Алексеев Андреев Белов Борисов Васильев Виноградов Волков Голубев Григорьев Егоров Зайцев Захаров Иванов Киселёв Ковалёв
    Козлов Крылов Кузнецов Кузьмин Лебедев Макаров Медведев Миронов Михайлов Морозов Никитин Николаев Новиков Орлов Павлов
    Петров Попов Романов Семёнов Сидоров Смирнов Соколов Соловьёв Степанов Тихонов Фёдоров Фролов Яковлев
""")
PATRONYMICS = _words("""
    Александров Алексеев Андреев Антонов Борисов Викторов Владимиров Денисов Дмитриев Евгеньев Игорев Константинов Максимов
    Михайлов Николаев Олегов Павлов Петров Романов Сергеев Станиславов Юрьев
""")
ENGLISH_FIRST = _words("""
    Alice Amelia Charlotte Daniel Edward Emily George Grace Harry Isla Jack James Lily Noah Oliver Sophie
""")
ENGLISH_LAST = _words("""
    Adams Baker Bennett Carter Clarke Foster Hughes Morgan Parker Price Turner Walker Ward Watson Wright
""")

ENGLISH_SHARE = 0.12


@dataclass(frozen=True)
class Name:
    first: str
    last: str
    middle: str = ""
    language: str = Language.RU


def russian_name(rng: Random) -> Name:
    surname, patronymic = rng.choice(SURNAMES), rng.choice(PATRONYMICS)
    if rng.random() < 0.5:
        return Name(rng.choice(WOMEN), f"{surname}а", f"{patronymic}на")
    return Name(rng.choice(MEN), surname, f"{patronymic}ич")


def english_name(rng: Random) -> Name:
    return Name(rng.choice(ENGLISH_FIRST), rng.choice(ENGLISH_LAST), language=Language.EN)


def some_name(rng: Random) -> Name:
    return english_name(rng) if rng.random() < ENGLISH_SHARE else russian_name(rng)
