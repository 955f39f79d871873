"""Taking over: at which step a debt starts that is older than the connection.

Whoever takes over a ledger has mostly chased its old debts already. `by age` passes over the steps
before the one where a debt's age stands on the day of taking over: as passed, not as taken, so that
no gap starts with them. What follows keeps its order and its gaps.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import date

from arsync.core.ledger.records import Account, Invoice, SentStep
from arsync.core.planning.cadence_steps import is_of_promise, starts_on
from arsync.core.rulebook.conditions import Answer
from arsync.core.rulebook.model import Cadence, Step, TakeOver, TakeOverKind

PASSING = frozenset({TakeOverKind.BY_AGE, TakeOverKind.FROM_STEP})
"""The ways of taking over that pass over steps."""


def is_old(account: Account, invoice: Invoice, today: date) -> bool:
    """Return whether an invoice was overdue before the connection was taken over."""
    # A connection that still observes is not taken over: it would be today.
    return invoice.due_on < (account.taken_over_on or today)


def passed_over(
    take_over: TakeOver,
    cadence: Cadence,
    invoice: Invoice,
    account: Account,
    *,
    today: date,
    taken_steps: Sequence[SentStep],
    asks: Callable[[Step], Answer] | None = None,
) -> Collection[int]:
    """Return the places of the steps that an old debt does not start with.

    Args:
        take_over: as the rulebook says it.
        cadence: the contact's.
        invoice: one of its invoices.
        account: the debtor.
        today: the organisation's day.
        taken_steps: those taken of the invoice; after the first, its course is like any other's.
        asks: answers the condition of a step; without it all are for the invoice.
    """
    if take_over.kind not in PASSING or taken_steps or not is_old(account, invoice, today):
        return ()
    steps = cadence.steps
    if take_over.kind is TakeOverKind.FROM_STEP:
        named = [index for index, step in enumerate(steps) if step.text == take_over.step]
        return range(named[0]) if named else ()
    # The age of that day: by today's, a step that waits for approval would turn into the next.
    age_on = account.taken_over_on or today
    reached = [
        index - (step.repeat - 1)
        for index, step in enumerate(steps)
        if _is_reached(step, invoice, age_on)
        and (step.when is None or asks is None or asks(step) is not False)
    ]
    return range(reached[-1]) if reached else ()


def _is_reached(step: Step, invoice: Invoice, day: date) -> bool:
    start = None if is_of_promise(step) else starts_on(step, invoice, None)
    return start is not None and start <= day
