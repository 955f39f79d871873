"""The last plan of each connection is kept whole, and only the last."""

from __future__ import annotations

import json
import sys
import tracemalloc
import zlib
from datetime import UTC, date, datetime

from sqlalchemy import insert

from arsync.core.planning.plan import Planned
from arsync.store import Store
from arsync.store.db.tables import last_plans
from arsync.store.models import ConnectionRow

MOMENT = datetime(2026, 11, 2, 17, 30, tzinfo=UTC)


def a_planned(key: str) -> Planned:
    return Planned(
        key,
        "c1",
        "Ünïcode Ltd",
        "reminder: first\nreminder",
        "",
        "r.yaml",
        7,
        "Rule",
        {"amount due": "GBP 10.00"},
    )


def test_a_plan_is_kept_whole_replacing_its_predecessor(
    store: Store, connection: ConnectionRow
) -> None:
    assert store.last_plans.get(connection.id) is None
    for number in (1, 2):
        store.last_plans.save(
            connection.id,
            as_of=date(2026, 11, number),
            at=MOMENT,
            rulebook_hash=f"h{number}",
            rulebook="version: 1\nname: ä\n",
            actions=(a_planned(f"k{place}") for place in range(number)),
        )
    last_plan = store.last_plans.get(connection.id)
    assert last_plan is not None
    assert (last_plan.as_of, last_plan.rulebook_hash) == (date(2026, 11, 2), "h2")
    assert last_plan.at == MOMENT
    assert last_plan.rulebook == "version: 1\nname: ä\n"
    for _ in range(2):
        assert list(last_plan.actions) == [a_planned("k0"), a_planned("k1")]


def test_a_plan_that_an_older_version_kept_is_read(store: Store, connection: ConnectionRow) -> None:
    lines = [json.dumps("version: 1\n"), json.dumps(list(a_planned("k0")[:8]))]
    content = zlib.compress("\n".join(lines).encode())
    with store.engine.begin() as connected:
        connected.execute(
            insert(last_plans).values(
                connection_id=connection.id,
                as_of=date(2026, 11, 1),
                rulebook_hash="h",
                content=content,
            )
        )
    last_plan = store.last_plans.get(connection.id)
    assert last_plan is not None
    assert (last_plan.rulebook, last_plan.at) == ("version: 1\n", None)
    assert list(last_plan.actions) == [a_planned("k0")._replace(qualities={})]


def test_a_large_plan_is_unpacked_bit_by_bit(store: Store, connection: ConnectionRow) -> None:
    many = 20_000
    store.last_plans.save(
        connection.id,
        as_of=date(2026, 11, 1),
        at=MOMENT,
        rulebook_hash="h",
        rulebook="r",
        actions=(a_planned(f"k{place}") for place in range(many)),
    )
    last_plan = store.last_plans.get(connection.id)
    assert last_plan is not None
    tracemalloc.start()
    assert sum(1 for _ in last_plan.actions) == many
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    in_full = sys.getsizeof(a_planned("k0")) * many + sys.getsizeof({"a": "b"}) * many
    assert most < in_full / 2, "that many objects, without their texts, take more"
