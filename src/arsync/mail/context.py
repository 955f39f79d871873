"""What a letter can show: the values of one action and its customer, ready for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from arsync.core.actions import Action, InvoiceRef
from arsync.core.ledger.late_debt import late_debt, reductions_of
from arsync.core.ledger.late_payment_law import LatePayment, compensation, interest
from arsync.core.ledger.money import ZERO
from arsync.core.ledger.records import Account, Invoice, Organisation
from arsync.core.ledger.sanitising import cleaned
from arsync.mail.language import Language

INVOICES_PER_LETTER_MAX = 200
"""A letter lists no more; it says how many there are besides, and gives the total of all."""


class LetterInvoice(NamedTuple):
    """An invoice as a letter shows it; every value is ready for people."""

    number: str
    date: str
    due_date: str
    amount_due: str
    total: str
    currency: str
    days_overdue: int
    overdue: str
    link: str
    reference: str
    step: str


def letter_context(
    action: Action,
    account: Account,
    organisation: Organisation,
    today: date,
    *,
    spoken: Language,
    links: Mapping[str, str] | None = None,
    law: LatePayment | None = None,
) -> dict[str, Any]:
    """Return the values a letter is rendered with, all of them ready for people.

    Args:
        action: names the invoices, with what is due on them.
        account: the customer's fresh records.
        organisation: the sender.
        today: the organisation's day.
        spoken: the letters' language.
        links: the customer's online view by invoice id, where the record has none.
        law: what the law gives for late payment, from the rulebook.
    """
    contact = next(
        (contact for contact in account.contacts if contact.id == action.contact_id), None
    )
    records = {invoice.id: invoice for invoice in account.invoices}
    lines = [
        _line(ref, records.get(ref.id), today, spoken, link=(links or {}).get(ref.id, ""))
        for ref in action.invoices
    ]
    lines = [line._replace(step=line.step or action.step) for line in lines]
    totals: dict[str, Decimal] = {}
    for ref in action.invoices:
        amount, currency = _due(ref, records.get(ref.id))
        totals[currency] = totals.get(currency, ZERO) + amount
    invoice_ids = {ref.id for ref in action.invoices}
    promise = max(
        (promise for promise in account.promises if promise.invoice_id in invoice_ids),
        key=lambda promise: promise.made_on,
        default=None,
    )
    return _context(
        spoken,
        customer=(
            cleaned(contact.name if contact else action.contact_name),
            cleaned(contact.first_name) if contact else "",
        ),
        organisation=cleaned(organisation.name),
        lines=lines,
        totals=[spoken.amount(amount, currency) for currency, amount in totals.items()],
        oldest=max((line.days_overdue for line in lines), default=0),
        today=today,
        step=action.step,
        promised_on=spoken.day(promise.promised_on) if promise else "",
        statutory=_statutory(law, action, account, today, spoken),
    )


def _due(ref: InvoiceRef, record: Invoice | None) -> tuple[Decimal, str]:
    """Return what is due on an invoice: by its fresh record, else by the action."""
    # The record was read a moment ago; the action has the amount of the day it was planned.
    return (record.amount_due, record.currency) if record else (ref.amount_due, ref.currency)


def _line(
    ref: InvoiceRef, record: Invoice | None, today: date, spoken: Language, *, link: str
) -> LetterInvoice:
    """Return one invoice as the letter shows it; `link` is used where the record has none."""
    due, currency = _due(ref, record)
    days = max(0, (today - record.due_on).days) if record else ref.days_overdue
    link = link or (record.link if record else "")
    return LetterInvoice(
        number=cleaned(ref.number),
        date=spoken.day(record.issued_on) if record else "",
        due_date=spoken.day(record.due_on if record else today - timedelta(days=days)),
        amount_due=spoken.amount(due, currency),
        total=spoken.amount(record.total, currency) if record else "",
        currency=currency,
        days_overdue=days,
        overdue=spoken.overdue(days),
        link=link if is_web_link(link) else "",
        reference=cleaned(record.reference) if record else "",
        step=ref.step,
    )


def _statutory(
    law: LatePayment | None, action: Action, account: Account, today: date, spoken: Language
) -> dict[str, str]:
    """Return what the law gives on all the invoices; nothing unless it is known for each."""
    if law is None:
        return {}
    records = {invoice.id: invoice for invoice in account.invoices}
    reductions = reductions_of(account)
    interests, sums = ZERO, ZERO
    for ref in action.invoices:
        invoice = records.get(ref.id)
        # A sum over some of the invoices would look like one over all of them.
        if invoice is None or invoice.currency != law.currency:
            return {}
        debt = late_debt(invoice, reductions.get(invoice.id, ()))
        extra, fixed = interest(law, debt, today), compensation(law, debt, today)
        if extra is None or fixed is None:
            return {}
        interests, sums = interests + extra, sums + fixed
    if interests + sums == 0:
        return {}
    return {
        "law": law.law,
        "interest": spoken.amount(interests, law.currency),
        "compensation": spoken.amount(sums, law.currency),
        "total": spoken.amount(interests + sums, law.currency),
    }


def _context(
    spoken: Language,
    *,
    customer: tuple[str, str],
    organisation: str,
    lines: Sequence[LetterInvoice],
    totals: Sequence[str],
    oldest: int,
    today: date,
    step: str,
    promised_on: str,
    statutory: Mapping[str, str],
) -> dict[str, Any]:
    return {
        "customer": {"name": customer[0], "first_name": customer[1]},
        "greeting": spoken.greeting.format(name=customer[1] or customer[0]),
        "organisation": {"name": organisation},
        "invoices": tuple(lines[:INVOICES_PER_LETTER_MAX]),
        "more_invoices": max(0, len(lines) - INVOICES_PER_LETTER_MAX),
        "totals": tuple(totals),
        "total": _joined(totals, spoken.and_word),
        "oldest_days_overdue": oldest,
        "oldest_overdue": spoken.overdue(oldest),
        "today": spoken.day(today),
        "step": step,
        "promised_on": promised_on,
        "statutory": dict(statutory),
        "language": spoken.code,
        "words": dict(spoken.words),
    }


def _joined(texts: Sequence[str], and_word: str) -> str:
    if len(texts) < 2:
        return "".join(texts)
    return f"{', '.join(texts[:-1])} {and_word} {texts[-1]}"


LINK_CHARACTERS_MAX = 2_000
"""A longer link is left out of a letter."""


def is_web_link(link: str) -> bool:
    """Return whether a link is safe in a letter: https, or http to this computer (the sandbox)."""
    if len(link) > LINK_CHARACTERS_MAX or not link.isprintable() or set(link) & set(" <>\"'\\"):
        return False
    try:
        address = urlsplit(link)
        host, port = address.hostname or "", address.port
    except ValueError:
        return False
    # `https://bank.example@evil.example` shows one host and opens another.
    if not host or address.username is not None or port == 0:
        return False
    return address.scheme == "https" or (
        address.scheme == "http" and host in {"127.0.0.1", "localhost", "::1"}
    )


def sample_context(spoken: Language) -> dict[str, Any]:
    """Return made-up values with everything a letter can show, for trying out texts."""
    day = date(2026, 11, 22)

    def money(amount: str) -> str:
        return spoken.amount(Decimal(amount), "GBP")

    lines = [
        LetterInvoice(
            number=f"INV-{n}",
            date=spoken.day(day - timedelta(days=44)),
            due_date=spoken.day(day - timedelta(days=14)),
            amount_due=money("1940"),
            total=money("1940"),
            currency="GBP",
            days_overdue=14,
            overdue=spoken.overdue(14),
            link=f"https://example.com/INV-{n}",
            reference="PO 77",
            step="second reminder",
        )
        for n in (1, 2)
    ]
    return _context(
        spoken,
        customer=("Acme Ltd", "Jane"),
        organisation="Example Ltd",
        lines=lines,
        totals=[money("3880")],
        oldest=14,
        today=day,
        step="second reminder",
        promised_on=spoken.day(day),
        statutory={
            "law": "Late Payment of Commercial Debts (Interest) Act 1998",
            "interest": money("17.49"),
            "compensation": money("140"),
            "total": money("157.49"),
        },
    )
