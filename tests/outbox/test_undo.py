"""What arsync did is put back on a person's word: once, and only where nobody changed it since."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from tests.builders.books import RULES, TODAY, Books, BooksWorld, Fault

from arsync.application.runs.undo_lines import UndoVerdict, undo_line_view
from arsync.application.runs.undoing import UndoResult
from arsync.core.actions import ActionKind, ActionState, PromisePayload, UndoPayload, payload_of
from arsync.errors import OutcomeUnknown, RetryLater, UserMistake

HOLD, TERMS, LIFT = ActionKind.CREDIT_HOLD, ActionKind.TERMS, ActionKind.LIFT_CREDIT_HOLD
RESTORE, PROMISE, REMINDER = ActionKind.RESTORE_TERMS, ActionKind.PROMISE, ActionKind.REMINDER
UNDO = ActionKind.UNDO
CONFIRMED = ActionState.CONFIRMED


def on_hold(world: BooksWorld) -> str:
    """Bring one customer over the limit, and on hold; returns the hold's key."""
    world.books.add_invoice(world.books.add_contact(1), 1, overdue=-60, amount="6000")
    world.sync()
    return world.the_row(HOLD).key


def undo(world: BooksWorld, *keys: str, note: str = "") -> list[UndoResult]:
    """Undo as Jane, without being asked."""
    return world.app.undo(world.app.undo_plan(keys), reason=note, who="Jane")


def undone_kinds(world: BooksWorld) -> list[str]:
    """Return what was undone at the platform, doubles twice."""
    return sorted(
        payload_of(done.write.action, UndoPayload).undone_kind
        for done in world.books.done
        if done.kind is UNDO
    )


def a_week(world: BooksWorld) -> None:
    """Let a week of runs go by."""
    for _ in range(7):
        world.advance(days=1)
        world.sync()


def test_an_undone_hold_restores_terms_and_records_its_requester(world: BooksWorld) -> None:
    key = on_hold(world)
    (done,) = undo(world, key[:8], note="agreed with  Acme")
    assert {row.state for row in done.rows} == {CONFIRMED}
    assert done.result.exit_code == 0
    assert undone_kinds(world) == ["credit_hold", "terms"]
    notes = [effect.write.text for effect in world.books.done if effect.kind is UNDO]
    assert f"Undone by Jane, the credit hold of {TODAY}: agreed with Acme" in notes
    assert any(
        event.actor == "Jane" and "requested by Jane: agreed with Acme" in event.reason
        for event in world.store.actions.events(key)
    )
    (write,) = [
        effect.write
        for effect in world.books.done
        if getattr(effect.write.action.payload, "undoes", "") == key
    ]
    assert write.undoes is not None
    assert write.undoes.key == key
    assert write.undoes.before["saved.groups"] == "none"


def test_it_is_shown_before_it_happens_and_changes_nothing(world: BooksWorld) -> None:
    key = on_hold(world)
    before = list(world.books.done)
    (plan,) = world.app.undo_plan([key])
    assert [(line.row.action.kind, line.verdict) for line in plan.lines] == [
        (HOLD, UndoVerdict.UNDO),
        (TERMS, UndoVerdict.UNDO),
    ]
    assert plan.going == 2
    assert undo_line_view(plan.lines[0]).wrote == "ours"
    assert world.books.done == before
    assert world.rows(ActionState.APPROVED) == []


def test_undoing_twice_undoes_once_and_says_so(world: BooksWorld) -> None:
    key = on_hold(world)
    undo(world, key)
    (plan,) = world.app.undo_plan([key])
    assert [line.verdict for line in plan.lines] == [UndoVerdict.UNDONE]
    assert plan.lines[0].reason == f"it was undone by Jane on {TODAY}"
    assert undo(world, key) == []
    a_week(world)
    assert undone_kinds(world) == ["credit_hold", "terms"]


def test_an_undone_hold_returns_only_when_allowed(world: BooksWorld) -> None:
    key = on_hold(world)
    undo(world, key)
    a_week(world)
    assert world.books.keys(HOLD, TERMS, LIFT, RESTORE) == world.books.keys(HOLD, TERMS)
    (plan,) = world.app.plan(world.name)
    whys = {held.why for held in plan.held_back}
    for noun, of in (("credit hold", key), ("change of payment terms", world.the_row(TERMS).key)):
        assert (
            f"the {noun} was undone by Jane on {TODAY}: it is not repeated while a reason remains, "
            f"unless you allow it: `arsync undo {of[:12]} --allow-again`"
        ) in whys


def test_an_action_allowed_again_can_be_undone_again(world: BooksWorld) -> None:
    key = on_hold(world)
    undo(world, key)
    keys = [key, world.the_row(TERMS).key]
    world.app.allow_again(keys, who="Jane", reason="he did not pay")
    with pytest.raises(UserMistake, match="was not undone: it is withdrawn"):
        world.app.allow_again([key])
    world.sync()
    assert world.books.keys(HOLD) == [key, key], "another life, another idempotency key"
    assert world.the_row(HOLD).state is CONFIRMED
    world.books.done = [effect for effect in world.books.done if effect.kind is not UNDO]
    (done,) = undo(world, key)
    assert len(done.rows) == 2
    assert len({row.key for row in world.rows() if row.action.kind is UNDO}) == 4


def test_a_later_reason_places_a_new_hold(world: BooksWorld) -> None:
    key = on_hold(world)
    undo(world, key)
    world.books.pay(world.books.invoices["i1"])
    world.advance(days=1)
    world.sync()
    assert world.the_row(HOLD).state is ActionState.WITHDRAWN
    assert "its reason has gone since" in world.the_row(HOLD).reason
    assert world.books.keys(LIFT, RESTORE) == []
    world.books.add_invoice(world.books.contacts["c1"], 2, overdue=-60, amount="7000")
    world.advance(days=1)
    world.sync()
    assert len(world.books.keys(HOLD)) == len(world.books.keys(TERMS)) == 2
    assert world.the_row(HOLD).state is CONFIRMED


def test_undone_terms_alone_are_not_restored_a_second_time(world: BooksWorld) -> None:
    on_hold(world)
    undo(world, world.the_row(TERMS).key)
    assert undone_kinds(world) == ["terms"]
    world.books.pay(world.books.invoices["i1"])
    a_week(world)
    assert len(world.books.keys(LIFT)) == 1
    assert world.books.keys(RESTORE) == []


def test_a_persons_later_change_is_left_alone_and_shown(
    world: BooksWorld,
) -> None:
    key = on_hold(world)
    world.books.by_hand.add(key)
    (plan,) = world.app.undo_plan([key])
    line = plan.lines[0]
    assert (line.verdict, line.reason) == (UndoVerdict.LEFT_ALONE, "it has been changed since")
    assert line.undoing is not None
    assert (line.undoing.was, line.undoing.wrote, line.undoing.now) == ("nothing", "ours", "theirs")
    undo(world, key)
    assert undone_kinds(world) == ["terms"]


def test_a_change_after_the_preview_refuses_the_undo(
    world: BooksWorld,
) -> None:
    key = on_hold(world)
    plans = world.app.undo_plan([key])
    world.books.by_hand.add(key)
    (done,) = world.app.undo(plans, who="Jane")
    assert done.unfinished == 1
    assert any("now it is theirs. It is left alone" in text for text in done.result.all_problems)
    a_week(world)
    assert undone_kinds(world) == ["terms"]
    assert world.books.keys(LIFT) == [], "the hold still stands, in the platform and here"
    world.books.by_hand.clear()
    (done,) = undo(world, key)
    assert done.unfinished == 0
    assert undone_kinds(world) == ["credit_hold", "terms"]


def test_a_message_stays_sent_while_others_are_undone(world: BooksWorld) -> None:
    world.books.add_invoice(world.books.add_contact(2), 2)
    on_hold(world)
    last = world.store.runs.last(world.connection.id)
    assert last is not None
    plans = world.app.undo_plan(run_id=last.id)
    verdicts = {line.row.action.kind: line.verdict for plan in plans for line in plan.lines}
    assert verdicts == {
        REMINDER: UndoVerdict.CANNOT,
        HOLD: UndoVerdict.UNDO,
        TERMS: UndoVerdict.UNDO,
    }
    (reason,) = [line.reason for line in plans[0].lines if line.verdict is UndoVerdict.CANNOT]
    assert reason == "a message that has left cannot be recalled"
    world.app.undo(plans, who="Jane")
    assert undone_kinds(world) == ["credit_hold", "terms"]
    assert len(world.books.emails) == 1


def test_undoing_a_run_leaves_other_runs_alone(world: BooksWorld) -> None:
    first = on_hold(world)
    world.advance(days=1)
    world.books.add_invoice(world.books.add_contact(2), 2, overdue=-60, amount="7000")
    world.sync()
    last = world.store.runs.last(world.connection.id)
    assert last is not None
    plans = world.app.undo_plan(run_id=last.id)
    keys = {line.row.key for plan in plans for line in plan.lines}
    assert first not in keys
    assert len(keys) == 2
    world.advance(days=1)
    world.sync()
    quiet = world.store.runs.last(world.connection.id)
    assert quiet is not None
    with pytest.raises(
        UserMistake, match=rf"carried out no actions.*\n.*these did: {last.id} \(sync"
    ):
        world.app.undo_plan(run_id=quiet.id)
    with pytest.raises(UserMistake, match="there is no run 999"):
        world.app.undo_plan(run_id=999)
    with pytest.raises(UserMistake, match="give a key or a run"):
        world.app.undo_plan()


def test_an_undone_promise_reopens_the_earlier_one(
    world: BooksWorld,
) -> None:
    world.books.add_invoice(world.books.add_contact(1), 1)
    world.app.pull(world.name)
    days = [TODAY + timedelta(days=number) for number in (3, 90)]
    for day in days:
        world.app.promise("INV-1", day, who="Jane")
        world.sync()
    newest = world.rows()[-1]
    assert payload_of(newest.action, PromisePayload).promised_on == days[1]
    undo(world, newest.key)
    kept = [
        (promise.promised_on, promise.replaced)
        for promise in world.store.promises.recorded(world.connection.id)
    ]
    assert kept == [(days[0], False), (days[1], True)]
    assert world.books.emails == []
    # The promised day, and three business days for its money to come into the books.
    world.advance(days=9)
    world.sync()
    assert len(world.books.emails) == 1


@pytest.mark.parametrize("after", [True, False], ids=["after", "before"])
def test_an_undo_with_a_lost_answer_happens_once(world: BooksWorld, after: bool) -> None:
    key = on_hold(world)
    world.books.faults.append(Fault("perform", OutcomeUnknown("lost"), after=after))
    (done,) = undo(world, key)
    assert done.unfinished == 0
    assert undone_kinds(world) == ["credit_hold", "terms"]


def test_an_undo_delayed_by_a_busy_platform_happens_later(world: BooksWorld) -> None:
    key = on_hold(world)
    world.books.faults.append(Fault("perform", RetryLater("busy", after_seconds=60)))
    (done,) = undo(world, key)
    assert done.unfinished == 2
    (plan,) = world.app.undo_plan([key])
    assert plan.lines[0].reason == f"Jane requested it on {TODAY}: it leaves with the next run"
    world.advance(minutes=2)
    world.sync()
    assert undone_kinds(world) == ["credit_hold", "terms"]
    assert world.books.keys(LIFT, RESTORE) == []


def test_nothing_else_that_waits_is_sent_by_an_undoing(world: BooksWorld) -> None:
    key = on_hold(world)
    world.books.add_invoice(world.books.add_contact(2), 2)
    world.app.pull(world.name)
    world.app.prepare(world.name)
    assert len(world.rows(ActionState.APPROVED)) == 1
    undo(world, key)
    assert world.books.emails == []


def test_a_connection_that_only_observes_undoes_nothing(world: BooksWorld) -> None:
    key = on_hold(world)
    world.store.connections.set_mode(world.name, "observe")
    plans = world.app.undo_plan([key])
    with pytest.raises(UserMistake, match="only observes: nothing is written"):
        world.app.undo(plans, who="Jane")
    assert undone_kinds(world) == []


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (ActionState.AWAITING_APPROVAL, "arsync refuse KEY"),
        (ActionState.REJECTED, "nothing of it is there"),
        (ActionState.APPROVED, "not done yet"),
        (ActionState.UNKNOWN, "arsync resolve"),
        (ActionState.SENT, "not confirmed yet"),
    ],
)
def test_what_was_not_done_for_certain_is_not_undone(
    books: Books, make_world: Callable[..., BooksWorld], state: ActionState, why: str
) -> None:
    asks = state in {ActionState.AWAITING_APPROVAL, ActionState.REJECTED}
    world = make_world(books, mode="approve" if asks else "auto")
    error = {
        ActionState.APPROVED: Fault("perform", RetryLater("busy")),
        ActionState.UNKNOWN: Fault("perform", OutcomeUnknown("lost")),
        ActionState.SENT: Fault("find", OutcomeUnknown("not yet")),
    }.get(state)
    if error:
        books.faults.append(error)
    books.blind = state is ActionState.UNKNOWN
    key = on_hold(world)
    if state is ActionState.REJECTED:
        world.app.reject([key], why="no", who="Jane")
    assert world.the_row(HOLD).state is state
    (plan,) = world.app.undo_plan([key])
    assert plan.lines[0].verdict is UndoVerdict.CANNOT
    assert why in plan.lines[0].reason


def test_a_hold_that_was_lifted_since_is_not_undone(world: BooksWorld) -> None:
    key = on_hold(world)
    world.books.pay(world.books.invoices["i1"])
    world.advance(days=1)
    world.sync()
    (plan,) = world.app.undo_plan([key, world.the_row(TERMS).key, world.the_row(LIFT).key])
    day = TODAY + timedelta(days=1)
    assert [line.reason for line in plan.lines] == [
        f"it was lifted on {day}: there is nothing left to undo",
        f"the terms were restored on {day}: there is nothing left to undo",
        "lifting a hold is not undone: if a reason remains, the next run places it again",
    ]


def test_an_undone_fee_or_promise_cannot_be_allowed_again(world: BooksWorld) -> None:
    world.rules(RULES)
    world.books.add_invoice(world.books.add_contact(1), 1)
    world.app.pull(world.name)
    world.app.promise("INV-1", TODAY + timedelta(days=9), who="Jane")
    world.sync()
    key = world.the_row(PROMISE).key
    undo(world, key)
    with pytest.raises(UserMistake, match="neither a credit hold nor a change of payment terms"):
        world.app.allow_again([key])
    (plan,) = world.app.undo_plan([row.key for row in world.rows() if row.action.kind is UNDO])
    assert "an undoing is not undone" in plan.lines[0].reason
