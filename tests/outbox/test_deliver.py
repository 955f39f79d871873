"""Messages by every channel: delivered once whatever happens, and then told in the books."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace
from tests.builders.books import Done, Fault
from tests.builders.memory_world import A_PDF, MemoryWorld
from tests.outbox.worker_tables import ERRORS, HOUR, TWICE, S

from arsync.connector_sdk import Receipt
from arsync.core.actions import Action, ActionKind, Via
from arsync.core.actions.effects import steps_taken
from arsync.core.actions.posting import letter_to_post
from arsync.errors import OutcomeUnknown, Rejected, RetryLater

WAYS: dict[str, dict[str, Any]] = {
    "letter by mail": {"kind": ActionKind.LETTER, "via": Via.SMTP},
    "account letter": {"kind": ActionKind.ACCOUNT_LETTER, "via": Via.SMTP},
    "letter by post": {"kind": ActionKind.LETTER, "via": Via.POST},
    "text message": {"kind": ActionKind.REMINDER, "via": Via.SMS},
    "pigeon": {"kind": ActionKind.REMINDER, "via": "pigeon"},
}
THAT_CAN_TELL = [way for way, fields in WAYS.items() if fields["via"] != Via.SMTP]
LETTERS = [way for way in WAYS if WAYS[way]["kind"] is ActionKind.LETTER]


@pytest.fixture
def world() -> MemoryWorld:
    return MemoryWorld()


def left(world: MemoryWorld) -> list[str]:
    return [key for key, _ in world.books.mails]


def of_messages(world: MemoryWorld) -> list[Done]:
    """What the books were told of messages; a letter by post has a task besides."""
    return [done for done in world.books.done if done.kind is not ActionKind.TASK]


@pytest.mark.parametrize("way", WAYS)
def test_it_is_delivered_and_then_told(world: MemoryWorld, way: str) -> None:
    action = world.add(note="Noted.", **WAYS[way])
    result = world.run()
    assert world.path(action) == "sending > sent > confirmed"
    assert (left(world), result.problems) == ([action.key], [])
    (done,) = of_messages(world)
    assert done.write.text == "Noted. 250 queued"
    assert world.row(action).before["trace"] == world.trace


@pytest.mark.parametrize("way", LETTERS)
def test_a_letter_is_filed_as_it_left(world: MemoryWorld, way: str) -> None:
    action = world.add(**WAYS[way])
    world.run()
    (done,) = of_messages(world)
    assert (done.kind, done.write.file, done.write.file_type) == (
        ActionKind.LETTER,
        A_PDF,
        "application/pdf",
    )
    assert done.write.file_name.endswith(".pdf")
    assert world.row(action).before["arsync.letter"]


@pytest.mark.parametrize("way", LETTERS)
@pytest.mark.parametrize("changed", [False, True])
def test_a_letter_whose_run_ended_is_filed_once(
    world: MemoryWorld, way: str, changed: bool
) -> None:
    """It has left; the process died before the books were told."""
    action = world.add(**WAYS[way])
    world.books.faults.append(Fault("perform", ERRORS["lock"]()))
    world.run()
    assert (world.path(action), left(world)) == ("sending > sent", [action.key])
    world.letter_text = "text of other amounts" if changed else world.letter_text
    world.run()
    assert world.path(action) == "sending > sent > confirmed"
    (done,) = of_messages(world)
    # A letter that would read otherwise today is not what the customer got: the note alone.
    assert done.write.file == (b"" if changed else A_PDF)
    assert left(world) == [action.key]
    world.books.assert_nothing_twice()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("error", ["busy", "away", "rejected", "mistake"])
def test_what_did_not_leave_is_not_told(world: MemoryWorld, way: str, error: str) -> None:
    action = world.add(**WAYS[way])
    world.books.faults.append(Fault("mail", ERRORS[error]()))
    world.run()
    expected = {
        "busy": ("sending > approved", 90),
        "away": ("sending > approved", 90),
        "rejected": ("sending > rejected", None),
        "mistake": ("sending > approved", HOUR),
    }
    assert (world.path(action), world.pause(action)) == expected[error]
    assert (left(world), world.books.done) == ([], [])


@pytest.mark.parametrize("way", THAT_CAN_TELL)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_channel_that_can_tell_is_asked(world: MemoryWorld, way: str, after: bool) -> None:
    action = world.add(**WAYS[way])
    world.books.faults.append(Fault("mail", OutcomeUnknown("it broke off"), after=after))
    world.run()
    assert world.path(action) == ("sending > unknown > sent > confirmed" if after else TWICE)
    assert left(world) == [action.key]
    world.books.assert_nothing_twice()


@pytest.mark.parametrize("way", THAT_CAN_TELL)
def test_a_channel_that_does_not_answer_is_asked_again(world: MemoryWorld, way: str) -> None:
    action = world.add(**WAYS[way])
    world.books.faults += [
        Fault("mail", OutcomeUnknown("it broke off"), after=True),
        Fault("look up", OutcomeUnknown("it lists nothing yet")),
    ]
    world.run()
    assert world.path(action) == "sending > unknown"
    assert world.row(action).reason == "it broke off"
    world.run()
    assert world.path(action) == "sending > unknown > sent > confirmed"
    assert left(world) == [action.key]


@pytest.mark.parametrize("way", [way for way in WAYS if way not in THAT_CAN_TELL])
def test_a_lost_mail_waits_for_a_person(world: MemoryWorld, way: str) -> None:
    action = world.add(**WAYS[way])
    world.books.faults.append(Fault("mail", OutcomeUnknown("it broke off"), after=True))
    for _ in range(3):
        result = world.run()
    assert (world.path(action), left(world)) == ("sending > unknown", [action.key])
    assert len(result.waits) == 1
    # Jane looked into the log of the mail server.
    world.bring(action, S.SENT, receipt=Receipt("by hand"), who="Jane")
    world.run()
    assert world.state(action) is S.CONFIRMED
    assert left(world) == [action.key]


@pytest.mark.parametrize("way", [way for way in WAYS if way != "letter by post"])
def test_a_note_that_cannot_be_written_unsends_nothing(world: MemoryWorld, way: str) -> None:
    action = world.add(**WAYS[way])
    world.books.faults.append(Fault("perform", Rejected("the history is full")))
    world.run()
    assert world.path(action) == "sending > sent > confirmed"
    assert world.row(action).reason.startswith("sent; the note about it was refused")
    assert left(world) == [action.key]


def test_each_attempt_is_looked_for_by_itself(world: MemoryWorld) -> None:
    """The first came to nothing; then the customer's number changed, and the answer was lost."""
    action = world.add(**WAYS["text message"])
    world.books.faults.append(Fault("mail", RetryLater("slow down", after_seconds=60)))
    world.trace = "old number"
    world.run()
    world.advance(hours=1)
    world.trace = "new number"
    world.books.faults.append(Fault("mail", OutcomeUnknown("it broke off"), after=True))
    world.run()
    assert world.row(action).before["trace"] == "new number"
    assert world.state(action) is S.CONFIRMED
    assert left(world) == [action.key]


def test_one_way_that_is_down_stops_no_other(world: MemoryWorld) -> None:
    posted = [world.add(number=n, **WAYS["letter by post"]) for n in range(1, 6)]
    text = world.add(number=9, **WAYS["text message"])
    full = RetryLater("the disk is full", after_seconds=900)
    world.books.faults += [Fault("mail", full) for _ in range(world.limits.mail_failures_max)]
    result = world.run()
    assert [world.path(action) for action in posted] == ["sending > approved"] * 3 + [""] * 2
    assert world.state(text) is S.CONFIRMED
    assert result.problems == ["the disk is full"]


def test_a_message_reads_as_it_was_planned_last(world: MemoryWorld) -> None:
    """A new plan may send it by another way: that one counts."""
    action = world.add(**WAYS["letter by mail"])
    world.plan[action.key] = replace(action, via=Via.POST)
    world.run()
    assert world.row(action).action.via == Via.POST
    assert world.state(action) is S.CONFIRMED


def tasks_of(world: MemoryWorld) -> list[Action]:
    rows = world.store.actions.list(world.connection.id, states=set(S))
    return [row.action for row in rows if row.action.kind is ActionKind.TASK]


@pytest.mark.parametrize("way", LETTERS)
def test_what_was_printed_is_to_be_posted(world: MemoryWorld, way: str) -> None:
    letter = world.add(**WAYS[way])
    world.run()
    tasks = tasks_of(world)
    if way != "letter by post":
        assert tasks == []
        return
    (task,) = tasks
    assert letter_to_post(task) == letter.key
    assert task.payload.title.startswith("Post the letter ")
    assert task.payload.title.endswith(f": m-{letter.key[:8]}")
    assert world.state(task) is S.CONFIRMED, "its note left in the same run"
    assert steps_taken(task, world.today) == []


def test_a_printed_letter_is_asked_for_once(world: MemoryWorld) -> None:
    """The process died right after the letter was printed, and again after the task was opened."""
    letter = world.add(**WAYS["letter by post"])
    world.bring(letter, S.SENDING, S.SENT, receipt=Receipt("0001 x.pdf", "in the post folder"))
    world.books.faults.append(Fault("find", ERRORS["lock"]()))
    for _ in range(3):
        world.run()
    (task,) = tasks_of(world)
    assert task.payload.title.endswith("0001 x.pdf")
    assert (world.state(letter), world.state(task)) == (S.CONFIRMED, S.CONFIRMED)
    assert left(world) == []
