"""A token is renewed once, a lost renewal is made good, and a lost consent is told once."""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from typing import Any

import pytest
from tests.builders.processes import arsync_process
from tests.builders.world import PLATFORMS, World

from arsync.clock import SystemClock
from arsync.store.models import ConnectionState

from .test_outages import connected

TOKEN_PATH = "connect/token|tokens/bearer"
GRACE = {"xero": timedelta(minutes=30), "quickbooks": timedelta(hours=24)}


def renewals(world: World, since: int) -> list[dict[str, Any]]:
    rows = world.control.journal(since)
    return [row for row in rows if row["path"].endswith(("connect/token", "tokens/bearer"))]


def killed_in_a_renewal(world: World, name: str) -> None:
    """Run `arsync pull` and kill it while it waits for the answer to a renewal that was made."""
    world.control.fault(method="POST", path=TOKEN_PATH, delay_seconds=30.0)
    since = world.control.last_request()
    world.app.close()
    with arsync_process(world.folder, "pull", "--connection", name) as process:
        until = time.monotonic() + 60
        while not any(row["fault"] for row in renewals(world, since)):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < until
            time.sleep(0.05)
        process.kill()
        process.communicate()
    world.control.no_more_faults()


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_renewal_that_a_killed_process_lost_is_repeated(world: World, name: str) -> None:
    world.move_to(SystemClock().now() - timedelta(hours=2))
    connected(world, name)
    world.move_to(SystemClock().now())
    killed_in_a_renewal(world, name)
    world.advance(minutes=20)
    assert world.sync(name).all_problems == []
    assert world.connection(name).state == ConnectionState.CONNECTED


def test_a_lost_renewal_is_repeated_within_the_same_run(world: World) -> None:
    connected(world, "xero")
    world.advance(hours=2)
    since = world.control.last_request()
    world.control.fault(method="POST", path=TOKEN_PATH, drop="after")
    assert world.sync("xero").all_problems == []
    assert len(renewals(world, since)) == 2


def test_a_renewal_lost_too_long_ago_is_reported(world: World) -> None:
    connected(world, "xero")
    world.advance(hours=2)
    world.control.fault(method="POST", path=TOKEN_PATH, drop="after", times=3)
    lost_at = world.clock.now()
    assert world.sync("xero").unreachable
    world.advance(minutes=31)
    result = world.sync("xero")
    assert f"renewal at {lost_at:%Y-%m-%d %H:%M} UTC was lost" in result.all_problems[0]
    assert world.connection("xero").state == ConnectionState.NEEDS_RECONNECT


def test_the_owner_gets_one_mail_about_an_ended_authorisation(world: World) -> None:
    world.app.close()
    world.config = world.configured(runs_notify="owner@example.com", runs_daily_mail="off")
    world.app = world.new_app()
    connected(world, "xero")
    world.control.person("xero", "disconnect")
    for _ in range(3):
        assert "arsync connect" in world.sync("xero").all_problems[0]
    (mail,) = world.owner_mails()
    assert mail["subject"] == "arsync must be connected to Xero again"
    assert "To connect again, run: arsync connect xero" in mail["text"]
    # After a new consent, a second revocation is told of again.
    world.connect("xero")
    assert world.sync("xero").all_problems == []
    world.control.person("xero", "disconnect")
    for _ in range(2):
        world.sync("xero")
    assert len(world.owner_mails()) == 2


def test_an_owner_mail_that_failed_is_retried_next_run(world: World) -> None:
    world.app.close()
    world.config = world.configured(runs_notify="owner@example.com", runs_daily_mail="off")
    world.app = world.new_app()
    connected(world, "xero")
    world.control.person("xero", "disconnect")
    world.control.fault(smtp="later")
    world.sync("xero")
    assert world.owner_mails() == []
    for _ in range(2):
        world.sync("xero")
    assert len(world.owner_mails()) == 1


def test_without_mail_one_line_of_the_log_tells(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    connected(world, "xero")
    world.control.person("xero", "disconnect")
    for _ in range(3):
        world.sync("xero")
    errors = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert len(errors) == 1
    assert errors[0].startswith("xero: ")
    assert world.owner_mails() == []
