"""The page of one invoice, and why something is done about it or its customer."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from arsync.application.customers.name_search import ContactId
from arsync.application.decisions.action_history import customer_history
from arsync.application.decisions.why import why
from arsync.application.desk.customer import OpenInvoice, customer_read, open_invoice, platform_page
from arsync.application.desk.customer_figures import Assessed
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.results import ActionHistory, Why
from arsync.core.ledger.agreements.promises import JudgedPromise
from arsync.core.ledger.records import Credit, Dispute, Invoice, Payment, RecordKind, SentStep
from arsync.errors import UserMistake
from arsync.mail.web_links import is_web_link
from arsync.translation import gettext


class PaidBy(NamedTuple):
    """One payment or credit, and how much of it went to the invoice."""

    document: Payment | Credit
    amount: Decimal
    kind: str
    number: str


class InvoicePage(NamedTuple):
    """Everything the page shows."""

    invoice: Invoice
    """As the accounting system has it."""
    assessed: Assessed
    open: OpenInvoice | None
    """Net, where anything is owed on it."""
    paid_by: tuple[PaidBy, ...]
    """The newest first."""
    steps: tuple[SentStep, ...]
    history: tuple[ActionHistory, ...]
    """Every action about it, the newest first."""
    promise: JudgedPromise | None
    dispute: Dispute | None
    platform_page: str
    online: str
    """The customer's own view of it; empty: none."""


def invoice_page(actor: Actor, organisation: OrganisationContext, invoice_id: str) -> InvoicePage:
    """Return the page of an invoice.

    Raises:
        UserMistake: there is none of that id.
    """
    permit(actor, Permission.READ)
    stored = organisation.store.ledger.records(organisation.id, RecordKind.INVOICES, [invoice_id])
    if invoice_id not in stored:
        raise UserMistake(
            gettext(
                "there is no invoice %(invoice_id)s in %(name)s.",
                invoice_id=repr(invoice_id[:60]),
                name=organisation.name,
            )
        )
    invoice: Invoice = stored[invoice_id]
    assessed = customer_read(organisation, invoice.contact_id)
    view = assessed.account_view
    net = view.owed_by_id.get(invoice.id)
    return InvoicePage(
        invoice,
        assessed,
        open_invoice(assessed, net, {}) if net is not None else None,
        tuple(_paid_by(assessed, invoice.id)),
        tuple(view.sent.get(invoice.id, ())),
        customer_history(organisation, assessed.contact, invoice),
        view.promises.get(invoice.id),
        view.disputes.get(invoice.id),
        platform_page(organisation, RecordKind.INVOICES, invoice.id),
        invoice.link if is_web_link(invoice.link) else "",
    )


def _paid_by(assessed: Assessed, invoice_id: str) -> list[PaidBy]:
    account = assessed.account
    paid = [
        PaidBy(payment, line.amount, "payment", payment.reference)
        for payment in account.payments
        for line in payment.allocations
        if line.invoice_id == invoice_id
    ]
    paid += [
        PaidBy(credit, line.amount, str(credit.kind), credit.number)
        for credit in account.credits
        for line in credit.allocations
        if line.invoice_id == invoice_id
    ]
    return paid


def why_page(
    actor: Actor, organisation: OrganisationContext, record_id: str, *, of_invoice: bool
) -> Why:
    """Return why something is done about a customer or an invoice, and what is not.

    Args:
        actor: who asks.
        organisation: whose.
        record_id: the id of either. Platforms number them apart, so that one may be both.
        of_invoice: it is an invoice's, whatever customer has the same.

    Raises:
        UserMistake: there is neither, or the rulebook has problems.
    """
    permit(actor, Permission.READ)
    ledger = organisation.store.ledger
    if not of_invoice and record_id in ledger.records(
        organisation.id, RecordKind.CONTACTS, [record_id]
    ):
        return why(actor, organisation, ContactId(record_id))
    if record_id not in ledger.records(organisation.id, RecordKind.INVOICES, [record_id]):
        raise UserMistake(
            gettext(
                "there is no customer and no invoice %(record_id)s.",
                record_id=repr(record_id[:60]),
            )
        )
    return why(actor, organisation, record_id)
