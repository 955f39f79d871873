"""A clock that differs from the platform's, or from the database's, is said by runs and doctor."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import make_url
from tests.builders.driver import App, examine
from tests.builders.ledgers import contact_row, invoice_row
from tests.builders.world import World

from arsync.clock import SystemClock
from arsync.http import PlatformTransport, is_loopback

HOW_TO_MEND = "Correct it, and keep it synchronised (NTP)."


class FarAway(PlatformTransport):
    """Takes the sandbox, which stands on this computer, for a platform somewhere else."""

    def _compare_clocks(self, url: str, headers: Mapping[str, str]) -> None:
        super()._compare_clocks(url.replace("127.0.0.1", "api.example"), headers)


def said(world: World) -> list[str]:
    """Return what doctor finds of the clock."""
    return [
        f"{finding.verdict}: {finding.message}"
        for finding in examine(world.app)
        if finding.about == "clock"
    ]


def is_off(words: list[str], how: str) -> None:
    (sentence,) = words
    assert re.search(rf"this computer's clock is {how}\. {re.escape(HOW_TO_MEND)}$", sentence), (
        sentence
    )


def test_a_clock_that_differs_from_the_platforms_is_said(world: World) -> None:
    world.connect("xero", mode="observe")
    world.app.close()
    world.app = App(world.config, clock=world.clock, transports=partial(FarAway))
    world.rules("version: 1\nname: Nothing\ncurrency: GBP\n")
    assert world.sync("xero").exit_code == 0
    (sentence,) = said(world)
    # How near it can tell is how long an answer takes: on a busy machine some seconds.
    assert re.fullmatch(r"ok: within \d+ seconds of api\.example\.", sentence), sentence
    world.clock.moment -= timedelta(seconds=600)
    result = world.sync("xero")
    assert result.exit_code == 1
    is_off(result.all_problems, "60. seconds behind api.example's")
    is_off(said(world), "60. seconds behind api.example's")


REMINDERS = """\
version: 1
name: Reminders
currency: GBP
reminders:
  - name: Steps
    steps: [{day: 1, email: first reminder}]
sending: {days: every day, between: 00:00-23:59}
"""


@pytest.mark.parametrize("wrong", [timedelta(days=9), timedelta(days=-9)])
def test_an_untrusted_day_sends_nothing_and_breaks_no_promise(
    world: World, wrong: timedelta
) -> None:
    world.load(
        "xero",
        contacts=[contact_row("c1", "Ada"), contact_row("c2", "Bob")],
        invoices=[invoice_row(1, "c1", overdue=3), invoice_row(2, "c2", overdue=3)],
    )
    world.rules(REMINDERS)
    world.connect("xero")
    world.app.close()
    world.app = App(world.config, clock=world.clock, transports=partial(FarAway))
    world.app.pull("xero")
    world.app.promise("INV-0002", world.clock.now().date() + timedelta(days=5), connection="xero")
    right = world.clock.now()
    world.clock.moment = right + wrong
    result = world.sync("xero")
    assert any("the date is uncertain" in wait for wait in result.waits)
    assert not world.control.state("xero")["emails"]
    world.clock.moment = right
    assert not world.sync("xero").waits
    assert [email["invoice_id"] for email in world.control.state("xero")["emails"]] == [
        world.invoice_id("xero", "INV-0001")
    ]


@pytest.mark.parametrize("seconds", [1, 60])
def test_a_clock_that_differs_from_the_databases_is_said(
    world: World, postgresql_store: str, seconds: int
) -> None:
    url = make_url(postgresql_store)
    if is_loopback(url.host or ""):
        # The same server, by an address that arsync does not take for this computer.
        url = url.set(host="0.0.0.0")
    world.app.close()
    world.config = world.configured(store_url=url.render_as_string(hide_password=False))
    world.app = world.new_app()
    world.rules("version: 1\nname: Nothing\ncurrency: GBP\n")
    world.move_to(SystemClock().now() + timedelta(seconds=seconds))
    world.connect("xero", mode="observe")
    world.move_to(SystemClock().now() + timedelta(seconds=seconds))
    result = world.sync("xero")
    if seconds == 1:
        assert (result.all_problems, result.exit_code) == ([], 0)
        assert said(world)[0].startswith("ok: within ")
    else:
        is_off(result.all_problems, f"[56]. seconds ahead of {url.host}'s")
        is_off(said(world), f"[56]. seconds ahead of {url.host}'s")
