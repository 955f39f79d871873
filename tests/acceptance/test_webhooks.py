"""What happens at a platform asks for a run here, over real HTTP from end to end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from tests.builders.ledgers import contact_row, invoice_row, one_of_each
from tests.builders.world import World

from arsync.application.permissions import SCHEDULE
from arsync.application.runs.webhooks import webhook_counts
from arsync.store.admin.schedules import WISH_SETTLE_SECONDS
from arsync.store.models import ScheduleRow
from arsync.web.server import serve

SECRETS = {
    "xero_webhook_key": "sandbox-xero-webhook-key",
    "quickbooks_webhook_token": "sandbox-quickbooks-verifier",
}
PROBED = [(True, 200), (False, 401), (True, 200), (False, 401)]
NO_RULES = "version: 1\nname: Nothing\ncurrency: GBP\n"
NAMES = ["xero", "quickbooks"]
SETTLE = timedelta(seconds=WISH_SETTLE_SECONDS)


@pytest.fixture
def world(make_world: Callable[[], World]) -> World:
    """A world whose config has the secrets of both platforms' webhooks."""
    made_world = make_world()
    made_world.config = made_world.configured(**SECRETS)
    made_world.restart()
    return made_world


@contextmanager
def posting(world: World, name: str, **switches: Any) -> Iterator[None]:
    """Listen, and have the sandbox post what happens."""
    server, stop = serve(SCHEDULE, world.app, port=0), threading.Event()
    thread = threading.Thread(target=server.run, args=(stop,))
    thread.start()
    try:
        url = f"{server.url}/webhooks/{name}"
        world.control.settings(**{f"{name}_webhook_url": url}, **switches)
        if name == "xero":
            assert probes(world) == PROBED
        yield
    finally:
        world.control.settings(**{f"{name}_webhook_url": ""})
        stop.set()
        thread.join(20)


def probes(world: World) -> list[tuple[bool, int]]:
    """Return the answers to Xero's intent to receive, when all are there."""
    book: Any = world.sandbox.books["xero"]
    book.webhooks.probing.join(20)
    answers: list[tuple[bool, int]] = book.webhooks.probes
    return answers


def connected(world: World, name: str) -> None:
    world.rules(NO_RULES)
    invoices = [invoice_row(number, "c1", overdue=3) for number in (1, 2, 3)]
    world.load(name, contacts=[contact_row("c1", "Customer")], invoices=invoices)
    world.connect(name)
    world.sync(name)


def schedule(world: World, name: str) -> ScheduleRow:
    row = world.app.store.schedules.get(world.connection(name).id)
    assert row is not None
    return row


def rename(world: World, name: str, to: str) -> None:
    """Change a customer, as a bookkeeper does, and wait until the platform has posted it."""
    contact = world.control.state(name)["contacts"][0]["id"]
    world.control.person(name, "rename", contact_id=contact, name=to)
    assert world.sandbox.webhooks.settle()


def statuses(world: World) -> set[int]:
    return {row["status"] for row in world.control.get("webhooks")["attempts"]}


def names_here(world: World, name: str) -> set[str]:
    accounts = world.app.accounts(world.connection(name))
    return {contact.name for account in accounts for contact in account.contacts}


@pytest.mark.parametrize("name", NAMES)
def test_a_change_at_the_platform_is_one_wish(world: World, name: str) -> None:
    connected(world, name)
    with posting(world, name):
        changed_at = world.clock.now()
        rename(world, name, "Renamed Ltd")
        for number in (1, 2):
            invoice = world.invoice_id(name, f"INV-{number:04}")
            on = world.clock.now().date().isoformat()
            world.control.person(name, "pay", invoice_id=invoice, amount="100.00", on=on)
            assert world.sandbox.webhooks.settle()
            world.advance(seconds=4)
        assert statuses(world) == {200}
        row = schedule(world, name)
        assert row.wanted_at == changed_at + SETTLE
        assert row.wanted_why.startswith("a webhook of ")
        assert world.app.store.schedules.due() == []
        world.advance(seconds=WISH_SETTLE_SECONDS)
        number = world.connection(name).id
        assert [due.connection_id for due in world.app.store.schedules.due()] == [number]
        world.sync(name)
        assert schedule(world, name).wanted_at is None
        assert names_here(world, name) == {"Renamed Ltd"}


@pytest.mark.parametrize("name", NAMES)
def test_duplicates_and_disorder_are_one_wish(world: World, name: str) -> None:
    connected(world, name)
    switches = {"webhook_duplicates": True, "webhook_out_of_order": True}
    with posting(world, name, quickbooks_webhook_format="both", **switches):
        began = world.clock.now()
        for number in range(3):
            rename(world, name, f"Renamed {number} Ltd")
            world.advance(seconds=1)
        assert statuses(world) == {200}
        assert schedule(world, name).wanted_at == began + SETTLE
        world.sync(name)
    world.app.at_close.close()
    views = {view.platform: view.today for view in webhook_counts(SCHEDULE, world.app)}
    counts = views[name]
    assert counts["asked for a run"] == counts["had come before"] >= 3


@pytest.mark.parametrize("name", NAMES)
def test_our_own_writes_cause_one_more_run(world: World, name: str) -> None:
    one_of_each(world, name)
    with posting(world, name):
        world.app.approve(connection=name)
        world.sync(name)
        assert world.sandbox.webhooks.settle()
        assert schedule(world, name).wanted_at is not None
        world.advance(seconds=WISH_SETTLE_SECONDS)
        before = world.control.last_request()
        world.sync(name)
        assert world.sandbox.webhooks.settle()
        assert world.control.writes(before) == []
        assert schedule(world, name).wanted_at is None


@pytest.mark.parametrize("name", NAMES)
def test_a_lost_webhook_is_made_good_by_routine(world: World, name: str) -> None:
    connected(world, name)
    nowhere = "http://127.0.0.1:9/webhooks"
    world.control.settings(**{f"{name}_webhook_url": nowhere})
    world.app.store.schedules.keep(900)
    rename(world, name, "Renamed Ltd")
    world.control.settings(**{f"{name}_webhook_url": ""})
    assert schedule(world, name).wanted_at is None
    world.advance(seconds=900)
    row = world.connection(name)
    assert [due.connection_id for due in world.app.store.schedules.due()] == [row.id]
    world.sync(name)
    assert names_here(world, name) == {"Renamed Ltd"}
