"""What an earlier run left is looked up, read back, or closed after a week; in memory."""

from __future__ import annotations

from typing import Any

import pytest
from tests.builders.books import NOW, Fault
from tests.builders.memory_world import MemoryWorld
from tests.outbox.worker_tables import (
    AT_PLATFORM,
    ERRORS,
    HOLD,
    TWICE,
    WAYS,
    Expected,
    S,
    cases,
    check_end,
    check_problems,
)

from arsync.connector_sdk import Receipt
from arsync.core.actions import Action, ActionState, Via
from arsync.errors import OutcomeUnknown, Stopping, UserMistake
from arsync.store.actions.action_rows import StateChange


@pytest.fixture
def world() -> MemoryWorld:
    return MemoryWorld()


# -- what an earlier run left ---------------------------------------------------------------------


def left_unknown(world: MemoryWorld, action: Action, **options: Any) -> None:
    """Let an earlier run not know what became of an action."""
    world.bring(action, S.SENDING, S.UNKNOWN, **options)


def stands(world: MemoryWorld, action: Action) -> None:
    """Let an action stand at the platform by an earlier run's doing, and an unknown outcome."""
    world.books.faults.append(Fault("perform", OutcomeUnknown("lost"), after=True))
    world.books.faults.append(Fault("find", Stopping()))
    world.run(only={action.key})
    world.books.calls.clear()
    assert (world.state(action), world.books.keys(action.kind)) == (S.UNKNOWN, [action.key])


@pytest.mark.parametrize("way", WAYS)
def test_a_claim_without_attempt_is_simply_tried(world: MemoryWorld, way: str) -> None:
    action = world.add(**WAYS[way])
    world.bring(action, S.SENDING, before={})
    world.run()
    assert world.path(action) == TWICE
    assert world.events(action)[2].reason == "the process ended before anything was tried"
    assert "find" not in world.books.calls[: world.books.calls.index("prepare")]
    assert world.row(action).generation == 1


@pytest.mark.parametrize("way", AT_PLATFORM)
def test_what_stands_is_not_written_again(world: MemoryWorld, way: str) -> None:
    action = world.add(**WAYS[way])
    stands(world, action)
    world.run()
    assert world.path(action) == "sending > unknown > sent > confirmed"
    assert world.row(action).receipt == Receipt(f"r-{action.key[:8]}", "found")
    assert "perform" not in world.books.calls


@pytest.mark.parametrize("way", AT_PLATFORM)
def test_what_does_not_stand_leaves_under_another_key(world: MemoryWorld, way: str) -> None:
    action = world.add(**WAYS[way])
    left_unknown(world, action)
    world.run()
    assert world.path(action) == TWICE
    (done,) = world.books.done
    assert done.generation == world.row(action).generation == 2


@pytest.mark.parametrize("way", AT_PLATFORM)
def test_what_stood_once_and_vanished_is_not_repeated(world: MemoryWorld, way: str) -> None:
    action = world.add(**WAYS[way])
    world.bring(action, S.SENDING, S.SENT, S.UNKNOWN, receipt=Receipt("r1"))
    result = world.run()
    assert world.path(action) == "sending > sent > unknown"
    assert world.events(action)[-1].reason == "it is not at the accounting system"
    (wait,) = result.waits
    assert "it was sent, and does not show (as it was)" in wait
    assert world.books.done == []


AT_LOOK_UP = {
    "rejected": Expected("", "cannot be looked up: it said no"),
    "unknown": Expected(""),
    "busy": Expected("", "slow down", run="put off"),
    "away": Expected("", "it is away", run="away"),
    "stopping": Expected("", run="stopped"),
    "reconnect": Expected("", "connect again", run="reconnect"),
    "lock": Expected("", "another run has begun", run="lock lost"),
}


@pytest.mark.parametrize(
    ("way", "place", "error", "expected"), cases([*WAYS], ["find"], AT_LOOK_UP)
)
def test_a_failed_look_up_settles_nothing(
    world: MemoryWorld, way: str, place: str, error: str, expected: Expected
) -> None:
    action, following = world.add(**WAYS[way]), world.add(HOLD, number=2)
    left_unknown(world, action)
    world.books.faults.append(Fault(place, ERRORS[error]()))
    result = world.run()
    assert world.path(action) == "sending > unknown"
    goes_on = expected.run == "goes on"
    assert world.path(following) == ("sending > sent > confirmed" if goes_on else "")
    check_problems(result.problems, expected.problem)
    looks = [event.reason for event in world.events(action)[2:]]
    assert [why.rpartition(": ")[2] for why in looks] == ([str(ERRORS[error]())] if goes_on else [])
    assert bool(result.waits) is (expected.run != "lock lost"), "the other run will say so"
    check_end(world, result, expected.run)


def test_only_a_fresh_loss_is_looked_up_twice(world: MemoryWorld) -> None:
    """What could not be looked up a moment ago cannot be looked up now."""
    left, lost = world.add(HOLD), world.add(HOLD, number=2)
    left_unknown(world, left)
    world.books.faults += [
        Fault("find", OutcomeUnknown("it does not tell")),
        Fault("perform", OutcomeUnknown("the answer was lost")),
    ]
    world.run()
    assert world.path(left) == "sending > unknown"
    assert world.path(lost) == TWICE
    assert world.books.calls.count("find") == 3, "two look-ups and a read-back"


def test_a_persons_word_outruns_a_look_up(world: MemoryWorld) -> None:
    action = world.add(HOLD)
    left_unknown(world, action)

    def jane_is_faster(call: str) -> None:
        if call == "find" and world.state(action) is S.UNKNOWN:
            world.bring(action, S.SENT, receipt=Receipt("by hand"), who="Jane")

    world.books.before_call = jane_is_faster
    result = world.run()
    assert world.path(action) == "sending > unknown > sent"
    assert world.events(action)[-1].actor == "Jane"
    assert world.books.done == []
    assert [problem.partition(": ")[2] for problem in result.problems] == [
        "it was sent, but does not show at the accounting system."
    ]


# -- reading back ---------------------------------------------------------------------------------

READ_BACK_ENDS = {
    "unknown": Expected(""),
    "rejected": Expected(" > confirmed", "it said no"),
    "busy": Expected("", "slow down", run="put off"),
    "away": Expected("", "it is away", run="away"),
    "stopping": Expected("", run="stopped"),
    "reconnect": Expected("", "connect again", run="reconnect"),
    "lock": Expected("", "another run has begun", run="lock lost"),
}


@pytest.mark.parametrize(
    ("way", "place", "error", "expected"),
    [
        *cases([*WAYS], ["find"], READ_BACK_ENDS),
        *cases(["email", "mail"], ["perform"], READ_BACK_ENDS),
    ],
)
def test_an_error_at_read_back_unsends_nothing(
    world: MemoryWorld, way: str, place: str, error: str, expected: Expected
) -> None:
    action, following = world.add(**WAYS[way]), world.add(HOLD, number=2)
    for sent in (action, following):
        world.bring(sent, S.SENDING, S.SENT, receipt=Receipt("r1", "done"))
    world.books.faults.append(Fault(place, ERRORS[error]()))
    result = world.run()
    assert world.path(action) == f"sending > sent{expected.path}"
    problems = [problem for problem in result.problems if "does not show" not in problem]
    check_problems(problems, expected.problem)
    if expected.path:
        assert world.row(action).reason == "sent; the note about it was refused: it said no"
    check_end(world, result, expected.run)


@pytest.mark.parametrize("way", WAYS)
def test_what_shows_is_confirmed(world: MemoryWorld, way: str) -> None:
    action = world.add(**WAYS[way])
    result = world.run()
    assert world.path(action) == "sending > sent > confirmed"
    assert [effect.state for effect in result.effects] == [S.SENT, S.CONFIRMED]
    done = f"{action.kind.value} done"
    sent, confirmed = ("250 queued", done) if way == "mail" else (done, "found")
    reasons = [event.reason for event in world.events(action)]
    assert reasons == ["its turn", sent, f"read back: {confirmed}"]


@pytest.mark.parametrize(("way", "text"), [("email", "Noted."), ("mail", "Noted. 250 queued")])
def test_the_missing_note_of_a_message_is_written(world: MemoryWorld, way: str, text: str) -> None:
    action = world.add(note="Noted.", **WAYS[way])
    world.bring(action, S.SENDING, S.SENT, receipt=Receipt("m1", "250 queued"))
    world.run()
    assert world.state(action) is S.CONFIRMED
    (done,) = world.books.done
    assert (done.generation, done.write.action.via, done.write.text) == (2, Via.SMTP, text)
    assert world.books.mails == []


@pytest.mark.parametrize("error", READ_BACK_ENDS)
def test_a_fresh_mails_note_unsends_nothing(world: MemoryWorld, error: str) -> None:
    """The mail has left in this very run, and that is kept before its note is tried."""
    mail, expected = world.add(via=Via.SMTP), READ_BACK_ENDS[error]
    world.books.faults.append(Fault("perform", ERRORS[error]()))
    result = world.run()
    assert world.path(mail) == f"sending > sent{expected.path}"
    assert [key for key, _ in world.books.mails] == [mail.key]
    check_problems(result.problems, expected.problem)
    check_end(world, result, expected.run)


@pytest.mark.parametrize("way", WAYS)
def test_what_shows_late_is_confirmed(world: MemoryWorld, way: str) -> None:
    action = world.add(**WAYS[way])
    world.books.faults.append(Fault("perform" if way == "mail" else "find", Stopping()))
    world.run()
    assert world.path(action) == "sending > sent"
    world.advance(days=8)
    assert world.run().problems == []
    assert world.path(action) == "sending > sent > confirmed"


HIDDEN, MISSING = "the platform does not tell", "it is not at the accounting system"
UNSEEN = "sent, but not visible for 7 days: "
JANES_WORD = "as it was; it has not shown for 7 days: "
NO_NOTE = "sent; the note about it has not shown for 7 days: "
PROBLEM_AT = {HIDDEN: "", MISSING: "it was sent, but does not show at the accounting system."}


@pytest.mark.parametrize(
    ("way", "who", "look", "state", "reason"),
    [
        ("hold", "arsync", HIDDEN, S.UNKNOWN, UNSEEN),
        ("hold", "arsync", MISSING, S.UNKNOWN, UNSEEN),
        ("fee", "arsync", HIDDEN, S.UNKNOWN, UNSEEN),
        ("asked", "arsync", MISSING, S.UNKNOWN, UNSEEN),
        ("hold", "Jane", HIDDEN, S.CONFIRMED, JANES_WORD),
        ("hold", "Jane", MISSING, S.CONFIRMED, JANES_WORD),
        # A missing note is written, but where it cannot be looked for.
        ("email", "arsync", HIDDEN, S.CONFIRMED, NO_NOTE),
        ("mail", "Jane", HIDDEN, S.CONFIRMED, NO_NOTE),
    ],
)
def test_what_has_not_shown_for_a_week_is_closed(
    world: MemoryWorld, way: str, who: str, look: str, state: ActionState, reason: str
) -> None:
    action = world.add(**WAYS[way])
    world.bring(action, S.SENDING, S.UNKNOWN)
    world.bring(action, S.SENT, receipt=Receipt("r1"), who=who)
    world.store.claims.record_lookup(action.key, who="arsync", why="not yet", now=NOW)
    world.books.blind = look == HIDDEN
    world.advance(days=7, seconds=-1)
    world.run()
    assert world.state(action) is S.SENT
    world.advance(seconds=1)
    problems = world.run().problems
    assert (world.state(action), world.row(action).reason) == (state, reason + look)
    check_problems(problems, reason + look if reason == NO_NOTE else PROBLEM_AT[look])
    assert world.books.keys(action.kind) == []


# -- what nobody expects --------------------------------------------------------------------------


@pytest.mark.parametrize("state", [S.UNKNOWN, S.SENT])
@pytest.mark.parametrize("error", ["mistake", "bug"])
def test_an_unforeseen_error_while_looking_stops_nobody_else(
    world: MemoryWorld, state: ActionState, error: str
) -> None:
    """It is reported. Nothing was written, so that the next run looks again."""
    action, following = world.add(HOLD), world.add(HOLD, number=2)
    world.bring(action, S.SENDING, state)
    path = world.path(action)
    world.books.faults.append(Fault("find", ERRORS[error]()))
    result = world.run()
    assert world.path(action) == path
    assert world.path(following) == "sending > sent > confirmed"
    words = {"mistake": "a wrong setting", "bug": "(ZeroDivisionError), see the log."}[error]
    assert [problem.endswith(words) for problem in result.problems] == [True]
    assert not result.in_hand


@pytest.mark.parametrize("lock_lost", [True, False])
def test_an_action_that_another_run_took_is_its_own(world: MemoryWorld, lock_lost: bool) -> None:
    action = world.add(HOLD)

    def another_run(call: str) -> None:
        if call == "perform":
            world.store.runs.lost = lock_lost
            row = world.row(action)
            change = StateChange(row.state, S.UNKNOWN, "arsync", "another run", NOW)
            world.store.claims.advance(row, change, receipt=None, not_before=None)

    world.books.before_call = another_run
    if lock_lost:
        assert world.run().problems == ["this run lost the lock."]
    else:
        with pytest.raises(UserMistake, match="is unknown and cannot become sent"):
            world.run()
    assert world.path(action) == "sending > unknown"


def test_no_mail_leaves_without_the_lock(world: MemoryWorld) -> None:
    action = world.add(via=Via.SMTP)
    world.store.runs.lost = True
    result = world.run()
    assert (world.path(action), world.books.mails, result.waits) == ("sending", [], [])
