"""The outbox's state machine: what each error does at each place, over a store in memory.

Both stand-ins are held to contracts: the store to `store_contract.py`, the books to the tests of
`test_books.py`. A path is written as the states after `approved`: `sending > sent > confirmed`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import product
from typing import Any, NamedTuple

import pytest
from msgspec.structs import replace
from tests.builders.actions import an_invoice_ref
from tests.builders.books import NOW, Fault
from tests.builders.memory_world import MemoryWorld

from arsync.connector_sdk import Receipt
from arsync.core.actions import Action, ActionKind, ActionState, Via
from arsync.errors import (
    LockLost,
    NeedsReconnect,
    OutcomeUnknown,
    Rejected,
    RetryLater,
    Stopping,
    Unreachable,
    UserMistake,
)
from arsync.outbox import ApplyResult
from arsync.store.actions.action_rows import StateChange
from arsync.store.models import ConnectionState

S, REMINDER, HOLD = ActionState, ActionKind.REMINDER, ActionKind.CREDIT_HOLD
HOUR = 3600.0

ERRORS: dict[str, Callable[[], Exception]] = {
    "rejected": lambda: Rejected("it said no"),
    "unknown": lambda: OutcomeUnknown("the answer was lost"),
    "busy": lambda: RetryLater("slow down", after_seconds=90),
    "away": lambda: Unreachable("it is away", after_seconds=90),
    "stopping": Stopping,
    "mistake": lambda: UserMistake("a wrong setting"),
    "reconnect": lambda: NeedsReconnect("connect again"),
    "lock": lambda: LockLost("another run has begun"),
    "bug": lambda: ZeroDivisionError("oops"),
}

WAYS: dict[str, dict[str, Any]] = {
    "email": {"kind": REMINDER},
    "mail": {"kind": REMINDER, "via": Via.SMTP},
    "hold": {"kind": HOLD},
    "letter": {"kind": ActionKind.LETTER},
    "fee": {"kind": ActionKind.LATE_FEE},
    "task": {"kind": ActionKind.TASK},
    "asked": {"kind": ActionKind.NOTE, "asked_by": "Jane"},
}
"""Actions that leave in different ways."""
AT_PLATFORM = [way for way in WAYS if way != "mail"]


class Expected(NamedTuple):
    """What becomes of an action, and of the run."""

    path: str
    problem: str = ""
    pause: float | None = None
    """Seconds until the next attempt."""
    run: str = "goes on"
    """Or why the run ends, and the next action is left as it was."""


GONE_WRONG = "an internal error, see the log."
PUT_OFF = Expected("sending > approved", "slow down", 90, "put off")
STOPPED = Expected("sending > approved", pause=0, run="stopped")
TAKEN = Expected("sending", "another run has begun", run="lock lost")
BUG = Expected("sending > unknown", GONE_WRONG)
REFUSED = Expected("sending > rejected", "refused for good: it said no")
MISTAKEN = Expected("sending > approved", "a wrong setting", HOUR)
RECONNECT = Expected("sending > approved", "connect again", run="reconnect")
TWICE = "sending > unknown > approved > sending > sent > confirmed"

AT_RECHECK = {
    "rejected": Expected("sending > approved", "it said no", HOUR),
    "unknown": Expected("sending > approved", "the answer was lost", HOUR),
    "busy": PUT_OFF,
    "away": PUT_OFF._replace(problem="it is away", run="away"),
    "stopping": STOPPED,
    "mistake": MISTAKEN,
    "reconnect": RECONNECT._replace(pause=0),
    "bug": Expected("sending > approved", GONE_WRONG, HOUR),
}
"""Nothing was done, whatever it is. Nothing there looks at the run lock."""

AT_PLATFORM_WRITE = {
    "rejected": REFUSED,
    "unknown": Expected(TWICE),
    "busy": PUT_OFF,
    "away": PUT_OFF._replace(problem="it is away", run="away"),
    "stopping": STOPPED,
    "mistake": MISTAKEN,
    "reconnect": RECONNECT,
    "lock": TAKEN,
    "bug": BUG,
}

MAIL_FAILED = Expected("sending > approved", pause=90)
AT_MAIL = AT_PLATFORM_WRITE | {
    "unknown": Expected("sending > unknown"),
    "busy": MAIL_FAILED,
    "away": MAIL_FAILED,
    "mistake": MISTAKEN._replace(run="mail stopped"),
}
"""A mail server that is busy is not the platform: the run goes on."""
del AT_MAIL["stopping"]  # the run's own question ends it: see the test of that name


@pytest.fixture
def world() -> MemoryWorld:
    return MemoryWorld()


def cases(
    ways: list[str], places: list[str], table: dict[str, Expected]
) -> list[tuple[str, str, str, Expected]]:
    """Return every way at every place with every error, and what is expected."""
    return [(way, place, error, table[error]) for way, place, error in product(ways, places, table)]


def check_end(world: MemoryWorld, result: ApplyResult, ended: str) -> None:
    """Check how the run ended, and that it says so."""
    assert result.stopped is (ended == "stopped")
    assert result.needs_reconnect is (ended == "reconnect")
    states = {1: ConnectionState.NEEDS_RECONNECT} if ended == "reconnect" else {}
    assert world.store.connections.states == states
    put_off = world.clock.now() + timedelta(seconds=90) if ended in {"put off", "away"} else None
    assert result.put_off_until == put_off
    assert result.unreachable == ("it is away" if ended == "away" else "")
    assert not result.in_hand


@pytest.mark.parametrize(
    ("way", "place", "error", "expected"),
    [
        *cases([way for way in WAYS if way not in {"task", "asked"}], ["read"], AT_RECHECK),
        *cases([way for way in WAYS if way != "asked"], ["replan"], AT_RECHECK),
        *cases(AT_PLATFORM, ["prepare", "perform"], AT_PLATFORM_WRITE),
        *cases(["letter"], ["pdf"], AT_PLATFORM_WRITE),
        *cases(["mail"], ["compose", "prepare"], AT_MAIL | {"unknown": Expected(TWICE)}),
        *cases(["mail"], ["mail"], AT_MAIL),
    ],
)
def test_an_error_has_one_consequence_at_each_place(
    world: MemoryWorld, way: str, place: str, error: str, expected: Expected
) -> None:
    action, following = world.add(**WAYS[way]), world.add(number=2, **WAYS[way])
    world.books.faults.append(Fault(place, ERRORS[error]()))
    result = world.run()
    assert world.path(action) == expected.path
    assert world.pause(action) == expected.pause
    goes_on = expected.run == "goes on"
    assert world.path(following) == ("sending > sent > confirmed" if goes_on else "")
    assert [problem.endswith(expected.problem) for problem in result.problems] == (
        [True] if expected.problem else []
    )
    check_end(world, result, expected.run)
    world.books.assert_nothing_twice()


@pytest.mark.parametrize("way", WAYS)
def test_what_was_lost_or_left_behind_leaves_once(world: MemoryWorld, way: str) -> None:
    """Each error at the write, one run after the other, until it is confirmed."""
    action = world.add(**WAYS[way])
    place = "mail" if way == "mail" else "perform"
    for error in ("busy", "away", "stopping", "mistake", "reconnect", "lock"):
        world.books.faults.append(Fault(place, ERRORS[error]()))
        world.run()
        world.advance(days=1)
    world.run()
    # A mail whose process was cut off may have left: that is not for arsync to say.
    left = [key for key, _ in world.books.mails] or world.books.keys(action.kind)
    assert (world.state(action), left) == (
        (S.UNKNOWN, []) if way == "mail" else (S.CONFIRMED, [action.key])
    )


@pytest.mark.parametrize("way", AT_PLATFORM)
@pytest.mark.parametrize(
    ("error", "first", "then"),
    [
        ("unknown", "sending > unknown > sent > confirmed", ""),
        ("bug", "sending > unknown", " > sent > confirmed"),
        ("lock", "sending", " > unknown > sent > confirmed"),
    ],
)
def test_what_took_effect_is_found_and_not_repeated(
    world: MemoryWorld, way: str, error: str, first: str, then: str
) -> None:
    action = world.add(**WAYS[way])
    world.books.faults.append(Fault("perform", ERRORS[error](), after=True))
    world.run()
    assert world.path(action) == first
    world.run()
    assert world.path(action) == first + then
    assert world.books.keys(action.kind) == [action.key]
    assert world.row(action).generation == 1


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_mail_that_may_have_left_waits_for_people(world: MemoryWorld, after: bool) -> None:
    action = world.add(via=Via.SMTP)
    world.books.faults.append(Fault("mail", OutcomeUnknown("it broke off"), after=after))
    for _ in range(3):
        result = world.run()
    assert world.path(action) == "sending > unknown"
    assert len(world.books.mails) == after
    (wait,) = result.waits
    assert wait == (
        "reminder for Customer 1 about INV-1: it may have been sent or not, and nothing tells which"
        f" (it broke off): `arsync resolve {action.key[:12]}` says what to look at."
    )
    looks = [event.reason for event in world.events(action) if event.from_state is event.to_state]
    assert looks == ["a mail server cannot be asked whether it took a message"]


def test_a_refusal_without_words_still_has_a_reason(world: MemoryWorld) -> None:
    action = world.add()
    world.books.faults.append(Fault("perform", Rejected("")))
    world.run()
    assert world.row(action).reason == "no reason was given"


@pytest.mark.parametrize(
    ("numbers", "title"),
    [
        ((), "credit hold for Customer 1: "),
        ((1, 2), "credit hold for Customer 1 about INV-1, INV-2: "),
        ((1, 2, 3, 4), "credit hold for Customer 1 about INV-1, INV-2, INV-3: "),
    ],
)
def test_a_problem_names_the_action(
    world: MemoryWorld, numbers: tuple[int, ...], title: str
) -> None:
    world.add(HOLD, invoices=tuple(an_invoice_ref(f"i{number}") for number in numbers))
    world.books.faults.append(Fault("perform", Rejected("no")))
    (problem,) = world.run().problems
    assert problem.startswith(title)


def test_a_letter_needs_post_in_the_configuration(world: MemoryWorld) -> None:
    world.has_post = False
    letter, mail = world.add(ActionKind.LETTER), world.add(number=2, via=Via.SMTP)
    problems = world.run().problems
    assert (world.path(letter), world.path(mail)) == ("sending > approved",) * 2
    assert [problem.partition(": ")[2] for problem in problems] == [
        "there are no letters in the configuration.",
        "there is no mail server in the configuration.",
    ]


# -- the re-check ---------------------------------------------------------------------------------


@pytest.mark.parametrize("way", [way for way in WAYS if way != "asked"])
def test_an_action_whose_reason_is_gone_is_withdrawn(world: MemoryWorld, way: str) -> None:
    action = world.add(**WAYS[way])
    world.plan.clear()
    result = world.run()
    assert world.path(action) == "sending > withdrawn"
    assert world.row(action).reason == "Standard cadence no longer asks for it"
    assert (world.books.done, world.books.mails, result.problems) == ([], [], [])


@pytest.mark.parametrize("way", [way for way in WAYS if way != "asked"])
def test_an_action_before_its_hour_waits_for_it(world: MemoryWorld, way: str) -> None:
    action = world.add(**WAYS[way])
    world.plan[action.key] = replace(action, not_before=NOW + timedelta(hours=5))
    result = world.run()
    assert (world.path(action), world.pause(action)) == ("sending > approved", 5 * HOUR)
    assert world.row(action).reason == "outside the hours in which messages leave"
    assert result.problems == []
    world.advance(hours=5)
    world.run()
    assert world.state(action) is S.CONFIRMED


def test_what_people_asked_for_needs_no_plan(world: MemoryWorld) -> None:
    action = world.add(**WAYS["asked"])
    world.plan.clear()
    world.run()
    assert world.path(action) == "sending > sent > confirmed"
    assert "replan" not in world.books.calls


def test_the_newest_words_leave_and_are_kept(world: MemoryWorld) -> None:
    action = world.add(note="GBP 100.00 due")
    world.plan[action.key] = newer = replace(action, note="GBP 40.50 due")
    world.run()
    assert world.row(action).action == newer
    assert [done.write.text for done in world.books.done] == ["GBP 40.50 due"]


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
    assert world.path(action) == f"sending > {TWICE.removeprefix('sending > ')}"
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
    assert world.events(action)[-1].reason == "it does not stand at the accounting system"
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
    assert [problem.endswith(expected.problem) for problem in result.problems] == (
        [True] if expected.problem else []
    )
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
    assert [problem.endswith(expected.problem) for problem in problems] == (
        [True] if expected.problem else []
    )
    if expected.path:
        assert world.row(action).reason == "sent; the note about it was refused: it said no"
    check_end(world, result, expected.run)


@pytest.mark.parametrize("way", WAYS)
def test_what_shows_is_confirmed(world: MemoryWorld, way: str) -> None:
    action = world.add(**WAYS[way])
    result = world.run()
    assert world.path(action) == "sending > sent > confirmed"
    assert [effect.state for effect in result.effects] == [S.SENT, S.CONFIRMED]
    detail = f"{action.kind.value} done" if way == "mail" else "found"
    assert world.row(action).reason == f"read back: {detail}"


@pytest.mark.parametrize(("way", "text"), [("email", "Noted."), ("mail", "Noted. 250 queued")])
def test_the_missing_note_of_a_message_is_written(world: MemoryWorld, way: str, text: str) -> None:
    action = world.add(note="Noted.", **WAYS[way])
    world.bring(action, S.SENDING, S.SENT, receipt=Receipt("m1", "250 queued"))
    world.run()
    assert world.state(action) is S.CONFIRMED
    (done,) = world.books.done
    assert (done.generation, done.write.action.via, done.write.text) == (2, Via.SMTP, text)
    assert world.books.mails == []


SEVEN_DAYS = "for 7 days: "


@pytest.mark.parametrize("how", ["hidden", "missing"])
@pytest.mark.parametrize(
    ("way", "who", "state", "reason"),
    [
        ("hold", "arsync", S.UNKNOWN, f"sent, and not to be seen {SEVEN_DAYS}"),
        ("fee", "arsync", S.UNKNOWN, f"sent, and not to be seen {SEVEN_DAYS}"),
        ("asked", "arsync", S.UNKNOWN, f"sent, and not to be seen {SEVEN_DAYS}"),
        ("hold", "Jane", S.CONFIRMED, f"as it was; it has not shown {SEVEN_DAYS}"),
        ("email", "arsync", S.CONFIRMED, f"sent; the note about it has not shown {SEVEN_DAYS}"),
        ("mail", "Jane", S.CONFIRMED, f"sent; the note about it has not shown {SEVEN_DAYS}"),
    ],
)
def test_what_has_not_shown_for_a_week_is_closed(
    world: MemoryWorld, how: str, way: str, who: str, state: ActionState, reason: str
) -> None:
    action = world.add(**WAYS[way])
    world.bring(action, S.SENDING, S.UNKNOWN)
    world.bring(action, S.SENT, receipt=Receipt("r1"), who=who)
    world.store.claims.record_lookup(action.key, who="arsync", why="not yet", now=NOW)
    if way in {"email", "mail"}:
        # Nothing but the note about a message can be missing, and it is written when it is.
        how = "hidden"
    world.books.blind = how == "hidden"
    why = (
        "the platform does not tell"
        if world.books.blind
        else ("it does not stand at the accounting system")
    )
    world.advance(days=7, seconds=-1)
    world.run()
    assert world.state(action) is S.SENT
    world.advance(seconds=1)
    world.run()
    assert (world.state(action), world.row(action).reason) == (state, reason + why)
    assert world.books.keys(action.kind) == []


# -- what nobody expects --------------------------------------------------------------------------


@pytest.mark.parametrize("state", [S.UNKNOWN, S.SENT])
@pytest.mark.parametrize("error", ["mistake", "bug"])
def test_an_unforeseen_error_while_looking_ends_the_run(
    world: MemoryWorld, state: ActionState, error: str
) -> None:
    """The caller reports it. Nothing was written, so that the next run looks again."""
    action = world.add(HOLD)
    world.bring(action, S.SENDING, state)
    path = world.path(action)
    world.books.faults.append(Fault("find", ERRORS[error]()))
    with pytest.raises(type(ERRORS[error]())):
        world.run()
    assert world.path(action) == path
    assert not world.outbox.result.in_hand


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
        assert world.run().problems == [
            "the database closed the session that kept other runs away."
        ]
    else:
        with pytest.raises(UserMistake, match="is unknown and cannot become sent"):
            world.run()
    assert world.path(action) == "sending > unknown"


def test_no_mail_leaves_without_the_lock(world: MemoryWorld) -> None:
    action = world.add(via=Via.SMTP)
    world.store.runs.lost = True
    result = world.run()
    assert (world.path(action), world.books.mails, result.waits) == ("sending", [], [])
