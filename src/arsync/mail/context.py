"""What a letter can show: the values of one action and its customer, ready for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from arsync.core.actions import Action, InvoiceRef
from arsync.core.ledger.account_view import AccountView
from arsync.core.ledger.agreements.dispute_reasons import UNSPECIFIED, reason_word
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
from arsync.core.ledger.late_payment_law import LatePayment, compensation, interest
from arsync.core.ledger.money import ZERO
from arsync.core.ledger.records import Account, CreditKind, Invoice, Organisation
from arsync.core.ledger.sanitising import cleaned
from arsync.core.ledger.unapplied_cash import Cover, Covers, less_cash
from arsync.mail.language import Language
from arsync.mail.plan_values import plan_values, sample_plan

INVOICES_PER_LETTER_MAX = 200
"""A letter lists no more; it says how many there are besides, and gives the total of all."""


ANSWER_DAYS = 14
"""A letter that gives the customer a day to pay or answer by gives this many days."""


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


class LetterCredit(NamedTuple):
    """Unapplied cash that is taken off the invoices of a letter, ready for people."""

    kind: str
    """In the letter's language: `credit note`, or `payment received`."""
    number: str
    """Empty when it has none."""
    date: str
    amount: str
    """As much of it as is taken off here."""


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
    taken_off = _taken_off(action, account, organisation, today)
    covers = taken_off.covers
    net = {invoice.id: taken_off.of(invoice) for invoice in account.invoices}
    lines = [
        _line(
            ref,
            records.get(ref.id),
            net.get(ref.id),
            today,
            spoken,
            link=(links or {}).get(ref.id, ""),
            disputed=taken_off.disputed.get(ref.id),
            in_plan=taken_off.in_plan.get(ref.id, ZERO),
        )
        for ref in action.invoices
    ]
    lines = [line._replace(step=line.step or action.step) for line in lines]
    invoice_ids = {ref.id for ref in action.invoices}
    promise = max(
        (promise for promise in account.promises if invoice_ids.intersection(promise.invoice_ids)),
        key=lambda promise: promise.made_on,
        default=None,
    )
    context = _context(
        spoken,
        customer=(
            cleaned(contact.name if contact else action.contact_name),
            cleaned(contact.first_name) if contact else "",
        ),
        organisation=cleaned(organisation.name),
        lines=lines,
        taken_off=_credits(action.invoices, records, covers, spoken),
        gross_totals=_sums(action.invoices, records, spoken),
        disputed_totals=_kept_back(action.invoices, taken_off.disputed_amounts, spoken),
        instalment_totals=_kept_back(action.invoices, taken_off.in_plan, spoken),
        totals=_sums(action.invoices, net, spoken),
        oldest=max((line.days_overdue for line in lines), default=0),
        today=today,
        step=action.step,
        promised_on=spoken.day(promise.promised_on) if promise else "",
        statutory=_statutory(law, action, _late_debts(account, taken_off), today, spoken),
        about_plan=plan_values(action, account, organisation, today, spoken),
    )
    person = contact.people[0] if contact and contact.people else ""
    number = str(contact.phones[0]) if contact and contact.phones else ""
    context["customer"] |= {"person": cleaned(person), "phone": cleaned(number)}
    return context


class _Disputed(NamedTuple):
    """The part of an invoice that is disputed."""

    amount: Decimal
    code: str
    """Of UN/EDIFACT 4465; empty: nobody said."""


class _TakenOff(NamedTuple):
    """What is taken off the invoices of a letter, by invoice id."""

    covers: Covers
    disputed: Mapping[str, _Disputed]
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


def _taken_off(
    action: Action, account: Account, organisation: Organisation, today: date
) -> _TakenOff:
    """Return what takes something off the action's invoices: cash, disputes, payment plans."""
    counting = counting_disputes(account.disputes, account.invoices) if account.disputes else {}
    # Only where the plan took it off: the rulebook may say that it does not count.
    disputed = {
        ref.id: _Disputed(ref.disputed, counting[ref.id].code if ref.id in counting else "")
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
        return _TakenOff({}, disputed, {})
    base = organisation.base_currency
    view = AccountView(as_issued(account, today), today, currency=base, base=base)
    covers = {
        invoice_id: covers
        for invoice_id, covers in view.cash_covers.items()
        if invoice_id in in_part
    }
    return _TakenOff(covers, disputed, _in_plan(action, account, covers))


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


def _kept_back(
    refs: Sequence[InvoiceRef], amounts: Mapping[str, Decimal], spoken: Language
) -> list[str]:
    """Return the sum of what is not asked for now for each currency."""
    sums: dict[str, Decimal] = {}
    for ref in refs:
        if ref.id in amounts:
            sums[ref.currency] = sums.get(ref.currency, ZERO) + amounts[ref.id]
    return [spoken.amount(amount, currency) for currency, amount in sums.items()]


def _sums(
    refs: Sequence[InvoiceRef], records: Mapping[str, Invoice], spoken: Language
) -> list[str]:
    """Return the sum of amounts due for each currency."""
    sums: dict[str, Decimal] = {}
    for ref in refs:
        amount, currency = _due(ref, records.get(ref.id))
        sums[currency] = sums.get(currency, ZERO) + amount
    return [spoken.amount(amount, currency) for currency, amount in sums.items()]


def _credits(
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


def _line(
    ref: InvoiceRef,
    record: Invoice | None,
    net: Invoice | None,
    today: date,
    spoken: Language,
    *,
    link: str,
    disputed: _Disputed | None = None,
    in_plan: Decimal = ZERO,
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
        net_amount_due=spoken.amount(net.amount_due if net else due, currency),
        total=spoken.amount(record.total, currency) if record else "",
        currency=currency,
        days_overdue=days,
        overdue=spoken.overdue(days),
        link=link if is_web_link(link) else "",
        reference=cleaned(record.reference) if record else "",
        step=ref.step,
        disputed=spoken.amount(disputed.amount, currency) if disputed else "",
        dispute_reason=_reason(disputed, spoken),
        in_instalments=spoken.amount(in_plan, currency) if in_plan else "",
    )


def _reason(disputed: _Disputed | None, spoken: Language) -> str:
    if disputed is None or disputed.code in {"", UNSPECIFIED}:
        return ""
    return reason_word(disputed.code, spoken.code)


def _late_debts(account: Account, taken_off: _TakenOff) -> dict[str, tuple[str, LateDebt]]:
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


def _statutory(
    law: LatePayment | None,
    action: Action,
    debts: Mapping[str, tuple[str, LateDebt]],
    today: date,
    spoken: Language,
) -> dict[str, str]:
    """Return what the law gives on all the invoices; nothing unless it is known for each."""
    if law is None:
        return {}
    interests, sums = ZERO, ZERO
    for ref in action.invoices:
        currency, debt = debts.get(ref.id, ("", None))
        # A sum over some of the invoices would look like one over all of them.
        if debt is None or currency != law.currency:
            return {}
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
    taken_off: Sequence[LetterCredit],
    gross_totals: Sequence[str],
    disputed_totals: Sequence[str],
    instalment_totals: Sequence[str] = (),
    totals: Sequence[str],
    oldest: int,
    today: date,
    step: str,
    promised_on: str,
    statutory: Mapping[str, str],
    about_plan: Mapping[str, Any],
) -> dict[str, Any]:
    return {
        "customer": {"name": customer[0], "first_name": customer[1]},
        "greeting": spoken.greeting.format(name=customer[1] or customer[0]),
        "organisation": {"name": organisation},
        "invoices": tuple(lines[:INVOICES_PER_LETTER_MAX]),
        "more_invoices": max(0, len(lines) - INVOICES_PER_LETTER_MAX),
        "credits": tuple(taken_off),
        "gross_totals": tuple(gross_totals),
        "gross_total": _joined(gross_totals, spoken.and_word),
        "disputed_totals": tuple(disputed_totals),
        "instalment_totals": tuple(instalment_totals),
        "disputed_total": _joined(disputed_totals, spoken.and_word),
        "totals": tuple(totals),
        "total": _joined(totals, spoken.and_word),
        "oldest_days_overdue": oldest,
        "oldest_overdue": spoken.overdue(oldest),
        "today": spoken.day(today),
        "answer_by": spoken.day(today + timedelta(ANSWER_DAYS)),
        "step": step,
        "promised_on": promised_on,
        "statutory": dict(statutory),
        **about_plan,
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
            net_amount_due=money("1740" if n == 2 else "1500"),
            total=money("1940"),
            currency="GBP",
            days_overdue=14,
            overdue=spoken.overdue(14),
            link=f"https://example.com/INV-{n}",
            reference="PO 77",
            step="second reminder",
            disputed="" if n == 1 else money("200"),
            dispute_reason="" if n == 1 else reason_word("5", spoken.code),
        )
        for n in (1, 2)
    ]
    context = _context(
        spoken,
        customer=("Acme Ltd", "Jane"),
        organisation="Example Ltd",
        lines=lines,
        taken_off=[
            LetterCredit(
                spoken.words["credit_note"],
                "CN-7",
                spoken.day(day - timedelta(days=9)),
                money("440"),
            )
        ],
        gross_totals=[money("3880")],
        disputed_totals=[money("200")],
        totals=[money("3240")],
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
        about_plan=sample_plan(spoken, day),
    )
    context["customer"] |= {"person": "Jane Hill", "phone": "020 7946 0018"}
    return context
