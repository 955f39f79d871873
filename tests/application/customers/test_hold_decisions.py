"""`hold` and `release`: recorded for the debtor, carried out by the next run, ended, forgotten."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.builders.books import TODAY, Books

from arsync.application.connections import connecting
from arsync.application.customers import customer_data
from arsync.application.customers.hold_customer import hold_customer
from arsync.application.customers.release_customer import release_customer
from arsync.application.decisions.why import why
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.overview.status import status
from arsync.application.permissions import Actor, Role
from arsync.application.runs import pulling, runs
from arsync.application.runs.undoing import undo, undo_plan
from arsync.core.actions import ActionKind
from arsync.errors import UserMistake

OWNER = Actor("Olga", Role.OWNER)
HOLD, LIFT = ActionKind.CREDIT_HOLD, ActionKind.LIFT_CREDIT_HOLD
"""The rulebook holds who is more than 10 % over 5,000, with cash terms."""


def now(container: Container) -> OrganisationContext:
    (organisation,) = connecting.connections(OWNER, container)
    return organisation


@pytest.fixture
def ledger(container: Container, books: Books) -> Container:
    """The first customer owes 100, the second 9,000."""
    for number, amount in ((1, "100"), (2, "9000")):
        books.add_invoice(books.add_contact(number), number, overdue=-5, amount=amount)
    pulling.pull_ledger(OWNER, now(container))
    connecting.set_mode(OWNER, now(container), "auto")
    return container


def done(books: Books, contact_id: str) -> list[ActionKind]:
    """Return what was done about a customer's hold at the platform."""
    effects = [done for done in books.done if done.write.action.contact_id == contact_id]
    return [effect.kind for effect in effects if effect.kind in {HOLD, LIFT}]


def test_the_next_run_places_a_hold_by_hand(ledger: Container, books: Books) -> None:
    until = TODAY + timedelta(3)
    decided = hold_customer(OWNER, ledger, "Customer 1", reason="bounced", until=until)
    words = "by hand until 2026-11-23 (Olga: bounced)"
    assert decided.message.startswith(f"Customer 1 is to be held {words}; the next run writes it")
    runs.sync(OWNER, now(ledger))
    assert done(books, "c1") == [HOLD]
    assert status(OWNER, now(ledger)).holds_by_hand == (f"Customer 1 is held {words}",)
    lines = [line.text for line in why(OWNER, now(ledger), "Customer 1").lines]
    assert f"by hand: yes, held {words}" in lines
    runs.sync(OWNER, now(ledger))
    assert done(books, "c1") == [HOLD]


def test_a_release_ends_a_hold_by_hand(ledger: Container, books: Books) -> None:
    hold_customer(OWNER, ledger, "Customer 1", reason="bounced")
    runs.sync(OWNER, now(ledger))
    release_customer(OWNER, ledger, "Customer 1", reason="paid cash")
    runs.sync(OWNER, now(ledger))
    assert done(books, "c1") == [HOLD, LIFT]
    runs.sync(OWNER, now(ledger))
    # Nothing asks for a hold: the release is over, and the next reason counts.
    release, hold = now(ledger).store.holds.of(now(ledger).id, ["c1"])
    assert (hold.ended_by, release.ended_why) == ("Olga", "no rule asks for a hold any more")


def test_a_release_keeps_a_rules_hold_away(ledger: Container, books: Books) -> None:
    runs.sync(OWNER, now(ledger))
    assert done(books, "c2") == [HOLD]
    release_customer(OWNER, ledger, "Customer 2", reason="agreed with the director")
    for _ in range(3):
        runs.sync(OWNER, now(ledger))
    assert done(books, "c2") == [HOLD, LIFT]
    assert now(ledger).store.holds.standing(now(ledger).id, TODAY)


def test_it_is_said_where_no_hold_is_lifted(ledger: Container) -> None:
    until = TODAY + timedelta(3)
    free = release_customer(OWNER, ledger, "Customer 1", reason="a friend", until=until)
    assert free.message == (
        "Customer 1 is not on hold, and stays so until after 2026-11-23, whatever the rules say"
        " (Olga: a friend)."
    )
    runs.sync(OWNER, now(ledger))
    held = hold_customer(OWNER, ledger, "Customer 2", reason="bounced")
    assert held.message == (
        "Customer 2 is on hold already, and stays so by hand (Olga: bounced), whatever the rules"
        " say."
    )


def test_undoing_a_hold_by_hand_ends_it(ledger: Container, books: Books) -> None:
    hold_customer(OWNER, ledger, "Customer 1", reason="bounced")
    runs.sync(OWNER, now(ledger))
    rows = now(ledger).store.actions.list(now(ledger).id, kinds={HOLD})
    (row,) = (row for row in rows if row.action.contact_id == "c1")
    undo(OWNER, undo_plan(OWNER, ledger, [row.key]))
    assert now(ledger).store.holds.standing(now(ledger).id, TODAY) == []
    runs.sync(OWNER, now(ledger))
    assert done(books, "c1") == [HOLD]


def test_what_cannot_be_decided_is_refused(ledger: Container) -> None:
    for reason, until, words in (
        (" ", None, "needs a reason"),
        ("x", TODAY - timedelta(1), "is past"),
    ):
        with pytest.raises(UserMistake, match=words):
            hold_customer(OWNER, ledger, "Customer 1", reason=reason, until=until)
    with pytest.raises(UserMistake, match="may not put customers on hold"):
        hold_customer(Actor("Ann", Role.ACCOUNTANT), ledger, "Customer 1", reason="x")


def test_a_rebuild_keeps_and_forgetting_silences(ledger: Container, books: Books) -> None:
    hold_customer(OWNER, ledger, "Customer 1", reason="bounced")
    pulling.rebuild_ledger(OWNER, now(ledger))
    assert len(now(ledger).store.holds.standing(now(ledger).id, TODAY)) == 1
    exported = customer_data.export_contact(OWNER, ledger, "Customer 1")
    assert [row["reason"] for row in exported["hold_decisions"]] == ["bounced"]
    books.pay(books.invoices["i1"])
    pulling.pull_ledger(OWNER, now(ledger))
    customer_data.forget_contact(OWNER, ledger, "Customer 1")
    (row,) = now(ledger).store.holds.of(now(ledger).id, ["c1"])
    assert (row.reason, row.decided_by) == ("", "Olga")
