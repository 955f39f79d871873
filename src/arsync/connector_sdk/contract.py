"""The contract between arsync and an accounting system: the Connector protocol and its values.

A connector only translates. It reads, writes and looks up; it decides nothing, stores nothing, and
never sleeps or retries: `Transport` does that. Connectors are found through the entry point group
`arsync.connectors`; each entry is a `Platform`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from functools import cache
from importlib.metadata import entry_points
from typing import NamedTuple, Protocol, cast

from msgspec import Struct

from arsync.connector_sdk.bills import BillsPage
from arsync.connector_sdk.webhooks import WebhookReader
from arsync.core.actions import Action, ActionKind
from arsync.core.ledger.records import (
    Contact,
    Credit,
    DocumentProblem,
    Invoice,
    OpenBalance,
    Organisation,
    OwnBalance,
    Payment,
    RecordKind,
)
from arsync.errors import UserMistake

ENTRY_POINT_GROUP = "arsync.connectors"
BALANCE_CALLS_MAX = 3
"""The most calls that a pull spends on asking for balances."""
NOTE_CALLS_MAX = 10
"""The most calls that reading one customer's notes takes."""
INVOICE_PDF_BYTES_MAX = 10_000_000
"""A larger PDF of an invoice is refused: most mail servers take no message above 25 MB in all."""
SAVED_TERMS = "saved.terms"
"""The name under which `prepare` keeps the payment terms that a hold is about to change. They go
into `saved` of the payload that restores them."""

CHANGED_TERMS = "changed.terms"
"""The name under which `prepare` keeps what the terms are changed to, in the rulebook's words. They
go into `changed_to` of the payload that restores them."""
SAVED_CHILDREN = "saved.children"
"""The name under which `prepare` keeps what a family's children had: JSON, by contact id. Of terms
it goes into `saved_of_children` of the payload that restores them."""

Record = Organisation | Contact | Invoice | Credit | Payment


class Capability(StrEnum):
    """What a platform can do. A rulebook that needs a missing one fails in `rules check`."""

    NOTE_ON_INVOICE = "note on an invoice"
    NOTE_ON_CONTACT = "note on a contact"
    EMAIL = "email by the accounting system"
    CREDIT_HOLD = "credit hold"
    REMINDER_LEVEL = "reminder level"
    TERMS = "payment terms"
    LONG_TERMS = "payment terms of more than 31 days"
    MONTH_TERMS = "payment terms by the month"
    NAMED_TERMS = "payment terms by name"
    NO_TERMS = "taking payment terms off"
    """A customer that had no terms of its own can be given back none."""
    EXPECTED_DATE = "expected payment date"
    ATTACHMENT = "attachment"
    LATE_FEE = "late fee"
    DRAFTS = "draft invoices"
    """A fee is billed as a draft, which a person approves there."""
    CREDIT_NOTES = "draft credit note"
    PARENTS = "parent contacts"
    CONTACT_GROUPS = "contact groups"
    ONLINE_INVOICE = "online invoice link"
    INVOICE_PDF = "invoice as PDF"
    NOTES_READ = "reading its notes"
    BILLS = "bills of suppliers"
    UNDO = "undoing"
    OWN_REMINDERS = "telling whether its own reminders are on"


class Capabilities(NamedTuple):
    """What one platform offers, and its limits."""

    offers: frozenset[Capability]
    note_characters_max: int
    emails_per_day_max: int


class RateLimits(NamedTuple):
    """How fast arsync may call one organisation. 0 means no such limit."""

    calls_per_minute: int
    calls_at_once: int
    calls_per_second: int = 0
    calls_per_day: int = 0
    reserve_per_day: int = 0
    """Calls of the day kept for writes: pulling stops when only these are left."""
    app_calls_per_minute: int = 0
    """Of one application, over all its organisations."""
    reads_per_month: int = 0
    """Calls of one application that only read, and were answered; writes are not metered."""
    reads_reserve: int = 0
    """Reads of the month kept for what is read on behalf of writes."""


class HttpResponse(NamedTuple):
    """An answer. Header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport(Protocol):
    """HTTP as a connector sees it: authorised, paced, timed and retried by `arsync.http`."""

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        changes: bool = False,
    ) -> HttpResponse:
        """Make one call and return its answer, whatever its status below 500 except 401, 403, 429.

        Args:
            method: GET, POST, PUT or DELETE.
            url: absolute, without the query.
            params: the query.
            headers: besides Authorization, which the transport adds.
            body: raw bytes.
            changes: True when the call changes something at the platform. It is then never
                repeated after it may have arrived.

        Raises:
            RetryLater: busy (429, 503), or not reached at all; nothing happened.
            NeedsReconnect: 401 after a refresh, or 403.
            OutcomeUnknown: `changes`, and the answer was lost, late, or 5xx.
        """
        ...


class Token(NamedTuple):
    """An OAuth grant. Never printed: `repr` hides it."""

    access_token: str
    refresh_token: str
    expires_at: datetime
    scope: str = ""
    refresh_expires_at: datetime | None = None

    # A named tuple would show the tokens in each traceback and log, and they open the books.
    def __repr__(self) -> str:
        return f"Token(expires_at={self.expires_at.isoformat()})"


class OrganisationRef(NamedTuple):
    """An organisation that a grant opens."""

    id: str
    name: str


class Grant(NamedTuple):
    """What a successful authorisation gives."""

    token: Token
    organisations: tuple[OrganisationRef, ...]


class Authoriser(Protocol):
    """OAuth of one platform. All calls go through `arsync.http.oauth_session`."""

    interactive: bool
    """False when no browser is needed (a Xero custom connection): call `grant_directly`."""

    def authorisation_url(self, *, redirect_uri: str, state: str, verifier: str) -> str:
        """Return the authorisation page's address; `verifier` is PKCE's, used where supported."""
        ...

    def exchange(self, callback_url: str, *, redirect_uri: str, state: str, verifier: str) -> Grant:
        """Turn the address the browser came back to into tokens.

        Raises:
            UserMistake: authorisation was refused, the state does not match, the client id is
                wrong.
        """
        ...

    def grant_directly(self) -> Grant:
        """Return a grant without a browser, for client credentials."""
        ...

    def refresh(self, token: Token) -> Token:
        """Return a new token; the caller saves it before use.

        Raises:
            NeedsReconnect: the grant is no longer valid.
            RetryLater: the platform cannot be reached.
        """
        ...

    def revoke(self, token: Token) -> None:
        """Withdraw the authorisation at the platform."""
        ...


# Small enough for one transaction; with its own cursor, so that a crash costs one page.
class Page(NamedTuple):
    """One page of a pull: records of one kind, and where to continue after it.

    A page is stored in one transaction together with its cursor.
    """

    kind: RecordKind
    records: Sequence[Record]
    cursor: str
    """Opaque; `pull(cursor)` continues after this page."""
    problems: tuple[DocumentProblem, ...] = ()
    gone: tuple[str, ...] = ()
    """Ids that the platform deleted for good."""
    open_balances: tuple[OpenBalance, ...] = ()
    """From a sweep of open invoices: what differs from the store is read again with `read`."""
    sweep: str = ""
    """Names a full read of `kind`: stored rows that no page of it showed are read again, and are
    gone if the platform no longer has them. Also names a sweep of open balances."""
    sweep_ends: bool = False
    """True on the sweep's last page."""
    complete: bool = False
    """True on the pull's last page: `cursor` is then the next pull's starting point."""
    balances: Sequence[OwnBalance] = ()
    """With contacts: what each owes by the platform's own figure, without its children."""


class Receipt(Struct, frozen=True):
    """The platform's proof of a write."""

    reference: str
    """The platform's id of what was written."""
    detail: str = ""
    """One line for people: `note on INV-7`, `added to "Credit hold"`."""


class MailReceipt(Receipt, frozen=True):
    """A mail server's proof, which took a message for some of its recipients alone."""

    undeliverable: Mapping[str, str] = {}
    """Addresses that take no mail, each with the server's own words."""


class Write(NamedTuple):
    """One action on its way out."""

    action: Action
    key: str
    before: Mapping[str, str] = {}
    """What `prepare` found, saved before the first attempt; `saved.*` names serve undoing.

    The outbox adds `started_at` (ISO 8601, UTC): the beginning of the earliest attempt of unknown
    outcome. It is absent while there is none: on the first attempt, and after `RetryLater`."""
    generation: int = 1
    """Part of the platform's idempotency key. Raised only after `find` showed that nothing was
    written: for the same key, platforms repeat their old answer, errors included."""
    text: str = ""
    """The note, without the marker."""
    file_name: str = ""
    file_type: str = ""
    file: bytes = b""
    undoes: Write | None = None
    """Of an action of the kind `undo`: the write that is to be undone, with its own `before`."""

    @property
    def may_have_come_again(self) -> bool:
        """Return whether it may follow an undoing: then the note of the first time still exists."""
        came_again = {ActionKind.CREDIT_HOLD, ActionKind.TERMS, ActionKind.AGREED_CREDIT}
        return self.generation > 1 and self.action.kind in came_again


class ReversalStatus(StrEnum):
    """The present state of what a write changed."""

    OURS = "as arsync left it"
    """It can be restored."""
    AS_BEFORE = "as it was before"
    """Nothing is left to restore."""
    CHANGED = "changed since"
    """A person changed it: it is left alone."""
    FIXED = "cannot be undone"
    """The platform does not allow it, or the earlier state was not saved."""


class Undoing(NamedTuple):
    """What undoing a write would do: three states of the same thing, in words for people."""

    status: ReversalStatus
    was: str
    """Before arsync wrote: `payment terms: 30 days`."""
    wrote: str
    """What arsync wrote."""
    now: str
    """The present state, read afresh."""
    obstacle: str = ""
    """Of `CHANGED` and `FIXED`: the reason why it cannot be undone."""

    @property
    def refusal(self) -> str:
        """Return the reason why it is not undone, with all three states; empty when it can be."""
        if self.status in {ReversalStatus.OURS, ReversalStatus.AS_BEFORE}:
            return ""
        states = f"it was {self.was}; arsync wrote {self.wrote}; now it is {self.now}"
        obstacle = self.obstacle or "it has been changed since"
        return f"{obstacle}: {states}. It is left alone."


class BalancesAnswer(NamedTuple):
    """What a platform answers when it is asked for balances."""

    asked: Sequence[str]
    """The contacts that were asked for; the calls did not suffice for the others."""
    balances: Sequence[OwnBalance]
    """Of those among them of which the platform says anything."""


class PlatformNote(NamedTuple):
    """One note at the platform, by whomever."""

    text: str
    """On one line, without arsync's marker."""
    at: datetime | None
    by: str
    """The person, as the platform calls it; empty where it does not tell."""
    invoice_id: str
    """The invoice that it hangs on; empty for the contact."""
    key: str
    """The beginning of the key of the action that wrote it; empty: not arsync's."""


class NotesAnswer(NamedTuple):
    """What a platform answers when it is asked for a customer's notes."""

    notes: Sequence[PlatformNote]
    unread: Sequence[str] = ()
    """The invoices for whose notes the calls did not suffice."""


class Connector(Protocol):
    """What arsync asks of one organisation at an accounting system, and nothing more."""

    capabilities: Capabilities

    def organisation(self) -> Organisation:
        """Read the organisation."""
        ...

    def pull(self, cursor: str | None) -> Iterator[Page]:
        """Yield pages: everything when `cursor` is None, else what came since, or the rest.

        Pages come in an order that edits cannot change. Overlaps are normal: the store is
        indifferent to rows it already has.
        """
        ...

    def read(self, kind: RecordKind, ids: Sequence[str]) -> Page:
        """Read these records afresh. Ids that the platform no longer has are in `gone`."""
        ...

    # For all customers at once: fewer calls than by contact, and the messages of half a minute
    # share the answer.
    def money_since(self, cursor: str) -> Iterator[Page]:
        """Yield the payments and credits that came since the pull that ended at this cursor.

        Called while messages leave: money that came meanwhile may cover what they are about. What a
        re-read invoice shows by itself may be left out. The pages move no cursor.
        """
        ...

    def balances(self, contact_ids: Sequence[str]) -> BalancesAnswer:
        """Read afresh what these contacts owe by the platform's own figures.

        Takes at most `BALANCE_CALLS_MAX` calls, for the first contacts of the list.
        """
        ...

    def bills(self, cursor: str | None) -> Iterator[BillsPage]:
        """Yield open bills of suppliers, and their credits of which something is left.

        All of them, or what came since. Read only for a rulebook that asks for it. A cursor that
        cannot be read begins anew.
        """
        ...

    def own_reminders(self) -> bool | None:
        """Ask whether the platform's own reminders are on; None where it does not report it.

        Takes one call at most.
        """
        ...

    def notes(self, contact_id: str, invoice_ids: Sequence[str]) -> NotesAnswer:
        """Read the notes on a contact and on its invoices, whoever wrote them.

        Takes at most `NOTE_CALLS_MAX` calls, for the first invoices of the list. Called when a
        person asks for the timeline of a customer, and at no other time.
        """
        ...

    def invoice_link(self, invoice_id: str) -> str:
        """Return the customer's online view of an invoice, or an empty text."""
        ...

    # Of drafts and voids the platform serves a paper as well: only the caller knows which invoice
    # is owed by the reading that it has just made.
    def invoice_pdf(self, invoice_id: str) -> bytes:
        """Return the platform's own PDF of an invoice, whole. Takes one call.

        Raises:
            Rejected: there is no such invoice, or its PDF is larger than `INVOICE_PDF_BYTES_MAX`.
            RetryLater: the answer is no PDF, or not all of one, and as `Transport.request`.
        """
        ...

    # Saved before the first attempt, because it serves twice: it undoes the write, and it lets
    # `find` tell an old email from a new one.
    def prepare(self, action: Action) -> Mapping[str, str]:
        """Read what the write will change or be recognised by; saved before `perform`."""
        ...

    def perform(self, write: Write) -> Receipt:
        """Write. Safe to repeat with the same `write`: parts that are done are not repeated.

        Raises:
            Rejected: refused for good; the message is the platform's own.
            RetryLater, NeedsReconnect, OutcomeUnknown: as `Transport.request`.
        """
        ...

    # Three answers: done, certainly not done, or unknown. Only the second allows a repetition.
    def find(self, write: Write) -> Receipt | None:
        """Look whether the whole write is done at the platform.

        Returns None when it certainly is not, or only in part, and `perform` may be called. An
        email that has left counts as done, even where the note about it is missing.

        Raises:
            OutcomeUnknown: the platform cannot tell; a person must.
        """
        ...

    def undoing(self, write: Write) -> Undoing:
        """Read the present state of what a write changed, to see whether it can be undone.

        `perform` of an `undo` restores what `write.undoes` changed, and only that: where this says
        `CHANGED` or `FIXED` it raises `Rejected` with the same words. Then its note follows.

        Args:
            write: what was written, with what `prepare` had found before.
        """
        ...


class Platform(Protocol):
    """An accounting system: what the entry point names."""

    name: str
    """The config section and command word: `xero`, `quickbooks`."""
    label: str
    """For people: `Xero`, `QuickBooks Online`."""
    capabilities: Capabilities
    limits: RateLimits

    def authoriser(self, settings: Mapping[str, str]) -> Authoriser:
        """Return the OAuth client for the settings of the platform's config section."""
        ...

    def record_page(
        self, kind: RecordKind, record_id: str, organisation_id: str, settings: Mapping[str, str]
    ) -> str:
        """Return the address at which people see a contact or an invoice; empty for none.

        Made without a call: it is shown where a person has to look at the platform.
        """
        ...

    @property
    def webhook(self) -> WebhookReader | None:
        """What reads its webhooks; None: it posts none."""
        ...

    def open(
        self, transport: Transport, organisation_id: str, settings: Mapping[str, str]
    ) -> Connector:
        """Return a connector to one organisation. Makes no call."""
        ...


def platforms() -> dict[str, Platform]:
    """Return every installed platform, by name."""
    return {
        entry.name: cast("Platform", entry.load())
        for entry in entry_points(group=ENTRY_POINT_GROUP)
    }


@cache
def platform(name: str) -> Platform:
    """Return one platform. Searched once for each process, which takes some 16 ms.

    Raises:
        UserMistake: no such connector is installed.
    """
    # By name, not through `platforms`: only the connector that is used is imported.
    for entry in entry_points(group=ENTRY_POINT_GROUP, name=name):
        return cast("Platform", entry.load())
    installed = ", ".join(sorted(entry.name for entry in entry_points(group=ENTRY_POINT_GROUP)))
    raise UserMistake(f"there is no connector for {name!r}. Installed: {installed or 'none'}.")
