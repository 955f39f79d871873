"""The facts of what ends: the steps of a debt that are left, placements, a customer's trouble."""

from __future__ import annotations

from datetime import timedelta

from arsync.core.ledger.account_view import HISTORY_DAYS, ContactView
from arsync.core.ledger.agreements.placements import PLACEMENT_STATES, PlacementState, state_of
from arsync.core.ledger.records import Invoice
from arsync.core.rulebook.facts import movement
from arsync.core.rulebook.facts.field import FROM_0, FactKind, Field, OwnActions, Value
from arsync.core.rulebook.facts.movement import STILL, CountsUp, OnDays


def steps_left(view: ContactView, invoice: Invoice) -> Value:
    """Return whether a step of its cadence is still to come for the invoice."""
    return view.steps_to_come(invoice) if view.steps_to_come is not None else None


def placed(view: ContactView, invoice: Invoice) -> Value:
    """Return how far the invoice's latest placement has come."""
    placement = view.account_view.placements.get(invoice.id)
    if placement is None:
        return PlacementState.NONE
    document = view.account_view.document_of(invoice)
    return state_of(placement, [document], view.account_view.account)


def days_placed(view: ContactView, invoice: Invoice) -> Value:
    """Return for how many days the invoice has been placed."""
    placement = view.account_view.placed(invoice.id)
    return None if placement is None else (view.account_view.today - placement.placed_on).days


def placement_states(view: ContactView) -> Value:
    """Return how far the placements of the contact's invoices have come."""
    account_view = view.account_view
    states = {
        str(state_of(account_view.placements[invoice.id], [invoice], account_view.account))
        for invoice in (account_view.account.invoices if account_view.placements else ())
        if invoice.id in account_view.placements and view.counts(invoice.contact_id)
    }
    return frozenset(states or {"none"})


def messages_in_a_year(view: ContactView) -> Value:
    """Return on how many occasions the contact was written to in the last 365 days."""
    account_view = view.account_view
    if not account_view.account.sent:
        return 0
    first = account_view.today - timedelta(HISTORY_DAYS - 1)
    return len(
        {
            step.moment
            for step in account_view.account.sent
            if step.moment and step.on >= first and step.invoice_id in view.own_invoice_ids
        }
    )


def disputes_in_a_year(view: ContactView) -> Value:
    """Return how many disputes about the contact's invoices were opened in the last 365 days."""
    account_view = view.account_view
    if not account_view.account.disputes:
        return 0
    first = account_view.today - timedelta(HISTORY_DAYS - 1)
    return sum(
        dispute.opened_on >= first and dispute.invoice_id in view.own_invoice_ids
        for dispute in account_view.account.disputes
    )


CONTACT_PLACEMENTS: tuple[Field, ...] = (
    Field(
        "messages_last_365_days",
        "contact",
        FactKind.COUNT,
        "on how many occasions it was written to in the last 365 days",
        "what arsync sent",
        messages_in_a_year,
        phrase="{} message in 365 days|{} messages in 365 days",
        bounds=FROM_0,
        moves=OnDays(movement.message_ages_out),
        changed_by=OwnActions.MESSAGES,
        example="{at_least: 12}",
    ),
    Field(
        "disputes_last_365_days",
        "contact",
        FactKind.COUNT,
        "number of disputes about its invoices that were opened in the last 365 days",
        "disputes recorded here",
        disputes_in_a_year,
        phrase="{} dispute in 365 days|{} disputes in 365 days",
        bounds=FROM_0,
        moves=OnDays(movement.dispute_ages_out),
        example="{at_least: 3}",
    ),
    Field(
        "placed",
        "contact",
        FactKind.TEXTS,
        "how far any placement of its invoices with an agency or a lawyer has come",
        "placements, and payments since",
        placement_states,
        phrase="placement: {}",
        moves=STILL,
        choices=PLACEMENT_STATES,
        example="placed",
    ),
)

INVOICE_PLACEMENTS: tuple[Field, ...] = (
    Field(
        "steps_left",
        "invoice",
        FactKind.YES_NO,
        "whether a step of its cadence is still to come",
        "the customer's cadence, and what arsync sent",
        steps_left,
        phrase="steps still to come|no step left",
        moves=OnDays(movement.own_due),
        changed_by=OwnActions.MESSAGES,
        unknown="the customer's cadence is not certain",
        example="no",
    ),
    Field(
        "placed",
        "invoice",
        FactKind.CHOICE,
        "how far its latest placement with an agency or a lawyer has come",
        "placements, and payments since",
        placed,
        phrase="placement: {}",
        moves=STILL,
        choices=PLACEMENT_STATES,
        example="returned",
    ),
    Field(
        "days_placed",
        "invoice",
        FactKind.DAYS,
        "days since it was placed with an agency or a lawyer",
        "placements",
        days_placed,
        phrase="placed for {}",
        bounds=FROM_0,
        moves=CountsUp(),
        unknown="it is not placed",
        example="{at_least: 90}",
    ),
)
