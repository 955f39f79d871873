"""What the store returns: rows as named tuples, and the words for their states.

Records are named tuples because they are immutable, typed, and some ten times cheaper to make than
frozen dataclasses; a ledger has a million of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct

from arsync.connector_sdk import Receipt
from arsync.core.actions import Action, ActionKind, ActionState
from arsync.core.ledger.records import (
    Dispute,
    DocumentProblem,
    HoldDecision,
    LogKind,
    Organisation,
    Phone,
    PlacedDebt,
)
from arsync.errors import HealsWhen


class Mode(StrEnum):
    """How far a connection may go by itself."""

    OBSERVE = "observe"
    """Plans, and writes nothing at all."""
    APPROVE = "approve"
    """Every action waits for a person."""
    AUTO = "auto"
    """Only what the rulebook marks waits for a person."""


class ConnectionState(StrEnum):
    """Whether a connection's authorisation is valid."""

    CONNECTED = "connected"
    NEEDS_RECONNECT = "needs reconnect"


class Restored(NamedTuple):
    """That a connection's rows came back from a backup."""

    at: datetime
    """When."""
    as_of: datetime
    """The last moment that the backup knows of: what left later is missing in it."""


class ConnectionRow(NamedTuple):
    """One authorised organisation."""

    id: int
    name: str
    """Given by a person, unique, and part of every action's key."""
    platform: str
    organisation_id: str
    """The platform's own id: Xero's tenant, QuickBooks' realm."""
    organisation: Organisation
    mode: Mode
    created_at: datetime
    taken_over_on: date | None
    """The organisation's day on which the connection first left `observe`."""
    state: ConnectionState
    grant_id: int | None
    """The authorisation that opens it; several connections can share one."""
    settings: Mapping[str, str]
    restored: Restored | None = None
    """The latest restore; None for rows that were never restored."""
    paused: Paused | None = None
    """Why no scheduled run touches it; None: they do."""
    labels: tuple[str, ...] = ()
    """By which a practice groups its connections."""
    stopped: Stopped | None = None
    """Why nothing leaves, although it is read; None: the mode decides."""


class Stopped(NamedTuple):
    """A connection from which nothing leaves until an owner starts it again; reading goes on."""

    at: datetime
    by: str
    reason: str


class Paused(NamedTuple):
    """A connection that no scheduled run touches until a person resumes it."""

    at: datetime
    by: str
    reason: str


class ConnectionChange(NamedTuple):
    """What is to change of one connection, or of several at once; None: it stays."""

    mode: Mode | None = None
    own_reminders: bool | None = None
    paused: bool | None = None
    stopped: bool | None = None
    reason: str = ""
    """Why they are paused or stopped."""
    add_labels: tuple[str, ...] = ()
    remove_labels: tuple[str, ...] = ()


class ChangedConnection(NamedTuple):
    """A connection before and after a change."""

    before: ConnectionRow
    after: ConnectionRow


class DueLedger(NamedTuple):
    """A connection whose run is due."""

    connection_id: int
    next_at: datetime
    """Its place in the routine."""
    wanted_at: datetime | None
    """Since when somebody or something wants a run before that; None: nobody does."""
    wanted_why: str
    started_at: datetime | None
    """When its last run began, if that run never ended: it goes on elsewhere, or it died."""


class ScheduleRow(NamedTuple):
    """When a connection runs."""

    every_seconds: int | None
    """Its pace; None until a process that runs again and again has given it one."""
    next_at: datetime
    wanted_at: datetime | None
    wanted_why: str
    """Why it is wanted; without `wanted_at`: why the run that goes on was."""
    started_at: datetime | None
    """When a run began that has not ended; None: none goes on."""
    not_before: datetime | None
    """Until then the platform is left alone."""


class ScheduledLedger(NamedTuple):
    """A connection, and what keeps its runs or lets them begin."""

    connection_id: int
    state: ConnectionState
    is_paused: bool
    retry_at: datetime | None
    """Its platform was out of reach: no scheduled run calls it before this."""
    schedule: ScheduleRow | None


class BriefRun(NamedTuple):
    """A run that has ended, in short."""

    id: int
    kind: str
    started_at: datetime
    finished_at: datetime
    outcome: str
    message: str


class OwedInvoices(NamedTuple):
    """The sum of open invoices of one connection in one currency."""

    currency: str
    issued_on: date | None
    """Their day, where it may still lie ahead; None: it is past everywhere."""
    amount_due: Decimal


class LedgerStanding(NamedTuple):
    """Where one connection stands, as the tables say."""

    connection: ConnectionRow
    pulled_at: datetime | None
    ledger: ScheduledLedger
    """What keeps its runs or lets them begin."""
    outage: OutageRow | None
    last_run: BriefRun | None
    actions: Mapping[ActionState, int]
    """How many actions stand where; of those alone that have not ended."""
    decisions: int
    """How many decisions wait for approval: a hold and its terms are one."""
    over_safety: int
    """How many actions wait because the plan was over a safety limit."""
    open_tasks: int
    open_alerts: int
    """How many of them tell of an alert."""
    owed: tuple[OwedInvoices, ...]
    differences: int
    """Customers whose balance differs from the platform's."""
    unreadable: int
    """Documents that could not be read."""


class RunCount(NamedTuple):
    """How many runs that began of late have ended in one way, or go on."""

    window: str
    """`1h` or `24h`."""
    outcome: str
    runs: int


class WebhookDeliveries(NamedTuple):
    """How many deliveries of one platform came, of one outcome."""

    platform: str
    outcome: str
    deliveries: int


class AppCalls(NamedTuple):
    """What is known of the calls of one application at a platform."""

    last_minute: int = 0
    reads: int = 0
    """Of this month."""
    fewest_left_of_day: int | None = None
    """What is left of the day's calls to the organisation with the fewest left; None: not known."""


class QueueCounts(NamedTuple):
    """What the tables of the workers' queue say."""

    workers_alive: int
    workers_silent: int
    """Without a sign of life for too long."""
    waiting: int
    """Ledgers in the queue."""
    running: int


class Measured(NamedTuple):
    """Counts over all connections, for monitoring."""

    ledgers: tuple[ScheduledLedger, ...]
    runs: tuple[RunCount, ...]
    actions: Mapping[ActionState, int]
    """Of those that have not ended."""
    decisions: int
    """Those that wait for approval."""
    over_safety: int
    """Connections whose plan waits because it is over a safety limit."""
    open_tasks: int
    messages: Mapping[str, int]
    """Those that left in the last day, by way."""
    webhooks: tuple[WebhookDeliveries, ...]
    calls: Mapping[str, AppCalls]
    """By the name under which an application's calls are counted."""
    queue: QueueCounts | None
    """None where there is no queue."""


class PageResult(NamedTuple):
    """What one page did to the ledger."""

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    gone: int = 0
    problems: tuple[DocumentProblem, ...] = ()
    """The page's own problems, and records that the store had to refuse."""
    touched: frozenset[str] = frozenset()
    """Contacts whose documents it changed."""


class Sweep(NamedTuple):
    """A sweep whose last page is stored and whose differences are still to be read again."""

    name: str
    kind: str
    of_balances: bool
    """True for a sweep of open balances, False for a full read."""


class Total(NamedTuple):
    """What one contact owes in one currency."""

    contact_id: str
    contact_name: str
    currency: str
    invoices: int
    amount_due: Decimal


class UnreachableCustomer(NamedTuple):
    """A customer who owes and whom some letter cannot reach."""

    contact_id: str
    name: str
    lacks_email: bool
    """Neither the customer nor each open invoice has an email address."""
    lacks_address: bool
    """No postal address, or none that fits an envelope."""
    phones: tuple[Phone, ...]
    """By which its addresses could be asked for."""


class UnmailedCustomers(NamedTuple):
    """The customers who owe and to whom no letter can be mailed."""

    in_all: int
    named: tuple[tuple[str, str], ...]
    """Id and name of the first of them, by name."""


class ActionRow(NamedTuple):
    """One action, its state, and what became of it."""

    action: Action
    key: str
    connection_id: int
    state: ActionState
    run_id: int | None
    """The run that planned it."""
    rulebook_hash: str
    before: Mapping[str, str]
    """What `Connector.prepare` found, saved before the first attempt."""
    generation: int
    """Part of the idempotency key; raised only when nothing was certainly done under it."""
    attempts: int
    first_sent_at: datetime | None
    """When it was first claimed for sending."""
    sent_on: date | None
    """The organisation's day of that moment."""
    not_before: datetime | None
    """Not to be tried before this moment."""
    receipt: Receipt | None
    reason: str
    """The last event's reason."""
    lease_until: datetime | None
    by_person: bool
    """True when a person asked for it; a later plan never withdraws it."""
    done_at: datetime | None
    """Tasks: when a person completed it."""
    outcome: str
    created_at: datetime
    changed_at: datetime
    heals_when: HealsWhen = HealsWhen.NEVER
    """What heals the refusal that it waits after, or was refused with."""
    heals_mark: str = ""
    """How the customer's records stood when it was refused."""
    done_on: date | None = None
    """Tasks: the organisation's day of the end."""
    outcome_code: str = ""
    """Tasks: the code of the outcome, of a try too; empty: words alone."""
    owner: str = ""
    """Tasks: whose it is now."""
    due_on: date | None = None
    """Tasks: by when it is to be done; None: nobody said."""
    next_on: date | None = None
    """Tasks: the day it comes back; None: it waits now."""
    tries: int = 0
    """Tasks: how often nobody was reached in a row."""


class WaitingInvoice(NamedTuple):
    """An invoice as an action names it, in short."""

    id: str
    number: str
    amount_due: Decimal
    currency: str
    days_overdue: int
    document_amount_due: Decimal
    """What was due on the invoice itself when it was planned."""


class WaitingAction(NamedTuple):
    """An action in short, as lists of what waits show it."""

    key: str
    kind: ActionKind
    state: ActionState
    contact_id: str
    contact_name: str
    episode: int
    title: str
    """The step, the task, the letter or the terms; empty: it has none."""
    invoices: tuple[WaitingInvoice, ...]
    approvers: tuple[str, ...]
    to: str
    """Addresses, where a message names its own."""
    not_before: datetime | None
    reason: str
    created_at: datetime
    by_person: bool


class InvoiceInShort(NamedTuple):
    """An invoice as a place in a list needs it."""

    id: str
    currency: str
    amount_due: Decimal


class WaitingOutline(NamedTuple):
    """An action as its place in a list of thousands needs it; of what is shown, all is read."""

    key: str
    kind: ActionKind
    state: ActionState
    contact_id: str
    invoices: tuple[InvoiceInShort, ...]
    reason: str
    is_later: bool
    """It came after the moment until which was asked."""


class SentLetter(NamedTuple):
    """A letter of ours that left for a customer."""

    key: str
    text: str
    """The name of its text."""
    via: str
    sent_on: date
    reference: str = ""
    """What its way calls it: a mail's Message-ID, a file in the post folder."""
    to: tuple[str, ...] = ()
    """Its addresses, where they are not those of the customer's record."""
    invoice_ids: tuple[str, ...] = ()


class NoticeRow(NamedTuple):
    """One number of the register of notices."""

    number: int
    text: str
    """The name of its text, as it was when the number was given."""
    given_on: date
    row: ActionRow | None
    """The notice; None: the numbers up to this one were passed over when a backup came back."""


class Refusal(NamedTuple):
    """A refusal as it is kept with the action."""

    heals_when: HealsWhen
    mark: str = ""


class HoldDecisionRow(NamedTuple):
    """A hold or a release by hand, with its end."""

    contact_id: str
    is_hold: bool
    reason: str
    made_on: date
    until: date | None
    decided_by: str
    decided_at: datetime
    ended_by: str
    """Empty while it is not ended before its day."""
    ended_why: str
    ended_at: datetime | None

    @property
    def decision(self) -> HoldDecision:
        """Return what was decided."""
        return HoldDecision(self.is_hold, self.reason, self.decided_by, self.made_on, self.until)


class LogRow(NamedTuple):
    """What a person noted about a customer."""

    id: int
    contact_id: str
    invoice_id: str
    """Empty when it is about the customer."""
    kind: LogKind
    happened_on: date
    text: str
    recorded_by: str
    recorded_at: datetime
    taken_back_by: str
    """Empty while it stands."""
    taken_back_why: str
    taken_back_at: datetime | None


class DailyMailRow(NamedTuple):
    """What became of one day's mail to one owner."""

    day: date
    address: str
    """Empty in what was written before each address had its own."""
    tried_at: datetime
    leaving_at: datetime | None
    """When the mail server was called; None: nothing can have left."""
    told_at: datetime | None
    failure: str
    """Why it surely did not leave; empty where nothing went wrong."""


class UndeliverableRow(NamedTuple):
    """An address that took no mail, with what became of it."""

    number: int
    contact_id: str
    address: str
    since: date
    reason: str
    action_key: str
    """Of the letter that came back or was refused."""
    recorded_at: datetime
    cleared_by: str
    """Empty while it stands."""
    cleared_at: datetime | None


class MailboxPosition(NamedTuple):
    """How far a mailbox was read."""

    uid_validity: int
    """Another number means that the server has numbered its messages anew."""
    last_uid: int
    read_at: datetime
    failure: str
    """Why it could not be read the last time; empty when it could."""


class LimitRow(NamedTuple):
    """A credit limit that a debtor came to have."""

    contact_id: str
    since: date
    """The organisation's day of the plan that found it."""
    amount: Decimal | None
    """In the rulebook's currency; None: none, or none that is known."""
    is_unlimited: bool
    until: date | None
    """The last day of a temporary limit."""
    rule: str
    """The rule that set it; empty: no rule did."""
    file: str
    line: int
    rulebook_hash: str
    recorded_by: str
    """On whose behalf the plan was made."""
    recorded_at: datetime


class VersionRow(NamedTuple):
    """A rulebook whose text is kept."""

    hash: str
    letters_hash: str
    """Of the letters of one's own that go with it; empty: there are none."""
    recorded_at: datetime
    recorded_by: str
    """On whose behalf it was first used."""
    source: str
    """Where it was read then."""
    redacted_at: datetime | None
    """When a customer's name was taken out of its text."""
    planned: int = 0
    """How many actions its hash planned, with these letters or others."""


class PushRow(NamedTuple):
    """A rules folder that was pushed into the store."""

    id: int
    hash: str
    """Of everything in it."""
    pushed_at: datetime
    pushed_by: str
    source: str


class EventRow(NamedTuple):
    """One change of an action's state: by whom, when, for what reason."""

    key: str
    at: datetime
    actor: str
    """A person's name, or the part of arsync that did it."""
    from_state: ActionState | None
    """None for the action's first event."""
    to_state: ActionState
    reason: str


class PlanSaved(Struct, frozen=True):
    """What saving a plan did. Each number counts actions."""

    new: int
    kept: int
    withdrawn: int


class Later(Struct, frozen=True):
    """Approved actions that may not leave yet."""

    actions: int
    first: datetime
    """When the first of them may."""


class PromiseRow(NamedTuple):
    """A promise to pay as it was recorded."""

    invoice_ids: tuple[str, ...]
    """The oldest due date first."""
    id: int
    promised_on: date
    amount: Decimal | None
    """Of all its invoices together; None: all that is due."""
    made_on: date
    kept: bool | None
    """As the last plan judged it; None while open."""
    replaced: bool
    """True when a newer promise took its place, or it was withdrawn."""
    recorded_by: str
    recorded_at: datetime
    note: str
    contact_id: str
    """Who promised all that it owes; empty where invoices were named."""
    also: bool
    """It stands beside earlier promises about the same invoices."""


class PaymentPlanRow(NamedTuple):
    """Who recorded and ended a payment plan, and what was to be remembered."""

    id: int
    recorded_by: str
    recorded_at: datetime
    cancelled_by: str
    note: str


class DisputeRow(NamedTuple):
    """A dispute as it was recorded."""

    id: int
    invoice_id: str
    opened_on: date
    reason: str
    settled_on: date | None
    recorded_by: str
    recorded_at: datetime
    settled_by: str
    amount: Decimal | None = None
    """In the invoice's currency; None: all of it."""
    code: str = ""
    """Of UN/EDIFACT 4465; empty: nobody said."""
    owner: str = ""
    needs: str = ""
    outcome: str = ""
    """Of `DisputeOutcome`; empty: none, or nobody said."""
    outcome_note: str = ""
    credit_agreed_on: date | None = None
    due_then: Decimal | None = None
    total_then: Decimal | None = None
    changes: int = 0

    @property
    def record(self) -> Dispute:
        """Return it as the core reads it."""
        return Dispute(
            self.invoice_id,
            self.opened_on,
            self.reason,
            self.settled_on,
            amount=self.amount,
            code=self.code,
            owner=self.owner,
            needs=self.needs,
            outcome=self.outcome,
            due_then=self.due_then,
            total_then=self.total_then,
            number=self.id,
            credit_agreed_on=self.credit_agreed_on,
        )


class DisputeTerms(NamedTuple):
    """What a dispute is about, as a person says it."""

    reason: str
    amount: Decimal | None = None
    """In the invoice's currency; None: all of it."""
    code: str = ""
    owner: str = ""
    needs: str = ""


class PlacementRow(NamedTuple):
    """A placement as it was recorded."""

    key: str
    contact_id: str
    agency: str
    placed_on: date
    cost: Decimal | None
    """What it has cost so far; None: nobody has said."""
    currency: str
    """Of the cost."""
    ended_on: date | None
    ended_as: str
    ended_why: str
    ended_by: str
    recorded_by: str
    recorded_at: datetime
    debts: tuple[PlacedDebt, ...]


class RunRow(NamedTuple):
    """One run of a connection, or one step of it."""

    id: int
    connection_id: int
    kind: str
    """`pull`, `plan`, `apply`, `sync`, `undo`."""
    started_at: datetime
    finished_at: datetime | None
    outcome: str
    """`running`, `done`, `part failed`, `failed`. A run that is `running` without the lock died."""
    counts: Mapping[str, int]
    message: str
    host: str
    pid: int


class OutageRow(NamedTuple):
    """A platform that could not be reached by the last runs of a connection."""

    connection_id: int
    failures: int
    """Runs in a row."""
    failed_at: datetime
    retry_at: datetime | None
    """No scheduled run calls before this; None while every run still tries."""
    reason: str
    """The last failure, in one sentence."""
