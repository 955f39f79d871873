"""One customer's timeline: everything once, in order, bounded, and honest about what is missing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from tests.application.conftest import container, rules_source
from tests.builders.books import TODAY, Books
from tests.builders.records import a_payment

from arsync.application.agreements.disputes import DisputeWords, open_dispute
from arsync.application.agreements.promises import PromiseToPay, promise
from arsync.application.connections import connecting
from arsync.application.customers.contact_log import LogEntry, log
from arsync.application.customers.hold_customer import hold_customer
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Role
from arsync.application.runs import pulling, runs
from arsync.application.tasks.tasks import CallReport, complete_task
from arsync.application.timeline.customer_timeline import EVENTS_SHOWN_MAX, Timeline, timeline
from arsync.application.timeline.sources import SOURCES
from arsync.connector_sdk import PlatformNote
from arsync.core.actions import ActionKind
from arsync.core.ledger.records import (
    Allocation,
    Instalment,
    LogKind,
    PaymentPlan,
    PlacedDebt,
    Placement,
)
from arsync.errors import NeedsReconnect

__all__ = ["container", "rules_source"]

OWNER = Actor("Olga", Role.OWNER)


def now(container: Container) -> OrganisationContext:
    (organisation,) = connecting.connections(OWNER, container)
    return organisation


@pytest.fixture
def books() -> Books:
    return Books()


@pytest.fixture
def ledger(container: Container, books: Books) -> Container:
    """One customer, 5 days late with 100 and with 50 that it has paid since; another owes too."""
    contact = books.add_contact(1)
    books.add_invoice(contact, 1, overdue=5)
    paid = books.add_invoice(contact, 2, overdue=20, amount="50")
    books.add_invoice(books.add_contact(2), 3, overdue=5)
    books.pay(paid)
    matched = (Allocation(paid.id, Decimal(50), TODAY),)
    books.payments["p1"] = a_payment(amount=50, allocations=matched, paid_on=TODAY)
    pulling.pull_ledger(OWNER, now(container))
    connecting.set_mode(OWNER, now(container), "auto")
    runs.sync(OWNER, now(container))
    return container


def of(container: Container, *, everything: bool = False) -> Timeline:
    return timeline(OWNER, container, "Customer 1", everything=everything)


def told(container: Container) -> list[tuple[str, str]]:
    return [(event.kind, event.text) for event in of(container).events]


def test_everything_stands_in_order_newest_last(ledger: Container) -> None:
    log(OWNER, ledger, "Customer 1", LogEntry("rang", LogKind.CALL, TODAY - timedelta(9), "INV-1"))
    promise(OWNER, ledger, ["INV-1"], PromiseToPay(TODAY + timedelta(3), Decimal(40)))
    open_dispute(OWNER, ledger, "INV-1", DisputeWords(reason="two short"))
    hold_customer(OWNER, ledger, "Customer 1", reason="bounced")
    events = of(ledger).events
    assert [event.on for event in events] == sorted(event.on for event in events)
    kinds = [event.kind for event in events]
    assert kinds[:3] == ["invoice", "invoice", "call"]
    assert set(kinds) >= {"payment", "reminder", "promise", "dispute", "hold by hand"}
    assert ("payment", "GBP 50.00 received for INV-2") in told(ledger)
    assert ("call", "1: rang (INV-1)") in told(ledger)
    (reminder,) = (event for event in events if event.kind == "reminder")
    assert reminder.text.startswith(
        "Invoice email by Books (first reminder) about INV-1 GBP 100.00: confirmed ("
    )
    assert reminder.key
    assert not any("INV-3" in event.text for event in events)


def test_notes_of_people_are_read_and_ours_told_once(ledger: Container, books: Books) -> None:
    at = datetime(2026, 11, 1, 12, tzinfo=UTC)
    (reminder,) = (event for event in of(ledger).events if event.kind == "reminder")
    log(OWNER, ledger, "Customer 1", LogEntry("rang"))
    (note,) = ledger.store.actions.list(now(ledger).id, kinds={ActionKind.NOTE})
    books.notes = [
        PlatformNote("Note: rang", at, "arsync", "", note.key[:16]),
        PlatformNote("Jane is back in May.", at, "Bob", "", ""),
        PlatformNote("First reminder sent.", at, "arsync", "i1", reminder.key[:16]),
        PlatformNote("An older reminder.", at, "arsync", "i1", "0" * 16),
    ]
    notes = [text for kind, text in told(ledger) if kind == "note in Books"]
    assert notes == ["Jane is back in May.", "INV-1: An older reminder."]
    assert of(ledger).remarks == ("the notes in Books on 1 older invoice were not read.",)


def test_notes_that_cannot_be_read_are_named(ledger: Container, books: Books) -> None:
    def refuse(name: str) -> None:
        if name == "notes":
            raise NeedsReconnect("not authorised")

    books.before_call = refuse
    assert of(ledger).remarks == ("the notes in Books could not be read: not authorised",)
    assert of(ledger).events


def test_runs_read_no_notes(ledger: Container, books: Books) -> None:
    runs.sync(OWNER, now(ledger))
    assert "notes" not in books.calls


def test_what_is_older_is_counted_and_shown_when_asked(ledger: Container) -> None:
    before = len(of(ledger).events)
    for number in range(EVENTS_SHOWN_MAX):
        log(OWNER, ledger, "Customer 1", LogEntry(f"call {number}", LogKind.CALL))
    short = of(ledger)
    assert (len(short.events), short.left_out) == (EVENTS_SHOWN_MAX, before)
    assert short.events[-1].text.endswith(f"call {EVENTS_SHOWN_MAX - 1}")
    assert len(of(ledger, everything=True).events) == before + EVENTS_SHOWN_MAX


def test_a_past_day_shows_what_had_happened_by_then(ledger: Container) -> None:
    early = timeline(OWNER, ledger, "Customer 1", as_of=TODAY - timedelta(30))
    assert [event.text for event in early.events if "INV-2" in event.text] != []
    assert all(event.on <= TODAY - timedelta(30) for event in early.events)


def test_each_source_says_what_it_tells_of() -> None:
    names = [source.name for source in SOURCES]
    assert len(set(names)) == len(names)


def test_plans_and_placements_stand_with_their_ends(ledger: Container) -> None:
    store, id_ = ledger.store, now(ledger).id
    instalments = tuple(Instalment(TODAY + timedelta(day), Decimal(50)) for day in (30, 60))
    plan = PaymentPlan(0, "c1", ("i1",), "GBP", TODAY, "Ann", instalments)
    numbered = store.payment_plans.record(id_, plan, note="by telephone")
    store.payment_plans.cancel(id_, numbered.id, cancelled_on=TODAY, who="Bob")
    debt = PlacedDebt("i1", Decimal(100), "GBP")
    placement = Placement("k" * 32, "Example Collections", TODAY, (debt,))
    store.placements.place(id_, "c1", placement, who="Ann")
    days = f"from {instalments[0].due_on} to {instalments[1].due_on}"
    assert [line for line in told(ledger) if line[0] in {"payment plan", "placement"}] == [
        ("payment plan", f"1: GBP 100.00 for INV-1 in 2 parts {days}: by telephone"),
        ("placement", "INV-1 placed with Example Collections"),
        ("payment plan", "1: ended"),
    ]


@pytest.mark.parametrize(
    ("outcome", "told"), [("spoke", "Look: spoke"), ("spoke: is ill", "Look: spoke: is ill")]
)
def test_what_came_of_a_call_stands_once(ledger: Container, outcome: str, told: str) -> None:
    rulebook = now(ledger).config.rules_folder / "standard.yaml"
    follow_up = "{name: Look, when: {overdue_amount: {at_least: 1}}, task: Look}"
    rulebook.write_text(f"{rulebook.read_text()}follow_ups: [{follow_up}]\n")
    runs.sync(OWNER, now(ledger))
    (opened, *_) = now(ledger).store.actions.list(kinds={ActionKind.TASK})
    complete_task(OWNER, ledger, opened.key, CallReport(outcome))

    shown = timeline(OWNER, ledger, opened.action.contact_name)

    assert [event.text for event in shown.events if event.kind == "task done"] == [told]
