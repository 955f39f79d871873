"""The outbox's state machine: what each error does at each place, over a store in memory.

Both stand-ins are held to contracts: the store to `store_contract.py`, the books to the tests of
`test_books.py`.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace
from tests.builders.actions import an_invoice_ref
from tests.builders.books import NOW, Fault
from tests.builders.memory_world import MemoryWorld
from tests.outbox.worker_tables import (
    AT_PLATFORM,
    ERRORS,
    HOLD,
    HOUR,
    TWICE,
    WAYS,
    Expected,
    S,
    cases,
    check_end,
    check_problems,
)

from arsync.core.actions import ActionKind, Via
from arsync.errors import OutcomeUnknown, Rejected

GONE_WRONG = "an internal error, see the log."
PUT_OFF = Expected("sending > approved", "slow down", 90, "put off")
STOPPED = Expected("sending > approved", pause=0, run="stopped")
TAKEN = Expected("sending", "another run has begun", run="lock lost")
BUG = Expected("sending > unknown", GONE_WRONG)
REFUSED = Expected("sending > rejected", "refused permanently: it said no")
MISTAKEN = Expected("sending > approved", "a wrong setting", HOUR)
RECONNECT = Expected("sending > approved", "connect again", run="reconnect")

AT_RECHECK = {
    "rejected": Expected("sending > approved", "it said no", HOUR),
    "unknown": Expected("sending > approved", "the answer was lost", HOUR),
    "busy": PUT_OFF,
    "away": PUT_OFF._replace(problem="it is away", run="away"),
    "stopping": STOPPED,
    "mistake": MISTAKEN,
    "reconnect": RECONNECT._replace(pause=0),
    "lock": TAKEN,
    "bug": Expected("sending > approved", GONE_WRONG, HOUR),
}
"""Nothing was done, whatever it is; but without its lock a run leaves even that to the next."""

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
BEFORE_MAIL = AT_PLATFORM_WRITE | {"mistake": AT_MAIL["mistake"]}
"""What is read for a letter is the platform's: the mail server has done nothing wrong."""


@pytest.fixture
def world() -> MemoryWorld:
    return MemoryWorld()


@pytest.mark.parametrize(
    ("way", "place", "error", "expected"),
    [
        *cases([way for way in WAYS if way not in {"task", "asked"}], ["read"], AT_RECHECK),
        *cases([way for way in WAYS if way != "asked"], ["replan"], AT_RECHECK),
        *cases(AT_PLATFORM, ["prepare", "perform"], AT_PLATFORM_WRITE),
        *cases(["letter"], ["pdf"], AT_PLATFORM_WRITE),
        *cases(["mail"], ["compose", "prepare"], BEFORE_MAIL),
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
    check_problems(result.problems, expected.problem)
    check_end(world, result, expected.run)
    world.books.assert_nothing_twice()


def test_no_error_is_left_out_of_the_tables() -> None:
    assert set(AT_PLATFORM_WRITE) == set(AT_MAIL) | {"stopping"} == set(ERRORS)
    assert set(AT_RECHECK) == set(BEFORE_MAIL) == set(ERRORS)


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
        "reminder for Customer 1 about INV-1: it may have been sent or not, and it cannot be"
        f" determined which (it broke off): `arsync resolve {action.key[:12]}` shows what to check."
    )
    looks = [event.reason for event in world.events(action) if event.from_state is event.to_state]
    assert looks == ["a mail server cannot be asked whether it accepted a message"]


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
        "there is no way for letters in the configuration.",
    ]


# -- the re-check ---------------------------------------------------------------------------------


@pytest.mark.parametrize("way", [way for way in WAYS if way != "asked"])
def test_an_action_whose_reason_is_gone_is_withdrawn(world: MemoryWorld, way: str) -> None:
    action = world.add(**WAYS[way])
    world.plan.clear()
    result = world.run()
    assert world.path(action) == "sending > withdrawn"
    assert world.row(action).reason == "Standard cadence no longer requires it"
    assert (world.books.done, world.books.mails, result.problems) == ([], [], [])


@pytest.mark.parametrize("way", [way for way in WAYS if way != "asked"])
def test_an_action_whose_reason_is_unknown_goes_on_waiting(world: MemoryWorld, way: str) -> None:
    action = world.add(**WAYS[way])
    planned = dict(world.plan)
    world.plan.clear()
    world.unknown = "balance is unknown (no rate)"
    result = world.run()
    assert (world.path(action), world.pause(action)) == ("sending > approved", HOUR)
    assert world.row(action).reason.endswith("nor certainly gone: balance is unknown (no rate)")
    assert (world.books.done, world.books.mails, result.problems) == ([], [], [])
    world.plan |= planned
    world.advance(hours=1)
    world.run()
    assert world.path(action).startswith("sending > approved > sending > sent")


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
