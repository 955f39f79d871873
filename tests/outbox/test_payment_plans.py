"""Payment plans in runs: agreed, kept in silence, broken, ended, undone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest
from tests.builders.books import RULES, TODAY, Books, BooksWorld
from tests.builders.records import a_payment

from arsync.core.actions import ActionKind, PaymentPlanPayload, payload_of
from arsync.core.ledger.records import Allocation, RecordKind
from arsync.errors import UserMistake
from arsync.store.models import Mode

DAYS = tuple(TODAY + timedelta(days) for days in (10, 40, 71))
"""Monday 30 November, Wednesday 30 December, Saturday 30 January."""
PLAN = ActionKind.PAYMENT_PLAN


def agreed(world: BooksWorld, amount: str = "400") -> None:
    """Owe 1,200 for five days, and agree three instalments before anything is sent."""
    world.books.add_invoice(world.books.add_contact(1), 1, amount="1200")
    world.app.pull(world.name)
    world.app.agree("INV-1", on=dict.fromkeys(DAYS, amount), who="Jane")


def pay(books: Books, amount: str, on: date) -> None:
    invoice = books.invoices["i1"]
    books.invoices["i1"] = invoice._replace(amount_due=invoice.amount_due - Decimal(amount))
    books.payments[f"p{on}"] = a_payment(
        f"p{on}",
        "c1",
        paid_on=on,
        rate=1,
        amount=amount,
        unallocated="0",
        allocations=(Allocation("i1", Decimal(amount), on),),
    )


def until(world: BooksWorld, day: date) -> None:
    """Let a run go every other day up to a day."""
    while (now := world.clock.now().date()) < day:
        world.advance(days=min(2, (day - now).days))
        world.sync()


def test_three_instalments_are_judged_one_by_one(world: BooksWorld) -> None:
    agreed(world)
    world.sync()
    pay(world.books, "400", DAYS[0])

    # Wednesday 30 December, then New Year: in time until Monday 4 January without holidays.
    until(world, date(2027, 1, 4))
    assert world.books.emails == []

    until(world, date(2027, 1, 5))
    assert len(world.books.emails) == 1


def test_a_plan_is_noted_once_with_its_schedule(world: BooksWorld) -> None:
    agreed(world)

    world.sync()
    world.sync()

    [done] = [done for done in world.books.done if done.kind is PLAN]
    payload = payload_of(done.write.action, PaymentPlanPayload)
    assert payload.next_on == DAYS[0]
    assert [line.amount for line in payload.instalments] == [400, 400, 400]
    assert done.write.text.startswith(
        f"Payment plan agreed: GBP 400.00 on {DAYS[0]}, GBP 400.00 on {DAYS[1]}, GBP 400.00 on"
    )


def test_the_next_instalment_is_noted_once(world: BooksWorld) -> None:
    agreed(world)
    world.sync()
    pay(world.books, "400", TODAY)

    until(world, TODAY + timedelta(4))

    first, second = (done.write for done in world.books.done if done.kind is PLAN)
    assert payload_of(second.action, PaymentPlanPayload).next_on == DAYS[1]
    assert second.text.startswith(
        "Payment plan kept so far: instalment 2 of 3, GBP 400.00, is due on 2026-12-30."
    )
    world.app.undo(world.app.undo_plan([second.key]), who="Jane")
    [plan] = world.store.payment_plans.recorded(world.connection.id)
    assert plan.cancelled_on is None
    assert first.key != second.key


def test_an_undone_plan_is_no_plan_any_more(world: BooksWorld) -> None:
    agreed(world)
    world.sync()

    world.app.undo(world.app.undo_plan([world.the_row(PLAN).key]), who="Jane")
    world.advance(days=1)
    world.sync()

    [plan] = world.store.payment_plans.recorded(world.connection.id)
    assert plan.cancelled_on == TODAY
    assert len(world.books.emails) == 1


def test_an_ended_plan_is_noted_and_chased(world: BooksWorld) -> None:
    agreed(world)
    world.sync()

    ended = world.app.end_plan("INV-1", who="Jane")
    world.sync()

    assert ended.message.startswith("Payment plan of 2026-11-20 with Customer 1 ended.")
    notes = [done.write.text for done in world.books.done if done.kind is PLAN]
    assert notes[1] == "Payment plan of 2026-11-20 ended by Jane."
    assert len(world.books.emails) == 1
    with pytest.raises(UserMistake, match="has no payment plan"):
        world.app.end_plan("INV-1")


def test_observing_notes_nothing(books: Books, make_world: Callable[..., BooksWorld]) -> None:
    world = make_world(books, mode=Mode.OBSERVE)
    agreed(world)

    world.sync()

    assert world.books.keys(PLAN) == []
    assert len(world.store.payment_plans.recorded(world.connection.id)) == 1


def test_a_rebuilt_copy_keeps_plans(world: BooksWorld) -> None:
    agreed(world)

    world.store.ledger.records(world.connection.id, RecordKind.INVOICES, ["i1"])
    world.app.rebuild(world.name)

    [held] = world.app.plan(world.name)[0].held_back
    assert held.why == "payment plan kept: GBP 400.00 due on 2026-11-30"


def test_plans_are_listed_with_what_came_of_them(world: BooksWorld) -> None:
    agreed(world)
    pay(world.books, "500", DAYS[0])
    world.advance(days=11)
    world.sync()

    [listed] = world.app.payment_plans()

    assert (listed.customer, listed.numbers) == ("Customer 1", ("INV-1",))
    assert (listed.judged.state.value, listed.judged.outstanding) == ("kept", Decimal(700))
    following = listed.judged.following
    assert following is not None
    assert (following.due_on, following.outstanding) == (DAYS[1], Decimal(300))


def test_an_agreement_is_mailed_with_its_schedule(world: BooksWorld) -> None:
    world.rules(RULES + "payment_plans: {confirm: yes, announce: 3 days before}\n")
    agreed(world)

    world.sync()
    until(world, DAYS[0])

    messages = [outgoing.message for _, outgoing in world.books.mails]
    files = [[part.get_filename() for part in message.iter_attachments()] for message in messages]
    assert files == [["payment plan agreed 2026-11-20.pdf"], []]
    letters = [done.write.text for done in world.books.done if done.kind is ActionKind.REMINDER]
    assert letters[0].startswith("Payment plan agreed sent by email: GBP 1,200.00 in 3 instalments")
    assert letters[1].startswith("Instalment due sent by email: instalment 1 of 3, GBP 400.00")
    world.sync()
    assert len(world.books.mails) == 2
