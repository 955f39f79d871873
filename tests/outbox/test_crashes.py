"""A process may die between any two effects; the next one ends with each exactly once."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Connection, event
from tests.builders.books import RULES, TODAY, Books, BooksWorld, Fault, Killed

from arsync.core.actions import ActionKind, ActionState, UndoPayload, payload_of
from arsync.errors import OutcomeUnknown

BY_MAIL = RULES.replace("via: accounting system", "via: smtp")
RUNS_AFTER = 1

pytestmark = pytest.mark.timeout(600)  # each test is a hundred lives, on a machine that may be busy


def work(world: BooksWorld) -> None:
    """Do what a scheduled run does after its pull."""
    world.app.prepare(world.name)
    world.app.apply(world.name)


def a_busy_day(world: BooksWorld) -> None:
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


def step_at_each_save(world: BooksWorld) -> None:
    """Count commits as steps; not those of reads: who dies there leaves what stood before."""

    def commit(connection: Connection) -> None:
        if connection.get_execution_options().get("arsync_writes"):
            world.books.step()

    event.listen(world.store.engine, "commit", commit)


def steps_that_differ(world: BooksWorld, run: Callable[[BooksWorld], object]) -> list[int]:
    """Run once to the end, and return the steps at which a death leaves something else behind.

    Where nothing that outlives the process has changed since the step before, a death leaves what
    a death at that one left. The last is a step that never comes.
    """
    marks: dict[Hashable, int] = {}
    begin = world.books.steps_taken
    with world.changes_seen() as mark:
        world.books.at_step = lambda: marks.setdefault(mark(), world.books.steps_taken)
        run(world)
    return [step - begin for step in marks.values()] + [world.books.steps_taken - begin + 1]


def dies_at_each_step(
    world: BooksWorld, run: Callable[[BooksWorld], object] = work
) -> Iterator[int]:
    """Run once for each step, die there, restart until quiet, and yield; the last is whole."""
    world.spare_the_disk()
    start = world.snapshot()
    step_at_each_save(world)
    run(world)  # what a store does only once is done
    world.back_to(start)
    *steps, never = steps_that_differ(world, run)
    for step in (*steps, never):
        world.back_to(start)
        world.books.die_at = world.books.steps_taken + step
        try:
            run(world)
            assert step == never, "each run takes the same steps"
        except Killed:
            pass
        world.books.die_at = 0
        for _ in range(RUNS_AFTER):
            world.restart(same_store=True)
            world.advance(minutes=10)
            run(world)
        yield step


def test_each_effect_happens_once_wherever_the_process_dies(world: BooksWorld) -> None:
    a_busy_day(world)
    done = []
    for step in dies_at_each_step(world):
        done.append(sorted((effect.kind.value, effect.key) for effect in world.books.done))
        states = {row.state for row in world.rows()}
        assert states == {ActionState.CONFIRMED}, f"died at step {step}"
    assert len(done) > 40
    assert {kind for kind, _ in done[-1]} == {
        "reminder",
        "credit_hold",
        "terms",
        "promise",
        "dispute",
    }
    for step, effects in enumerate(done, 1):
        assert effects == done[-1], f"died at step {step}"


def test_each_undo_happens_once_wherever_the_process_dies(
    world: BooksWorld,
) -> None:
    contact = world.books.add_contact(1)
    world.books.add_invoice(contact, 1, overdue=-60, amount="7000")
    world.app.pull(world.name)
    world.app.promise("INV-1", TODAY + timedelta(days=9), who="Jane")
    work(world)
    kinds = {ActionKind.CREDIT_HOLD, ActionKind.PROMISE}
    keys = [row.key for row in world.store.actions.list(world.connection.id, kinds=kinds)]

    def run(one: BooksWorld) -> None:
        if not one.store.actions.list(one.connection.id, kinds={ActionKind.UNDO}):
            one.app.undo(one.app.undo_plan(keys), who="Jane")
        else:
            work(one)

    steps = 0
    for step in dies_at_each_step(world, run):
        steps = step
        undone = [
            payload_of(effect.write.action, UndoPayload).undone_kind
            for effect in world.books.done
            if effect.kind is ActionKind.UNDO
        ]
        rows = world.store.actions.list(world.connection.id, kinds={ActionKind.UNDO})
        assert sorted(undone) == ["credit_hold", "promise", "terms"], f"died at step {step}"
        assert {row.state for row in rows} == {ActionState.CONFIRMED}, f"died at step {step}"
        assert not world.books.keys(ActionKind.LIFT_CREDIT_HOLD, ActionKind.RESTORE_TERMS)
        (promise,) = world.store.promises.recorded(world.connection.id)
        assert promise.replaced, f"died at step {step}"
    assert steps > 25


def test_no_mail_leaves_twice_wherever_the_process_dies(world: BooksWorld) -> None:
    world.rules(BY_MAIL)
    for number in (1, 2):
        contact = world.books.add_contact(number)
        world.books.add_invoice(contact, number)
        world.books.add_invoice(contact, 10 + number)
    world.app.pull(world.name)
    waiting = 0
    for step in dies_at_each_step(world):
        world.books.assert_nothing_twice()
        mailed = {key for key, _ in world.books.mails}
        for row in world.rows():
            if row.state is ActionState.UNKNOWN:
                waiting += 1
            else:
                assert row.state is ActionState.CONFIRMED, f"died at step {step}"
                assert row.key in mailed, f"died at step {step}"
                assert world.books.keys(ActionKind.REMINDER).count(row.key) == 1
    # Only a death between the last save before a mail and the first after it stays open: with the
    # mail gone or not.
    assert waiting == 2 * 2


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_lost_answer_and_a_death_together_change_nothing(world: BooksWorld, after: bool) -> None:
    world.books.add_invoice(world.books.add_contact(1), 1)
    world.books.faults.append(Fault("perform", OutcomeUnknown("lost"), after=after))
    world.sync()
    for step in dies_at_each_step(world):
        assert len(world.books.emails) == 1, f"died at step {step}"
        assert {row.state for row in world.rows()} == {ActionState.CONFIRMED}


def test_a_person_who_records_something_is_never_half_heard(world: BooksWorld) -> None:
    world.books.add_invoice(world.books.add_contact(1), 1)
    world.app.pull(world.name)

    def run(one: BooksWorld) -> None:
        if not one.store.promises.recorded(one.connection.id):
            one.app.promise("INV-1", TODAY + timedelta(days=5), who="Jane")
        work(one)

    for step in dies_at_each_step(world, run):
        assert len(world.books.keys(ActionKind.PROMISE)) == 1, f"died at step {step}"
        assert world.books.emails == [], f"died at step {step}"
        assert len(world.store.promises.recorded(world.connection.id)) == 1


SAID: dict[ActionKind, tuple[Callable[[BooksWorld], object], Callable[[BooksWorld], object]]] = {
    ActionKind.PROMISE: (
        lambda one: one.app.promise("INV-1", TODAY + timedelta(days=9)),
        lambda one: one.store.promises.recorded(one.connection.id),
    ),
    ActionKind.DISPUTE: (
        lambda one: one.app.dispute("INV-1", reason="two short"),
        lambda one: one.store.disputes.recorded(one.connection.id),
    ),
    ActionKind.TASK_DONE: (
        lambda one: one.app.done(one.the_row(ActionKind.TASK).key, outcome="will pay"),
        lambda one: not one.app.tasks(),
    ),
}
"""By the note's kind: what a person says, and whether it was heard."""


@pytest.mark.parametrize("kind", SAID)
def test_an_agreement_and_its_note_are_saved_together(world: BooksWorld, kind: ActionKind) -> None:
    """Nothing looks back for a note that is missing: the machine may be off for weeks."""
    world.rules(RULES.replace("day: 1, email: first reminder", "day: 1, task: Call the customer"))
    world.books.add_invoice(world.books.add_contact(1), 1)
    world.sync()
    world.spare_the_disk()
    step_at_each_save(world)
    say, was_heard = SAID[kind]
    start, outcomes = world.snapshot(), set()
    for step in itertools.count(1):
        world.back_to(start)
        world.books.die_at = world.books.steps_taken + step
        try:
            say(world)
            killed = False
        except Killed:
            killed = True
        world.books.die_at = 0
        noted = any(row.action.kind is kind for row in world.rows())
        assert bool(was_heard(world)) == noted, f"died at step {step}"
        outcomes.add(noted)
        if not killed:
            break
    assert outcomes == {True, False}


def test_a_completed_task_is_noted_despite_a_crash(world: BooksWorld) -> None:
    world.rules(RULES.replace("day: 1, email: first reminder", "day: 1, task: Call the customer"))
    world.books.add_invoice(world.books.add_contact(1), 1)
    world.sync()
    task = world.the_row(ActionKind.TASK)
    for step in dies_at_each_step(world, lambda one: done_once(one, task.key)):
        (note,) = [
            effect.write for effect in world.books.done if effect.kind is ActionKind.TASK_DONE
        ]
        assert note.text.startswith("Task done by Jane: "), f"died at step {step}"


def done_once(world: BooksWorld, key: str) -> None:
    if key in {row.key for row in world.store.actions.open_tasks()}:
        world.app.done(key, outcome="will pay", who="Jane")
    work(world)


def test_a_dead_processs_claim_is_looked_up_before_sending(world: BooksWorld) -> None:
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


def test_two_processes_at_once_send_once(world: BooksWorld, books: Books) -> None:
    books.add_invoice(books.add_contact(1), 1)
    second = BooksWorld(books, world.config, world.clock)
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
