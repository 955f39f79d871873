"""Accidents at every point of a run, and at every pair of points: deaths, lost answers, storms.

How a process dies here: it is forked. At each point the process is copied with all that stands
around it, the platform in its memory and the store in its file; the copy is the world after a
death, the original lives on to its next point. Nothing of the dead process runs any more, neither
`except` nor `finally` nor a destructor, exactly as after `kill -9`; an exception, even one that
nothing may catch, would still run every `finally` on its way out. And one run is enough for all its
points, instead of one run for each. (`tests/outbox/test_crashes.py` dies the other way, by an
exception; `tests/acceptance/test_kill.py` kills real processes.)

A lost answer, a refusal or a storm of them is tried the same way: the copy is told the fault that
the request about to leave will meet, and goes on with the run it was copied in.

The copy starts a new application on what was left, runs until it is quiet, compares the platform's
own ledger with that of a life without accidents, and says what it found in a line of JSON.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import random
import select
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, NoReturn

from .world import Point, WatchedWorld

CHILD_SECONDS_MAX = 110
"""A world that is not quiet after so long counts as broken."""
FAILURES_SHOWN = 5
TOKEN_CALLS = ("/connect/token", "/tokens/bearer")


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


DEATH = "death"
FAULTS: Mapping[str, Mapping[str, Any]] = {
    "lost before the effect": {"drop": "before"},
    "lost after the effect": {"drop": "after"},
    "500 without effect": {"status": 500},
    "502 after the effect": {"status": 502, "effect": True, "body": "<html>Bad gateway</html>"},
    "503 with Retry-After": {"status": 503, "headers": {"Retry-After": "30"}},
    "body cut off": {"truncated": True},
    "body that is no JSON": {"malformed": True},
    "429 of a minute": {
        "status": 429,
        "headers": {"Retry-After": "40", "X-Rate-Limit-Problem": "minute"},
    },
    "storm of 429": {"status": 429, "times": 12, "headers": {"Retry-After": "70"}},
    "storm of 500": {"status": 500, "times": 12},
    "storm of lost answers": {"drop": "after", "times": 6},
}
"""What the sandbox does to the request that is about to leave, and to those after it."""
MAIL_FAULTS: Mapping[str, Mapping[str, Any]] = {
    "connection lost before the letter was taken": {"smtp": "drop before"},
    "connection lost after the letter was taken": {"smtp": "drop after"},
    "421 for a recipient": {"smtp": "away"},
    "451 for a recipient": {"smtp": "later"},
    "550 for a recipient": {"smtp": "refuse"},
    "451 after the text": {"smtp": "put off"},
    "251 after the text": {"smtp": "take as 251"},
    "200 after the text": {"smtp": "take as 200"},
    "an unreadable answer after the text": {"smtp": "take unreadably"},
    "an empty answer after the text": {"smtp": "take in silence"},
    "storm of unreadable answers": {"smtp": "take unreadably", "times": 3},
    "storm of 451": {"smtp": "later", "times": 4},
    "storm of lost connections": {"smtp": "drop before", "times": 3},
}
"""What the sandbox's mail server does to the letter that is about to leave."""


class Schedule(NamedTuple):
    """Which accidents happen at which points.

    `share[n]` is the share of the points of the n-th life that are tried, 1 for all; the choice is
    made from the seed alone. Points at which nothing lasting has changed since the one before are
    left out unless `all_points`: a death there leaves what a death at that one left.
    """

    share: tuple[float, ...] = (1.0,)
    likely: Callable[[str, Point], float] = lambda *_: 1.0
    """How many times as often as others an accident happens at a point."""
    seed: int | str = 1
    all_points: bool = False
    pause_minutes: tuple[float, ...] = (10.0,)
    """How long until the next process starts, taken in turn: the platform's memory of idempotency
    keys (six minutes at Xero) has ended in some and not in others."""
    ends_at: float = float("inf")
    """`time.monotonic()` after which no further point is tried."""
    jobs: int = 1
    """How many copies work beside the original."""
    accidents: tuple[str, ...] = (DEATH,)
    """`DEATH` and names of `FAULTS` and `MAIL_FAULTS`; a fault can happen only to a request, or to
    a letter, about to leave."""


Check = Callable[[WatchedWorld], None]


class Accidents:
    """Runs something, and has each chosen accident happen at each chosen point of it."""

    def __init__(
        self,
        world: WatchedWorld,
        folder: Path,
        schedule: Schedule,
        check: Check,
        *,
        again: Callable[[WatchedWorld], object] = lambda _: None,
        words: Mapping[str, Callable[[WatchedWorld], object]] = MappingProxyType({}),
    ) -> None:
        """Take a world in which something is about to be done.

        Args:
            world: all of it.
            folder: where copies of the store go.
            schedule: what happens where.
            check: raises AssertionError when a world that is quiet again is not as it should be.
            again: what a person does after a death, before the next run.
            words: accidents of another kind, by name: what a person says in the middle of a run.
        """
        self.world = world
        self.folder = folder
        self.schedule = schedule
        self.check = check
        self.again = again
        self.words = words
        self.tally = Tally()
        self._so_far: list[tuple[str, Point]] = []
        self._copies: list[tuple[int, int, str]] = []
        self._outlet: int | None = None
        """Where a copy reports; None in the original."""

    def of(self, work: Callable[[WatchedWorld], object]) -> Tally:
        """Do the work once to its end, with all chosen accidents."""
        gc.freeze()
        self.world.at_point = self._at_point
        try:
            work(self.world)
        except BaseException:
            if self._outlet is None:
                raise
            self._failed()
        if self._outlet is not None:
            self._end()
        self.world.at_point = None
        self._collect(0)
        gc.unfreeze()
        return self.tally

    def _at_point(self, point: Point) -> None:
        life = len(self._so_far)
        if life >= len(self.schedule.share):
            return
        for accident in self.schedule.accidents:
            if not self._is_chosen(accident, point, life):
                continue
            if time.monotonic() > self.schedule.ends_at:
                self.tally.left_out += 1
            elif self._copied(accident, point):
                return

    def _is_chosen(self, accident: str, point: Point, life: int) -> bool:
        if accident in FAULTS or accident in MAIL_FAULTS:
            if point.kind != ("before" if accident in FAULTS else "mail"):
                return False
        elif not (point.lasting or self.schedule.all_points):
            return False
        before = "/".join(f"{what}{point.number}" for what, point in self._so_far)
        seed = f"{self.schedule.seed}/{before}/{accident}/{point.number}"
        share = self.schedule.share[life] * self.schedule.likely(accident, point)
        return random.Random(seed).random() < share

    def _copied(self, accident: str, point: Point) -> bool:
        """Copy the process, and have the accident in the copy; True in a copy that goes on."""
        store = self.world.photograph(self.folder)
        self._collect(self.schedule.jobs - 1)
        so_far = [*self._so_far, (accident, point)]
        label = ", then ".join(f"{what} at {point}" for what, point in so_far)
        inlet, outlet = os.pipe()
        with warnings.catch_warnings():
            # That threads stay behind is what is meant.
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if pid:
            os.close(outlet)
            self._copies.append((pid, inlet, label))
            return False
        os.close(inlet)
        # A short life: what is collected would be copied first, and its log nobody can read.
        gc.disable()
        logging.disable()
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(CHILD_SECONDS_MAX)
        self._copies, self._so_far, self._outlet = [], so_far, outlet
        self.tally = Tally(schedules=1)
        if accident == DEATH:
            self._live_on(point, store)
        self.world.go_on_with(store)
        if accident in self.words:
            self.words[accident](self.world)
        else:
            self.world.sandbox.faults.add({**FAULTS, **MAIL_FAULTS}[accident])
        return True

    def _live_on(self, point: Point, store: Path) -> NoReturn:
        """Be the world after a death; never returns."""
        try:
            self.world.reborn(store)
            self.world.points = 0
            self.world.at_point = self._at_point
            pauses = self.schedule.pause_minutes
            self.world.advance(minutes=pauses[point.number % len(pauses)])
            self.again(self.world)
            self.tally.runs += self.world.run_until_quiet()
        except BaseException:  # noqa: BLE001 - whatever happens is told to the one who waits
            self._failed()
        self._end()

    def _end(self) -> NoReturn:
        """Judge a copy's world that is quiet again, report, and be no more."""
        assert self._outlet is not None
        self.world.at_point = None
        self._collect(0)
        try:
            if not self.tally.failures:
                self.world.sandbox.faults.clear()
                self._reconnect()
                self.tally.unknown += bool(self.world.settle_as_a_person())
                self.check(self.world)
        except BaseException:  # noqa: BLE001 - as above
            self._failed()
        text = json.dumps(vars(self.tally)).encode()
        try:
            while text:
                text = text[os.write(self._outlet, text) :]
        finally:
            # Also when nobody reads any more: a copy must never go on with the other tests.
            os._exit(0)

    def _failed(self) -> None:
        label = ", then ".join(f"{what} at {point}" for what, point in self._so_far)
        self.tally.failures.append(f"{label}:\n{traceback.format_exc(limit=-6)}")

    def _reconnect(self) -> None:
        """Let a person give consent again; that is right only after a token call without end."""
        if self.world.reconnect_as_a_person():
            at_a_token = [point for _, point in self._so_far if point.what.endswith(TOKEN_CALLS)]
            assert at_a_token, "the consent was lost without an accident at a token call"
            self.tally.reconnected += 1

    def _collect(self, left: int) -> None:
        """Wait until at most so many copies are at work."""
        while len(self._copies) > left:
            ready, _, _ = select.select([inlet for _, inlet, _ in self._copies], [], [])
            for copy in [photograph for photograph in self._copies if photograph[1] in ready]:
                self._copies.remove(copy)
                self._take(*copy)

    def _take(self, pid: int, inlet: int, label: str) -> None:
        chunks = []
        while chunk := os.read(inlet, 65536):
            chunks.append(chunk)
        os.close(inlet)
        os.waitpid(pid, 0)
        if chunks:
            self.tally.add(Tally(**json.loads(b"".join(chunks))))
        else:
            self.tally.add(Tally(schedules=1, failures=[f"{label}: never quiet again"]))


can_fork = hasattr(os, "fork") and sys.platform == "linux"
