"""Unapplied cash: a customer's own money that is not matched to an invoice yet, and what it covers.

Covering is on paper only: nothing is allocated in the books. Prepayments, overpayments, unapplied
payments and open credit notes count alike, the oldest first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from arsync.core.ledger.credit_kinds import CreditKind
from arsync.core.ledger.money import ZERO
from arsync.core.ledger.records import (
    Account,
    Contact,
    ContactStatus,
    DocumentStatus,
    Invoice,
    PaymentStatus,
)


class UnappliedCash(StrEnum):
    """How unapplied cash counts for what is owed."""

    NET = "net"
    """It is taken off the invoices, the oldest first."""
    ONLY_IN_FULL = "only in full"
    """An invoice that it covers whole is not owed; one that it covers in part is owed whole."""
    IGNORE = "ignore"
    """Nothing is taken off: deposits are kept for later work."""


class Cash(NamedTuple):
    """The part of one credit or payment that is not matched to an invoice."""

    contact_id: str
    kind: str
    """`credit note`, `prepayment`, `overpayment` or `payment`."""
    id: str
    number: str
    """As people know it; empty when it has none."""
    dated: date
    amount: Decimal
    currency: str
    rate: Decimal | None

    @property
    def document(self) -> str:
        """Return its number, or its id."""
        return self.number or self.id

    @property
    def words(self) -> str:
        """Return what people call it: `credit note CN-7`, `payment of 2026-11-02`."""
        return f"{self.kind} {self.number}" if self.number else f"{self.kind} of {self.dated}"


class Cover(NamedTuple):
    """A part of an invoice that unapplied cash covers."""

    cash: Cash
    amount: Decimal
    """In the invoice's currency."""


Covers = Mapping[str, tuple[Cover, ...]]
"""By invoice id: what covers it, the oldest cash first."""

UnitValue = Callable[[str, Decimal | None], Decimal | None]
"""What one unit of a currency at its recorded rate is worth; None without a rate."""


def cash_in_hand(account: Account) -> list[Cash]:
    """Return the account's unapplied cash, the oldest first."""
    cash = [
        Cash(
            credit.contact_id,
            str(credit.kind),
            credit.id,
            # Xero numbers no prepayments and overpayments.
            credit.number if credit.number != credit.id else "",
            credit.issued_on,
            credit.unallocated,
            credit.currency,
            credit.rate,
        )
        for credit in account.credits
        if credit.unallocated > 0 and credit.status == DocumentStatus.OPEN
    ]
    cash += [
        Cash(
            payment.contact_id,
            "payment",
            payment.id,
            payment.reference,
            payment.paid_on,
            payment.unallocated,
            payment.currency,
            payment.rate,
        )
        for payment in account.payments
        if payment.unallocated > 0 and payment.status == PaymentStatus.ACTIVE
    ]
    if len(cash) > 1:
        cash.sort(key=lambda money: (money.dated, money.kind != CreditKind.CREDIT_NOTE, money.id))
    return cash


def payers(contacts: Iterable[Contact]) -> dict[str, str]:
    """Return, of the contacts whose bills another pays, who that is.

    A job that is billed with its parent shares the parent's money; a merged contact is the one it
    became. Whoever is billed separately pays for nobody else, whatever family it belongs to.
    """
    by_id = {contact.id: contact for contact in contacts}
    above = {
        contact.id: upper
        for contact in by_id.values()
        if (upper := contact.merged_into or (contact.parent_id if contact.bill_to_parent else ""))
        and upper in by_id
    }
    payer_of: dict[str, str] = {}
    for contact_id in above:
        path = [contact_id]
        # People can make a circle, in which nobody is on top: its smallest id then pays.
        while (upper := above.get(path[-1], "")) and upper not in path:
            path.append(upper)
        payer_of[contact_id] = min(path[path.index(upper) :]) if upper else path[-1]
    return payer_of


def covered_by_cash(
    account: Account,
    owed: Sequence[Invoice],
    cash: Sequence[Cash],
    counts: UnappliedCash,
    *,
    last: Mapping[str, Decimal],
    first: Collection[str] = (),
    unit_value: UnitValue,
) -> Covers:
    """Return what the customers' own unapplied cash covers, the oldest invoices first.

    Args:
        account: for who pays whose bills.
        owed: its open invoices, the oldest due date first.
        cash: its unapplied cash, the oldest first.
        counts: how unapplied cash counts.
        last: by invoice id, the part that is covered after all others, because nobody chases it.
        unit_value: compares cash in other currencies, which counts where it covers everything.
        first: ids of invoices that are covered before all others: payment plans pay them off, or
            the cash was promised for them.
    """
    if not cash or counts is UnappliedCash.IGNORE:
        return {}
    pays = payers(account.contacts) if len(account.contacts) > 1 else {}
    pools: dict[tuple[str, str], _Pool] = {}
    for money in cash:
        payer = pays.get(money.contact_id, money.contact_id)
        pools.setdefault((payer, money.currency), _Pool()).add(money)
    covers: dict[str, tuple[Cover, ...]] = {}
    in_part: dict[str, tuple[Cover, ...]] = {}
    uncovered: dict[str, dict[str, tuple[Invoice, Decimal]]] = {}
    for invoice, amount in _in_turn(owed, first, last):
        payer, due = pays.get(invoice.contact_id, invoice.contact_id), amount
        pool = pools.get((payer, invoice.currency))
        # Used up even where only a whole counts: a bookkeeper would match it to the oldest invoice.
        used = pool.take(due) if pool is not None else ()
        due -= sum((cover.amount for cover in used), ZERO)
        if used:
            whole = counts is UnappliedCash.NET or due == 0
            counted = covers if whole else in_part
            counted[invoice.id] = (*counted.get(invoice.id, ()), *used)
        if due > 0:
            of_payer = uncovered.setdefault(payer, {})
            before = of_payer[invoice.id][1] if invoice.id in of_payer else ZERO
            of_payer[invoice.id] = (invoice, before + due)
    for payer, invoices in uncovered.items():
        own = [pool for (owner, _), pool in pools.items() if owner == payer and pool.parts]
        if own:
            both = {
                invoice_id: (*covers.get(invoice_id, ()), *in_part.get(invoice_id, ()))
                for invoice_id in invoices
            }
            covers |= _in_other_currencies(tuple(invoices.values()), own, both, unit_value)
    return covers


def _in_turn(
    owed: Sequence[Invoice], first: Collection[str], last: Mapping[str, Decimal]
) -> Iterator[tuple[Invoice, Decimal]]:
    """Yield what is to be covered, in turn: invoices, and the parts of some that come last."""
    ordered = sorted(owed, key=lambda invoice: invoice.id not in first) if first else owed
    later: list[tuple[Invoice, Decimal]] = []
    for invoice in ordered:
        amount = invoice.amount_due
        if invoice.id in last and invoice.id not in first:
            later.append((invoice, min(last[invoice.id], amount)))
            amount -= later[-1][1]
        if amount > 0:
            yield invoice, amount
    yield from later


def billed_together(contacts: Sequence[Contact]) -> dict[str, frozenset[str]]:
    """Return, by the contact that is written to, whose documents it answers for.

    Invoices of an inactive child stay with the child, so no message leaves about them.
    """
    pays = payers(contacts) if len(contacts) > 1 else {}
    billed: dict[str, set[str]] = {}
    for contact in contacts:
        with_payer = contact.status == ContactStatus.ACTIVE and contact.id in pays
        billed.setdefault(pays[contact.id] if with_payer else contact.id, set()).add(contact.id)
    # In the order of the contacts: a payer may come after those it pays for.
    return {
        contact.id: frozenset(billed[contact.id]) for contact in contacts if contact.id in billed
    }


class _Pool:
    """Cash of one payer in one currency, while it is used."""

    def __init__(self) -> None:
        self.parts: deque[tuple[Cash, Decimal]] = deque()

    def add(self, cash: Cash) -> None:
        """Add a part."""
        self.parts.append((cash, cash.amount))

    def take(self, most: Decimal) -> tuple[Cover, ...]:
        """Take so much, or all there is."""
        covers: list[Cover] = []
        while most > 0 and self.parts:
            cash, amount = self.parts.popleft()
            used = min(amount, most)
            if used < amount:
                self.parts.appendleft((cash, amount - used))
            covers.append(Cover(cash, used))
            most -= used
        return tuple(covers)


def _in_other_currencies(
    invoices: Sequence[tuple[Invoice, Decimal]],
    pools: Sequence[_Pool],
    covers: Covers,
    unit_value: UnitValue,
) -> dict[str, tuple[Cover, ...]]:
    """Return covers of all that is left, where cash in other currencies is worth as much."""
    # All or nothing: a part would be a sum that moves with each rate.
    owed = _worth(((due, invoice.currency, invoice.rate) for invoice, due in invoices), unit_value)
    held = _worth(
        ((amount, cash.currency, cash.rate) for pool in pools for cash, amount in pool.parts),
        unit_value,
    )
    if owed is None or held is None or held < owed:
        return {}
    # Which of them is used for which invoice, nobody can say before it is converted.
    first = pools[0].parts[0][0]
    return {
        invoice.id: (*covers.get(invoice.id, ()), Cover(first, due)) for invoice, due in invoices
    }


def _worth(
    amounts: Iterable[tuple[Decimal, str, Decimal | None]], unit_value: UnitValue
) -> Decimal | None:
    total = ZERO
    for amount, currency, rate in amounts:
        unit = unit_value(currency, rate)
        if unit is None:
            return None
        total += amount * unit
    return total


def less_cash(invoice: Invoice, covers: Covers) -> Invoice:
    """Return the invoice with its net amount due: what is due on it, less what covers it."""
    own = covers.get(invoice.id)
    if not own:
        return invoice
    used = sum((cover.amount for cover in own), ZERO)
    return invoice._replace(amount_due=invoice.amount_due - used)
