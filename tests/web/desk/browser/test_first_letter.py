"""From connecting the books to the first letter that leaves, all of it in the browser."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.builders.desk import add_everybody, serving
from tests.builders.ledgers import contact_row, invoice_row
from tests.builders.world import PLATFORMS, START, Control, World
from tests.web.desk.browser.conftest import WAIT_MS_MAX

from arsync.application.people.signing_in import open_session
from arsync.application.permissions import Role
from arsync.web.desk.routing import COOKIE
from arsync_sandbox.server import Sandbox

LOOKS_MAX = 60
"""At the first reading: half a second apart, so that a loaded machine has time."""

RULES = """\
version: 1
name: Standard
currency: GBP
reminders:
  - name: Standard cadence
    wait_after_seen: none
    steps:
      - {day: 1, email: first reminder}
sending:
  via: accounting system
  days: every day
  between: 00:01-23:59
take_over: first step
"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    settings = {"consent": "allow", "limits": False}
    with Sandbox(PLATFORMS, start=START, settings=settings) as sandbox:
        control = Control(sandbox.url)
        made = World(sandbox, control, tmp_path / "world")
        made.restart()
        made.rules(RULES)
        made.load(
            contacts=[contact_row("c1", "Elmhurst Tools")],
            invoices=[invoice_row(1, "c1", overdue=20)],
        )
        yield made
        made.close()
        control.close()


def test_an_owner_connects_and_sends_the_first_letter(world: World, chromium: Any) -> None:
    owner = add_everybody(world.app)[Role.OWNER]
    with serving(world.app) as url:
        context = chromium.new_context(base_url=url.replace("127.0.0.1", "localhost"))
        token = open_session(world.app, owner).token
        context.add_cookies([{"name": COOKIE, "value": token, "domain": "localhost", "path": "/"}])
        page = context.new_page()
        page.set_default_timeout(WAIT_MS_MAX)
        page.goto("/")
        page.get_by_role("button", name="Connect Xero").click()
        page.wait_for_url("**/first")
        read = page.get_by_role("heading", name="Your books are read")
        for _ in range(LOOKS_MAX):
            if read.is_visible():
                break
            page.wait_for_timeout(500)
            page.get_by_role("link", name="Show the newest numbers").click()
        assert read.is_visible()
        (row,) = world.app.store.connections.all()
        assert world.control.writes() == []

        page.goto(f"/c/{row.name}/mode")
        page.get_by_label("Ask first").check()
        page.get_by_role("button", name="Go on…").click()
        page.get_by_role("button", name="Ask first").click()
        page.wait_for_load_state()
        list(world.app.sync(row.name))

        page.goto(f"/c/{row.name}/today")
        page.get_by_role("link", name="Read the letter").first.click()
        page.wait_for_load_state()
        page.goto(f"/c/{row.name}/today")
        page.get_by_role("button", name="Send").first.click()
        page.get_by_role("status").first.wait_for()
        assert world.control.state("xero")["emails"] == []

        world.clock.advance(timedelta(minutes=10))
        world.control.clock(world.clock.moment)
        list(world.app.sync(row.name))
        assert len(world.control.state("xero")["emails"]) == 1
        page.goto(f"/c/{row.name}/today")
        page.get_by_text("first reminder", exact=False).first.wait_for()
        context.close()
