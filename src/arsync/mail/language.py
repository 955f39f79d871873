"""Languages of letters: each is a folder of `templates` with the same files."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files

from arsync.core.ledger.money import rounded
from arsync.errors import UserMistake

DEFAULT_LANGUAGE = "en"

TEMPLATE_CHARACTERS_MAX = 50_000
"""A longer template file is refused: it is not a letter."""


@dataclass(frozen=True, slots=True)
class Language:
    """What the letters of one language share."""

    code: str
    name: str
    months: tuple[str, ...]
    date_form: str
    first_day: str
    """How the first of a month is written: `1`, `1er`."""
    day_overdue: str
    days_overdue: str
    and_word: str
    greeting: str
    """How letters begin; it may hold `{name}`. Where it does not, nobody is called Mr or Ms."""
    group: str
    """Between thousands."""
    decimal: str
    """Between units and decimals."""
    amount_form: str
    words: Mapping[str, str]

    def day(self, when: date) -> str:
        """Return a day for people: `22 November 2026`."""
        day = self.first_day if when.day == 1 else str(when.day)
        return self.date_form.format(day=day, month=self.months[when.month - 1], year=when.year)

    def amount(self, amount: Decimal, currency: str) -> str:
        """Return money for people: `GBP 1,940.00`, `1.940,00 EUR`.

        Currencies stand before or behind as the European Union writes them: Interinstitutional
        style guide, 7.3.3. The space is one at which no line breaks.
        """
        number = f"{rounded(amount, currency):,f}"
        local = number.translate(str.maketrans(",.", self.group + self.decimal))
        return self.amount_form.format(number=local, currency=currency).strip()

    def overdue(self, days: int) -> str:
        """Return `1 day overdue`, `14 days overdue`."""
        return (self.day_overdue if days == 1 else self.days_overdue).format(days=days)


@cache
def language(code: str) -> Language:
    """Return a shipped language.

    Raises:
        UserMistake: there is none of that code.
    """
    if code not in languages():
        raise UserMistake(f"there are no letters in {code!r}. Known: {', '.join(languages())}.")
    table = tomllib.loads(shipped(f"{code}/language.toml"))
    return Language(
        code=code,
        name=table["name"],
        months=tuple(table["months"]),
        date_form=table["date"],
        first_day=table["first_day"],
        day_overdue=table["day_overdue"],
        days_overdue=table["days_overdue"],
        and_word=table["and"],
        greeting=table["greeting"],
        group=table["number"]["group"],
        decimal=table["number"]["decimal"],
        amount_form=table["number"]["amount"],
        words=table["words"],
    )


@cache
def languages() -> tuple[str, ...]:
    """Return the codes of the shipped languages."""
    folder = files("arsync") / "templates"
    return tuple(
        sorted(one.name for one in folder.iterdir() if one.is_dir() and len(one.name) == 2)
    )


@cache
def shipped(name: str) -> str:
    """Return one of the templates that arsync brings along."""
    return (files("arsync") / "templates" / name).read_text(encoding="utf-8")
