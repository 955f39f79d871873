"""From plan to platform: once, for a reason that still stands, and read back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from tests.builders.books import NOW, RULES, TODAY, Books, BooksWorld, Fault

from arsync.core.actions import ActionKind, ActionState
from arsync.core.ledger.records import ContactStatus, DocumentProblem, DocumentStatus
from arsync.errors import NeedsReconnect, OutcomeUnknown, Rejected, RetryLater
from arsync.store.models import ConnectionState

REMINDER = ActionKind.REMINDER


def test_a_due_reminder_is_sent_once_and_read_back(world: BooksWorld) -> None:
    world.books.add_invoice(world.books.add_contact(1), 1)
    result = world.sync()
    assert not result.all_problems
    assert result.exit_code == 0
    (email,) = world.books.emails
    assert email.action.invoices[0].number == "INV-1"
    assert "as step first reminder" in email.text
    row = world.the_row(REMINDER)
    assert row.state is ActionState.CONFIRMED
    assert [event.to_state.value for event in world.store.actions.events(row.key)] == [
        "planned",
        "approved",
        "sending",
        "sent",
        "confirmed",
    ]


def test_however_often_the_job_runs_nothing_happens_twice(world: BooksWorld) -> None:
    contact = world.books.add_contact(1)
    for number in range(1, 3):
        world.books.add_invoice(contact, number, amount="4000")
    for _ in range(6):
        world.sync()
        world.advance(minutes=15)
        world.restart()
    assert len(world.books.keys(REMINDER)) == 2
    assert len(world.books.keys(ActionKind.CREDIT_HOLD)) == 1
    assert len(world.books.keys(ActionKind.TERMS)) == 1
    world.books.assert_nothing_twice()


def test_the_prior_state_is_saved_before_any_attempt(
    world: BooksWorld,
) -> None:
    world.books.add_invoice(world.books.add_contact(1), 1)
    world.books.faults.append(Fault("perform", OutcomeUnknown("lost")))
    world.sync()
    row = world.the_row(REMINDER)
    assert row.before["saved.groups"] == "none"
    world.sync()
    (done,) = world.books.done
    assert done.generation == 2
    assert "started_at" in done.write.before
    assert not any(name.startswith("arsync.") for name in done.write.before)
    assert world.books.calls.count("prepare") == 1


def test_the_first_attempt_says_that_there_was_none_before(world: BooksWorld) -> None:
    world.books.add_invoice(world.books.add_contact(1), 1)
    world.books.faults.append(Fault("perform", RetryLater("busy", after_seconds=60)))
    world.sync()
    world.advance(minutes=5)
    world.sync()
    (done,) = world.books.done
    assert done.generation == 1
    assert "started_at" not in done.write.before


def paid(books: Books) -> None:
    books.pay(books.invoices["i1"])


def voided(books: Books) -> None:
    books.invoices["i1"] = books.invoices["i1"]._replace(
        status=DocumentStatus.VOIDED, amount_due=Decimal(0)
    )


def deleted(books: Books) -> None:
    del books.invoices["i1"]


def moved_to_next_week(books: Books) -> None:
    books.invoices["i1"] = books.invoices["i1"]._replace(due_on=TODAY + timedelta(days=7))


def archived(books: Books) -> None:
    books.contacts["c1"] = books.contacts["c1"]._replace(status=ContactStatus.ARCHIVED)


def without_address(books: Books) -> None:
    books.contacts["c1"] = books.contacts["c1"]._replace(email="")


@pytest.mark.parametrize(
    ("happens", "why"),
    [
        (paid, "INV-1 is paid"),
        (voided, "INV-1 was voided"),
        (deleted, "INV-1"),
        (moved_to_next_week, "no longer requires it"),
        (archived, "the contact is archived"),
        (without_address, "no email address"),
    ],
)
def test_a_debt_settled_before_sending_is_not_chased(
    world: BooksWorld, happens: Callable[[Books], None], why: str
) -> None:
    world.books.add_invoice(world.books.add_contact(1), 1)
    world.app.pull(world.name)
    (planned,) = world.app.prepare(world.name)
    assert planned.saved is not None
    assert planned.saved.new == 1
    happens(world.books)
    (result,) = world.app.apply(world.name)
    assert world.books.done == []
    row = world.the_row(REMINDER)
    assert row.state is ActionState.WITHDRAWN
    assert why in row.reason
    assert not result.all_problems


def test_a_promise_made_a_minute_ago_stops_the_reminder(world: BooksWorld) -> None:
    world.books.add_invoice(world.books.add_contact(1), 1)
    world.app.pull(world.name)
    world.app.prepare(world.name)
    world.advance(minutes=1)
    world.app.promise("INV-1", TODAY + timedelta(days=3), who="Jane")
    world.app.apply(world.name)
    assert world.books.keys(REMINDER) == []
    assert "promise_to_pay open until 2026-11-23" in world.the_row(REMINDER).reason
    assert len(world.books.keys(ActionKind.PROMISE)) == 1


def test_unapplied_cash_from_the_last_pull_stops_the_reminder(world: BooksWorld) -> None:
    contact = world.books.add_contact(1)
    world.books.add_invoice(contact, 1)
    world.app.pull(world.name)
    world.app.prepare(world.name)
    world.books.credit(contact, "100")
    world.app.pull(world.name)
    world.app.apply(world.name)
    assert world.books.done == []
    assert "unapplied cash" in world.the_row(REMINDER).reason


def test_a_part_payment_changes_what_the_reminder_says(world: BooksWorld) -> None:
    invoice = world.books.add_invoice(world.books.add_contact(1), 1)
    world.app.pull(world.name)
    world.app.prepare(world.name)
    world.books.invoices["i1"] = invoice._replace(amount_due=Decimal("40.50"))
    world.app.apply(world.name)
    (email,) = world.books.emails
    assert "GBP 40.50" in email.text


def test_a_hold_without_its_reason_is_not_placed(world: BooksWorld) -> None:
    contact = world.books.add_contact(1)
    world.books.add_invoice(contact, 1, overdue=-10, amount="6000")
    world.app.pull(world.name)
    world.app.prepare(world.name)
    world.books.pay(world.books.invoices["i1"])
    world.app.pull(world.name)
    world.app.apply(world.name)
    assert world.books.done == []
    assert world.the_row(ActionKind.CREDIT_HOLD).state is ActionState.WITHDRAWN


def test_a_hold_and_its_terms_are_placed_and_lifted(world: BooksWorld) -> None:
    contact = world.books.add_contact(1)
    world.books.add_invoice(contact, 1, overdue=-10, amount="6000")
    world.sync()
    assert {done.kind for done in world.books.done} == {ActionKind.CREDIT_HOLD, ActionKind.TERMS}
    world.books.pay(world.books.invoices["i1"])
    world.advance(days=1)
    world.sync()
    assert {done.kind for done in world.books.done[2:]} == {
        ActionKind.LIFT_CREDIT_HOLD,
        ActionKind.RESTORE_TERMS,
    }
    world.advance(days=1)
    world.sync()
    assert len(world.books.done) == 4


def test_all_emails_of_a_batch_leave_in_turn(world: BooksWorld) -> None:
    contact = world.books.add_contact(1)
    for number in range(1, 6):
        world.books.add_invoice(contact, number)
    world.sync()
    assert len(world.books.emails) == 3
    world.advance(days=1)
    world.sync()
    assert len(world.books.emails) == 3
    world.advance(days=5)
    world.sync()
    assert len(world.books.emails) == 5
    world.books.assert_nothing_twice()


@pytest.mark.parametrize("later", [{"minutes": 15}, {"days": 1}], ids=["soon", "next day"])
def test_a_moment_that_was_cut_in_two_is_completed(
    world: BooksWorld, later: dict[str, float]
) -> None:
    contact = world.books.add_contact(1)
    for number in range(1, 4):
        world.books.add_invoice(contact, number)
    performed: list[str] = []

    def busy_at_the_second(name: str) -> None:
        performed.append(name)
        if performed.count("perform") == 2:
            performed.append("perform")
            world.books.faults.append(Fault("perform", RetryLater("busy", after_seconds=60)))

    world.books.before_call = busy_at_the_second
    world.sync()
    assert len(world.books.emails) == 1
    world.advance(**later)
    world.sync()
    assert len(world.books.emails) == 3
    world.advance(days=2)
    world.sync()
    assert len(world.books.emails) == 3


def test_outside_the_hours_nothing_leaves(world: BooksWorld) -> None:
    world.books.add_invoice(world.books.add_contact(1), 1)
    world.rules(RULES.replace("00:01-23:59", "09:00-16:30"))
    world.app.pull(world.name)
    world.app.prepare(world.name)
    world.advance(hours=8)
    world.app.apply(world.name)
    assert world.books.done == []
    row = world.the_row(REMINDER)
    assert row.state is ActionState.APPROVED
    assert row.not_before is not None
    assert row.not_before.isoformat() == "2026-11-21T09:00:00+00:00"
    world.advance(hours=15)
    world.app.apply(world.name)
    assert len(world.books.emails) == 1


def test_no_message_leaves_on_its_customers_holiday(world: BooksWorld) -> None:
    """Saturday 15 August is a holiday in Austria; what was planned before it counts anew."""
    friday, sending = NOW.replace(month=8, day=14), RULES.replace("every day", "[friday, saturday]")
    world.clock.moment = friday
    world.rules(sending + "\n")
    contacts = [world.books.add_contact(number) for number in (1, 2)]
    for number, contact in enumerate(contacts, 1):
        invoice = world.books.add_invoice(contact, number)
        due_on = friday.date() - timedelta(days=5)
        world.books.invoices[invoice.id] = invoice._replace(issued_on=due_on, due_on=due_on)
    world.books.contacts["c1"] = contacts[0]._replace(country="AT")
    world.app.pull(world.name)
    world.app.prepare(world.name)
    world.rules(sending.replace("via:", "by_customers_country: [holidays]\n  via:"))
    world.clock.moment = friday + timedelta(days=1)
    world.app.apply(world.name)
    assert [email.action.contact_id for email in world.books.emails] == ["c2"]
    (row,) = [row for row in world.rows() if row.action.contact_id == "c1"]
    assert row.state is ActionState.APPROVED
    assert row.reason == "Sat 2026-08-15 is a public holiday in AT"
    world.clock.moment = friday + timedelta(days=7)
    world.app.apply(world.name)
    assert [email.action.contact_id for email in world.books.emails] == ["c2", "c1"]


def test_a_refusal_is_quoted_and_other_actions_continue(world: BooksWorld) -> None:
    for number in (1, 2):
        world.books.add_invoice(world.books.add_contact(number), number)
    world.books.faults.append(Fault("perform", Rejected("the contact has no email address")))
    result = world.sync()
    assert result.all_problems == [
        "reminder for Customer 1 about INV-1: refused permanently: the contact has no email address"
    ]
    states = {row.state: row for row in world.rows()}
    assert states[ActionState.REJECTED].reason == "the contact has no email address"
    assert ActionState.CONFIRMED in states
    world.advance(days=1)
    world.sync()
    assert len(world.books.emails) == 1


def test_an_answer_lost_after_the_effect_is_not_repeated(world: BooksWorld) -> None:
    world.books.add_invoice(world.books.add_contact(1), 1)
    world.books.faults.append(Fault("perform", OutcomeUnknown("the answer was lost"), after=True))
    result = world.sync()
    assert result.exit_code == 0
    states = [event.to_state for event in world.store.actions.events(world.the_row(REMINDER).key)]
    assert ActionState.UNKNOWN in states
    assert world.the_row(REMINDER).state is ActionState.CONFIRMED
    assert len(world.books.emails) == 1


def test_an_answer_lost_before_the_effect_is_sent_once(world: BooksWorld) -> None:
    world.books.add_invoice(world.books.add_contact(1), 1)
    world.books.faults.append(Fault("perform", OutcomeUnknown("the answer was lost")))
    world.sync()
    (done,) = world.books.done
    assert done.generation == 2
    assert world.the_row(REMINDER).state is ActionState.CONFIRMED


def test_an_action_without_look_up_waits_for_a_person(world: BooksWorld) -> None:
    world.books.add_invoice(world.books.add_contact(1), 1)
    world.books.faults.append(Fault("perform", OutcomeUnknown("the answer was lost")))
    world.books.blind = True
    for _ in range(3):
        result = world.sync()
        world.advance(days=1)
    assert result.exit_code == 3
    (wait,) = result.waits
    row = world.the_row(REMINDER)
    assert wait == (
        "reminder for Customer 1 about INV-1: it may have been sent or not, and it cannot be"
        f" determined which (the answer was lost): `arsync resolve {row.key[:12]}` shows what to "
        "check."
    )
    assert world.books.emails == []
    assert [listed.row.key for listed in world.app.status()[0].unknown] == [row.key]


@pytest.mark.parametrize("sent", [True, False])
def test_a_person_settles_what_nobody_can_look_up(world: BooksWorld, sent: bool) -> None:
    world.books.add_invoice(world.books.add_contact(1), 1)
    world.books.faults.append(Fault("perform", OutcomeUnknown("lost"), after=sent))
    world.books.blind = True
    world.sync()
    key = world.the_row(REMINDER).key
    world.app.resolve(key[:8], sent=sent, who="Jane")
    world.books.blind = False
    world.sync()
    assert world.the_row(REMINDER).state is ActionState.CONFIRMED
    assert len(world.books.emails) == 1
    assert any(event.actor == "Jane" for event in world.store.actions.events(key))


def test_a_busy_platform_ends_the_run_until_later(world: BooksWorld) -> None:
    for number in (1, 2):
        world.books.add_invoice(world.books.add_contact(number), number)
    world.books.faults.append(Fault("perform", RetryLater("429, slow down", after_seconds=120)))
    result = world.sync()
    assert result.applied is not None
    assert result.applied.put_off_until == world.clock.now() + timedelta(seconds=120)
    assert result.exit_code == 1
    assert world.books.emails == []
    assert all(row.state is ActionState.APPROVED for row in world.rows())
    world.advance(seconds=90)
    world.sync()
    assert len(world.books.emails) == 1
    world.advance(seconds=31)
    world.sync()
    assert len(world.books.emails) == 2
    world.books.assert_nothing_twice()


def test_a_missing_authorisation_stops_the_connection_with_a_report(world: BooksWorld) -> None:
    for number in (1, 2):
        world.books.add_invoice(world.books.add_contact(number), number)
    world.books.faults.append(Fault("perform", NeedsReconnect("run arsync connect again")))
    result = world.sync()
    assert result.applied is not None
    assert result.applied.needs_reconnect
    assert world.state() == ConnectionState.NEEDS_RECONNECT
    assert world.books.calls.count("perform") == 1
    assert all(row.state is ActionState.APPROVED for row in world.rows())
    world.sync()
    assert world.state() == ConnectionState.CONNECTED
    assert len(world.books.emails) == 2


def test_a_bug_in_one_action_leaves_others_running(world: BooksWorld) -> None:
    for number in (1, 2):
        world.books.add_invoice(world.books.add_contact(number), number)
    world.books.faults.append(Fault("perform", ZeroDivisionError("oops"), after=True))
    result = world.sync()
    assert any("internal error" in problem for problem in result.all_problems)
    assert len(world.books.emails) == 2
    world.sync()
    assert len(world.books.emails) == 2
    assert all(row.state is ActionState.CONFIRMED for row in world.rows())


def test_an_unreadable_invoices_message_keeps_the_next_one_waiting(
    world: BooksWorld,
) -> None:
    contact = world.books.add_contact(1)
    world.books.add_invoice(contact, 1)
    world.sync()
    world.books.add_invoice(contact, 2, overdue=3)
    del world.books.invoices["i1"]
    world.books.odd = [DocumentProblem("invoices", "i1", "INV-1", "no DueDate")]
    world.advance(days=1)
    world.sync()
    assert len(world.books.emails) == 1
    world.advance(days=4)
    world.sync()
    assert len(world.books.emails) == 2
