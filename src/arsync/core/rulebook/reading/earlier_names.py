"""Keys that had another name before: rulebooks of then are read as ever."""

from __future__ import annotations

from collections.abc import Iterable

DAYS_BETWEEN = "days_between_messages"

EARLIER_NAMES = {DAYS_BETWEEN: "days_between_emails"}
"""The earlier name of a key, by its name."""

_NAMES = {earlier: name for name, earlier in EARLIER_NAMES.items()}


def name_now(key: str) -> str:
    """Return what a key is called now."""
    return _NAMES.get(key, key)


def with_earlier_names(keys: Iterable[str]) -> set[str]:
    """Return keys under every name they have or had: what changes one changes the other."""
    names = {name_now(key) for key in keys}
    return names | {EARLIER_NAMES[name] for name in names if name in EARLIER_NAMES}
