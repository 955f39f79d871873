"""How much one run of the outbox does, and when it leaves off; over a store in memory."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.builders.books import Fault
from tests.builders.memory_world import MemoryWorld

from arsync.core.actions import Action, ActionKind, ActionState, Via
from arsync.errors import OutcomeUnknown, RetryLater, Stopping, UserMistake
from arsync.outbox import LIMITS
from arsync.store.models import Mode

S, REMINDER, HOLD, NOTE = ActionState, ActionKind.REMINDER, ActionKind.CREDIT_HOLD, ActionKind.NOTE
SIX_HOURS = 6 * 3600


def a_world(**limits: Any) -> MemoryWorld:
    """Return a world in which some limits are others."""
    return MemoryWorld(limits=LIMITS._replace(**limits))


def add(world: MemoryWorld, count: int, *, first: int = 1, **fields: Any) -> list[Action]:
    """Approve so many actions, each about a customer of its own."""
    return [world.add(number=number, **fields) for number in range(first, first + count)]


def states(world: MemoryWorld, actions: list[Action]) -> list[ActionState]:
    return [world.state(action) for action in actions]


def sent(world: MemoryWorld) -> int:
    """Return how many messages left, in either way."""
    platform = [email for email in world.books.emails if email.action.via == Via.PLATFORM]
    return len(platform) + len(world.books.mails)


# -- attempts and pauses --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked_by", "state"), [("", S.WITHDRAWN), ("Jane", S.REJECTED)], ids=["planned", "asked"]
)
def test_attempts_have_an_end(asked_by: str, state: ActionState) -> None:
    world = a_world(attempts_max=3)
    action = world.add(NOTE if asked_by else REMINDER, asked_by=asked_by)
    for attempt in (1, 2, 3):
        world.books.faults.append(Fault("perform", RetryLater(f"busy {attempt}")))
        world.run()
        assert (world.state(action), world.row(action).attempts) == (S.APPROVED, attempt)
        world.advance(days=1)
    (problem,) = world.run().problems
    assert (world.state(action), world.row(action).reason) == (state, "given up after 3 attempts")
    assert problem.endswith(": given up after 3 attempts; the last time: busy 3")
    assert world.books.calls.count("perform") == 3


def test_giving_up_names_no_last_time_without_one() -> None:
    world = a_world(attempts_max=0)
    action = world.add()
    (problem,) = world.run().problems
    assert problem == "reminder for Customer 1 about INV-1: given up after 0 attempts"
    assert world.state(action) is S.WITHDRAWN


@pytest.mark.parametrize(
    ("after_seconds", "pauses"),
    [
        (0, [0, 120, 240, 480, 960]),
        (60, [60, 120, 240, 480, 960]),
        (300, [300, 300, 300, 480, 960]),
    ],
)
def test_a_pause_doubles_with_each_attempt(after_seconds: float, pauses: list[float]) -> None:
    world = a_world()
    action = world.add()
    for pause in pauses:
        world.books.faults.append(Fault("perform", RetryLater("busy", after_seconds=after_seconds)))
        world.run()
        assert world.pause(action) == pause
        world.advance(seconds=pause)


@pytest.mark.parametrize("place", ["read", "perform"])
@pytest.mark.parametrize(
    ("error", "pause"),
    [
        (RetryLater("busy", after_seconds=60), SIX_HOURS),
        (RetryLater("busy", after_seconds=SIX_HOURS + 1), SIX_HOURS + 1),
        (UserMistake("wrong"), SIX_HOURS),
    ],
    ids=["capped", "as the platform asks", "mistake"],
)
def test_a_pause_has_a_limit(place: str, error: Exception, pause: float) -> None:
    world = a_world()
    action = world.add()
    world.store.table.set(action.key, attempts=LIMITS.attempts_max - 1)
    world.books.faults.append(Fault(place, error))
    world.run()
    assert world.pause(action) == pause


# -- how many -------------------------------------------------------------------------------------


@pytest.mark.parametrize("via", [Via.PLATFORM, Via.SMTP, Via.POST])
@pytest.mark.parametrize(
    ("limit", "next_run"),
    [("emails_per_run_max", 2), ("of the day", 0)],
)
def test_messages_have_a_limit(via: Via, limit: str, next_run: int) -> None:
    of_the_day = limit == "of the day"
    world = a_world(**{"emails_per_day_max" if of_the_day else limit: 2})
    world.per_day = dict.fromkeys((Via.SMTP, Via.POST), 2 if of_the_day else 0)
    messages, hold = add(world, 5, via=via), world.add(HOLD, number=9)
    result = world.run()
    assert (sent(world), result.emails_left_over) == (2, 3)
    assert states(world, messages) == [S.CONFIRMED] * 2 + [S.APPROVED] * 3
    assert world.state(hold) is S.CONFIRMED, "it is no message"
    world.run()
    assert sent(world) == 2 + next_run
    world.advance(days=1)
    world.run()
    assert sent(world) == 2 + next_run + (2 if next_run == 0 else 1)


@pytest.mark.parametrize(("of_platform", "count"), [(0, 3), (1, 1), (2, 2), (99, 3)])
def test_the_platforms_own_limit_counts_besides(of_platform: int, count: int) -> None:
    world = a_world(emails_per_day_max=3)
    world.books.capabilities = world.books.capabilities._replace(emails_per_day_max=of_platform)
    add(world, 5)
    assert (world.run().emails_left_over, sent(world)) == (5 - count, count)


def test_each_way_has_its_own_limit_of_the_day() -> None:
    world = a_world(emails_per_day_max=1)
    world.per_day["smtp"] = 2
    add(world, 3)
    add(world, 3, first=4, via=Via.SMTP)
    result = world.run()
    assert (len(world.books.mails), sent(world)) == (2, 3)
    assert result.emails_left_over == 3


def test_what_may_not_leave_yet_is_not_left_over() -> None:
    world = a_world(emails_per_run_max=1)
    first, later, now, _ = add(world, 4)
    world.store.table.set(later.key, not_before=world.clock.now().replace(hour=23))
    world.store.table.set(now.key, not_before=world.clock.now())
    result = world.run()
    assert (world.state(first), result.emails_left_over) == (S.CONFIRMED, 2)


def test_only_messages_past_a_limit_are_left_over() -> None:
    world = a_world()
    world.per_day["smtp"] = 1
    mails = add(world, 2, via=Via.SMTP)
    add(world, 2, first=3)
    add(world, 2, first=5, kind=HOLD)
    result = world.run(paused=lambda: {REMINDER, HOLD} if world.books.mails else {HOLD})
    assert states(world, mails) == [S.CONFIRMED, S.APPROVED]
    assert result.emails_left_over == 1


def test_a_message_that_never_left_takes_no_place() -> None:
    world = a_world(emails_per_day_max=1)
    first, second = add(world, 2)
    world.bring(first, S.SENDING, S.UNKNOWN)
    world.plan.pop(first.key)
    world.run()
    assert states(world, [first, second]) == [S.WITHDRAWN, S.CONFIRMED]


def test_a_lost_message_gives_its_place_back() -> None:
    world = a_world(emails_per_day_max=1)
    message = world.add()
    world.books.faults.append(Fault("perform", OutcomeUnknown("lost")))
    world.run()
    assert world.path(message) == "sending > unknown > approved > sending > sent > confirmed"


def test_a_message_that_may_have_left_takes_its_place() -> None:
    world = a_world(emails_per_day_max=1)
    first, second = add(world, 2)
    world.books.faults.append(Fault("perform", OutcomeUnknown("lost")))
    world.books.blind = True
    world.run()
    assert states(world, [first, second]) == [S.UNKNOWN, S.APPROVED]


def test_actions_of_a_run_have_a_limit() -> None:
    world = a_world(actions_per_run_max=2)
    actions = add(world, 5, kind=HOLD)
    for confirmed in (2, 4, 5):
        world.run()
        assert states(world, actions).count(S.CONFIRMED) == confirmed


def test_read_backs_of_a_run_have_a_limit() -> None:
    world = a_world(confirms_per_run_max=2)
    actions = add(world, 5, kind=HOLD)
    for confirmed in (2, 4, 5):
        world.run()
        assert states(world, actions) == [S.CONFIRMED] * confirmed + [S.SENT] * (5 - confirmed)


def test_a_claim_is_leased_for_as_long_as_said() -> None:
    world = a_world(lease_seconds=120)
    action = world.add()
    leases: list[float] = []

    def look(call: str) -> None:
        if call == "perform":
            lease_until = world.row(action).lease_until
            assert lease_until is not None
            leases.append((lease_until - world.clock.now()).total_seconds())

    world.books.before_call = look
    world.run()
    assert leases == [120]


# -- a mail server that fails ---------------------------------------------------------------------

BUSY, MISTAKE = RetryLater("greylisted", after_seconds=300), UserMistake("user 'jane' is refused")


@pytest.mark.parametrize(
    ("errors", "tried", "problems"),
    [
        ([BUSY, BUSY], 6, []),
        ([BUSY, BUSY, BUSY], 3, ["greylisted"]),
        ([BUSY, BUSY, None, BUSY, BUSY], 6, []),
        ([BUSY, BUSY, None, BUSY, BUSY, BUSY], 6, ["greylisted"]),
        ([MISTAKE], 1, ["reminder for Customer 1 about INV-1: user 'jane' is refused"]),
        ([BUSY, MISTAKE], 2, ["reminder for Customer 2 about INV-2: user 'jane' is refused"]),
    ],
)
def test_a_failing_mail_server_is_left_alone(
    errors: list[Exception | None], tried: int, problems: list[str]
) -> None:
    world = a_world()
    add(world, 6, via=Via.SMTP)
    email, hold = world.add(number=7), world.add(HOLD, number=8)
    failures = iter(errors)

    def fail(call: str) -> None:
        if call == "mail" and (error := next(failures, None)) is not None:
            raise error

    world.books.before_call = fail
    result = world.run()
    assert world.books.calls.count("mail") == tried
    assert result.problems == problems
    assert result.emails_left_over == 6 - tried
    assert result.put_off_until is None
    assert states(world, [email, hold]) == [S.CONFIRMED] * 2, "these go past it"
    world.advance(days=1)
    world.run()
    assert len(world.books.mails) == 6


# -- which, and until when ------------------------------------------------------------------------


def test_observing_does_nothing_at_all() -> None:
    world = a_world()
    world.connection = world.connection._replace(mode=Mode.OBSERVE)
    approved, claimed, unknown, done = add(world, 4)
    world.bring(claimed, S.SENDING)
    world.bring(unknown, S.SENDING, S.UNKNOWN)
    world.bring(done, S.SENDING, S.SENT)
    before = dict(world.store.table.rows)
    assert world.run().counts() == {}
    assert (world.store.table.rows, world.books.calls) == (before, [])
    assert world.state(approved) is S.APPROVED


@pytest.mark.parametrize("mode", [Mode.OBSERVE, Mode.APPROVE])
def test_another_mode_from_now_on_stops_the_next_one(mode: Mode) -> None:
    world = a_world()
    actions = add(world, 3)

    def owner_takes_fright(call: str) -> None:
        if call == "perform":
            world.store.connections.modes[world.connection.id] = mode

    world.books.before_call = owner_takes_fright
    world.run()
    assert states(world, actions) == [S.CONFIRMED, S.APPROVED, S.APPROVED]


@pytest.mark.parametrize("via", [Via.PLATFORM, Via.SMTP])
@pytest.mark.parametrize("what", ["mode", "rulebook"])
def test_a_change_counts_right_before_a_message(via: Via, what: str) -> None:
    world = a_world()
    actions = add(world, 2, via=via)

    def somebody_changes_it(call: str) -> None:
        if call == "replan" and what == "mode":
            world.store.connections.modes[world.connection.id] = Mode.APPROVE
        elif call == "replan":
            world.changed = "the rulebook was changed during the run"

    world.books.before_call = somebody_changes_it
    result = world.run()
    assert states(world, actions) == [S.APPROVED, S.APPROVED]
    assert (world.books.done, world.books.mails) == ([], [])
    assert "was changed" in result.overtaken
    assert not result.failed
    # Nothing was tried, so nothing waits for a pause.
    assert world.pause(actions[0]) is None


def test_a_moment_years_ahead_puts_nothing_off() -> None:
    world = a_world()
    put_off, claimed = add(world, 2)
    years = timedelta(days=4 * 365)
    world.store.table.set(put_off.key, not_before=world.clock.now() + years)
    world.clock.advance(years)
    world.claim(claimed)
    world.clock.advance(-years)
    world.run()
    world.run()
    assert states(world, [put_off, claimed]) == [S.CONFIRMED, S.CONFIRMED]


def test_a_claim_that_was_taken_over_sends_nothing() -> None:
    world = a_world()
    (letter,) = add(world, 1, via=Via.SMTP)

    def another_run_begins(call: str) -> None:
        if call == "compose":
            world.store.claims.end_leases(
                world.connection.id, now=world.clock.now(), all_of_them=True
            )

    world.books.before_call = another_run_begins
    result = world.run()
    assert world.books.mails == []
    assert world.state(letter) is S.UNKNOWN
    assert "another run has taken up" in result.problems[0]


def test_chosen_actions_alone_are_touched() -> None:
    world = a_world()
    mine, others = add(world, 4, kind=HOLD), add(world, 4, first=5, kind=HOLD)
    for _, unknown, unconfirmed, claimed in (mine, others):
        world.bring(unknown, S.SENDING, S.UNKNOWN)
        world.bring(unconfirmed, S.SENDING, S.SENT)
        world.bring(claimed, S.SENDING)
    world.run(only={action.key for action in mine})
    assert states(world, mine) == [S.CONFIRMED, S.CONFIRMED, S.SENT, S.CONFIRMED]
    # A dead process's claim is unknown to whoever looks at it next.
    assert states(world, others) == [S.APPROVED, S.UNKNOWN, S.SENT, S.UNKNOWN]


def test_kinds_that_are_paused_stay() -> None:
    world = a_world()
    reminder, hold = world.add(), world.add(HOLD, number=2)
    world.run(paused=lambda: {REMINDER})
    assert states(world, [reminder, hold]) == [S.APPROVED, S.CONFIRMED]
    world.run()
    assert world.state(reminder) is S.CONFIRMED


def test_a_pause_is_asked_for_before_each_action() -> None:
    world = a_world()
    reminders = add(world, 3)
    world.run(paused=lambda: {REMINDER} if world.books.emails else frozenset())
    assert states(world, reminders) == [S.CONFIRMED, S.APPROVED, S.APPROVED]


@pytest.mark.parametrize("asked", range(9))
def test_a_run_stops_between_two_actions(asked: int) -> None:
    """It asks before each look-up, each claim, and each read-back."""
    world = a_world()
    unknown, approved, unconfirmed = add(world, 3, kind=HOLD)
    world.bring(unknown, S.SENDING, S.UNKNOWN)
    world.bring(unconfirmed, S.SENDING, S.SENT)
    questions = iter(range(99))
    result = world.run(stop=lambda: next(questions) == asked)
    moments = [
        [S.UNKNOWN, S.APPROVED, S.SENT],
        [S.APPROVED, S.APPROVED, S.SENT],
        [S.SENT, S.APPROVED, S.SENT],
        [S.SENT, S.SENT, S.SENT],  # nothing is left to claim: that was asked for, too
        [S.SENT, S.SENT, S.SENT],
        [S.CONFIRMED, S.SENT, S.SENT],
        [S.CONFIRMED, S.CONFIRMED, S.SENT],
    ]
    world_states = states(world, [unknown, approved, unconfirmed])
    if asked < len(moments):
        assert (result.stopped, world_states) == (True, moments[asked])
    else:
        assert not result.stopped
        assert world_states[:2] == [S.CONFIRMED, S.CONFIRMED]


def test_a_stop_while_mailing_ends_the_run() -> None:
    world = a_world()
    first, second = add(world, 2, via=Via.SMTP)
    asked: list[bool] = []

    def asked_to_stop(call: str) -> None:
        if call == "prepare":
            asked.append(True)
            raise Stopping

    world.books.before_call = asked_to_stop
    result = world.run(stop=lambda: bool(asked))
    assert (result.stopped, result.problems) == (True, [])
    assert (world.path(first), world.path(second)) == ("sending > approved", "")


def test_a_write_under_way_is_said_to_be() -> None:
    world = a_world()
    world.add()
    under_way: dict[str, bool] = {}
    world.books.before_call = lambda call: under_way.update({call: world.outbox.result.in_hand})
    result = world.run()
    assert under_way == {
        "read": False,
        "replan": False,
        "prepare": True,
        "perform": True,
        "find": True,
    }
    assert not result.in_hand
