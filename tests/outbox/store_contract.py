"""What the outbox relies on of a store. The store in memory is held to it, and the real one.

Families of contacts, promises and what arsync did before are the real store's alone; so is a run
lock that is lost (`tests/store/admin/test_run_log.py`).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Protocol

import pytest
from msgspec.structs import replace
from tests.builders.actions import an_action, an_invoice_ref
from tests.builders.records import a_contact, a_credit, a_payment, an_invoice

from arsync.connector_sdk import Page, Receipt, Record
from arsync.core.actions import ALLOWED_CHANGES, Action, ActionKind, ActionState, Via
from arsync.core.actions.registry import MESSAGE_KINDS
from arsync.core.ledger.records import (
    Contact,
    ContactStatus,
    DocumentStatus,
    Invoice,
    RecordKind,
    UndeliverableAddress,
)
from arsync.errors import HealsWhen, LockLost, Overtaken, UserMistake
from arsync.outbox.ports import OutboxStore
from arsync.store.actions.action_rows import StateChange
from arsync.store.models import ActionRow, ConnectionState, Mode, Refusal, SentLetter

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
TODAY = NOW.date()
LEASE_SECONDS = 60
S = ActionState

PATHS: dict[ActionState, tuple[ActionState, ...]] = {
    S.APPROVED: (),
    S.SENDING: (S.SENDING,),
    S.SENT: (S.SENDING, S.SENT),
    S.CONFIRMED: (S.SENDING, S.SENT, S.CONFIRMED),
    S.UNKNOWN: (S.SENDING, S.UNKNOWN),
    S.REJECTED: (S.SENDING, S.REJECTED),
    S.WITHDRAWN: (S.SENDING, S.WITHDRAWN),
}
"""The states that an outbox sees, each with the way there from `approved`."""


class StoreBench(Protocol):
    """A store with two connections, and hands that plan and ask."""

    connection_id: int
    other_connection_id: int

    @property
    def store(self) -> OutboxStore:
        """Return the store."""
        ...

    def approve(self, *actions: Action, connection_id: int | None = None) -> None:
        """Save a plan of these actions, all approved by the rulebook."""
        ...

    def ask(self, action: Action) -> None:
        """Add what a person asks for, approved."""
        ...

    def observe(self) -> None:
        """Set the connection to observe."""
        ...

    def connection_state(self) -> ConnectionState:
        """Return whether the connection's authorisation stands."""
        ...


def reminders(*subjects: str, **fields: Any) -> list[Action]:
    """Return a reminder of each subject."""
    return [an_action(subject=subject, **fields) for subject in subjects]


class StoreContract:
    """Subclass it and provide `bench`."""

    @pytest.fixture
    def bench(self) -> StoreBench:
        """Return the store to test; the subclass provides it."""
        raise NotImplementedError("a subclass of StoreContract provides the fixture `bench`")

    # -- whose turn it is ---------------------------------------------------------------------

    def test_the_plans_order_is_kept_with_peoples_first(self, bench: StoreBench) -> None:
        planned = reminders("z", "y", "a")
        note = an_action(ActionKind.NOTE)
        bench.approve(*planned)
        bench.ask(note)
        order = [note.key, *(action.key for action in planned)]
        listed = bench.store.actions.list(bench.connection_id, states={S.APPROVED})
        assert [row.key for row in listed] == order
        assert [row.by_person for row in listed] == [True, False, False, False]
        assert [claimed(bench).key for _ in order] == order
        assert claim(bench) is None

    def test_an_observing_connection_has_nothing_to_claim(self, bench: StoreBench) -> None:
        bench.approve(*reminders("a", "b"))
        assert claim(bench) is not None
        bench.observe()
        assert claim(bench) is None

    def test_a_connection_in_another_mode_has_nothing_to_claim(self, bench: StoreBench) -> None:
        bench.approve(*reminders("a"))
        assert claim(bench, mode=Mode.APPROVE) is None
        assert claim(bench) is not None

    def test_a_claim_is_ours_until_it_is_taken_up(self, bench: StoreBench) -> None:
        bench.approve(*reminders("a"))
        row, claims = claimed(bench), bench.store.claims
        claims.begin_attempt(row, Mode.AUTO, {})
        claims.end_leases(bench.connection_id, now=NOW, all_of_them=True)
        with pytest.raises(LockLost, match="another run has taken up"):
            claims.begin_attempt(row, Mode.AUTO, {})
        again = row._replace(state=S.UNKNOWN)
        advance(bench, again, S.APPROVED)
        claims.begin_attempt(claimed(bench), Mode.AUTO, {})
        with pytest.raises(LockLost):
            claims.begin_attempt(row, Mode.AUTO, {})

    def test_a_claim_lapses_with_the_mode(self, bench: StoreBench) -> None:
        bench.approve(*reminders("a"))
        row = claimed(bench)
        bench.observe()
        with pytest.raises(Overtaken, match="changed from auto to observe"):
            bench.store.claims.begin_attempt(row, Mode.AUTO, {})

    def test_a_claim_counts_an_attempt_and_has_a_lease(self, bench: StoreBench) -> None:
        (action,) = reminders("a")
        bench.approve(action)
        row = claimed(bench)
        assert row == bench.store.actions.get(action.key)
        assert (row.state, row.attempts, row.generation) == (S.SENDING, 1, 1)
        assert row.lease_until == NOW + timedelta(seconds=LEASE_SECONDS)
        assert (row.first_sent_at, row.sent_on) == (NOW, TODAY)

    def test_a_second_attempt_remembers_the_first_moment(self, bench: StoreBench) -> None:
        bench.approve(*reminders("a"))
        advance(bench, claimed(bench), S.APPROVED)
        later = NOW + timedelta(days=1)
        row = claimed(bench, now=later, today=later.date())
        assert (row.attempts, row.first_sent_at, row.sent_on) == (2, NOW, later.date())

    def test_nothing_is_claimed_before_its_time(self, bench: StoreBench) -> None:
        soon = NOW + timedelta(hours=1)
        bench.approve(*reminders("a", not_before=soon))
        assert claim(bench, now=soon - timedelta(seconds=1)) is None
        assert claimed(bench, now=soon).not_before == soon

    def test_a_moment_years_ahead_keeps_nothing_waiting(self, bench: StoreBench) -> None:
        (action,) = reminders("a")
        bench.approve(action)
        years = NOW + timedelta(days=4 * 365)
        advance(bench, claimed(bench), S.APPROVED, not_before=years)
        assert claimed(bench).not_before == years

    def test_a_lease_years_ahead_has_run_out(self, bench: StoreBench) -> None:
        (action,) = reminders("a")
        bench.approve(action)
        years = NOW + timedelta(days=4 * 365)
        claimed(bench, now=years)
        assert claim(bench) is None
        assert bench.store.actions.get(action.key).state is S.UNKNOWN

    def test_a_pause_keeps_an_action_waiting(self, bench: StoreBench) -> None:
        bench.approve(*reminders("a", "b"))
        soon = NOW + timedelta(seconds=30)
        first = claimed(bench)
        advance(bench, first, S.APPROVED, not_before=soon)
        assert claimed(bench).key != first.key
        assert claim(bench) is None
        assert claimed(bench, now=soon).key == first.key

    @pytest.mark.parametrize(
        ("wanted", "subjects"),
        [
            ({"kinds": {ActionKind.NOTE}}, ["note"]),
            ({"kinds": ()}, []),
            ({"closed_ways": {Via.PLATFORM}}, ["mail", "posted", "statement", "note"]),
            ({"closed_ways": {Via.SMTP}}, ["platform", "posted", "note"]),
            ({"closed_ways": ("pigeon", Via.POST)}, ["platform", "mail", "statement", "note"]),
            ({"closed_ways": tuple(Via)}, ["note"]),
            ({"keys": ()}, []),
        ],
        ids=str,
    )
    def test_only_the_wanted_actions_are_claimed(
        self, bench: StoreBench, wanted: dict[str, Any], subjects: list[str]
    ) -> None:
        bench.approve(
            *reminders("platform"),
            *reminders("mail", via=Via.SMTP),
            an_action(ActionKind.LETTER, subject="posted", via=Via.POST),
            an_action(ActionKind.ACCOUNT_LETTER, subject="statement", via=Via.SMTP),
            an_action(ActionKind.NOTE, subject="note"),
        )
        rows = [claimed(bench, **wanted) for _ in subjects]
        assert [row.action.subject for row in rows] == subjects
        assert claim(bench, **wanted) is None

    def test_chosen_keys_alone_are_claimed(self, bench: StoreBench) -> None:
        actions = reminders("a", "b", "c")
        bench.approve(*actions)
        keys = {actions[2].key}
        assert claimed(bench, keys=keys).key == actions[2].key
        assert claim(bench, keys=keys) is None

    def test_a_connection_is_blind_to_the_others(self, bench: StoreBench) -> None:
        (other,) = reminders("a", connection="other")
        bench.approve(other, connection_id=bench.other_connection_id)
        assert claim(bench) is None
        assert bench.store.actions.list(bench.connection_id, states=set(S)) == []
        lookups = partial(bench.store.claims.end_leases, now=NOW, all_of_them=True)
        assert claim(bench, connection_id=bench.other_connection_id) is not None
        assert (lookups(bench.connection_id), lookups(bench.other_connection_id)) == (0, 1)

    # -- leases -------------------------------------------------------------------------------

    def test_a_lease_that_ran_out_is_unknown(self, bench: StoreBench) -> None:
        (action,) = reminders("a")
        bench.approve(action)
        end = NOW + timedelta(seconds=LEASE_SECONDS)
        assert claimed(bench).lease_until == end
        assert claim(bench, now=end) is None
        assert bench.store.actions.get(action.key).state is S.SENDING
        later = end + timedelta(seconds=1)
        assert claim(bench, now=later) is None
        row = bench.store.actions.get(action.key)
        assert (row.state, row.lease_until, row.changed_at) == (S.UNKNOWN, None, later)
        assert row.reason == "no outcome within the lease: it must be looked up"

    def test_the_run_locks_holder_ends_every_lease(self, bench: StoreBench) -> None:
        bench.approve(*reminders("a", "b"))
        claimed(bench)
        claimed(bench)
        end_leases = partial(bench.store.claims.end_leases, bench.connection_id, now=NOW)
        assert end_leases(all_of_them=False) == 0
        assert end_leases(all_of_them=True) == 2
        assert end_leases(all_of_them=True) == 0

    # -- what came of it ----------------------------------------------------------------------

    @pytest.mark.parametrize("old", list(PATHS), ids=str)
    def test_a_change_off_the_table_is_refused(self, bench: StoreBench, old: ActionState) -> None:
        row = stands(bench, old)
        history = list(bench.store.actions.events(row.key))
        for new in set(S) - ALLOWED_CHANGES[old]:
            with pytest.raises(AssertionError, match="is not allowed"):
                advance(bench, row, new)
        assert bench.store.actions.get(row.key) == row
        assert list(bench.store.actions.events(row.key)) == history

    @pytest.mark.parametrize("old", [state for state in PATHS if ALLOWED_CHANGES[state]], ids=str)
    def test_a_change_of_the_table_writes_one_event(
        self, bench: StoreBench, old: ActionState
    ) -> None:
        later = NOW + timedelta(minutes=1)
        for new in ALLOWED_CHANGES[old]:
            row = stands(bench, old, *reminders(new))
            history = list(bench.store.actions.events(row.key))
            advance(bench, row, new, at=later)
            assert bench.store.actions.get(row.key) == row._replace(
                state=new, reason="because", changed_at=later, lease_until=None
            )
            *before, event = bench.store.actions.events(row.key)
            assert before == history
            assert event == (row.key, later, "Jane", old, new, "because")

    def test_a_change_needs_the_state_that_was_seen(self, bench: StoreBench) -> None:
        seen = stands(bench, S.SENDING)
        advance(bench, seen, S.SENT)
        with pytest.raises(UserMistake, match=f"{seen.key[:8]} is sent and cannot become approved"):
            advance(bench, seen, S.APPROVED)
        assert bench.store.actions.get(seen.key).state is S.SENT

    def test_a_change_needs_the_attempt_that_was_seen(self, bench: StoreBench) -> None:
        seen = stands(bench, S.SENDING)
        advance(bench, seen, S.APPROVED)
        again = claimed(bench)
        with pytest.raises(UserMistake, match="was tried again meanwhile"):
            advance(bench, seen, S.SENT)
        assert bench.store.actions.get(seen.key) == again

    @pytest.mark.parametrize("state", [S.APPROVED, S.REJECTED])
    def test_a_refusal_that_can_heal_is_listed(self, bench: StoreBench, state: ActionState) -> None:
        bench.approve(*reminders("1", "2", "3"))
        first, second = claimed(bench), claimed(bench)
        advance(bench, first, state, refusal=Refusal(HealsWhen.DAY, "mark"))
        advance(bench, second, state)
        (refused,) = bench.store.actions.refused(bench.connection_id)
        assert (refused.key, refused.heals_when) == (first.key, HealsWhen.DAY)
        assert refused.heals_mark == "mark"
        assert not bench.store.actions.refused(bench.other_connection_id)

    def test_another_attempt_forgets_the_refusal(self, bench: StoreBench) -> None:
        bench.approve(*reminders("1"))
        advance(bench, claimed(bench), S.APPROVED, refusal=Refusal(HealsWhen.FREE))
        assert claimed(bench).heals_when is HealsWhen.NEVER
        assert not bench.store.actions.refused(bench.connection_id)

    def test_a_receipt_is_kept_until_another_comes(self, bench: StoreBench) -> None:
        first, second = Receipt("r1", "note on INV-7"), Receipt("r2", "found")
        row = stands(bench, S.SENDING)
        advance(bench, row, S.SENT, receipt=first)
        row = bench.store.actions.get(row.key)
        advance(bench, row, S.UNKNOWN)
        row = bench.store.actions.get(row.key)
        assert row.receipt == first
        advance(bench, row, S.SENT, receipt=second)
        assert bench.store.actions.get(row.key).receipt == second

    def test_an_address_that_takes_no_mail_is_kept_once(self, bench: StoreBench) -> None:
        record = bench.store.undeliverable.record
        bad = UndeliverableAddress("c1", "jo@x.test", TODAY, "550 no such user")
        again, other = bad._replace(address="JO@x.test"), bad._replace(contact_id="c2")
        assert record(bench.connection_id, bad, action_key="k", now=NOW)
        assert not record(bench.connection_id, again, action_key="k", now=NOW)
        assert record(bench.connection_id, other, action_key="k", now=NOW)
        assert record(bench.other_connection_id, bad, action_key="k", now=NOW)

    # -- what is kept beside the state --------------------------------------------------------

    def test_what_was_there_before_is_kept_once(self, bench: StoreBench) -> None:
        row = stands(bench, S.SENDING)
        assert row.before == {}
        bench.store.claims.begin_attempt(row, Mode.AUTO, {"saved.terms": "30 days"})
        bench.store.claims.begin_attempt(row, Mode.AUTO, {"saved.terms": "cash on delivery"})
        assert bench.store.actions.get(row.key) == row._replace(before={"saved.terms": "30 days"})

    def test_what_a_message_is_found_by_is_renewed(self, bench: StoreBench) -> None:
        row = stands(bench, S.SENDING)
        for number in ("+441", "+442"):
            bench.store.claims.begin_attempt(row, Mode.AUTO, {"sms.to": number}, renews=True)
        assert bench.store.actions.get(row.key).before == {"sms.to": "+442"}

    @pytest.mark.parametrize("state", list(PATHS), ids=str)
    def test_a_started_actions_former_state_is_found(
        self, bench: StoreBench, state: ActionState
    ) -> None:
        row = stands(bench, state, an_action(ActionKind.TERMS))
        bench.store.claims.begin_attempt(row, Mode.AUTO, {"saved.terms": "30 days"})
        saved = partial(bench.store.actions.saved, bench.connection_id)
        started = state in {S.SENDING, S.UNKNOWN, S.SENT, S.CONFIRMED}
        assert saved("c1", ActionKind.TERMS, 1) == ({"saved.terms": "30 days"} if started else {})
        assert saved("c1", ActionKind.TERMS, 2) == {}
        assert saved("c2", ActionKind.TERMS, 1) == {}
        assert saved("c1", ActionKind.CREDIT_HOLD, 1) == {}

    def test_newer_words_change_nothing_else(self, bench: StoreBench) -> None:
        row = stands(bench, S.SENDING)
        newer = replace(row.action, note="GBP 40.50 due", not_before=NOW + timedelta(days=1))
        bench.store.claims.revise(row.key, newer)
        assert bench.store.actions.get(row.key) == row._replace(action=newer)
        with pytest.raises(AssertionError):
            bench.store.claims.revise(row.key, replace(row.action, subject="another intent"))

    def test_generations_rise_by_one(self, bench: StoreBench) -> None:
        row = stands(bench, S.UNKNOWN)
        assert bench.store.claims.raise_generation(row.key) == 2
        assert bench.store.claims.raise_generation(row.key) == 3
        assert bench.store.actions.get(row.key) == row._replace(generation=3)

    def test_a_look_up_is_kept_once_by_its_words(self, bench: StoreBench) -> None:
        row = stands(bench, S.UNKNOWN)
        count = len(bench.store.actions.events(row.key))
        look = partial(bench.store.claims.record_lookup, row.key, who="arsync", now=NOW)
        for words in ("cannot tell", "cannot tell", "away", "cannot tell"):
            look(why=words)
        events = bench.store.actions.events(row.key)[count:]
        assert [event.reason for event in events] == ["cannot tell", "away", "cannot tell"]
        assert {(event.from_state, event.to_state) for event in events} == {(S.UNKNOWN, S.UNKNOWN)}
        assert bench.store.actions.get(row.key) == row

    # -- histories and counts -----------------------------------------------------------------

    def test_a_history_tells_each_change_in_turn(self, bench: StoreBench) -> None:
        row = stands(bench, S.CONFIRMED)
        events = bench.store.actions.events(row.key)
        assert [event.to_state for event in events][-3:] == [S.SENDING, S.SENT, S.CONFIRMED]
        assert (events[0].from_state, events[0].key) == (None, row.key)
        assert len(bench.store.actions.events("0" * 32)) == 0

    def test_histories_come_in_the_order_asked(self, bench: StoreBench) -> None:
        actions = reminders("a", "b", "c")
        bench.approve(*actions)
        keys = [actions[2].key, "0" * 32, actions[0].key]
        pairs = list(bench.store.actions.with_events(keys))
        assert [row.key for row, _ in pairs] == [keys[0], keys[2]]
        assert [list(events) for _, events in pairs] == [
            list(bench.store.actions.events(row.key)) for row, _ in pairs
        ]

    def test_an_action_that_is_not_there_is_a_mistake(self, bench: StoreBench) -> None:
        with pytest.raises(UserMistake, match="no action's key begins with"):
            bench.store.actions.get("0" * 32)

    @pytest.mark.parametrize("state", list(PATHS), ids=str)
    def test_started_messages_count_on_their_day(
        self, bench: StoreBench, state: ActionState
    ) -> None:
        stands(bench, state, *reminders("a", via=Via.SMTP))
        count = partial(bench.store.actions.sent_count, bench.connection_id)
        started = state in {S.SENDING, S.UNKNOWN, S.SENT, S.CONFIRMED}
        assert count({ActionKind.REMINDER}, TODAY, Via.SMTP) == started
        assert count(MESSAGE_KINDS, TODAY, Via.SMTP) == started
        assert count(MESSAGE_KINDS, TODAY, Via.PLATFORM) == 0
        assert count({ActionKind.LETTER}, TODAY, Via.SMTP) == 0
        assert count({ActionKind.REMINDER}, TODAY + timedelta(days=1), Via.SMTP) == 0

    # -- letters ------------------------------------------------------------------------------

    def test_notices_are_numbered_once_without_gaps(self, bench: StoreBench) -> None:
        first, second = reminders("a", "b", via=Via.SMTP)
        (other,) = reminders("c", via=Via.SMTP)
        bench.approve(first, second)
        bench.approve(other, connection_id=bench.other_connection_id)
        number = bench.store.letters.number
        given = [number(bench.connection_id, action.key) for action in (second, first, second)]
        assert [notice.number for notice in given] == [1, 2, 1]
        assert given[0] == given[2]
        assert number(bench.other_connection_id, other.key).number == 1
        with pytest.raises(UserMistake, match="it gets no number"):
            number(bench.connection_id, other.key)

    def test_a_letter_has_no_line_that_nobody_added(self, bench: StoreBench) -> None:
        (letter,) = reminders("a", via=Via.SMTP)
        bench.approve(letter)
        assert bench.store.personal_lines.of([letter.key]) == {}

    @pytest.mark.parametrize("state", list(PATHS), ids=str)
    def test_letters_that_left_are_known(self, bench: StoreBench, state: ActionState) -> None:
        refs = (an_invoice_ref("i1"),)
        (letter,) = reminders("a", via=Via.SMTP, step="first reminder", invoices=refs)
        stands(bench, state, letter)
        earlier = bench.store.letters.earlier(bench.connection_id, letter.contact_id)
        left = [SentLetter(letter.key, "first reminder", Via.SMTP, TODAY, "", (), ("i1",))]
        assert list(earlier) == (left if state in {S.SENT, S.CONFIRMED} else [])
        assert list(bench.store.letters.earlier(bench.other_connection_id, "c1")) == []

    def test_the_platforms_words_are_no_letter_of_ours(self, bench: StoreBench) -> None:
        stands(bench, S.SENT, *reminders("a"))
        assert list(bench.store.letters.earlier(bench.connection_id, "c1")) == []

    # -- the copy of the ledger, the connection -----------------------------------------------

    def test_an_account_shows_the_newest_documents(self, bench: StoreBench) -> None:
        contact, second = a_contact("c1"), a_contact("c2")
        late, early = an_invoice("i1", due_on=TODAY), an_invoice("i2")
        payment, credit = a_payment(), a_credit()
        apply(bench, RecordKind.CONTACTS, contact, second)
        apply(bench, RecordKind.INVOICES, late, early, an_invoice("i3", "c2"))
        apply(bench, RecordKind.PAYMENTS, payment)
        apply(bench, RecordKind.CREDITS, credit)
        (account,) = bench.store.ledger.accounts(bench.connection_id, ["c1"])
        assert account.contacts == (contact,)
        assert [invoice.id for invoice in account.invoices] == ["i2", "i1"]
        assert [payment.id for payment in account.payments] == [payment.id]
        assert [credit.id for credit in account.credits] == [credit.id]
        apply(bench, RecordKind.CONTACTS, contact._replace(name="Newer"))
        (account,) = bench.store.ledger.accounts(bench.connection_id, ["c1"])
        assert account.contacts[0].name == "Newer"
        assert list(bench.store.ledger.accounts(bench.connection_id, ["nobody"])) == []

    def test_open_invoices_come_by_their_day(self, bench: StoreBench) -> None:
        paid = an_invoice("i0", status=DocumentStatus.PAID, amount_due=0)
        late, early = an_invoice("i1", due_on=TODAY), an_invoice("i2")
        apply(bench, RecordKind.CONTACTS, a_contact())
        apply(bench, RecordKind.INVOICES, paid, late, early)
        assert list(bench.store.ledger.open_invoices(bench.connection_id, "c1")) == ["i2", "i1"]

    @pytest.mark.parametrize(
        "record", [an_invoice("x"), a_contact("x")], ids=["invoice", "contact"]
    )
    def test_a_record_that_is_gone_is_deleted(
        self, bench: StoreBench, record: Invoice | Contact
    ) -> None:
        is_invoice = isinstance(record, Invoice)
        kind = RecordKind.INVOICES if is_invoice else RecordKind.CONTACTS
        apply(bench, kind, record)
        apply(bench, kind, gone=["x", "never seen"])
        records = bench.store.ledger.records(bench.connection_id, kind, ["x", "never seen"])
        assert list(records) == ["x"]
        deleted = DocumentStatus.DELETED if is_invoice else ContactStatus.DELETED
        assert records["x"].status == deleted

    def test_only_a_pull_moves_the_cursor(self, bench: StoreBench) -> None:
        assert bench.store.ledger.cursor(bench.connection_id) is None
        apply(bench, RecordKind.INVOICES, moves_cursor=True)
        apply(bench, RecordKind.INVOICES, an_invoice(), cursor="elsewhere")
        assert bench.store.ledger.cursor(bench.connection_id) == "here"

    def test_an_authorisations_end_is_remembered(self, bench: StoreBench) -> None:
        bench.store.connections.set_state(bench.connection_id, ConnectionState.NEEDS_RECONNECT)
        assert bench.connection_state() is ConnectionState.NEEDS_RECONNECT

    def test_a_lock_that_is_held_is_no_error(self, bench: StoreBench) -> None:
        bench.store.runs.ensure_lock_held(bench.connection_id)


def claim(
    bench: StoreBench, *, connection_id: int | None = None, **wanted: Any
) -> ActionRow | None:
    """Claim the next action; `wanted` narrows it down."""
    defaults: dict[str, Any] = {
        "now": NOW,
        "lease_seconds": LEASE_SECONDS,
        "kinds": set(ActionKind),
        "closed_ways": (),
        "keys": None,
        "today": TODAY,
        "mode": Mode.AUTO,
    }
    of = bench.connection_id if connection_id is None else connection_id
    return bench.store.claims.claim_next(of, **defaults | wanted)


def claimed(bench: StoreBench, **wanted: Any) -> ActionRow:
    """Claim the next action, which must be there."""
    row = claim(bench, **wanted)
    assert row is not None, "there is something to claim"
    return row


def advance(
    bench: StoreBench,
    row: ActionRow,
    state: ActionState,
    *,
    at: datetime = NOW,
    receipt: Receipt | None = None,
    not_before: datetime | None = None,
    refusal: Refusal | None = None,
) -> None:
    """Change the state of a row that was seen."""
    change = StateChange(row.state, state, "Jane", "because", at)
    bench.store.claims.advance(row, change, receipt=receipt, not_before=not_before, refusal=refusal)


def stands(bench: StoreBench, state: ActionState, action: Action | None = None) -> ActionRow:
    """Bring one action into a state, and return its row."""
    action = action or reminders("a")[0]
    bench.approve(action)
    for step in PATHS[state]:
        if step is S.SENDING:
            claimed(bench, keys={action.key})
        else:
            advance(bench, bench.store.actions.get(action.key), step)
    return bench.store.actions.get(action.key)


def apply(
    bench: StoreBench,
    kind: RecordKind,
    *records: Record,
    gone: Collection[str] = (),
    cursor: str = "here",
    moves_cursor: bool = False,
) -> None:
    """Store a page."""
    page = Page(kind, records, cursor, gone=tuple(gone))
    bench.store.ledger.apply(bench.connection_id, page, NOW, moves_cursor=moves_cursor)
