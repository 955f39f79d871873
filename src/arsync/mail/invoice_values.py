"""The invoices of a letter, what is taken off them, and the sums, ready for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from arsync.core.actions import Action, InvoiceRef
from arsync.core.ledger.agreements.dispute_reasons import UNSPECIFIED, reason_word
from arsync.core.ledger.credit_kinds import CreditKind
from arsync.core.ledger.money import ZERO
from arsync.core.ledger.records import Invoice
from arsync.core.ledger.sanitising import cleaned
from arsync.core.ledger.unapplied_cash import Cover, Covers
from arsync.mail.language import Language
from arsync.mail.taken_off import DisputedPart, TakenOff
from arsync.mail.web_links import is_web_link

INVOICES_PER_LETTER_MAX = 200
"""A letter lists no more; it says how many there are besides, and gives the total of all."""

NUMBERS_NAMED_MAX = 20
"""A sentence names so many invoices."""


class LetterInvoice(NamedTuple):
    """An invoice as a letter shows it; every value is ready for people."""

    number: str
    date: str
    due_date: str
    amount_due: str
    """What is due on the document."""
    net_amount_due: str
    """What is asked for: less the unapplied cash that covers a part of it, and what is disputed."""
    total: str
    currency: str
    days_overdue: int
    overdue: str
    link: str
    reference: str
    step: str
    disputed: str = ""
    """What of it is disputed and not asked for now; empty when nothing is."""
    dispute_reason: str = ""
    """Why, in the letter's language; empty when nobody said."""
    in_instalments: str = ""
    """What of it is left to an agreed payment plan; empty when nothing is."""
    purchase_order: str = ""
    """The customer's own order number; empty where the platform has no field for it."""
    pay_link: str = ""
    """Where it is paid online; empty where there is one link for the whole letter, or none."""


class LetterCredit(NamedTuple):
    """Unapplied cash that is taken off the invoices of a letter, ready for people."""

    kind: str
    """In the letter's language: `credit note`, or `payment received`."""
    number: str
    """Empty when it has none."""
    date: str
    amount: str
    """As much of it as is taken off here."""


def due_sums(
    refs: Sequence[InvoiceRef], records: Mapping[str, Invoice], spoken: Language
) -> list[str]:
    """Return the sum of amounts due for each currency."""
    sums: dict[str, Decimal] = {}
    for ref in refs:
        amount, currency = _due(ref, records.get(ref.id))
        sums[currency] = sums.get(currency, ZERO) + amount
    return [spoken.amount(amount, currency) for currency, amount in sums.items()]


def kept_back_sums(
    refs: Sequence[InvoiceRef], amounts: Mapping[str, Decimal], spoken: Language
) -> list[str]:
    """Return the sum of what is not asked for now for each currency."""
    sums: dict[str, Decimal] = {}
    for ref in refs:
        if ref.id in amounts:
            sums[ref.currency] = sums.get(ref.currency, ZERO) + amounts[ref.id]
    return [spoken.amount(amount, currency) for currency, amount in sums.items()]


def credits_shown(
    refs: Sequence[InvoiceRef], records: Mapping[str, Invoice], covers: Covers, spoken: Language
) -> tuple[LetterCredit, ...]:
    """Return what is taken off the letter's invoices, each credit or payment once."""
    sums: dict[tuple[str, str, str], tuple[Cover, Decimal]] = {}
    for ref in refs:
        record = records.get(ref.id)
        for cover in covers.get(ref.id, ()) if record else ():
            key = (cover.cash.kind, cover.cash.id, record.currency if record else ref.currency)
            so_far = sums[key][1] if key in sums else ZERO
            sums[key] = (cover, so_far + cover.amount)
    return tuple(
        LetterCredit(
            spoken.words["credit_note" if kind == CreditKind.CREDIT_NOTE else "payment"],
            cleaned(cover.cash.number),
            spoken.day(cover.cash.dated),
            spoken.amount(amount, currency),
        )
        for (kind, _, currency), (cover, amount) in sums.items()
    )


def _due(ref: InvoiceRef, record: Invoice | None) -> tuple[Decimal, str]:
    """Return what is due on an invoice: by its fresh record, else by the action."""
    # The record was read a moment ago; the action has the amount of the day it was planned.
    return (record.amount_due, record.currency) if record else (ref.amount_due, ref.currency)


def invoice_values(
    action: Action,
    records: Mapping[str, Invoice],
    taken_off: TakenOff,
    today: date,
    spoken: Language,
    links: Mapping[str, str],
) -> dict[str, Any]:
    """Return the invoices of a letter, the credits taken off, and the sums of each currency."""
    net = {invoice_id: taken_off.of(invoice) for invoice_id, invoice in records.items()}
    lines = [
        _line(ref, records, net, taken_off, today, spoken)._replace(
            link=_link(ref, records, links), step=ref.step or action.step
        )
        for ref in action.invoices
    ]
    gross_totals = due_sums(action.invoices, records, spoken)
    totals = due_sums(action.invoices, net, spoken)
    disputed = kept_back_sums(action.invoices, taken_off.disputed_amounts, spoken)
    oldest = max((line.days_overdue for line in lines), default=0)
    return {
        "invoices": tuple(lines[:INVOICES_PER_LETTER_MAX]),
        "more_invoices": max(0, len(lines) - INVOICES_PER_LETTER_MAX),
        "invoice_numbers": named([line.number for line in lines]),
        "credits": credits_shown(action.invoices, records, taken_off.covers, spoken),
        "gross_totals": tuple(gross_totals),
        "gross_total": joined(gross_totals, spoken.and_word),
        "disputed_totals": tuple(disputed),
        "disputed_total": joined(disputed, spoken.and_word),
        "instalment_totals": tuple(kept_back_sums(action.invoices, taken_off.in_plan, spoken)),
        "totals": tuple(totals),
        "total": joined(totals, spoken.and_word),
        "oldest_days_overdue": oldest,
        "oldest_overdue": spoken.overdue(oldest),
    }


def _line(
    ref: InvoiceRef,
    records: Mapping[str, Invoice],
    net: Mapping[str, Invoice],
    taken_off: TakenOff,
    today: date,
    spoken: Language,
) -> LetterInvoice:
    """Return one invoice as the letter shows it, but for its link."""
    record, asked_for = records.get(ref.id), net.get(ref.id)
    disputed = taken_off.disputed.get(ref.id)
    in_plan = taken_off.in_plan.get(ref.id, ZERO)
    due, currency = _due(ref, record)
    days = max(0, (today - record.due_on).days) if record else ref.days_overdue
    return LetterInvoice(
        number=cleaned(ref.number),
        date=spoken.day(record.issued_on) if record else "",
        due_date=spoken.day(record.due_on if record else today - timedelta(days=days)),
        amount_due=spoken.amount(due, currency),
        net_amount_due=spoken.amount(asked_for.amount_due if asked_for else due, currency),
        total=spoken.amount(record.total, currency) if record else "",
        currency=currency,
        days_overdue=days,
        overdue=spoken.overdue(days),
        link="",
        reference=cleaned(record.reference) if record else "",
        step="",
        disputed=spoken.amount(disputed.amount, currency) if disputed else "",
        dispute_reason=_reason(disputed, spoken),
        in_instalments=spoken.amount(in_plan, currency) if in_plan else "",
        purchase_order=cleaned(record.purchase_order) if record else "",
    )


def _link(ref: InvoiceRef, records: Mapping[str, Invoice], links: Mapping[str, str]) -> str:
    """Return the customer's online view: what was asked for just now, else the record's."""
    link = links.get(ref.id, "") or (records[ref.id].link if ref.id in records else "")
    return link if is_web_link(link) else ""


def _reason(disputed: DisputedPart | None, spoken: Language) -> str:
    if disputed is None or disputed.code in {"", UNSPECIFIED}:
        return ""
    return reason_word(disputed.code, spoken.code)


def named(numbers: Sequence[str]) -> str:
    """Return the numbers of invoices for a sentence: `INV-1, INV-2`."""
    more = " ..." if len(numbers) > NUMBERS_NAMED_MAX else ""
    return ", ".join(numbers[:NUMBERS_NAMED_MAX]) + more


def joined(texts: Sequence[str], and_word: str) -> str:
    """Return texts as a sentence says them: `GBP 1.00, EUR 2.00 and USD 3.00`."""
    if len(texts) < 2:
        return "".join(texts)
    return f"{', '.join(texts[:-1])} {and_word} {texts[-1]}"
