"""The last plan of each connection is kept whole, and only the last."""

from __future__ import annotations

from datetime import date

from arsync.core.since import Planned
from arsync.store import Store
from arsync.store.values import ConnectionRow


def a_planned(key: str) -> Planned:
    return Planned(key, "c1", "Ünïcode Ltd", "reminder: first\nreminder", "", "r.yaml", 7, "Rule")


def test_a_plan_is_kept_whole_and_replaces_the_one_before(
    store: Store, connection: ConnectionRow
) -> None:
    assert store.last_plans.get(connection.id) is None
    for number in (1, 2):
        store.last_plans.save(
            connection.id,
            as_of=date(2026, 11, number),
            rulebook_hash=f"h{number}",
            rulebook="version: 1\nname: ä\n",
            actions=(a_planned(f"k{one}") for one in range(number)),
        )
    found = store.last_plans.get(connection.id)
    assert found is not None
    assert (found.as_of, found.rulebook_hash) == (date(2026, 11, 2), "h2")
    assert found.rulebook == "version: 1\nname: ä\n"
    assert found.actions == (a_planned("k0"), a_planned("k1"))
