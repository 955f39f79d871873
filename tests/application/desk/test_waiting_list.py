"""Pages of what waits are what a plain reading of every action says, on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.builders.actions import an_action, an_invoice_ref
from tests.builders.books import NOW
from tests.builders.desk import DeskDriver, a_desk
from tests.builders.records import a_contact, an_invoice

from arsync.application.desk.approval_queue import QueuePage, queue_page, shown_decision
from arsync.application.desk.today import today
from arsync.application.desk.waiting_list import HOLDS, LETTERS, OTHERS, WaitingFilter
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Role
from arsync.connector_sdk import Page
from arsync.core.actions import Action, ActionKind, ActionState
from arsync.core.ledger.records import Contact, Invoice, RecordKind
from arsync.core.planning.plan import Plan, SafetyVerdict
from arsync.store.models import ActionRow

OWNER = Actor("Olga", Role.OWNER)
LATER = NOW + timedelta(hours=2)
ALONG = {
    ActionKind.TERMS: ActionKind.CREDIT_HOLD,
    ActionKind.RESTORE_TERMS: ActionKind.LIFT_CREDIT_HOLD,
}
ABOUT_ALL = {*ALONG, *ALONG.values(), ActionKind.HOLD_REASONS}
MESSAGES = {
    ActionKind.REMINDER,
    ActionKind.LETTER,
    ActionKind.ACCOUNT_LETTER,
    ActionKind.REFERENCE_LETTER,
}
HUGE = Decimal("90000000000000.00")
"""A dozen of them exceed 64 bits of ten-thousandths."""


class PlainDecision(NamedTuple):
    """A decision as every action and every invoice was read for it."""

    row: ActionRow
    along: tuple[str, ...]
    sums: dict[str, Decimal]
    in_books: Decimal | None

    @property
    def sort(self) -> str:
        if self.row.action.kind in MESSAGES:
            return LETTERS
        return HOLDS if self.row.action.kind in ABOUT_ALL else OTHERS


def a_ledger(count: int) -> tuple[list[Contact], list[Invoice]]:
    """Return customers with invoices: in pounds, in dollars, without a rate, of fractions."""
    contacts = [
        a_contact(f"w{n:03}", f"Waiting {n}", groups=("VIP",) if n % 3 == 0 else ())
        for n in range(count)
    ]
    amounts = ("100.00", "250.5", "33.333", "0.015", "100.00")
    invoices = []
    for n in range(count):
        for part in range(n % 4):
            currency, rate = ("GBP", None) if n % 5 or part else ("USD", Decimal("0.8123"))
            invoices.append(
                an_invoice(
                    f"v{n:03}{part}",
                    f"w{n:03}",
                    currency=currency,
                    rate=None if n % 10 == 0 else rate,
                    amount_due=Decimal(amounts[(n + part) % 5]) * (1 + n % 7),
                    due_on=date(2026, 9, 1) + timedelta(n % 60),
                    issued_on=date(2026, 8, 1),
                )
            )
    invoices += [
        an_invoice(f"h{n}", "w001", amount_due=HUGE, issued_on=date(2026, 8, 1)) for n in range(12)
    ]
    return contacts, invoices


def what_waits(count: int) -> list[Action]:
    """Return letters, holds with their terms and without, tasks and fees, of these customers."""
    actions = []
    for n in range(count):
        about: dict[str, Any] = {
            "contact_id": f"w{n:03}",
            "contact_name": f"Waiting {n}",
            "connection": "books",
        }
        if n % 4:
            actions.append(an_action(ActionKind.CREDIT_HOLD, episode=1, **about))
        if n % 8 == 1:
            actions.append(
                an_action(ActionKind.TERMS, episode=1, details={"terms": "cash"}, **about)
            )
        if n % 8 == 4:
            actions.append(
                an_action(ActionKind.TERMS, episode=2, details={"terms": "cash"}, **about)
            )
        if n % 3 == 1:
            currency = "USD" if n % 5 == 0 else "GBP"
            ref = an_invoice_ref(
                f"v{n:03}0", amount_due=Decimal(20 + n % 6), currency=currency, days_overdue=n % 9
            )
            actions.append(an_action(invoices=(ref,), subject=f"{n}", step="first", **about))
            if n % 2:
                actions.append(an_action(invoices=(ref,), subject=f"{n} b", step="b", **about))
        if n % 11 == 0:
            actions.append(an_action(ActionKind.LATE_FEE, subject=f"{n}", **about))
    return actions


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DeskDriver]:
    """A desk where much waits, of which a third came later."""
    store = "sqlite:///arsync.db"
    if request.param == "postgresql":
        store = request.getfixturevalue("postgresql_schema")
    with a_desk(tmp_path, store=store) as opened:
        (organisation,) = opened.container.contexts()
        contacts, invoices = a_ledger(100)
        ledger = organisation.store.ledger
        ledger.apply(organisation.id, Page(RecordKind.CONTACTS, contacts, "c"), NOW)
        ledger.apply(organisation.id, Page(RecordKind.INVOICES, invoices, "c"), NOW)
        actions = what_waits(100)
        save(organisation, actions[: len(actions) * 2 // 3], NOW)
        save(organisation, actions, LATER)
        yield opened


def save(organisation: OrganisationContext, actions: Sequence[Action], now: datetime) -> None:
    verdict = SafetyVerdict(exceeded=False)
    plan = Plan("books", organisation.today, (), "abc", tuple(actions), (), verdict)
    organisation.store.actions.save_plan(organisation.id, plan, mode="approve", now=now)


def plainly(organisation: OrganisationContext) -> list[PlainDecision]:
    """Return what waits by reading every action and every invoice, most money first."""
    waiting = organisation.store.actions.list(
        organisation.id, states={ActionState.AWAITING_APPROVAL}, rows_max=10_000
    )
    by_place = {
        (row.action.contact_id, row.action.episode, row.action.kind): row for row in waiting
    }
    every = organisation.store.ledger.every(organisation.id, RecordKind.INVOICES)
    invoices = {invoice.id: invoice for invoice in every}
    decisions = []
    for row in waiting:
        kind, contact, episode = row.action.kind, row.action.contact_id, row.action.episode
        if kind in ALONG and (contact, episode, ALONG[kind]) in by_place:
            continue
        followers = [each for each, lead in ALONG.items() if lead is kind]
        along = tuple(
            by_place[contact, episode, each].key
            for each in followers
            if (contact, episode, each) in by_place
        )
        named = [(ref.id, ref.currency, ref.amount_due) for ref in row.action.invoices]
        if kind in ABOUT_ALL:
            named = [
                (invoice.id, invoice.currency, invoice.amount_due)
                for invoice in invoices.values()
                if invoice.contact_id == contact and invoice.status == "open" and invoice.amount_due
            ]
        sums: dict[str, Decimal] = {}
        total: Decimal | None = Decimal(0)
        for id_, currency, amount in named:
            sums[currency] = sums.get(currency, Decimal(0)) + amount
            found = invoices.get(id_)
            rate = Decimal(1) if currency == "GBP" else found.rate if found else None
            total = None if total is None or rate is None else total + amount * rate
        in_books = None if total is None else total.quantize(Decimal("0.01"), ROUND_HALF_UP)
        decisions.append(PlainDecision(row, along, sums, in_books))
    return sorted(
        decisions,
        key=lambda decision: (
            decision.in_books is None,
            -(decision.in_books or 0),
            decision.row.key,
        ),
    )


def sums_of(decisions: Sequence[PlainDecision]) -> dict[str, Decimal]:
    """Return what they are about: each invoice once, and holds where nothing names one."""
    naming = [decision for decision in decisions if decision.row.action.invoices]
    sums: dict[str, Decimal] = {}
    counted: set[str] = set()
    for decision in naming or decisions:
        parts = [(ref.id, ref.currency, ref.amount_due) for ref in decision.row.action.invoices]
        if not naming and decision.row.action.kind in ABOUT_ALL:
            contact = decision.row.action.contact_id
            parts = [(contact, currency, amount) for currency, amount in decision.sums.items()]
        for id_, currency, amount in parts:
            if id_ not in counted:
                sums[currency] = sums.get(currency, Decimal(0)) + amount
        counted.update(id_ for id_, _, _ in parts)
    return sums


Fits = Callable[[PlainDecision], bool]
FILTERS: dict[str, tuple[WaitingFilter, Fits]] = {
    "everything": (WaitingFilter(), lambda _: True),
    "letters": (WaitingFilter(LETTERS), lambda decision: decision.sort == LETTERS),
    "holds": (WaitingFilter(HOLDS), lambda decision: decision.sort == HOLDS),
    "others": (WaitingFilter(OTHERS), lambda decision: decision.sort == OTHERS),
    "up to an amount": (
        WaitingFilter(up_to=Decimal("250.5")),
        lambda decision: decision.in_books is not None and decision.in_books <= Decimal("250.5"),
    ),
    "a group's holds": (
        WaitingFilter(HOLDS, group="VIP"),
        lambda decision: (
            decision.sort == HOLDS and int(decision.row.action.contact_id[1:]) % 3 == 0
            if decision.row.action.contact_id.startswith("w")
            else False
        ),
    ),
    "as it was": (
        WaitingFilter(until=NOW + timedelta(hours=1)),
        lambda decision: decision.row.created_at < LATER,
    ),
    "holds up to an amount as it was": (
        WaitingFilter(HOLDS, Decimal(500), "", NOW + timedelta(hours=1)),
        lambda decision: (
            decision.sort == HOLDS
            and decision.in_books is not None
            and decision.in_books <= 500
            and decision.row.created_at < LATER
        ),
    ),
}


def every_page(organisation: OrganisationContext, wanted: WaitingFilter) -> list[QueuePage]:
    pages = [queue_page(OWNER, organisation, wanted)]
    while pages[-1].after:
        pages.append(queue_page(OWNER, organisation, wanted, pages[-1].after))
    return pages


def test_pages_are_what_a_plain_reading_says(desk: DeskDriver) -> None:
    (organisation,) = desk.container.contexts()
    every = plainly(organisation)
    kinds = {decision.sort for decision in every}
    assert (len(every) > 120, kinds) == (True, {LETTERS, HOLDS, OTHERS})
    assert any(decision.along for decision in every)
    assert any(decision.in_books is None for decision in every)
    for name, (wanted, fits) in FILTERS.items():
        expected = [decision for decision in every if fits(decision)]
        pages = every_page(organisation, wanted)
        shown = [decision for page in pages for decision in page.rows]
        assert expected, name
        assert [
            (decision.key, tuple(row.key for row in decision.along), dict(decision.sums))
            for decision in shown
        ] == [(plain.row.key, plain.along, plain.sums) for plain in expected], name
        assert [decision.in_books for decision in shown] == [
            plain.in_books for plain in expected
        ], name
        befores = [page.before for page in pages]
        assert befores == list(range(0, len(expected), 50)), name
        for page in pages:
            assert page.sums == sums_of(expected), name
            assert (page.in_filter, page.in_all) == (len(expected), len(every)), name


def test_a_page_counts_what_is_new_and_later(desk: DeskDriver) -> None:
    (organisation,) = desk.container.contexts()
    every = plainly(organisation)
    came_later = [decision for decision in every if decision.row.created_at >= LATER]
    as_it_was = queue_page(OWNER, organisation, WaitingFilter(until=NOW + timedelta(hours=1)))
    assert as_it_was.later == len(came_later) > 20
    assert as_it_was.kinds == {
        sort: sum(decision.sort == sort for decision in every) for sort in (LETTERS, HOLDS, OTHERS)
    }


def test_terms_are_shown_with_their_hold(desk: DeskDriver) -> None:
    (organisation,) = desk.container.contexts()
    decision = next(decision for decision in plainly(organisation) if decision.along)
    shown = shown_decision(OWNER, organisation, decision.along[0]).decision
    assert shown is not None
    assert (shown.key, shown.in_books) == (decision.row.key, decision.in_books)


def test_today_shows_the_first_and_counts_all(desk: DeskDriver) -> None:
    (organisation,) = desk.container.contexts()
    shown, every = today(OWNER, organisation), plainly(organisation)
    letters = [decision for decision in every if decision.sort == LETTERS]
    holds = [decision for decision in every if decision.sort == HOLDS]
    about = shown.letters_about
    assert [letter.key for letter in shown.letters.shown] == [
        letter.row.key for letter in letters[:50]
    ]
    assert (shown.letters.in_all, shown.holds.in_all) == (len(letters), len(holds))
    assert about.customers == len({letter.row.action.contact_id for letter in letters})
    assert about.invoices == len({ref.id for each in letters for ref in each.row.action.invoices})
    assert (about.sums, about.folded_sums) == (sums_of(letters), sums_of(letters[4:]))
    assert [hold.key for hold in shown.holds.shown] == [hold.row.key for hold in holds[:2]]
