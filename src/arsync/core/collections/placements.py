"""Placements by hand, and the figures of each: what was placed, what came back, what it cost."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from arsync.core.ledger.account_view import AccountView
from arsync.core.ledger.agreements.placements import (
    PlacementState,
    invoices_of,
    placed_sums,
    recovered,
    state_of,
)
from arsync.core.ledger.money import shown
from arsync.core.ledger.records import Account, Invoice, Placement
from arsync.core.planning.assessment import Assessment, DunnedParty
from arsync.core.planning.due_steps import agreed_stop

Money = tuple[Decimal, str]
"""An amount and its currency."""


class Placeable(NamedTuple):
    """What of a customer's debts a person can place now."""

    debts: tuple[Invoice, ...]
    """With what is placed of each for its amount due, the oldest due date first."""
    left_out: tuple[tuple[str, str], ...]
    """The numbers of others, each with why it stays."""


def placeable(
    assessment: Assessment,
    party: DunnedParty,
    today: date,
    chosen: Collection[str] | None = None,
) -> Placeable:
    """Return which debts can be placed: overdue, and neither disputed nor agreed about.

    A person's word changes nothing about that: the law that keeps disputed debts here is for rules
    and people alike.

    Args:
        assessment: the account, assessed for the day.
        party: the customer.
        today: the organisation's day.
        chosen: ids of invoices; None: every overdue one.
    """
    account_view = assessment.account_view
    debts: list[Invoice] = []
    left_out: list[tuple[str, str]] = []
    for invoice in party.view.owed:
        if chosen is not None and invoice.id not in chosen:
            continue
        number = invoice.number or invoice.id
        stop = agreed_stop(assessment, invoice, today)
        if invoice.due_on >= today:
            if chosen is not None:
                left_out.append((number, f"not overdue: due on {invoice.due_on}"))
        elif stop is not None:
            left_out.append((number, stop[0]))
        else:
            debts.append(account_view.as_asked_for(invoice))
            kept_back = account_view.in_dispute.get(invoice.id)
            if kept_back:
                disputed = shown(kept_back, invoice.currency)
                left_out.append((number, f"{disputed} of it is disputed and stays"))
    return Placeable(tuple(debts), tuple(left_out))


class PlacementFigures(NamedTuple):
    """One placement on one day."""

    placement: Placement
    state: PlacementState
    placed: dict[str, Decimal]
    """By currency."""
    recovered: dict[str, Decimal]
    """What was paid on its debts while they were placed, by currency."""
    cost: Money | None
    """None: nobody has said."""

    @property
    def share(self) -> Decimal | None:
        """Return the cost in percent of what was recovered; None where that cannot be told."""
        if self.cost is None or set(self.recovered) != {self.cost[1]}:
            return None
        return (self.cost[0] * 100 / self.recovered[self.cost[1]]).quantize(Decimal("0.01"))


def figures_of(
    placement: Placement, account: Account, account_view: AccountView, cost: Money | None
) -> PlacementFigures:
    """Return the figures of one of an account's placements, as of the day of its view."""
    by_id = {invoice.id: invoice for invoice in account.invoices}
    net = account_view.owed_by_id
    # What cash covers in full is not owed any more, though nobody has matched it yet.
    invoices = [
        invoice if invoice.id in net else invoice._replace(amount_due=Decimal(0))
        for invoice in invoices_of(placement, by_id)
    ]
    return PlacementFigures(
        placement,
        state_of(placement, invoices, account),
        placed_sums(placement),
        recovered(placement, account),
        cost,
    )


def sums_in_words(sums: dict[str, Decimal]) -> str:
    """Return sums by currency: `GBP 500.00 and EUR 20.00`; `nothing` without any."""
    words = [shown(amount, currency) for currency, amount in sorted(sums.items())]
    return " and ".join(words) or "nothing"
