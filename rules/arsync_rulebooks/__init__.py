"""The shipped rulebooks, and the JSON Schema for editors."""

from __future__ import annotations

from importlib.resources import files

SCHEMA_FILE = "rulebook.schema.json"
_ORDER = ("gentle", "standard", "strict")


def names() -> tuple[str, ...]:
    """Return the names of the shipped rulebooks, the gentlest first."""
    return _ORDER


def text(name: str) -> str:
    """Return a rulebook's YAML.

    Raises:
        KeyError: there is none of that name.
    """
    if name not in _ORDER:
        raise KeyError(name)
    return (files(__package__) / f"{name}.yaml").read_text(encoding="utf-8")


def schema_text() -> str:
    """Return the JSON Schema, as editors read it."""
    return (files(__package__) / SCHEMA_FILE).read_text(encoding="utf-8")
