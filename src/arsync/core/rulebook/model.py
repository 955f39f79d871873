"""The rulebook as values: what the reader makes of the YAML, checked and frozen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from arsync.core.ledger.agreements.credit_applications import CreditOutcome
from arsync.core.ledger.agreements.grace import Grace
from arsync.core.ledger.agreements.promises import PromiseTerms
from arsync.core.ledger.business_days import DaysOff
from arsync.core.ledger.late_payment_law import LatePayment
from arsync.core.ledger.statement_of_account import StatementKind
from arsync.core.ledger.unapplied_cash import UnappliedCash
from arsync.core.rulebook.conditions import ALWAYS, Condition
from arsync.core.rulebook.recipients import AddressedTo, CopyRule, SenderRule
from arsync.core.rulebook.roles import APPROVAL, NO_APPROVAL, Approval, RoleAddress


class Problem(NamedTuple):
    """A mistake in a user's file: its place, what is wrong, and a hint."""

    file: str
    line: int
    column: int
    message: str
    hint: str = ""
    severity: str = "error"
    """`error`: there is no rulebook until it is mended. `warning`: there is."""

    def __str__(self) -> str:
        kind = "" if self.severity == "error" else f"{self.severity}: "
        text = f"{self.file}:{self.line}:{self.column}: {kind}{self.message}"
        return f"{text}\n    hint: {self.hint}" if self.hint else text

    @property
    def in_a_line(self) -> str:
        """Return it as commands tell it in passing: where, what, and what to do."""
        text = f"{self.file}:{self.line}: {self.message.rstrip('.')}"
        return f"{text}: {self.hint}" if self.hint else text


class Place(NamedTuple):
    """A place in a rulebook."""

    file: str
    line: int
    column: int = 1


NOWHERE = Place("", 0)


class DatedLimit(NamedTuple):
    """A credit limit and the last day it counts on."""

    amount: Decimal
    until: date | None = None
    """None: for good."""


class Customer(NamedTuple):
    """What was agreed with one customer."""

    contact: str
    """The contact's name, or its id in the accounting system."""
    place: Place
    credit_limit: Decimal | None = None
    insured_limit: Decimal | None = None
    review_on: date | None = None
    tags: frozenset[str] = frozenset()
    language: str = ""
    holidays: str = ""
    """Whose public holidays count for this customer; empty: as `sending` says."""
    limits: tuple[DatedLimit, ...] = ()
    """In place of `credit_limit`: limits that follow each other, the earliest end first."""
    pause_until: date | None = None
    """The last day on which nothing is done about this customer."""
    parent: str = ""
    """The parent's name or id, where the platform knows none; empty: as the platform says."""
    parent_place: Place = NOWHERE
    insured_until: date | None = None
    """The last day on which the credit insurer covers it; None: nobody said."""
    suppliers: tuple[str, ...] = ()
    """Names or ids of suppliers that are the same party."""

    def limit_on(self, day: date) -> DatedLimit | None:
        """Return the agreed limit of a day; None: nothing is agreed for it."""
        if self.credit_limit is not None:
            return DatedLimit(self.credit_limit)
        return next(
            (limit for limit in self.limits if limit.until is None or day <= limit.until), None
        )

    def insured_on(self, day: date) -> Decimal | None:
        """Return what the credit insurer covers on a day; None: nothing."""
        if self.insured_until is not None and day > self.insured_until:
            return None
        return self.insured_limit

    def is_paused(self, day: date) -> bool:
        """Return whether nothing is done about this customer on a day."""
        return self.pause_until is not None and day <= self.pause_until


class LeaveAlone(NamedTuple):
    """Contacts that are never reminded and never held."""

    name: str
    place: Place
    when: Condition = ALWAYS


# In words, so that a forgotten amount is never taken for an unlimited one.
NO_LIMIT = "no limit"
"""In place of an amount: these contacts have no credit limit, on purpose."""


LIMIT_FACTS = ("agreed_limit", "insured_limit")
"""The facts that a limit may name in place of an amount."""


class CreditLimit(NamedTuple):
    """A credit limit and who has it; the first match from the top counts."""

    name: str
    place: Place
    when: Condition
    amount: Decimal | None
    """None: see `fact`."""
    fact: str = ""
    """The fact that holds the limit, such as `agreed_limit`; or `no limit`."""


class CreditHold(NamedTuple):
    """A reason to stop selling on credit."""

    name: str
    place: Place
    when: Condition
    terms: str = ""
    """Payment terms during the hold (`cash on delivery`), or empty to leave them."""
    approval: Approval = NO_APPROVAL
    release: Approval = NO_APPROVAL
    """Who lets the hold go once its reasons are over; without it arsync does."""
    tells_customer: bool = False
    """Whether the customer is told that it is held, and later that it is not any more."""
    tell: tuple[str, ...] = ()
    """The roles, people or addresses of the business that are mailed both."""


class StepKind(StrEnum):
    """What a reminder step does."""

    EMAIL = "email"
    TASK = "task"
    CALL = "call"
    """A task for the telephone."""
    LETTER = "letter"
    LATE_FEE = "late_fee"


MESSAGE_STEPS = frozenset({StepKind.EMAIL, StepKind.LETTER})
"""The steps that say something to the customer."""

TASK_STEPS = frozenset({StepKind.CALL, StepKind.TASK})
"""The steps that a person takes."""


class CountedFrom(StrEnum):
    """The day from which a step counts its own."""

    DUE_DATE = "due date"
    ISSUE_DATE = "issue date"
    END_OF_MONTH = "end of month"
    """The last day of the month of the issue date."""
    BROKEN_PROMISE = "broken promise"
    """The day on which the invoice's newest promise was broken."""


PREVIOUS_STEP = "previous step"
"""In place of a day of `CountedFrom`: the day on which the step before it was taken."""


class Step(NamedTuple):
    """One step of a cadence. By default its day 0 is the due date."""

    day: int
    """Counted from `counted_from`; of a step after another: as if all came on their days."""
    kind: StepKind
    text: str
    """The reminder text's name, what the task says, or what the late fee is."""
    place: Place
    approval: Approval = NO_APPROVAL
    assign_to: str = ""
    fee_amount: Decimal | None = None
    fee_percent: Decimal | None = None
    counted_from: CountedFrom = CountedFrom.DUE_DATE
    """Of a step after another: what that one counts from."""
    days_after: int | None = None
    """So many days after the step before it was taken; None: it has a day of its own."""
    repeat: int = 1
    """Which of its repeats it is, from 1."""
    when: Condition | None = None
    """Without it: for every invoice."""
    waits_until_done: bool = False
    """Whether the steps after it wait until its task is done."""
    script: str = ""
    """The name of what to say on the telephone."""
    via: str = ""
    """By which way its message leaves; empty: as `sending` says, or for a letter what is set up."""
    attach: tuple[str, ...] | None = None
    """What goes along; None: as `sending` says."""
    cc: tuple[CopyRule, ...] = ()
    """Besides those of `sending`."""
    copy_to: tuple[CopyRule, ...] = ()

    @property
    def slot(self) -> str:
        """Return what it counts from, beside its day; empty for the due date.

        Day and slot identify a step within its cadence: they are part of its key.
        """
        since = "" if self.counted_from is CountedFrom.DUE_DATE else f"from {self.counted_from}"
        return since if self.days_after is None else f"{since} {AFTER}".lstrip()

    @property
    def comes(self) -> str:
        """Return when it comes: `day 14`, `day 5, from issue date`."""
        return f"day {self.day}, {self.slot}" if self.slot else f"day {self.day}"


AFTER = "after the step before"


DAYS_AFTER_SEEN = 7
"""So many days an invoice waits that was overdue when it was first seen, unless a cadence says."""


class CadenceTrial(NamedTuple):
    """That a cadence is tried beside another, on a share of its customers."""

    of: str
    """The cadence beside which it stands."""
    percent: int
    """Of the other's customers it gets so many."""
    place: Place


class Cadence(NamedTuple):
    """Reminder steps, for the contacts that match; the first matching cadence counts."""

    name: str
    place: Place
    when: Condition
    skip_invoices_when: Condition | None
    steps: tuple[Step, ...]
    """In the order in which they are taken."""
    others: frozenset[str] = frozenset()
    """The names of the rulebook's other cadences."""
    days_after_seen: int = 0
    """So many days an invoice waits that was overdue when it was first seen."""
    trial: CadenceTrial | None = None
    """None: it is a cadence of its own. One that is tried matches nobody by itself."""

    @property
    def is_plain(self) -> bool:
        """Return whether all steps count from the due date and are for every invoice."""
        return all(not step.slot and step.when is None for step in self.steps)

    @property
    def is_about_promises(self) -> bool:
        """Return whether it has steps for invoices with a broken promise alone."""
        return all(step.counted_from is CountedFrom.BROKEN_PROMISE for step in self.steps)


class FollowUp(NamedTuple):
    """A task that is opened when something happens."""

    name: str
    place: Place
    when: Condition
    task: str
    assign_to: str = ""


OWNER = "owner"
"""The name of who is told without a role: the address of `[runs] notify`."""

CUSTOMER_TOLD = "customer"
"""Whom a credit hold may tell besides people of the business."""


class TellBy(StrEnum):
    """How somebody is told of an alert."""

    TASK = "task"
    """There always is one."""
    MAIL = "mail"
    WEBHOOK = "webhook"


class AlertRule(NamedTuple):
    """What somebody is told about a customer, once for as long as it stands."""

    name: str
    place: Place
    when: Condition
    tell: tuple[str, ...] = ()
    """Roles, people or addresses; the first has the task."""
    by: frozenset[TellBy] = frozenset()
    """How besides the task."""
    of_suppliers: bool = False
    """Whether it watches suppliers, not customers."""

    @property
    def is_about_invoices(self) -> bool:
        """Return whether each invoice is watched by itself."""
        return any(field.of == "invoice" for field in self.when.fields)

    @property
    def is_about_the_family(self) -> bool:
        """Return whether it asks about the limit, which parent and children share."""
        return any(field.needs_limit or field.name == "exposure" for field in self.when.fields)

    @property
    def identity(self) -> str:
        """Return by what its episodes are kept, whatever it asks and wherever it stands."""
        return f"{'supplier ' if self.of_suppliers else ''}alert {folded(self.name)}"


class Charge(NamedTuple):
    """What late payment costs, billed once a month; the first match of an invoice counts."""

    name: str
    place: Place
    when: Condition
    text: str
    """The interest as it was written: `1.5% a month`, `statutory`; empty without interest."""
    percent_a_year: Decimal | None = None
    """Agreed interest; None: statutory interest, or none."""
    is_statutory: bool = False
    """Whether interest is what the law gives."""
    compensation: bool = False
    """Whether the law's fixed sum is billed, once for each invoice."""
    after_days: int = 0
    """So many days after the due date bear no interest."""
    approval: Approval = NO_APPROVAL


class Discount(NamedTuple):
    """What prompt payment earns; the first match of an invoice that earned it counts."""

    name: str
    place: Place
    when: Condition
    percent: Decimal
    """Of the invoice's total."""
    within_days: int
    """The last day to pay on, counted from the issue date."""
    approval: Approval = APPROVAL


class PlacementRule(NamedTuple):
    """Which debts are proposed for an agency or a lawyer; the first match of an invoice counts."""

    name: str
    place: Place
    when: Condition
    agency: str
    """Whom they are placed with: `to`."""
    approval: Approval = APPROVAL
    """Who decides; a person always does."""


class WriteOff(NamedTuple):
    """Which debts are proposed to be written off; the first match of an invoice counts."""

    name: str
    place: Place
    when: Condition
    propose_to: str


class TermsRule(NamedTuple):
    """Which payment terms customers are to have; the first match counts."""

    name: str
    place: Place
    when: Condition
    terms: str
    proposes: bool = False
    """Whether a change of other terms in the books is proposed, for approval."""


class AcceptedLimit(NamedTuple):
    """The credit limit that an application is given: what it asks for, an amount, or the less."""

    amount: Decimal | None = None
    """With `as_asked`: the most that is given; None: whatever is asked for."""
    as_asked: bool = False

    def of(self, asked: Decimal | None) -> Decimal | None:
        """Return the limit for what is asked; None: nobody knows what is asked."""
        if not self.as_asked:
            return self.amount
        if asked is None or self.amount is None:
            return asked
        return min(asked, self.amount)


class AcceptanceRule(NamedTuple):
    """What becomes of an application for credit; the first that applies decides."""

    name: str
    place: Place
    when: Condition
    """Of the customer, where it is one, and of the application."""
    decide: CreditOutcome
    limit: AcceptedLimit | None = None
    terms: str = ""
    by: str = ""
    """The role that approves it; empty: whoever may decide on credit."""
    review_months: int | None = None
    """So many months after the decision it is reviewed; None: never by itself."""


class WithoutEmail(StrEnum):
    """The fate of an email step for a customer without an address."""

    HOLD_BACK = "hold back"
    TASK = "task"


MONDAY_TO_FRIDAY = frozenset(range(5))


class MessageCap(NamedTuple):
    """How many messages one customer gets at most in any so many days."""

    messages: int
    days: int


class Sending(NamedTuple):
    """How and when messages leave."""

    via: str = "accounting system"
    """By which way messages leave, where a step does not say."""
    to: AddressedTo = AddressedTo.INVOICE_ADDRESS
    cc: tuple[CopyRule, ...] = ()
    copy_to: tuple[CopyRule, ...] = ()
    sender: tuple[SenderRule, ...] = ()
    """The first that matches counts; none: the sender of the settings."""
    attach: tuple[str, ...] = ()
    """What goes along, of `ATTACHMENTS`."""
    weekdays: frozenset[int] = MONDAY_TO_FRIDAY
    """0 is Monday."""
    on_holidays: bool = False
    """True with `days: every day`."""
    days: str = "business days"
    """As it was written."""
    earliest: time = time(9, 0)
    latest: time = time(17, 0)
    closed: tuple[DaysOff, ...] = ()
    """Days off of one's own, on which nothing leaves."""
    holidays: str = ""
    """A place: `GB-ENG`, `DE-BY`, `US`; empty: no holidays."""
    # Only holidays and language: business days and hours are always the organisation's.
    by_customers_country: frozenset[str] = frozenset()
    """Settings that follow the customer's country, where it is known: `holidays`, `language`."""
    days_between_messages: int = 5
    """Over all channels."""
    at_most: MessageCap | None = None
    """How many messages one customer gets in some time; None: as many as are due."""
    platform_emails_per_moment: int = 3
    language: str = ""
    without_email: WithoutEmail = WithoutEmail.HOLD_BACK
    shows_reminder_level: bool = False
    """`reminder_level: shown`: the accounting system shows how far its reminders have come."""
    place: Place = NOWHERE

    def conditions(self) -> Iterator[Condition]:
        """Yield the conditions of copies and senders."""
        conditions = [rule.when for rule in (*self.cc, *self.copy_to)]
        conditions += [rule.when for rule in self.sender]
        yield from (when for when in conditions if when is not None)


HOLD_BACK = "hold back"


class Safety(NamedTuple):
    """How much one plan may do before a person must look at it, and on what data."""

    # Low enough that a mistyped rule waits for a person before it reaches many customers.
    credit_holds: int = 20
    emails: int = 300
    tasks: int = 300
    letters: int = 50
    late_fees: int = 50
    credit_notes: int = 50
    account_letters: int = 500
    data_not_older_than: timedelta = timedelta(hours=26)
    """Since the last complete pull: a day, and some time for a nightly run to be late."""
    # Off unless asked for: a business that is paid once a quarter would be paused for most of it.
    payments_not_older_than: timedelta | None = None
    """Since the youngest payment; None: however old."""
    receivables_differ_by: Decimal = Decimal("1.00")
    """So much one customer's balance may differ from the platform's own."""
    customers_who_differ: int = 3
    """When more customers differ by more, no message leaves at all. A customer who differs is never
    written to: many show that the copy as a whole cannot be relied on."""
    platform_reminders: str = HOLD_BACK
    """`hold back` or `ignore`: the fate of arsync's reminders while the platform sends its own."""


SAFETY_COUNTS = (
    "credit_holds",
    "emails",
    "tasks",
    "letters",
    "late_fees",
    "credit_notes",
    "account_letters",
)
"""The fields of `Safety` that count actions of one plan."""


class TakeOverKind(StrEnum):
    """How debts that are older than the connection start."""

    FIRST_STEP = "first step"
    SPREAD = "spread"
    BY_HAND = "by hand"
    BY_AGE = "by age"
    FROM_STEP = "from step"


class TakeOver(NamedTuple):
    """How debts that are older than the connection start."""

    kind: TakeOverKind = TakeOverKind.FIRST_STEP
    days: int = 0
    """For `spread over DAYS`: business days."""
    step: str = ""
    """For `from step NAME`: the text of the step."""

    @property
    def text(self) -> str:
        """Return it as a rulebook says it."""
        match self.kind:
            case TakeOverKind.SPREAD:
                return f"spread over {self.days} days"
            case TakeOverKind.FROM_STEP:
                return f"from step {self.step}"
        return self.kind.value


PLAN_AGREED = "payment plan agreed"
INSTALMENT_DUE = "instalment due"
INSTALMENT_MISSED = "instalment missed"
"""The texts of letters about payment plans."""


class PaymentPlanRules(NamedTuple):
    """How agreed instalments are judged, announced and chased."""

    grace: Grace = Grace()
    announce_days: int | None = None
    """So many days before an instalment its letter leaves; None: none does."""
    chase_days: int | None = None
    """So many days after a day on which an instalment did not come; None: no letter leaves."""
    confirms: bool = False
    """Whether a new plan is confirmed to the customer in writing."""
    places: Mapping[str, Place] = {}
    """By key: its line."""
    place: Place = NOWHERE

    @property
    def texts(self) -> frozenset[str]:
        """Return the names of the letters that it sends."""
        sends = {
            PLAN_AGREED: self.confirms,
            INSTALMENT_DUE: self.announce_days is not None,
            INSTALMENT_MISSED: self.chase_days is not None,
        }
        return frozenset(text for text, is_sent in sends.items() if is_sent)


class DisputeRules(NamedTuple):
    """Who answers disputes, and by when."""

    answer_within: Grace = Grace(10)
    escalate_to: str = ""
    """Who is told of a dispute that its owner does not answer; empty: nobody."""
    place: Place = NOWHERE


class GoalKind(NamedTuple):
    """A measure that can have a goal."""

    meaning: str
    in_percent: bool = False
    """Otherwise it is in days."""
    at_least: bool = False
    """Whether more is better."""


GOALS: Mapping[str, GoalKind] = {
    "dso": GoalKind("days of sales that are unpaid"),
    "dso_countback_monthly": GoalKind("the same, counted back by month"),
    "overdue_percent": GoalKind("the overdue share of what is owed", in_percent=True),
    "days_to_pay": GoalKind("mean days from issue to settlement"),
    "days_to_pay_weighted": GoalKind("the same, weighted by amount"),
    "days_late": GoalKind("mean days from due date to settlement"),
    "dbt": GoalKind("days beyond terms"),
    "add": GoalKind("average days delinquent"),
    "cei": GoalKind("collection effectiveness", in_percent=True, at_least=True),
    "disputed_percent": GoalKind("the disputed share of what is owed", in_percent=True),
    "promises_kept_percent": GoalKind("promises kept", in_percent=True, at_least=True),
}
"""By the name of the measure, as `report measures` gives it."""


class Goal(NamedTuple):
    """Where a measure is to be."""

    measure: str
    """One of `GOALS`."""
    value: Decimal
    """In days or percent."""
    at_least: bool
    """Otherwise at most."""
    place: Place = NOWHERE

    def is_missed_by(self, figure: Decimal | None) -> bool:
        """Return whether a figure misses it; what is not known misses nothing."""
        if figure is None:
            return False
        return figure < self.value if self.at_least else figure > self.value


class Goals(NamedTuple):
    """The goals of a ledger, and what a missed one opens."""

    goals: tuple[Goal, ...] = ()
    task: str = ""
    """Opened when one is missed; empty: none is."""
    assign_to: str = "owner"


OUTLOOK_PERCENT_LEAST = -100
OUTLOOK_PERCENT_MAX = 1_000
INTEREST_PERCENT_MAX = 100


class ProvisionRules(NamedTuple):
    """What a provision for losses goes by beside the ledger's own history."""

    outlook_percent: Decimal = Decimal(0)
    """By how much loss rates are moved; 0: they stay as they were."""
    name: str = ""
    because: str = ""
    interest_percent: Decimal | None = None
    """What borrowed money costs in a year; None: nobody said."""
    place: Place = NOWHERE


class ReferenceRules(NamedTuple):
    """How references of applicants for credit are asked."""

    remind_days: int | None = None
    """So many days after the letter one that did not answer is reminded, once; None: none is."""
    place: Place = NOWHERE


class StatementDay(NamedTuple):
    """The days on which statements leave: one of the three ways."""

    text: str
    """As it was written: `1st business day`."""
    business_day: int = 0
    """Which business day of the month; -1: the last; 0: none."""
    day_of_month: int = 0
    """Of a shorter month its last day; 0: none."""
    weekday: int | None = None
    """0 is Monday."""
    weeks: int = 1
    """With `weekday`: every so many weeks."""


class StatementRule(NamedTuple):
    """Which customers get a statement of account, and on which days."""

    name: str
    place: Place
    when: Condition
    on: StatementDay
    lists: StatementKind = StatementKind.OPEN_ITEMS
    via: str = ""
    """Empty: as `sending` says, or by mail."""
    attach: tuple[str, ...] = ()
    approval: Approval = NO_APPROVAL


class EvenIf(StrEnum):
    """What else keeps thanks and questions from a customer, unless a rule says `even_if`."""

    OVERDUE = "overdue"
    DISPUTED = "disputed"
    HELD = "held"


class ThankYou(NamedTuple):
    """Whose payments are thanked for."""

    name: str
    place: Place
    when: Condition
    """Of each invoice that was paid in full that day."""
    email: str
    via: str = ""
    attach: tuple[str, ...] = ()
    even_if: frozenset[str] = frozenset()
    approval: Approval = NO_APPROVAL


class OncePer(StrEnum):
    """How often a letter after the issue of an invoice leaves."""

    INVOICE = "invoice"
    CUSTOMER = "customer"
    """With a customer's first invoice."""


class AfterIssue(NamedTuple):
    """A letter some days after an invoice was issued, whatever becomes of it."""

    name: str
    place: Place
    when: Condition
    days: int
    email: str
    once_per: OncePer = OncePer.INVOICE
    via: str = ""
    attach: tuple[str, ...] = ()
    even_if: frozenset[str] = frozenset()
    approval: Approval = NO_APPROVAL


class Announcements(NamedTuple):
    """What customers are told of decisions about them; nothing unless it is asked for."""

    holds_placed: bool = False
    holds_lifted: bool = False
    limits: bool = False
    """Whether a credit limit that changed is told."""
    placement_days: int | None = None
    """So many days before its debts are placed a customer is told; None: it is not."""
    when: Condition = ALWAYS
    via: str = ""
    attach: tuple[str, ...] = ()
    approval: Approval = NO_APPROVAL
    places: Mapping[str, Place] = {}
    """By key: its line."""
    place: Place = NOWHERE


STATEMENT_OF_ACCOUNT = "statement of account"
HOLD_PLACED = "credit hold placed"
HOLD_LIFTED = "credit hold lifted"
LIMIT_CHANGED = "credit limit changed"
HAND_OVER = "hand over announced"
TERMS_OF_TRADE = "terms of trade"
SATISFACTION_CHECK = "satisfaction check"
THANK_YOU = "thank you"
REFERENCE_REQUEST = "reference request"
REFERENCE_REMINDER = "reference reminder"
REFERENCE_LETTERS = (REFERENCE_REQUEST, REFERENCE_REMINDER)
"""The texts to banks and suppliers about applicants for credit."""
ACCOUNT_LETTERS = (
    STATEMENT_OF_ACCOUNT,
    HOLD_PLACED,
    HOLD_LIFTED,
    LIMIT_CHANGED,
    HAND_OVER,
    TERMS_OF_TRADE,
    SATISFACTION_CHECK,
    THANK_YOU,
)
"""The texts of letters about the account."""


class NotRules(NamedTuple):
    """A file or folder of the rules folder that is meant neither as rules nor as letters."""

    path: str
    """From the rules folder, or a name alone; `*` stands for any characters."""
    place: Place


@dataclass(frozen=True, slots=True)
class Rulebook:
    """One connection's rules: every file of its folder, as one."""

    files: tuple[str, ...]
    # Kept with each action, so that the rules behind it can be identified years later.
    hash: str
    """SHA-256 of the texts, with line ends and trailing blanks made the same, 64 hex characters."""
    name: str
    currency: str
    """Every amount in it is in this currency."""
    currency_place: Place = NOWHERE
    cautions: tuple[Problem, ...] = ()
    """Warnings that take the layers to know: see `currencies`."""
    groups: Mapping[str, Condition] = field(default_factory=dict)
    group_places: Mapping[str, Place] = field(default_factory=dict)
    customers: tuple[Customer, ...] = ()
    leave_alone: tuple[LeaveAlone, ...] = ()
    credit_limits: tuple[CreditLimit, ...] = ()
    credit_holds: tuple[CreditHold, ...] = ()
    reminders: tuple[Cadence, ...] = ()
    follow_ups: tuple[FollowUp, ...] = ()
    charges: tuple[Charge, ...] = ()
    discounts: tuple[Discount, ...] = ()
    placements: tuple[PlacementRule, ...] = ()
    write_offs: tuple[WriteOff, ...] = ()
    terms: tuple[TermsRule, ...] = ()
    acceptance: tuple[AcceptanceRule, ...] = ()
    """Asked about applications alone, so no account is planned by it."""
    credit_references: ReferenceRules = ReferenceRules()  # noqa: RUF009 - a frozen value
    alerts: tuple[AlertRule, ...] = ()
    supplier_alerts: tuple[AlertRule, ...] = ()
    """Asked about suppliers alone, so no account is planned by it."""
    sending: Sending = field(default_factory=Sending)
    roles: tuple[RoleAddress, ...] = ()
    safety: Safety = field(default_factory=Safety)
    take_over: TakeOver = field(default_factory=TakeOver)
    payment_plans: PaymentPlanRules = PaymentPlanRules()  # noqa: RUF009 - a frozen value
    disputes: DisputeRules | None = None
    """None: no tasks are opened for disputes."""
    statements: tuple[StatementRule, ...] = ()
    thank_you: ThankYou | None = None
    after_issue: tuple[AfterIssue, ...] = ()
    announcements: Announcements = Announcements()  # noqa: RUF009 - a frozen value
    unapplied_cash: UnappliedCash = UnappliedCash.NET
    """How a customer's unapplied cash counts for what it owes."""
    promises: PromiseTerms = PromiseTerms()  # noqa: RUF009 - a frozen value
    """How promises to pay are judged."""
    goals: Goals = Goals()  # noqa: RUF009 - a frozen value
    """Where the measures of the ledger are to be."""
    provision: ProvisionRules = ProvisionRules()  # noqa: RUF009 - a frozen value
    bills_asked_at: Place | None = None
    """Where it asks for open bills, to show what is owed to customers; None: they are not read."""
    statutory: LatePayment | None = None
    """What the law gives for late payment; None when the rulebook has no table."""

    def texts(self) -> frozenset[str]:
        """Return the names of the reminder texts it sends or attaches."""
        return frozenset(
            step.text
            for cadence in self.reminders
            for step in cadence.steps
            if step.kind in {StepKind.EMAIL, StepKind.LETTER}
        ).union(self.payment_plans.texts, self.account_letters())

    def account_letters_by(self, via: str) -> list[Place]:
        """Return the places of the rules whose letters about the account leave by a way."""
        usual = "smtp" if self.sending.via == "accounting system" else self.sending.via
        rules = [
            *self.statements,
            *self.after_issue,
            *((self.thank_you,) if self.thank_you else ()),
        ]
        places = [rule.place for rule in rules if (rule.via or usual) == via]
        announced = self.announcements
        # What the section is for stands in its keys; without one of them it announces nothing.
        if {*announced.places} - {"via", "attach", "approval", "when", "unless"}:
            places += [announced.place] if (announced.via or usual) == via else []
        return places

    def account_letters(self) -> frozenset[str]:
        """Return the names of the letters about the account that it sends."""
        announced, holds = self.announcements, self.credit_holds
        tells_of_holds = any(hold.tells_customer for hold in holds)
        sends = {
            STATEMENT_OF_ACCOUNT: bool(self.statements),
            HOLD_PLACED: announced.holds_placed or tells_of_holds,
            HOLD_LIFTED: announced.holds_lifted or tells_of_holds,
            LIMIT_CHANGED: announced.limits,
            HAND_OVER: announced.placement_days is not None,
        }
        by_name = [rule.email for rule in self.after_issue]
        if self.thank_you is not None:
            by_name.append(self.thank_you.email)
        return frozenset(text for text, is_sent in sends.items() if is_sent).union(by_name)

    def scripts(self) -> frozenset[str]:
        """Return the names of the texts that are said on the telephone."""
        steps = (step for cadence in self.reminders for step in cadence.steps)
        return frozenset(step.script for step in steps if step.script)

    def conditions(self) -> Iterator[tuple[Place, Condition]]:
        """Yield each condition of a rule, a step and each `skip_invoices_when`, with its place.

        Definitions of groups are not among them: an unused group asks nothing.
        """
        for rules in (
            self.leave_alone,
            self.credit_limits,
            self.credit_holds,
            self.reminders,
            self.follow_ups,
            self.charges,
            self.discounts,
            self.placements,
            self.write_offs,
            self.terms,
            self.alerts,
            self.statements,
            self.after_issue,
            (self.thank_you,) if self.thank_you else (),
        ):
            for rule in rules:
                yield rule.place, rule.when
        if self.announcements.when is not ALWAYS:
            yield self.announcements.place, self.announcements.when
        for cadence in self.reminders:
            if cadence.skip_invoices_when is not None:
                yield cadence.place, cadence.skip_invoices_when
            for step in cadence.steps:
                # Its repeats ask the same.
                if step.when is not None and step.repeat == 1:
                    yield step.place, step.when
                for copy_rule in (*step.cc, *step.copy_to) if step.repeat == 1 else ():
                    if copy_rule.when is not None:
                        yield step.place, copy_rule.when
        for when in self.sending.conditions():
            yield self.sending.place, when

    def every_condition(self) -> Iterator[tuple[Place, Condition]]:
        """Yield those of `conditions`, and those about applications for credit and suppliers."""
        yield from self.conditions()
        for rules in (self.acceptance, self.supplier_alerts):
            for rule in rules:
                yield rule.place, rule.when

    @property
    def every_alert(self) -> tuple[AlertRule, ...]:
        """Return the rules that tell people of customers, and of suppliers."""
        return self.alerts + self.supplier_alerts

    def role(self, name: str) -> RoleAddress | None:
        """Return the role of a name; None: it is no role, but a label."""
        return next((role for role in self.roles if folded(role.name) == folded(name)), None)

    def by_contact(self) -> dict[str, Customer]:
        """Return what was agreed, by folded name or id."""
        return {folded(customer.contact): customer for customer in self.customers}


def folded(name: str) -> str:
    """Return a name as it is compared: letter case and runs of blanks make no difference."""
    return " ".join(name.split()).casefold()
