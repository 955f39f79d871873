"""The list of customers: the most overdue first or by name, fifty at a time."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from arsync.application.desk.customer_figures import (
    Assessed,
    CustomerFigures,
    CustomerReader,
    figures_of,
)
from arsync.application.desk.waiting import Waiting, waiting_about
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.store.ledger.customer_list import After, CustomersShown, ListOf
from arsync.translation import ReaderText

ROWS_A_PAGE = 50


class CustomerRow(NamedTuple):
    """One customer of the list."""

    contact_id: str
    name: str
    figures: CustomerFigures
    held_since: date | None
    """None: not on hold."""
    state: str
    """In a word what else is out of the ordinary: `promised`, `payment plan`; empty: nothing."""
    next: Waiting | None
    """What waits or leaves next; None: nothing does."""
    waits: int
    """How many such there are."""


class CustomersPage(NamedTuple):
    """A portion of the list."""

    rows: tuple[CustomerRow, ...]
    after: After | None
    """Where the next portion begins; None: this is the last."""


def customers_page(
    actor: Actor,
    organisation: OrganisationContext,
    chosen: ListOf = ListOf(),  # noqa: B008 - a frozen value
    after: After | None = None,
) -> CustomersPage:
    """Return the customers after one, as they are owed from and stand today.

    The order goes by what is past its due date less unapplied cash; the figures also leave out what
    is disputed or left to a payment plan.
    """
    permit(actor, Permission.READ)
    listed = organisation.store.ledger.listed_customers(
        organisation.id,
        chosen,
        today=organisation.today,
        base=organisation.connection.organisation.base_currency,
        after=after,
        rows_max=ROWS_A_PAGE + 1,
    )
    shown, more = listed[:ROWS_A_PAGE], listed[ROWS_A_PAGE:]
    ids = [customer.contact_id for customer in shown]
    people = CustomerReader(organisation).some(ids)
    waits = waiting_about(organisation, ids)
    rows = tuple(
        _row(people[contact_id], waits.get(contact_id, []))
        for contact_id in ids
        if contact_id in people
    )
    last = shown[-1] if more else None
    place = (last.sort_name if chosen.by_name else str(last.overdue_cents)) if last else ""
    return CustomersPage(rows, After(place, last.contact_id) if last else None)


def _row(assessed: Assessed, waits: list[Waiting]) -> CustomerRow:
    hold = assessed.account.hold
    return CustomerRow(
        assessed.contact.id,
        assessed.contact.name,
        figures_of(assessed),
        hold.since if hold else None,
        _state(assessed),
        waits[0] if waits else None,
        len(waits),
    )


def _state(assessed: Assessed) -> str:
    view = assessed.account_view
    if not view.has_agreements:
        return ""
    owed = {invoice.id for invoice in assessed.view.owed}
    if any(judged.is_standing for judged in view.payment_plans):
        return ReaderText("payment plan")
    if owed.intersection(view.in_dispute):
        return ReaderText("disputed")
    states = {view.promises[id_].state for id_ in owed if id_ in view.promises}
    if "broken" in states:
        return ReaderText("promise broken")
    return ReaderText("promised") if "open" in states else ""


__all__ = ["After", "CustomerRow", "CustomersPage", "CustomersShown", "ListOf", "customers_page"]
