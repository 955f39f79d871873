"""Postal addresses: from a platform's fields to the lines of an envelope.

The order of town, region and postcode is that of the country the letter goes to, after the
Universal Postal Union's collection of addressing systems. Where a country is not in the tables,
town, region and postcode have a line each, which every post can read. The country itself is no line
here: it is written only on letters that leave the sender's country.
"""

from __future__ import annotations

import textwrap
from typing import NamedTuple

from arsync.core.ledger.sanitising import cleaned

ADDRESS_LINES_MAX = 7
"""An address of more lines fits no window, and is left out: a part of it would lead elsewhere."""

ADDRESS_LINE_CHARACTERS_MAX = 100
"""A longer line goes on in the next one."""

_POSTCODE_FIRST = frozenset(
    "AD AL AT BA BE BG CH CY CZ DE DK EE ES FI FO FR GF GL GP GR HR IL IS IT LI LT LU MA MC MD ME"
    " MK MQ MX NC NL NO PF PL PM PT RE RO RS SE SI SK SM TN TR VA XK YT".split()
)
"""Where the postcode stands before the town, and the region is not written."""

_REGION_ON_ITS_OWN_LINE = frozenset({"ES", "MX"})
"""Of those, where the province is written below, unless it bears the town's name."""

_REGION_BEHIND = frozenset({"IT", "SM"})
"""Of those, where the province is written behind the town."""

_REGION_BEFORE_POSTCODE = frozenset({"AU", "CA", "US"})
"""Where town, region and postcode stand on one line."""

_POSTCODE_BEHIND = frozenset({"IN", "NZ", "SG"})
"""Where the postcode stands behind the town, and the region below."""


class PostalAddress(NamedTuple):
    """An address in a platform's fields; any of them may be missing."""

    street: tuple[str | None, ...] = ()
    """What stands above the town, in the order of the fields."""
    city: str | None = None
    region: str | None = None
    postcode: str | None = None
    attention: str | None = None
    """The person or department it is for."""


def address_lines(address: PostalAddress, country: str, *, name: str = "") -> tuple[str, ...]:
    """Return the lines below the name, without the country; none when there is no usable address.

    Args:
        address: as the platform has it.
        country: ISO 3166 alpha-2 of where it is; empty or unknown: the order of most countries.
        name: whose address it is; a line that only repeats it is left out.
    """
    city, region, postcode = (
        cleaned(text or "") for text in (address.city, address.region, address.postcode)
    )
    street = [line for text in address.street for line in _lines(text)]
    below = [*street, *_place(city, region, postcode, country)]
    # A person's name alone leads nowhere.
    lines = [*_lines(address.attention), *below] if below else []
    named = name.casefold()
    lines = [line for line in lines if line.casefold() != named]
    return tuple(lines) if len(lines) <= ADDRESS_LINES_MAX else ()


def _lines(text: str | None) -> list[str]:
    """Return the lines of a field: people type several into one."""
    if not text:
        return []
    typed = [text] if text.isprintable() else text.splitlines()
    lines: list[str] = []
    for line in filter(None, map(cleaned, typed)):
        if len(line) <= ADDRESS_LINE_CHARACTERS_MAX:
            lines.append(line)
        else:
            lines += textwrap.wrap(line, ADDRESS_LINE_CHARACTERS_MAX, break_on_hyphens=False)
    return lines


def _place(city: str, region: str, postcode: str, country: str) -> list[str]:
    if region.casefold() == city.casefold():
        region = ""
    if country in _POSTCODE_FIRST:
        lines = _postcode_first(city, region, postcode, country)
    elif country in _REGION_BEFORE_POSTCODE:
        # The United States write a comma behind the town.
        town = f"{city}," if country == "US" and city and region else city
        lines = [_joined(town, region, postcode)]
    elif country in _POSTCODE_BEHIND:
        lines = [_joined(city, postcode), region]
    else:
        lines = [city, region, postcode]
    return [line for whole in lines if whole for line in _lines(whole)]


def _postcode_first(city: str, region: str, postcode: str, country: str) -> list[str]:
    if not city:
        return [_joined(postcode, region)]
    if country in _REGION_BEHIND:
        return [_joined(postcode, city, region)]
    if country in _REGION_ON_ITS_OWN_LINE:
        return [_joined(postcode, city), region]
    return [_joined(postcode, city)]


def _joined(*words: str) -> str:
    return " ".join(word for word in words if word)
