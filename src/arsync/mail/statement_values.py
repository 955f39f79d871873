"""What a statement of account shows: its lines and sums, ready for people."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from arsync.core.ledger.age_buckets import BUCKETS
from arsync.core.ledger.money import ZERO
from arsync.core.ledger.sanitising import cleaned
from arsync.core.ledger.statement_of_account import (
    LineKind,
    StatementKind,
    StatementLine,
    StatementOfAccount,
    StatementSection,
)
from arsync.mail.language import Language


class LetterEntry(NamedTuple):
    """One line of a statement."""

    date: str
    due_date: str
    """Empty for what has none."""
    kind: str
    """In the letter's language: `Invoice`, `Credit note`."""
    number: str
    reference: str
    amount: str
    """Of the document; below zero for credits and payments."""
    balance: str
    """Open items: what is left of it. Activity: the balance after it."""
    days_overdue: int
    overdue: str
    """`14 days overdue`; empty for what is not."""
    remark: str
    """What of it is disputed, or paid by instalments; empty where nothing is."""


class LetterBand(NamedTuple):
    """What is owed of one age."""

    bucket: str
    amount: str


class LetterSection(NamedTuple):
    """The statement in one currency."""

    currency: str
    opening_balance: str
    lines: tuple[LetterEntry, ...]
    credits: tuple[LetterEntry, ...]
    """Of open items: money in hand."""
    closing_balance: str
    overdue: str
    """Net of money in hand; empty when nothing is."""
    not_due: str
    """Net of money in hand; empty when nothing is."""
    ageing: tuple[LetterBand, ...]
    in_credit: bool
    """Whether more money is in hand than is owed."""


def statement_values(statement: StatementOfAccount | None, spoken: Language) -> dict[str, Any]:
    """Return the values of `statement` in a letter; empty ones without a statement."""
    if statement is None:
        return {}
    return {
        "kind": statement.kind.value,
        "since": spoken.day(statement.since) if statement.since else "",
        "until": spoken.day(statement.until),
        "sections": tuple(_section(section, spoken) for section in statement.sections),
    }


def _section(section: StatementSection, spoken: Language) -> LetterSection:
    currency = section.currency
    bands = (
        LetterBand(band_word(position, spoken), spoken.amount(amount, currency))
        for position, amount in enumerate(section.ageing)
    )
    return LetterSection(
        currency,
        spoken.amount(section.opening_balance, currency),
        tuple(_entry(line, currency, spoken) for line in section.lines),
        tuple(_entry(line, currency, spoken) for line in section.credits),
        spoken.amount(section.closing_balance, currency),
        spoken.amount(section.overdue, currency) if section.overdue else "",
        spoken.amount(section.not_due, currency) if section.not_due else "",
        tuple(bands),
        section.closing_balance < 0,
    )


def band_word(position: int, spoken: Language) -> str:
    """Return what one of `BUCKETS` is called: `not due`, `31-60 days`, `over 90 days`."""
    if position == 0:
        return spoken.words["not_due"]
    if position == len(BUCKETS) - 1:
        return spoken.words["over_days"].format(days=BUCKETS[position].rstrip("+"))
    return spoken.words["band_of_days"].format(days=BUCKETS[position].replace("-", "\u2013"))


def _entry(line: StatementLine, currency: str, spoken: Language) -> LetterEntry:
    return LetterEntry(
        spoken.day(line.dated),
        spoken.day(line.due_on) if line.due_on else "",
        _capital(spoken.words[_WORDS[line.kind]]),
        cleaned(line.number),
        cleaned(line.reference),
        spoken.amount(line.amount, currency),
        spoken.amount(line.balance, currency),
        line.days_overdue,
        spoken.overdue(line.days_overdue) if line.days_overdue else "",
        _remark(line, currency, spoken),
    )


def _capital(word: str) -> str:
    return word[:1].upper() + word[1:]


_WORDS = {
    LineKind.INVOICE: "invoice",
    LineKind.CREDIT_NOTE: "credit_note",
    LineKind.PREPAYMENT: "prepayment",
    LineKind.OVERPAYMENT: "overpayment",
    LineKind.PAYMENT: "payment",
    LineKind.INVOICE_VOIDED: "invoice_voided",
    LineKind.CREDIT_VOIDED: "credit_voided",
    LineKind.PAYMENT_TAKEN_BACK: "payment_taken_back",
    LineKind.REFUND: "refund",
    LineKind.OTHER: "other_change",
}
"""By kind of line, its word in `language.toml`."""


def _remark(line: StatementLine, currency: str, spoken: Language) -> str:
    words, colon = spoken.words, spoken.words["colon"]
    remarks = [
        f"{words[key]}{colon} {spoken.amount(amount, currency)}"
        for key, amount in (
            ("of_this_disputed", line.disputed),
            ("of_this_in_instalments", line.in_plan),
        )
        if amount
    ]
    if line.placed_with:
        remarks.append(words["placed_with"].format(agency=cleaned(line.placed_with)))
    return "; ".join(remarks)


def sample_statement(
    day: date, kind: StatementKind = StatementKind.OPEN_ITEMS
) -> StatementOfAccount:
    """Return a made-up statement, for trying out texts."""
    if kind is StatementKind.ACTIVITY:
        return StatementOfAccount(kind, day, day.replace(day=1), (_sample_activity(day),))
    old, new = day - timedelta(44), day - timedelta(12)
    invoices = (
        StatementLine(
            old,
            LineKind.INVOICE,
            "INV-1",
            Decimal(1940),
            Decimal(1940),
            due_on=day - timedelta(14),
            reference="PO 77",
            days_overdue=14,
            disputed=Decimal(200),
        ),
        StatementLine(
            new, LineKind.INVOICE, "INV-2", Decimal(860), Decimal(860), due_on=day + timedelta(18)
        ),
    )
    credit = StatementLine(
        day - timedelta(9), LineKind.CREDIT_NOTE, "CN-7", Decimal(-440), Decimal(-440)
    )
    ageing = (Decimal(860), Decimal(1500), ZERO, ZERO, ZERO)
    section = StatementSection("GBP", invoices, (credit,), ZERO, Decimal(2360), ageing)
    return StatementOfAccount(kind, day, None, (section,))


def _sample_activity(day: date) -> StatementSection:
    first = day.replace(day=1)
    moves = (
        (first + timedelta(2), LineKind.INVOICE, "INV-2", Decimal(860)),
        (first + timedelta(8), LineKind.PAYMENT, "", Decimal(-500)),
        (first + timedelta(12), LineKind.CREDIT_NOTE, "CN-7", Decimal(-440)),
    )
    balance, lines = Decimal(2440), []
    for dated, kind, number, amount in moves:
        balance += amount
        lines.append(StatementLine(dated, kind, number, amount, balance))
    ageing = (Decimal(860), Decimal(1500), ZERO, ZERO, ZERO)
    return StatementSection("GBP", tuple(lines), (), Decimal(2440), balance, ageing)
