"""The shipped rulebooks, and the JSON Schema for editors."""

from __future__ import annotations

from importlib.resources import files

SCHEMA_FILE = "rulebook.schema.json"
SCENARIO_SCHEMA_FILE = "scenario.schema.json"
_PLAIN = ("gentle", "standard", "strict")
_PLACES = ("uk", "eu", "au-nz", "us")
_ORDER = (
    *_PLAIN,
    *(f"{place}-{manner}" for place in _PLACES for manner in ("gentle", "standard", "firm")),
)


def names() -> tuple[str, ...]:
    """Return the names of the shipped rulebooks: the plain ones, then the packs of each place."""
    return _ORDER


def packs() -> tuple[str, ...]:
    """Return the names of those that are meant to be extended rather than copied."""
    return _ORDER[len(_PLAIN) :]


def text(name: str) -> str:
    """Return a rulebook's YAML.

    Raises:
        KeyError: there is none of that name.
    """
    if name not in _ORDER:
        raise KeyError(name)
    return (files(__package__) / f"{name}.yaml").read_text(encoding="utf-8")


def stories(name: str) -> str:
    """Return the stories of a rulebook, for a copy of it in a rules folder.

    Raises:
        KeyError: there is no rulebook of that name.
    """
    if name not in _ORDER:
        raise KeyError(name)
    text = (files(__package__) / "scenarios" / f"{name}.yaml").read_text(encoding="utf-8")
    # In a rules folder they are about what stands there, and need not say so.
    lines = [
        line
        for line in text.splitlines()
        if not line.startswith(("rulebook:", "# A copy of this file", "# the line `rulebook:`"))
    ]
    return "\n".join(lines).replace("\n\n\n", "\n\n") + "\n"


def scenario_schema_text() -> str:
    """Return the JSON Schema of stories, as editors read it."""
    return (files(__package__) / SCENARIO_SCHEMA_FILE).read_text(encoding="utf-8")


def schema_text() -> str:
    """Return the JSON Schema, as editors read it."""
    return (files(__package__) / SCHEMA_FILE).read_text(encoding="utf-8")
