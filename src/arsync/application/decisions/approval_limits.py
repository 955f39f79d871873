"""What actions are about in the currency of the books, and whose approval alone is enough."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor
from arsync.core.actions import Action, ActionKind, InvoiceRef
from arsync.core.ledger.money import ZERO, rounded
from arsync.store.actions.waiting import OwedShare
from arsync.store.db.column_types import UNIT
from arsync.store.models import (
    ActionRow,
    InvoiceInShort,
    WaitingAction,
    WaitingInvoice,
    WaitingOutline,
)

ABOUT_ALL_THAT_IS_OWED = frozenset(
    {
        ActionKind.CREDIT_HOLD,
        ActionKind.TERMS,
        ActionKind.HOLD_REASONS,
        ActionKind.LIFT_CREDIT_HOLD,
        ActionKind.RESTORE_TERMS,
    }
)
"""They name no invoices: they are about everything that the customer owes."""


def shares_owed(
    organisation: OrganisationContext, actions: Sequence[WaitingAction] | Sequence[ActionRow]
) -> Sequence[OwedShare]:
    """Return what the customers owe of whose whole debt some of these actions are."""
    debtors = {_debtor(each) for each in actions if _kind(each) in ABOUT_ALL_THAT_IS_OWED}
    return organisation.store.waiting.owed(organisation.id, sorted(debtors)) if debtors else []


def amounts_in_books(
    organisation: OrganisationContext,
    actions: Sequence[WaitingAction] | Sequence[ActionRow],
    shares: Sequence[OwedShare] | None = None,
) -> dict[str, Decimal | None]:
    """Return what each action is about in the currency of the books, by its key.

    None: a rate is not known. What names no invoice and is about no debt is about nothing.

    Args:
        organisation: whose actions.
        actions: the actions.
        shares: their `shares_owed`, where the caller has read them.
    """
    base = organisation.connection.organisation.base_currency
    refs = {each.key: _refs(each) for each in actions}
    foreign = {ref.id for some in refs.values() for ref in some if ref.currency != base}
    store = organisation.store.waiting
    rates = store.rates(organisation.id, sorted(foreign)) if foreign else {}
    owed = _owed(shares_owed(organisation, actions) if shares is None else shares, base)
    amounts: dict[str, Decimal | None] = {}
    for each in actions:
        if _kind(each) in ABOUT_ALL_THAT_IS_OWED:
            amounts[each.key] = owed.get(_debtor(each), ZERO)
        else:
            amounts[each.key] = _sum(_in_books(ref, base, rates) for ref in refs[each.key])
    return amounts


def units_in_books(
    organisation: OrganisationContext,
    outlines: Sequence[WaitingOutline],
    shares: Sequence[OwedShare],
) -> dict[str, int | None]:
    """Return the same of thousands, rounded, in ten-thousandths: what lists are sorted by.

    Args:
        organisation: whose actions.
        outlines: the actions.
        shares: what the customers owe of whose whole debt some are.
    """
    base = organisation.connection.organisation.base_currency
    foreign = {ref.id for outline in outlines for ref in outline.invoices if ref.currency != base}
    store = organisation.store.waiting
    rates = store.rates(organisation.id, sorted(foreign)) if foreign else {}
    owed = _owed(shares, base)
    units: dict[str, int | None] = {}
    for outline in outlines:
        if outline.kind in ABOUT_ALL_THAT_IS_OWED:
            amount = owed.get(outline.contact_id, ZERO)
        else:
            amount = _sum(_in_books(ref, base, rates) for ref in outline.invoices)
        units[outline.key] = None if amount is None else int(rounded(amount, base) * UNIT)
    return units


def needs_two(actor: Actor, amount: Decimal | None) -> bool:
    """Return whether an approval by somebody is only the first of two.

    Args:
        actor: who would approve.
        amount: what it is about in the currency of the books; None: not known.
    """
    if actor.approves_up_to is None:
        return False
    return amount is None or amount > actor.approves_up_to


def digest_of(action: Action, personal_line: str = "") -> str:
    """Return what tells an action from the same one about other sums, words or readers.

    How many days something is overdue is no part of it: that is another each day.
    """
    refs = sorted((ref.id, ref.currency, str(ref.amount_due), ref.step) for ref in action.invoices)
    text = "\x00".join((action.key, action.step, action.via, str(action.payload), str(refs)))
    text += f"\x00{personal_line}" if personal_line else ""
    return hashlib.sha256(text.encode()).hexdigest()


def _owed(shares: Iterable[OwedShare], base: str) -> Mapping[str, Decimal | None]:
    owed: dict[str, Decimal | None] = {}
    for share in shares:
        amount = share.amount_due
        converted = amount if share.currency == base else _converted(amount, share.rate)
        owed[share.contact_id] = _sum([owed.get(share.contact_id, ZERO), converted])
    return owed


def _sum(amounts: Iterable[Decimal | None]) -> Decimal | None:
    total = ZERO
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total


def _in_books(
    ref: WaitingInvoice | InvoiceInShort | InvoiceRef,
    base: str,
    rates: Mapping[str, Decimal | None],
) -> Decimal | None:
    if ref.currency == base:
        return ref.amount_due
    return _converted(ref.amount_due, rates.get(ref.id))


def _converted(amount: Decimal, rate: Decimal | None) -> Decimal | None:
    return None if rate is None else amount * rate


def _refs(each: WaitingAction | ActionRow) -> Sequence[WaitingInvoice] | Sequence[InvoiceRef]:
    return each.invoices if isinstance(each, WaitingAction) else each.action.invoices


def _kind(each: WaitingAction | ActionRow) -> ActionKind:
    return each.kind if isinstance(each, WaitingAction) else each.action.kind


def _debtor(each: WaitingAction | ActionRow) -> str:
    return each.contact_id if isinstance(each, WaitingAction) else each.action.contact_id
