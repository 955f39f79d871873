"""The records: what every platform's documents become.

Records are named tuples: immutable, typed, quick to make by the hundred thousand, and already the
rows that the store writes and the rules read. Days are the organisation's calendar days; moments
are aware and in UTC; an empty string means "the platform does not say", None means "unknown".
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct

from arsync.core.ledger.agreements.credit_applications import CreditStanding
from arsync.core.ledger.payables import PayableTo


class RecordKind(StrEnum):
    """The kinds of record a page can hold."""

    ORGANISATION = "organisation"
    CONTACTS = "contacts"
    INVOICES = "invoices"
    CREDITS = "credits"
    PAYMENTS = "payments"


class ContactStatus(StrEnum):
    """The status of a contact. Only an active one is ever written to."""

    ACTIVE = "active"
    ARCHIVED = "archived"
    MERGED = "merged"
    DELETED = "deleted"
    UNKNOWN = "unknown"
    """Documents name it, and the platform does not show it, or not so that it can be read."""


class DocumentStatus(StrEnum):
    """The status of an invoice or a credit. Only OPEN is owed."""

    DRAFT = "draft"
    OPEN = "open"
    PAID = "paid"
    VOIDED = "voided"
    DELETED = "deleted"


class PaymentStatus(StrEnum):
    """The status of a payment. Only ACTIVE counts."""

    ACTIVE = "active"
    VOIDED = "voided"
    DELETED = "deleted"


class Organisation(NamedTuple):
    """The organisation that owns the ledger."""

    id: str
    name: str
    base_currency: str
    country: str = ""
    """ISO 3166 alpha-2."""
    time_zone: str = ""
    """IANA name; empty when the platform does not report it."""
    short_code: str = ""
    is_demo: bool = False
    locked_until: date | None = None
    """Documents on or before this day cannot be changed."""
    # QuickBooks does not report it. Its reminders are off until somebody switches them on, so None
    # stops nothing, but every plan warns.
    own_reminders: bool | None = None
    """True when the platform's own reminders are switched on; None when it does not report it."""
    legal_name: str = ""
    """The registered name, where it is another one than `name` or the platform tells both."""
    address: tuple[str, ...] = ()
    """The lines of its postal address below the name, without the country."""
    phone: str = ""
    email: str = ""
    tax_number: str = ""
    """VAT, GST or another number of a tax office, as the platform has it."""
    registration_number: str = ""
    """In the register of companies."""


class Phone(NamedTuple):
    """A telephone number as the platform writes it."""

    number: str
    kind: str = ""
    """`direct`, `mobile`, `office` or `other`; empty for the main one."""

    def __str__(self) -> str:
        return f"{self.number} ({self.kind})" if self.kind else self.number


class Contact(NamedTuple):
    """A debtor, or a child of one."""

    id: str
    name: str
    status: str = ContactStatus.ACTIVE
    email: str = ""
    more_emails: tuple[str, ...] = ()
    """Further people who receive invoice mail."""
    first_name: str = ""
    people: tuple[str, ...] = ()
    """The names of the people to speak to, the main one first."""
    phones: tuple[Phone, ...] = ()
    """Without fax numbers, the main one first."""
    address: tuple[str, ...] = ()
    """The lines of the postal address below the name, without the country."""
    customer_number: str = ""
    """Under which the organisation keeps the customer, where the platform has such a number."""
    currency: str = ""
    country: str = ""
    groups: tuple[str, ...] = ()
    """Names of contact groups (Xero) or the customer type (QuickBooks)."""
    parent_id: str = ""
    bill_to_parent: bool = False
    merged_into: str = ""
    created_on: date | None = None
    terms: str = ""
    """The platform's payment terms in words, e.g. `30 days after the bill date`."""
    note: str = ""
    """Text that people and arsync keep on the contact (QuickBooks Customer.Notes)."""
    version: str = ""
    updated_at: datetime | None = None


class Invoice(NamedTuple):
    """A sales invoice. Money is in `currency`."""

    id: str
    contact_id: str
    number: str
    status: str
    issued_on: date
    due_on: date
    currency: str
    rate: Decimal | None
    """Base-currency units for one unit of `currency`, as the platform recorded it."""
    total: Decimal
    amount_due: Decimal
    reference: str = ""
    purchase_order: str = ""
    """The customer's order number, where the platform has a field of its own for it. In Xero it
    stands in `reference`."""
    sent: bool | None = None
    """Whether it was sent to the customer; None when the platform does not report it."""
    paid_on: date | None = None
    """The day it was paid in full."""
    expected_on: date | None = None
    """The platform's expected payment date."""
    email: str = ""
    """The address the platform would send it to, when it differs from the contact's."""
    link: str = ""
    """The customer's online view of the invoice."""
    note: str = ""
    """Internal text on the invoice (QuickBooks PrivateNote)."""
    disputed_on: date | None = None
    """Since when the platform itself shows it as disputed; None: it does not."""
    version: str = ""
    updated_at: datetime | None = None

    @property
    def customers_reference(self) -> str:
        """Return by what the customer knows the order, in whichever field the platform has it."""
        return self.reference or self.purchase_order


def is_owed(invoice: Invoice) -> bool:
    """Return whether anything is owed on it: open, and not paid."""
    return invoice.status == DocumentStatus.OPEN and invoice.amount_due > 0


class Allocation(NamedTuple):
    """Money of one payment or credit matched to one invoice, in the invoice's currency.

    Or what was paid back to the customer: a refund uses up a credit as an invoice does.
    """

    invoice_id: str
    """Empty for a refund."""
    amount: Decimal
    allocated_on: date

    @property
    def is_refund(self) -> bool:
        """Return whether it was paid back to the customer."""
        return not self.invoice_id


class Payment(NamedTuple):
    """Money received. `unallocated` is not yet matched to any invoice."""

    id: str
    contact_id: str
    status: str
    paid_on: date
    currency: str
    rate: Decimal | None
    amount: Decimal
    unallocated: Decimal
    allocations: tuple[Allocation, ...] = ()
    reference: str = ""
    # Where a platform matches payments to the bank, only matched ones show how far the bank is
    # entered.
    reconciled: bool | None = None
    """Whether it was matched to the bank's statement; None when the platform does not report it."""
    version: str = ""
    updated_at: datetime | None = None


class Credit(NamedTuple):
    """A credit note, prepayment or overpayment. `unallocated` is still to be matched."""

    id: str
    contact_id: str
    kind: str
    number: str
    status: str
    issued_on: date
    currency: str
    rate: Decimal | None
    total: Decimal
    unallocated: Decimal
    allocations: tuple[Allocation, ...] = ()
    version: str = ""
    updated_at: datetime | None = None


class OpenBalance(NamedTuple):
    """One invoice in a sweep of open invoices: enough to notice that the copy is old."""

    invoice_id: str
    amount_due: Decimal
    due_on: date | None


class DocumentProblem(Struct, frozen=True):
    """A platform document that could not be understood; it is kept out, named, and shown."""

    kind: str
    id: str
    number: str
    message: str
    contact_id: str = ""
    """The customer's id, where that much can be read."""
    invoice_ids: tuple[str, ...] = ()
    """Invoices that it names."""
    amount: Decimal | None = None
    """What is due on it, or left of it, where that much can be read."""
    currency: str = ""


class OwnBalance(NamedTuple):
    """The platform's own figure of a contact's debt, to compare the copy with."""

    contact_id: str
    amount: Decimal
    # Not every figure is documented: where the meaning is not, either one is accepted.
    less_credits: bool | None = None
    """True: unallocated money is taken off. None: not documented."""
    in_base: bool | None = False
    """True: it is in the organisation's currency, False: in the contact's. None: not documented."""


class Difference(NamedTuple):
    """A contact of which the platform's own balance and the copy do not agree."""

    contact_id: str
    contact_name: str
    theirs: Decimal
    """The balance according to the platform."""
    ours: Decimal
    """The balance according to the copy; of several ways to count, the nearest."""
    currency: str
    rate: Decimal | None
    """Base-currency units for one unit of `currency`."""


class Promise(NamedTuple):
    """A promise to pay, recorded by a person here or in the accounting system."""

    invoice_ids: tuple[str, ...]
    """The invoices that are to be paid by it, the oldest due date first."""
    promised_on: date
    """The day the money is to come."""
    amount: Decimal | None
    """Of all its invoices together; None: all that is due."""
    made_on: date
    kept: bool | None = None
    """As it was last judged. The books decide anew each time; this counts where its invoices are
    not among them any more."""
    by_platform: bool = False
    """Entered in the accounting system, as the day on which the money is expected."""
    also: bool = False
    """Beside those that were made before; otherwise it takes their place for its invoices."""
    number: int = 0
    """Of the store; it tells apart what was promised on one day. 0: the store does not have it."""


class DisputeOutcome(StrEnum):
    """What came of a dispute."""

    CREDITED = "credited"
    """The customer was right: what it disputed was credited."""
    UPHELD = "upheld"
    """The claim stands: all of it is owed."""
    DROPPED = "dropped"
    """The customer does not dispute it any more: all of it is owed."""


class Dispute(NamedTuple):
    """A dispute about an invoice, recorded by a person or shown by the platform.

    Amounts are in the invoice's currency.
    """

    invoice_id: str
    opened_on: date
    reason: str
    """In the words of whoever recorded it."""
    settled_on: date | None = None
    amount: Decimal | None = None
    """The part that is disputed; None: all of it."""
    code: str = ""
    """Of UN/EDIFACT 4465; empty: nobody said."""
    owner: str = ""
    """Who is to answer it."""
    needs: str = ""
    """What is needed for an answer."""
    outcome: str = ""
    """Of `DisputeOutcome`; empty: none, or nobody said."""
    due_then: Decimal | None = None
    """What was due on the invoice when it was opened; None: not known."""
    total_then: Decimal | None = None
    """The invoice's total when it was opened; None: not known."""
    number: int = 0
    """In the order of recording: it tells two disputes about one invoice apart."""
    credit_agreed_on: date | None = None
    """The day on which a credit was agreed, while it is still to show in the books."""


class Instalment(NamedTuple):
    """One part of a payment plan."""

    due_on: date
    amount: Decimal


class PaymentPlan(NamedTuple):
    """Dates and amounts by which a customer agreed to pay off what it owes."""

    id: int
    """Its number in arsync's records; later ones are larger."""
    contact_id: str
    invoice_ids: tuple[str, ...]
    """The invoices that it pays off, the oldest due date first."""
    currency: str
    made_on: date
    by: str
    """Who recorded it."""
    instalments: tuple[Instalment, ...]
    """By day, the first one first."""
    of_balance: bool = False
    """Agreed on all that the customer owed that day; False: on the invoices named."""
    received_before: Decimal = Decimal(0)
    """What had come for its invoices on the day it was made, before it was made."""
    cancelled_on: date | None = None
    is_confirmed: bool = False
    """Whether the customer is sent the agreement in writing."""

    @property
    def total(self) -> Decimal:
        """Return the sum of all instalments."""
        return sum((instalment.amount for instalment in self.instalments), Decimal(0))


class PlacedDebt(NamedTuple):
    """One invoice of a placement, and what was placed of it."""

    invoice_id: str
    amount: Decimal
    """Owed net on the day of placing, less what was disputed of it."""
    currency: str


class Placement(NamedTuple):
    """Debts handed to an agency or a lawyer."""

    key: str
    """Of the action that placed them."""
    agency: str
    placed_on: date
    debts: tuple[PlacedDebt, ...]
    ended_on: date | None = None
    """The day from which they are chased here again; None: nobody has ended it."""
    ended_as: str = ""
    """`recalled` or `returned`; empty while nobody has ended it."""


# Steps belong to the invoice, not to the contact: when an invoice is moved to another contact, its
# reminders go along and are not sent again.
class SentStep(NamedTuple):
    """A reminder step that was taken for one invoice, in one episode."""

    invoice_id: str
    episode: int
    cadence: str
    day: int
    step: str
    on: date
    """The organisation's day on which it went (or was handed over, when its outcome is unknown)."""
    moment: str
    """The contact moment it belonged to: the same text for all that went together."""
    slot: str = ""
    """What its day counts from, where that is not the due date."""
    message: str = ""
    """Which message of the moment it was: one letter takes the steps of several invoices."""


class LetterSent(NamedTuple):
    """A letter about the account that a contact got: it counts as a message."""

    key: str
    contact_id: str
    letter: str
    """The name of its text."""
    on: date
    """The organisation's day on which it went."""
    moment: str
    """The contact moment it belonged to."""
    rule: str = ""


class LimitChange(NamedTuple):
    """A credit limit that became another, in the rulebook's currency."""

    contact_id: str
    """The debtor's."""
    since: date
    before: Decimal
    after: Decimal


CLOSED_BY_ITSELF = "closed"
"""The outcome of a task whose reason was gone before a person did it."""


class TaskRecord(NamedTuple):
    """A task that was opened for a debtor, and what became of it."""

    key: str
    contact_id: str
    rule: str
    """The follow-up that opened it, or the cadence of which it is a step."""
    steps: tuple[SentStep, ...] = ()
    """The steps that it is; none: it is a follow-up's."""
    invoice_ids: tuple[str, ...] = ()
    opened_on: date = date.min
    done_on: date | None = None
    """The organisation's day of its end; None: it is open."""
    outcome: str = ""
    """The code of its outcome, also while it is open and was only tried; empty: words alone."""
    escalates: bool = False
    """It was opened because another task stayed open."""
    text: str = ""
    """What is to be done."""
    by_person: bool = False
    """A person opened it, and only a person ends it."""
    is_alert: bool = False
    """A rule of `alerts` opened it."""

    @property
    def was_closed(self) -> bool:
        """Return whether it ended without a person: a later reason opens another one."""
        return self.done_on is not None and self.outcome == CLOSED_BY_ITSELF


class ShownLevel(NamedTuple):
    """The reminder level that a contact's record shows, as arsync wrote it."""

    level: int
    """0: none is shown."""
    changes: int
    """How often it was changed; each change has a key of its own."""


class HoldOrigin(NamedTuple):
    """The rule that placed a hold, where it stood then."""

    file: str
    line: int
    rule: str


class StandingHold(NamedTuple):
    """A credit hold in force, as arsync placed it."""

    contact_id: str
    since: date
    episode: int
    terms_changed: bool = False
    reasons: tuple[str, ...] = ()
    """The names of the rules that the books show as its reasons; empty when that is not known."""
    ever: tuple[str, ...] = ()
    """The names of all rules that asked for it since it was placed."""
    updates: int = 0
    """How often those reasons were written anew."""
    origin: HoldOrigin | None = None
    """None when that is not known."""
    children: tuple[str, ...] = ()
    """The children that it was noted on."""
    mailed: tuple[str, ...] = ()
    """The colleagues who are mailed of it, by role, name or address."""


HELD_BY_HAND = "held by hand"
"""How the words of a hold by hand begin: no rule's name, though it is a reason like one."""


class HeldSince(NamedTuple):
    """Since when a condition of the rulebook has held for one customer or invoice."""

    since: date
    """The first day on which it was seen to hold, moved on by the days on which it was unknown."""
    unsure_since: date | None = None
    """The first day on which it is unknown whether it still holds; None: it does."""


class LogKind(StrEnum):
    """What a person notes about a customer."""

    CALL = "call"
    VISIT = "visit"
    COMPLAINT = "complaint"
    CONTRACT = "contract"
    TERMS_SIGNED = "terms signed"
    NOTE = "note"


class HoldDecision(NamedTuple):
    """What a person decided about a debtor's credit hold, against or without the rules."""

    is_hold: bool
    """True: held by hand, whatever the rules say. False: released, whatever they say."""
    reason: str
    by: str
    """The person's name."""
    made_on: date
    until: date | None = None
    """The last day it counts on. None: a hold stands until somebody releases it, a release until
    no rule asks for a hold any more."""

    def stands_on(self, day: date) -> bool:
        """Return whether it counts on a day."""
        return self.made_on <= day and (self.until is None or day <= self.until)

    @property
    def words(self) -> str:
        """Return it for people: `held by hand until 2027-01-31 (Jo: cheque bounced)`."""
        what = HELD_BY_HAND if self.is_hold else "released by hand"
        until = f" until {self.until.isoformat()}" if self.until else ""
        return f"{what}{until} ({self.by}: {self.reason})"


class CustomerPause(NamedTuple):
    """That a person leaves a customer alone up to a day, whatever the rules say."""

    contact_id: str
    until: date
    """The last day on which nothing is done about it."""
    by: str
    """The person's name."""
    reason: str
    made_on: date

    def stands_on(self, day: date) -> bool:
        """Return whether it counts on a day."""
        return self.made_on <= day <= self.until


class BilledCharge(NamedTuple):
    """Interest, or a fixed sum, that was billed on one invoice, or refused to be billed."""

    key: str
    """Of the action."""
    invoice_id: str
    last: date
    """The last day whose interest it holds."""
    compensation: bool
    """Whether it holds the fixed sum."""


class UndeliverableAddress(NamedTuple):
    """A mail address of a contact from which mail came back, or that was refused at once."""

    contact_id: str
    address: str
    """As the books write it."""
    since: date
    reason: str
    """In the words of the mail server."""
    number: int = 0
    """arsync's own."""


class Account(NamedTuple):
    """One debtor with everything the rules need: a parent with its children, or a contact alone.

    `contacts[0]` is the parent. `episodes` counts, per invoice, the stretches of being owed.
    """

    contacts: tuple[Contact, ...]
    invoices: tuple[Invoice, ...] = ()
    payments: tuple[Payment, ...] = ()
    credits: tuple[Credit, ...] = ()
    promises: tuple[Promise, ...] = ()
    disputes: tuple[Dispute, ...] = ()
    sent: tuple[SentStep, ...] = ()
    hold: StandingHold | None = None
    episodes: dict[str, int] = {}  # noqa: RUF012 - a shared empty default that nobody writes to
    first_seen: dict[str, date] = {}  # noqa: RUF012 - as above
    """By invoice id, the day on which it came into the copy, where that is known.

    Of what was there when the ledger was first read it is not."""
    last_hold_episode: int = 0
    terms_left: StandingHold | None = None
    """A hold that is not, or no longer, in force, and whose change of terms is not undone yet."""
    tasks: tuple[TaskRecord, ...] = ()
    """The tasks that were opened for this debtor, in the order of their opening."""
    done_keys: frozenset[str] = frozenset()
    """Keys of every action ever started for this debtor: planning twice plans once."""
    doubts: tuple[str, ...] = ()
    """Why it is uncertain what this debtor owes, in words: meanwhile no message leaves to it."""
    unreadable: tuple[str, ...] = ()
    """Numbers of its invoices that could not be read: more may be owed than the others show."""
    undeliverable: tuple[UndeliverableAddress, ...] = ()
    """Addresses in its books that take no mail, until they change or a person clears them."""
    undone: dict[str, str] = {}  # noqa: RUF012 - as above
    """By key: the person and day of undoing a hold or its change of terms: `Jane on 2026-11-20`."""
    refused: frozenset[str] = frozenset()
    """Keys of a hold, and its change of terms, that were refused and could still come."""
    differences: tuple[Difference, ...] = ()
    """Where the platform's own balance and the documents do not agree."""
    taken_over_on: date | None = None
    """The day the connection left `observe`: debts older than this follow `take_over`."""
    entries: dict[str, str] = {}  # noqa: RUF012 - as above
    """By folded name, what entries of the rulebook's `customers` are bound to: a contact's id.

    Those of its contacts, and those that bear the name of one and belong to another contact."""
    held_since: dict[tuple[str, str], HeldSince] = {}  # noqa: RUF012 - as above
    """By a condition's identity and its subject: the contact, family or invoice it is about."""
    watched: frozenset[str] = frozenset()
    """Identities of conditions that were looked at before: what is not held of them was not so."""
    hold_decision: HoldDecision | None = None
    """What a person decided about its hold, if that was not ended."""
    pauses: tuple[CustomerPause, ...] = ()
    """Which of its contacts a person leaves alone, if that was not ended."""
    payment_plans: tuple[PaymentPlan, ...] = ()
    fees: frozenset[str] = frozenset()
    """Ids of invoices that are late fees billed by arsync: no late fee is billed on one."""
    charges: tuple[BilledCharge, ...] = ()
    """What was billed, or refused, of interest and fixed sums: no day is billed twice."""
    heard_at: dict[str, tuple[date, ...]] = {}  # noqa: RUF012 - as above
    """By contact id, the days of messages about others that went to one of its addresses."""
    shown_levels: dict[str, ShownLevel] = {}  # noqa: RUF012 - as above
    """By contact id: the reminder level that its record shows."""
    placements: tuple[Placement, ...] = ()
    """Debts handed to agencies and lawyers, the ended ones too, oldest first."""
    letters: tuple[LetterSent, ...] = ()
    """Letters about the account, oldest first."""
    limit_change: LimitChange | None = None
    """The latest change of its credit limit."""
    credit: dict[str, CreditStanding] = {}  # noqa: RUF012 - as above
    """By contact id, how those stand that ever applied for credit."""
    terms_signed: dict[str, date] = {}  # noqa: RUF012 - as above
    """By contact id, the first day on which it signed the terms of trade."""
    payables: tuple[PayableTo, ...] | None = None
    """What is open with suppliers that are, or may be, its contacts; None: no bills are read."""

    def contact(self, contact_id: str) -> Contact | None:
        """Return one of its contacts; None when it is none of them."""
        return next((contact for contact in self.contacts if contact.id == contact_id), None)

    def credit_of(self, contact_id: str) -> CreditStanding | None:
        """Return how a contact stands with its credit; a merge carries it on.

        None: it never applied.
        """
        if not self.credit:
            return None
        past = (contact.id for contact in self.contacts if contact.merged_into == contact_id)
        ids = (contact_id, *past)
        return next((self.credit[each] for each in ids if each in self.credit), None)

    @property
    def open_tasks(self) -> tuple[str, ...]:
        """Return the keys of tasks that wait for a person."""
        return tuple(task.key for task in self.tasks if task.done_on is None)

    @property
    def closed_tasks(self) -> frozenset[str]:
        """Return the keys of tasks that ended because their reason was gone."""
        if not self.tasks:
            return frozenset()
        return frozenset(task.key for task in self.tasks if task.was_closed)
