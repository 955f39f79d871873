"""A customer's data can be seen, and forgotten, without anything happening twice for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from tests.builders.ledgers import contact_row, invoice_row
from tests.builders.world import PLATFORMS, START, World

from arsync.cli.json_output import json_text
from arsync.core.actions import ActionState
from arsync.errors import UserMistake
from arsync.store.db.tables import metadata

NAME, EMAIL = "Wilhelmina Quist", "quist@private.example"
RULES = """\
version: 1
name: Two letters
currency: GBP
reminders:
  - name: By email
    steps:
      - {day: 1, email: first reminder}
      - {day: 10, task: Call the customer, assign_to: credit control}
sending:
  via: smtp
  days: every day
  between: 00:00-23:59
  days_between_emails: 1
"""


def told_and_called(world: World, name: str) -> None:
    """One letter and one task to a customer who then pays; another customer the same."""
    contacts = [
        contact_row("c-q", NAME) | {"email": EMAIL},
        contact_row("c-other", "Someone Else"),
    ]
    invoices = [invoice_row(1, "c-q", overdue=3), invoice_row(2, "c-other", overdue=3)]
    world.load(name, contacts=contacts, invoices=invoices)
    world.rules(RULES)
    world.connect(name)
    world.sync_until_quiet(name)
    reason, needs = f"{NAME} says the price is wrong", f"a word with {NAME}"
    world.app.dispute("INV-0001", reason=reason, needs=needs, connection=name)
    world.app.dispute("INV-0001", settled=True, connection=name)
    world.sync_until_quiet(name)


def settle(world: World, name: str) -> None:
    """The invoice is paid, and everything about it ends."""
    invoice = world.invoice_id(name, "INV-0001")
    world.control.person(name, "pay", invoice_id=invoice, amount="100", on=START.date())
    for _ in range(3):
        world.advance(days=1)
        world.sync_until_quiet(name)


def everything_stored(world: World) -> str:
    """Return all that the store holds, in words."""
    with world.app.store.engine.connect() as connection:
        rows = [
            dict(row)
            for table in metadata.sorted_tables
            if table.name not in {"contacts", "invoices", "last_plans"}
            for row in connection.execute(select(table)).mappings()
        ]
    return json.dumps(rows, default=str)


@pytest.mark.parametrize("name", PLATFORMS)
def test_everything_that_is_held_of_a_customer_is_shown(world: World, name: str) -> None:
    told_and_called(world, name)
    shown: Any = world.app.export_contact(NAME, connection=name)
    assert shown["contact"]["email"] == EMAIL
    assert [invoice["number"] for invoice in shown["invoices"]] == ["INV-0001"]
    assert [dispute["reason"] for dispute in shown["disputes"]] == [
        f"{NAME} says the price is wrong"
    ]
    letter = next(action for action in shown["actions"] if action["what"].kind == "reminder")
    assert [event["to"] for event in letter["events"]][-1] == "confirmed"
    text = json_text(shown)
    assert EMAIL in text
    assert "Someone Else" not in text
    # Whatever the store says about this customer is in it.
    kept = {row.key for row in world.rows(name) if row.action.contact_name == NAME}
    assert {action["key"] for action in shown["actions"]} == kept


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_customer_who_still_owes_is_not_forgotten(world: World, name: str) -> None:
    told_and_called(world, name)
    before = everything_stored(world)
    with pytest.raises(UserMistake, match=f"{NAME} still owes"):
        world.app.forget_contact(NAME, connection=name)
    assert everything_stored(world) == before


@pytest.mark.parametrize("name", PLATFORMS)
def test_forgetting_removes_names_everywhere_and_repeats_no_action(world: World, name: str) -> None:
    told_and_called(world, name)
    settle(world, name)
    keys = {row.key: row.state for row in world.rows(name)}
    done = world.app.forget_contact(NAME, connection=name, who="Ann")
    assert done.actions > 1
    assert done.copy_stays
    stored = everything_stored(world)
    assert NAME not in stored
    assert EMAIL not in stored
    assert "Someone Else" in stored
    assert {row.key: row.state for row in world.rows(name)} == keys
    assert list(world.app.store.faults(world.connection(name).id)) == []
    # The payment bounces: the invoice is owed again, and what was done is known still.
    mails = len(world.control.state(name)["emails"])
    since = world.control.last_request()
    world.sync_until_quiet(name)
    assert world.control.writes(since) == []
    assert len(world.control.state(name)["emails"]) == mails
    # The customer is put away at the platform as well: then nothing brings the name back.
    world.control.person(name, "archive", contact_id=world.contact_id(name, NAME))
    world.sync_until_quiet(name)
    assert not world.app.forget_contact(NAME, connection=name, who="Ann").copy_stays
    world.advance(days=2)
    world.sync_until_quiet(name)
    stored = everything_stored(world)
    assert NAME not in stored
    assert EMAIL not in stored


def test_no_forgotten_name_remains_in_the_file(world: World) -> None:
    told_and_called(world, "xero")
    settle(world, "xero")
    contact = world.contact_id("xero", NAME)
    store = world.app.store
    with store.engine.begin() as database:  # the platform has the customer no longer
        contacts = metadata.tables["contacts"]
        database.execute(contacts.update().where(contacts.c.id == contact).values(status="deleted"))
    assert not world.app.forget_contact(NAME, connection="xero").copy_stays
    store.close()
    for file in Path(world.folder).glob("arsync.db*"):
        content = file.read_bytes()
        assert NAME.encode() not in content
        assert EMAIL.encode() not in content


@pytest.mark.parametrize("name", PLATFORMS)
def test_retention_removes_names_from_actions_ended_long_ago(world: World, name: str) -> None:
    told_and_called(world, name)
    settle(world, name)
    world.config = world.configured(store_keep_days="30")
    world.restart()
    world.sync(name)
    assert NAME in everything_stored(world)
    ended = {row.key for row in world.rows(name, ActionState.CONFIRMED, ActionState.WITHDRAWN)}
    world.advance(days=40)
    world.sync(name)
    rows = {row.key: row for row in world.rows(name)}
    assert all(rows[key].action.contact_name == "forgotten" for key in ended)
    assert all(rows[key].action.invoices for key in ended)
    assert list(world.app.store.faults(world.connection(name).id)) == []


def test_names_and_texts_are_kept_for_ever_by_default(world: World) -> None:
    assert world.config.keep_days == 0
    told_and_called(world, "xero")
    settle(world, "xero")
    world.advance(days=4_000)
    assert NAME in everything_stored(world)
