"""What people decide and record: approvals, promises, disputes, tasks done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

from arsync.clock import Clock
from arsync.core.actions import (
    Action,
    ActionState,
    Because,
    DisputePayload,
    InvoiceRef,
    PromisePayload,
    TaskDonePayload,
)
from arsync.core.ledger.account_view import SHOWN_BY_PLATFORM
from arsync.core.ledger.money import shown
from arsync.core.ledger.records import Invoice
from arsync.core.ledger.sanitising import cleaned
from arsync.core.planning.planner import action_json
from arsync.errors import UserMistake
from arsync.outbox.types import WHO
from arsync.store import Store
from arsync.store.actions.plan_saving import PLANNER
from arsync.store.models import ActionRow, ConnectionRow, DisputeRow, EventRow, Mode, PromiseRow

WHO_CHARACTERS_MAX = 100
REASON_CHARACTERS_MAX = 1_000

_S = ActionState


TAKE_BACK_HINT = "`arsync reject KEY --take-back --why REASON` takes a refusal back"


class Recorded(NamedTuple):
    """What was recorded, and what becomes of it."""

    row: ActionRow | None
    """The note's action; None when nothing goes to the accounting system."""
    message: str

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        action = action_json(self.row.action, self.row.state.value) if self.row else None
        return {"message": self.message, "action": action}


def approve(store: Store, rows: Sequence[ActionRow], *, who: str, clock: Clock) -> list[ActionRow]:
    """Let waiting actions go.

    Args:
        store: holds them.
        rows: what was chosen.
        who: the person.
        clock: the moment.

    Raises:
        UserMistake: one of them does not wait for approval.
    """
    return [
        store.actions.change(
            row.key,
            _S.APPROVED,
            who=checked(who, WHO_CHARACTERS_MAX),
            why=f"approved by {who}",
            now=clock.now(),
            from_state=row.state,
        )
        for row in rows
    ]


def approved_by_person(events: Sequence[EventRow]) -> bool:
    """Return whether a person approved an action, since it was last planned."""
    for event in reversed(events):
        if event.to_state is _S.PLANNED:
            return False
        if event.to_state is _S.APPROVED and event.who not in MACHINES:
            return True
    return False


MACHINES = frozenset({WHO, PLANNER})
"""Who approves without being a person."""


def reject(
    store: Store, rows: Sequence[ActionRow], *, who: str, why: str, clock: Clock
) -> list[ActionRow]:
    """Refuse waiting actions for good: they are not planned again."""
    reason = checked(why, REASON_CHARACTERS_MAX) or "no reason given"
    return [
        store.actions.change(
            row.key,
            _S.REJECTED,
            who=checked(who, WHO_CHARACTERS_MAX),
            why=reason,
            now=clock.now(),
            from_state=row.state,
        )
        for row in rows
    ]


def take_back(
    store: Store, rows: Sequence[ActionRow], *, who: str, why: str, clock: Clock
) -> list[ActionRow]:
    """Take refusals back, a person's or the platform's: nothing of them ever took effect.

    Raises:
        UserMistake: one of them is not refused.
    """
    who = checked(who, WHO_CHARACTERS_MAX)
    reason = checked(why, REASON_CHARACTERS_MAX) or "no reason given"
    said = f"the refusal is taken back: {reason}"
    return [store.decisions.take_back(row.key, who=who, why=said, now=clock.now()) for row in rows]


def resolve(
    store: Store, row: ActionRow, *, sent: bool, who: str, note: str = "", clock: Clock
) -> ActionRow:
    """Settle an unknown outcome by a person's word.

    What was sent counts as done. What was not is tried again, with a new idempotency key.

    Raises:
        UserMistake: its outcome is known.
    """
    unsettled(row)
    who = checked(who, WHO_CHARACTERS_MAX)
    reason = checked(note, REASON_CHARACTERS_MAX)
    said = f"{who} says that it was {'sent' if sent else 'not sent'}"
    why = f"{said}: {reason}" if reason else said
    return store.decisions.settle(row.key, sent=sent, who=who, why=why, now=clock.now())


def unsettled(row: ActionRow) -> ActionRow:
    """Return an action whose outcome is unknown.

    Raises:
        UserMistake: it is known: there is nothing to settle.
    """
    if row.state is not _S.UNKNOWN:
        raise UserMistake(_known(row))
    return row


def _known(row: ActionRow) -> str:
    """Return why there is nothing to settle, and what can be done instead."""
    known = f"the outcome of {row.key[:12]} is known: it is {row.state.value}"
    hint = _INSTEAD.get(row.state, "")
    return f"{known}.\n    hint: {hint}" if hint else f"{known}."


_INSTEAD = {
    _S.AWAITING_APPROVAL: "`arsync approve KEY` lets it go, `arsync reject KEY` refuses it",
    _S.APPROVED: "`arsync apply` carries it out",
    _S.SENDING: "a run is at work on it; should it have died, the next run looks it up",
    _S.SENT: "it was sent; the next run reads it back",
    _S.REJECTED: TAKE_BACK_HINT,
}


def record_promise(
    store: Store,
    connection: ConnectionRow,
    invoice: Invoice,
    *,
    promised_on: date,
    amount: Decimal | None,
    today: date,
    who: str,
    note: str = "",
) -> Recorded:
    """Record a promise to pay, and have it noted in the accounting system.

    Args:
        store: keeps it.
        connection: whose.
        invoice: what is to be paid.
        promised_on: the day the money is to come.
        amount: None for all that is due.
        today: the organisation's day.
        who: the person.
        note: anything to remember.

    Raises:
        UserMistake: the day is past, or the amount is not above zero or more than is due.
    """
    if amount is not None and amount > invoice.amount_due:
        due = shown(invoice.amount_due, invoice.currency)
        raise UserMistake(
            f"{invoice.number or invoice.id} is due {due}: a promise cannot be for more."
            "\n    hint: leave the amount out for all that is due"
        )
    named = _contact_name(store, connection, invoice)
    note_of = partial(_promise_action, connection, invoice, named)
    row = store.people.promise(
        connection.id,
        invoice.id,
        promised_on=promised_on,
        made_on=today,
        who=checked(who, WHO_CHARACTERS_MAX),
        amount=amount,
        note=checked(note, REASON_CHARACTERS_MAX),
        noted_by=note_of if _writes(connection) else None,
    )
    said = f"Promise to pay recorded: {_promise_words(row, invoice)}."
    return _recorded(store, connection, said, note_of(row))


def record_dispute(
    store: Store,
    connection: ConnectionRow,
    invoice: Invoice,
    *,
    reason: str,
    settled: bool,
    today: date,
    who: str,
) -> Recorded:
    """Record a dispute about an invoice, or that it is settled.

    Raises:
        UserMistake: one is open already; or, with `settled`, none is.
    """
    who = checked(who, WHO_CHARACTERS_MAX)
    note_of = partial(
        _dispute_action, connection, invoice, _contact_name(store, connection, invoice)
    )
    noted_by = note_of if _writes(connection) else None
    if settled:
        _refuse_to_settle_theirs(store, connection, invoice)
        row = store.people.settle_dispute(
            connection.id, invoice.id, settled_on=today, who=who, noted_by=noted_by
        )
        said = f"Dispute about {invoice.number} settled."
        if invoice.disputed_on is not None:
            said += f" {invoice.number} is not chased yet: {SHOWN_BY_PLATFORM}."
    else:
        text = checked(reason, REASON_CHARACTERS_MAX)
        if not text:
            raise UserMistake("a dispute needs a reason: --reason TEXT.")
        row = store.people.dispute(
            connection.id, invoice.id, opened_on=today, reason=text, who=who, noted_by=noted_by
        )
        said = f"Dispute about {invoice.number} recorded; no reminder is sent while it is open."
    return _recorded(store, connection, said, note_of(row))


def _refuse_to_settle_theirs(store: Store, connection: ConnectionRow, invoice: Invoice) -> None:
    """Refuse to settle a dispute that only the accounting system tells of."""
    rows = store.people.disputes(connection.id, invoice.id)
    if invoice.disputed_on is not None and all(row.settled_on is not None for row in rows):
        raise UserMistake(
            f"nobody recorded a dispute about {invoice.number} here: {SHOWN_BY_PLATFORM}"
            f" since {invoice.disputed_on}.\n    hint: it ends here when it ends there"
        )


def complete_task(
    store: Store, connection: ConnectionRow, key: str, *, outcome: str, who: str, clock: Clock
) -> Recorded:
    """Record that a person did a task, and have it noted.

    Raises:
        UserMistake: it is not a task, not open yet, or done already.
    """
    text = checked(outcome, REASON_CHARACTERS_MAX)
    who = checked(who, WHO_CHARACTERS_MAX)
    writes = _writes(connection)
    row = store.decisions.complete_task(
        key,
        who=who,
        outcome=text,
        now=clock.now(),
        noted_by=lambda done: _task_action(done, who) if writes else None,
    )
    said = f"Task done: {row.action.payload.title}."
    return _recorded(store, connection, said, _task_action(row, who))


def _writes(connection: ConnectionRow) -> bool:
    return connection.mode != Mode.OBSERVE


def _recorded(store: Store, connection: ConnectionRow, said: str, note: Action) -> Recorded:
    """Say what was recorded, and what becomes of the note about it."""
    if not _writes(connection):
        return Recorded(
            None, f"{said} {connection.name} only observes: no note goes to the accounting system."
        )
    row = store.actions.get(note.key)
    return Recorded(row, f"{said} The note goes to the accounting system with the next run.")


def _promise_action(
    connection: ConnectionRow, invoice: Invoice, contact_name: str, row: PromiseRow
) -> Action:
    return Action(
        payload=PromisePayload(row.promised_on, row.amount),
        connection=connection.name,
        contact_id=invoice.contact_id,
        contact_name=contact_name,
        because=Because("", 0, "promise to pay"),
        invoices=(_ref(invoice),),
        subject=f"{invoice.id} promise {row.id}",
        note=f"Promise to pay {_promise_words(row, invoice)}, recorded by {row.recorded_by}."
        + (f" {row.note}" if row.note else ""),
    )


def _promise_words(row: PromiseRow, invoice: Invoice) -> str:
    amount = shown(row.amount, invoice.currency) if row.amount is not None else "all that is due"
    return f"{amount} of {invoice.number} by {row.promised_on.isoformat()}"


def _dispute_action(
    connection: ConnectionRow, invoice: Invoice, contact_name: str, row: DisputeRow
) -> Action:
    settled = row.settled_on.isoformat() if row.settled_on else ""
    note = (
        f"Dispute about {invoice.number} settled on {settled}, recorded by {row.settled_by}."
        if settled
        else f"Dispute about {invoice.number}: {row.reason}. Recorded by {row.recorded_by}."
    )
    return Action(
        payload=DisputePayload(row.reason, row.settled_on),
        connection=connection.name,
        contact_id=invoice.contact_id,
        contact_name=contact_name,
        because=Because("", 0, "dispute"),
        invoices=(_ref(invoice),),
        subject=f"{invoice.id} dispute {row.id} {'settled' if settled else 'opened'}",
        note=note,
    )


def _task_action(row: ActionRow, who: str) -> Action:
    task = row.action.payload.title
    by = f" by {who}" if who else ""
    return Action(
        payload=TaskDonePayload(task, row.outcome),
        connection=row.action.connection,
        contact_id=row.action.contact_id,
        contact_name=row.action.contact_name,
        because=Because("", 0, "task done"),
        invoices=row.action.invoices,
        subject=row.key,
        note=f"Task done{by}: {task}." + (f" Outcome: {row.outcome}" if row.outcome else ""),
    )


def _contact_name(store: Store, connection: ConnectionRow, invoice: Invoice) -> str:
    try:
        return store.ledger.contact(connection.id, invoice.contact_id).name
    except UserMistake:
        return invoice.contact_id


def _ref(invoice: Invoice) -> InvoiceRef:
    return InvoiceRef(invoice.id, invoice.number, invoice.amount_due, invoice.currency)


def checked(text: str, characters_max: int) -> str:
    """Return a person's text as one clean line.

    Raises:
        UserMistake: it is too long.
    """
    line = cleaned(text)
    if len(line) > characters_max:
        raise UserMistake(
            f"a text of {len(line):,} characters is too long; {characters_max:,} fit."
        )
    return line
