"""Which rule or step of a rulebook sends which text, and by which way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from arsync.core.rulebook.model import (
    HAND_OVER,
    HOLD_LIFTED,
    HOLD_PLACED,
    INSTALMENT_DUE,
    INSTALMENT_MISSED,
    LIMIT_CHANGED,
    NOWHERE,
    PLAN_AGREED,
    STATEMENT_OF_ACCOUNT,
    Cadence,
    CountedFrom,
    OncePer,
    Place,
    Rulebook,
    Step,
    StepKind,
)

PLATFORM, SMTP = "accounting system", "smtp"


class TextUse(NamedTuple):
    """One place of a rulebook that sends a text."""

    text: str
    rule: str
    """The name of its rule, or of its section."""
    comes: str
    """When: `day 14`."""
    via: str
    """The way that the rulebook names for it; empty: a letter, by the way that is set up."""
    is_letter: bool = False
    """Whether it is a letter on paper or as PDF, and no email."""
    place: Place = NOWHERE


def text_uses(rulebook: Rulebook) -> Iterator[TextUse]:
    """Yield every use of a text, in the order of the rulebook."""
    for cadence in rulebook.reminders:
        yield from _of_cadence(rulebook, cadence)
    yield from _of_payment_plans(rulebook)
    yield from _about_the_account(rulebook)
    yield from _announcements(rulebook)


def _of_cadence(rulebook: Rulebook, cadence: Cadence) -> Iterator[TextUse]:
    for step in cadence.steps:
        # A repeated step says the same again.
        if step.kind in {StepKind.EMAIL, StepKind.LETTER} and step.repeat == 1:
            is_letter = step.kind is StepKind.LETTER
            usual = "" if is_letter else rulebook.sending.via
            yield TextUse(
                step.text,
                cadence.name,
                _comes(step),
                step.via or usual,
                is_letter=is_letter,
                place=step.place,
            )


def _of_payment_plans(rulebook: Rulebook) -> Iterator[TextUse]:
    plans = rulebook.payment_plans
    comes = {
        PLAN_AGREED: ("confirm", "when a plan is agreed"),
        INSTALMENT_DUE: ("announce", f"{_days(plans.announce_days)} before an instalment"),
        INSTALMENT_MISSED: ("chase", f"{_days(plans.chase_days)} after a missed instalment"),
    }
    for text, (key, words) in comes.items():
        if text in plans.texts:
            place = plans.places.get(key, plans.place)
            # No platform's own email says it.
            yield TextUse(text, "payment_plans", words, SMTP, place=place)


def _about_the_account(rulebook: Rulebook) -> Iterator[TextUse]:
    for statement in rulebook.statements:
        comes, via = f"on: {statement.on.text}", _own_way(rulebook, statement.via)
        yield TextUse(STATEMENT_OF_ACCOUNT, statement.name, comes, via, place=statement.place)
    thanks = rulebook.thank_you
    if thanks is not None:
        via = _own_way(rulebook, thanks.via)
        yield TextUse(thanks.email, thanks.name, "when it paid", via, place=thanks.place)
    for letter in rulebook.after_issue:
        which = "a first" if letter.once_per is OncePer.CUSTOMER else "an"
        comes = f"{_days(letter.days)} after the issue of {which} invoice"
        via = _own_way(rulebook, letter.via)
        yield TextUse(letter.email, letter.name, comes, via, place=letter.place)


def _announcements(rulebook: Rulebook) -> Iterator[TextUse]:
    announced = rulebook.announcements
    via = _own_way(rulebook, announced.via)
    holds = any(hold.tells_customer for hold in rulebook.credit_holds)
    texts = {
        HOLD_PLACED: (announced.holds_placed or holds, "credit_holds", "when a hold is placed"),
        HOLD_LIFTED: (announced.holds_lifted or holds, "credit_holds", "when a hold is lifted"),
        LIMIT_CHANGED: (announced.limits, "credit_limits", "when the limit changes"),
        HAND_OVER: (
            announced.placement_days is not None,
            "placements",
            f"{_days(announced.placement_days)} before debts are placed",
        ),
    }
    for text, (is_sent, key, comes) in texts.items():
        if is_sent:
            place = announced.places.get(key, announced.place)
            yield TextUse(text, "announcements", comes, via, place=place)


def _own_way(rulebook: Rulebook, via: str) -> str:
    """Return a way that carries words of ours."""
    usual = rulebook.sending.via
    return via or (SMTP if usual == PLATFORM else usual)


def _comes(step: Step) -> str:
    if step.days_after is not None:
        return f"{_days(step.days_after)} after the step before"
    since = "" if step.counted_from is CountedFrom.DUE_DATE else f" from {step.counted_from}"
    return f"day {step.day}{since}"


def _days(count: int | None) -> str:
    return "1 day" if count == 1 else f"{count} days"
