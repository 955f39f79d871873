"""However many call one organisation, they stay within its limits together."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.builders.stores import put_store

from arsync.clock import SetClock
from arsync.connector_sdk import RateLimits
from arsync.connector_sdk.rate_window import BLOCK_SECONDS, AcquireRequest
from arsync.errors import RetryLater
from arsync.http import Pacer, PlatformTransport, Timer, Timing, TransportHooks, TransportSettings
from arsync.store import open_store
from arsync_sandbox.clock import SandboxClock
from arsync_sandbox.server import Sandbox

CALLERS = 8
CALLS_EACH = 12


class Together:
    """Time that stands while anybody works, and moves on when all of them sleep."""

    def __init__(self, clock: SetClock, sleepers: int, moved: Callable[[datetime], None]) -> None:
        self._clock = clock
        self._awake = sleepers
        self._targets: list[datetime] = []
        self._changed = threading.Condition()
        self._moved = moved

    @property
    def timer(self) -> Timer:
        return Timer(lambda: self._clock.now().timestamp(), self.sleep)

    def sleep(self, seconds: float) -> None:
        with self._changed:
            target = self._clock.now() + timedelta(seconds=seconds)
            self._targets.append(target)
            self._awake -= 1
            self._move()
            self._changed.wait_for(lambda: self._clock.now() >= target, timeout=60)
            self._targets.remove(target)
            self._awake += 1

    def leave(self) -> None:
        with self._changed:
            self._awake -= 1
            self._move()

    def _move(self) -> None:
        if self._awake == 0 and self._targets:
            to = min(self._targets)
            self._clock.moment = max(to, self._clock.moment)
            self._moved(self._clock.moment)
            self._changed.notify_all()


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store, on each kind of database."""
    if request.param == "sqlite":
        return f"sqlite:///{put_store(tmp_path)}"
    url: str = request.getfixturevalue("postgresql_store")
    return url


def storm(bench: Any, url: str) -> list[Exception]:
    """Let eight callers, each with the store opened for itself, call at the same time."""
    # Its own seconds would blur the windows: it stands as well until all sleep.
    bench.sandbox.clock = SandboxClock(bench.now(), elapsed=lambda: 0.0)
    clock = SetClock(bench.now())
    limits = bench.platform.limits
    open_store(url, clock=clock).close()
    together = Together(clock, CALLERS, lambda to: bench.advance(to - bench.now()))
    failures: list[Exception] = []

    def call() -> None:
        with open_store(url, clock=clock) as store:
            transport = PlatformTransport(
                TransportSettings(
                    "Xero",
                    limits,
                    rate_limiter=store.paces.of("xero|app", bench.organisation_id, limits),
                ),
                bench.tokens,
                clock,
                timing=Timing(together.timer),
            )
            connector = bench.platform.open(transport, bench.organisation_id, bench.settings)
            try:
                for _ in range(CALLS_EACH):
                    connector.organisation()
            except Exception as error:  # noqa: BLE001 - the test tells of it
                failures.append(error)
            finally:
                transport.close()
                together.leave()

    threads = [threading.Thread(target=call) for _ in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


def api_calls(sandbox: Sandbox) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    while True:
        page = sandbox.journal.page(rows[-1]["number"] if rows else 0)["requests"]
        if not page:
            break
        rows += page
    return [row for row in rows if "/api.xro/" in row["path"]]


def most_in_a_minute(rows: list[dict[str, Any]]) -> int:
    moments = [datetime.fromisoformat(row["at"]) for row in rows]
    return max(
        sum(start <= moment < start + timedelta(minutes=1) for moment in moments)
        for start in moments
    )


def test_eight_callers_at_once_never_exceed_a_limit(
    sandbox: Sandbox, xero: Any, tmp_path: Path
) -> None:
    sandbox.change_settings({"limits": True})
    assert storm(xero, f"sqlite:///{tmp_path / 'arsync.db'}") == []
    rows = api_calls(sandbox)
    # The organisation's own call asks for its reminders too.
    assert {row["status"] for row in rows} == {200}, "the platform had to refuse nothing"
    assert len(rows) >= CALLERS * CALLS_EACH
    assert most_in_a_minute(rows) <= 60


def test_a_storm_of_refusals_ends_within_bounded_calls(
    sandbox: Sandbox, xero: Any, store_url: str
) -> None:
    path = "/api.xro/"
    minute = {"Retry-After": "40", "X-Rate-Limit-Problem": "minute"}
    concurrent = {"X-Rate-Limit-Problem": "concurrent"}
    for fault in (
        {"path": path, "status": 429, "headers": minute, "times": 3, "skip": 5},
        {"path": path, "status": 429, "headers": concurrent, "times": 5, "skip": 20},
        {"path": path, "status": 503, "times": 3, "skip": 40},
        {"path": path, "drop": "before", "times": 2, "skip": 60},
        {"path": path, "status": 429, "times": 2, "skip": 80},
    ):
        sandbox.faults.add(fault)
    sandbox.change_settings({"limits": True})
    assert storm(xero, store_url) == []
    rows = api_calls(sandbox)
    good = [row for row in rows if row["status"] == 200]
    refused = [row for row in rows if row["status"] != 200]
    assert len(refused) == 15, "no refusal but those that were planted"
    assert len(rows) == len(good) + 15
    assert all(row["fault"] for row in refused)
    assert most_in_a_minute(rows) <= 60
    # While the platform asks for a pause, only what was on its way still comes.
    refused_at = next(i for i, row in enumerate(rows) if row["status"] == 429)
    at = datetime.fromisoformat(rows[refused_at]["at"])
    soon = [
        row
        for row in rows[refused_at + 1 :]
        if datetime.fromisoformat(row["at"]) < at + timedelta(seconds=35)
    ]
    assert len(soon) <= xero.platform.limits.calls_at_once * 2


# -- the count itself -------------------------------------------------------------------------

LIMITS = RateLimits(calls_per_minute=55, calls_at_once=4, calls_per_day=5_000, reserve_per_day=200)


@pytest.fixture
def clock() -> SetClock:
    return SetClock(datetime(2026, 11, 20, 9, tzinfo=UTC))


@pytest.fixture
def pacers(clock: SetClock, tmp_path: Path) -> Iterator[Callable[..., Pacer]]:
    """Make pacers of one organisation, each as another process has it."""
    url = f"sqlite:///{tmp_path / 'arsync.db'}"

    def sleep(seconds: float) -> None:
        clock.advance(timedelta(seconds=seconds))

    def make(limits: RateLimits = LIMITS, organisation: str = "org") -> Pacer:
        store = opened.enter_context(open_store(url, clock=clock))
        timer = Timer(lambda: clock.now().timestamp(), sleep)
        return Pacer(
            "Xero",
            limits,
            timer=timer,
            rate_limiter=store.paces.of("xero|app", organisation, limits),
        )

    with ExitStack() as opened:
        yield make


def test_the_next_run_remembers_a_used_up_day(
    pacers: Callable[..., Pacer], clock: SetClock
) -> None:
    first = pacers()
    first.admit(changes=False)
    first.day_is_over(66_975.0)
    with pytest.raises(RetryLater, match="today's calls are used up") as refused:
        pacers().admit(changes=True)
    assert refused.value.after_seconds == 66_975.0
    clock.advance(timedelta(seconds=66_975))
    pacers().admit(changes=True)


def test_another_process_leaves_the_reserve_to_writes(pacers: Callable[..., Pacer]) -> None:
    first = pacers()
    first.admit(changes=False)
    first.learn({"x-daylimit-remaining": "201"})
    first.close()
    second = pacers()
    second.admit(changes=False)
    with pytest.raises(RetryLater, match="200 kept for writes"):
        second.admit(changes=False)
    second.admit(changes=True)
    assert second.day_left == 199
    with pytest.raises(RetryLater, match="200 kept for writes"):
        pacers().admit(changes=False)


def test_what_a_dead_process_borrowed_counts_as_used(
    pacers: Callable[..., Pacer], clock: SetClock
) -> None:
    """Nobody knows whether it called, so the limit holds either way; and it blocks nobody long."""
    limits = RateLimits(calls_per_minute=4, calls_at_once=1)
    dead = pacers(limits)
    dead.admit(changes=False)
    alive = pacers(limits)
    began = clock.now()
    for _ in range(3):
        alive.admit(changes=False)
    assert clock.now() - began <= timedelta(seconds=60 + BLOCK_SECONDS + 150)
    at = clock.now()
    alive.admit(changes=False)
    assert clock.now() - at <= timedelta(seconds=60 + BLOCK_SECONDS)


def test_calls_at_once_are_shared_in_turns(pacers: Callable[..., Pacer], clock: SetClock) -> None:
    limits = RateLimits(calls_per_minute=0, calls_at_once=2)
    allowances = [pacers(limits) for _ in range(3)]
    in_flight = []
    for pacer in allowances[:2]:
        pacer.admit(changes=False)
        in_flight.append(pacer)
    done = threading.Event()

    def call() -> None:
        allowances[2].admit(changes=False)
        done.set()

    third = threading.Thread(target=call)
    third.start()
    assert not done.wait(0.3), "two are under way already"
    allowances[0].close()
    assert done.wait(5)
    third.join()


def test_an_application_has_a_limit_over_all_its_organisations(
    pacers: Callable[..., Pacer], clock: SetClock
) -> None:
    limits = RateLimits(calls_per_minute=0, calls_at_once=0, app_calls_per_minute=6)
    began = clock.now()
    for number in range(6):
        pacer = pacers(limits, f"org{number}")
        pacer.admit(changes=False)
        pacer.close()
    assert clock.now() - began < timedelta(seconds=1)
    pacers(limits, "org7").admit(changes=False)
    assert clock.now() - began >= timedelta(seconds=60)


def test_monthly_reads_across_organisations_keep_a_write_reserve(
    pacers: Callable[..., Pacer], clock: SetClock, tmp_path: Path
) -> None:
    limits = RateLimits(0, 0, reads_per_month=10, reads_reserve=3)
    first = pacers(limits)
    for number in range(9):
        first.admit(changes=number >= 7)  # the last two are writes: they are not metered
        if number < 7:
            first.read()
    first.close()
    with open_store(f"sqlite:///{tmp_path / 'arsync.db'}", clock=clock) as store:
        assert store.paces.reads_this_month("xero|app") == 7
    with pytest.raises(RetryLater, match="this month's calls that read are used up") as over:
        pacers(limits, "another").admit(changes=False)
    december = datetime(2026, 12, 1, tzinfo=UTC)
    assert over.value.after_seconds == (december - clock.now()).total_seconds()
    pacers(limits).admit(changes=True)
    clock.moment = december
    pacers(limits).admit(changes=False)


def test_a_clock_that_was_set_back_stops_nobody(
    pacers: Callable[..., Pacer], clock: SetClock
) -> None:
    pacer = pacers()
    for _ in range(40):
        pacer.admit(changes=False)
    pacer.close()
    clock.advance(timedelta(days=-30))
    began = clock.now()
    second = pacers()
    for _ in range(40):
        second.admit(changes=False)
    assert clock.now() - began <= timedelta(seconds=2 * 60 + BLOCK_SECONDS)


def test_a_lone_process_reserves_several_calls_together(
    pacers: Callable[..., Pacer],
) -> None:
    limits = RateLimits(calls_per_minute=1_000, calls_at_once=4)
    pacer = pacers(limits)
    rate_limiter = Counted(pacer._rate_limiter)
    pacer._rate_limiter = rate_limiter
    for _ in range(79):
        pacer.admit(changes=False)
    assert rate_limiter.asked == 3 + 9, "1, 2 and 4, then 8 at a time"


class Counted:
    """Counts what is asked of a rate limiter."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.asked = 0

    def acquire(self, request: AcquireRequest) -> Any:
        self.asked += 1
        return self._inner.acquire(request)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def test_a_long_pause_is_left_to_the_scheduler(pacers: Callable[..., Pacer]) -> None:
    pacers().rest(7_000)
    began = time.monotonic()
    with pytest.raises(RetryLater) as later:
        pacers().admit(changes=False)
    assert later.value.after_seconds == 7_000
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("serves_writes", [True, False])
def test_reads_made_for_a_write_may_use_its_reserve(
    sandbox: Sandbox, xero: Any, tmp_path: Path, serves_writes: bool
) -> None:
    clock = SetClock(xero.now())
    limits = LIMITS._replace(calls_per_day=LIMITS.reserve_per_day)
    sandbox.change_settings({"limits": True})
    with open_store(f"sqlite:///{tmp_path / 'arsync.db'}", clock=clock) as store:
        transport = PlatformTransport(
            TransportSettings(
                "Xero",
                limits,
                rate_limiter=store.paces.of("xero|app", xero.organisation_id, limits),
            ),
            xero.tokens,
            clock,
            hooks=TransportHooks(writing=lambda: serves_writes),
        )
        connector = xero.platform.open(transport, xero.organisation_id, xero.settings)
        if serves_writes:
            assert connector.organisation().id == xero.organisation_id
        else:
            with pytest.raises(RetryLater, match="200 kept for writes"):
                connector.organisation()
        transport.close()
