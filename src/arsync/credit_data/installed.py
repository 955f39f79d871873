"""The sources of this installation: arsync's own, and those that other packages bring."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import cast

from arsync.credit_data.contract import CreditSource
from arsync.errors import UserMistake

ENTRY_POINT_GROUP = "arsync.credit_data"

_OWN: Mapping[str, str] = {
    "companies_house": "arsync.credit_data.companies_house:SOURCE",
    "gleif": "arsync.credit_data.gleif:SOURCE",
}
"""Not entry points: no package that somebody installs may take their place."""


@cache
def _installed() -> Mapping[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=ENTRY_POINT_GROUP)}


def credit_source_names() -> tuple[str, ...]:
    """Return what can be asked; loads none of them."""
    return (*_OWN, *sorted(name for name in _installed() if name not in _OWN))


def credit_source(name: str) -> CreditSource:
    """Return one source by its name; loads no other.

    Raises:
        UserMistake: no such source is installed.
    """
    entry = _installed().get(name)
    if name in _OWN:
        entry = EntryPoint(name, _OWN[name], ENTRY_POINT_GROUP)
    if entry is None:
        raise UserMistake(
            f"there is no source of credit data {name!r}."
            f" Installed: {', '.join(credit_source_names())}."
        )
    return cast("CreditSource", entry.load())
