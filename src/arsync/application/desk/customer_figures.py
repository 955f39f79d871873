"""The figures of one customer as the desk's pages show them: net, and of one day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.core.ledger.account_view import AccountView, Agreed, ContactView
from arsync.core.ledger.age_buckets import BUCKETS, bucket_of
from arsync.core.ledger.records import Account, Contact, Invoice
from arsync.core.planning.assessment import Assessment, Assessor
from arsync.core.planning.customer_locale import bank_days
from arsync.core.rulebook.facts import contact_figures
from arsync.rules_source.folder import holidays_in


class Assessed(NamedTuple):
    """A customer of today, as the rulebook sees it or, without one, as the documents say."""

    account: Account
    view: ContactView
    assessment: Assessment | None
    """None: the rulebook cannot be read."""

    @property
    def account_view(self) -> AccountView:
        """Return the whole account."""
        return self.view.account_view

    @property
    def contact(self) -> Contact:
        """Return the customer."""
        return self.view.contact


class CustomerFigures(NamedTuple):
    """What a customer owes. Sums are in `currency`; None: a rate is missing."""

    currency: str
    overdue: Decimal | None
    """Asked for and past its due date, net."""
    overdue_invoices: int
    oldest_days: int
    owed: Decimal | None
    owed_invoices: int
    unapplied_cash: Decimal | None
    limit: Decimal | None
    is_unlimited: bool
    over_limit_percent: int | None
    """How far the exposure is above the limit; None: it is not, or that is not known."""
    days_late: int | None
    """On average; None: nothing was paid within a year."""
    paid_invoices: int
    """Of which that is the average."""
    by_currency: dict[str, Decimal]
    """What is owed in each currency, as the documents say."""


class Age(NamedTuple):
    """What is owed of one age."""

    name: str
    """Of `age_buckets.BUCKETS`."""
    amount: Decimal


class CustomerReader:
    """Reads customers of one organisation, by one rulebook and one day."""

    def __init__(self, organisation: OrganisationContext) -> None:
        """Read the rulebook once."""
        self._organisation = organisation
        self.today: date = organisation.today
        rulebook = organisation.rules.rulebook
        self.assessor: Assessor | None = None
        if rulebook is not None:
            banks = bank_days(rulebook.sending, holidays_in)
            books = organisation.connection.organisation
            due = None if organisation.misfits else organisation.ledger_due
            self.assessor = Assessor(rulebook, books, self.today, banks, due)

    def some(self, contact_ids: list[str]) -> dict[str, Assessed]:
        """Return customers by their ids; one that the copy does not have is not among them."""
        organisation = self._organisation
        accounts = organisation.store.ledger.accounts(organisation.id, contact_ids)
        ids = set(contact_ids)
        return {
            contact.id: self.assessed(account, contact)
            for account in (accounts if contact_ids else ())
            for contact in account.contacts
            if contact.id in ids
        }

    def assessed(self, account: Account, contact: Contact) -> Assessed:
        """Return a contact of an account: with what it answers for, or else its own documents."""
        if self.assessor is None:
            view = self._organisation.account_view(account)
            covers = None if contact is account.contacts[0] else frozenset({contact.id})
            return Assessed(account, _own_view(view, contact, covers), None)
        assessment = self.assessor.assess(account)
        party = assessment.party_of(contact.id)
        if party.view.contact.id == contact.id:
            return Assessed(account, party.view, assessment)
        own = _own_view(assessment.account_view, contact, frozenset({contact.id}))
        return Assessed(account, own, assessment)


def _own_view(view: AccountView, contact: Contact, covers: frozenset[str] | None) -> ContactView:
    return ContactView(view, contact, agreed=Agreed(), covers=covers)


def figures_of(assessed: Assessed) -> CustomerFigures:
    """Return a customer's figures."""
    view, account_view = assessed.view, assessed.account_view
    overdue = view.overdue
    limit = view.limit
    over = contact_figures.over_limit_percent(view)
    by_currency: dict[str, Decimal] = {}
    for invoice in view.owed:
        before = by_currency.get(invoice.currency, Decimal(0))
        by_currency[invoice.currency] = before + invoice.amount_due
    return CustomerFigures(
        account_view.currency,
        view.overdue_amount,
        len(overdue),
        max(((account_view.today - invoice.due_on).days for invoice in overdue), default=0),
        view.balance,
        len(view.owed),
        view.unapplied_cash,
        limit.amount,
        limit.is_unlimited,
        int(over) if isinstance(over, Decimal) and over > 0 else None,
        contact_figures.average([days_late for _, days_late in view.paid]),
        len(view.paid),
        by_currency,
    )


def ages_of(assessed: Assessed) -> tuple[Age, ...]:
    """Return what is owed net by age; nothing where a rate is missing."""
    account_view = assessed.account_view
    by_age: list[list[Invoice]] = [[] for _ in BUCKETS]
    for invoice in assessed.view.owed:
        by_age[bucket_of(invoice.due_on, account_view.today)].append(invoice)
    sums = [account_view.total_due(invoices) for invoices in by_age]
    if any(amount is None for amount in sums):
        return ()
    return tuple(
        Age(name, amount or Decimal(0)) for name, amount in zip(BUCKETS, sums, strict=True)
    )


def sums_of(invoices: Iterable[Invoice]) -> dict[str, Decimal]:
    """Return by currency what is due on invoices."""
    sums: dict[str, Decimal] = {}
    for invoice in invoices:
        sums[invoice.currency] = sums.get(invoice.currency, Decimal(0)) + invoice.amount_due
    return sums
