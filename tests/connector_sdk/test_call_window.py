"""A window of calls counts as one does that looks at each call."""

from __future__ import annotations

import random

import pytest

from arsync.connector_sdk.call_window import MINUTE_SECONDS, CallWindow


@pytest.mark.parametrize("seed", range(20))
def test_a_window_counts_what_scanning_counts(seed: int) -> None:
    draw = random.Random(seed)
    window, left, now = CallWindow(), list[tuple[float, int]](), 1_000.0
    for _ in range(300):
        now += draw.choice([0.0, 0.01, 0.3, 2.0, 20.0])
        at, calls = now - draw.choice([0.0, 0.0, 0.4, 3.0]), draw.randint(1, 8)
        window.add(at, calls)
        left.append((at, calls))
        window.forget(now, now + 2.0)
        for seconds in (0.5, 1.0, MINUTE_SECONDS):
            expected = sum(calls for at, calls in left if at > now - seconds)
            counted = window.within(now - seconds)
            # Calls of one second stand together at the last of them: the minute may seem fuller.
            joined = sum(calls for at, calls in left if now - seconds - 1 < at <= now - seconds)
            assert expected <= counted <= expected + (joined if seconds > 1 else 0)


def test_a_window_stays_small() -> None:
    window = CallWindow()
    for number in range(10_000):
        now = number * 0.02
        window.add(now, 1)
        window.forget(now, now + 2.0)
    assert len(list(window)) < MINUTE_SECONDS + 60


def test_moments_ahead_of_a_clock_set_back_are_corrected() -> None:
    window = CallWindow([(5_000.0, 3), (1_000.0, 1), (4_000.0, 2)])
    window.forget(1_010.0, 1_012.0)
    assert list(window) == [(1_000.0, 1), (1_012.0, 5)]
    window.forget(1_080.0, 1_082.0)
    assert (list(window), window.within(1_020.0)) == ([], 0)
