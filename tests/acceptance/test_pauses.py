"""Nothing leaves while it is not certain that it should: data, reminders, figures that differ."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text
from tests.builders.driver import examine
from tests.builders.ledgers import contact_row, invoice_row
from tests.builders.printed import printed
from tests.builders.world import PLATFORMS, World

from arsync.application.result_views import status_view
from arsync.application.results import RunResult
from arsync.core.actions import ActionKind, ActionState

RULES = """\
version: 1
name: Pauses
currency: GBP
credit_limits:
  - {name: Everyone, limit: 150}
credit_holds:
  - name: Over the limit
    when: {over_limit_percent: {more_than: 10}}
reminders:
  - name: Polite
    steps:
      - {day: 1, email: first reminder}
sending:
  days: every day
  between: 00:00-23:59
"""


def ready(world: World, name: str, *, safety: str = "") -> None:
    """Connect a ledger of one reminder and one hold that are due."""
    world.load(
        name,
        contacts=[contact_row("c1", "Ada"), contact_row("c2", "Bob")],
        invoices=[
            invoice_row(1, "c1", overdue=5),
            invoice_row(2, "c2", overdue=-20, total="400.00"),
        ],
    )
    world.rules(RULES + (f"safety:\n  {safety}\n" if safety else ""))
    world.connect(name)


def emails(world: World, name: str) -> int:
    return len(world.control.state(name)["emails"])


def states(world: World, name: str) -> dict[ActionKind, ActionState]:
    return {row.action.kind: row.state for row in world.rows(name)}


def paused(world: World, name: str, result: RunResult) -> str:
    """Return why nothing leaves, as plan, status, why and the run's result all say it."""
    (pause,) = result.paused
    assert pause.text in result.waits
    assert result.exit_code == 3
    (plan,) = world.app.plan(name)
    assert [shown.text for shown in plan.paused] == [pause.text]
    (status,) = world.app.status(name)
    assert status.paused == (pause.text,)
    assert world.app.why("Ada", connection=name).plan.paused == plan.paused
    return pause.text


def test_our_reminders_wait_while_xeros_own_are_on(world: World) -> None:
    world.control.settings(xero_reminders_enabled=True)
    ready(world, "xero")
    sentences = paused(world, "xero", world.sync("xero"))
    assert "Xero's own invoice reminders are switched on" in sentences
    assert "platform_reminders" in sentences
    assert emails(world, "xero") == 0
    # Nothing is lost, and what is no email goes its way.
    before = states(world, "xero")
    assert before[ActionKind.REMINDER] is ActionState.APPROVED
    assert before[ActionKind.CREDIT_HOLD] is ActionState.CONFIRMED
    world.control.settings(xero_reminders_enabled=False)
    world.advance(minutes=15)
    assert world.sync("xero").paused == ()
    assert emails(world, "xero") == 1


def test_own_reminders_switched_on_later_are_seen_before_sending(world: World) -> None:
    ready(world, "xero")
    world.app.pull("xero")
    world.control.settings(xero_reminders_enabled=True)
    world.advance(hours=1)
    assert "switched on" in paused(world, "xero", world.sync("xero"))
    assert emails(world, "xero") == 0


def test_a_run_without_messages_asks_for_no_reminders(world: World) -> None:
    ready(world, "xero")
    world.sync("xero")
    before = len(world.control.journal())
    world.advance(minutes=15)
    world.sync("xero")
    paths = [row["path"] for row in world.control.journal()[before:]]
    assert paths
    assert not any("InvoiceReminders" in path for path in paths)


def test_a_rulebook_may_ignore_the_platforms_own_reminders(world: World) -> None:
    world.control.settings(xero_reminders_enabled=True)
    ready(world, "xero", safety="platform_reminders: ignore")
    assert world.sync("xero").paused == ()
    assert emails(world, "xero") == 1


def test_unanswered_quickbooks_reminder_settings_are_warned_about(
    world: World,
) -> None:
    ready(world, "quickbooks")
    world.app.pull("quickbooks")
    (plan,) = world.app.plan("quickbooks")
    (warning,) = plan.problems
    assert "arsync connections quickbooks --own-reminders off" in warning
    assert plan.paused == ()
    world.app.set_own_reminders("quickbooks", on=True)
    assert "QuickBooks Online's own" in paused(world, "quickbooks", world.sync("quickbooks"))
    # The company is read again every day, and does not tell: the answer stays.
    world.advance(days=2)
    assert world.sync("quickbooks").paused
    assert emails(world, "quickbooks") == 0
    world.app.set_own_reminders("quickbooks", on=False)
    world.advance(minutes=15)
    assert world.sync("quickbooks").paused == ()
    assert emails(world, "quickbooks") == 1
    (plan,) = world.app.plan("quickbooks")
    assert plan.problems == ()


@pytest.mark.parametrize("name", PLATFORMS)
def test_old_data_stop_messages_until_the_next_pull(world: World, name: str) -> None:
    ready(world, name)
    (plan,) = world.app.plan(name)
    assert "no pull was completed yet" in plan.paused[0].text
    world.app.pull(name)
    world.advance(hours=26)
    assert world.app.plan(name)[0].paused == ()
    world.advance(hours=1)
    (plan,) = world.app.plan(name)
    assert "the last complete pull is 27 hours old" in plan.paused[0].text
    assert world.sync(name).paused == ()
    assert emails(world, name) == 1


@pytest.mark.parametrize("name", PLATFORMS)
def test_without_recent_payments_in_the_books_nobody_is_chased(world: World, name: str) -> None:
    ready(world, name, safety="payments_not_older_than: 7 days")
    assert "no payment is known" in paused(world, name, world.sync(name))
    bob = world.invoice_id(name, "INV-0002")
    world.control.person(name, "pay", invoice_id=bob, amount="10", on="2026-11-10")
    world.advance(minutes=15)
    assert "the latest payment is dated 2026-11-10" in paused(world, name, world.sync(name))
    assert emails(world, name) == 0
    assert states(world, name)[ActionKind.CREDIT_HOLD] is ActionState.APPROVED
    world.control.person(name, "pay", invoice_id=bob, amount="10", on="2026-11-17")
    world.advance(minutes=15)
    assert world.sync(name).paused == ()
    assert emails(world, name) == 1


def lose_a_payment(world: World, name: str) -> None:
    """Let the copy believe that a paid part of Bob's invoice is owed still."""
    with world.app.store.engine.begin() as connection:
        connection.execute(
            text("UPDATE invoices SET amount_due = amount_due + 500000 WHERE number = 'INV-0002'")
        )


def touch_bob(world: World, name: str) -> None:
    """Let something of Bob's change, so that the next pull brings him."""
    world.control.person(
        name,
        "create_invoice",
        contact_id=world.contact_id(name, "Bob"),
        amount="20",
        on="2026-11-18",
        due_on="2026-12-18",
    )


@pytest.mark.parametrize("name", PLATFORMS)
def test_nothing_leaves_while_the_platforms_figures_differ(world: World, name: str) -> None:
    ready(world, name, safety="customers_who_differ: 0")
    world.app.pull(name)
    lose_a_payment(world, name)
    touch_bob(world, name)
    result = world.sync(name)
    sentences = paused(world, name, result)
    assert "Bob" in sentences
    assert "420.00" in sentences
    assert "470.00" in sentences
    assert emails(world, name) == 0
    assert ActionKind.CREDIT_HOLD not in states(world, name), "a hold on a figure that is wrong"
    (status,) = world.app.status(name)
    (difference,) = status.differences
    assert (difference.contact_name, difference.theirs, difference.ours) == (
        "Bob",
        Decimal(420),
        Decimal(470),
    )
    assert printed(status_view(status))["differences"][0]["theirs"] == "420.00"
    assert any(
        "Bob" in finding.message for finding in examine(world.app) if finding.verdict == "wrong"
    )
    # It is compared again with every pull, also when nothing changes.
    world.advance(minutes=15)
    assert world.sync(name).paused
    world.app.rebuild(name)
    world.advance(minutes=15)
    assert world.sync(name).paused == ()
    assert emails(world, name) == 1


@pytest.mark.parametrize("name", PLATFORMS)
def test_who_paid_all_differs_until_the_copy_agrees(world: World, name: str) -> None:
    ready(world, name)
    world.app.pull(name)
    bobs = world.invoice_id(name, "INV-0002")
    world.control.person(name, "pay", invoice_id=bobs, amount="400", on="2026-11-18")
    world.app.pull(name)

    def copy_owes(units: int, status: str) -> None:
        with world.app.store.engine.begin() as db:
            what = {"units": units, "status": status}
            change = "UPDATE invoices SET amount_due = :units, status = :status"
            db.execute(text(f"{change} WHERE number = 'INV-0002'"), what)

    copy_owes(4_000_000, "open")
    world.control.person(
        name, "set_email", contact_id=world.contact_id(name, "Bob"), email="new@bob.example"
    )
    world.advance(minutes=15)
    world.app.pull(name)
    (difference,) = world.app.status(name)[0].differences
    assert (difference.theirs, difference.ours) == (Decimal(0), Decimal(400))
    copy_owes(0, "paid")
    world.advance(minutes=15)
    world.app.pull(name)
    assert world.app.status(name)[0].differences == ()


@pytest.mark.parametrize("name", PLATFORMS)
def test_one_customer_who_differs_is_held_back_alone(world: World, name: str) -> None:
    ready(world, name)
    world.app.pull(name)
    lose_a_payment(world, name)
    touch_bob(world, name)
    assert world.sync(name).paused == ()
    assert emails(world, name) == 1
    assert ActionKind.CREDIT_HOLD not in states(world, name)
    (held, *_) = world.app.why("Bob", connection=name).held_back
    assert "the amount owed is uncertain" in held.why


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_difference_within_tolerance_is_shown_and_stops_nothing(world: World, name: str) -> None:
    ready(world, name, safety="receivables_differ_by: 50.00")
    world.app.pull(name)
    lose_a_payment(world, name)
    touch_bob(world, name)
    assert world.sync(name).paused == ()
    assert emails(world, name) == 1
    assert len(world.app.status(name)[0].differences) == 1


@pytest.mark.parametrize("net", [False, True])
@pytest.mark.parametrize("name", PLATFORMS)
def test_whatever_happens_in_a_ledger_the_figures_agree(
    world: World, name: str, *, net: bool
) -> None:
    """No false alarm: part payments, credits, overpayments, voids, moves, archives, currencies."""
    world.control.settings(xero_balances_less_credits=net)
    euros = {"currency": "EUR"}
    world.load(
        name,
        contacts=[contact_row(f"c{n}", f"Customer {n}") for n in range(8)]
        + [contact_row("e1", "Euro", **euros)],
        invoices=[invoice_row(n, f"c{n % 8}", overdue=n) for n in range(1, 17)]
        + [{**invoice_row(20, "e1", overdue=3), **euros}],
    )
    world.rules(RULES)
    world.connect(name)
    differing: list[Any] = []

    def pulled() -> None:
        world.advance(minutes=15)
        (result,) = world.app.pull(name)
        assert result.all_problems == []
        differing.append(
            (len(differing), world.app.store.ledger.differences(world.connection(name).id))
        )

    def do(what: str, **about: Any) -> None:
        world.control.person(name, what, **about)
        pulled()

    pulled()
    invoice = [world.invoice_id(name, f"INV-{n:04}") for n in range(1, 17)]
    contact = [world.contact_id(name, f"Customer {n}") for n in range(8)]
    do("pay", invoice_id=invoice[0], amount="40", on="2026-11-18")
    if name == "xero":  # QuickBooks lets nobody pay more than is open
        do("pay", invoice_id=invoice[1], amount="130", on="2026-11-18")
    do("void", invoice_id=invoice[2])
    do("credit", contact_id=contact[3], invoice_id="", amount="30")
    do("credit", contact_id=contact[4], invoice_id=invoice[3], amount="15")
    do("prepay", contact_id=contact[5], amount="250")
    do("move_invoice", invoice_id=invoice[5], contact_id=contact[0])
    do("archive", contact_id=contact[7])
    do("merge", contact_id=contact[6], into_id=contact[1])
    do("pay", invoice_id=world.invoice_id(name, "INV-0020"), amount="20", on="2026-11-18")
    world.advance(days=1)
    pulled()
    assert [difference for difference in differing if difference[1]] == []


@pytest.mark.parametrize("name", PLATFORMS)
def test_money_received_after_the_pull_still_stops_the_reminder(world: World, name: str) -> None:
    """It belongs to no invoice, so that no invoice read again shows it."""
    ready(world, name)
    world.app.pull(name)
    ada = world.contact_id(name, "Ada")
    came: list[str] = []

    def while_pulling(progress: Any) -> None:
        last = {"xero": "payments", "quickbooks": "contacts"}[name]
        if progress.kind == last and not came:
            came.append(world.control.person(name, "prepay", contact_id=ada, amount="150"))

    (result,) = world.app.sync(name, progress=while_pulling)
    assert came
    assert result.all_problems == []
    assert emails(world, name) == 0
    row = world.row_of(name, ActionKind.REMINDER)
    assert row.state is ActionState.WITHDRAWN
    assert "covered by unapplied cash" in row.reason


def test_messages_within_half_a_minute_share_one_payment_check(world: World) -> None:
    world.load(
        "xero",
        contacts=[contact_row(f"c{n}", f"Customer {n}") for n in range(4)],
        invoices=[invoice_row(n, f"c{n}", overdue=5) for n in range(4)],
    )
    world.rules(RULES)
    world.connect("xero")
    world.app.pull("xero")
    before = world.control.last_request()
    world.sync("xero")
    reads = [row["path"] for row in world.control.journal(before) if "/CreditNotes" in row["path"]]
    assert emails(world, "xero") == 4
    assert len(reads) == 2, "once in the pull, once before the messages"


def test_comparing_costs_a_pull_three_calls_at_most(world: World) -> None:
    world.load(
        "xero",
        contacts=[contact_row(f"c{n}", f"Customer {n}") for n in range(130)],
        invoices=[invoice_row(n, f"c{n}", overdue=5) for n in range(130)],
    )
    world.advance(hours=1)  # so that no contact counts as changed since the first pull
    world.rules(RULES)
    world.connect("xero")
    world.app.pull("xero")
    for row in world.control.state("xero")["invoices"]:
        world.control.person("xero", "set_due_date", invoice_id=row["id"], on="2026-12-01")
    world.advance(minutes=15)
    before = world.control.last_request()
    world.app.pull("xero")
    calls = [row for row in world.control.journal(before) if "/api.xro/" in row["path"]]
    assert len(calls) == 7 + 3
    assert world.clock.now() - world.connection("xero").created_at < timedelta(days=1)
