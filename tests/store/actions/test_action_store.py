"""The queue: planned once, claimed once, changed only along the table, with one event a change."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import product
from typing import Any

import pytest
from msgspec.structs import replace
from tests.builders.actions import a_payload, an_action
from tests.store.conftest import asked

from arsync.clock import SetClock
from arsync.connector_sdk import Receipt
from arsync.core.actions import (
    ALLOWED_CHANGES,
    Action,
    ActionKind,
    ActionState,
    Because,
    InvoiceRef,
    Via,
)
from arsync.core.planning.plan import Plan, SafetyVerdict
from arsync.errors import UserMistake
from arsync.store import Store, open_store
from arsync.store.actions.claims import LEASE_SECONDS_MAX
from arsync.store.actions.plan_saving import ACTIONS_AT_ONCE
from arsync.store.actions.serialisation import decode_action, encode_action
from arsync.store.agreements.tasks import TaskOutcome
from arsync.store.models import ActionRow, ConnectionRow, Mode

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
S = ActionState
WITHIN_LIMITS = SafetyVerdict(exceeded=False)


def a_plan(
    actions: Sequence[Action],
    rulebook_hash: str = "abc",
    safety: SafetyVerdict = WITHIN_LIMITS,
) -> Plan:
    return Plan("acme", NOW.date(), (), rulebook_hash, actions, (), safety)


def a_reminder(subject: str = "i1 day 14", **fields: Any) -> Action:
    return an_action(subject=subject, **fields)


def save(
    store: Store, connection: ConnectionRow, *actions: Action, mode: str = "auto", **plan: Any
) -> tuple[int, int, int]:
    plan_of_them = a_plan(actions, **plan)
    saved = store.actions.save_plan(connection.id, plan_of_them, mode=mode, now=NOW)
    return saved.new, saved.kept, saved.withdrawn


def claim(store: Store, connection: ConnectionRow, now: datetime = NOW) -> ActionRow | None:
    return store.claims.claim_next(connection.id, now=now, lease_seconds=60)


def change(store: Store, key: str, *states: ActionState, **more: Any) -> None:
    for state in states:
        store.actions.change(key, state, who="Ann", why="because", now=NOW, **more)


def states(store: Store, key: str) -> list[str]:
    return [event.to_state.value for event in store.actions.events(key)]


def test_an_action_comes_back_equal() -> None:
    action = a_reminder(
        because=Because(
            "a.yaml",
            3,
            "Rule",
            {
                "amount": Decimal("1.10"),
                "since": date(2026, 1, 2),
                "at": NOW,
                "n": 3,
                "ok": True,
                "none": None,
                "groups": ["A", "B"],
                "text": "ü",
            },
        ),
        invoices=(InvoiceRef("i1", "INV-1", Decimal("1940.00"), "GBP", 2, "second", 14, 15),),
        step="second reminder",
        via=Via.SMTP,
        needs_approval=True,
        not_before=NOW,
        batch_id="m",
        note="A note.",
        payload=a_payload(ActionKind.REMINDER, cadence="Standard", to="a@example.com"),
    )
    again = decode_action(encode_action(action))
    assert again == action
    assert again.key == action.key


@pytest.mark.parametrize(
    ("mode", "needs_approval", "exceeded", "expected"),
    [
        ("observe", False, False, S.PLANNED),
        ("observe", False, True, S.PLANNED),
        ("approve", False, False, S.AWAITING_APPROVAL),
        ("auto", True, False, S.AWAITING_APPROVAL),
        ("auto", False, True, S.AWAITING_APPROVAL),
        ("auto", False, False, S.APPROVED),
    ],
)
def test_mode_rulebook_and_safety_limits_decide_who_approves(
    store: Store,
    connection: ConnectionRow,
    mode: str,
    needs_approval: bool,
    exceeded: bool,
    expected: ActionState,
) -> None:
    action = a_reminder(needs_approval=needs_approval)
    safety = SafetyVerdict(exceeded, ("400 emails, at most 300",) if exceeded else ())
    save(store, connection, action, mode=mode, safety=safety)
    row = store.actions.get(action.key)
    assert row.state == expected
    assert row.rulebook_hash == "abc"
    if exceeded and mode == "auto":
        assert "400 emails" in row.reason


def test_planning_twice_plans_once(store: Store, connection: ConnectionRow) -> None:
    action, two = a_reminder("a"), a_reminder("b")
    assert save(store, connection, action, two) == (2, 0, 0)
    assert save(store, connection, action, two) == (0, 2, 0)
    assert len(store.actions.list(connection.id)) == 2
    assert states(store, action.key) == ["planned", "approved"]


def test_what_still_waits_takes_over_the_newer_text(
    store: Store, connection: ConnectionRow
) -> None:
    old, new = a_reminder(note="14 days"), a_reminder(note="15 days")
    save(store, connection, old, mode="approve")
    save(store, connection, new, mode="approve")
    assert store.actions.get(old.key).action.note == "15 days"
    assert states(store, old.key) == ["planned", "awaiting approval"]


def test_what_a_person_approved_stays_as_it_was_approved(
    store: Store, connection: ConnectionRow
) -> None:
    old = a_reminder(note="14 days")
    save(store, connection, old, mode="approve")
    change(store, old.key, S.APPROVED)
    save(store, connection, a_reminder(note="15 days"), mode="approve")
    row = store.actions.get(old.key)
    assert (row.state, row.action.note) == (S.APPROVED, "14 days")


def test_leaving_observe_lets_what_was_planned_go_on(
    store: Store, connection: ConnectionRow
) -> None:
    action = a_reminder()
    save(store, connection, action, mode="observe")
    save(store, connection, action, mode="auto")
    assert states(store, action.key) == ["planned", "approved"]


@pytest.mark.parametrize("mode", ["observe", "approve", "auto"])
def test_when_the_reason_is_gone_the_action_is_withdrawn(
    store: Store, connection: ConnectionRow, mode: str
) -> None:
    action, two = a_reminder("a"), a_reminder("b")
    save(store, connection, action, two, mode=mode)
    assert save(store, connection, two, mode=mode) == (0, 1, 1)
    row = store.actions.get(action.key)
    assert (row.state, row.reason) == (S.WITHDRAWN, "the reason is gone")
    assert store.actions.events(action.key)[-1].reason == "the reason is gone"


def test_an_action_requested_by_a_person_survives_every_plan(
    store: Store, connection: ConnectionRow
) -> None:
    promise = an_action(ActionKind.PROMISE)
    for _ in range(2):
        asked(store, connection.id, promise, who="Ann", why="phoned", now=NOW)
    save(store, connection)
    row = store.actions.get(promise.key)
    assert (row.state, row.by_person) == (S.APPROVED, True)
    assert [event.actor for event in store.actions.events(promise.key)] == ["Ann"]


def test_what_was_started_is_not_touched_by_a_plan(store: Store, connection: ConnectionRow) -> None:
    action = a_reminder()
    save(store, connection, action)
    claim(store, connection)
    assert save(store, connection) == (0, 0, 0)
    assert save(store, connection, action) == (0, 1, 0)
    assert store.actions.get(action.key).state == S.SENDING


def test_a_returning_reason_is_planned_under_a_new_generation(
    store: Store, connection: ConnectionRow
) -> None:
    action = a_reminder()
    save(store, connection, action)
    claimed = claim(store, connection)
    assert claimed is not None
    store.claims.begin_attempt(claimed, Mode.AUTO, {"a": "1"})
    change(store, action.key, S.WITHDRAWN)
    assert save(store, connection, action) == (1, 0, 0)
    row = store.actions.get(action.key)
    assert (row.state, row.generation, row.attempts, row.before) == (S.APPROVED, 2, 0, {})
    assert states(store, action.key)[-3:] == ["withdrawn", "planned", "approved"]


def test_a_refusal_by_a_person_holds_for_good(store: Store, connection: ConnectionRow) -> None:
    action = a_reminder()
    save(store, connection, action, mode="approve")
    change(store, action.key, S.REJECTED)
    assert save(store, connection, action, mode="auto") == (0, 1, 0)
    assert store.actions.get(action.key).state == S.REJECTED


def test_a_withdrawn_refusal_leaves_the_action_to_the_plan(
    store: Store, connection: ConnectionRow
) -> None:
    action = a_reminder()
    save(store, connection, action, mode="approve")
    change(store, action.key, S.REJECTED)
    row = store.decisions.take_back(action.key, who="Jane", why="a mistake", now=NOW)
    assert row.state == S.WITHDRAWN
    event = store.actions.events(action.key)[-1]
    assert (event.actor, event.reason, event.from_state) == ("Jane", "a mistake", S.REJECTED)
    assert save(store, connection, action, mode="approve") == (1, 0, 0)
    assert store.actions.get(action.key).state == S.AWAITING_APPROVAL
    with pytest.raises(UserMistake, match="is not refused: it is awaiting approval"):
        store.decisions.take_back(action.key, who="Jane", why="again", now=NOW)


def test_a_platforms_refusal_is_retried_under_another_key(
    store: Store, connection: ConnectionRow
) -> None:
    action = a_reminder()
    save(store, connection, action)
    claim(store, connection)
    change(store, action.key, S.REJECTED)
    store.decisions.take_back(action.key, who="Jane", why="mended there", now=NOW)
    save(store, connection, action)
    row = store.actions.get(action.key)
    assert (row.state, row.generation, row.attempts) == (S.APPROVED, 2, 0)


def test_a_requested_action_is_retried_after_withdrawing_its_refusal(
    store: Store, connection: ConnectionRow
) -> None:
    action = a_reminder()
    asked(store, connection.id, action, who="Jane", why="by hand", now=NOW)
    claim(store, connection)
    change(store, action.key, S.REJECTED)
    row = store.decisions.take_back(action.key, who="Jane", why="mended there", now=NOW)
    assert (row.state, row.generation, row.attempts) == (S.APPROVED, 2, 0)


_PATHS: dict[ActionState, tuple[ActionState, ...]] = {
    S.PLANNED: (),
    S.AWAITING_APPROVAL: (S.AWAITING_APPROVAL,),
    S.APPROVED: (S.APPROVED,),
    S.SENDING: (S.APPROVED, S.SENDING),
    S.SENT: (S.APPROVED, S.SENDING, S.SENT),
    S.CONFIRMED: (S.APPROVED, S.SENDING, S.SENT, S.CONFIRMED),
    S.WITHDRAWN: (S.WITHDRAWN,),
    S.REJECTED: (S.AWAITING_APPROVAL, S.REJECTED),
    S.UNKNOWN: (S.APPROVED, S.SENDING, S.UNKNOWN),
}


@pytest.mark.parametrize("old", list(S))
def test_only_the_changes_of_the_table_are_allowed(
    store: Store, connection: ConnectionRow, old: ActionState
) -> None:
    for new in S:
        action = a_reminder(f"{old} {new}")
        save(store, connection, action, mode="observe")
        change(store, action.key, *_PATHS[old])
        before = states(store, action.key)
        if new in ALLOWED_CHANGES[old]:
            change(store, action.key, new)
            assert states(store, action.key) == [*before, new.value]
        else:
            with pytest.raises(UserMistake, match=f"is {old} and cannot become {new}"):
                change(store, action.key, new)
            assert states(store, action.key) == before


def test_every_state_is_covered_by_the_paths() -> None:
    assert set(_PATHS) == set(S)
    assert len(list(product(S, S))) == len(S) ** 2


def test_a_change_can_require_the_state_seen(store: Store, connection: ConnectionRow) -> None:
    action = a_reminder()
    save(store, connection, action, mode="approve")
    change(store, action.key, S.APPROVED)
    with pytest.raises(UserMistake, match="is approved"):
        change(store, action.key, S.WITHDRAWN, from_state=S.AWAITING_APPROVAL)


def test_a_change_can_require_the_attempt_made(store: Store, connection: ConnectionRow) -> None:
    save(store, connection, a_reminder())
    first = claim(store, connection)
    assert first is not None
    change(store, first.key, S.UNKNOWN, S.APPROVED)
    second = claim(store, connection)
    assert second is not None
    with pytest.raises(UserMistake, match="was tried again meanwhile"):
        change(store, first.key, S.APPROVED, from_state=S.SENDING, attempt=first.attempts)
    change(store, first.key, S.SENT, from_state=S.SENDING, attempt=second.attempts)


def test_a_claim_holds_a_lease_with_time_and_day(store: Store, connection: ConnectionRow) -> None:
    action = a_reminder()
    save(store, connection, action)
    row = claim(store, connection)
    assert row is not None
    assert (row.key, row.state, row.attempts) == (action.key, S.SENDING, 1)
    assert row.lease_until == NOW + timedelta(seconds=60)
    assert (row.first_sent_at, row.sent_on) == (NOW, date(2026, 11, 22))
    assert claim(store, connection) is None
    later = NOW + timedelta(seconds=30)
    change(store, action.key, S.APPROVED)
    again = claim(store, connection, later)
    assert again is not None
    assert (again.first_sent_at, again.attempts) == (NOW, 2)


def test_a_lease_is_never_without_end(store: Store, connection: ConnectionRow) -> None:
    for seconds in (0, -1, LEASE_SECONDS_MAX + 1):
        with pytest.raises(AssertionError):
            store.claims.claim_next(connection.id, now=NOW, lease_seconds=seconds)


def test_nothing_is_claimed_before_its_time(store: Store, connection: ConnectionRow) -> None:
    tomorrow = NOW + timedelta(days=1)
    save(store, connection, a_reminder(not_before=tomorrow))
    assert claim(store, connection) is None
    assert claim(store, connection, tomorrow) is not None


def test_a_busy_platform_puts_the_action_off(store: Store, connection: ConnectionRow) -> None:
    action = a_reminder()
    save(store, connection, action)
    claim(store, connection)
    change(store, action.key, S.APPROVED, not_before=NOW + timedelta(seconds=30))
    assert claim(store, connection, NOW + timedelta(seconds=29)) is None
    assert claim(store, connection, NOW + timedelta(seconds=30)) is not None


def test_actions_keep_the_plans_order_with_peoples_first(
    store: Store, connection: ConnectionRow
) -> None:
    planned = [a_reminder(subject) for subject in "zya"]
    save(store, connection, *planned)
    promised = an_action(ActionKind.PROMISE)
    asked(store, connection.id, promised, who="Ann", why="phoned", now=NOW)
    order = [claim(store, connection) for _ in range(4)]
    assert [row.key if row else "" for row in order] == [
        promised.key,
        *(action.key for action in planned),
    ]


def test_only_the_wanted_kinds_are_claimed(store: Store, connection: ConnectionRow) -> None:
    save(store, connection, a_reminder(), an_action(ActionKind.CREDIT_HOLD))
    kinds = {ActionKind.CREDIT_HOLD}
    row = store.claims.claim_next(connection.id, now=NOW, lease_seconds=60, kinds=kinds)
    assert row is not None
    assert row.action.kind == ActionKind.CREDIT_HOLD
    assert store.claims.claim_next(connection.id, now=NOW, lease_seconds=60, kinds=kinds) is None


def test_reminders_are_claimed_and_counted_by_way_of_sending(
    store: Store, connection: ConnectionRow
) -> None:
    note = 'a text may say "via": "smtp"'
    by_mail = replace(a_reminder("mail"), via=Via.SMTP)
    save(store, connection, replace(a_reminder("platform"), note=note), by_mail)
    claim_next = partial(store.claims.claim_next, connection.id, now=NOW, lease_seconds=60)
    assert claim_next(closed_ways=set(Via)) is None
    row = claim_next(closed_ways={Via.PLATFORM})
    assert row is not None
    assert row.key == by_mail.key
    assert claim_next(closed_ways={Via.PLATFORM}) is None
    count = partial(
        store.actions.sent_count, connection.id, {ActionKind.REMINDER}, date(2026, 11, 22)
    )
    assert (count(), count(Via.SMTP), count(Via.PLATFORM)) == (1, 1, 0)
    assert claim_next(closed_ways={Via.SMTP}) is not None
    assert (count(), count(Via.SMTP), count(Via.PLATFORM)) == (2, 1, 1)


def test_a_lease_that_ran_out_leaves_an_unknown_outcome(
    store: Store, connection: ConnectionRow
) -> None:
    action = a_reminder()
    save(store, connection, action)
    claim(store, connection)
    assert claim(store, connection, NOW + timedelta(seconds=60)) is None
    assert store.actions.get(action.key).state == S.SENDING
    assert claim(store, connection, NOW + timedelta(seconds=61)) is None
    assert store.actions.get(action.key).state == S.UNKNOWN


def test_the_run_locks_holder_ignores_dead_leases(store: Store, connection: ConnectionRow) -> None:
    save(store, connection, a_reminder())
    claim(store, connection)
    assert store.claims.end_leases(connection.id, now=NOW) == 0
    assert store.claims.end_leases(connection.id, now=NOW, all_of_them=True) == 1


def test_many_claimers_never_get_the_same_action(
    store: Store, store_url: str, connection: ConnectionRow, clock: SetClock
) -> None:
    count = 24
    save(store, connection, *(a_reminder(str(number)) for number in range(count)))
    claimed: list[str] = []

    def work() -> None:
        with open_store(store_url, clock=clock) as mine:
            while row := claim(mine, connection):
                claimed.append(row.key)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(claimed) == len(set(claimed)) == count


def test_the_receipt_is_kept(store: Store, connection: ConnectionRow) -> None:
    action = a_reminder()
    save(store, connection, action)
    claim(store, connection)
    assert store.actions.get(action.key).receipt is None
    change(store, action.key, S.SENT, receipt=Receipt("note-1", "note on INV-7"))
    change(store, action.key, S.CONFIRMED)
    assert store.actions.get(action.key).receipt == Receipt("note-1", "note on INV-7")


def test_undo_restores_the_state_before_the_first_write(
    store: Store, connection: ConnectionRow
) -> None:
    terms = an_action(ActionKind.TERMS)
    save(store, connection, terms)
    claimed = claim(store, connection)
    assert claimed is not None
    store.claims.begin_attempt(claimed, Mode.AUTO, {"saved.terms": "30 days"})
    store.claims.begin_attempt(claimed, Mode.AUTO, {"saved.terms": "cash on delivery"})
    kept = store.actions.saved(connection.id, "c1", ActionKind.TERMS, 1)
    assert kept == {"saved.terms": "30 days"}
    assert store.actions.saved(connection.id, "c1", ActionKind.TERMS, 2) == {}


def test_a_generation_only_rises(store: Store, connection: ConnectionRow) -> None:
    action = a_reminder()
    save(store, connection, action)
    assert store.claims.raise_generation(action.key) == 2
    assert store.claims.raise_generation(action.key) == 3
    assert store.actions.get(action.key).generation == 3


def test_an_action_is_found_by_its_keys_beginning(store: Store, connection: ConnectionRow) -> None:
    action = a_reminder()
    save(store, connection, action)
    for beginning in (
        action.key,
        action.key[:4],
        action.key[:8].upper(),
        f"[arsync:{action.key[:16]}]",
    ):
        assert store.actions.get(beginning).key == action.key
    for beginning in (action.key[:3], "", "%%%%", "not a key"):
        with pytest.raises(UserMistake, match="is not a key"):
            store.actions.get(beginning)
    with pytest.raises(UserMistake, match="no action's key begins"):
        store.actions.get("0000" if not action.key.startswith("0000") else "1111")


def test_a_task_is_done_once_by_a_person(store: Store, connection: ConnectionRow) -> None:
    task = an_action(ActionKind.TASK)
    save(store, connection, task)
    with pytest.raises(UserMistake, match="is not open: it is approved"):
        store.tasks.complete(task.key, TaskOutcome("", NOW.date()), who="Ann", now=NOW)
    claim(store, connection)
    change(store, task.key, S.SENT)
    assert [row.key for row in store.actions.open_tasks()] == [task.key]
    row = store.tasks.complete(
        task.key, TaskOutcome("will pay Friday", NOW.date()), who="Ann", now=NOW
    )
    assert (row.done_at, row.outcome) == (NOW, "will pay Friday")
    assert store.actions.open_tasks(connection.id) == []
    assert store.actions.events(task.key)[-1].reason == "done: will pay Friday"
    with pytest.raises(UserMistake, match="was done on 2026-11-22"):
        store.tasks.complete(task.key, TaskOutcome("", NOW.date()), who="Ann", now=NOW)
    reminder = a_reminder()
    save(store, connection, reminder)
    with pytest.raises(UserMistake, match="is a reminder, not a task"):
        store.tasks.complete(reminder.key, TaskOutcome("", NOW.date()), who="Ann", now=NOW)


def test_actions_are_listed_and_counted_by_several_criteria(
    store: Store, connection: ConnectionRow
) -> None:
    save(
        store,
        connection,
        a_reminder("a"),
        a_reminder("b", contact_id="c2", needs_approval=True),
        an_action(ActionKind.CREDIT_HOLD),
    )
    listed = store.actions.list
    assert len(listed(connection.id)) == 3
    assert [row.action.subject for row in listed(states={S.AWAITING_APPROVAL})] == ["b"]
    assert len(listed(kinds={ActionKind.CREDIT_HOLD})) == 1
    assert [row.action.subject for row in listed(contact_id="c2")] == ["b"]
    assert len(listed(rows_max=2)) == 2
    assert store.actions.counts(connection.id) == {S.APPROVED: 2, S.AWAITING_APPROVAL: 1}


def test_what_was_started_on_a_day_is_counted(store: Store, connection: ConnectionRow) -> None:
    save(store, connection, a_reminder("a"), a_reminder("b"))
    claim(store, connection)
    count = store.actions.sent_count
    assert count(connection.id, {ActionKind.REMINDER}, date(2026, 11, 22)) == 1
    assert count(connection.id, {ActionKind.REMINDER}, date(2026, 11, 23)) == 0


def test_a_huge_plan_is_saved_once_in_order(store: Store, connection: ConnectionRow) -> None:
    many = [a_reminder(f"i{number} day 14") for number in range(2 * ACTIONS_AT_ONCE + 5)]
    assert save(store, connection, *many, *many[:3], mode="approve") == (len(many), 0, 0)
    waiting = store.actions.waiting_keys(connection.id, {S.AWAITING_APPROVAL})
    assert list(waiting) == [action.key for action in many]
    store.actions.change(many[7].key, S.APPROVED, who="Ann", why="fine", now=NOW)

    fewer = [action for number, action in enumerate(many) if number % 2]
    renewed = [replace(action, note="newer words") for action in reversed(fewer)]
    gone = len(many) - len(fewer)
    assert save(store, connection, *renewed, mode="approve") == (0, len(fewer), gone)
    waiting = store.actions.waiting_keys(connection.id, {S.AWAITING_APPROVAL})
    assert list(waiting) == [action.key for action in renewed if action.key != many[7].key]
    assert {row.action.note for row in store.actions.rows(waiting)} == {"newer words"}
    withdrawn = {action.key for number, action in enumerate(many) if not number % 2}
    states = {row.key: row.state for row in store.actions.rows(action.key for action in many)}
    assert {key for key, state in states.items() if state is S.WITHDRAWN} == withdrawn
    assert states[many[7].key] is S.APPROVED
    for _, events in store.actions.with_events(sorted(withdrawn)):
        assert [event.to_state for event in events] == [S.PLANNED, S.AWAITING_APPROVAL, S.WITHDRAWN]
