"""Stepping: which step of a cadence comes next for one invoice, and from which day on.

Steps are due since a day, never on a day; what was missed is caught up one step at a time, with at
least the gaps that the cadence has.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from arsync.core.ledger.records import Account, SentStep
from arsync.core.rulebook.model import Cadence, Step, StepKind


class Due(NamedTuple):
    """The next step, and the first day on which it may be taken."""

    step: Step
    on: date


def cadence_for(cadence: Cadence, invoice_id: str, account: Account) -> Cadence:
    """Return a cadence as one invoice takes it: a late fee bears no late fee of its own.

    Otherwise a fee that is not paid would bring a fee, and that one the next, without an end.
    """
    if invoice_id not in account.fees:
        return cadence
    steps = tuple(step for step in cadence.steps if step.kind is not StepKind.LATE_FEE)
    return cadence._replace(steps=steps)


def position(cadence: Cadence, taken_steps: Sequence[SentStep]) -> tuple[int, date] | None:
    """Return the day and date of the highest step taken, as this cadence counts days.

    A step that was taken under another cadence, or before the rulebook was edited, counts as the
    step with the same text when there is no step on its day: no customer gets the same text twice
    because a day was moved.
    """
    if not taken_steps:
        return None
    days = {step.day for step in cadence.steps}
    by_text = {step.text: step.day for step in cadence.steps}
    places = [
        (
            sent_step.day
            if sent_step.day in days
            # Never lower than its own day: the steps in between were passed already.
            else max(sent_step.day, by_text.get(sent_step.step, sent_step.day)),
            sent_step.on,
        )
        for sent_step in taken_steps
    ]
    return max(places)


def next_step(
    cadence: Cadence,
    *,
    due_on: date,
    today: date,
    taken_steps: Sequence[SentStep],
    refused: Collection[int] = (),
) -> Due | None:
    """Return the next step for an invoice; None when the cadence has come to its end.

    Args:
        cadence: the contact's.
        due_on: the invoice's due date as it is now; when it moves, the steps move along.
        today: the organisation's day.
        taken_steps: those taken in the present episode.
        refused: days of steps that were refused for good: the next one follows.
    """
    last = position(cadence, taken_steps)
    # A refused step counts as passed, but not as taken: no gap starts with it.
    highest = max([*([last[0]] if last else []), *refused], default=None)
    for step in cadence.steps:
        if highest is not None and step.day <= highest:
            continue
        on = due_on + timedelta(step.day)
        if last is not None:
            # The cadence's own gap holds after a late step too: a missed week is caught up one step
            # at a time, not piled up.
            on = max(on, last[1] + timedelta(step.day - last[0]))
        if step.day < 0 and max(on, today) >= due_on:
            continue  # steps before the due date lapse on it
        return Due(step, on)
    return None


class FirstSteps(dict[date, Due | None]):
    """By due date: the step that comes next in one cadence where none was taken, on one day.

    Thousands of invoices fall due on the same few days, so each day's answer is kept. It is a
    cache and nothing else: an answer rests on the cadence, the day and the due date alone.
    """

    def __init__(self, cadence: Cadence, today: date) -> None:
        """Start with an empty cache."""
        super().__init__()
        self._cadence = cadence
        self._today = today

    def __missing__(self, due_on: date) -> Due | None:
        due = self[due_on] = next_step(
            self._cadence, due_on=due_on, today=self._today, taken_steps=()
        )
        return due
