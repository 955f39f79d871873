"""Customers, invoices and actions of one connection, a page of them at a time.

A page begins after a key, so that what comes or goes meanwhile moves no other page.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import asdict

from arsync.application.customers.name_search import NotFound
from arsync.application.organisation.account_reading import accounts_on
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.core.actions import ActionKind, ActionState
from arsync.core.ledger.account_view import AccountView
from arsync.core.ledger.money import ZERO
from arsync.core.ledger.records import Contact, Invoice, RecordKind, is_owed
from arsync.store.models import ActionRow
from arsync.translation import gettext


class SumView(Struct, frozen=True):
    """What is owed in one currency, net of unapplied cash."""

    currency: str
    owed: Decimal
    overdue: Decimal
    oldest_days_overdue: int
    """0: nothing is overdue."""


class CustomerView(Struct, frozen=True):
    """A customer as the books have it, and what it owes now."""

    id: str
    name: str
    status: str
    customer_number: str
    currency: str
    country: str
    groups: tuple[str, ...]
    parent_id: str
    """Who answers for it; empty: itself."""
    merged_into: str
    owes: tuple[SumView, ...]
    """By currency; a currency in which nothing is owed is left out."""


class CustomerDetailView(CustomerView, frozen=True, kw_only=True):
    """A customer with whom to speak to and how it pays."""

    email: str
    more_emails: tuple[str, ...]
    people: tuple[str, ...]
    phones: tuple[str, ...]
    address: tuple[str, ...]
    terms: str
    created_on: date | None


class InvoiceDetailView(Struct, frozen=True):
    """An invoice as the books have it, and what is owed on it now."""

    id: str
    number: str
    contact_id: str
    status: str
    issued_on: date
    due_on: date
    currency: str
    total: Decimal
    document_amount_due: Decimal
    """What is due on the document itself."""
    amount_due: Decimal
    """What is owed, net of unapplied cash."""
    days_overdue: int
    reference: str
    purchase_order: str
    sent: bool | None
    paid_on: date | None
    disputed_on: date | None
    """Since when the accounting system itself shows it as disputed."""


class WantedPage(NamedTuple):
    """Which part of a list."""

    rows_max: int
    after: str | None = None
    """The key of the last one before; None: from the beginning."""


class ActionsWanted(NamedTuple):
    """Which actions; what is empty leaves a matter open."""

    states: Collection[ActionState] = ()
    kinds: Collection[ActionKind] = ()
    contact_id: str = ""


def customers_page(
    actor: Actor, organisation: OrganisationContext, page: WantedPage
) -> list[CustomerView]:
    """Return the next customers, in the order of their ids."""
    permit(actor, Permission.READ)
    contacts: list[Contact] = organisation.store.ledger.records_after(
        organisation.id, RecordKind.CONTACTS, page.after, rows_max=page.rows_max
    )
    views = _views(organisation, [contact.id for contact in contacts])
    today = organisation.today
    return [_customer_view(contact, views.get(contact.id), today) for contact in contacts]


def one_customer(
    actor: Actor, organisation: OrganisationContext, contact_id: str
) -> CustomerDetailView:
    """Return a customer by its id.

    Raises:
        NotFound: there is none.
    """
    permit(actor, Permission.READ)
    contact = customer_of_id(organisation, contact_id)
    views = _views(organisation, [contact.id])
    return CustomerDetailView(
        **asdict(_customer_view(contact, views.get(contact.id), organisation.today)),
        email=contact.email,
        more_emails=contact.more_emails,
        people=contact.people,
        phones=tuple(map(str, contact.phones)),
        address=contact.address,
        terms=contact.terms,
        created_on=contact.created_on,
    )


def invoices_page(
    actor: Actor, organisation: OrganisationContext, page: WantedPage, *, contact_id: str = ""
) -> list[InvoiceDetailView]:
    """Return the next invoices, in the order of their ids; with `contact_id`, one customer's."""
    permit(actor, Permission.READ)
    invoices: list[Invoice] = organisation.store.ledger.records_after(
        organisation.id,
        RecordKind.INVOICES,
        page.after,
        contact_id=contact_id,
        rows_max=page.rows_max,
    )
    return _invoice_views(organisation, invoices)


def one_invoice(
    actor: Actor, organisation: OrganisationContext, invoice_id: str
) -> InvoiceDetailView:
    """Return an invoice by its id.

    Raises:
        NotFound: there is none.
    """
    permit(actor, Permission.READ)
    return _invoice_views(organisation, [invoice_of_id(organisation, invoice_id)])[0]


def actions_page(
    actor: Actor, organisation: OrganisationContext, page: WantedPage, wanted: ActionsWanted
) -> Sequence[ActionRow]:
    """Return the next actions, the newest first.

    Raises:
        NotFound: the action to begin after is not there.
    """
    permit(actor, Permission.READ)
    after = action_of_key(organisation, page.after) if page.after is not None else None
    return organisation.store.actions.page(
        organisation.id,
        states=wanted.states,
        kinds=wanted.kinds,
        contact_id=wanted.contact_id,
        after=after,
        rows_max=page.rows_max,
    )


def customer_of_id(organisation: OrganisationContext, contact_id: str) -> Contact:
    """Return the customer of an id.

    Raises:
        NotFound: there is none.
    """
    stored = organisation.store.ledger.records(organisation.id, RecordKind.CONTACTS, [contact_id])
    if contact_id not in stored:
        raise NotFound(
            gettext("there is no customer with the id %(contact_id)s.", contact_id=repr(contact_id))
        )
    contact: Contact = stored[contact_id]
    return contact


def invoice_of_id(organisation: OrganisationContext, invoice_id: str) -> Invoice:
    """Return the invoice of an id.

    Raises:
        NotFound: there is none.
    """
    stored = organisation.store.ledger.records(organisation.id, RecordKind.INVOICES, [invoice_id])
    if invoice_id not in stored:
        raise NotFound(
            gettext("there is no invoice with the id %(invoice_id)s.", invoice_id=repr(invoice_id))
        )
    invoice: Invoice = stored[invoice_id]
    return invoice


def action_of_key(organisation: OrganisationContext, key: str) -> ActionRow:
    """Return the action of a whole key, of this connection alone.

    Raises:
        NotFound: there is none.
    """
    row = next(organisation.store.actions.rows([key]), None)
    if row is None or row.connection_id != organisation.id:
        raise NotFound(gettext("there is no action with the key %(key)s.", key=key))
    return row


def _views(organisation: OrganisationContext, contact_ids: Sequence[str]) -> dict[str, AccountView]:
    """Return by contact the account that it belongs to."""
    views: dict[str, AccountView] = {}
    for account in accounts_on(organisation, None, list(contact_ids)) if contact_ids else ():
        view = organisation.account_view(account)
        views |= {contact.id: view for contact in account.contacts}
    return views


def _customer_view(contact: Contact, view: AccountView | None, today: date) -> CustomerView:
    owed = [invoice for invoice in view.owed if invoice.contact_id == contact.id] if view else []
    return CustomerView(
        contact.id,
        contact.name,
        contact.status,
        contact.customer_number,
        contact.currency,
        contact.country,
        contact.groups,
        contact.parent_id,
        contact.merged_into,
        tuple(_sums(owed, today)),
    )


def _sums(owed: Iterable[Invoice], today: date) -> Iterable[SumView]:
    by_currency: dict[str, list[Invoice]] = {}
    for invoice in owed:
        by_currency.setdefault(invoice.currency, []).append(invoice)
    for currency, invoices in sorted(by_currency.items()):
        overdue = [invoice for invoice in invoices if invoice.due_on < today]
        yield SumView(
            currency,
            sum((invoice.amount_due for invoice in invoices), ZERO),
            sum((invoice.amount_due for invoice in overdue), ZERO),
            max((_days(invoice, today) for invoice in overdue), default=0),
        )


def _invoice_views(
    organisation: OrganisationContext, invoices: Sequence[Invoice]
) -> list[InvoiceDetailView]:
    views = _views(organisation, sorted({invoice.contact_id for invoice in invoices}))
    today = organisation.today
    return [_invoice_view(invoice, views, today) for invoice in invoices]


def _invoice_view(
    invoice: Invoice, views: Mapping[str, AccountView], today: date
) -> InvoiceDetailView:
    view = views.get(invoice.contact_id)
    owed = view.owed_by_id.get(invoice.id) if view else None
    is_late = owed is not None and is_owed(invoice) and invoice.due_on < today
    return InvoiceDetailView(
        id=invoice.id,
        number=invoice.number,
        contact_id=invoice.contact_id,
        status=invoice.status,
        issued_on=invoice.issued_on,
        due_on=invoice.due_on,
        currency=invoice.currency,
        total=invoice.total,
        document_amount_due=invoice.amount_due,
        amount_due=owed.amount_due if owed is not None else ZERO,
        days_overdue=_days(invoice, today) if is_late else 0,
        reference=invoice.reference,
        purchase_order=invoice.purchase_order,
        sent=invoice.sent,
        paid_on=invoice.paid_on,
        disputed_on=invoice.disputed_on,
    )


def _days(invoice: Invoice, today: date) -> int:
    return (today - invoice.due_on).days
