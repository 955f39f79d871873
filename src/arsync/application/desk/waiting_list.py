"""What waits for somebody's yes, as the desk lists it: decisions, most money first."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import ROUND_FLOOR, Decimal
from functools import cached_property
from operator import attrgetter
from typing import NamedTuple

from arsync.application.decisions.approval_limits import (
    ABOUT_ALL_THAT_IS_OWED,
    amounts_in_books,
    needs_two,
    shares_owed,
    units_in_books,
)
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.core.actions import ActionKind, ActionState
from arsync.core.actions.decided_together import DecisionPlace
from arsync.core.actions.registry import KINDS, LETTER_KINDS
from arsync.core.ledger.money import ZERO, rounded
from arsync.store.actions.waiting import OwedShare
from arsync.store.actions.waiting_holds import HoldChoice, HoldPlace
from arsync.store.db.column_types import UNIT
from arsync.store.models import WaitingAction, WaitingInvoice, WaitingOutline
from arsync.store.people.first_approvals import FirstApproval

WAITS, ON_ITS_WAY = ActionState.AWAITING_APPROVAL, ActionState.APPROVED

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


_KINDS_OF_SORT = {
    sort: frozenset(kind for kind in ActionKind if sort_of(kind) == sort)
    for sort in (LETTERS, HOLDS, OTHERS)
}


_NAMING_INVOICES = frozenset(ActionKind) - ABOUT_ALL_THAT_IS_OWED


class PlaceInList(NamedTuple):
    """What a decision's place, count and sum need: of those that are shown, all is read."""

    outline: WaitingOutline
    units: int | None
    """What it is about in ten-thousandths of the currency of the books; None: a rate is not known.
    """

    @property
    def by_money(self) -> ByMoney:
        """Return what lists are sorted by."""
        return ByMoney.of(self.units, self.outline.key)


class ByMoney(NamedTuple):
    """The place of a decision in a list: most money first, what has no known amount last."""

    is_unknown: bool
    less_units: int
    """What it is about in ten-thousandths of the currency of the books, below zero."""
    key: str

    @classmethod
    def of(cls, units: int | None, key: str) -> ByMoney:
        """Return the place of what is about an amount; None: it is not known."""
        return cls(units is None, -(units or 0), key)


class WaitingList:
    """Decisions that wait, most money first: counted and added up in short, shown in full.

    Holds may be thousands, each about all that its customer owes: the database sorts, counts and
    adds up those about customers who owe in the currency of the books alone. The others are put in
    order here, at the rates of their documents.
    """

    def __init__(
        self,
        actor: Actor,
        organisation: OrganisationContext,
        places: Sequence[PlaceInList],
        holds: HoldChoice | None,
    ) -> None:
        """Hold a list.

        Args:
            actor: who asks.
            organisation: whose decisions.
            places: those that are put in order here, in it.
            holds: those that the database sorts; None: none.
        """
        self._actor = actor
        self._organisation = organisation
        self._places = places
        self._holds = holds
        self._store = organisation.store.waiting_holds

    @cached_property
    def in_all(self) -> int:
        """Return how many decisions there are."""
        holds = self._store.count(self._organisation.id, self._holds) if self._holds else 0
        return len(self._places) + holds

    def of_sort(self, sort: str) -> WaitingList:
        """Return those of `LETTERS`, `HOLDS` or `OTHERS`."""
        kinds = _KINDS_OF_SORT.get(sort, frozenset())
        return self._with(
            lambda place: place.outline.kind in kinds, self._holds if sort == HOLDS else None
        )

    def in_state(self, state: ActionState) -> WaitingList:
        """Return those in a state; the holds in the list wait for approval."""
        holds = self._holds if state is WAITS else None
        return self._with(lambda place: place.outline.state is state, holds)

    def of_keys(self, keys: Collection[str]) -> WaitingList:
        """Return those with these keys."""
        holds = self._holds and self._holds._replace(keys=keys)
        return self._with(lambda place: place.outline.key in keys, holds)

    def narrowed(self, wanted: WaitingFilter) -> WaitingList:
        """Return those that a filter fits, but for its moment: see `until_then`."""
        narrowed = self.of_sort(wanted.sort) if wanted.sort else self
        if wanted.up_to is not None:
            narrowed = narrowed.up_to(wanted.up_to)
        if wanted.group:
            narrowed = narrowed.of_group(wanted.group)
        return narrowed

    def up_to(self, amount: Decimal) -> WaitingList:
        """Return those about so much at most in the currency of the books, as far as known."""
        units = int((amount * UNIT).to_integral_value(ROUND_FLOOR))
        holds = self._holds and self._holds._replace(up_to=units)
        return self._with(lambda place: place.units is not None and place.units <= units, holds)

    def of_group(self, group: str) -> WaitingList:
        """Return those about customers of one of the accounting system's groups."""
        members = self._organisation.store.waiting.in_group(self._organisation.id, group)
        holds = self._holds and self._holds._replace(only=members)
        return self._with(lambda place: place.outline.contact_id in members, holds)

    def until_then(self, until: datetime | None) -> WaitingList:
        """Return those that came no later than the moment that the list was asked for."""
        holds = self._holds and self._holds._replace(until=until)
        return self._with(lambda place: not place.outline.is_later, holds)

    def counts(self) -> dict[str, int]:
        """Return how many there are of each sort; none is named of which there are none."""
        counts = {
            sort: sum(place.outline.kind in kinds for place in self._places)
            for sort, kinds in _KINDS_OF_SORT.items()
        }
        counts[HOLDS] += self.in_all - len(self._places)
        return {sort: count for sort, count in counts.items() if count}

    def customers(self) -> int:
        """Return how many customers those are about that are no holds."""
        return len({place.outline.contact_id for place in self._places})

    def invoices(self) -> int:
        """Return how many invoices they name."""
        return len({ref.id for place in self._places for ref in place.outline.invoices})

    def sums(self) -> dict[str, Decimal]:
        """Return by currency what they are about; an invoice counts once.

        Holds are about all that a customer owes: beside letters, that would count it twice, so they
        are only counted where there is nothing else.
        """
        sums = _sums_of_invoices(place.outline for place in self._places)
        if any(place.outline.invoices for place in self._places):
            return sums
        number, store = self._organisation.id, self._organisation.store.waiting
        debtors = {
            place.outline.contact_id
            for place in self._places
            if place.outline.kind in ABOUT_ALL_THAT_IS_OWED
        }
        if debtors:
            sums = _added(store.owed(number, sorted(debtors)))
        if self._holds and (in_base := self._store.sum(number, self._holds)):
            sums[self._holds.base] = sums.get(self._holds.base, ZERO) + in_base
        return sums

    def first(self, rows_max: int, after: ByMoney | None = None) -> list[ByMoney]:
        """Return the places of the next of them."""
        beyond = [
            place
            for place in (listed.by_money for listed in self._places)
            if not after or place > after
        ][:rows_max]
        return sorted([*beyond, *self._holds_after(rows_max, after)])[:rows_max]

    def count_to(self, place: ByMoney) -> int:
        """Return how many stand at a place or before it."""
        before = sum(listed.by_money <= place for listed in self._places)
        if self._holds is None:
            return before
        number = self._organisation.id
        if place.is_unknown:
            return before + self._store.count(number, self._holds)
        its_place = HoldPlace(place.key, -place.less_units)
        return before + self._store.count(number, self._holds, its_place)

    def decisions(self, places: Iterable[ByMoney]) -> list[WaitingDecision]:
        """Return some in full, in their order: what ended since it was listed is left out."""
        return decisions_of(self._actor, self._organisation, [place.key for place in places])

    def but_first(self, rows: int) -> WaitingList:
        """Return a list of letters or others without its first."""
        assert self._holds is None, "holds are no part of it"
        return WaitingList(self._actor, self._organisation, self._places[rows:], None)

    def first_reason(self, beginning: str) -> str:
        """Return the reason with a beginning of the first that has one; empty: none has."""
        reasons = self._organisation.store.waiting.reasons(self._organisation.id, beginning)
        if len(reasons) < 2:
            return next(iter(reasons), "")
        having = [place for place in self._places if place.outline.reason.startswith(beginning)]
        holds = self._holds and self._holds._replace(reason=beginning)
        chosen = WaitingList(self._actor, self._organisation, having, holds)
        first = chosen.decisions(chosen.first(1))
        return first[0].action.reason if first else ""

    def _holds_after(self, rows_max: int, after: ByMoney | None) -> list[ByMoney]:
        if self._holds is None or (after is not None and after.is_unknown):
            return []  # each of their amounts is known
        its_place = None if after is None else HoldPlace(after.key, -after.less_units)
        places = self._store.places(self._organisation.id, self._holds, rows_max, its_place)
        return [ByMoney.of(units, key) for key, units in places]

    def _with(self, fits: Callable[[PlaceInList], bool], holds: HoldChoice | None) -> WaitingList:
        places = [place for place in self._places if fits(place)]
        return WaitingList(self._actor, self._organisation, places, holds)


def waiting_list(
    actor: Actor,
    organisation: OrganisationContext,
    *,
    until: datetime | None = None,
    on_their_way: bool = False,
) -> WaitingList:
    """Return what waits, most money first: a few statements, however much it is.

    Args:
        actor: who asks.
        organisation: whose decisions.
        until: what came after this moment can be left out by `until_then`.
        on_their_way: also letters and others that are approved and have not left.
    """
    permit(actor, Permission.READ)
    store, number = organisation.store, organisation.id
    base = organisation.connection.organisation.base_currency
    outlines = store.waiting.outlines(
        number, _NAMING_INVOICES, until=until, on_their_way=on_their_way
    )
    foreign = sorted(store.sums.foreign_debtors(number, base))
    holds = HoldChoice(base, ABOUT_ALL_THAT_IS_OWED, besides=foreign)
    shares: Sequence[OwedShare] = ()
    if foreign:
        about = store.waiting_holds.outlines(number, ABOUT_ALL_THAT_IS_OWED, foreign, until)
        shares = store.waiting.owed(number, sorted({outline.contact_id for outline in about}))
        outlines += about
    return WaitingList(actor, organisation, _in_order(organisation, outlines, shares), holds)


def _in_order(
    organisation: OrganisationContext,
    outlines: Sequence[WaitingOutline],
    shares: Sequence[OwedShare],
) -> list[PlaceInList]:
    units = units_in_books(organisation, outlines, shares)
    places = [PlaceInList(outline, units[outline.key]) for outline in outlines]
    places.sort(key=attrgetter("by_money"))
    return places


def decisions_of(
    actor: Actor, organisation: OrganisationContext, keys: Sequence[str]
) -> list[WaitingDecision]:
    """Return decisions in full, in this order; what no longer waits or leaves is left out.

    Args:
        actor: who asks.
        organisation: whose decisions.
        keys: those that stand for the decisions.
    """
    permit(actor, Permission.READ)
    if not keys:
        return []
    store = organisation.store
    rows = store.waiting.of_keys(organisation.id, keys)
    rows = {key: row for key, row in rows.items() if row.state in {WAITS, ON_ITS_WAY}}
    along = _along(organisation, list(rows.values()))
    every = [*rows.values(), *along.values()]
    shares = shares_owed(organisation, every)
    amounts = amounts_in_books(organisation, every, shares)
    firsts = store.first_approvals.of(list(rows))
    owed = _owed(shares)
    return [
        _decision(actor, organisation, row, along.get(key), owed, amounts, firsts)
        for key in keys
        if (row := rows.get(key)) is not None
    ]


def decision_with(
    actor: Actor, organisation: OrganisationContext, key: str
) -> WaitingDecision | None:
    """Return the decision that waits of which an action is a part; None: it does not wait."""
    permit(actor, Permission.READ)
    row = organisation.store.waiting.of_keys(organisation.id, [key]).get(key)
    if row is None or row.state is not WAITS:
        return None
    lead = organisation.store.waiting.lead_of(organisation.id, row) or key
    return next(iter(decisions_of(actor, organisation, [lead])), None)


def _along(
    organisation: OrganisationContext, rows: Sequence[WaitingAction]
) -> dict[str, WaitingAction]:
    """Return what waits and is decided with some that wait, by their keys."""
    leads = {
        row.key: place
        for row in rows
        if row.state is WAITS and (place := _partner_place(row)) is not None
    }
    if not leads:
        return {}
    contacts = sorted({place.contact_id for place in leads.values()})
    waiting = organisation.store.waiting.along(organisation.id, contacts)
    partners = {_place(row): row for row in waiting}
    return {key: partners[place] for key, place in leads.items() if place in partners}


def _decision(
    actor: Actor,
    organisation: OrganisationContext,
    row: WaitingAction,
    partner: WaitingAction | None,
    owed: Mapping[str, tuple[dict[str, Decimal], date | None]],
    amounts: Mapping[str, Decimal | None],
    firsts: Mapping[str, FirstApproval],
) -> WaitingDecision:
    along = () if partner is None else (partner,)
    sums, first_due = _sums(row.invoices), None
    if row.kind in ABOUT_ALL_THAT_IS_OWED:
        sums, first_due = owed.get(row.contact_id, ({}, None))
    days = [invoice.days_overdue for invoice in row.invoices]
    if first_due is not None:
        days = [(organisation.today - first_due).days]
    amount, base = amounts[row.key], organisation.connection.organisation.base_currency
    is_limited = actor.approves_up_to is not None
    return WaitingDecision(
        row,
        along,
        sums,
        None if amount is None else rounded(amount, base),
        max(days) if days and max(days) > 0 else None,
        is_limited and any(needs_two(actor, amounts[member.key]) for member in (row, *along)),
        firsts.get(row.key),
    )


def _place(row: WaitingAction) -> DecisionPlace:
    return DecisionPlace("", row.contact_id, row.episode, row.kind)


def _partner_place(row: WaitingAction) -> DecisionPlace | None:
    kind = KINDS[row.kind].decided_with
    return None if kind is None else _place(row)._replace(kind=kind)


def _sums_of_invoices(outlines: Iterable[WaitingOutline]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    counted: set[str] = set()
    for outline in outlines:
        for ref in outline.invoices:
            if ref.id not in counted:
                sums[ref.currency] = sums.get(ref.currency, ZERO) + ref.amount_due
        counted.update(ref.id for ref in outline.invoices)
    return sums


def _sums(invoices: Sequence[WaitingInvoice]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for invoice in invoices:
        sums[invoice.currency] = sums.get(invoice.currency, ZERO) + invoice.amount_due
    return sums


def _added(shares: Iterable[OwedShare]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for share in shares:
        sums[share.currency] = sums.get(share.currency, ZERO) + share.amount_due
    return sums


def _owed(shares: Iterable[OwedShare]) -> dict[str, tuple[dict[str, Decimal], date | None]]:
    owed: dict[str, tuple[dict[str, Decimal], date | None]] = {}
    for share in shares:
        sums, first = owed.get(share.contact_id, ({}, None))
        sums[share.currency] = sums.get(share.currency, ZERO) + share.amount_due
        earliest = share.first_due if first is None else min(first, share.first_due)
        owed[share.contact_id] = sums, earliest
    return owed
