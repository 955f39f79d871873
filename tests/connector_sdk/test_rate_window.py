"""The count of calls stays small, and is read again by another version."""

from __future__ import annotations

import json

from arsync.connector_sdk import RateLimits
from arsync.connector_sdk.rate_window import AcquireRequest, CallCount


def test_a_count_stays_small_however_many_calls() -> None:
    count, now = CallCount(), 1_000_000.0
    limits = RateLimits(calls_per_minute=10_000, calls_at_once=0)
    longest = 0
    for number in range(3_000):
        request = AcquireRequest(f"h{number % 50}", 4, used=4)
        count.release(request, now)
        permit = count.room(request, limits, now)
        count.reserve(request.holder, permit.calls, now)
        longest = max(longest, len(count.text()))
        now += 0.02
    assert longest < 12_000
    assert CallCount.from_text(count.text()) == count


def test_a_count_keeps_the_names_of_older_versions() -> None:
    count = CallCount()
    count.reserve("a", 4, 1_000.0)
    stored = json.loads(count.text())
    assert (stored["lent"], list(stored["flying"])) == ({"a": [1_002.0, 4]}, ["a"])
    assert not {"reserved", "in_flight"} & stored.keys()
    assert CallCount.from_text(count.text()) == count
