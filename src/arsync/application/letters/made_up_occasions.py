"""What a letter about the account tells of, where nothing of it has happened."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.core.actions import AccountLetterPayload, LetterOccasion, MessagePayload, StatementAsked
from arsync.core.ledger.account_view import days_overdue
from arsync.core.ledger.records import Account, Contact, DocumentStatus, Invoice
from arsync.core.ledger.statement_of_account import StatementKind
from arsync.core.rulebook.model import (
    HAND_OVER,
    HOLD_LIFTED,
    HOLD_PLACED,
    LIMIT_CHANGED,
    SATISFACTION_CHECK,
    STATEMENT_OF_ACCOUNT,
    TERMS_OF_TRADE,
    THANK_YOU,
)

SAMPLE_LIMITS = (Decimal(5000), Decimal(2500))
SAMPLE_AGENCY = "Example Collections"
SAMPLE_DAYS = 7

Occasion = tuple[Sequence[Invoice], MessagePayload, tuple[str, ...]]
"""The invoices, what the letter is told, and what of it is made up."""


def about_the_account(
    organisation: OrganisationContext, account: Account, contact: Contact, text: str
) -> Occasion:
    """Return what a letter about the account is about, from the records as far as they go."""
    today, base = organisation.today, organisation.connection.organisation.base_currency
    own = [
        invoice
        for invoice in account.invoices
        if invoice.contact_id == contact.id
        and invoice.status not in {DocumentStatus.DELETED, DocumentStatus.VOIDED}
    ]
    invoices: Sequence[Invoice] = ()
    statement: StatementAsked | None = None
    occasion: LetterOccasion | None = None
    remark = ""
    if text == STATEMENT_OF_ACCOUNT:
        statement = StatementAsked(StatementKind.OPEN_ITEMS.value)
    elif text in {HOLD_PLACED, HOLD_LIFTED}:
        since = account.hold.since if account.hold else None
        occasion = LetterOccasion(held_since=since or today)
        remark = "" if since else f"{contact.name} is not on hold: the letter names today."
    elif text == LIMIT_CHANGED:
        before, after = SAMPLE_LIMITS
        occasion = LetterOccasion(limit_before=before, limit_after=after, currency=base)
        remark = "The limits in it are made up."
    elif text == HAND_OVER:
        invoices = [invoice for invoice in own if days_overdue(invoice, today)]
        occasion = LetterOccasion(agency=SAMPLE_AGENCY, answer_days=SAMPLE_DAYS)
        remark = "The agency and the day in it are made up."
    elif text == THANK_YOU:
        invoices = [invoice for invoice in own if invoice.status == DocumentStatus.PAID][-1:]
        remark = _thanks_remark(contact, invoices)
        amount = invoices[0].total if invoices else SAMPLE_LIMITS[1]
        currency = invoices[0].currency if invoices else base
        occasion = LetterOccasion(amount_paid=amount, paid_on=today, currency=currency)
    elif text in {SATISFACTION_CHECK, TERMS_OF_TRADE}:
        invoices = sorted(own, key=lambda invoice: invoice.issued_on)[-1:]
        remark = "" if invoices else f"{contact.name} has no invoice."
    payload = AccountLetterPayload(letter=text, statement=statement, occasion=occasion)
    return invoices, payload, (remark,) if remark else ()


def _thanks_remark(contact: Contact, invoices: Sequence[Invoice]) -> str:
    if invoices:
        return f"It thanks for {invoices[0].number}, as if that had been paid today."
    return f"{contact.name} has paid nothing: the amount is made up."
