"""The event loop: what is due is queued, workers take it, platforms count its calls."""

from __future__ import annotations

import heapq
import random
from collections import Counter, deque
from collections.abc import Generator, Iterator
from datetime import UTC, datetime
from operator import attrgetter

from arsync.connector_sdk.fair_share import Sharing, leave, note_reads, reserve_shared
from arsync.connector_sdk.rate_window import (
    BLOCK_CALLS_MAX,
    BLOCK_SECONDS,
    AcquireRequest,
    CallCount,
    Permit,
)
from arsync.http.rate_limiter import SHORT_WAIT_SECONDS_MAX
from arsync.store.admin.outages import retry_at
from arsync.store.admin.schedules import UNREACHED_SECONDS, next_place
from benchmarks.scale.assumptions import (
    AWAY_SECONDS,
    CALL_SECONDS,
    CHANGED_CALLS,
    EVENTS_MIN,
    EVENTS_OF_AN_INVOICE,
    HEARTBEAT_LIMIT_SECONDS,
    HOUR,
    INVOICES_OF_A_LETTER,
    LETTER_CALLS,
    LETTERS_MAX,
    PLATFORMS,
    PROBE_SECONDS,
    PROCESSOR_SECONDS,
    PROCESSOR_SECONDS_OF_AN_INVOICE,
    QUIET_CALLS,
    RESCUE_TURN_SECONDS,
    ROUTINE_TURN_SECONDS,
    TIME_ZONES,
    WISHES_TURN_SECONDS,
    WORKING_HOURS,
    Ledger,
    Practice,
    ledgers,
)
from benchmarks.scale.books import Books
from benchmarks.scale.strict_platform import StrictPlatform

EPOCH = datetime(2026, 12, 1, tzinfo=UTC).timestamp()
"""The simulated day begins here: moments of the simulation are seconds after it."""
RESTARTED_AFTER_HOURS = 0.5
Run = Generator[float, None, None]
"""A run: yields how long it waits."""


class Worker:
    """One process: threads that share one processor, as Python's do."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.threads_free = threads
        """None of a worker that has died."""
        self.running: set[Ledger] = set()
        self.life = 0
        self.processor_free_at = 0.0
        self.processor_seconds = 0.0

    def take(self, ledger: Ledger) -> None:
        """Run a ledger in a thread of its own."""
        self.running.add(ledger)
        self.threads_free -= 1

    def leave(self, ledger: Ledger) -> None:
        """Have the thread again in which a ledger ran."""
        self.running.discard(ledger)
        self.threads_free += 1

    def die(self) -> list[Ledger]:
        """Return what ran, and runs on nowhere."""
        self.life, self.threads_free = self.life + 1, 0
        lost = list(self.running)
        self.running.clear()
        return lost

    def start_again(self) -> None:
        """Take runs again."""
        self.threads_free = self.threads

    def compute(self, now: float, seconds: float) -> float:
        """Return when work that is given now is done."""
        self.processor_free_at = max(now, self.processor_free_at) + seconds
        self.processor_seconds += seconds
        return self.processor_free_at


class RateLimiter:
    """Counts the calls of a ledger and of its application, as the store's does, in memory."""

    __slots__ = ("_app", "_own", "_sharing")

    def __init__(self, sharing: Sharing, app: CallCount) -> None:
        limits = sharing.limits
        self._own = CallCount()
        # As in the store, what no limit is shared for is not counted together.
        self._app = app if limits.app_calls_per_minute or limits.reads_per_month else None
        self._sharing = sharing

    def acquire(
        self, calls: int, used: int, used_ago: float, day_left: int | None, now: float
    ) -> Permit:
        """Report the last block and what the platform said is left of the day; reserve another."""
        request = AcquireRequest(
            self._sharing.organisation,
            calls,
            used=used,
            used_ago_seconds=used_ago,
            day_left=day_left,
            reads=used,
            learned_ago_seconds=used_ago,
        )
        self._report(request, now)
        app = _UNSHARED if self._app is None else self._app
        return reserve_shared(self._own, app, self._sharing, request, now)

    def release(self, used: int, used_ago: float, now: float) -> None:
        """Report the last block: the run is over."""
        request = AcquireRequest(
            self._sharing.organisation, 0, used=used, used_ago_seconds=used_ago, reads=used
        )
        self._report(request, now)
        if self._app is not None:
            leave(self._app, self._sharing)

    def _report(self, request: AcquireRequest, now: float) -> None:
        self._own.release(request, now)
        self._own.learn(request, self._sharing.limits, now)
        if self._app is not None:
            self._app.release(request, now)
            note_reads(self._own, self._app, self._sharing, request.reads, now)


_UNSHARED = CallCount()


class Simulation:
    """A practice in simulated time."""

    def __init__(self, practice: Practice, begins_hour: float = 0.0) -> None:
        self.practice = practice
        self._draw = random.Random(practice.seed)
        self.ledgers = ledgers(practice, self._draw)
        self._begins = begins_hour * HOUR
        self._ends = self._begins + practice.hours * HOUR
        self._now = self._begins
        self.workers = [Worker(practice.threads) for _ in range(practice.workers)]
        self.platforms = {
            name: StrictPlatform(name, self._begins, self._ends) for name in PLATFORMS
        }
        of_app = practice.app_calls_per_minute
        limits = PLATFORMS | {"xero": PLATFORMS["xero"]._replace(app_calls_per_minute=of_app)}
        ledgers_of = Counter(ledger.platform for ledger in self.ledgers)
        apps = {name: CallCount() for name in PLATFORMS}
        self._limiters = {
            ledger: RateLimiter(
                Sharing(str(ledger.number), limits[ledger.platform], ledgers_of[ledger.platform]),
                apps[ledger.platform],
            )
            for ledger in self.ledgers
        }
        self.books = Books(self._begins, self._ends)
        self._events: list[tuple[float, int, Run, Worker | None, int]] = []
        self._sequence = 0
        self._places: list[tuple[float, int]] = []
        self._wanted: set[Ledger] = set()
        self._routine_queue: deque[Ledger] = deque()
        self._wanted_queue: deque[Ledger] = deque()

    def play(self) -> Books:
        """Let the time pass, and return what was noted."""
        for ledger in self.ledgers:
            ledger.good_at = self._begins
            self._place(ledger, self._begins)
        self._start(self._turns(), None)
        if self.practice.webhooks:
            self._start(self._webhooks(), None)
        if self.practice.worker_lost_at is not None:
            self._start(self._death(self.practice.worker_lost_at * HOUR), None)
        while self._events and self._events[0][0] <= self._ends:
            self._now, _, run, worker, life = heapq.heappop(self._events)
            if worker is None or worker.life == life:
                self._go_on(run, worker, life)
        for ledger in self.ledgers:
            ledger.longest_gap = max(ledger.longest_gap, self._ends - ledger.good_at)
        return self.books

    def _start(self, run: Run, worker: Worker | None) -> None:
        self._go_on(run, worker, worker.life if worker else 0)

    def _go_on(self, run: Run, worker: Worker | None, life: int) -> None:
        for seconds in run:
            self._sequence += 1
            event = (self._now + seconds, self._sequence, run, worker, life)
            heapq.heappush(self._events, event)
            return

    # -- what is due ----------------------------------------------------------------------------

    def _place(self, ledger: Ledger, after: float, *, not_before: float = 0.0) -> None:
        moment = datetime.fromtimestamp(EPOCH + after, UTC)
        place = next_place(ledger.number, self.practice.every_seconds, moment)
        ledger.next_at = max(place.timestamp() - EPOCH, not_before)
        heapq.heappush(self._places, (ledger.next_at, ledger.number))

    def _turns(self) -> Run:
        """Queue what is wanted and what is due by its pace, as the workers' turns do."""
        routine_at = self._now
        while True:
            for ledger in sorted(self._wanted, key=lambda ledger: ledger.wanted_at or 0.0):
                if not ledger.running and ledger.retry_at <= self._now:
                    self._wanted.discard(ledger)
                    self._queue(ledger, self._wanted_queue)
            if self._now >= routine_at:
                routine_at = self._now + ROUTINE_TURN_SECONDS
                while self._places and self._places[0][0] <= self._now:
                    place, number = heapq.heappop(self._places)
                    ledger = self.ledgers[number - 1]
                    if place == ledger.next_at and not (ledger.queued or ledger.running):
                        self._queue(ledger, self._routine_queue)
            self.books.waiting(len(self._routine_queue) + len(self._wanted_queue))
            yield WISHES_TURN_SECONDS

    def _queue(self, ledger: Ledger, queue: deque[Ledger]) -> None:
        # What waits as routine and is wanted now stands in both; whoever takes it first, runs it.
        ledger.queued = True
        queue.append(ledger)
        self._hand_out()

    def _hand_out(self) -> None:
        while self._wanted_queue or self._routine_queue:
            worker = max(self.workers, key=attrgetter("threads_free"))
            if not worker.threads_free:
                return
            queue = self._wanted_queue or self._routine_queue
            ledger = queue.popleft()
            if ledger.queued and not ledger.running:
                worker.take(ledger)
                ledger.queued, ledger.running = False, True
                self._start(self._run(ledger, worker), worker)

    def _webhooks(self) -> Run:
        events = sorted(self._events_of_the_day())
        for moment, number in events:
            if moment > self._now:
                yield moment - self._now
            ledger = self.ledgers[number - 1]
            self.books.webhooks += 1
            if ledger.wanted_at is None:
                ledger.wanted_at = self._now
                self._wanted.add(ledger)

    def _events_of_the_day(self) -> Iterator[tuple[float, int]]:
        first, last = WORKING_HOURS
        for ledger in self.ledgers:
            zone = self._draw.choice(TIME_ZONES)
            mean = EVENTS_MIN + EVENTS_OF_AN_INVOICE * ledger.invoices
            for _ in range(_drawn_count(self._draw, mean)):
                hour = (self._draw.uniform(first, last) - zone) % 24
                if self._begins <= hour * HOUR < self._ends:
                    yield hour * HOUR, ledger.number

    # -- a run ----------------------------------------------------------------------------------

    def _run(self, ledger: Ledger, worker: Worker) -> Run:
        began = ledger.began_at = self._now
        was_wanted = ledger.wanted_at is not None
        due = ledger.wanted_at if ledger.wanted_at is not None else ledger.next_at
        self.books.began(ledger, began - due, wanted=was_wanted)
        ledger.wanted_at = None
        self._wanted.discard(ledger)
        if self._is_away(ledger.platform):
            yield PROBE_SECONDS if ledger.failures else AWAY_SECONDS
            self._gave_up(ledger)
        else:
            not_before = yield from self._calls(ledger, changed=was_wanted)
            seconds = PROCESSOR_SECONDS[ledger.platform]
            seconds += PROCESSOR_SECONDS_OF_AN_INVOICE * ledger.invoices
            yield worker.compute(self._now, seconds) - self._now
            ledger.failures, ledger.retry_at = 0, 0.0
            ledger.longest_gap = max(ledger.longest_gap, self._now - ledger.good_at)
            ledger.good_at = self._now
            self._place(ledger, began, not_before=not_before)
        self.books.ended(began, self._now)
        ledger.running = False
        worker.leave(ledger)
        self._keep_wish(ledger)
        self._hand_out()

    def _keep_wish(self, ledger: Ledger) -> None:
        """Let a wish that came during the run have a run of its own."""
        if ledger.wanted_at is not None:
            self._wanted.add(ledger)

    def _gave_up(self, ledger: Ledger) -> None:
        ledger.failures += 1
        pause_ends = retry_at(ledger.failures, datetime.fromtimestamp(EPOCH + self._now, UTC))
        ledger.retry_at = pause_ends.timestamp() - EPOCH if pause_ends else 0.0
        self._place(ledger, ledger.began_at, not_before=ledger.retry_at)
        soon = ledger.began_at + UNREACHED_SECONDS
        if not ledger.retry_at and soon < ledger.next_at:
            ledger.next_at = soon
            heapq.heappush(self._places, (soon, ledger.number))

    def _calls(self, ledger: Ledger, *, changed: bool) -> Generator[float, None, float]:
        """Make the calls of a run, block by block; returns until when nothing more is called."""
        calls = QUIET_CALLS[ledger.platform] + changed * CHANGED_CALLS[ledger.platform]
        if self._now >= ledger.letters_at:
            ledger.letters_at = float("inf")
            letters = _drawn_count(self._draw, ledger.invoices / INVOICES_OF_A_LETTER)
            calls += LETTER_CALLS * min(letters, LETTERS_MAX)
        block, used, used_ago = 1, 0, 0.0
        limiter, (latency_min, latency_max) = self._limiters[ledger], CALL_SECONDS
        platform, books, random_share = (
            self.platforms[ledger.platform],
            self.books,
            self._draw.random,
        )
        while calls:
            day_left = platform.day_left(ledger) if used else None
            permit = limiter.acquire(block, used, used_ago, day_left, EPOCH + self._now)
            books.counted(ledger.platform, self._now)
            used = 0
            ends = (permit.day_ends_seconds, permit.month_ends_seconds, permit.share_ends_seconds)
            if any(ends):
                books.waits["day"] += 1
                return self._now + next(seconds for seconds in ends if seconds)
            if not permit.calls:
                books.waited_for_room += permit.pause_seconds
                books.waits["minute"] += 1
                if permit.pause_seconds > SHORT_WAIT_SECONDS_MAX:
                    return self._now + permit.pause_seconds
                block = 1
                yield permit.pause_seconds
                continue
            block = min(2 * block, BLOCK_CALLS_MAX)
            latency = latency_min + (latency_max - latency_min) * random_share()
            used = min(permit.calls, calls, int(BLOCK_SECONDS / latency))
            platform.take(ledger, self._now, used, latency)
            calls -= used
            used_ago = latency
            yield used * latency
        limiter.release(used, used_ago, EPOCH + self._now)
        books.counted(ledger.platform, self._now)
        return 0.0

    def _is_away(self, platform: str) -> bool:
        outage = self.practice.outage
        return (
            platform == "xero"
            and outage is not None
            and outage[0] * HOUR <= self._now < outage[1] * HOUR
        )

    # -- a worker is lost -----------------------------------------------------------------------

    def _death(self, moment: float) -> Run:
        yield moment - self._now
        worker = self.workers[0]
        while not worker.running:
            yield 1.0
        lost = worker.die()
        self.books.running -= len(lost)
        yield HEARTBEAT_LIMIT_SECONDS + RESCUE_TURN_SECONDS
        for ledger in lost:
            ledger.running = False
            self._queue(ledger, self._routine_queue)
        self.books.rescued = len(lost)
        yield RESTARTED_AFTER_HOURS * HOUR
        worker.start_again()
        self._hand_out()


def _drawn_count(draw: random.Random, mean: float) -> int:
    """Draw how many of many independent things happen (Poisson; nearly normal when many)."""
    if mean > 30:
        return max(0, round(draw.gauss(mean, mean**0.5)))
    count, product, limit = 0, draw.random(), 2.718281828459045**-mean
    while product > limit:
        count += 1
        product *= draw.random()
    return count
