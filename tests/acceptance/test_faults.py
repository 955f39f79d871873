"""Whatever goes wrong on the way, each thing stands once at the platform."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.builders.ledgers import once, one_of_each
from tests.builders.world import PLATFORMS, SHORT_READ_SECONDS, World

from arsync.core.actions import ActionKind, ActionState
from arsync.store.models import ConnectionState

WRITE = "^/api.xro/2.0/|^/v3/company/"
SLOW_SECONDS = SHORT_READ_SECONDS + 0.1

FAULTS: dict[str, dict[str, Any]] = {
    "lost before": {"drop": "before"},
    "lost after": {"drop": "after"},
    "500 without effect": {"status": 500},
    "500 after the effect": {"status": 500, "effect": True},
    "502 from a gateway": {"status": 502, "effect": True, "body": "<html>Bad gateway</html>"},
    "503 with Retry-After": {"status": 503, "headers": {"Retry-After": "30"}},
    "slow": {"delay_seconds": SLOW_SECONDS},
    "truncated": {"truncated": True},
    "malformed": {"malformed": True},
    "429 of a minute": {
        "status": 429,
        "headers": {"Retry-After": "40", "X-Rate-Limit-Problem": "minute"},
    },
    "429 of a day": {
        "status": 429,
        "headers": {"Retry-After": "7000", "X-Rate-Limit-Problem": "day"},
    },
    "429 without a word": {"status": 429},
}


def every_other_write(world: World, first: int, **fault: Any) -> None:
    """Let every other request that changes a ledger go wrong, from the `first` on.

    A fault counts the requests that no earlier one takes, so the n-th lets n of them pass.
    """
    faults = [
        {"method": "PUT|POST|DELETE", "path": WRITE, "skip": first + number, **fault}
        for number in range(20)
    ]
    world.control.post("faults", faults)


BY_A_SOCKET = ("lost before", "slow", "truncated", "malformed")
"""Where a socket's own errors matter: these go over the wire."""


def each_fault() -> Iterator[Any]:
    """Yield each fault from the first write on, and both losses from the second on."""
    for fault in FAULTS:
        marks = [pytest.mark.over_the_wire] if fault in BY_A_SOCKET else []
        yield pytest.param(fault, 0, marks=marks)
    yield "lost before", 1
    yield "lost after", 1


@pytest.mark.parametrize(("fault", "first"), list(each_fault()))
@pytest.mark.parametrize("name", PLATFORMS)
def test_everything_stands_once_whatever_goes_wrong_with_a_write(
    world: World, name: str, fault: str, first: int
) -> None:
    one_of_each(world, name)
    if fault == "slow":
        world.wait_briefly()
    every_other_write(world, first, **FAULTS[fault])
    world.sync_until_quiet(name)
    assert [row for row in world.control.journal() if row["fault"]], "no request was hit"
    world.control.no_more_faults()
    settle_as_a_person(world, name)
    assert world.standing(name) == once(name)
    assert {row.state for row in world.rows(name)} == {ActionState.CONFIRMED}


def settle_as_a_person(world: World, name: str) -> None:
    """Settle what only a person can, by what a look at the platform shows; then run to the end.

    Of a Xero email without an answer nothing tells whether it left, once its few minutes are over.
    """
    rows = world.rows(name, ActionState.UNKNOWN)
    emails = world.standing(name)["email about INV-0001"]
    for row in rows:
        assert (name, row.action.kind) == ("xero", ActionKind.REMINDER)
        assert row.reason
        world.app.resolve(row.key, sent=bool(emails))
    if rows:
        world.sync_until_quiet(name)


@pytest.mark.parametrize("name", PLATFORMS)
def test_an_email_resolved_as_not_sent_leaves_once(world: World, name: str) -> None:
    one_of_each(world, name)
    # Nothing but the person can tell: the platform leaves no trace of its emails.
    world.control.settings(xero_email_writes_history=False, xero_email_marks_sent=False)
    # The run itself looks once and tries once more; both answers are lost.
    world.control.fault(path="/Email|/send", status=500, times=2)
    world.sync(name)
    world.advance(hours=1)
    world.sync(name)
    row = world.row_of(name, ActionKind.REMINDER)
    if name == "xero":
        assert (row.state, world.standing(name)["email about INV-0001"]) == (ActionState.UNKNOWN, 0)
        world.sync_until_quiet(name)
        assert world.row_of(name, ActionKind.REMINDER).state is ActionState.UNKNOWN
        world.app.resolve(row.key, sent=False)
    world.sync_until_quiet(name)
    assert world.row_of(name, ActionKind.REMINDER).state is ActionState.CONFIRMED
    assert world.standing(name) == once(name)


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_sent_email_gets_its_missing_note_afterwards(world: World, name: str) -> None:
    one_of_each(world, name)
    notes = "Invoices/[^/]+/History|/attachable"
    world.control.fault(method="PUT|POST", path=notes, status=500, times=8)
    world.sync(name)
    assert world.standing(name)["email about INV-0001"] == 1
    invoice = world.invoice_id(name, "INV-0001")
    world.control.person(name, "pay", invoice_id=invoice, amount="100", on="2026-11-18")
    world.control.no_more_faults()
    world.sync_until_quiet(name)
    assert world.row_of(name, ActionKind.REMINDER).state is ActionState.CONFIRMED
    assert world.standing(name)["note on INV-0001: Invoice emailed by"] == 1
    assert world.standing(name)["email about INV-0001"] == 1


READ_FAULTS: dict[str, dict[str, Any]] = {
    "lost": {"drop": "before"},
    "500": {"status": 500},
    "slow": {"delay_seconds": SLOW_SECONDS},
    "truncated": {"truncated": True},
    "malformed": {"malformed": True},
    "429 of a minute": {"status": 429, "headers": {"Retry-After": "40"}},
    "429 of a day": {
        "status": 429,
        "headers": {"Retry-After": "7000", "X-Rate-Limit-Problem": "day"},
    },
}


@pytest.mark.parametrize("fault", READ_FAULTS)
@pytest.mark.parametrize("name", PLATFORMS)
def test_reads_that_go_wrong_cost_nothing_but_time(world: World, name: str, fault: str) -> None:
    one_of_each(world, name)
    if fault == "slow":
        world.wait_briefly()
    faults = [
        {"method": "GET", "path": WRITE, "skip": skip, **READ_FAULTS[fault]}
        for skip in (0, 4, 9, 10, 14, 16, 20, 21)
    ]
    world.control.post("faults", faults)
    world.sync_until_quiet(name)
    assert [row for row in world.control.journal() if row["fault"]], "no request was hit"
    world.control.no_more_faults()
    assert world.standing(name) == once(name)
    assert {row.state for row in world.rows(name)} == {ActionState.CONFIRMED}


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_platform_that_stays_down_is_named_without_loss(world: World, name: str) -> None:
    one_of_each(world, name)
    world.control.fault(path=WRITE, status=503, times=1_000)
    result = world.sync(name)
    assert result.exit_code == 1
    assert "503" in "; ".join(result.all_problems)
    world.control.no_more_faults()
    world.advance(hours=1)
    world.sync_until_quiet(name)
    assert world.standing(name) == once(name)


# -- tokens -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PLATFORMS)
def test_an_expired_access_token_is_renewed_and_nobody_notices(world: World, name: str) -> None:
    one_of_each(world, name)
    since = world.control.last_request()
    for _ in range(3):
        world.advance(hours=2)
        assert world.sync(name).all_problems == []
    assert [row["status"] for row in world.control.journal(since)].count(401) <= 3
    assert len([row for row in world.control.journal(since) if "oken" in row["path"]]) >= 2
    world.sync_until_quiet(name)
    assert world.standing(name) == once(name)


@pytest.mark.parametrize("drop", ["before", "after"])
@pytest.mark.parametrize("name", PLATFORMS)
def test_a_renewal_whose_answer_is_lost_is_made_again(world: World, name: str, drop: str) -> None:
    one_of_each(world, name)
    world.advance(hours=2)
    world.control.fault(method="POST", path="connect/token|tokens/bearer", drop=drop)
    results = [world.sync(name), world.sync(name)]
    assert results[1].all_problems == []
    world.sync_until_quiet(name)
    assert world.standing(name) == once(name)


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_revoked_authorisation_is_reported_and_stops_one_connection(
    world: World, name: str
) -> None:
    (healthy,) = set(PLATFORMS) - {name}
    one_of_each(world, name)
    one_of_each(world, healthy)
    world.control.person(name, "disconnect")
    results = {result.connection: result for result in world.app.sync()}
    assert results[name].exit_code == 1
    assert "arsync connect" in "; ".join(results[name].all_problems)
    assert world.connection(name).state == ConnectionState.NEEDS_RECONNECT
    assert results[healthy].all_problems == []
    assert world.connection(healthy).state == ConnectionState.CONNECTED
    assert world.standing(healthy) == once(healthy)
    assert not world.standing(name)

    world.connect(name)
    world.sync_until_quiet(name)
    assert world.connection(name).state == ConnectionState.CONNECTED
    assert world.standing(name) == once(name), "what waited goes out once, after the new consent"


@pytest.mark.parametrize("name", PLATFORMS)
def test_an_authorisation_that_ends_between_writes_loses_nothing(world: World, name: str) -> None:
    one_of_each(world, name)
    world.control.fault(method="PUT|POST", path=WRITE, skip=4, status=401, times=1_000)
    result = world.sync(name)
    assert result.exit_code == 1
    assert world.connection(name).state == ConnectionState.NEEDS_RECONNECT
    world.control.no_more_faults()
    world.connect(name)
    world.sync_until_quiet(name)
    assert world.standing(name) == once(name)
