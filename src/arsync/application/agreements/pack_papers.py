"""The papers of a placement as texts and tables: what is owed, paid, sent and agreed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from arsync.core.actions import Action, ActionKind, marker
from arsync.core.actions.message_words import emailed_by, is_platforms_own
from arsync.core.actions.registry import KINDS, MESSAGE_KINDS
from arsync.core.ledger.account_view import days_overdue
from arsync.core.ledger.agreements.disputes import dispute_reason
from arsync.core.ledger.money import ZERO, plain, shown
from arsync.core.ledger.records import (
    Account,
    Contact,
    Invoice,
    Organisation,
    PaymentStatus,
    Placement,
)
from arsync.core.ledger.sanitising import no_formula
from arsync.core.planning.assessment import Assessment
from arsync.mail import Statement
from arsync.mail.postal_lines import lines_abroad
from arsync.store.models import ActionRow, LogRow


def table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """Return a CSV file: money as plain decimals, days as ISO, no cell that a spreadsheet runs."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(header)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    return out.getvalue().encode()


def _cell(value: Any) -> str:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else no_formula(str(value))


OPEN_ITEMS = (
    "invoice",
    "issued_on",
    "due_on",
    "days_overdue",
    "currency",
    "total",
    "due_on_invoice",
    "unapplied_cash",
    "disputed",
    "claimed",
    "statutory_interest",
    "statutory_fixed_sum",
    "reference",
    "link",
)


def open_items(
    assessment: Assessment, debts: Sequence[Invoice], today: date
) -> Iterator[tuple[Any, ...]]:
    """Yield what is owed on each debt, and what is claimed of it."""
    from arsync.core.rulebook.facts.invoice_facts import statutory_compensation, statutory_interest

    account_view, root = assessment.account_view, assessment.root.view
    for debt in debts:
        owed = account_view.owed_by_id.get(debt.id)
        net = ZERO if owed is None else owed.amount_due
        yield (
            debt.number or debt.id,
            debt.issued_on,
            debt.due_on,
            days_overdue(debt, today),
            debt.currency,
            debt.total,
            debt.amount_due,
            debt.amount_due - net,
            account_view.in_dispute.get(debt.id, ZERO),
            claimed(assessment, debt),
            statutory_interest(root, debt),
            statutory_compensation(root, debt),
            debt.customers_reference,
            debt.link,
        )


def claimed(assessment: Assessment, debt: Invoice) -> Decimal:
    """Return what is asked for on a debt: net, without what is disputed."""
    owed = assessment.account_view.owed_by_id.get(debt.id)
    return ZERO if owed is None else assessment.account_view.as_asked_for(owed).amount_due


PAYMENTS = ("kind", "day", "currency", "amount", "invoice", "matched_on", "matched", "reference")


def money_received(account: Account, debts: Sequence[Invoice]) -> Iterator[tuple[Any, ...]]:
    """Yield the payments and credits that were matched to the debts, the oldest first."""
    numbers = {debt.id: debt.number or debt.id for debt in debts}
    lines = [
        ("payment", payment.paid_on, payment.currency, payment.amount, payment.reference, match)
        for payment in account.payments
        if payment.status == PaymentStatus.ACTIVE
        for match in payment.allocations
    ]
    lines += [
        (str(credit.kind), credit.issued_on, credit.currency, credit.total, credit.number, match)
        for credit in account.credits
        for match in credit.allocations
    ]
    for kind, day, currency, amount, reference, match in sorted(lines, key=lambda line: line[1]):
        if match.invoice_id in numbers:
            number = numbers[match.invoice_id]
            yield (kind, day, currency, amount, number, match.allocated_on, match.amount, reference)


PROOF = (
    "day",
    "moment_utc",
    "what",
    "step",
    "invoices",
    "by",
    "state",
    "reference",
    "detail",
    "key",
)


def proof_of_sending(rows: Iterable[ActionRow]) -> Iterator[tuple[Any, ...]]:
    """Yield each message with what the accounting system or the mail server answered."""
    for row in rows:
        if row.action.kind in MESSAGE_KINDS:
            yield (
                row.sent_on,
                row.first_sent_at.isoformat(timespec="seconds") if row.first_sent_at else "",
                _called(row.action),
                row.action.step,
                "; ".join(
                    f"{ref.number or ref.id} {shown(ref.amount_due, ref.currency)}"
                    for ref in row.action.invoices
                ),
                str(row.action.via),
                str(row.state),
                row.receipt.reference if row.receipt else "",
                row.receipt.detail if row.receipt else "",
                marker(row.key),
            )


def _called(action: Action) -> str:
    """Return what a message is called; its text stands beside it."""
    plain = KINDS[action.kind].done[0]
    return f"invoice email by {emailed_by(action)}" if is_platforms_own(action) else plain


def notes(rows: Iterable[ActionRow], log: Iterable[LogRow]) -> str:
    """Return what arsync did, what people noted and what came of tasks, one line each, by day."""
    lines = [
        f"{entry.happened_on}  {entry.kind}, noted by {entry.recorded_by}: {entry.text}"
        for entry in log
    ]
    for row in rows:
        day = row.sent_on.isoformat() if row.sent_on else f"{row.created_at:%Y-%m-%d}"
        words = row.action.note or f"{KINDS[row.action.kind].done[0]} {row.action.payload.title}"
        outcome = f" Outcome: {row.outcome}" if row.outcome else ""
        # The placement itself says nothing of how the debt was chased.
        if row.action.kind is not ActionKind.PLACEMENT:
            lines.append(f"{day}  {words.strip()}{outcome}")
    return "\n".join(sorted(lines, key=lambda line: line[:10])) or "Nothing was noted."


def agreements(assessment: Assessment, debts: Sequence[Invoice]) -> str:
    """Return the promises, payment plans and disputes about the debts, one line each."""
    account = assessment.account
    numbers = {debt.id: debt.number or debt.id for debt in debts}
    lines = []
    for judged in assessment.account_view.judged_promises:
        promise = judged.promise
        about = ", ".join(numbers[id_] for id_ in promise.invoice_ids if id_ in numbers)
        if about:
            amount = _amount(promise.amount, "all that was due")
            about = f"{amount} of {about} by {promise.promised_on}"
            lines.append((promise.made_on, f"Promise to pay {about}: {judged.state}"))
    for dispute in account.disputes:
        if dispute.invoice_id in numbers:
            end = f"settled on {dispute.settled_on}" if dispute.settled_on else "open"
            amount = _amount(dispute.amount, "all of it")
            about = f"{numbers[dispute.invoice_id]} ({amount}): {dispute_reason(dispute)}"
            lines.append((dispute.opened_on, f"Dispute about {about}: {end}"))
    for plan in account.payment_plans:
        about = ", ".join(numbers[id_] for id_ in plan.invoice_ids if id_ in numbers)
        if about:
            dates = "; ".join(
                f"{shown(instalment.amount, plan.currency)} on {instalment.due_on}"
                for instalment in plan.instalments
            )
            lines.append((plan.made_on, f"Payment plan on {about}: {dates}"))
    return "\n".join(f"{day}  {text}" for day, text in sorted(lines)) or "Nothing was agreed."


def _amount(amount: Decimal | None, whole: str) -> str:
    return whole if amount is None else plain(amount)


def statement_of(
    assessment: Assessment,
    debts: Sequence[Invoice],
    placement: Placement,
    *,
    creditor: Organisation,
    customer: Contact,
    today: date,
) -> Statement:
    """Return the statement of the debts as of a day."""
    account_view = assessment.account_view
    sums: dict[str, Decimal] = {}
    rows = []
    for debt in debts:
        amount = claimed(assessment, debt)
        disputed = account_view.in_dispute.get(debt.id, ZERO)
        owed = account_view.owed_by_id.get(debt.id)
        paid = debt.total - (ZERO if owed is None else owed.amount_due)
        sums[debt.currency] = sums.get(debt.currency, ZERO) + amount
        amounts = (debt.total, paid, disputed, amount)
        rows.append(
            (
                debt.number or debt.id,
                debt.issued_on.isoformat(),
                debt.due_on.isoformat(),
                *(shown(figure, debt.currency) for figure in amounts),
            )
        )
    total = " and ".join(shown(amount, currency) for currency, amount in sorted(sums.items()))
    return Statement(
        "Statement of debts",
        creditor.legal_name or creditor.name,
        customer.name,
        f"As of {today.isoformat()}",
        ("Invoice", "Issued", "Due", "Total", "Paid or credited", "Disputed", "Claimed"),
        tuple(rows),
        (f"Claimed in all: {total or 'nothing'}",),
        (
            "Paid or credited: payments, credit notes, and money in hand not matched yet.",
            f"Placed with {placement.agency} on {placement.placed_on}.",
        ),
        creditor.address,
        lines_abroad(customer.address, customer.country, creditor.country),
    )
