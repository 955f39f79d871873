"""A process may die between any two effects; the next one ends with each exactly once."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from arsync.core.actions import ActionKind, ActionState
from arsync.errors import OutcomeUnknown

from .conftest import RULES, TODAY, Books, Fault, Killed, World

BY_MAIL = RULES.replace("via: accounting system", "via: smtp")
RUNS_AFTER = 4


def a_busy_day(world: World) -> None:
    """Reminders, a hold with its terms, a task, a promise, a dispute."""
    first, second, third = (world.books.add_contact(number) for number in (1, 2, 3))
    world.books.add_invoice(first, 1)
    world.books.add_invoice(first, 2, amount="7000")
    world.books.add_invoice(second, 3, overdue=40)
    world.books.add_invoice(third, 4)
    world.books.add_invoice(third, 5)
    world.app.pull(world.name)
    world.app.promise("INV-4", TODAY + timedelta(days=9), who="Jane")
    world.app.dispute("INV-5", reason="two boxes were broken", who="Jane")


def dies_at_each_step(
    world: World, folder: Path, run: Callable[[World], object]
) -> list[tuple[int, World]]:
    """Run once for each step, die there, restart until quiet, and return the worlds."""
    survivors: list[tuple[int, World]] = []
    step = 0
    while True:
        step += 1
        one = world.copy(folder / str(step))
        one.books.die_at = one.books.steps_taken + step
        one.die_between_commits()
        killed = False
        try:
            run(one)
        except Killed:
            killed = True
        one.books.die_at = 0
        one.restart()
        for _ in range(RUNS_AFTER):
            one.advance(minutes=10)
            run(one)
        survivors.append((step, one))
        if not killed:
            return survivors


def close(survivors: list[tuple[int, World]], folder: Path) -> None:
    for _, one in survivors:
        one.app.close()
    shutil.rmtree(folder)


def test_each_effect_happens_exactly_once_whatever_step_the_process_dies_at(
    world: World, tmp_path: Path
) -> None:
    a_busy_day(world)
    survivors = dies_at_each_step(world, tmp_path / "kills", World.sync)
    whole = sorted((one.kind, one.key) for one in survivors[-1][1].books.done)
    assert {kind for kind, _ in whole} == {
        ActionKind.REMINDER, ActionKind.CREDIT_HOLD, ActionKind.TERMS, ActionKind.PROMISE,
        ActionKind.DISPUTE,
    }  # fmt: skip
    assert len(survivors) > 60
    for step, one in survivors:
        done = sorted((effect.kind, effect.key) for effect in one.books.done)
        assert done == whole, f"died at step {step}"
        states = {row.state for row in one.rows()}
        assert states == {ActionState.CONFIRMED}, f"died at step {step}"
    close(survivors, tmp_path / "kills")


def test_a_mail_never_leaves_twice_whatever_step_the_process_dies_at(
    world: World, tmp_path: Path
) -> None:
    world.rules(BY_MAIL)
    for number in (1, 2):
        contact = world.books.add_contact(number)
        world.books.add_invoice(contact, number)
        world.books.add_invoice(contact, 10 + number)
    world.app.pull(world.name)
    survivors = dies_at_each_step(world, tmp_path / "kills", World.sync)
    waiting = 0
    for step, one in survivors:
        one.books.assert_nothing_twice()
        mailed = {key for key, _ in one.books.mails}
        for row in one.rows():
            if row.state is ActionState.UNKNOWN:
                waiting += 1
            else:
                assert row.state is ActionState.CONFIRMED, f"died at step {step}"
                assert row.key in mailed, f"died at step {step}"
                assert one.books.keys(ActionKind.REMINDER).count(row.key) == 1
    # Only a death between the last save before the mail and the first after it stays open.
    assert waiting == 2 * 3
    close(survivors, tmp_path / "kills")


def test_a_lost_answer_and_a_death_together_change_nothing(world: World, tmp_path: Path) -> None:
    world.books.add_invoice(world.books.add_contact(1), 1)
    world.app.pull(world.name)
    for number, after in enumerate((False, True)):
        start = world.copy(tmp_path / f"start{number}")
        start.books.faults.append(Fault("perform", OutcomeUnknown("lost"), after=after))
        start.sync()
        survivors = dies_at_each_step(start, tmp_path / "kills", World.sync)
        for step, one in survivors:
            assert len(one.books.emails) == 1, f"died at step {step}"
            assert {row.state for row in one.rows()} == {ActionState.CONFIRMED}
        close(survivors, tmp_path / "kills")


def test_a_person_who_records_something_is_never_half_heard(world: World, tmp_path: Path) -> None:
    world.books.add_invoice(world.books.add_contact(1), 1)
    world.app.pull(world.name)

    def run(one: World) -> None:
        if not one.store.people.promises(one.connection.id):
            one.app.promise("INV-1", TODAY + timedelta(days=5), who="Jane")
        one.sync()

    survivors = dies_at_each_step(world, tmp_path / "kills", run)
    for step, one in survivors:
        assert len(one.books.keys(ActionKind.PROMISE)) == 1, f"died at step {step}"
        assert one.books.emails == [], f"died at step {step}"
        assert len(one.store.people.promises(one.connection.id)) == 1
    close(survivors, tmp_path / "kills")


def test_a_claim_of_a_dead_process_is_looked_up_before_anything_is_sent(world: World) -> None:
    world.books.add_invoice(world.books.add_contact(1), 1)
    world.books.die_at = 10_000
    order: list[str] = []

    def die_in_perform(name: str) -> None:
        order.append(name)
        if name == "perform":
            world.books.die_at = world.books.steps_taken + 2

    world.books.before_call = die_in_perform
    with pytest.raises(Killed):
        world.sync()
    world.books.before_call = order.append
    order.clear()
    world.restart()
    world.sync()
    assert order.index("find") < len(order)
    assert "perform" not in order
    assert len(world.books.emails) == 1


def test_two_processes_at_once_send_once(world: World, books: Books) -> None:
    books.add_invoice(books.add_contact(1), 1)
    second = World(books, world.config, world.clock)
    second.app.lock_wait_seconds = 0.05
    inner: list[str] = []

    def other_starts(name: str) -> None:
        if name == "perform" and not inner:
            inner.append("started")
            result = second.sync()
            inner.append(result.stopped)

    books.before_call = other_starts
    world.sync()
    second.app.close()
    assert len(books.emails) == 1
    assert "run" in inner[1]
