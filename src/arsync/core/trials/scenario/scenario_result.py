"""The outcome of what is tried: a scenario, or an application for credit."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple, Protocol

from arsync.core.rulebook.model import Place


class Failure(NamedTuple):
    """One difference between what was expected and what happened."""

    place: Place
    """The line of the scenario."""
    on: date | None
    expected: str
    instead: str
    reasons: tuple[str, ...] = ()
    """Each with the rulebook's file and line."""


class NamedCase(Protocol):
    """What is tried, as results name it: a scenario, or an application for credit."""

    @property
    def name(self) -> str:
        """Return what it shows."""
        ...

    @property
    def place(self) -> Place:
        """Return its line."""
        ...


class ScenarioResult(NamedTuple):
    """The outcome of one scenario."""

    scenario: NamedCase
    failures: tuple[Failure, ...]

    @property
    def passed(self) -> bool:
        """Return whether everything was as expected."""
        return not self.failures
