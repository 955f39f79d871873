"""Actions: intended writes, as data with a key; and the table of their states."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from msgspec import Struct

from arsync.core.actions.payloads import ActionKind, MessagePayload, Payload
from arsync.core.actions.registry import ONE_FOR_ALL_CAUSES
from arsync.core.ledger.supplier_standing import is_supplier


class Via(StrEnum):
    """The ways that arsync brings along; an installed channel adds its own name."""

    PLATFORM = "accounting system"
    """The accounting system's own email, in its own words."""
    SMTP = "smtp"
    POST = "post"
    """Into the post folder, to be printed and posted by a person."""
    SMS = "sms"


class ActionState(StrEnum):
    """The state of an action; ARCHITECTURE.md lists the changes."""

    PLANNED = "planned"
    AWAITING_APPROVAL = "awaiting approval"
    APPROVED = "approved"
    SENDING = "sending"
    SENT = "sent"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"
    REJECTED = "rejected"
    UNKNOWN = "unknown"

    @property
    def word(self) -> str:
        """Return it as people say it; its value is what stores and programs have kept."""
        return "refused" if self is ActionState.REJECTED else self.value


_S = ActionState
ALLOWED_CHANGES: Mapping[ActionState, frozenset[ActionState]] = {
    _S.PLANNED: frozenset({_S.AWAITING_APPROVAL, _S.APPROVED, _S.WITHDRAWN}),
    _S.AWAITING_APPROVAL: frozenset({_S.APPROVED, _S.REJECTED, _S.WITHDRAWN}),
    _S.APPROVED: frozenset({_S.SENDING, _S.AWAITING_APPROVAL, _S.WITHDRAWN, _S.REJECTED}),
    _S.SENDING: frozenset(
        {_S.SENT, _S.REJECTED, _S.UNKNOWN, _S.APPROVED, _S.AWAITING_APPROVAL, _S.WITHDRAWN}
    ),
    _S.UNKNOWN: frozenset({_S.SENT, _S.APPROVED, _S.AWAITING_APPROVAL, _S.REJECTED, _S.WITHDRAWN}),
    _S.SENT: frozenset({_S.CONFIRMED, _S.UNKNOWN}),
    _S.CONFIRMED: frozenset({_S.WITHDRAWN}),
    _S.WITHDRAWN: frozenset(),
    _S.REJECTED: frozenset({_S.WITHDRAWN, _S.APPROVED}),
}
"""The one table of allowed changes. SENDING returns to APPROVED only when it is certain that
nothing happened (the other side was busy, or a look-up found nothing). What was decided returns to
AWAITING_APPROVAL when a person takes the approval back before it leaves, and after a restore: the
backup knows nothing of what left after it. SENT
becomes UNKNOWN when what was sent has not shown for days: a person looks, it is never repeated by
itself. REJECTED is left when the refusal is taken back, by a person, or because the record that it
was about has changed: what a plan asked for is
WITHDRAWN, and so planned again while its reason stands; what a person asked for is APPROVED.
CONFIRMED becomes WITHDRAWN when it was undone and may be planned again."""

TERMINAL_STATES = frozenset(state for state, after in ALLOWED_CHANGES.items() if not after)
STARTED_STATES = frozenset({_S.SENDING, _S.UNKNOWN, _S.SENT, _S.CONFIRMED})
"""In these states the outside world may have changed; they count as done when planning."""


class Because(Struct, frozen=True):
    """Why: the rulebook's file and line, the rule's name, the facts that made it match."""

    file: str
    line: int
    rule: str
    facts: Mapping[str, Any] = {}


class InvoiceRef(Struct, frozen=True):
    """An invoice as an action names it, with what was asked for when it was planned."""

    id: str
    number: str
    amount_due: Decimal
    currency: str
    episode: int = 1
    step: str = ""
    """The step taken for this invoice (a letter lists invoices at different steps)."""
    day: int = 0
    days_overdue: int = 0
    document_amount_due: Decimal | None = None
    """What is due on the invoice itself, where that is more."""
    slot: str = ""
    """What the step's day counts from, where that is not the due date."""
    disputed: Decimal | None = None
    """What of it is disputed and not asked for now; None: nothing. Cash covers the rest."""
    cadence: str = ""
    """Of its step, where that is not the message's: a letter may join steps of several."""

    @property
    def step_day(self) -> str:
        """Return when its step comes: `day 14`, `day 5, from issue date`."""
        return f"day {self.day}, {self.slot}" if self.slot else f"day {self.day}"


class Action(Struct, frozen=True, kw_only=True):
    """One write for one contact. The type of its payload is its kind.

    `subject` distinguishes actions of the same kind, contact and cause: an invoice with its step,
    or an empty text.
    """

    payload: Payload
    connection: str
    contact_id: str
    contact_name: str
    because: Because
    invoices: tuple[InvoiceRef, ...] = ()
    subject: str = ""
    episode: int = 1
    step: str = ""
    """The text to send (`second reminder`), or empty."""
    via: str = Via.PLATFORM
    """Of `Via`, or the name of an installed channel."""
    needs_approval: bool = False
    approvers: tuple[str, ...] = ()
    """The roles whose approval it waits for; empty: whoever may approve."""
    not_before: datetime | None = None
    batch_id: str = ""
    """The same text for all messages to one contact that leave together."""
    note: str = ""
    """The sentence that goes into the platform, without the marker."""

    @property
    def is_about_supplier(self) -> bool:
        """Return whether it is about a supplier, who need be no customer."""
        return is_supplier(self.contact_id)

    @property
    def kind(self) -> ActionKind:
        """Return what kind of action it is."""
        return self.payload.kind

    @property
    def approval_words(self) -> str:
        """Return `approval` or `approval by finance director`; empty where none is needed."""
        if not self.needs_approval:
            return ""
        return f"approval by {' and '.join(self.approvers)}" if self.approvers else "approval"

    @property
    def key(self) -> str:
        """Same intent, same key, 32 hex characters: planning twice plans once.

        It is made of business identity, never of a time, a random number or a line number.
        """
        return action_key(
            self.kind,
            self.connection,
            self.contact_id,
            self.because.rule,
            self.subject,
            self.episode,
        )


def payload_of(action: Action, payload_type: type[PayloadT]) -> PayloadT:
    """Return an action's payload, where its kind was asked for before."""
    assert isinstance(action.payload, payload_type), f"not a payload of {action.kind}"
    return action.payload


PayloadT = TypeVar("PayloadT", bound=Payload)


def action_key(
    kind: ActionKind, connection: str, contact_id: str, rule: str, subject: str, episode: int
) -> str:
    """Return the key of an action of this identity; see `Action.key`."""
    cause = rule if kind not in ONE_FOR_ALL_CAUSES else ""
    text = "|".join((kind.value, connection, contact_id, cause, subject, str(episode)))
    # 128 bits never collide, and QuickBooks takes at most 36 characters in a batch.
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def is_our_letter(action: Action) -> bool:
    """Return whether the customer reads arsync's own text: a PDF letter, or mail by SMTP."""
    if action.kind is ActionKind.REMINDER:
        return action.via != Via.PLATFORM
    return action.kind in {
        ActionKind.LETTER,
        ActionKind.ACCOUNT_LETTER,
        ActionKind.REFERENCE_LETTER,
    }


def leaves_by_channel(action: Action) -> bool:
    """Return whether arsync itself hands it over: by mail server, post folder or another way."""
    return isinstance(action.payload, MessagePayload) and action.via != Via.PLATFORM


def step_subject(invoice_id: str, day: int, slot: str = "") -> str:
    """Return the text that distinguishes one step of one invoice from every other."""
    return f"{invoice_id} day {day} {slot}".rstrip()


def reopened_subject(subject: str, times: int) -> str:
    """Return the subject of a task that is opened again after its reason was gone and is back.

    Args:
        subject: of the first one.
        times: how often tasks of it closed themselves; 0: it is the first.
    """
    return f"{subject} again {times}" if times else subject


# Enough to tell all actions of a ledger apart, and short enough for a note that people read.
MARKER_LENGTH = 16


def marker(key: str) -> str:
    """Return the text by which `find` recognises what was written: `[arsync:3f9a...]`."""
    return f"[arsync:{key[:MARKER_LENGTH]}]"
