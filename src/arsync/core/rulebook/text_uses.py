"""Which rule or step of a rulebook sends which text, and by which way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from arsync.core.rulebook.model import (
    INSTALMENT_DUE,
    INSTALMENT_MISSED,
    NOWHERE,
    PLAN_AGREED,
    Cadence,
    CountedFrom,
    Place,
    Rulebook,
    Step,
    StepKind,
)


class TextUse(NamedTuple):
    """One place of a rulebook that sends a text."""

    text: str
    rule: str
    """The name of its rule, or of its section."""
    comes: str
    """When: `day 14`."""
    via: str
    """The way that the rulebook names for it."""
    is_letter: bool = False
    """Whether it is a letter on paper or as PDF, and no email."""
    place: Place = NOWHERE


def text_uses(rulebook: Rulebook) -> Iterator[TextUse]:
    """Yield every use of a text, in the order of the rulebook."""
    for cadence in rulebook.reminders:
        yield from _of_cadence(rulebook, cadence)
    plans = rulebook.payment_plans
    comes = {
        PLAN_AGREED: ("confirm", "when a plan is agreed"),
        INSTALMENT_DUE: ("announce", f"{_days(plans.announce_days)} before an instalment"),
        INSTALMENT_MISSED: ("chase", f"{_days(plans.chase_days)} after a missed instalment"),
    }
    for text, (key, words) in comes.items():
        if text in plans.texts:
            place = plans.places.get(key, plans.place)
            yield TextUse(text, "payment_plans", words, rulebook.sending.via, place=place)


def _of_cadence(rulebook: Rulebook, cadence: Cadence) -> Iterator[TextUse]:
    for step in cadence.steps:
        # A repeated step says the same again.
        if step.kind in {StepKind.EMAIL, StepKind.LETTER} and step.repeat == 1:
            yield TextUse(
                step.text,
                cadence.name,
                _comes(step),
                rulebook.sending.via,
                is_letter=step.kind is StepKind.LETTER,
                place=step.place,
            )


def _comes(step: Step) -> str:
    if step.days_after is not None:
        return f"{_days(step.days_after)} after the step before"
    since = "" if step.counted_from is CountedFrom.DUE_DATE else f" from {step.counted_from}"
    return f"day {step.day}{since}"


def _days(count: int | None) -> str:
    return "1 day" if count == 1 else f"{count} days"
