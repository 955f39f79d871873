"""What users of other products reported of their outgoing mail cannot happen here.

Each test is named after public reports, which were read whole. Lago's was read in its source.
"""

from __future__ import annotations

import pytest
from tests.builders.books import RULES, BooksWorld, Fault, Killed

from arsync.core.actions import ActionKind, ActionState
from arsync.errors import RetryLater

REMINDER = ActionKind.REMINDER
BY_MAIL = RULES.replace("via: accounting system", "via: smtp")


def run_for_a_day(world: BooksWorld, *, minutes: int, times: int) -> None:
    for number in range(times):
        world.sync()
        world.advance(minutes=minutes)
        if number % 10 == 9:
            world.restart(same_store=True)


@pytest.mark.parametrize(
    ("minutes", "times", "rules"),
    [
        pytest.param(1, 25, RULES, id="invoiceninja#553: every minute, sent 100 times"),
        pytest.param(1, 25, BY_MAIL, id="the same by SMTP"),
        pytest.param(15, 96, RULES, id="invoiceninja#1693: every 15 minutes, sent 22 times"),
        pytest.param(5, 40, RULES, id="FOSSBilling#4024: every 5 minutes, until midnight"),
    ],
)
def test_a_reminder_leaves_once_over_many_daily_runs(
    world: BooksWorld, minutes: int, times: int, rules: str
) -> None:
    world.spare_the_disk()
    world.rules(rules)
    world.books.add_invoice(world.books.add_contact(1), 1)
    if minutes == 5:
        world.advance(hours=12)  # over midnight
    run_for_a_day(world, minutes=minutes, times=times)
    messages = world.books.mails if rules is BY_MAIL else world.books.emails
    assert len(messages) == 1
    assert world.books.keys(REMINDER) == [world.the_row(REMINDER).key], "and one note of it"
    world.books.assert_nothing_twice()


def test_the_second_reminder_leaves_once_too(world: BooksWorld) -> None:
    """invoiceninja/invoiceninja#1693: it was the second reminder that went 22 times in a day."""
    world.spare_the_disk()
    world.books.add_invoice(world.books.add_contact(1), 1)
    world.sync()
    world.advance(days=13)
    run_for_a_day(world, minutes=15, times=96)
    assert [email.action.step for email in world.books.emails] == [
        "first reminder",
        "second reminder",
    ]


def test_a_failed_handover_counts_as_no_step(world: BooksWorld) -> None:
    """getlago/lago-api, DunningCampaigns::ProcessAttemptService: the attempt is counted, with its
    time, in the transaction that asks for the message, before the message is handed over; when it
    is lost then, the customer is one attempt further and has heard nothing.
    """
    world.books.add_invoice(world.books.add_contact(1), 1)
    for _ in range(20):
        world.books.faults.append(Fault("perform", RetryLater("down", after_seconds=3600)))
        world.sync()
        world.books.faults.clear()
        (account,) = world.store.ledger.accounts(world.connection.id)
        assert account.sent == ()
        assert world.the_row(REMINDER).state is not ActionState.CONFIRMED
        world.advance(days=1)
    world.sync()
    assert [email.action.step for email in world.books.emails] == ["first reminder"], (
        "25 days overdue, and still the first is the first"
    )
    (account,) = world.store.ledger.accounts(world.connection.id)
    assert [(step.step, step.on) for step in account.sent] == [
        ("first reminder", world.clock.now().date())
    ]


def test_a_process_dying_before_handover_has_counted_nothing(world: BooksWorld) -> None:
    """The same of Lago, with a process that dies between the count and the message."""
    world.books.add_invoice(world.books.add_contact(1), 1)

    def die(name: str) -> None:
        if name == "perform":
            world.books.before_call = lambda _: None
            raise Killed

    world.books.before_call = die
    with pytest.raises(Killed):
        world.sync()
    assert world.books.emails == []
    world.restart()
    world.advance(minutes=10)
    world.sync()
    assert [email.action.step for email in world.books.emails] == ["first reminder"]
    world.books.assert_nothing_twice()
