"""Deaths of a process, at every point of a run and in every pair of points.

How a process dies here: it is forked. At each point the process is copied with all that stands
around it, the platform in its memory and the store in its file; the copy is the world after a
death, the original lives on to its next point. Nothing of the dead process runs any more, neither
`except` nor `finally` nor a destructor, exactly as after `kill -9`; an exception, even one that
nothing may catch, would still run every `finally` on its way out. And one run is enough for all its
points, instead of one run for each. (`test_deaths_by_exception.py` dies the other way, where the
store is not a file; `tests/acceptance/test_kill.py` kills real processes.)

The copy starts a new application on what was left, runs until it is quiet, compares the platform's
own ledger with that of a life without accidents, and says what it found in a line of JSON.
"""

from __future__ import annotations

import gc
import json
import os
import random
import select
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, NoReturn

from .world import Point, World

CHILD_SECONDS_MAX = 110
"""A world that is not quiet after so long counts as broken."""
FAILURES_SHOWN = 5
_TOKEN_CALLS = ("/connect/token", "/tokens/bearer")


@dataclass
class Tally:
    """How many schedules were tried, how they ended, and which broke a promise."""

    schedules: int = 0
    unknown: int = 0
    """In so many an outcome had to be settled by a person."""
    reconnected: int = 0
    """In so many a person had to give consent again: the platform had renewed the token, and the
    process died for longer than the old one lives before it could save the new one."""
    runs: int = 0
    left_out: int = 0
    """Chosen by the profile, but the time was over."""
    failures: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        self.schedules += other.schedules
        self.unknown += other.unknown
        self.reconnected += other.reconnected
        self.runs += other.runs
        self.left_out += other.left_out
        self.failures += other.failures

    def assert_whole(self) -> None:
        shown = "\n\n".join(self.failures[:FAILURES_SHOWN])
        assert not self.failures, f"{len(self.failures)} of {self.schedules} broke:\n{shown}"


class Schedule(NamedTuple):
    """Which points a process dies at.

    `share[n]` is the share of the points of the n-th life that are tried, 1 for all; the choice is
    made from the seed alone. Points at which nothing lasting has changed since the one before are
    left out unless `all_points`: a death there leaves what a death at that one left.
    """

    share: tuple[float, ...] = (1.0,)
    seed: int = 1
    all_points: bool = False
    pause_minutes: tuple[float, ...] = (10.0,)
    """How long until the next process starts, taken in turn: the platform's memory of idempotency
    keys (six minutes at Xero) has ended in some and not in others."""
    ends_at: float = float("inf")
    """`time.monotonic()` after which no further point is tried."""
    jobs: int = 1
    """How many copies work beside the original."""


Check = Callable[[World], None]


class Deaths:
    """Runs something, and dies at each chosen point of it."""

    def __init__(
        self,
        world: World,
        folder: Path,
        schedule: Schedule,
        check: Check,
        *,
        again: Callable[[World], object] = lambda _: None,
    ) -> None:
        """Take a world in which something is about to be done.

        Args:
            world: all of it.
            folder: where copies of the store go.
            schedule: where it dies.
            check: raises AssertionError when a world that is quiet again is not as it should be.
            again: what a person does after a death, before the next run.
        """
        self.world = world
        self.folder = folder
        self.schedule = schedule
        self.check = check
        self.again = again
        self.tally = Tally()
        self._points: list[Point] = []
        """The points of the deaths so far, for messages."""
        self._copies: list[tuple[int, int, str]] = []

    def of(self, work: Callable[[World], object]) -> Tally:
        """Do the work once to its end, and die at each chosen point of it."""
        gc.freeze()
        self.world.at_point = self._at_point
        work(self.world)
        self.world.at_point = None
        self._collect(0)
        gc.unfreeze()
        return self.tally

    def _at_point(self, point: Point) -> None:
        life = len(self._points)
        if life >= len(self.schedule.share) or not self._is_chosen(point, life):
            return
        if time.monotonic() > self.schedule.ends_at:
            self.tally.left_out += 1
            return
        store = self.world.photograph(self.folder)
        self._collect(self.schedule.jobs - 1)
        label = " then ".join(map(str, [*self._points, point]))
        inlet, outlet = os.pipe()
        with warnings.catch_warnings():
            # That threads stay behind is what is meant.
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if pid == 0:
            # A short life; and what is collected would be copied first.
            gc.disable()
            os.close(inlet)
            self._live_on(point, store, outlet, label)
        os.close(outlet)
        self._copies.append((pid, inlet, label))

    def _is_chosen(self, point: Point, life: int) -> bool:
        if not (point.lasting or self.schedule.all_points):
            return False
        before = "/".join(str(one.number) for one in self._points)
        chance = random.Random(f"{self.schedule.seed}/{before}/{point.number}").random()
        return chance < self.schedule.share[life]

    def _live_on(self, point: Point, store: Path, outlet: int, label: str) -> NoReturn:
        """Be the world after the death; never returns."""
        signal.alarm(CHILD_SECONDS_MAX)
        self._copies = []
        self._points = [*self._points, point]
        self.tally = Tally(schedules=1)
        try:
            self._restart(store)
            self.again(self.world)
            self.tally.runs += self.world.run_until_quiet()
            self.world.at_point = None
            self._collect(0)
            self._reconnect()
            self.tally.unknown += bool(self.world.settle_as_a_person())
            self.check(self.world)
        except BaseException:  # noqa: BLE001 - whatever happens is told to the one who waits
            self.tally.failures.append(f"died at {label}:\n{traceback.format_exc(limit=-6)}")
        text = json.dumps(vars(self.tally)).encode()
        while text:
            text = text[os.write(outlet, text) :]
        os._exit(0)

    def _reconnect(self) -> None:
        """Let a person give consent again; that is right only after a token call without end."""
        if self.world.reconnect_as_a_person():
            at_a_token = [one for one in self._points if one.what.endswith(_TOKEN_CALLS)]
            assert at_a_token, "the consent was lost without a death at a token call"
            self.tally.reconnected += 1

    def _restart(self, store: Path) -> None:
        pauses = self.schedule.pause_minutes
        self.world.reborn(store)
        self.world.points = 0
        if len(self._points) < len(self.schedule.share):
            self.world.at_point = self._at_point
        self.world.advance(minutes=pauses[self._points[-1].number % len(pauses)])

    def _collect(self, left: int) -> None:
        """Wait until at most so many copies are at work."""
        while len(self._copies) > left:
            ready, _, _ = select.select([inlet for _, inlet, _ in self._copies], [], [])
            for copy in [one for one in self._copies if one[1] in ready]:
                self._copies.remove(copy)
                self._take(*copy)

    def _take(self, pid: int, inlet: int, label: str) -> None:
        parts = []
        while part := os.read(inlet, 65536):
            parts.append(part)
        os.close(inlet)
        os.waitpid(pid, 0)
        if parts:
            self.tally.add(Tally(**json.loads(b"".join(parts))))
        else:
            self.tally.add(Tally(schedules=1, failures=[f"died at {label}: never quiet again"]))


can_fork = hasattr(os, "fork") and sys.platform == "linux"
