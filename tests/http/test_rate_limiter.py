"""How fast arsync calls."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import pytest

from arsync.connector_sdk import RateLimits
from arsync.errors import RetryLater
from arsync.http import DAY_LIMIT_WAIT_SECONDS, Pacer, Timer

LIMITS = RateLimits(calls_per_minute=55, calls_at_once=4, calls_per_day=5_000, reserve_per_day=200)


@dataclass
class FakeTime:
    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    @property
    def timer(self) -> Timer:
        def sleep(seconds: float) -> None:
            self.slept.append(seconds)
            self.now += seconds

        return Timer(lambda: self.now, sleep)


def test_no_minute_ever_sees_more_calls_than_the_limit() -> None:
    time = FakeTime()
    pacer = Pacer("Xero", LIMITS, timer=time.timer)
    at = []
    for number in range(200):
        pacer.admit(changes=False)
        at.append(time.now)
        time.now += (number % 7) * 0.3
    for start in at:
        assert sum(start <= moment < start + 60 for moment in at) <= 55


def test_no_second_sees_more_calls_than_the_limit() -> None:
    time = FakeTime()
    limits = RateLimits(calls_per_minute=500, calls_at_once=10, calls_per_second=10)
    pacer = Pacer("QuickBooks Online", limits, timer=time.timer)
    at = []
    for _ in range(35):
        pacer.admit(changes=True)
        at.append(time.now)
    assert max(sum(start <= moment < start + 1 for moment in at) for start in at) == 10


def test_calls_at_once_stay_below_the_limit() -> None:
    pacer = Pacer("Xero", LIMITS)
    running, most = 0, 0
    lock = threading.Lock()
    together = threading.Event()

    def call() -> None:
        nonlocal running, most
        with pacer.slot():
            with lock:
                running += 1
                most = max(most, running)
            together.wait(0.02)
            with lock:
                running -= 1

    threads = [threading.Thread(target=call) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 4


def test_the_platforms_own_count_slows_us_before_a_refusal() -> None:
    time = FakeTime()
    pacer = Pacer("Xero", LIMITS, timer=time.timer)
    pacer.admit(changes=False)
    pacer.learn({"x-minlimit-remaining": "1"})
    pacer.admit(changes=False)
    assert time.slept == []
    pacer.learn({"x-minlimit-remaining": "0"})
    pacer.admit(changes=False)
    assert time.slept == [60.0]
    pacer.learn({"x-minlimit-remaining": "59"})
    pacer.admit(changes=False)
    assert len(time.slept) == 1


def test_reads_leave_the_reserve_of_the_day_to_writes() -> None:
    pacer = Pacer("Xero", LIMITS, timer=FakeTime().timer)
    pacer.learn({"x-daylimit-remaining": "200"})
    with pytest.raises(RetryLater, match="used up but 200 kept for writes"):
        pacer.admit(changes=False)
    pacer.admit(changes=True)
    assert pacer.day_left == 199
    pacer.learn({"x-daylimit-remaining": "0"})
    with pytest.raises(RetryLater):
        pacer.admit(changes=True)


def test_an_old_count_of_the_day_is_forgotten() -> None:
    time = FakeTime()
    pacer = Pacer("Xero", LIMITS, timer=time.timer)
    pacer.learn({"x-daylimit-remaining": "0"})
    time.now = DAY_LIMIT_WAIT_SECONDS
    pacer.admit(changes=False)
    assert pacer.day_left is None


def test_without_the_platforms_count_our_own_serves() -> None:
    limits = RateLimits(calls_per_minute=0, calls_at_once=1, calls_per_day=3, reserve_per_day=1)
    pacer = Pacer("Xero", limits, timer=FakeTime().timer)
    pacer.admit(changes=False)
    pacer.admit(changes=False)
    with pytest.raises(RetryLater):
        pacer.admit(changes=False)
    pacer.admit(changes=True)


def test_pacing_can_be_turned_off() -> None:
    time = FakeTime()
    pacer = Pacer("Xero", LIMITS, timer=time.timer, pace=False)
    pacer.learn({"x-daylimit-remaining": "0", "x-minlimit-remaining": "0"})
    for _ in range(200):
        pacer.admit(changes=False)
    assert time.slept == []
