"""A scenario as values: what the reader makes of the YAML, and what can happen in one."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from arsync.core.actions import Action, is_our_letter
from arsync.core.actions.registry import KINDS
from arsync.core.ledger.agreements.plan_terms import Terms
from arsync.core.ledger.records import Contact, Invoice
from arsync.core.planning.customer_locale import LANGUAGE_NAMES
from arsync.core.rulebook.conditions import Condition
from arsync.core.rulebook.model import Customer, Place, folded
from arsync.core.trials.scenario.applications import AcceptanceCase


class What(StrEnum):
    """What a rulebook can do to a customer, in the words of scenarios."""

    EMAIL = "email"
    LETTER = "letter"
    ACCOUNT_LETTER = "account letter"
    """A statement, thanks, or another letter that asks for nothing."""
    TASK = "task"
    CALL = "call"
    """A task for the telephone."""
    ALERT = "alert"
    """A task of a rule of `alerts`, by the rule's name."""
    LATE_FEE = "late fee"
    CREDIT_NOTE = "credit note"
    HOLD_PLACED = "hold placed"
    HOLD_LIFTED = "hold lifted"
    TERMS_CHANGED = "terms changed"
    TERMS_RESTORED = "terms restored"
    PLACED = "placed with"


ABOUT_CUSTOMERS = frozenset(
    {What.HOLD_PLACED, What.HOLD_LIFTED, What.TERMS_CHANGED, What.TERMS_RESTORED}
)
"""These happen to a customer; everything else is about invoices."""

HAPPENINGS = {kind: What(row.happening) for kind, row in KINDS.items() if row.happening}
"""The word of scenarios for each kind of action."""


class Happening(NamedTuple):
    """One thing that the rulebook did, to one invoice or one customer."""

    on: date
    what: What
    text: str
    """The reminder text, the task, the fee's amount, or the terms."""
    invoice: str
    """The invoice's number; empty when it is about the customer."""
    contact: str
    waits: bool
    """It waits for a person's approval, and has not been done."""
    action: Action

    @property
    def texts(self) -> tuple[str, ...]:
        """Return the text, and the text with its language: `formal notice in German`.

        The accounting system's own email is in whatever language its template has.
        """
        if not is_our_letter(self.action):
            return (self.text,)
        code = self.action.payload.language_code
        return self.text, f"{self.text} in {LANGUAGE_NAMES.get(code, code) or 'English'}"

    def __str__(self) -> str:
        joined = " to " if self.what is What.TERMS_CHANGED else " "
        sentence = self.what + (f"{joined}{self.text}" if self.text else "")
        if self.invoice:
            sentence += f" for {self.invoice}"
        return sentence + (" waits for approval" if self.waits else "")


class Phrase(NamedTuple):
    """What a line of a scenario says: `email second reminder for INV-1`."""

    sentence: str
    what: What
    text: str = ""
    """Empty: any."""
    invoices: tuple[str, ...] = ()
    """Empty: any."""
    contact: str = ""
    """Empty: any."""
    # A step that waits and one that was sent are different happenings: a story says which.
    waits: bool = False

    def matches(self, happening: Happening) -> bool:
        """Return whether something that happened is what the phrase says, of any day."""
        return (
            # A call is a task as well.
            (happening.what is self.what or (happening.what, self.what) == (What.CALL, What.TASK))
            and happening.waits == self.waits
            # Empty parts match everything, so that a story names only what it is about.
            and (not self.text or folded(self.text) in {folded(text) for text in happening.texts})
            and (not self.invoices or happening.invoice in self.invoices)
            and (not self.contact or folded(self.contact) == folded(happening.contact))
        )


class EventKind(StrEnum):
    """What can happen to a customer's ledger, or be done by a person."""

    PAYMENT = "payment"
    CREDIT = "credit"
    REVERSED = "payment reversed"
    VOID = "void"
    SENT = "sent"
    DISPUTE = "dispute"
    SETTLED = "settled"
    PROMISE = "promise"
    PAYMENT_PLAN = "payment plan"
    PLAN_CANCELLED = "payment plan cancelled"
    NEW_DUE_DATE = "new due date"
    APPROVE = "approve"
    REJECT = "reject"
    TASK_DONE = "task done"
    PLACED = "placed"
    RECALLED = "recalled"
    RETURNED = "returned"


class Event(NamedTuple):
    """One thing that happens on a day, before the rulebook is asked."""

    on: date
    place: Place
    kind: EventKind
    sentence: str
    invoice: str = ""
    amount: Decimal | None = None
    """None: all that is due."""
    day: date | None = None
    text: str = ""
    contact: str = ""
    phrase: Phrase | None = None
    numbers: tuple[str, ...] = ()
    """Of a promise: its invoices; empty: all that the customer owes."""
    also: bool = False
    """Of a promise: it stands beside earlier ones."""
    terms: Terms | None = None
    """Of a payment plan, with the numbers of its invoices in place of their ids."""


class Expected(NamedTuple):
    """What is to happen on a day: a phrase, nothing at all, or facts that hold in the evening."""

    on: date
    place: Place
    sentence: str
    phrase: Phrase | None = None
    facts: Condition | None = None

    @property
    def is_nothing(self) -> bool:
        """Return whether nothing is to happen on the day."""
        return self.phrase is None and self.facts is None


class Never(NamedTuple):
    """What must not happen on any day."""

    place: Place
    phrase: Phrase


class Scenario(NamedTuple):
    """One customer's story and what is expected of the rulebook."""

    name: str
    place: Place
    contacts: tuple[Contact, ...]
    invoices: tuple[Invoice, ...]
    """As they were issued, each with its number for an id."""
    begins: date
    until: date
    anchor: date
    """Day 0: the due date of the first invoice."""
    agreed: tuple[Customer, ...] = ()
    """What was agreed with the customers, besides what the rulebook says."""
    events: tuple[Event, ...] = ()
    expected: tuple[Expected, ...] = ()
    never: tuple[Never, ...] = ()
    taken_over_on: date | None = None
    """The day arsync starts: when the first invoice was issued, unless the scenario says."""
    approved_same_day: bool = True
    unlisted_allowed: bool = False

    def day(self, on: date) -> str:
        """Return `Mon 2026-03-02 (day 14)`."""
        return f"{on:%a} {on.isoformat()} (day {(on - self.anchor).days})"


class ScenarioFile(NamedTuple):
    """The scenarios of one file."""

    file: str
    rulebook: str
    """The rulebook's file or folder, as the scenario file names it; empty: the rules folder's."""
    scenarios: tuple[Scenario, ...]
    applications: tuple[AcceptanceCase, ...] = ()
