"""A letter comes back: its address is left alone, somebody is to call, and both sides agree."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from tests.builders.ledgers import contact_row, invoice_row
from tests.builders.world import PLATFORMS, World

from arsync.core.actions import ActionKind, ActionState
from arsync.demo.bounces import asks_for_address, different_returns
from arsync_sandbox.imap import PASSWORD, ImapServer

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
  without_email: task
"""

PHONE = "+44 20 7946 0018"


@pytest.fixture
def read(world: World) -> Iterator[World]:
    """The world, with a mailbox for what comes back."""
    served = ImapServer(world.sandbox)
    served.start()
    user = "accounts%40example.com"
    url = f"imap://{user}:{PASSWORD}@127.0.0.1:{served.port}"
    world.config = world.configured(mailbox_url=url)
    world.restart()
    yield world
    served.stop()


def differences(world: World, name: str) -> list[str]:
    """Return where the mail server and the store tell otherwise, all that came back included."""
    store, returned = world.app.store, world.sandbox.returned.as_json()
    until = world.clock.now() + timedelta(seconds=1)
    connection = store.connections.get(name)
    return list(different_returns(store, connection.id, world.rows(name), returned, until))


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_bounced_letter_becomes_a_call(read: World, name: str) -> None:
    world = read
    world.load(
        name,
        contacts=[contact_row("c1", "Ada", phone=PHONE), contact_row("c2", "Bob")],
        invoices=[invoice_row(1, "c1", overdue=3), invoice_row(2, "c2", overdue=3)],
    )
    world.rules(RULES)
    world.connect(name)
    world.control.settings(
        bouncing_addresses="C1@customers.example", replying_addresses="c2@customers.example"
    )
    world.sync(name)
    assert len(differences(world, name)) == 1, "the report is there, and nobody has read it"
    world.advance(hours=1)
    world.sync_until_quiet(name)
    assert differences(world, name) == []
    (task,) = [row for row in world.rows(name) if asks_for_address(row.action)]
    assert f"phone: {PHONE}" in task.action.payload.title
    assert "550 5.1.1 No such mailbox here" in task.action.payload.title
    said = " ".join(
        event.reason
        for row in world.rows(name)
        for event in world.app.store.actions.events(row.key)
    )
    assert "an automatic reply came: Automatic reply:" in said
    world.advance(days=13)
    world.sync_until_quiet(name)
    mails = [email["to"] for email in world.control.state(name)["emails"]]
    assert mails.count(["c1@customers.example"]) == 1, "nothing is sent there any more"
    assert mails.count(["c2@customers.example"]) == 2
    assert any(
        row.action.kind is ActionKind.TASK and "second reminder" in row.action.payload.title
        for row in world.rows(name, ActionState.CONFIRMED)
    )
    assert differences(world, name) == []
