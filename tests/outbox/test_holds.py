"""Holds and terms can be undone to what was there, whatever comes between."""

from __future__ import annotations

from collections.abc import Callable

from tests.builders.books import Books, BooksWorld

from arsync.application.decisions.choosing import decisions
from arsync.core.actions import ActionKind, ActionState
from arsync.core.ledger.records import ContactStatus
from arsync.errors import Rejected, RetryLater

HOLD, LIFT = ActionKind.CREDIT_HOLD, ActionKind.LIFT_CREDIT_HOLD
TERMS, RESTORE = ActionKind.TERMS, ActionKind.RESTORE_TERMS


def over_the_limit(world: BooksWorld) -> None:
    """Bring one customer over the limit, and on hold."""
    world.books.add_invoice(world.books.add_contact(1), 1, overdue=-60, amount="6000")
    world.sync()
    assert len(world.books.keys(HOLD)) == len(world.books.keys(TERMS)) == 1


def fail_at(world: BooksWorld, number: int, error: Exception) -> None:
    """Let the given one of the coming writes fail before its effect."""
    writes = 0

    def call(name: str) -> None:
        nonlocal writes
        writes += name == "perform"
        if name == "perform" and writes == number:
            raise error

    world.books.before_call = call


def test_a_hold_stays_while_what_is_owed_is_unknown(world: BooksWorld) -> None:
    over_the_limit(world)
    (contact,) = world.books.contacts.values()
    world.books.pay(world.books.invoices["i1"])
    foreign = world.books.add_invoice(contact, 2, overdue=-5)
    world.books.invoices[foreign.id] = foreign._replace(currency="USD", rate=None)
    world.advance(days=1)
    world.sync()
    assert world.books.keys(LIFT) == world.books.keys(RESTORE) == []
    assert any(
        "the credit hold stays" in held.why for held in world.app.plan(world.name)[0].held_back
    )
    world.books.invoices[foreign.id] = foreign
    world.advance(days=1)
    world.sync()
    assert len(world.books.keys(LIFT)) == len(world.books.keys(RESTORE)) == 1


def test_an_approval_outlives_a_figure_that_is_unknown_meanwhile(
    books: Books, make_world: Callable[..., BooksWorld]
) -> None:
    world = make_world(books, mode="approve")
    contact = books.add_contact(1)
    books.add_invoice(contact, 1, overdue=-60, amount="6000")
    world.sync()
    key = world.the_row(HOLD).key
    foreign = books.add_invoice(contact, 2, overdue=-5)
    books.invoices[foreign.id] = foreign._replace(currency="USD", rate=None)
    world.sync()
    assert (world.the_row(HOLD).key, world.the_row(HOLD).state) == (
        key,
        ActionState.AWAITING_APPROVAL,
    )
    world.app.approve([key], who="Jane")
    world.sync()
    assert world.the_row(HOLD).state is ActionState.APPROVED
    assert "nor certainly gone" in world.the_row(HOLD).reason
    assert books.keys(HOLD) == []
    books.invoices[foreign.id] = foreign
    world.advance(days=1)
    world.sync()
    assert books.keys(HOLD) == [key]


def test_a_hold_and_its_terms_are_one_decision(
    books: Books, make_world: Callable[..., BooksWorld]
) -> None:
    world = make_world(books, mode="approve")
    invoice = books.add_invoice(books.add_contact(1), 1, overdue=-60, amount="6000")
    world.sync()
    (decision,) = decisions(world.app.waiting())
    assert decision.listed.row.action.kind is HOLD
    assert [along.row.action.kind for along in decision.along] == [TERMS]
    world.app.approve([world.the_row(HOLD).key], who="Jane")
    assert {row.state for row in world.rows()} == {ActionState.APPROVED}
    world.sync()
    books.pay(invoice)
    world.advance(days=1)
    world.sync()
    world.app.reject([world.the_row(RESTORE).key], why="not yet", who="Jane")
    assert world.the_row(LIFT).state is world.the_row(RESTORE).state is ActionState.REJECTED
    world.app.take_back([world.the_row(LIFT).key], why="now", who="Jane")
    world.sync()
    world.app.approve([world.the_row(LIFT).key], who="Jane")
    world.sync()
    assert len(books.keys(LIFT)) == len(books.keys(RESTORE)) == 1


def test_terms_are_restored_although_the_lifting_run_stopped(world: BooksWorld) -> None:
    over_the_limit(world)
    world.books.pay(world.books.invoices["i1"])
    fail_at(world, 2, RetryLater("busy", after_seconds=60))
    world.advance(days=1)
    world.sync()
    assert len(world.books.keys(LIFT)) == 1
    assert world.books.keys(RESTORE) == []
    for _ in range(3):
        world.advance(days=1)
        world.sync()
    assert len(world.books.keys(LIFT)) == len(world.books.keys(RESTORE)) == 1


def test_terms_go_back_when_the_hold_itself_never_came(
    books: Books, make_world: Callable[..., BooksWorld]
) -> None:
    world = make_world(books, mode="approve")
    books.add_invoice(books.add_contact(1), 1, overdue=-60, amount="6000")
    world.sync()
    world.app.approve([world.the_row(TERMS).key], who="Jane")
    fail_at(world, 1, Rejected("the contact cannot be changed"))
    world.sync()
    assert len(books.keys(TERMS)) == 1
    assert books.keys(HOLD) == []
    world.books.before_call = lambda _: None
    books.pay(books.invoices["i1"])
    world.advance(days=1)
    world.sync()
    world.app.approve([world.the_row(RESTORE).key], who="Jane")
    world.sync()
    assert len(books.keys(RESTORE)) == 1
    assert books.keys(LIFT) == []


def test_an_immediate_second_hold_keeps_the_original_terms(
    world: BooksWorld,
) -> None:
    over_the_limit(world)
    (contact,) = world.books.contacts.values()
    world.books.pay(world.books.invoices["i1"])
    fail_at(world, 2, RetryLater("busy", after_seconds=60))
    world.advance(days=1)
    world.sync()
    world.books.add_invoice(contact, 2, overdue=-60, amount="7000")
    world.advance(days=1)
    world.sync()
    # They are cash on delivery already: nothing is saved over what was there before.
    assert len(world.books.keys(HOLD)) == 2
    assert len(world.books.keys(TERMS)) == 1
    assert world.books.keys(RESTORE) == []
    world.books.pay(world.books.invoices["i2"])
    world.advance(days=1)
    world.sync()
    world.advance(days=1)
    world.sync()
    assert len(world.books.keys(LIFT)) == 2
    assert len(world.books.keys(RESTORE)) == 1


def test_a_refused_lifting_is_reported_with_every_plan(world: BooksWorld) -> None:
    over_the_limit(world)
    world.books.pay(world.books.invoices["i1"])
    fail_at(world, 1, Rejected("the contact cannot be changed"))
    world.advance(days=1)
    world.sync()
    assert world.the_row(LIFT).state is ActionState.REJECTED
    (plan,) = world.app.plan(world.name)
    assert any("the credit hold is still in place" in held.why for held in plan.held_back)


def test_a_hold_refused_by_a_person_stays_reported(
    books: Books, make_world: Callable[..., BooksWorld]
) -> None:
    world = make_world(books, mode="approve")
    books.add_invoice(books.add_contact(1), 1, overdue=-60, amount="6000")
    world.sync()
    world.app.reject([world.the_row(HOLD).key], why="they always pay", who="Jane")
    (plan,) = world.app.plan(world.name)
    assert any("the credit hold was refused" in held.why for held in plan.held_back)


def test_a_refused_hold_returns_only_for_a_later_debt(
    books: Books, make_world: Callable[..., BooksWorld]
) -> None:
    world = make_world(books, mode="approve")
    contact = books.add_contact(1)
    first = books.add_invoice(contact, 1, overdue=-60, amount="6000")
    world.sync()
    key = world.the_row(HOLD).key
    world.app.reject([key], why="they always pay", who="Jane")
    world.sync()
    assert world.the_row(HOLD).state is ActionState.REJECTED, "while its reason stands"
    books.pay(first)
    world.advance(days=1)
    world.sync()
    assert world.the_row(HOLD).state is ActionState.WITHDRAWN
    assert "its reason has gone since" in world.the_row(HOLD).reason
    books.add_invoice(contact, 2, overdue=-60, amount="6000")
    world.sync()
    assert (world.the_row(HOLD).key, world.the_row(HOLD).state) == (
        key,
        ActionState.AWAITING_APPROVAL,
    )


def test_a_hold_is_placed_when_its_refusal_is_withdrawn(
    books: Books, make_world: Callable[..., BooksWorld]
) -> None:
    world = make_world(books, mode="approve")
    books.add_invoice(books.add_contact(1), 1, overdue=-60, amount="6000")
    world.sync()
    key = world.the_row(HOLD).key
    world.app.reject([key], why="they always pay", who="Jane")
    world.sync()
    world.app.take_back([key], why="they do not", who="Jane")
    world.sync()
    world.app.approve([key], who="Jane")
    world.sync()
    assert world.books.keys(HOLD) == [key]
    (plan,) = world.app.plan(world.name)
    assert not any("was refused" in held.why for held in plan.held_back)


def test_a_hold_is_lifted_where_it_was_placed(
    world: BooksWorld,
) -> None:
    over_the_limit(world)
    parent = world.books.add_contact(2)
    world.books.contacts["c1"] = world.books.contacts["c1"]._replace(parent_id=parent.id)
    world.advance(days=1)
    world.sync()
    # The parent answers for its children's debts now.
    assert [done.write.action.contact_id for done in world.books.done if done.kind is HOLD] == [
        "c1",
        "c2",
    ]
    world.books.pay(world.books.invoices["i1"])
    for _ in range(3):
        world.advance(days=1)
        world.sync()
    lifted = [done.write.action.contact_id for done in world.books.done if done.kind is LIFT]
    restored = [done.write.action.contact_id for done in world.books.done if done.kind is RESTORE]
    assert sorted(lifted) == sorted(restored) == ["c1", "c2"]
    world.books.assert_nothing_twice()


def test_a_merged_contacts_hold_is_judged_by_its_successor(world: BooksWorld) -> None:
    over_the_limit(world)
    heir = world.books.add_contact(2)
    world.books.contacts["c1"] = world.books.contacts["c1"]._replace(
        status=ContactStatus.MERGED, merged_into=heir.id
    )
    world.books.invoices["i1"] = world.books.invoices["i1"]._replace(contact_id=heir.id)
    world.advance(days=1)
    world.sync()
    assert [done.write.action.contact_id for done in world.books.done if done.kind is HOLD] == [
        "c1",
        "c2",
    ]
