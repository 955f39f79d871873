"""What is taken off the invoices of a letter: unapplied cash, disputes, agreed instalments."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from arsync.core.actions import Action
from arsync.core.ledger.account_view import AccountView
from arsync.core.ledger.agreements.disputes import counting_disputes
from arsync.core.ledger.as_of import as_issued
from arsync.core.ledger.late_debt import (
    FROM_THE_BEGINNING,
    LateDebt,
    Reduction,
    by_cash,
    late_debt,
    reductions_of,
)
from arsync.core.ledger.money import ZERO
from arsync.core.ledger.records import Account, Invoice, Organisation
from arsync.core.ledger.unapplied_cash import Covers, less_cash


class DisputedPart(NamedTuple):
    """The part of an invoice that is disputed."""

    amount: Decimal
    code: str
    """Of UN/EDIFACT 4465; empty: nobody said."""


class TakenOff(NamedTuple):
    """What is taken off the invoices of a letter, by invoice id."""

    covers: Covers
    disputed: Mapping[str, DisputedPart]
    in_plan: Mapping[str, Decimal]
    """What is left to a payment plan."""

    @property
    def disputed_amounts(self) -> dict[str, Decimal]:
        """Return what is disputed."""
        return {invoice_id: disputed.amount for invoice_id, disputed in self.disputed.items()}

    def of(self, invoice: Invoice) -> Invoice:
        """Return an invoice with what is asked for as its amount due."""
        net = less_cash(invoice, self.covers)
        kept_back = self.in_plan.get(invoice.id, ZERO)
        if invoice.id in self.disputed:
            kept_back += self.disputed[invoice.id].amount
        if not kept_back:
            return net
        return net._replace(amount_due=max(ZERO, net.amount_due - kept_back))


def taken_off_of(
    action: Action, account: Account, organisation: Organisation, today: date
) -> TakenOff:
    """Return what takes something off the action's invoices: cash, disputes, payment plans."""
    counting = counting_disputes(account.disputes, account.invoices) if account.disputes else {}
    # Only where the plan took it off: the rulebook may say that it does not count.
    disputed = {
        ref.id: DisputedPart(ref.disputed, counting[ref.id].code if ref.id in counting else "")
        for ref in action.invoices
        if ref.disputed
    }
    in_part = {
        ref.id
        for ref in action.invoices
        if ref.document_amount_due is not None
        and ref.document_amount_due - ref.amount_due > (ref.disputed or ZERO)
    }
    if not in_part:
        return TakenOff({}, disputed, {})
    base = organisation.base_currency
    view = AccountView(as_issued(account, today), today, currency=base, base=base)
    covers = {
        invoice_id: covers
        for invoice_id, covers in view.cash_covers.items()
        if invoice_id in in_part
    }
    return TakenOff(covers, disputed, _in_plan(action, account, covers))


def _in_plan(action: Action, account: Account, covers: Covers) -> dict[str, Decimal]:
    """Return what the plan left to agreed instalments: all that it took off besides."""
    planned = {invoice_id for plan in account.payment_plans for invoice_id in plan.invoice_ids}
    amounts: dict[str, Decimal] = {}
    for ref in action.invoices if planned else ():
        if ref.id in planned and ref.document_amount_due is not None:
            cash = sum((cover.amount for cover in covers.get(ref.id, ())), ZERO)
            kept_back = ref.document_amount_due - ref.amount_due - (ref.disputed or ZERO) - cash
            if kept_back > 0:
                amounts[ref.id] = kept_back
    return amounts


def late_debts(account: Account, taken_off: TakenOff) -> dict[str, tuple[str, LateDebt]]:
    """Return, by invoice id, its currency and how its debt ran."""
    reductions = reductions_of(account)
    debts: dict[str, tuple[str, LateDebt]] = {}
    for invoice in account.invoices:
        cash = by_cash(taken_off.covers.get(invoice.id, ()))
        if invoice.id in taken_off.disputed:
            amount = taken_off.disputed[invoice.id].amount
            cash.append(Reduction(FROM_THE_BEGINNING, amount))
        debt = late_debt(invoice, reductions.get(invoice.id, ()), cash)
        debts[invoice.id] = (invoice.currency, debt)
    return debts
