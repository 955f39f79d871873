"""Debtors come with everything the rules need, and only so many at a time."""

from __future__ import annotations

import tracemalloc
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from msgspec.structs import replace
from tests.builders.actions import an_action
from tests.builders.records import an_invoice
from tests.store.conftest import asked

from arsync.connector_sdk import Page, Record
from arsync.core.actions import (
    Action,
    ActionKind,
    ActionState,
    ChargeLine,
    InvoiceRef,
    LateFeePayload,
)
from arsync.core.ledger.records import (
    Allocation,
    BilledCharge,
    Contact,
    HoldOrigin,
    Organisation,
    Payment,
    Phone,
    Promise,
    RecordKind,
    SentStep,
    StandingHold,
)
from arsync.store import Store
from arsync.store.agreements.promises import MadePromise
from arsync.store.agreements.tasks import TaskOutcome
from arsync.store.ledger.account_reader import CONTACTS_AT_ONCE, INVOICES_AT_ONCE
from arsync.store.models import ConnectionRow, DisputeTerms

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
TODAY = date(2026, 11, 22)
STATES = ActionState


def put(store: Store, connection: ConnectionRow, kind: RecordKind, *records: Record) -> None:
    store.ledger.apply(connection.id, Page(kind, records, "x"), NOW)


def put_contacts(store: Store, connection: ConnectionRow, *contacts: Contact) -> None:
    put(store, connection, RecordKind.CONTACTS, *contacts)


def families(store: Store, connection: ConnectionRow, *ids: str) -> list[list[str]]:
    accounts = store.ledger.accounts(connection.id, list(ids) or None)
    return [[contact.id for contact in account.contacts] for account in accounts]


def test_children_come_with_their_parent_however_deep(
    store: Store, connection: ConnectionRow
) -> None:
    put_contacts(
        store,
        connection,
        Contact("a", "Alone"),
        Contact("b", "Grandchild", parent_id="d"),
        Contact("c", "Parent"),
        Contact("d", "Child", parent_id="c"),
    )
    put(store, connection, RecordKind.INVOICES, an_invoice("i1", "b"), an_invoice("i2", "c"))
    assert families(store, connection) == [["a"], ["c", "b", "d"]]
    assert families(store, connection, "b") == [["c", "b", "d"]]
    assert families(store, connection, "b", "d", "a") == [["a"], ["c", "b", "d"]]
    assert families(store, connection, "nobody") == []
    accounts = {account.contacts[0].id: account for account in store.ledger.accounts(connection.id)}
    assert [invoice.id for invoice in accounts["c"].invoices] == ["i2", "i1"]


def test_parents_in_a_circle_or_unknown_lose_nobody(
    store: Store, connection: ConnectionRow
) -> None:
    put_contacts(
        store,
        connection,
        Contact("a", "A", parent_id="b"),
        Contact("b", "B", parent_id="a"),
        Contact("c", "C", parent_id="c"),
        Contact("d", "D", parent_id="unknown"),
        Contact("e", "E", parent_id="b"),
    )
    assert families(store, connection) == [["a", "b", "e"], ["c"], ["d"]]


def test_a_merged_contacts_debts_count_with_its_successor(
    store: Store, connection: ConnectionRow
) -> None:
    put_contacts(
        store, connection, Contact("a", "Old", "merged", merged_into="b"), Contact("b", "New")
    )
    put(store, connection, RecordKind.INVOICES, an_invoice("i1", "a"))
    (account,) = store.ledger.accounts(connection.id)
    assert [contact.id for contact in account.contacts] == ["b", "a"]
    assert [invoice.id for invoice in account.invoices] == ["i1"]


def test_an_untold_payment_day_is_its_last_moneys(store: Store, connection: ConnectionRow) -> None:
    put_contacts(store, connection, Contact("c1", "One"))
    paid = an_invoice("i1")._replace(status="paid", amount_due=Decimal(0))
    dated = paid._replace(id="i2", paid_on=TODAY)
    put(store, connection, RecordKind.INVOICES, paid, dated, an_invoice("i3"))
    first, last = date(2026, 10, 5), date(2026, 11, 7)
    for number, (day, status) in enumerate(
        [(last, "active"), (first, "active"), (TODAY, "voided")]
    ):
        matched = tuple(
            Allocation(invoice_id, Decimal(50), day) for invoice_id in ("i1", "i2", "i3")
        )
        payment = Payment(
            f"p{number}", "c1", status, day, "GBP", None, Decimal(150), Decimal(0), matched
        )
        put(store, connection, RecordKind.PAYMENTS, payment)
    (account,) = store.ledger.accounts(connection.id)
    assert {invoice.id: invoice.paid_on for invoice in account.invoices} == {
        "i1": last,
        "i2": TODAY,
        "i3": None,
    }


def test_every_debtor_comes_once_in_order_over_portions(
    store: Store, connection: ConnectionRow
) -> None:
    count = CONTACTS_AT_ONCE * 2 + 10
    ids = [f"c{number:05}" for number in range(count)]
    put_contacts(store, connection, *(Contact(record_id, record_id) for record_id in ids))
    put(
        store,
        connection,
        RecordKind.INVOICES,
        *(an_invoice(record_id, record_id) for record_id in ids),
    )
    accounts = list(store.ledger.accounts(connection.id))
    assert [account.contacts[0].id for account in accounts] == ids
    assert [account.invoices[0].id for account in accounts] == ids


def test_memory_does_not_grow_with_the_ledger(store: Store, connection: ConnectionRow) -> None:
    def peak() -> int:
        tracemalloc.start()
        for _ in store.ledger.accounts(connection.id):
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    contacts = [f"c{number:03}" for number in range(300)]
    put_contacts(store, connection, *(Contact(contact, contact) for contact in contacts))
    peaks = []
    for portion in (0, 1, 2):
        rows = [an_invoice(f"i{portion}-{n}", contacts[n % 300]) for n in range(INVOICES_AT_ONCE)]
        put(store, connection, RecordKind.INVOICES, *rows)
        peaks.append(peak())
    assert peaks[2] < peaks[0] * 1.3


def test_a_long_reading_is_of_one_moment(store: Store, connection: ConnectionRow) -> None:
    count = CONTACTS_AT_ONCE + 1
    ids = [f"c{number:05}" for number in range(count)]
    put_contacts(store, connection, *(Contact(record_id, record_id) for record_id in ids))
    reading = store.ledger.accounts(connection.id)
    next(reading)
    put(store, connection, RecordKind.INVOICES, an_invoice("late", ids[-1]))
    assert [invoice.id for account in reading for invoice in account.invoices] == []


def test_promises_and_disputes_come_with_the_invoice(
    store: Store, connection: ConnectionRow
) -> None:
    put_contacts(store, connection, Contact("c1", "Customer"))
    put(store, connection, RecordKind.INVOICES, an_invoice("i1"))
    earlier = MadePromise(["i1"], date(2026, 11, 24), TODAY)
    replaced = store.promises.record(connection.id, earlier, who="Ann")
    later = MadePromise(["i1"], date(2026, 11, 25), TODAY, Decimal(25), replaces=[replaced.id])
    number = store.promises.record(connection.id, later, who="Ann").id
    terms = DisputeTerms("short")
    row = store.disputes.record(connection.id, an_invoice("i1"), terms, opened_on=TODAY, who="Ann")
    (account,) = store.ledger.accounts(connection.id)
    newest = Promise(("i1",), date(2026, 11, 25), Decimal(25), TODAY, number=number)
    assert account.promises == (newest,)
    assert account.disputes == (row.record,)


def test_a_promise_of_a_family_is_read_once(store: Store, connection: ConnectionRow) -> None:
    put_contacts(store, connection, Contact("c1", "Parent"), Contact("c2", "Job", parent_id="c1"))
    put(store, connection, RecordKind.INVOICES, an_invoice("i1"), an_invoice("i2", "c2"))
    made = MadePromise(["i2", "i1", "elsewhere"], TODAY, TODAY, contact_id="c1", also=True)
    number = store.promises.record(connection.id, made, who="Ann").id
    (account,) = store.ledger.accounts(connection.id)
    # What has moved away since is not this customer's any more.
    assert account.promises == (
        Promise(("i2", "i1"), TODAY, None, TODAY, also=True, number=number),
    )


def test_an_expected_date_is_a_promise_unless_ours(store: Store, connection: ConnectionRow) -> None:
    put_contacts(store, connection, Contact("c1", "Customer"))
    ours, theirs = date(2026, 11, 24), date(2026, 11, 28)

    def expected_on(day: date) -> list[tuple[date, bool]]:
        put(store, connection, RecordKind.INVOICES, an_invoice("i1", expected_on=day))
        (account,) = store.ledger.accounts(connection.id)
        return [(promise.promised_on, promise.by_platform) for promise in account.promises]

    assert expected_on(theirs) == [(theirs, True)]
    made = MadePromise(["i1"], ours, TODAY)
    promise = store.promises.record(connection.id, made, who="Ann")
    assert expected_on(ours) == [(ours, False)]
    assert expected_on(theirs) == [(ours, False), (theirs, True)]
    # Undone here, and the platform could not clear the date.
    store.promises.withdraw(connection.id, promise.id)
    assert expected_on(ours) == []


def done(store: Store, connection: ConnectionRow, action: Action, *states: ActionState) -> None:
    """Take an action through its states up to here."""
    asked(store, connection.id, action, who="test", why="test", now=NOW)
    for state in states:
        if state == STATES.SENDING:
            claimed = store.claims.claim_next(connection.id, now=NOW, lease_seconds=60)
            assert claimed is not None
            assert claimed.key == action.key
        else:
            store.actions.change(action.key, state, who="test", why="test", now=NOW)


def one_account(store: Store, connection: ConnectionRow) -> Any:
    put_contacts(store, connection, Contact("c1", "Customer"))
    (account,) = store.ledger.accounts(connection.id)
    return account


def test_steps_count_as_sent_once_they_may_have_left(
    store: Store, connection: ConnectionRow
) -> None:
    ref = InvoiceRef("i1", "INV-1", Decimal(100), "GBP", 2, "second reminder", 14)
    reminder = an_action(
        ActionKind.REMINDER, invoices=(ref,), batch_id="m1", details={"cadence": "Standard"}
    )
    done(store, connection, reminder)
    assert one_account(store, connection).sent == ()
    store.claims.claim_next(connection.id, now=NOW, lease_seconds=60)
    account = one_account(store, connection)
    # In Auckland it is the 22nd, half past ten in the evening.
    step = SentStep("i1", 2, "Standard", 14, "second reminder", date(2026, 11, 22), "m1")
    assert account.sent == (step._replace(message=reminder.key),)
    assert account.done_keys == {reminder.key}


def test_the_day_of_a_step_is_the_organisations(store: Store, connection: ConnectionRow) -> None:
    ref = InvoiceRef("i1", "INV-1", Decimal(100), "GBP")
    reminder = an_action(ActionKind.REMINDER, invoices=(ref,))
    done(store, connection, reminder)
    late = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)  # nine in the morning, the day after
    store.claims.claim_next(connection.id, now=late, lease_seconds=60)
    assert one_account(store, connection).sent[0].on == date(2026, 11, 23)


def test_a_refused_step_is_done_but_not_sent(store: Store, connection: ConnectionRow) -> None:
    ref = InvoiceRef("i1", "INV-1", Decimal(100), "GBP")
    reminder = an_action(ActionKind.REMINDER, invoices=(ref,))
    done(store, connection, reminder, STATES.SENDING, STATES.REJECTED)
    account = one_account(store, connection)
    assert (account.sent, account.done_keys) == ((), {reminder.key})


def test_a_cadence_task_is_a_step_and_stays_open(store: Store, connection: ConnectionRow) -> None:
    ref = InvoiceRef("i1", "INV-1", Decimal(100), "GBP", step="Call the customer", day=45)
    task = an_action(ActionKind.TASK, invoices=(ref,))
    done(store, connection, task, STATES.SENDING, STATES.SENT)
    account = one_account(store, connection)
    assert [step.day for step in account.sent] == [45]
    assert account.open_tasks == (task.key,)
    store.tasks.complete(task.key, TaskOutcome("will pay", TODAY), who="Ann", now=NOW)
    account = one_account(store, connection)
    assert account.open_tasks == ()
    assert [step.day for step in account.sent] == [45]


def test_the_history_is_told_as_known_before_a_time(
    store: Store, connection: ConnectionRow
) -> None:
    ref = InvoiceRef("i1", "INV-1", Decimal(100), "GBP", step="Call the customer", day=45)
    task = an_action(ActionKind.TASK, invoices=(ref,))
    done(store, connection, task, STATES.SENDING, STATES.SENT)
    later = NOW + timedelta(hours=2)
    store.tasks.complete(task.key, TaskOutcome("will pay", TODAY), who="Ann", now=later)
    one_account(store, connection)

    def before(moment: datetime) -> tuple[int, bool, bool]:
        (account,) = store.ledger.accounts(connection.id, done_before=moment)
        return len(account.sent), task.key in account.open_tasks, task.key in account.done_keys

    assert before(NOW) == (0, False, False)
    assert before(NOW + timedelta(hours=1)) == (1, True, True)
    assert before(later + timedelta(seconds=1)) == (1, False, True)


def test_a_hold_stands_until_its_lifting_stands(store: Store, connection: ConnectionRow) -> None:
    sent = (STATES.SENDING, STATES.SENT)
    done(store, connection, an_action(ActionKind.CREDIT_HOLD), *sent)
    hold = one_account(store, connection).hold
    assert hold == StandingHold("c1", date(2026, 11, 22), 1, origin=hold.origin)
    assert hold.origin == HoldOrigin("rules/standard.yaml", 57, "Standard cadence")
    done(store, connection, an_action(ActionKind.TERMS), *sent)
    assert one_account(store, connection).hold.terms_changed
    done(store, connection, an_action(ActionKind.RESTORE_TERMS), *sent)
    assert not one_account(store, connection).hold.terms_changed
    lift = an_action(ActionKind.LIFT_CREDIT_HOLD)
    done(store, connection, lift, STATES.SENDING, STATES.UNKNOWN)
    assert one_account(store, connection).hold is not None
    store.actions.change(lift.key, STATES.SENT, who="test", why="found", now=NOW)
    account = one_account(store, connection)
    assert (account.hold, account.last_hold_episode) == (None, 1)
    done(store, connection, an_action(ActionKind.CREDIT_HOLD, episode=2), *sent)
    account = one_account(store, connection)
    assert account.hold.episode == account.last_hold_episode == 2


def test_the_day_of_taking_over_is_told(store: Store) -> None:
    new = store.connections.add(
        "new", platform="xero", organisation=Organisation("org-9", "New", "GBP")
    )
    assert one_account(store, new).taken_over_on is None
    store.connections.set_mode("new", "auto")
    assert one_account(store, new).taken_over_on == TODAY


def test_another_connections_history_is_not_mixed_in(
    store: Store, connection: ConnectionRow
) -> None:
    connection_row = store.connections.add(
        "other", platform="xero", organisation=Organisation("org-2", "Other", "GBP")
    )
    reminder = an_action(ActionKind.REMINDER, connection="other")
    asked(store, connection_row.id, reminder, who="t", why="t", now=NOW)
    store.claims.claim_next(connection_row.id, now=NOW + timedelta(1), lease_seconds=60)
    assert one_account(store, connection).done_keys == frozenset()


def test_what_was_billed_is_remembered_with_its_invoice(
    store: Store, connection: ConnectionRow
) -> None:
    put_contacts(store, connection, Contact("c1", "Old"), Contact("c2", "New"))
    put(store, connection, RecordKind.INVOICES, an_invoice("i1", "c1"), an_invoice("i2", "c1"))
    july = date(2026, 7, 31)

    def bill(invoice_id: str, subject: str) -> Action:
        line = ChargeLine(invoice_id, "INV", date(2026, 7, 1), july, Decimal(5), Decimal(40))
        payload = LateFeePayload(Decimal(45), "GBP", lines=(line,))
        return replace(an_action(ActionKind.LATE_FEE), payload=payload, subject=subject)

    sent, refused = bill("i1", "GBP 2026-07"), bill("i2", "EUR 2026-07")
    done(store, connection, sent, STATES.SENDING, STATES.SENT)
    done(store, connection, refused, STATES.REJECTED)
    # The invoice moves to another customer, and takes what was billed on it along.
    put(store, connection, RecordKind.INVOICES, an_invoice("i1", "c2"))
    (old,) = store.ledger.accounts(connection.id, ["c1"])
    (new,) = store.ledger.accounts(connection.id, ["c2"])
    first, second = (
        BilledCharge(action.key, invoice_id, july, compensation=True)
        for action, invoice_id in ((sent, "i1"), (refused, "i2"))
    )
    assert set(old.charges) == {first, second}
    assert new.charges == (first,)
    assert new.sent == ()


def test_a_closed_task_leaves_its_step_to_be_taken(store: Store, connection: ConnectionRow) -> None:
    ref = InvoiceRef("i1", "INV-1", Decimal(100), "GBP", step="Call", day=7)
    task = an_action(ActionKind.TASK, invoices=(ref,))
    done(store, connection, task, STATES.SENDING, STATES.SENT)
    (opened,) = one_account(store, connection).tasks
    assert (opened.invoice_ids, opened.steps[0].day, opened.done_on) == (("i1",), 7, None)
    store.tasks.close({task.key: "paid"}, on=TODAY, now=NOW, noted_by=lambda *_: None)
    account = one_account(store, connection)
    assert (account.sent, account.closed_tasks) == ((), {task.key})
    assert task.key in account.done_keys


def reminded(store: Store, connection: ConnectionRow, contact_id: str, *addresses: str) -> None:
    """Send a first reminder to these addresses."""
    ref = InvoiceRef("i1", "INV-1", Decimal(100), "GBP", 1, "first reminder", 3)
    reminder = an_action(
        ActionKind.REMINDER, contact_id=contact_id, invoices=(ref,), batch_id=contact_id
    )
    asked(store, connection.id, reminder, who="test", why="test", now=NOW)
    claimed = store.claims.claim_next(connection.id, now=NOW, lease_seconds=60)
    assert claimed is not None
    store.claims.begin_attempt(claimed, connection.mode, {}, reaches=addresses)


def heard(store: Store, connection: ConnectionRow) -> dict[str, tuple[date, ...]]:
    """Return what each customer heard through others; read together, and one by one."""
    together: dict[str, tuple[date, ...]] = {}
    for account in store.ledger.accounts(connection.id):
        together |= account.heard_at
        (alone,) = store.ledger.accounts(connection.id, [account.contacts[0].id])
        assert alone.heard_at == account.heard_at
    return together


def test_who_shares_an_address_shares_its_days(store: Store, connection: ConnectionRow) -> None:
    shared = [Contact(key, key.upper(), email="office@example.com") for key in ("c1", "c2", "c3")]
    put_contacts(store, connection, *shared, Contact("c4", "C4", email="c4@example.com"))
    reminded(store, connection, "c1", "office@example.com")
    assert heard(store, connection) == {"c2": (TODAY,), "c3": (TODAY,)}


def test_one_mailbox_may_be_written_in_many_ways(store: Store, connection: ConnectionRow) -> None:
    put_contacts(
        store,
        connection,
        Contact("c1", "C1", email="ap@acme.example"),
        Contact("c2", "C2", email=" AP@Acme.Example "),
        Contact("c3", "C3", email="x@c3.example; Ap@acme.example"),
        Contact("c4", "C4", email="x@c4.example", more_emails=("aP@acme.example",)),
        Contact("c5", "C5", email="ap@acme.example.org"),
    )
    reminded(store, connection, "c1", "ap@acme.example")
    assert heard(store, connection) == dict.fromkeys(("c2", "c3", "c4"), (TODAY,))


def test_an_invoice_brings_its_own_address(store: Store, connection: ConnectionRow) -> None:
    put_contacts(store, connection, *(Contact(f"c{n}", "C", email=f"{n}@x.example") for n in "123"))
    put(
        store,
        connection,
        RecordKind.INVOICES,
        an_invoice("i2", "c2", email="Site@x.example"),
        an_invoice("i3", "c3", email="site@x.example", amount_due="0"),
    )
    reminded(store, connection, "c1", "site@x.example")
    assert heard(store, connection) == {"c2": (TODAY,)}, "c3 owes nothing that goes there"


def test_what_went_elsewhere_reached_nobody_here(store: Store, connection: ConnectionRow) -> None:
    """They share a telephone, and the message was an email."""
    phone = Phone("020 7946 0018")
    put_contacts(
        store,
        connection,
        Contact("c1", "C1", email="a@x.example", phones=(phone,)),
        Contact("c2", "C2", email="b@x.example", phones=(phone,)),
    )
    reminded(store, connection, "c1", "a@x.example")
    assert heard(store, connection) == {}


def test_a_telephone_is_one_however_it_is_written(store: Store, connection: ConnectionRow) -> None:
    numbers = ("07911 123456", "+44 (0)7911 123456", "00447911123456", "07911 123457")
    phones = {f"c{n}": (Phone(number, "mobile"),) for n, number in enumerate(numbers, 1)}
    put_contacts(
        store, connection, *(Contact(key, key, phones=phones[key], country="GB") for key in phones)
    )
    reminded(store, connection, "c1", "+447911123456")
    assert heard(store, connection) == {"c2": (TODAY,), "c3": (TODAY,)}


def test_a_merged_customers_message_is_heard_once(store: Store, connection: ConnectionRow) -> None:
    put_contacts(
        store,
        connection,
        Contact("c1", "C1", email="a@x.example", merged_into="c2"),
        Contact("c2", "C2", email="a@x.example"),
    )
    reminded(store, connection, "c1", "a@x.example")
    assert heard(store, connection) == {}


def test_a_past_day_knows_no_later_message(store: Store, connection: ConnectionRow) -> None:
    put_contacts(store, connection, *(Contact(key, key, email="a@x.example") for key in "ab"))
    reminded(store, connection, "a", "a@x.example")
    (_, account) = store.ledger.accounts(connection.id, done_before=NOW)
    assert account.heard_at == {}


def test_no_address_is_not_one_that_is_shared(store: Store, connection: ConnectionRow) -> None:
    put_contacts(store, connection, Contact("c1", "C1"), Contact("c2", "C2"))
    reminded(store, connection, "c1", "c1@example.com")
    assert heard(store, connection) == {}
