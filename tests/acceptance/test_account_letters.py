"""Letters about the account, from the rulebook to the mailbox, on both platforms."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.builders.ledgers import contact_row, invoice_row
from tests.builders.world import PLATFORMS, START, World

from arsync.application.letters.sending import LetterToSend, send_letter
from arsync.application.permissions import Actor, Role
from arsync.core.actions import ActionKind, ActionState
from arsync.errors import UserMistake
from arsync.store.models import ActionRow

RULES = """\
version: 1
name: Statements and thanks
currency: GBP
statements:
  - {name: Weekly, when: {balance: {more_than: 0}}, on: wednesday, attach: pdf}
thank_you:
  when: {days_late: {at_most: 0}, amount_paid: {at_least: 100}}
after_issue:
  - {days: 3, email: satisfaction check}
announcements: {credit_holds: placed and lifted}
credit_holds:
  - {name: Very late, when: {oldest_days_overdue: {at_least: 30}}}
sending:
  days: every day
  between: 00:00-23:59
  days_between_messages: 0
"""
DAY = START.date()
OWNER = Actor("Olga", Role.OWNER)


def mails_to(world: World, name: str, contact: str) -> list[dict[str, Any]]:
    mails = world.control.state(name)["emails"]
    assert all(mail["origin"] == "smtp" for mail in mails)
    return [mail for mail in mails if f"{contact}@customers.example" in str(mail["to"])]


def subjects(world: World, name: str, contact: str) -> list[str]:
    return [mail["subject"].partition(" - ")[0] for mail in mails_to(world, name, contact)]


def letters(world: World, name: str) -> list[ActionRow]:
    return [row for row in world.rows(name) if row.action.kind is ActionKind.ACCOUNT_LETTER]


def begun(world: World, name: str, *invoices: dict[str, Any]) -> None:
    contacts = [contact_row("c1", "Ada"), contact_row("c2", "Bob")]
    world.load(name, contacts=contacts, invoices=list(invoices))
    world.rules(RULES)
    world.connect(name)


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_statement_shows_the_ledger_of_its_day(world: World, name: str) -> None:
    begun(
        world,
        name,
        invoice_row(1, "c1", overdue=20),
        invoice_row(2, "c1", overdue=-10, total="250.00"),
    )
    for _ in range(3):
        assert world.sync(name).all_problems == []
        world.advance(hours=1)
    (mail,) = mails_to(world, name, "c1")
    assert mail["subject"].startswith("Statement of account, 18 November 2026")
    for body in (mail["text"], mail["html"]):
        assert "INV-0001" in body
        assert "INV-0002" in body, "also what is not due"
        assert "350.00" in body, "the balance"
        assert "20 days overdue" in body
    assert mails_to(world, name, "c2") == [], "who owes nothing gets none"
    (row,) = letters(world, name)
    assert row.state is ActionState.CONFIRMED
    notes = [note["text"] for note in world.control.state(name)["history"]]
    assert any("Statement of account sent by email" in text for text in notes)
    world.advance(days=7)
    world.sync_until_quiet(name)
    assert len(mails_to(world, name, "c1")) == 2


@pytest.mark.parametrize("name", PLATFORMS)
def test_who_paid_in_time_is_thanked_once(world: World, name: str) -> None:
    begun(world, name, invoice_row(1, "c1", overdue=-5), invoice_row(2, "c2", overdue=20))
    world.sync_until_quiet(name)
    world.advance(days=1)
    day = (DAY + timedelta(1)).isoformat()
    for number in ("INV-0001", "INV-0002"):
        invoice = world.invoice_id(name, number)
        world.control.person(name, "pay", invoice_id=invoice, amount="100", on=day)
    for _ in range(3):
        assert world.sync(name).all_problems == []
        world.advance(hours=1)
    assert subjects(world, name, "c1") == [
        "Statement of account, 18 November 2026",
        "Thank you for your payment",
    ]
    assert "INV-0001" in mails_to(world, name, "c1")[-1]["text"]
    assert "100.00" in mails_to(world, name, "c1")[-1]["text"]
    assert subjects(world, name, "c2") == ["Statement of account, 18 November 2026"]


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_hold_is_told_and_its_end_too(world: World, name: str) -> None:
    begun(world, name, invoice_row(1, "c1", overdue=40))
    world.sync_until_quiet(name)
    world.advance(days=1)
    world.sync_until_quiet(name)
    assert sorted(subjects(world, name, "c1")) == [
        "Statement of account, 18 November 2026",
        "Your account is on hold",
    ]
    day = (DAY + timedelta(1)).isoformat()
    invoice = world.invoice_id(name, "INV-0001")
    world.control.person(name, "pay", invoice_id=invoice, amount="100", on=day)
    world.sync_until_quiet(name)
    world.advance(days=1)
    world.sync_until_quiet(name)
    assert len(mails_to(world, name, "c1")) == 3
    assert {row.state for row in world.rows(name)} == {ActionState.CONFIRMED}


@pytest.mark.parametrize("name", PLATFORMS)
def test_thanks_do_not_leave_once_the_payment_is_gone(world: World, name: str) -> None:
    begun(world, name, invoice_row(1, "c1", overdue=-5))
    world.sync_until_quiet(name)
    world.advance(days=1)
    invoice = world.invoice_id(name, "INV-0001")
    day = (DAY + timedelta(1)).isoformat()
    world.app.set_mode(name, "approve")
    paid = world.control.person(name, "pay", invoice_id=invoice, amount="100", on=day)
    world.sync(name)
    (waiting,) = [row for row in letters(world, name) if row.action.payload.title == "thank you"]
    assert waiting.state is ActionState.AWAITING_APPROVAL
    world.app.approve(who="Jane")
    world.control.person(name, "delete_payment", payment_id=paid)
    world.app.apply(name)
    (gone,) = [row for row in letters(world, name) if row.key == waiting.key]
    assert gone.state is ActionState.WITHDRAWN, gone.reason
    assert len(mails_to(world, name, "c1")) == 1


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_person_sends_what_no_rule_sends(world: World, name: str) -> None:
    begun(world, name, invoice_row(1, "c1", overdue=-5))
    world.sync_until_quiet(name)
    for text, invoice in (("terms of trade", ""), ("satisfaction check", "INV-0001")):
        wanted = LetterToSend(text, "Ada", invoice)
        send_letter(OWNER, world.app, wanted, name)
        world.sync_until_quiet(name)
        with pytest.raises(UserMistake, match=f"{text} was already sent on {DAY}"):
            send_letter(OWNER, world.app, wanted, name)
    assert len(mails_to(world, name, "c1")) == 3, "with the statement of its rule"
    assert {row.state for row in letters(world, name)} == {ActionState.CONFIRMED}
    notes = [note["text"] for note in world.control.state(name)["history"]]
    assert any("Terms of trade sent by email, asked for by Olga." in text for text in notes)
