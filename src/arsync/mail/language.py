"""Languages of letters: each is a folder of `templates` with the same files."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

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
    day_overdue: str
    days_overdue: str
    and_word: str
    words: Mapping[str, str]

    def day(self, when: date) -> str:
        """Return a day for people: `22 November 2026`."""
        return self.date_form.format(
            day=when.day, month=self.months[when.month - 1], year=when.year
        )

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
        day_overdue=table["day_overdue"],
        days_overdue=table["days_overdue"],
        and_word=table["and"],
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
