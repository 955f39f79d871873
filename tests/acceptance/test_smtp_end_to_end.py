"""Letters by the user's own mail server: one per customer, with the note in the platform."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from tests.builders.ledgers import contact_row, invoice_row
from tests.builders.world import PLATFORMS, World

from arsync.core.actions import ActionKind, ActionState

RULES = """\
version: 1
name: By our own mail
currency: GBP
reminders:
  - name: Polite
    steps:
      - {day: 1, email: first reminder}
      - {day: 14, email: second reminder}
sending:
  via: smtp
  days: every day
  between: 00:00-23:59
  days_between_emails: 5
"""


def debtors(world: World, name: str) -> None:
    """Two customers: one owes two invoices that are due a reminder, the other one."""
    world.load(
        name,
        contacts=[contact_row("c1", "Ada"), contact_row("c2", "Bob")],
        invoices=[
            invoice_row(1, "c1", overdue=20),
            invoice_row(2, "c1", overdue=3, total="250.00"),
            invoice_row(3, "c2", overdue=3),
        ],
    )
    world.rules(RULES)
    world.connect(name)


def letters(world: World, name: str) -> dict[str, list[dict[str, Any]]]:
    mails: dict[str, list[dict[str, Any]]] = {}
    for email in world.control.state(name)["emails"]:
        assert email["origin"] == "smtp", "nothing leaves by the accounting system"
        mails.setdefault(", ".join(email["to"]), []).append(email)
    return mails


NOTED = {
    "note on INV-0001: First reminder sent": 1,
    "note on INV-0002: First reminder sent": 1,
    "note on INV-0003: First reminder sent": 1,
}


@pytest.mark.parametrize("name", PLATFORMS)
def test_each_customer_gets_one_letter_with_notes_on_invoices(world: World, name: str) -> None:
    debtors(world, name)
    for _ in range(3):
        assert world.sync(name).all_problems == []
        world.advance(hours=1)
    mails = letters(world, name)
    assert {to: len(some) for to, some in mails.items()} == {
        "c1@customers.example": 1,
        "c2@customers.example": 1,
    }
    (mail,) = mails["c1@customers.example"]
    for body in (mail["text"], mail["html"]):
        assert "INV-0001" in body
        assert "INV-0002" in body
        assert "350.00" in body, "the sum of both"
        assert "INV-0003" not in body
    assert world.standing(name) == NOTED
    texts = [note["text"] for note in world.control.state(name)["history"]]
    assert any("mail to c1@customers.example" in text for text in texts), "what was sent, and where"
    assert {row.state for row in world.rows(name)} == {ActionState.CONFIRMED}


@pytest.mark.parametrize("name", PLATFORMS)
def test_the_next_letter_follows_after_its_gap(world: World, name: str) -> None:
    debtors(world, name)
    world.sync_until_quiet(name)
    for _ in range(4):
        world.advance(days=5)
        assert world.sync(name).all_problems == []
    # The gap between the steps holds for the older invoice too: both go on together.
    assert len(letters(world, name)["c1@customers.example"]) == 2
    assert world.standing(name)["note on INV-0001: Second reminder sent"] == 1
    assert world.standing(name)["note on INV-0002: Second reminder sent"] == 1


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_note_failing_after_the_mail_never_resends_it(world: World, name: str) -> None:
    debtors(world, name)
    world.control.fault(method="PUT|POST", path="/History|/attachable", status=500, times=4)
    world.sync_until_quiet(name)
    assert {to: len(some) for to, some in letters(world, name).items()} == {
        "c1@customers.example": 1,
        "c2@customers.example": 1,
    }
    assert world.standing(name) == NOTED


@pytest.mark.parametrize(
    ("kind", "sent"), [("later", 1), ("drop before", 0), ("drop after", 1), ("refuse", 0)]
)
def test_a_failing_mail_server_gets_no_letter_twice(world: World, kind: str, sent: int) -> None:
    debtors(world, "xero")
    world.control.fault(smtp=kind, path="c2@")
    world.sync_until_quiet("xero")
    mails = letters(world, "xero")
    assert len(mails["c1@customers.example"]) == 1
    assert len(mails.get("c2@customers.example", [])) == sent
    # Of an address that is refused a task opens besides: somebody asks for another.
    (row,) = (
        row
        for row in world.rows("xero")
        if row.action.contact_name == "Bob" and row.action.kind is ActionKind.REMINDER
    )
    expected = {"later": ActionState.CONFIRMED, "refuse": ActionState.REJECTED}
    assert row.state is expected.get(kind, ActionState.UNKNOWN)
    assert row.reason


def test_arsync_sync_as_a_process_sends_by_mail_once(
    world: World, arsync: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    world.rules(RULES)
    debtors(world, "quickbooks")
    world.app.set_mode("quickbooks", "approve")
    world.sync("quickbooks")
    world.app.approve(who="a person")
    assert arsync(world.folder, "apply").returncode == 0
    assert arsync(world.folder, "apply").returncode == 0
    assert [len(some) for some in letters(world, "quickbooks").values()] == [1, 1]
    assert world.standing("quickbooks") == NOTED
    assert all(row.action.kind is ActionKind.REMINDER for row in world.rows("quickbooks"))


def test_one_mail_a_day_says_what_waits(world: World) -> None:
    world.app.close()
    world.config = world.configured(runs_notify="owner@example.com")
    world.app = world.new_app()
    debtors(world, "quickbooks")
    world.app.set_mode("quickbooks", "approve")
    for _ in range(2):
        world.sync("quickbooks")
        world.restart()
    (mail,) = world.owner_mails()
    assert mail["subject"] == "arsync, 2026-11-18: approvals"
    (key, *_) = (row.key for row in world.rows("quickbooks", ActionState.AWAITING_APPROVAL))
    assert f"arsync approve {key[:12]}" in mail["text"]
    world.advance(days=1)
    world.sync("quickbooks")
    assert len(world.owner_mails()) == 2


def test_the_owner_gets_one_mail_about_all_unknown_outcomes(
    world: World,
) -> None:
    world.app.close()
    world.config = world.configured(runs_notify="owner@example.com", runs_daily_mail="off")
    world.app = world.new_app()
    debtors(world, "xero")
    world.control.fault(smtp="drop after", path="customers.example", times=2)
    for _ in range(3):
        world.sync("xero")
        world.advance(days=1)
    (mail,) = world.owner_mails()
    assert mail["subject"] == "xero: 2 actions to check"
    for row in world.rows("xero", ActionState.UNKNOWN):
        assert f"Then run: arsync resolve {row.key[:12]} sent, or: not-sent" in mail["text"]
        assert f"X-Arsync-Key: {row.key}" in mail["text"]
    assert "reminder for Bob about INV-0003: it may have been done or not" in mail["text"]
    # What is open once more is another outcome; a mail that cannot leave is tried again.
    (bob,) = (row for row in world.rows("xero") if row.action.contact_name == "Bob")
    world.app.resolve(bob.key, sent=False)
    world.control.fault(smtp="drop after", path="c2@customers.example")
    world.control.fault(smtp="later", path="owner@example.com")
    world.sync("xero")
    assert len(world.owner_mails()) == 1
    for _ in range(2):
        world.sync("xero")
    assert [mail["subject"] for mail in world.owner_mails()][1:] == ["xero: 1 action to check"]
