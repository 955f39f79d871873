"""What waits for somebody's yes, as the desk lists it: decisions, most money first."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import chain
from typing import NamedTuple

from arsync.application.approval_limits import (
    ABOUT_ALL_THAT_IS_OWED,
    amounts_in_books,
    needs_two,
    shares_owed,
)
from arsync.application.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.core.actions import ActionKind, ActionState
from arsync.core.actions.decided_together import DecisionPlace, decided_together
from arsync.core.actions.registry import LETTER_KINDS
from arsync.core.ledger.money import ZERO, rounded
from arsync.store.actions.waiting import OwedShare
from arsync.store.models import WaitingAction, WaitingInvoice
from arsync.store.people.first_approvals import FirstApproval

WAITS = frozenset({ActionState.AWAITING_APPROVAL})
ON_ITS_WAY = frozenset({ActionState.APPROVED})

LETTERS, HOLDS, OTHERS = "letters", "holds", "others"
"""How the desk sorts what waits."""


class WaitingDecision(NamedTuple):
    """What a person decides at once: a message, a hold with its terms."""

    action: WaitingAction
    along: tuple[WaitingAction, ...]
    """What is decided with it."""
    sums: Mapping[str, Decimal]
    """What it is about, by currency; of holds everything that the customer owes."""
    in_books: Decimal | None
    """The same in the currency of the books; None: a rate is not known."""
    oldest_days: int | None
    """For how long the oldest of its invoices is overdue; None: none is, or it names none."""
    needs_two: bool
    """The reader's approval is only the first of two, or the second."""
    first: FirstApproval | None
    """Somebody approved it already, and a second person has to."""

    @property
    def key(self) -> str:
        """Return the key that stands for all of it."""
        return self.action.key

    @property
    def sort(self) -> str:
        """Return what it is: of `LETTERS`, `HOLDS`, `OTHERS`."""
        return sort_of(self.action.kind)

    @property
    def numbers(self) -> tuple[str, ...]:
        """Return the numbers of its invoices."""
        return tuple(invoice.number for invoice in self.action.invoices)

    @property
    def terms(self) -> str:
        """Return what the terms become, of a hold."""
        return next((action.title for action in self.along if action.title), "")

    @property
    def place(self) -> tuple[bool, Decimal, str]:
        """Return its place in a list: most money first, what has no known amount last."""
        return self.in_books is None, -(self.in_books or ZERO), self.key


class WaitingFilter(NamedTuple):
    """Which of them."""

    sort: str = ""
    up_to: Decimal | None = None
    """In the currency of the books; what has no known amount is left out."""
    group: str = ""
    """Of the accounting system."""
    until: datetime | None = None
    """Only what waited at this moment: nothing is put between the rows while somebody works."""


def sort_of(kind: ActionKind) -> str:
    """Return how the desk sorts a kind."""
    if kind in LETTER_KINDS:
        return LETTERS
    return HOLDS if kind in ABOUT_ALL_THAT_IS_OWED else OTHERS


def waiting_decisions(
    actor: Actor,
    organisation: OrganisationContext,
    states: Collection[ActionState] = WAITS,
) -> list[WaitingDecision]:
    """Return what waits, most money first: a few statements, however much it is."""
    permit(actor, Permission.READ)
    store = organisation.store
    rows = store.waiting.rows(organisation.id, states)
    shares = shares_owed(organisation, rows)
    amounts = amounts_in_books(organisation, rows, shares)
    firsts = store.first_approvals.standing(organisation.id)
    owed, today = _owed(shares), organisation.today
    is_limited = actor.approves_up_to is not None
    base = organisation.connection.organisation.base_currency
    decisions = []
    # What was approved is no part of what still waits, its partner or not.
    for row, along in chain.from_iterable(
        decided_together([row for row in rows if row.state is state], _place)
        for state in sorted(states)
    ):
        sums, first_due = _sums(row.invoices), None
        if row.kind in ABOUT_ALL_THAT_IS_OWED:
            sums, first_due = owed.get(row.contact_id, ({}, None))
        members, amount = (row, *along), amounts[row.key]
        days = [invoice.days_overdue for invoice in row.invoices]
        if first_due is not None:
            days = [(today - first_due).days]
        decisions.append(
            WaitingDecision(
                row,
                along,
                sums,
                None if amount is None else rounded(amount, base),
                max(days) if days and max(days) > 0 else None,
                is_limited and any(needs_two(actor, amounts[member.key]) for member in members),
                firsts.get(row.key),
            )
        )
    return sorted(decisions, key=lambda decision: decision.place)


def narrowed(
    organisation: OrganisationContext, decisions: Sequence[WaitingDecision], wanted: WaitingFilter
) -> list[WaitingDecision]:
    """Return those that a filter fits, in their order."""
    members = None
    if wanted.group:
        members = organisation.store.waiting.in_group(organisation.id, wanted.group)
    return [decision for decision in decisions if _fits(decision, wanted, members)]


def _fits(
    decision: WaitingDecision, wanted: WaitingFilter, members: Collection[str] | None
) -> bool:
    if wanted.sort and decision.sort != wanted.sort:
        return False
    if wanted.up_to is not None and (decision.in_books is None or decision.in_books > wanted.up_to):
        return False
    if wanted.until is not None and decision.action.created_at > wanted.until:
        return False
    return members is None or decision.action.contact_id in members


def in_sum(decisions: Sequence[WaitingDecision]) -> dict[str, Decimal]:
    """Return by currency what decisions are about; an invoice counts once.

    Holds are about all that a customer owes: beside letters, that would count it twice, so they are
    only counted where there is nothing else.
    """
    if any(decision.action.invoices for decision in decisions):
        decisions = [decision for decision in decisions if decision.action.invoices]
    sums: dict[str, Decimal] = {}
    counted: set[str] = set()
    for decision in decisions:
        if decision.action.invoices:
            fresh = [ref for ref in decision.action.invoices if ref.id not in counted]
            counted |= {ref.id for ref in fresh}
            added = _sums(fresh)
        elif decision.action.contact_id in counted:
            continue
        else:
            counted.add(decision.action.contact_id)
            added = dict(decision.sums)
        for currency, amount in added.items():
            sums[currency] = sums.get(currency, ZERO) + amount
    return sums


def _place(row: WaitingAction) -> DecisionPlace:
    return DecisionPlace("", row.contact_id, row.episode, row.kind)


def _sums(invoices: Sequence[WaitingInvoice]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for invoice in invoices:
        sums[invoice.currency] = sums.get(invoice.currency, ZERO) + invoice.amount_due
    return sums


def _owed(shares: Iterable[OwedShare]) -> dict[str, tuple[dict[str, Decimal], date | None]]:
    owed: dict[str, tuple[dict[str, Decimal], date | None]] = {}
    for share in shares:
        sums, first = owed.get(share.contact_id, ({}, None))
        sums[share.currency] = sums.get(share.currency, ZERO) + share.amount_due
        earliest = share.first_due if first is None else min(first, share.first_due)
        owed[share.contact_id] = sums, earliest
    return owed
