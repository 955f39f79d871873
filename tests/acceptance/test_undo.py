"""What a run did is put back on the platform, once, whatever goes wrong on the way."""

from __future__ import annotations

import pytest
from tests.builders.ledgers import one_of_each
from tests.builders.world import PLATFORMS, World

from arsync.core.actions import ActionKind, ActionState

from .test_faults import FAULTS, every_other_write


@pytest.mark.parametrize("fault", ["lost before", "lost after", "503 with Retry-After"])
@pytest.mark.parametrize("name", PLATFORMS)
def test_a_run_is_undone_once_despite_failing_writes(world: World, name: str, fault: str) -> None:
    one_of_each(world, name)
    big = next(row for row in world.control.state(name)["contacts"] if row["name"] == "Big")
    world.control.person(name, "set_terms", contact_id=big["id"], days="30")
    before = world.control.state(name)["contacts"]
    issued = {row["id"] for row in world.control.state(name)["invoices"]}
    world.sync_until_quiet(name)
    kinds = {ActionKind.CREDIT_HOLD, ActionKind.PROMISE, ActionKind.LATE_FEE}
    connection = world.connection(name)
    keys = [row.key for row in world.app.store.actions.list(connection.id, kinds=kinds)]
    assert len(keys) == 3
    every_other_write(world, 0, **FAULTS[fault])
    world.app.undo(world.app.undo_plan(keys), who="Jane")
    world.sync_until_quiet(name)
    assert [row for row in world.control.journal() if row["fault"]], "no request was hit"
    world.control.no_more_faults()
    world.sync_until_quiet(name)
    undone = world.app.store.actions.list(connection.id, kinds={ActionKind.UNDO})
    assert [row.state for row in undone] == [ActionState.CONFIRMED] * 4
    state, effects = world.control.state(name), world.standing(name)
    assert state["contacts"] == before
    assert not any(words.startswith(("hold on", "cash on", "promise in")) for words in effects)
    fees = [row for row in state["invoices"] if row["id"] not in issued]
    assert [row["status"].lower() for row in fees] in (["deleted"], ["voided"])
    notes = {words: count for words, count in effects.items() if "Undone by Jane" in words}
    assert notes == {
        "note on Big: Undone by Jane,": 2,
        "note on INV-0006: Undone by Jane,": 1,
        "note on INV-0003: Undone by Jane,": 1,
    }
