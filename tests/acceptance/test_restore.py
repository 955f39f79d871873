"""A store that came back from a backup sends nothing twice, whatever left after the backup."""

from __future__ import annotations

from collections import Counter

import pytest
from tests.builders.ledgers import ONE_OF_EACH, contact_row, invoice_row, once, one_of_each
from tests.builders.world import PLATFORMS, World

from arsync.core.actions import ActionKind, ActionState

BY_MAIL = ONE_OF_EACH.replace("days: every day", "via: smtp\n  days: every day")


def restored(world: World, name: str, *, mode: str) -> None:
    """Put the backup into a new store, and do what `restore` says."""
    world.app.close()
    world.config = world.configured(store_url="sqlite:///restored.db")
    world.app = world.new_app()
    assert world.app.store.restore(world.folder / "backup.db") == [name]
    world.connect(name, mode=mode)  # its token is older than the platform's memory
    world.app.pull(name)
    world.app.prepare(name)


def letters(world: World, name: str) -> Counter[str]:
    """Return how many letters each address got."""
    return Counter(", ".join(email["to"]) for email in world.control.state(name)["emails"])


@pytest.mark.parametrize("mode", ["approve", "auto"])
@pytest.mark.parametrize("name", PLATFORMS)
def test_what_left_after_the_backup_leaves_once(world: World, name: str, mode: str) -> None:
    one_of_each(world, name)
    world.app.set_mode(name, "approve")
    world.sync(name)
    world.app.approve(connection=name, who="a person")
    world.app.store.back_up(world.folder / "backup.db")
    world.sync_until_quiet(name)
    assert world.standing(name) == once(name)
    world.advance(days=2)

    restored(world, name, mode=mode)
    since = world.control.last_request()
    assert not world.rows(name, ActionState.APPROVED)
    assert len(world.rows(name, ActionState.AWAITING_APPROVAL)) == 6
    world.sync_until_quiet(name)
    assert world.control.writes(since) == []

    world.app.approve(connection=name, who="a person")
    world.sync_until_quiet(name)
    assert world.standing(name) == once(name)


@pytest.mark.parametrize("name", PLATFORMS)
def test_what_was_first_planned_after_the_backup_leaves_once(world: World, name: str) -> None:
    """In mode auto, nobody is asked but about messages that cannot be found."""
    one_of_each(world, name)
    world.app.store.back_up(world.folder / "backup.db")
    world.sync_until_quiet(name)
    assert world.standing(name) == once(name)
    world.advance(days=2)
    restored(world, name, mode="auto")
    world.sync_until_quiet(name)
    for waiting in world.app.waiting(name):
        assert waiting.row.action.kind in {ActionKind.PROMISE, ActionKind.DISPUTE}
        assert waiting.row.reason.startswith("restored from a backup")
    assert world.standing(name) == once(name)


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_mailed_letter_repeats_only_by_a_person(world: World, name: str) -> None:
    """The first customer's letter and note stand; the second's mail left, and its note failed."""
    world.load(
        name,
        contacts=[contact_row(f"c{one}", one, contact_group="Emails") for one in ("Ada", "Bob")],
        invoices=[invoice_row(1, "cAda", overdue=3), invoice_row(2, "cBob", overdue=3)],
    )
    world.rules(BY_MAIL)
    world.connect(name)
    world.app.pull(name)
    world.app.store.back_up(world.folder / "backup.db")
    bob = world.invoice_id(name, "INV-0002")
    path = f"Invoices/{bob}/History" if name == "xero" else "attachable"
    world.control.fault(path=path, method="PUT" if name == "xero" else "POST", status=500, times=9)
    world.sync(name)
    world.control.no_more_faults()
    once = {"cAda@customers.example": 1, "cBob@customers.example": 1}
    assert letters(world, name) == once

    world.advance(days=1)
    restored(world, name, mode="auto")
    world.sync_until_quiet(name)
    assert letters(world, name) == once
    rows = {row.action.contact_name: row for row in world.rows(name)}
    notes = {note["text"] for note in world.control.state(name)["history"]}
    for who, row in rows.items():
        shown = any(f"[arsync:{row.key[:16]}]" in text for text in notes)
        expected = ActionState.CONFIRMED if shown else ActionState.AWAITING_APPROVAL
        assert row.state is expected, who
    waiting = world.rows(name, ActionState.AWAITING_APPROVAL)
    assert "look into the mailbox" in waiting[0].reason
    again = f"c{waiting[0].action.contact_name}@customers.example"
    world.app.approve([waiting[0].key], who="a person")
    world.sync_until_quiet(name)
    assert letters(world, name) == {**once, again: 2}
