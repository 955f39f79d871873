"""Actions: what arsync means to do, as data with a key; and the table of their states."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple


class ActionKind(StrEnum):
    """Everything arsync can do. `REMINDER` speaks to the customer; the rest is bookkeeping."""

    REMINDER = "reminder"
    CREDIT_HOLD = "credit_hold"
    LIFT_CREDIT_HOLD = "lift_credit_hold"
    TERMS = "terms"
    """Payment terms to cash on delivery."""
    RESTORE_TERMS = "restore_terms"
    NOTE = "note"
    PROMISE = "promise"
    DISPUTE = "dispute"
    TASK = "task"
    TASK_DONE = "task_done"
    LETTER = "letter"
    """Our letter as a PDF, attached to the invoice."""
    LATE_FEE = "late_fee"
    UNDO = "undo"
    """What another action changed, back to what it was, because a person asked for it."""


class Via(StrEnum):
    """How a message leaves."""

    PLATFORM = "accounting system"
    SMTP = "smtp"


class ActionState(StrEnum):
    """Where an action stands."""

    PLANNED = "planned"
    AWAITING_APPROVAL = "awaiting approval"
    APPROVED = "approved"
    SENDING = "sending"
    SENT = "sent"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    EXPIRED = "expired"


_S = ActionState
ALLOWED_CHANGES: Mapping[ActionState, frozenset[ActionState]] = {
    _S.PLANNED: frozenset({_S.AWAITING_APPROVAL, _S.APPROVED, _S.WITHDRAWN, _S.EXPIRED}),
    _S.AWAITING_APPROVAL: frozenset({_S.APPROVED, _S.REJECTED, _S.WITHDRAWN, _S.EXPIRED}),
    _S.APPROVED: frozenset({_S.SENDING, _S.WITHDRAWN, _S.EXPIRED, _S.REJECTED}),
    _S.SENDING: frozenset({_S.SENT, _S.REJECTED, _S.UNKNOWN, _S.APPROVED, _S.WITHDRAWN}),
    _S.UNKNOWN: frozenset({_S.SENT, _S.APPROVED, _S.REJECTED, _S.WITHDRAWN}),
    _S.SENT: frozenset({_S.CONFIRMED, _S.UNKNOWN}),
    _S.CONFIRMED: frozenset({_S.WITHDRAWN}),
    _S.WITHDRAWN: frozenset(),
    _S.REJECTED: frozenset({_S.WITHDRAWN, _S.APPROVED}),
    _S.EXPIRED: frozenset(),
}
"""The one table of allowed changes. SENDING returns to APPROVED only when it is certain that
nothing happened (the other side was busy, or a look-up showed that nothing stands there). SENT
becomes UNKNOWN when what was sent has not shown for days: a person looks, it is never repeated by
itself. REJECTED is left only by a person who takes the refusal back: what a plan asked for is
WITHDRAWN, and so planned again while its reason stands; what a person asked for is APPROVED.
CONFIRMED becomes WITHDRAWN when it was undone and may be planned again."""

TERMINAL_STATES = frozenset(state for state, after in ALLOWED_CHANGES.items() if not after)
STARTED_STATES = frozenset({_S.SENDING, _S.UNKNOWN, _S.SENT, _S.CONFIRMED})
"""In these states the outside world may have changed; they count as done when planning."""


class Because(NamedTuple):
    """Why: the rulebook's file and line, the rule's name, the facts that made it match."""

    file: str
    line: int
    rule: str
    facts: Mapping[str, Any] = {}


class InvoiceRef(NamedTuple):
    """An invoice as an action names it, with what was due when it was planned."""

    id: str
    number: str
    amount_due: Decimal
    currency: str
    episode: int = 1
    step: str = ""
    """The step taken for this invoice (a letter lists invoices at different steps)."""
    day: int = 0
    days_overdue: int = 0


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do, for one contact.

    `subject` tells actions of the same kind, contact and cause apart: an invoice with its step,
    or an empty text. `details` holds what only one kind needs, as text: see `DETAILS`.
    """

    kind: ActionKind
    connection: str
    contact_id: str
    contact_name: str
    because: Because
    invoices: tuple[InvoiceRef, ...] = ()
    subject: str = ""
    episode: int = 1
    step: str = ""
    """The text to send (`second reminder`), or empty."""
    via: Via = Via.PLATFORM
    needs_approval: bool = False
    not_before: datetime | None = None
    moment: str = ""
    """The contact moment: the same text for all messages that leave together."""
    note: str = ""
    """The sentence that goes into the platform, without the marker."""
    details: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Same intent, same key, 32 hex characters: planning twice plans once."""
        text = "|".join(
            (
                self.kind.value,
                self.connection,
                self.contact_id,
                self.because.rule if self.kind in _CAUSE_COUNTS else "",
                self.subject,
                str(self.episode),
            )
        )
        return hashlib.sha256(text.encode()).hexdigest()[:32]


_CAUSE_COUNTS = frozenset(
    {
        ActionKind.REMINDER,
        ActionKind.TASK,
        ActionKind.TASK_DONE,
        ActionKind.LETTER,
        ActionKind.LATE_FEE,
        ActionKind.NOTE,
        ActionKind.PROMISE,
        ActionKind.DISPUTE,
    }
)
"""A hold has one key however many rules ask for it: it is placed once, for all its reasons."""

DETAILS: Mapping[ActionKind, tuple[str, ...]] = {
    ActionKind.REMINDER: ("cadence", "language", "to", "waits_for"),
    ActionKind.CREDIT_HOLD: ("reasons", "children"),
    ActionKind.LIFT_CREDIT_HOLD: ("held_since", "children"),
    ActionKind.TERMS: ("terms",),
    ActionKind.RESTORE_TERMS: ("saved",),
    ActionKind.NOTE: (),
    ActionKind.PROMISE: ("promised_on", "amount"),
    ActionKind.DISPUTE: ("reason", "settled"),
    ActionKind.TASK: ("task", "assign_to", "cadence"),
    ActionKind.TASK_DONE: ("task", "outcome"),
    ActionKind.LETTER: ("letter", "file_name", "cadence", "language", "waits_for"),
    ActionKind.LATE_FEE: ("amount", "currency", "description", "cadence"),
    ActionKind.UNDO: ("undoes", "generation", "kind", "who", "promise"),
}
"""What `Action.details` may hold, by kind. `children` is a comma-separated list of contact ids;
`waits_for` says which public holidays of the customer's place keep a message, and is not always
there."""


def is_our_letter(action: Action) -> bool:
    """Return whether arsync writes what the customer reads: a PDF letter, or a mail of our own."""
    if action.kind is ActionKind.REMINDER:
        return action.via is Via.SMTP
    return action.kind is ActionKind.LETTER


def step_subject(invoice_id: str, day: int) -> str:
    """Return what tells one step of one invoice from every other."""
    return f"{invoice_id} day {day}"


MARKER_LENGTH = 16


def marker(key: str) -> str:
    """Return the text by which `find` recognises what was written: `[arsync:3f9a...]`."""
    return f"[arsync:{key[:MARKER_LENGTH]}]"
