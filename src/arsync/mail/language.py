"""Languages of letters: each is a folder of `templates` with the same files."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files

from babel.core import Locale
from babel.dates import format_date
from babel.numbers import format_decimal

from arsync.core.ledger.money import minor_digits, rounded
from arsync.errors import UserMistake

DEFAULT_LANGUAGE = "en"

TEMPLATE_CHARACTERS_MAX = 50_000
"""A longer template file is refused: it is not a letter."""


@dataclass(frozen=True, slots=True)
class Language:
    """What the letters of one language share."""

    code: str
    name: str
    locale: Locale
    """How days and numbers are written, by the Unicode Consortium's CLDR."""
    first_day: str
    """How the first of a month is written: `1`, `1er`."""
    day_overdue: str
    days_overdue: str
    and_word: str
    greeting: str
    """How letters begin, with or without `{name}`: without it, no Mr or Ms has to be guessed."""
    greeting_person: str
    """How they begin where the person is known: with the whole name, for the same reason."""
    amount_form: str
    words: Mapping[str, str]

    def day(self, when: date) -> str:
        """Return a day for people: `22 November 2026`."""
        text = format_date(when, "long", self.locale)
        # CLDR has no ordinals: it writes `1 mars`, which French does not.
        return self.first_day + text.removeprefix("1") if when.day == 1 else text

    def amount(self, amount: Decimal, currency: str) -> str:
        """Return money for people: `GBP 1,940.00`, `1.940,00 EUR`.

        Currencies stand before or behind as the European Union writes them: Interinstitutional
        style guide, 7.3.3. The space is one at which no line breaks.
        """
        # The decimals are ISO 4217's, as on the invoice: CLDR counts what is paid in cash, and
        # would take the fillér off the forint. A code, not a symbol: `$` names no one currency.
        decimals = "0" * minor_digits(currency)
        pattern = f"#,##0.{decimals}" if decimals else "#,##0"
        number = format_decimal(rounded(amount, currency), pattern, self.locale)
        # The narrow space of French is a box in some mail programs, and breaks in the PDF.
        number = number.replace("\u202f", "\u00a0")
        return self.amount_form.format(number=number, currency=currency).strip()

    def number(self, number: Decimal) -> str:
        """Return a number for people: `1.5`, `1,5`."""
        text: str = format_decimal(number, "#,##0.####", self.locale)
        return text.replace("\u202f", "\u00a0")

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
        locale=Locale.parse(table["locale"]),
        first_day=table["first_day"],
        day_overdue=table["day_overdue"],
        days_overdue=table["days_overdue"],
        and_word=table["and"],
        greeting=table["greeting"],
        greeting_person=table["greeting_person"],
        amount_form=table["amount"],
        words=table["words"],
    )


@cache
def languages() -> tuple[str, ...]:
    """Return the codes of the shipped languages."""
    folders = (files("arsync") / "templates").iterdir()
    return tuple(
        sorted(folder.name for folder in folders if folder.is_dir() and len(folder.name) == 2)
    )


@cache
def shipped(name: str) -> str:
    """Return one of the templates that arsync brings along."""
    return (files("arsync") / "templates" / name).read_text(encoding="utf-8")
