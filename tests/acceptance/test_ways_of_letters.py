"""By mail, by post and as a text message, on both platforms: what leaves, and what is told."""

from __future__ import annotations

from typing import Any

import pytest
from tests.builders.ledgers import contact_row, invoice_row
from tests.builders.world import PLATFORMS, World

from arsync.core.actions import ActionKind, ActionState
from arsync.store.models import ActionRow
from arsync_sandbox.text_messages import ACCOUNT, SENDER, TOKEN

RULES = """\
version: 1
name: By every way
currency: GBP
reminders:
  - name: By post
    when: {contact_group: Post}
    steps:
      - {day: 1, letter: formal notice, via: post, attach: [invoice]}
  - name: By mail
    when: {contact_group: Mail}
    steps:
      - {day: 1, letter: final notice, via: smtp, attach: [invoice, statement]}
  - name: By text message
    when: {contact_group: Text}
    steps:
      - {day: 1, email: first reminder, via: sms}
sending:
  days: every day
  between: 00:00-23:59
"""


@pytest.fixture
def lettered(world: World) -> World:
    """A world in which every way is set up."""
    (world.folder / "post").mkdir()
    world.config = world.configured(
        smtp_url=f"smtp://127.0.0.1:{world.sandbox.smtp_port}",
        smtp_sender="Accounts <accounts@example.com>",
        letters_post_folder="post",
        sms_account=ACCOUNT,
        sms_token=TOKEN,
        sms_sender=SENDER,
        sms_api_url=world.control.url,
    )
    world.restart()
    world.rules(RULES)
    return world


def three_customers(world: World, name: str) -> None:
    place = {"street": "12 Mill Lane", "city": "Leeds", "postcode": "LS1 4AP", "country": "GB"}
    groups = {"Ada": "Post", "Bob": "Mail", "Cleo": "Text"}
    # Who shares a telephone would hear of one of them alone.
    mobiles = {"Ada": "07911 123454", "Bob": "07911 123455", "Cleo": "07911 123456"}
    world.load(
        name,
        contacts=[
            contact_row(f"c{who}", who, contact_group=group, mobile=mobiles[who], **place)
            for who, group in groups.items()
        ],
        invoices=[
            invoice_row(number, f"c{who}", overdue=5)
            for number, who in enumerate(("Ada", "Ada", "Bob", "Cleo"), 1)
        ],
    )
    world.connect(name)
    world.app.pull(name)


def rows(world: World, kind: ActionKind) -> list[ActionRow]:
    (row,) = world.app.store.connections.all()
    return list(world.app.store.actions.list(row.id, kinds={kind}))


def files_of(world: World, name: str) -> list[str]:
    """Return the names of the files in the books."""
    state = world.control.state(name)
    tree: Any = state
    return sorted(str(file.get("name") or file.get("file_name")) for file in tree["attachments"])


@pytest.mark.parametrize("name", PLATFORMS)
def test_each_way_delivers_once_and_is_told(lettered: World, name: str) -> None:
    world = lettered
    three_customers(world, name)
    for _ in range(3):
        world.sync(name)
    letters = {row.action.contact_name: row for row in rows(world, ActionKind.LETTER)}
    (text,) = rows(world, ActionKind.REMINDER)
    assert {row.state for row in (*letters.values(), text)} == {ActionState.CONFIRMED}
    assert set(letters) == {"Ada", "Bob"}

    printed = [file.name for file in world.folder.glob("post/*/*/0*.pdf")]
    assert len(printed) == 1
    assert printed[0].startswith("0001 Ada formal notice N-")
    assert letters["Ada"].receipt is not None
    assert letters["Ada"].receipt.detail.endswith(f"{printed[0]}; to be posted")

    (email,) = world.sandbox.mailbox.emails
    assert "INV-0003" in email.text
    assert "Enclosed" in email.text

    (message,) = world.sandbox.text_messages.as_json()
    assert (message["to"], message["from"]) == ("+447911123456", SENDER)
    assert "INV-0004" in message["body"] or "GBP" in message["body"]

    assert len(files_of(world, name)) == 2, "each letter is a file of its lead invoice"


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_posted_letter_is_said_by_a_person(lettered: World, name: str) -> None:
    world = lettered
    three_customers(world, name)
    world.sync(name)
    (task,) = rows(world, ActionKind.TASK)
    assert task.action.payload.title.startswith("Post the letter 'formal notice': 0001 Ada")
    world.app.done(task.key, outcome="posted", who="Jane")
    letter = next(row for row in rows(world, ActionKind.LETTER) if row.action.via == "post")
    reasons = [event.reason for event in world.app.store.actions.events(letter.key)]
    assert "posted, says Jane" in reasons
    assert rows(world, ActionKind.TASK)[0].outcome == "posted"
    world.sync(name)
    assert len(list(world.folder.glob("post/*/*/0*.pdf"))) == 1
