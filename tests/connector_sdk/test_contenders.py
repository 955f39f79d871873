"""Who waits is counted as if each of them were looked at."""

from __future__ import annotations

import random

import pytest

from arsync.connector_sdk.contenders import (
    CONTENDERS_MAX,
    NEED_CALLS_MIN,
    NEED_GROWTH,
    Contender,
    Contenders,
)


@pytest.mark.parametrize("seed", range(10))
def test_contenders_count_what_scanning_counts(seed: int) -> None:
    draw = random.Random(seed)
    contenders, rows, now = Contenders(), dict[str, Contender](), 1_000.0
    for _ in range(300):
        now += draw.choice([0.0, 0.5, 5.0])
        contenders.forget(now)
        rows = {name: row for name, row in rows.items() if row.until > now}
        name = f"org {draw.randrange(30)}"
        assert contenders.pop(name) == rows.pop(name, None)
        rows[name] = Contender(
            draw.choice([0.0, now]), now + draw.uniform(1, 60), draw.randrange(9)
        )
        contenders.add(name, rows[name])
        assert dict(contenders.by_name()) == rows
        assert contenders.before(now) == sum(0 < row.since < now for row in rows.values())
        wanted = [(max(NEED_CALLS_MIN, NEED_GROWTH * row.used), row.used) for row in rows.values()]
        for share in (1, 8, 55):
            kept = sum(max(0, min(share, need) - used) for need, used in wanted)
            assert contenders.kept(share) == kept
    assert Contenders(contenders.by_name()) == contenders


def test_no_more_than_a_few_hundred_are_remembered() -> None:
    contenders = Contenders()
    for number in range(CONTENDERS_MAX + 10):
        contenders.add(f"org {number}", Contender(1.0, 2.0, 0))
    assert len(contenders) == CONTENDERS_MAX
    contenders.forget(2.0)
    assert not contenders
