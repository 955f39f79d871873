"""What only one kind of action needs, one frozen type per kind.

The type of its payload says what kind an action is. In JSON each payload carries its kind as
`kind`; amounts are texts there and days ISO dates.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from arsync.core.ledger.money import shown


class ActionKind(StrEnum):
    """Everything arsync can do. `REMINDER` speaks to the customer; the rest is bookkeeping."""

    REMINDER = "reminder"
    CREDIT_HOLD = "credit_hold"
    HOLD_REASONS = "hold_reasons"
    """The reasons of a hold in force, written anew."""
    LIFT_CREDIT_HOLD = "lift_credit_hold"
    REMINDER_LEVEL = "reminder_level"
    """How far the reminders of a customer have come, shown on its record."""
    TERMS = "terms"
    """Payment terms to cash on delivery."""
    RESTORE_TERMS = "restore_terms"
    AGREED_CREDIT = "agreed_credit"
    """A decision about a customer's credit: a note, and the payment terms that were agreed."""
    NOTE = "note"
    PROMISE = "promise"
    PAYMENT_PLAN = "payment_plan"
    DISPUTE = "dispute"
    TASK = "task"
    TASK_DONE = "task_done"
    LETTER = "letter"
    """Our letter as a PDF, delivered to the customer and attached to the invoice."""
    ACCOUNT_LETTER = "account_letter"
    """A letter about the account that asks for nothing: a statement, thanks, a hold placed."""
    REFERENCE_LETTER = "reference_letter"
    """A question to a bank or a supplier about an applicant for credit."""
    LATE_FEE = "late_fee"
    CREDIT_NOTE = "credit_note"
    """A draft, which a person approves in the accounting system."""
    PLACEMENT = "placement"
    """Debts handed to an agency or a lawyer, or taken back."""
    UNDO = "undo"
    """What another action changed, back to what it was, because a person asked for it."""


class ChargeLine(Struct, frozen=True, forbid_unknown_fields=True):
    """What is billed of interest and fixed sums on one invoice."""

    invoice_id: str
    number: str
    first: date
    """The first day that bears the interest."""
    last: date
    interest: Decimal
    compensation: Decimal = Decimal(0)

    def __str__(self) -> str:
        fixed = f" and {self.compensation}" if self.compensation else ""
        return f"{self.number}: {self.interest}{fixed} from {self.first} to {self.last}"


class _Payload(Struct, frozen=True, tag_field="kind", forbid_unknown_fields=True):
    """What every payload can be asked; the defaults are those of a kind that has no such thing."""

    kind: ClassVar[ActionKind]

    @property
    def title(self) -> str:
        """Return what names it beside its kind: a task's or a letter's text."""
        return ""

    @property
    def charged(self) -> tuple[ChargeLine, ...]:
        """Return what it bills of interest and fixed sums, by invoice."""
        return ()

    @property
    def manner(self) -> str:
        """Return how it is done, where that differs between platforms; empty where not."""
        return ""

    @property
    def cadence_name(self) -> str:
        """Return the cadence of which it is a step; empty when it is none, or its rule says it."""
        return ""

    @property
    def language_code(self) -> str:
        """Return the language of what the customer reads; empty when nothing reaches it."""
        return ""

    @property
    def attached(self) -> tuple[str, ...]:
        """Return what goes along with it, of `invoice`, `letter`, `statement`."""
        return ()

    @property
    def waits_for_holidays(self) -> str:
        """Return which public holidays of the customer's place keep it; empty when none do."""
        return ""

    @property
    def owner(self) -> str:
        """Return whom a task is assigned to."""
        return ""

    @property
    def covered_contact_ids(self) -> tuple[str, ...]:
        """Return the children that it covers besides its contact."""
        return ()

    @property
    def mailed_colleagues(self) -> tuple[str, ...]:
        """Return the people of the business who are mailed once it is done."""
        return ()

    def anonymous(self) -> _Payload:
        """Return it without what says anything of a person; what history is read off stays."""
        return self


class PlanNotice(Struct, frozen=True, forbid_unknown_fields=True):
    """What a letter about a payment plan is about."""

    plan_id: int
    """Its number in arsync's records."""
    instalment: int
    """From 1."""
    in_time_until: date
    """The last day on which that instalment comes in time."""
    attaches_letter: bool = False
    """Whether the letter goes along as a PDF."""

    def __str__(self) -> str:
        return f"instalment {self.instalment} of payment plan {self.plan_id}"


class _MessagePayload(_Payload, frozen=True):
    """What every message to a customer has: its language, to whom, and from whom it goes."""

    cadence: str = ""
    language: str = ""
    to: str = ""
    """Addresses, separated by a comma and a space; by SMS, telephone numbers."""
    waits_for: str = ""
    cc: str = ""
    """Addresses that get a copy and show in it."""
    copy_to: str = ""
    """Addresses that get a blind copy."""
    sender: str = ""
    """`Berlin accounts <berlin@example.com>`; empty: the sender of the settings."""
    attach: tuple[str, ...] = ()
    """What goes along, of `invoice`, `letter`, `statement`."""

    @property
    def attached(self) -> tuple[str, ...]:
        """Return what goes along."""
        return self.attach

    @property
    def cadence_name(self) -> str:
        """Return its cadence."""
        return self.cadence

    @property
    def language_code(self) -> str:
        """Return the language of its text."""
        return self.language

    @property
    def waits_for_holidays(self) -> str:
        """Return which holidays keep it."""
        return self.waits_for


class ReminderPayload(_MessagePayload, frozen=True, tag="reminder"):
    """An email, or a text message, to the customer."""

    kind: ClassVar[ActionKind] = ActionKind.REMINDER
    about_plan: PlanNotice | None = None
    """Of a letter about a payment plan."""
    platform: str = ""
    """Whose own email it is, as people call it: `Xero`; empty where the words are arsync's."""

    def anonymous(self) -> ReminderPayload:
        """Return it without addresses."""
        return ReminderPayload(self.cadence, self.language, platform=self.platform)


class CreditHoldPayload(_Payload, frozen=True, tag="credit_hold"):
    """A credit hold to be placed."""

    kind: ClassVar[ActionKind] = ActionKind.CREDIT_HOLD
    reasons: tuple[str, ...] = ()
    """The names of the rules that ask for it."""
    children: tuple[str, ...] = ()
    """Contact ids of the children that it covers and is noted on."""
    tell: tuple[str, ...] = ()
    """The colleagues who are mailed of it once it is placed, by role, name or address."""

    @property
    def mailed_colleagues(self) -> tuple[str, ...]:
        """Return who is mailed of it."""
        return self.tell

    @property
    def covered_contact_ids(self) -> tuple[str, ...]:
        """Return the children."""
        return self.children

    def anonymous(self) -> CreditHoldPayload:
        """Return it without its reasons and children."""
        return CreditHoldPayload()


class HoldReasonsPayload(_Payload, frozen=True, tag="hold_reasons"):
    """The reasons of a hold in force, to be written anew."""

    kind: ClassVar[ActionKind] = ActionKind.HOLD_REASONS
    reasons: tuple[str, ...] = ()
    """The names of the rules that ask for it now."""
    shown: tuple[str, ...] = ()
    """Those that the books show until then."""
    hold: str = ""
    """The key of the hold: what a connector wrote for it bears its marker."""
    children: tuple[str, ...] = ()
    tell: tuple[str, ...] = ()
    """The colleagues who are mailed of the hold only now."""

    @property
    def mailed_colleagues(self) -> tuple[str, ...]:
        """Return who is mailed of it."""
        return self.tell

    @property
    def covered_contact_ids(self) -> tuple[str, ...]:
        """Return the children."""
        return self.children

    def anonymous(self) -> HoldReasonsPayload:
        """Return it without its reasons and children."""
        return HoldReasonsPayload()


class ReminderLevelPayload(_Payload, frozen=True, tag="reminder_level"):
    """The reminder level to be shown on a customer's record."""

    kind: ClassVar[ActionKind] = ActionKind.REMINDER_LEVEL
    level: int
    """The number of the highest reminder, counted within its cadence from 1; 0: none is shown."""
    shown: int = 0
    """What the record shows until then."""
    reminder: str = ""
    """The name of that reminder."""

    @property
    def title(self) -> str:
        """Return the level in words."""
        if not self.level:
            return f"none any more, it was {self.shown}"
        return f"{self.level}: {self.reminder}" if self.reminder else str(self.level)


class LiftCreditHoldPayload(_Payload, frozen=True, tag="lift_credit_hold"):
    """A credit hold to be lifted."""

    kind: ClassVar[ActionKind] = ActionKind.LIFT_CREDIT_HOLD
    held_since: date | None = None
    children: tuple[str, ...] = ()
    tell: tuple[str, ...] = ()
    """The colleagues who were to be mailed of the hold; of them, those whom that mail reached."""

    @property
    def mailed_colleagues(self) -> tuple[str, ...]:
        """Return who is mailed of it."""
        return self.tell

    @property
    def covered_contact_ids(self) -> tuple[str, ...]:
        """Return the children."""
        return self.children

    def anonymous(self) -> LiftCreditHoldPayload:
        """Return it without days and children."""
        return LiftCreditHoldPayload()


class TermsPayload(_Payload, frozen=True, tag="terms"):
    """Payment terms to be changed while a hold stands."""

    kind: ClassVar[ActionKind] = ActionKind.TERMS
    terms: str = ""
    """As the rulebook says it: `cash on delivery`."""
    children: tuple[str, ...] = ()
    """Contact ids of the children whose terms are changed too."""

    @property
    def covered_contact_ids(self) -> tuple[str, ...]:
        """Return the children."""
        return self.children

    def anonymous(self) -> TermsPayload:
        """Return it without the terms."""
        return TermsPayload()


class AgreedCreditPayload(TermsPayload, frozen=True, tag="agreed_credit"):
    """A decision about a customer's credit; without `terms` nothing changes but a note is added."""

    kind: ClassVar[ActionKind] = ActionKind.AGREED_CREDIT
    decision: int = 0
    """Its number in arsync's records."""

    @property
    def title(self) -> str:
        """Return the terms that it brings."""
        return self.terms

    def anonymous(self) -> AgreedCreditPayload:
        """Return it without the terms."""
        return AgreedCreditPayload(decision=self.decision)


class RestoreTermsPayload(_Payload, frozen=True, tag="restore_terms"):
    """Payment terms to be put back."""

    kind: ClassVar[ActionKind] = ActionKind.RESTORE_TERMS
    saved: str = ""
    """What the connector found before the change, in its own words; empty until it is needed."""
    children: tuple[str, ...] = ()
    saved_of_children: str = ""
    """What the connector found at the children, in its own words."""
    changed_to: str = ""
    """What the terms were changed to; empty for cash on delivery, which earlier versions knew."""

    @property
    def covered_contact_ids(self) -> tuple[str, ...]:
        """Return the children."""
        return self.children

    def anonymous(self) -> RestoreTermsPayload:
        """Return it without the terms."""
        return RestoreTermsPayload()


class NotePayload(_Payload, frozen=True, tag="note"):
    """A note; the action's `note` says it all."""

    kind: ClassVar[ActionKind] = ActionKind.NOTE


class PromisePayload(_Payload, frozen=True, tag="promise"):
    """A promise to pay, to be noted."""

    kind: ClassVar[ActionKind] = ActionKind.PROMISE
    promised_on: date
    amount: Decimal | None = None
    """In the invoice's currency; None for all that is due."""


class InstalmentLine(Struct, frozen=True, forbid_unknown_fields=True):
    """One instalment of a payment plan."""

    due_on: date
    amount: Decimal
    """In the plan's currency."""

    def __str__(self) -> str:
        return f"{self.amount} on {self.due_on}"


class PaymentPlanPayload(_Payload, frozen=True, tag="payment_plan"):
    """A payment plan, or its end, to be noted."""

    kind: ClassVar[ActionKind] = ActionKind.PAYMENT_PLAN
    plan_id: int
    """Its number in arsync's records."""
    currency: str
    instalments: tuple[InstalmentLine, ...] = ()
    next_on: date | None = None
    """The day of the next instalment: then money is expected. None: the plan has ended."""

    @property
    def title(self) -> str:
        """Return its instalments, or that it has ended."""
        count = len(self.instalments)
        if self.next_on is None:
            return "ended"
        total = sum((line.amount for line in self.instalments), Decimal(0))
        instalments = "1 instalment" if count == 1 else f"{count} instalments"
        return f"{instalments}, {shown(total, self.currency)}"


class DisputePayload(_Payload, frozen=True, tag="dispute"):
    """A dispute, its change or its settlement, to be noted."""

    kind: ClassVar[ActionKind] = ActionKind.DISPUTE
    reason: str = ""
    settled_on: date | None = None
    amount: Decimal | None = None
    """In the invoice's currency; None: all of it."""
    code: str = ""
    """Of UN/EDIFACT 4465; empty: nobody said."""
    outcome: str = ""
    """credited, upheld or dropped; credited without a day: the credit is still to show."""

    def anonymous(self) -> DisputePayload:
        """Return it without the reason."""
        return DisputePayload()


class TaskPayload(_Payload, frozen=True, tag="task"):
    """Something for a person to do."""

    kind: ClassVar[ActionKind] = ActionKind.TASK
    task: str = ""
    assign_to: str = ""
    cadence: str = ""
    """Empty for a follow-up."""
    is_call: bool = False
    """Whether it is done on the telephone."""
    script: str = ""
    """The name of what to say there."""
    is_alert: bool = False
    """Whether a rule of `alerts` tells of something; see `alert_planner`."""
    observation: str = ""
    """Of an alert: what was seen, in words."""
    recipients: tuple[str, ...] = ()
    """Of an alert: whom it tells, roles and addresses."""
    told_by: tuple[str, ...] = ()
    """Of an alert: how, besides this task: `mail`, `webhook`."""

    @property
    def title(self) -> str:
        """Return what is to be done."""
        return self.task

    @property
    def cadence_name(self) -> str:
        """Return its cadence."""
        return self.cadence

    @property
    def owner(self) -> str:
        """Return whom it is assigned to."""
        return self.assign_to

    def anonymous(self) -> TaskPayload:
        """Return it without its words."""
        return TaskPayload(cadence=self.cadence)


class TaskDonePayload(_Payload, frozen=True, tag="task_done"):
    """A task that a person did, to be noted."""

    kind: ClassVar[ActionKind] = ActionKind.TASK_DONE
    task: str = ""
    outcome: str = ""

    @property
    def title(self) -> str:
        """Return what was done."""
        return self.task

    def anonymous(self) -> TaskDonePayload:
        """Return it without its words."""
        return TaskDonePayload()


class LetterPayload(_MessagePayload, frozen=True, tag="letter"):
    """Our letter as a PDF."""

    kind: ClassVar[ActionKind] = ActionKind.LETTER
    letter: str = ""
    """The name of its text."""
    file_name: str = ""

    @property
    def title(self) -> str:
        """Return the name of its text."""
        return self.letter

    def anonymous(self) -> LetterPayload:
        """Return it without the file's name and addresses."""
        return LetterPayload(letter=self.letter, cadence=self.cadence, language=self.language)


class StatementAsked(Struct, frozen=True, forbid_unknown_fields=True):
    """The statement of account that a letter holds."""

    lists: str
    """Of `StatementKind`: open items or activity."""
    since: date | None = None
    """The first day of an activity."""
    until: date | None = None
    """Its day; None: the day on which the letter leaves."""


class LetterOccasion(Struct, frozen=True, forbid_unknown_fields=True):
    """What a letter about the account tells of, where the records do not say it."""

    held_since: date | None = None
    limit_before: Decimal | None = None
    """In `currency`; None: there was none."""
    limit_after: Decimal | None = None
    amount_paid: Decimal | None = None
    """In `currency`."""
    paid_on: date | None = None
    currency: str = ""
    agency: str = ""
    answer_days: int | None = None
    """So many days the customer has to pay or answer; None: as in every letter."""

    @property
    def about(self) -> dict[str, date | str | tuple[Decimal, str]]:
        """Return what is known of it by name: texts, days, and amounts with their currency."""
        values = {
            "held_since": self.held_since,
            "limit_before": self._amount(self.limit_before),
            "limit_after": self._amount(self.limit_after),
            "amount_paid": self._amount(self.amount_paid),
            "paid_on": self.paid_on,
            "agency": self.agency or None,
        }
        return {name: value for name, value in values.items() if value is not None}

    def _amount(self, amount: Decimal | None) -> tuple[Decimal, str] | None:
        return None if amount is None else (amount, self.currency)


class AccountLetterPayload(_MessagePayload, frozen=True, tag="account_letter"):
    """A letter about the account."""

    kind: ClassVar[ActionKind] = ActionKind.ACCOUNT_LETTER
    letter: str = ""
    """The name of its text."""
    statement: StatementAsked | None = None
    occasion: LetterOccasion | None = None
    asked_by: str = ""
    """Who has it sent; empty: a rule."""

    @property
    def title(self) -> str:
        """Return the name of its text."""
        return self.letter

    def anonymous(self) -> AccountLetterPayload:
        """Return it without addresses."""
        return AccountLetterPayload(letter=self.letter, language=self.language)


class ReferenceLetterPayload(_MessagePayload, frozen=True, tag="reference_letter"):
    """A letter to somebody whom an applicant for credit names as a reference."""

    kind: ClassVar[ActionKind] = ActionKind.REFERENCE_LETTER
    letter: str = ""
    """The name of its text."""
    application: int = 0
    reference: int = 0
    """Both by their numbers in arsync's records."""
    addressee: str = ""
    """The reference's name; the action's contact is the applicant."""
    reference_kind: str = ""
    limit_asked: Decimal | None = None
    """In `currency`."""
    currency: str = ""
    consented_on: date | None = None
    """The day on which the applicant agreed that it is asked."""
    asked_on: date | None = None
    """Of a reminder: when it was asked first."""

    @property
    def title(self) -> str:
        """Return the name of its text."""
        return self.letter

    def anonymous(self) -> ReferenceLetterPayload:
        """Return it without names, addresses and amounts."""
        return ReferenceLetterPayload(
            letter=self.letter,
            language=self.language,
            application=self.application,
            reference=self.reference,
        )


MessagePayload: TypeAlias = (
    ReminderPayload | LetterPayload | AccountLetterPayload | ReferenceLetterPayload
)
"""What is written to a customer, or to somebody about one."""


class LateFeePayload(_Payload, frozen=True, tag="late_fee"):
    """A late fee to be billed: a step's, or the interest and fixed sums of a month."""

    kind: ClassVar[ActionKind] = ActionKind.LATE_FEE
    amount: Decimal
    currency: str
    description: str = ""
    """The line on the invoice; empty leaves it to the connector."""
    cadence: str = ""
    lines: tuple[ChargeLine, ...] = ()
    """Of a month's charge: what it consists of; empty for a step's fee."""
    is_draft: bool | None = None
    """Whether a person still approves it in the accounting system; False: it is owed at once."""

    @property
    def title(self) -> str:
        """Return what a month's charge is for."""
        if not self.lines:
            return ""
        return f"interest and fixed sums up to {max(line.last for line in self.lines)}"

    @property
    def charged(self) -> tuple[ChargeLine, ...]:
        """Return a month's lines."""
        return self.lines

    @property
    def manner(self) -> str:
        """Return whether it is a draft or owed at once."""
        words = {None: "", True: "as a draft", False: "live at once: the customer owes it"}
        return words[self.is_draft]

    @property
    def cadence_name(self) -> str:
        """Return its cadence."""
        return self.cadence

    def anonymous(self) -> LateFeePayload:
        """Return it without the invoices' numbers."""
        return replace(
            self, description="", lines=tuple(replace(line, number="") for line in self.lines)
        )


class CreditNotePayload(_Payload, frozen=True, tag="credit_note"):
    """A discount for prompt payment, to be credited by a draft."""

    kind: ClassVar[ActionKind] = ActionKind.CREDIT_NOTE
    amount: Decimal
    """Taxes included."""
    currency: str
    description: str = ""

    @property
    def title(self) -> str:
        """Return its amount."""
        return shown(self.amount, self.currency)

    def anonymous(self) -> CreditNotePayload:
        """Return it without the invoice's number."""
        return CreditNotePayload(self.amount, self.currency)


class PlacementPayload(_Payload, frozen=True, tag="placement"):
    """Debts to be handed to an agency or a lawyer, or their return."""

    kind: ClassVar[ActionKind] = ActionKind.PLACEMENT
    agency: str
    ended_as: str = ""
    """`recalled` or `returned`; empty: they are handed over."""

    @property
    def title(self) -> str:
        """Return with whom, or from whom."""
        return f"{self.ended_as} from {self.agency}" if self.ended_as else f"with {self.agency}"


class UndoPayload(_Payload, frozen=True, tag="undo"):
    """What another action changed, to be put back."""

    kind: ClassVar[ActionKind] = ActionKind.UNDO
    undoes: str
    """The key of the undone action."""
    generation: int
    """The life of it that is undone."""
    undone_kind: ActionKind
    who: str
    promise_id: int | None = None
    """The promise's number in arsync's own records: it is taken back there too."""
    plan_id: int | None = None
    """The payment plan's number there: it ends."""

    def anonymous(self) -> UndoPayload:
        """Return it without the person's name."""
        return replace(self, who="")


Payload: TypeAlias = (
    ReminderPayload
    | CreditHoldPayload
    | HoldReasonsPayload
    | ReminderLevelPayload
    | LiftCreditHoldPayload
    | TermsPayload
    | RestoreTermsPayload
    | AgreedCreditPayload
    | NotePayload
    | PromisePayload
    | PaymentPlanPayload
    | DisputePayload
    | TaskPayload
    | TaskDonePayload
    | LetterPayload
    | AccountLetterPayload
    | ReferenceLetterPayload
    | LateFeePayload
    | CreditNotePayload
    | PlacementPayload
    | UndoPayload
)
"""Every payload; `kind` in its JSON tells which."""


def payload_words(payload: Payload) -> dict[str, str]:
    """Return what a payload holds, each by the name that people read, but its cadence."""
    words: dict[str, str] = {}
    for name in payload.__struct_fields__:
        value = getattr(payload, name)
        if name == "cadence" or value in {None, "", (), False}:
            continue
        text = "; ".join(map(str, value)) if isinstance(value, tuple) else str(value)
        words[name.replace("_", " ")] = text
    return words
