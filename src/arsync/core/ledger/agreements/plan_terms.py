"""The terms of a payment plan: what a person agreed, checked against what is owed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from arsync.core.ledger.account_view import AccountView
from arsync.core.ledger.agreements.payment_plans import (
    INSTALMENTS_MAX,
    PLAN_DAYS_MAX,
    Every,
    JudgedPlan,
    due_days,
    equal_parts,
    money_since,
)
from arsync.core.ledger.money import ZERO, rounded, shown
from arsync.core.ledger.records import Account, Instalment, Invoice, PaymentPlan
from arsync.core.ledger.unapplied_cash import payers

NAMED_MAX = 5
"""How many invoices a message names."""


class Terms(NamedTuple):
    """What was agreed: instalments as listed, or a number of equal ones."""

    invoice_ids: tuple[str, ...] = ()
    """Empty: all that the customer owes."""
    listed: tuple[Instalment, ...] = ()
    equal_parts: int = 0
    """The number of equal instalments; 0 where they are listed."""
    every: Every = Every.MONTH
    first: date | None = None
    """The day of the first equal instalment."""


class TermsRefused(ValueError):
    """Such a plan is not recorded; the message says why, and what can be done."""

    def __init__(self, message: str, hint: str = "") -> None:
        """Keep the hint apart."""
        super().__init__(message)
        self.hint = hint


class Uncovered(NamedTuple):
    """What is owed on an invoice beside the plan."""

    invoice: Invoice
    amount: Decimal


class Agreement(NamedTuple):
    """A plan as it would be recorded."""

    plan: PaymentPlan
    covered: tuple[Invoice, ...]
    """Its invoices, each with what is owed net."""
    uncovered: tuple[Uncovered, ...]
    """What is owed and named, and not covered by the instalments."""


def agreement(
    account: Account, contact_id: str, terms: Terms, view: AccountView, by: str
) -> Agreement:
    """Return a plan for what a contact owes; its number is 0 until it is recorded.

    Args:
        account: the customer's.
        contact_id: who agrees.
        terms: what was agreed.
        view: the account on the day of the agreement.
        by: who records it.

    Raises:
        TermsRefused: the terms fit neither the debt nor the calendar, or a plan stands already.
    """
    named = terms.invoice_ids or _all_owed(account, contact_id, view)
    _refuse_second(view, named)
    owed = _owed(account, named, view)
    currency = owed[0].currency
    in_all = sum((invoice.amount_due for invoice in owed), ZERO)
    instalments = _instalments(terms, in_all, currency, view.today)
    total = sum((instalment.amount for instalment in instalments), ZERO)
    if total > in_all:
        raise TermsRefused(
            f"the instalments come to {shown(total, currency)}, and {shown(in_all, currency)} is"
            f" owed on {_numbers(owed)}.",
            f"agree on {shown(in_all, currency)} or less",
        )
    covered, uncovered = _split(owed, total)
    ids = tuple(invoice.id for invoice in covered)
    plan = PaymentPlan(
        id=0,
        contact_id=contact_id,
        invoice_ids=ids,
        currency=currency,
        made_on=view.today,
        by=by,
        instalments=instalments,
        of_balance=not terms.invoice_ids,
        received_before=_received_today(account, ids, view),
    )
    return Agreement(plan, tuple(covered), tuple(uncovered))


def _all_owed(account: Account, contact_id: str, view: AccountView) -> tuple[str, ...]:
    pays = payers(account.contacts)
    return tuple(
        invoice.id
        for invoice in view.owed
        if pays.get(invoice.contact_id, invoice.contact_id) == contact_id
    )


def _refuse_second(view: AccountView, named: Sequence[str]) -> None:
    """Refuse a second plan for one debt."""
    for invoice_id in named:
        standing = view.plan_of.get(invoice_id)
        if standing is not None and standing.is_standing:
            document = view.owed_by_id.get(invoice_id)
            number = document.number if document and document.number else invoice_id
            raise TermsRefused(
                f"{number} has a payment plan already, agreed on {standing.plan.made_on} and"
                f" {standing.state}{_next_words(standing)}.",
                f"end that one first: arsync agree {number} --cancel; or name the other invoices",
            )


def _next_words(standing: JudgedPlan) -> str:
    following = standing.following
    return f", the next instalment on {following.due_on}" if following else ""


def _owed(account: Account, named: Sequence[str], view: AccountView) -> list[Invoice]:
    """Return what is owed on the invoices; their plan has the first claim on unapplied cash."""
    tentative = PaymentPlan(0, "", tuple(named), "", view.today, "", ())
    with_plan = AccountView(
        account._replace(payment_plans=(*account.payment_plans, tentative)),
        view.today,
        currency=view.currency,
        base=view.converter.base,
        unapplied_cash=view.cash_counts,
        instalments_in_time=view.instalments_in_time,
    ).owed_by_id
    owed = [invoice for invoice in with_plan.values() if invoice.id in set(named)]
    if not named or not owed:
        raise TermsRefused("nothing is owed that could be paid in instalments.")
    paid = [invoice_id for invoice_id in named if invoice_id not in with_plan]
    if paid:
        numbers = {invoice.id: invoice.number for invoice in account.invoices}
        raise TermsRefused(f"nothing is owed on {numbers.get(paid[0]) or paid[0]}.")
    currencies = sorted({invoice.currency for invoice in owed})
    if len(currencies) > 1:
        raise TermsRefused(
            f"{_numbers(owed)} are in {' and '.join(currencies)}: a plan is in one currency.",
            "agree on the invoices of one currency by their numbers",
        )
    return owed


def _instalments(
    terms: Terms, in_all: Decimal, currency: str, today: date
) -> tuple[Instalment, ...]:
    instalments = terms.listed
    count = len(instalments) or terms.equal_parts
    if not 1 <= count <= INSTALMENTS_MAX:
        raise TermsRefused(f"a plan has 1 to {INSTALMENTS_MAX} instalments, not {count:,}.")
    if not instalments:
        first = terms.first or today
        _refuse_day(first, today)
        amounts = equal_parts(in_all, count, currency)
        days = due_days(first, terms.every, count)
        instalments = tuple(map(Instalment, days, amounts))
    for instalment in instalments:
        _refuse_day(instalment.due_on, today)
        if instalment.amount <= 0 or instalment.amount != rounded(instalment.amount, currency):
            raise TermsRefused(
                f"an instalment of {instalment.amount} {currency} cannot be paid.",
                "fewer instalments, or amounts that can be paid in this currency",
            )
    days = tuple(instalment.due_on for instalment in instalments)
    if list(days) != sorted(set(days)):
        raise TermsRefused(
            "the instalments are not in the order of their days.", "each day once, the first first"
        )
    return instalments


def _refuse_day(day: date, today: date) -> None:
    if day < today:
        raise TermsRefused(f"{day.isoformat()} is past.", "an instalment is due today or later")
    if day - today > timedelta(PLAN_DAYS_MAX):
        raise TermsRefused(
            f"{day.isoformat()} is more than {PLAN_DAYS_MAX:,} days ahead.",
            "check the year; a longer plan is agreed again when this one ends",
        )


def _split(owed: Sequence[Invoice], total: Decimal) -> tuple[list[Invoice], list[Uncovered]]:
    """Return the invoices that a sum covers, the oldest first, and what it does not cover."""
    covered: list[Invoice] = []
    uncovered: list[Uncovered] = []
    for invoice in owed:
        amount = min(total, invoice.amount_due)
        total -= amount
        if amount > 0:
            covered.append(invoice)
        if amount < invoice.amount_due:
            uncovered.append(Uncovered(invoice, invoice.amount_due - amount))
    return covered, uncovered


def _received_today(account: Account, ids: Sequence[str], view: AccountView) -> Decimal:
    """Return what has come for the invoices today: it is off what was agreed already."""
    came = money_since(account, ids, view.today, view.cash_covers)
    return sum((amount for day, amount in came if day == view.today), ZERO)


def _numbers(invoices: Sequence[Invoice]) -> str:
    named = ", ".join(invoice.number or invoice.id for invoice in invoices[:NAMED_MAX])
    more = len(invoices) - NAMED_MAX
    return f"{named} and {more:,} more" if more > 0 else named
