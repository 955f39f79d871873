"""Placements with agencies and lawyers, as people make, end and list them.

A person's word and the note about it are kept in one transaction, as with promises.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from msgspec import Struct

from arsync.application.customers.name_search import contact_named
from arsync.application.organisation.account_reading import accounts_on
from arsync.application.organisation.connection_choice import Chosen
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext, organisations
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.persons_words import Recorded, name_line, reason_line, recorded
from arsync.core.actions import (
    STARTED_STATES,
    Action,
    ActionKind,
    Because,
    InvoiceRef,
    PlacementPayload,
)
from arsync.core.collections.placements import (
    Money,
    PlacementFigures,
    figures_of,
    placeable,
    sums_in_words,
)
from arsync.core.ledger.account_view import days_overdue
from arsync.core.ledger.agreements.placements import PlacementState, invoices_of, state_of
from arsync.core.ledger.money import shown
from arsync.core.ledger.records import Account, Contact, Invoice, PlacedDebt, Placement
from arsync.core.planning.assessment import Assessment, Assessor, DunnedParty
from arsync.core.planning.placement_planner import debts_in_words, times_placed
from arsync.core.planning.planning_context import not_written_to
from arsync.errors import UserMistake
from arsync.store.agreements.placements import PlacementEnd
from arsync.store.models import PlacementRow
from arsync.translation import SaidText, saying

BY_HAND = "placed by a person"
"""The cause of an action that no rule asked for."""


class PlacedCustomer(NamedTuple):
    """One customer and its account, assessed today."""

    organisation: OrganisationContext
    contact: Contact
    assessment: Assessment
    party: DunnedParty

    @property
    def account(self) -> Account:
        """Return the account."""
        return self.assessment.account

    def figures(self) -> list[PlacementFigures]:
        """Return the customer's placements, oldest first."""
        rows = self.organisation.store.placements.rows(self.organisation.id)
        costs = {row.key: _cost_of(row) for row in rows}
        mine = self.party.view.own_invoice_ids
        return [
            figures_of(
                placement, self.account, self.assessment.account_view, costs.get(placement.key)
            )
            for placement in self.account.placements
            if any(debt.invoice_id in mine for debt in placement.debts)
        ]


def customer_assessed(container: Container, contact: str, connection: Chosen) -> PlacedCustomer:
    """Return the one customer of a name, with its account assessed today.

    Raises:
        UserMistake: there is none, there are several, or the rulebook cannot be read.
    """
    organisation, named = contact_named(container, contact, connection)
    account = next(accounts_on(organisation, None, [named.id]), None)
    if account is None:
        raise UserMistake(f"{named.name} has no account.")
    return _assessed(organisation, named, account)


def _assessed(
    organisation: OrganisationContext, contact: Contact, account: Account
) -> PlacedCustomer:
    assessor = Assessor(
        organisation.rulebook,
        organisation.connection.organisation,
        organisation.today,
        organisation.bank_days,
    )
    assessment = assessor.assess(account)
    party = next(
        (
            party
            for party in assessment.parties
            if party.view.contact.id == contact.id or party.view.counts(contact.id)
        ),
        assessment.root,
    )
    return PlacedCustomer(organisation, contact, assessment, party)


def place(
    actor: Actor,
    container: Container,
    contact: str,
    *,
    agency: str,
    invoices: Sequence[str] = (),
    connection: Chosen = None,
) -> Recorded:
    """Record that debts are placed with an agency or a lawyer, and have it noted in the books.

    Args:
        actor: who places them.
        container: holds the ledgers.
        contact: the customer's name or id.
        agency: with whom.
        invoices: numbers; empty: every overdue invoice that can be placed.
        connection: only this connection's.

    Raises:
        UserMistake: there is no such customer or invoice, or nothing can be placed: it is not
            overdue, disputed, promised, covered by a payment plan, or placed already.
    """
    permit(actor, Permission.PLACE)
    line = reason_line(agency)
    if not line:
        raise UserMistake('a placement needs an agency: --to "Example Collections".')
    customer = customer_assessed(container, contact, connection)
    stopped = not_written_to(customer.party)
    if stopped:
        raise UserMistake(f"{customer.contact.name} cannot be placed: {stopped}.")
    organisation, today = customer.organisation, customer.organisation.today
    chosen = _chosen(customer, invoices) if invoices else None
    candidates = placeable(customer.assessment, customer.party, today, chosen)
    left_out = "".join(f"\n    {number}: {why_not}" for number, why_not in candidates.left_out)
    if not candidates.debts:
        raise UserMistake(f"{customer.contact.name} has nothing to place.{left_out}")
    action = _placing(customer, candidates.debts, line, name_line(actor.name))
    placement = Placement(
        action.key,
        line,
        today,
        tuple(PlacedDebt(ref.id, ref.amount_due, ref.currency) for ref in action.invoices),
    )
    organisation.store.placements.place(
        organisation.id,
        action.contact_id,
        placement,
        who=name_line(actor.name),
        note=None if organisation.observes else action,
    )
    message = saying(
        "%(customer)s is placed with %(agency)s: %(debts)s.",
        customer=customer.contact.name,
        agency=line,
        debts=debts_in_words(action.invoices),
    )
    if left_out:
        message = message.then(saying("Left out:%(debts)s\n", debts=left_out))
    return recorded(organisation, message, action)


def _chosen(customer: PlacedCustomer, numbers: Sequence[str]) -> set[str]:
    """Return the ids of invoices of the customer that are owed.

    Raises:
        UserMistake: one of them is not.
    """
    by_number = {invoice.number: invoice.id for invoice in customer.party.view.owed}
    by_number |= {invoice.id: invoice.id for invoice in customer.party.view.owed}
    missing = [number for number in numbers if number not in by_number]
    if missing:
        raise UserMistake(f"{customer.contact.name} owes nothing on {', '.join(missing)}.")
    return {by_number[number] for number in numbers}


def _placing(customer: PlacedCustomer, debts: Sequence[Invoice], agency: str, who: str) -> Action:
    organisation, account_view = customer.organisation, customer.assessment.account_view
    refs = tuple(
        InvoiceRef(
            debt.id,
            debt.number,
            debt.amount_due,
            debt.currency,
            times_placed(customer.account, debt.id) + 1,
            days_overdue=days_overdue(debt, organisation.today),
            document_amount_due=account_view.document_due(debt),
            disputed=account_view.in_dispute.get(debt.id),
        )
        for debt in debts
    )
    contact = customer.party.view.contact
    return Action(
        payload=PlacementPayload(agency),
        connection=organisation.name,
        contact_id=contact.id,
        contact_name=contact.name,
        because=Because("", 0, BY_HAND),
        invoices=refs,
        subject=refs[0].id,
        episode=refs[0].episode,
        note=f"Placed with {agency}: {debts_in_words(refs)}. Recorded by {who}.",
    )


def end_placement(
    actor: Actor,
    container: Container,
    contact: str,
    *,
    returned: bool = False,
    reason: str = "",
    cost: Decimal | None = None,
    connection: Chosen = None,
) -> Recorded:
    """Record that a customer's debts were recalled, or returned by the agency.

    They are chased again from the step where they stood.

    Args:
        actor: who records it.
        container: holds the ledgers.
        contact: the customer's name or id.
        returned: whether the agency gave them back; False: they are recalled.
        reason: why, in the person's words.
        cost: what the placement has cost, in the organisation's currency.
        connection: only this connection's.

    Raises:
        UserMistake: there is no such customer, or nothing of it is placed.
    """
    permit(actor, Permission.PLACE)
    customer = customer_assessed(container, contact, connection)
    standing = [figures for figures in customer.figures() if figures.state is PlacementState.PLACED]
    if not standing:
        raise UserMistake(f"nothing of {customer.contact.name} is placed.")
    if cost is not None and len(standing) > 1:
        agencies = ", ".join(figures.placement.agency for figures in standing)
        raise UserMistake(
            f"{customer.contact.name} is placed more than once ({agencies}): record"
            " each cost with `arsync place CUSTOMER --cost AMOUNT` first."
        )
    organisation, person = customer.organisation, name_line(actor.name)
    ended_as = PlacementState.RETURNED if returned else PlacementState.RECALLED
    end = PlacementEnd(ended_as.value, organisation.today, reason_line(reason))
    messages, actions = [], []
    for figures in standing:
        if cost is not None:
            _record_cost(customer, figures, cost, person)
        note_of = partial(_ending, customer, figures)
        row = organisation.store.placements.end(
            organisation.id,
            customer.party.view.contact.id,
            figures.placement,
            end,
            who=person,
            noted_by=None if organisation.observes else note_of,
        )
        actions.append(note_of(row))
        ended = _ended_words(figures, row)
        messages.append(
            saying("%(customer)s: %(ended)s.", customer=customer.contact.name, ended=ended)
        )
    return recorded(organisation, messages[0].then(*messages[1:]), actions[-1])


def _ended_words(figures: PlacementFigures, row: PlacementRow) -> SaidText:
    values = {
        "agency": row.agency,
        "recovered": sums_in_words(figures.recovered),
        "placed": sums_in_words(figures.placed),
    }
    if PlacementState(row.ended_as) is PlacementState.RETURNED:
        ended = saying("returned by %(agency)s, %(recovered)s recovered of %(placed)s", **values)
    else:
        ended = saying("recalled from %(agency)s, %(recovered)s recovered of %(placed)s", **values)
    if row.cost is None:
        return ended
    cost = shown(row.cost, row.currency)
    return saying("%(ended)s, cost %(amount)s", ended=ended, amount=cost)


def _ending(customer: PlacedCustomer, figures: PlacementFigures, row: PlacementRow) -> Action:
    owed = customer.assessment.account_view.owed_by_id
    words = _ended_words(figures, row)
    reason = f" {row.ended_why}" if row.ended_why else ""
    contact = customer.party.view.contact
    return Action(
        payload=PlacementPayload(row.agency, row.ended_as),
        connection=customer.organisation.name,
        contact_id=contact.id,
        contact_name=contact.name,
        because=Because("", 0, BY_HAND),
        invoices=tuple(
            InvoiceRef(invoice.id, invoice.number, invoice.amount_due, invoice.currency)
            for debt in row.debts
            if (invoice := owed.get(debt.invoice_id)) is not None
        ),
        subject=f"{row.key} {row.ended_as}",
        note=f"{words[:1].upper()}{words[1:]}. Recorded by {row.ended_by}.{reason}",
    )


def record_cost(
    actor: Actor,
    container: Container,
    contact: str,
    cost: Decimal,
    *,
    connection: Chosen = None,
) -> Recorded:
    """Record what a customer's latest placement has cost so far, in the organisation's currency.

    Raises:
        UserMistake: there is no such customer, or it was never placed.
    """
    permit(actor, Permission.PLACE)
    customer = customer_assessed(container, contact, connection)
    figures = latest_of(customer)
    row = _record_cost(customer, figures, cost, name_line(actor.name))
    message = saying(
        "%(customer)s: the placement with %(agency)s has cost %(amount)s so far.",
        customer=customer.contact.name,
        agency=row.agency,
        amount=shown(cost, row.currency),
    )
    return Recorded(None, message)


def latest_of(customer: PlacedCustomer) -> PlacementFigures:
    """Return a customer's latest placement, one that stands before one that ended.

    Raises:
        UserMistake: it was never placed.
    """
    figures_made = customer.figures()
    if not figures_made:
        raise UserMistake(
            f"{customer.contact.name} was never placed."
            '\n    hint: arsync place CUSTOMER --to "Example Collections"'
        )
    standing = [figures for figures in figures_made if figures.state is PlacementState.PLACED]
    return (standing or figures_made)[-1]


def _record_cost(
    customer: PlacedCustomer, figures: PlacementFigures, cost: Decimal, who: str
) -> PlacementRow:
    organisation = customer.organisation
    currency = organisation.connection.organisation.base_currency
    return organisation.store.placements.cost(
        organisation.id,
        customer.party.view.contact.id,
        figures.placement,
        (cost, currency),
        who=who,
    )


def _cost_of(row: PlacementRow) -> Money | None:
    return None if row.cost is None else (row.cost, row.currency)


class PlacementView(Struct, frozen=True):
    """The JSON view of a placement; money by currency."""

    connection: str
    customer: str
    agency: str
    placed_on: date
    state: str
    invoices: tuple[str, ...]
    placed: dict[str, Decimal]
    recovered: dict[str, Decimal]
    cost: Decimal | None
    cost_currency: str
    share_percent: Decimal | None
    """The cost in percent of what was recovered; null where that cannot be told."""
    ended_on: date | None
    key: str


def placements(
    actor: Actor, container: Container, contact: str = "", *, connection: Chosen = None
) -> list[PlacementView]:
    """Return placements with their figures, the latest first; with `contact`, one customer's.

    Raises:
        UserMistake: there is no such customer.
    """
    permit(actor, Permission.READ)
    if contact:
        customers = [customer_assessed(container, contact, connection)]
    else:
        customers = [
            customer
            for organisation in organisations(container, connection)
            for customer in _placed_customers(organisation)
        ]
    views = {
        (view.connection, view.key): view for customer in customers for view in _views(customer)
    }
    return sorted(views.values(), key=lambda view: (view.placed_on, view.key), reverse=True)


def open_placements(organisation: OrganisationContext) -> int:
    """Return how many placements stand on which something is owed, whatever the rulebook is."""
    count = 0
    for account in _placed_accounts(organisation):
        by_id = {invoice.id: invoice for invoice in account.invoices}
        states = (
            state_of(placement, invoices_of(placement, by_id), account)
            for placement in account.placements
        )
        count += sum(state is PlacementState.PLACED for state in states)
    return count


def _placed_customers(organisation: OrganisationContext) -> list[PlacedCustomer]:
    return [
        _assessed(organisation, contact, account)
        for account in _placed_accounts(organisation)
        for contact in account.contacts
        if account.placements
    ]


def _placed_accounts(organisation: OrganisationContext) -> Iterator[Account]:
    """Yield the accounts that were ever placed; most ledgers have none, and none is read."""
    store = organisation.store
    placing = store.actions.list(
        organisation.id, kinds={ActionKind.PLACEMENT}, states=STARTED_STATES
    )
    ids = {row.contact_id for row in store.placements.rows(organisation.id)}
    ids |= {row.action.contact_id for row in placing}
    return accounts_on(organisation, None, sorted(ids)) if ids else iter(())


def _views(customer: PlacedCustomer) -> list[PlacementView]:
    numbers = {invoice.id: invoice.number or invoice.id for invoice in customer.account.invoices}
    return [
        PlacementView(
            customer.organisation.name,
            customer.party.view.contact.name,
            figures.placement.agency,
            figures.placement.placed_on,
            figures.state.value,
            tuple(
                numbers.get(debt.invoice_id, debt.invoice_id) for debt in figures.placement.debts
            ),
            dict(figures.placed),
            dict(figures.recovered),
            figures.cost[0] if figures.cost else None,
            figures.cost[1] if figures.cost else "",
            figures.share,
            figures.placement.ended_on,
            figures.placement.key,
        )
        for figures in customer.figures()
    ]
