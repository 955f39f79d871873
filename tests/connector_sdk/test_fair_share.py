"""An application's minute and month are shared: nothing exceeds them, and nobody is starved."""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from arsync.connector_sdk import RateLimits
from arsync.connector_sdk.fair_share import Sharing, note_reads, plan_reads, reserve_shared
from arsync.connector_sdk.rate_window import BLOCK_CALLS_MAX, AcquireRequest, CallCount, Permit

NOON = datetime(2026, 11, 10, 12, tzinfo=UTC).timestamp()
MIDNIGHT = datetime(2026, 11, 10, tzinfo=UTC).timestamp()
DAY = 86_400


@dataclass
class App:
    """An application with its organisations, as the store keeps their counts."""

    limits: RateLimits
    ledgers: int = 1
    app: CallCount = field(default_factory=CallCount)
    own: dict[str, CallCount] = field(default_factory=dict)

    def sharing(self, name: str) -> Sharing:
        return Sharing(name, self.limits, self.ledgers)

    def report(self, name: str, request: AcquireRequest, now: float) -> CallCount:
        own = self.own.setdefault(name, CallCount())
        own.release(request, now)
        self.app.release(request, now)
        note_reads(own, self.app, self.sharing(name), request.reads, now)
        return own

    def ask(self, name: str, request: AcquireRequest, now: float) -> Permit:
        """Report and ask as a pacer does, in one transaction."""
        own = self.report(name, request, now)
        return reserve_shared(own, self.app, self.sharing(name), request, now)

    def read(self, name: str, calls: int, now: float) -> int:
        """Read up to so many calls; returns how many were allowed."""
        done, reads = 0, 0
        while done < calls:
            permit = self.ask(name, AcquireRequest(name, calls - done, reads=reads), now)
            if not permit.calls:
                return done
            reads = permit.calls
            done += reads
        self.report(name, AcquireRequest(name, 0, reads=reads), now)
        return done


# -- the minute -----------------------------------------------------------------------------------


def a_minute(app: App, demands: dict[str, int], minutes: int) -> list[tuple[float, str]]:
    """Let organisations call, each so many calls a minute at most; return the calls."""
    calls: list[tuple[float, str]] = []
    due = [(NOON + 0.01 * place, name) for place, name in enumerate(demands)]
    used = dict.fromkeys(demands, 0)
    heapq.heapify(due)
    while due[0][0] < NOON + 60 * minutes:
        now, name = heapq.heappop(due)
        pace = 60 / demands[name]
        # Calls of a block leave within its two seconds: who calls slowly asks for few.
        block = min(8, max(1, int(2 / pace)))
        permit = app.ask(name, AcquireRequest(name, block, used=used[name]), now)
        used[name] = 0
        if not permit.calls:
            heapq.heappush(due, (now + permit.pause_seconds + 0.001, name))
            continue
        calls += [(now + number * pace, name) for number in range(permit.calls)]
        used[name] = permit.calls
        heapq.heappush(due, (now + permit.calls * pace, name))
    return sorted(calls)


def most_in_a_minute(calls: list[tuple[float, str]]) -> int:
    first, most = 0, 0
    for place, (at, _) in enumerate(calls):
        while calls[first][0] <= at - 60:
            first += 1
        most = max(most, place - first + 1)
    return most


@settings(max_examples=10, phases=[Phase.generate], derandomize=True)
@given(
    limit=st.integers(40, 150),
    modest=st.lists(st.integers(1, 12), min_size=1, max_size=8),
    greedy=st.integers(300, 900),
)
def test_a_greedy_ledger_leaves_each_other_its_share(
    limit: int, modest: list[int], greedy: int
) -> None:
    share = limit // (len(modest) + 1)
    demands = {f"modest {place}": min(calls, share) for place, calls in enumerate(modest)}
    minutes = 4
    calls = a_minute(
        App(RateLimits(0, 0, app_calls_per_minute=limit)), {"greedy": greedy, **demands}, minutes
    )
    assert most_in_a_minute(calls) <= limit
    # The first to come had the first minute; from the third on, everybody is known.
    got = Counter(name for at, name in calls if at >= NOON + 120)
    for name, demand in demands.items():
        assert got[name] >= demand * (minutes - 2) - 1, (name, demand, got)
    kept = sum(min(share, max(10, 2 * demand)) for demand in demands.values())
    # But for a block or two that the windows cut off.
    assert got["greedy"] >= 0.6 * (limit - kept) * (minutes - 2) - 2 * BLOCK_CALLS_MAX, got


def test_all_greedy_get_about_the_same() -> None:
    app = App(RateLimits(0, 0, app_calls_per_minute=120))
    calls = a_minute(app, {f"org {number}": 600 for number in range(6)}, 6)
    got = Counter(name for at, name in calls if at >= NOON + 60)
    assert min(got.values()) >= 0.5 * max(got.values()), got
    assert most_in_a_minute(calls) <= 120


def test_alone_an_organisation_has_the_whole_minute() -> None:
    calls = a_minute(App(RateLimits(0, 0, app_calls_per_minute=100)), {"alone": 1_000}, 3)
    assert len(calls) >= 0.9 * 300
    assert most_in_a_minute(calls) <= 100


def test_who_waits_no_longer_holds_nobody_back() -> None:
    app = App(RateLimits(0, 0, app_calls_per_minute=10))
    for number in range(10):
        app.ask("greedy", AcquireRequest("greedy", 1, used=1), NOON + number)
    waiting = app.ask("modest", AcquireRequest("modest"), NOON + 10)
    assert not waiting.calls
    assert list(app.app.contenders) == ["modest"]
    later = NOON + 10 + waiting.pause_seconds + 60
    assert app.ask("greedy", AcquireRequest("greedy", 1), later).calls == 1
    assert not app.app.contenders


# -- the month ------------------------------------------------------------------------------------

METERED = RateLimits(0, 0, reads_per_month=500_000, reads_reserve=25_000)


def test_a_day_gets_its_part_of_the_month() -> None:
    app = CallCount()
    app.read(0, MIDNIGHT)
    app.reads = 55_000
    # On the 10th of November 21 days are left, this one included.
    plan = plan_reads(app, METERED, 100, MIDNIGHT)
    assert plan.budget == (500_000 - 25_000 - 55_000) // 21 == 20_000
    assert plan.share == 200


def test_a_first_pull_takes_what_the_others_leave() -> None:
    app = App(METERED._replace(reads_per_month=30_000, reads_reserve=0), ledgers=10)
    others = [f"org {number}" for number in range(9)]
    for name in others:
        assert app.read(name, 20, MIDNIGHT) == 20
    tomorrow = MIDNIGHT + DAY
    budget = plan_reads(app.app, app.limits, 10, tomorrow).budget
    assert budget == (30_000 - 180) // 20 == 1_491
    # Of what is left when the others need 180 a day, half can be borrowed on one day.
    spare = 30_000 - 180 - 180 * 20
    assert app.read("greedy", 100_000, tomorrow) == budget // 10 + spare // 2
    for name in others:
        assert app.read(name, 100, tomorrow + 3_600) == 100, "it is sure of its share"
    assert app.read("greedy", 1, tomorrow + 7_200) == 0
    assert app.read("greedy", 1, tomorrow + DAY) == 1


@settings(max_examples=8)
@given(
    ledgers=st.integers(2, 12),
    month=st.integers(3_000, 40_000),
    pull=st.integers(1_000, 100_000),
    routine=st.integers(1, 40),
)
def test_no_ledger_eats_the_month_of_the_others(
    ledgers: int, month: int, pull: int, routine: int
) -> None:
    limits = RateLimits(0, 0, reads_per_month=month, reads_reserve=month // 20)
    app = App(limits, ledgers=ledgers)
    start = datetime(2026, 11, 1, tzinfo=UTC).timestamp()
    for day in range(30):
        for hour in (0.5, 12, 23):
            now = start + day * DAY + hour * 3_600
            pull -= app.read("greedy", pull, now)
            for number in range(ledgers - 1):
                name = f"org {number}"
                share = plan_reads(app.app, limits, ledgers, now).share
                before = app.own[name].reads_today if name in app.own else 0
                before = (
                    before if name in app.own and app.own[name].day[-2:] == f"{day + 1:02}" else 0
                )
                asked_for = min(routine, max(0, share - before))
                left = month - limits.reads_reserve - app.app.reads
                assert app.read(name, asked_for, now) >= min(asked_for, max(0, left))
    assert app.app.reads <= month - limits.reads_reserve
    fair = (month - limits.reads_reserve) // 30 // ledgers
    for number in range(ledgers - 1):
        assert app.own[f"org {number}"].reads >= 0.7 * 30 * min(3 * routine, fair) - 30


def test_writes_read_beyond_the_shares() -> None:
    app = App(RateLimits(0, 0, reads_per_month=300, reads_reserve=100), ledgers=10)
    assert app.read("acme", 1_000, MIDNIGHT) < 60
    late = MIDNIGHT + DAY - 600
    assert app.ask("acme", AcquireRequest("acme"), late).share_ends_seconds == 600
    assert app.ask("acme", AcquireRequest("acme", changes=True), late).calls == 1
    assert app.read("bolt", 1, late) == 1


def test_what_is_under_way_counts_for_the_month() -> None:
    app = App(RateLimits(0, 0, reads_per_month=100, reads_reserve=0), ledgers=1)
    app.app.read(0, NOON)
    app.app.reads = 98
    app.app.usual_reads = 0
    assert app.ask("a", AcquireRequest("a", 1), NOON).calls == 1
    assert app.ask("b", AcquireRequest("b", 1), NOON).calls == 1
    third = app.ask("c", AcquireRequest("c", 1), NOON)
    assert (third.calls, third.month_ends_seconds) == (0, None)
    assert third.pause_seconds > 0
