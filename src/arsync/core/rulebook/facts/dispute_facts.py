"""The facts of disputes: of one invoice, and of a contact, one row each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from arsync.core.ledger.account_view import ContactView, summed
from arsync.core.ledger.agreements.dispute_reasons import (
    REASON_WORDS,
    nearest_reason,
    reason_said,
    reason_word,
)
from arsync.core.ledger.agreements.disputes import is_standing
from arsync.core.ledger.money import ZERO
from arsync.core.ledger.records import Dispute, Invoice
from arsync.core.rulebook.facts.field import FROM_0, FactKind, Field, Value, Vocabulary
from arsync.core.rulebook.facts.movement import STILL, CountsUp

SOURCE = "disputes, yours and QuickBooks Online's"
STATES = ("none", "open", "part", "settled")
REASONS = ("none", *REASON_WORDS)
NO_RATE = "the platform recorded no exchange rate"


def _word_said(text: str) -> str:
    reason = reason_said(text)
    return reason.en if reason else ""


def _word_meant(text: str) -> str:
    reason = nearest_reason(text)
    return reason.en if reason else ""


_WORDS = Vocabulary(_word_said, _word_meant)


def standing_dispute(view: ContactView, invoice_id: str) -> Dispute | None:
    """Return the open dispute about an invoice."""
    account_view = view.account_view
    dispute = account_view.disputes.get(invoice_id) if account_view.disputes else None
    return dispute if dispute and is_standing(dispute, account_view.today) else None


def _own_disputes(view: ContactView) -> Iterator[Dispute]:
    """Yield the open disputes about what the contact owes; one that was paid keeps none old."""
    for invoice in view.documents:
        dispute = standing_dispute(view, invoice.id)
        if dispute is not None:
            yield dispute


_NO_STATE: frozenset[str] = frozenset({"none"})


def _states(view: ContactView) -> Value:
    disputes = view.account_view.disputes
    if not disputes:
        return _NO_STATE
    ids = view.own_invoice_ids
    states = {
        view.account_view.dispute_state(invoice_id) for invoice_id in disputes if invoice_id in ids
    }
    return frozenset(states) or _NO_STATE


def _state_of(view: ContactView, invoice: Invoice) -> Value:
    account_view = view.account_view
    return account_view.dispute_state(invoice.id) if account_view.disputes else "none"


def _amount_of(view: ContactView, invoice: Invoice) -> Value:
    account_view = view.account_view
    amount = account_view.disputed_amounts.get(invoice.id, ZERO) if account_view.disputes else ZERO
    return _here(view, invoice, amount)


def _here(view: ContactView, invoice: Invoice, amount: Decimal) -> Decimal | None:
    return view.account_view.due_here(invoice._replace(amount_due=amount)) if amount else ZERO


def _amount(view: ContactView) -> Value:
    amounts = view.account_view.disputed_amounts if view.account_view.disputes else {}
    if not amounts:
        return ZERO
    return summed(
        _here(view, invoice, amounts[invoice.id])
        for invoice in view.documents
        if invoice.id in amounts
    )


def _since(view: ContactView, invoice: Invoice) -> date | None:
    dispute = standing_dispute(view, invoice.id)
    return dispute.opened_on if dispute else None


def _oldest(view: ContactView, _: object = None) -> date | None:
    if not view.account_view.disputes:
        return None
    return min((dispute.opened_on for dispute in _own_disputes(view)), default=None)


def _days(view: ContactView, since: date | None) -> int:
    return 0 if since is None else max(0, (view.account_view.today - since).days)


def _reason_of(view: ContactView, invoice: Invoice) -> Value:
    dispute = standing_dispute(view, invoice.id)
    return reason_word(dispute.code) if dispute else "none"


def _reasons(view: ContactView) -> Value:
    if not view.account_view.disputes:
        return frozenset({"none"})
    return frozenset({reason_word(dispute.code) for dispute in _own_disputes(view)} or {"none"})


CONTACT_DISPUTES: tuple[Field, ...] = (
    Field(
        "dispute",
        "contact",
        FactKind.TEXTS,
        "whether any of its invoices has such a dispute: open is about all of it",
        SOURCE,
        _states,
        phrase="dispute: {}",
        moves=STILL,
        choices=STATES,
        example="open",
    ),
    Field(
        "disputed_amount",
        "contact",
        FactKind.AMOUNT,
        "what is disputed of what is due, 0 when nothing is",
        SOURCE,
        _amount,
        phrase="{} in dispute",
        bounds=FROM_0,
        moves=STILL,
        unknown=NO_RATE,
        example="{at_least: 1000}",
    ),
    Field(
        "days_in_dispute",
        "contact",
        FactKind.DAYS,
        "days since its oldest open dispute was opened, 0 without one",
        SOURCE,
        lambda s: _days(s, _oldest(s)),
        phrase="in dispute for {}",
        bounds=FROM_0,
        moves=CountsUp(_oldest),
        example="{at_least: 30}",
    ),
    Field(
        "dispute_reason",
        "contact",
        FactKind.TEXTS,
        "why any of its invoices is disputed now",
        SOURCE,
        _reasons,
        phrase="disputed for: {}",
        moves=STILL,
        choices=REASONS,
        vocabulary=_WORDS,
        example="wrong price",
    ),
)
"""The rows of a contact's disputes."""

INVOICE_DISPUTES: tuple[Field, ...] = (
    Field(
        "dispute",
        "invoice",
        FactKind.CHOICE,
        "whether all of it is disputed (open) or a part, here or in QuickBooks Online",
        SOURCE,
        _state_of,
        phrase="dispute: {}",
        moves=STILL,
        choices=STATES,
        example="open",
    ),
    Field(
        "disputed_amount",
        "invoice",
        FactKind.AMOUNT,
        "what is disputed of what is due on it, 0 when nothing is",
        SOURCE,
        _amount_of,
        phrase="{} in dispute",
        bounds=FROM_0,
        moves=STILL,
        unknown=NO_RATE,
        example="{at_least: 1000}",
    ),
    Field(
        "days_in_dispute",
        "invoice",
        FactKind.DAYS,
        "days since its open dispute was opened, 0 without one",
        SOURCE,
        lambda s, i: _days(s, _since(s, i)),
        phrase="in dispute for {}",
        bounds=FROM_0,
        moves=CountsUp(_since),
        example="{at_least: 30}",
    ),
    Field(
        "dispute_reason",
        "invoice",
        FactKind.CHOICE,
        "why it is disputed now",
        SOURCE,
        _reason_of,
        phrase="disputed for: {}",
        moves=STILL,
        choices=REASONS,
        vocabulary=_WORDS,
        example="wrong price",
    ),
)
"""The rows of an invoice's dispute."""
