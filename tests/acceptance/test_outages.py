"""A platform that is away is left alone for a while, and holds no other connection up."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from subprocess import CompletedProcess

from tests.builders.driver import examine
from tests.builders.ledgers import contact_row, invoice_row, once, one_of_each
from tests.builders.world import World

from arsync.application.results import RunResult
from arsync.cli.queries_commands import status_lines

XERO = "^/api.xro/"
QUICKBOOKS = "^/v3/company/"
NO_RULES = "version: 1\nname: Nothing\ncurrency: GBP\n"


def connected(world: World, *names: str) -> None:
    """Connect ledgers with one invoice each, and no rule."""
    world.rules(NO_RULES)
    world.load(contacts=[contact_row("c1", "Customer")], invoices=[invoice_row(1, "c1", overdue=3)])
    for name in names:
        world.connect(name)
        world.sync(name)


def calls(world: World, since: int, path: str = "/api.xro/") -> int:
    return sum(path in row["path"] for row in world.control.journal(since))


def away(world: World) -> None:
    world.control.fault(path=XERO, drop="before", times=1_000)


def test_after_three_failed_runs_a_platform_is_asked_once(
    world: World,
) -> None:
    connected(world, "xero")
    away(world)
    for number in range(3):
        result = world.sync("xero")
        assert result.exit_code == 1
        assert bool(result.waits_until) == (number == 2)
        world.advance(minutes=1)
    # It rests: no call at all, and the run says until when.
    since = world.control.last_request()
    result = world.sync("xero")
    assert (result.exit_code, calls(world, since)) == (1, 0)
    (problem,) = result.all_problems
    assert "Xero was not reached 3 times in a row" in problem
    assert "`arsync sync --now --connection xero` tries at once" in problem
    # When the pause is over, one call looks whether it is back; then the pause is twice as long.
    pauses = [(result.waits_until or world.clock.now()) - world.clock.now()]
    for _ in range(3):
        assert result.waits_until is not None
        world.move_to(result.waits_until)
        since = world.control.last_request()
        result = world.sync("xero")
        assert calls(world, since) == 1, "nothing is tried twice while it is away"
        assert result.waits_until is not None
        pauses.append(result.waits_until - world.clock.now())
    assert pauses[1:] == [timedelta(minutes=10), timedelta(minutes=20), timedelta(minutes=40)]
    # It is back: the next run after the pause works as ever, and the outage is forgotten.
    world.control.no_more_faults()
    assert result.waits_until is not None
    world.move_to(result.waits_until)
    assert world.sync("xero").exit_code == 0
    assert world.app.store.outages.get(world.connection("xero").id) is None


def test_a_person_may_try_at_once(world: World) -> None:
    connected(world, "xero")
    away(world)
    for _ in range(3):
        world.sync("xero")
    world.control.no_more_faults()
    assert world.sync("xero").exit_code == 1, "it rests"
    (result,) = world.app.sync("xero", now=True)
    assert result.exit_code == 0
    assert world.sync("xero").exit_code == 0


def test_a_pull_always_tries_and_ends_the_rest(world: World) -> None:
    connected(world, "xero")
    away(world)
    for _ in range(3):
        world.sync("xero")
    world.control.no_more_faults()
    (result,) = world.app.pull("xero")
    assert result.exit_code == 0
    assert world.sync("xero").exit_code == 0


def test_a_refusal_for_too_many_calls_is_no_outage(world: World) -> None:
    connected(world, "xero")
    day = {"Retry-After": "7000", "X-Rate-Limit-Problem": "day"}
    world.control.fault(path=XERO, status=429, headers=day, times=4)
    for _ in range(4):
        result = world.sync("xero")
        assert result.waits_until == world.clock.now() + timedelta(seconds=7000)
        assert "today's calls are used up. It waits until 2026-11-18 1" in result.all_problems[0]
    assert world.app.store.outages.get(world.connection("xero").id) is None


def test_waiting_for_a_busy_platform_stops_within_a_second(world: World) -> None:
    connected(world, "xero")
    world.control.fault(path=XERO, status=429, headers={"Retry-After": "60"}, times=1_000)
    (result,) = world.app.sync("xero", stop=lambda: world.slept > 2)
    assert 2 < world.slept < 3.1, "it would have waited for minutes"
    assert result.stopped == "asked to stop: the next run continues from here"
    assert (result.exit_code, result.all_problems) == (1, [])
    assert world.app.store.runs.latest(world.connection("xero").id)[0].outcome == "stopped"


def test_quickbooks_monthly_reads_are_shown_and_keep_their_reserve(
    world: World,
) -> None:
    most = {"quickbooks_reads_per_month": "20", "quickbooks_reads_reserve": "10"}
    world.config = world.configured(runs_pace="on", **most)
    world.restart()
    connected(world, "quickbooks")
    reads = world.app.status()[0].reads_this_month
    assert reads >= 4, "each list was read"
    words = f"{reads} of 20 reads of this month are used, over all companies of the app"
    assert words in status_lines(world.app.status()[0], UTC)
    for _ in range(10):
        result = world.sync("quickbooks")
    (problem,) = result.all_problems
    assert "this month's calls that read are used up but 10 kept for writes" in problem
    assert result.waits_until == datetime(2026, 12, 1, tzinfo=UTC)
    findings = [
        finding for finding in examine(world.app) if "reads of this month" in finding.message
    ]
    assert [finding.verdict for finding in findings] == ["wrong"]


def test_status_and_doctor_show_the_rest(
    world: World, arsync: Callable[..., CompletedProcess[str]]
) -> None:
    connected(world, "xero")
    away(world)
    for _ in range(3):
        world.sync("xero")
    world.control.no_more_faults()
    world.app.close()
    for command in ("status", "doctor"):
        shown = arsync(world.folder, command).stdout
        assert "Xero was not reached 3 times in a row, last at 2026-11-18" in " ".join(
            shown.split()
        )


def test_a_slow_or_broken_connection_holds_no_other_up(world: World) -> None:
    connected(world, "xero", "quickbooks")
    # QuickBooks comes first by name, and its first answer is held back until Xero is done.
    world.control.fault(path=QUICKBOOKS, delay_seconds=2.0, times=1)
    results = [result.connection for result in world.app.sync()]
    assert results == ["xero", "quickbooks"]


def test_each_effect_happens_once_with_both_connections_at_work(world: World) -> None:
    for name in ("xero", "quickbooks"):
        one_of_each(world, name)
    for _ in range(6):
        results = list(world.app.sync())
        assert {problem for result in results for problem in result.all_problems} == set()
        world.advance(hours=1)
    for name in ("xero", "quickbooks"):
        assert world.standing(name) == once(name)


def test_the_loop_serves_other_connections_while_one_is_slow(world: World) -> None:
    connected(world, "xero", "quickbooks")
    world.control.fault(path=QUICKBOOKS, delay_seconds=3.0, times=1)
    world.advance(minutes=15)
    stop, order = threading.Event(), list[str]()

    def report(result: RunResult) -> None:
        order.append(result.connection)
        world.advance(minutes=15)
        if result.connection == "quickbooks":
            stop.set()

    world.app.run_forever(every_seconds=900, stop=stop, report=report)
    assert order.index("quickbooks") >= 2, "meanwhile the other one had several rounds"
    assert set(order[:2]) == {"xero"}
