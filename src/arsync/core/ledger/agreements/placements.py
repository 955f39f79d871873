"""Placed debts: with whom a debt is, how far it has come there, and what was paid since.

Nobody records that a placed debt was collected: the payments in the books say so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum

from arsync.core.ledger.credit_kinds import CreditKind
from arsync.core.ledger.money import ZERO
from arsync.core.ledger.records import Account, DocumentStatus, Invoice, PaymentStatus, Placement


class PlacementState(StrEnum):
    """How far a placement has come."""

    NONE = "none"
    """Never placed."""
    PLACED = "placed"
    RECALLED = "recalled"
    """Taken back by us."""
    RETURNED = "returned"
    """Given back by the agency."""
    COLLECTED = "collected"
    """Nothing is owed any more, and money came since it was placed."""
    CLOSED = "closed"
    """Nothing is owed any more, and no money came: it was credited, voided or written off."""


PLACEMENT_STATES = tuple(PlacementState)
ENDINGS = (PlacementState.RECALLED, PlacementState.RETURNED)
"""What a person records; the books say the rest."""

_MONEY = frozenset({CreditKind.PREPAYMENT, CreditKind.OVERPAYMENT})
_COUNTS = frozenset({DocumentStatus.OPEN, DocumentStatus.PAID})


def as_known_on(placements: Iterable[Placement], day: date) -> tuple[Placement, ...]:
    """Return placements as they stood on the evening of a day."""
    return tuple(
        placement
        if placement.ended_on is None or placement.ended_on <= day
        else placement._replace(ended_on=None, ended_as="")
        for placement in placements
        if placement.placed_on <= day
    )


def newest_by_invoice(placements: Iterable[Placement]) -> dict[str, Placement]:
    """Return the latest placement of each invoice."""
    newest: dict[str, Placement] = {}
    for placement in sorted(placements, key=lambda placement: (placement.placed_on, placement.key)):
        for debt in placement.debts:
            before = newest.get(debt.invoice_id)
            # Placed, recalled and placed again on one day: the one that stands counts.
            if before is None or before.ended_on is not None or placement.ended_on is None:
                newest[debt.invoice_id] = placement
    return newest


def state_of(placement: Placement, invoices: Iterable[Invoice], account: Account) -> PlacementState:
    """Return how far a placement, or a part of it, has come.

    Args:
        placement: as it stands on the day.
        invoices: those of its invoices that are asked about, as the books have them on the day.
        account: whose.
    """
    if placement.ended_as:
        return PlacementState(placement.ended_as)
    debts = list(invoices)
    # An invoice that is not here, or cannot be read, says nothing: the placement stands.
    if not debts or any(_is_open(invoice) for invoice in debts):
        return PlacementState.PLACED
    ids = {invoice.id for invoice in debts}
    if any(amount for _, amount in _received(placement, ids, account)):
        return PlacementState.COLLECTED
    return PlacementState.CLOSED


def recovered(placement: Placement, account: Account) -> dict[str, Decimal]:
    """Return what was paid on its invoices while they were placed, by currency.

    Money counts by the day it was paid, from the day after placing on: what came on that day itself
    was taken off what was placed. Credit notes are not money.
    """
    sums: dict[str, Decimal] = {}
    ids = {debt.invoice_id for debt in placement.debts}
    for currency, amount in _received(placement, ids, account):
        sums[currency] = sums.get(currency, ZERO) + amount
    return sums


def placed_sums(placement: Placement) -> dict[str, Decimal]:
    """Return what was placed, by currency."""
    sums: dict[str, Decimal] = {}
    for debt in placement.debts:
        sums[debt.currency] = sums.get(debt.currency, ZERO) + debt.amount
    return sums


def invoices_of(placement: Placement, by_id: Mapping[str, Invoice]) -> list[Invoice]:
    """Return those of its invoices that the books have."""
    return [by_id[debt.invoice_id] for debt in placement.debts if debt.invoice_id in by_id]


def _is_open(invoice: Invoice) -> bool:
    return invoice.status == DocumentStatus.OPEN and invoice.amount_due > 0


def _received(
    placement: Placement, invoice_ids: set[str], account: Account
) -> Iterator[tuple[str, Decimal]]:
    """Yield the money that came for some invoices while they were placed, with its currency."""
    last = placement.ended_on or date.max
    currencies = {debt.invoice_id: debt.currency for debt in placement.debts}
    for payment in account.payments:
        if payment.status == PaymentStatus.ACTIVE and placement.placed_on < payment.paid_on <= last:
            for allocation in payment.allocations:
                if allocation.invoice_id in invoice_ids:
                    yield currencies[allocation.invoice_id], allocation.amount
    for credit in account.credits:
        if credit.kind not in _MONEY or credit.status not in _COUNTS:
            continue
        if placement.placed_on < credit.issued_on <= last:
            for allocation in credit.allocations:
                if allocation.invoice_id in invoice_ids:
                    yield currencies[allocation.invoice_id], allocation.amount
