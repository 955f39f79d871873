"""The lines of an envelope: an address, and its country where a letter crosses a border."""

from __future__ import annotations

from functools import lru_cache

from babel import Locale

from arsync.core.planning.customer_locale import LANGUAGES

_INTERNATIONAL = "en"
"""In which a country is written where the sender's country has no language of letters."""


def lines_abroad(lines: tuple[str, ...], country: str, home: str) -> tuple[str, ...]:
    """Return an address as it is written in the sender's country.

    The Universal Postal Union asks for the country on the last line, in capitals, in a language
    that the sender's post reads.

    Args:
        lines: the address without its country.
        country: where it is; empty: where the sender is.
        home: where the sender is.
    """
    if not lines or not country or country == home:
        return lines
    return (*lines, country_in_capitals(country, LANGUAGES.get(home, _INTERNATIONAL)))


@lru_cache(maxsize=1_024)
def country_in_capitals(country: str, language: str) -> str:
    """Return a country's name in a language; a text that is no code is a name already."""
    name: str = Locale.parse(language).territories.get(country, country)
    return name.upper()
