"""What the outbox is given and what it gives back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple, NoReturn, Protocol

from arsync.channels import Message, MessageTrace
from arsync.clock import Clock
from arsync.connector_sdk import Connector, Receipt
from arsync.core.actions import Action, ActionState
from arsync.core.actions.notices import NoticeNumber
from arsync.core.ledger.records import Account
from arsync.core.planning.planner import Plan
from arsync.errors import Overtaken
from arsync.outbox.ports import OutboxStore
from arsync.store.models import ActionRow, ConnectionRow, SentLetter

WHO = "arsync"
"""Who changes states when no person does."""


class Limits(NamedTuple):
    """How much the outbox may do. Units are in the names."""

    lease_seconds: int = 900
    """A claim older than this, without an outcome, counts as unknown."""
    attempts_max: int = 30
    """With the pauses between them, about a week; then the action is refused."""
    actions_per_run_max: int = 5_000
    emails_per_run_max: int = 300
    emails_per_day_max: int = 2_000
    """Of one connection, by the platform; the platform's own limit counts besides. What leaves by a
    channel has the limit of its settings."""
    mail_failures_max: int = 3
    """So many messages of one way put off in a row: it is left alone until the next run."""
    confirms_per_run_max: int = 500
    confirm_days_max: int = 7
    """What could not be read back for so long is no longer looked for: a person is asked."""
    fresh_seconds: int = 30
    """Records read again within so many seconds count as fresh for the same customer."""
    reread_invoices_max: int = 200
    """Invoices of one customer that are read again before a message to it."""
    pause_seconds_max: int = 6 * 3600
    """The longest pause between two attempts."""


LIMITS = Limits()


class LetterExtras(NamedTuple):
    """What a message needs besides the account; read before the attempt is recorded."""

    links: Mapping[str, str] = {}
    """By invoice id, the customer's online view where the record does not hold it."""
    invoice_pdfs: Mapping[str, bytes] = {}
    """By invoice id, the platform's own PDF."""
    not_attached: Mapping[str, str] = {}
    """By invoice id, why its PDF does not go along."""
    notice_number: NoticeNumber | None = None
    """The running number of a notice; None: it bears none."""
    earlier: tuple[SentLetter, ...] = ()
    """What the customer has of ours already, the oldest first."""
    personal_line: str = ""
    """What a person put above its text."""


NO_EXTRAS = LetterExtras()


class Post(Protocol):
    """The ways out that are not the platform's own, as the outbox sees them."""

    def message(
        self, action: Action, account: Account, today: date, extras: LetterExtras
    ) -> Message:
        """Make the message; nothing leaves.

        Raises:
            UserMistake: the settings or the texts are wrong. Rejected: there is nobody to send to.
        """
        ...

    def pdf(self, action: Action, account: Account, today: date, extras: LetterExtras) -> bytes:
        """Return the letter as a PDF."""
        ...

    def messages_per_day(self) -> Mapping[str, int]:
        """Return how much each way takes on a day; 0: as much as comes."""
        ...

    def prepare(self, via: str, message: Message) -> Mapping[str, str]:
        """Check that it can leave, and return by what it is found again."""
        ...

    def deliver(self, via: str, message: Message) -> Receipt:
        """Hand the message over.

        Raises:
            Rejected, RetryLater, UserMistake: it did not leave. OutcomeUnknown: it may have.
        """
        ...

    def look_up(self, via: str, trace: MessageTrace) -> Receipt | None:
        """Return what stands of a message whose outcome is unknown.

        Raises:
            OutcomeUnknown: nobody can tell but a person.
        """
        ...


Replan = Callable[[Account], Plan]
"""Plans one account anew, as of now, with the rulebook of the run."""


ReferenceGone = Callable[[Action], str]
"""Says why a letter to a reference is not sent any more; empty: its reason stands."""


def is_asked_still(_action: Action) -> str:
    """Stand in where no reference is asked by letter."""
    return ""


TrueStill = Callable[[Account, Action], Action | str]
"""Returns a letter that a person asked for as it is true now, or why it is not any more."""


def as_asked(_account: Account, action: Action) -> Action:
    """Stand in where what is asked for is true on every day."""
    return action


Undecided = Callable[[Account, Action], str]
"""Says what is unknown about the reason of an action that is not planned any more; empty when it is
certainly gone."""


def is_certainly_gone(_account: Account, _action: Action) -> str:
    """Stand in where every reason is known."""
    return ""


def no_replan(_: Account) -> NoReturn:
    """Stand in where only what people ask for leaves: that needs no plan."""
    raise AssertionError("what a person asks for is not planned")


@dataclass(frozen=True)
class OutboxContext:
    """What carrying out one connection's actions needs, made once a run and handed on."""

    store: OutboxStore
    connection: ConnectionRow
    connector: Connector
    clock: Clock
    today: Callable[[], date]
    """The organisation's day; asked each time, for a run may go on past midnight."""
    replan: Replan = no_replan
    undecided: Undecided = is_certainly_gone
    reference_gone: ReferenceGone = is_asked_still
    true_still: TrueStill = as_asked
    post: Post | None = None
    """Mail; None when nothing is sent by mail."""
    limits: Limits = LIMITS
    changed: Callable[[], str] = lambda: ""
    """Says what this run was planned by and has changed since (the rulebook); empty: nothing."""

    def ensure_unchanged(self) -> None:
        """Make sure that the run may go on by its plan.

        Raises:
            Overtaken: what it was planned by has changed.
        """
        if words := self.changed():
            raise Overtaken(words)


class Effect(NamedTuple):
    """What became of one action in this run."""

    key: str
    action: Action
    state: ActionState
    why: str


def effect_of(row: ActionRow) -> Effect:
    """Return where an action stands, as an effect."""
    return Effect(row.key, row.action, row.state, row.reason)


@dataclass
class ApplyResult:
    """What one run of the outbox did."""

    effects: list[Effect] = field(default_factory=list)
    """In the order they happened; an action that was sent and confirmed shows twice."""
    problems: list[str] = field(default_factory=list)
    """What went wrong, in words."""
    waits: list[str] = field(default_factory=list)
    """What only a person can settle, in words."""
    held_up: list[str] = field(default_factory=list)
    """What the platform does not take today, in words; it leaves tomorrow by itself."""
    put_off_until: datetime | None = None
    """The platform asked to come back at this moment."""
    needs_reconnect: bool = False
    unreachable: str = ""
    """Why the platform could not be reached, when that ended it."""
    in_hand: bool = False
    """A write is under way now: it is not cut short."""
    stopped: bool = False
    """It was asked to stop before everything was done."""
    overtaken: str = ""
    """What the run was planned by and has changed, when that ended it."""
    emails_left_over: int = 0
    """Emails that wait because a limit of the run or the day was reached."""

    def counts(self) -> dict[str, int]:
        """Return how many actions reached each state."""
        return dict(Counter(effect.state.value for effect in self.effects))

    @property
    def failed(self) -> bool:
        """Return whether part of the work failed."""
        return bool(self.problems) or self.needs_reconnect
