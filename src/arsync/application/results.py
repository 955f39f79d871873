"""What the application returns: plain values. Their JSON views are in `result_views`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import Struct

from arsync.core.ledger.records import Contact, Difference, Invoice
from arsync.core.planning.plan import EndedTask, HeldBack, Plan
from arsync.core.planning.send_blocks import Pause
from arsync.errors import EXIT_DONE, EXIT_FAILED, EXIT_MISTAKE, EXIT_WAITING
from arsync.store.models import ActionRow, EventRow, Later, LimitRow, LogRow, PlanSaved
from arsync.sync.pull import PullResult

if TYPE_CHECKING:
    # The results of a pull hold neither, and it imports no planner and no outbox.
    from arsync.core.planning.rules_read import ReasonLine
    from arsync.outbox import ApplyResult


@dataclass
class RunResult:
    """What one run of one connection did."""

    connection: str
    kind: str
    """`pull`, `rebuild`, `plan`, `apply`, `sync`, `undo`."""
    mode: str
    started_at: datetime
    pulled: PullResult | None = None
    plan: Plan | None = None
    saved: PlanSaved | None = None
    applied: ApplyResult | None = None
    awaiting: int = 0
    """Actions that wait for a person's approval."""
    later: Later | None = None
    """What is approved and may not leave yet."""
    paused: tuple[Pause, ...] = ()
    """What did not leave, and why."""
    problems: list[str] = field(default_factory=list)
    """What went wrong, in words; a problem ends the part it is in, not the whole run."""
    ended_tasks: tuple[EndedTask, ...] = ()
    """Open tasks that it ended, because their reason was gone."""
    notices: tuple[str, ...] = ()
    """What is odd about the rulebook's customers, in words; it stops nothing."""
    stopped: str = ""
    """Why the run ended early in good order: it was asked to, or another run is at work."""
    cut_short: bool = False
    """True when it was asked to: the next run goes on from there."""
    elsewhere: bool = False
    """True when another run of the ledger is at work: this one did nothing."""
    not_due: bool = False
    """True when the schedule asked for it no more: it did nothing."""
    broke: bool = False
    """True when a problem ended the run."""
    mistake: bool = False
    """True when that was the user's mistake: the rulebook, the settings."""
    unreachable: str = ""
    """Why the platform could not be reached, when that ended the run."""
    lost_authorisation: str = ""
    """What the platform said when it no longer took the authorisation."""
    waits_until: datetime | None = None
    """Nothing is asked of the platform before: its day is used up, or it could not be reached."""
    run_id: int | None = None
    calls: int = 0
    """Calls to the platform."""
    zone: tzinfo = UTC
    """The organisation's, for the moments that people read."""

    def cut(self, reason: str = "asked to stop: the next run continues from here") -> None:
        """Note that the run was asked to stop before its end."""
        self.stopped, self.cut_short = reason, True

    @property
    def all_problems(self) -> list[str]:
        """Return the run's problems and its outbox's."""
        return [*self.problems, *(self.applied.problems if self.applied else ())]

    @property
    def waits(self) -> list[str]:
        """Return what only a person can settle, in words."""
        waits = list(self.plan.safety.messages) if self.plan else []
        waits += [pause.text for pause in self.paused]
        waits += self.applied.waits if self.applied else ()
        if self.awaiting:
            is_one = self.awaiting == 1
            words = "1 decision waits" if is_one else f"{self.awaiting:,} decisions wait"
            waits.append(f"{words} for approval")
        return waits

    @property
    def failed(self) -> bool:
        """Return whether part of the work failed."""
        return bool(self.all_problems)

    @property
    def quiet(self) -> bool:
        """Return whether it met nothing new and did nothing: nobody will ask for it later."""
        if self.pulled is None or self.failed or self.broke or self.cut_short or self.ended_tasks:
            return False
        changes = [self.pulled.inserted, self.pulled.updated]
        changes += [self.saved.new, self.saved.withdrawn] if self.saved else []
        changes += self.applied.counts().values() if self.applied else ()
        return not any(changes)

    @property
    def exit_code(self) -> int:
        """Return 0 done, 1 part of the work failed, 2 your mistake, 3 waiting for a person."""
        if self.mistake:
            return EXIT_MISTAKE
        if self.failed or self.cut_short:
            return EXIT_FAILED
        return EXIT_WAITING if self.waits else EXIT_DONE

    def counts(self) -> dict[str, int]:
        """Return the run's numbers, as the table of runs keeps them."""
        numbers: dict[str, int] = {}
        if self.pulled:
            numbers |= {
                "inserted": self.pulled.inserted,
                "updated": self.pulled.updated,
                "unreadable": len(self.pulled.problems),
            }
        if self.plan:
            numbers |= {
                "planned": len(self.plan.actions),
                "held_back": len(self.plan.held_back),
            }
        if self.applied:
            numbers |= {name.replace(" ", "_"): n for name, n in self.applied.counts().items()}
        if self.calls:
            numbers["calls"] = self.calls
        return numbers


class Listed(NamedTuple):
    """An action as `actions` and `tasks` list it."""

    connection: str
    row: ActionRow


class ActionHistory(NamedTuple):
    """An action with everything that happened to it."""

    listed: Listed
    events: tuple[EventRow, ...]
    notice_number: str = ""
    """As the letter says it; empty: it bears none, or did not get it yet."""


class Why(NamedTuple):
    """What is done about a customer or an invoice, what is not, and why."""

    connection: str
    as_of: date
    contact: Contact
    invoice: Invoice | None
    """None when it was asked about the customer."""
    facts: Mapping[str, Any]
    """The facts the rules see, with their values; unknown ones are None."""
    lines: tuple[ReasonLine, ...]
    """The explanation, line by line, for people."""
    plan: Plan
    """For this customer alone."""
    held_back: Sequence[HeldBack]
    """Narrowed to the invoice, when it was asked about one."""
    history: tuple[ActionHistory, ...]
    """Every action there ever was, newest first."""
    log: tuple[LogRow, ...] = ()
    """What people logged about it, newest first, without what was taken back."""
    terms_signed_on: date | None = None
    """The last day on which somebody logged that it signed the terms."""
    limits: tuple[LimitRow, ...] = ()
    """The credit limits it had up to the day, newest first."""
    currency: str = ""
    """The rulebook's, in which limits are."""


class StatusFigures(Struct, frozen=True, kw_only=True):
    """The figures of a connection's status: the same in a table and in JSON."""

    name: str
    platform: str
    label: str
    organisation: str
    mode: str
    state: str
    today: date
    time_zone: str
    pulled_at: datetime | None
    last_run_at: datetime | None
    last_run: int | None
    """The last run's number; runs that only planned are left out."""
    last_kind: str
    """`pull`, `sync`, `apply`, `undo`; empty before the first run."""
    last_outcome: str
    """The last run's: `running` (or its process died in it), `done`, `part failed`, `failed`."""
    last_message: str
    holds_by_hand: tuple[str, ...]
    """Holds and releases by hand that stand, with whom, until when and why."""
    payment_plans: tuple[str, ...]
    """Those that are not completed and were not ended, each in a sentence."""
    actions: Mapping[str, int]
    """How many actions stand where, by state."""
    outage: str
    """What is known of a platform that could not be reached; empty when it could."""
    open_tasks: int
    document_problems: tuple[str, ...]
    records: Mapping[str, int]
    totals: Mapping[str, Decimal]
    """Amount due by currency, as the documents say."""
    net_totals: Mapping[str, Decimal]
    """By currency, what is owed net of unapplied cash."""
    rulebook: str
    """Its name, or what is wrong with it."""
    rulebook_ok: bool
    rulebook_hash: str = ""
    """Empty when it cannot be read."""
    later: Later | None = None
    """What is approved and may not leave yet."""
    paused: tuple[str, ...] = ()
    """What does not leave now and why, as sentences."""
    refused: tuple[str, ...] = ()
    """Refusals that can heal, each with how many actions wait after it, as sentences."""
    warnings: tuple[str, ...] = ()
    """What pauses nothing, but should be known."""
    open_disputes: int = 0
    open_promises: int = 0
    broken_promises: int = 0
    """Promises about what is still owed, whose day has passed without the money."""
    open_placements: int = 0
    """Placements with agencies and lawyers that stand, and on which something is owed."""
    daily_mail: str = ""
    """Why the last daily mail to the owner could not be sent; empty when it could."""
    reads_this_month: int = 0
    """Calls of the app, over all its connections, that read; counted where they are metered."""
    reads_per_month: int = 0
    """How many there may be; 0 where they are not metered."""
    calls_left_today: int | None = None
    """Of the platform's day, or of the ledger's share of the app's reads; None: not limited."""
    calls_per_day: int = 0
    """How many there may be; 0: not limited."""
    pace_today: str = ""
    """That it runs less often today, for the day's calls; empty: it does not."""
    labels: tuple[str, ...] = ()
    paused_by: str = ""
    """Since when no scheduled run touches it, by whom and why; empty: it is not paused."""


class ConnectionStatus(StatusFigures, frozen=True, kw_only=True):
    """Where one connection stands."""

    awaiting: int
    """Decisions that wait for approval; a hold and its terms are one."""
    unknown: tuple[Listed, ...]
    """Actions whose outcome only a person can settle."""
    unconfirmed: tuple[Listed, ...]
    """Actions that were sent more than a day ago, and were not read back since."""
    differences: tuple[Difference, ...] = ()
    """Customers of whom the platform's own balance and the copy do not agree."""


class AttachedFile(Struct, frozen=True):
    """A file that goes along."""

    name: str
    bytes: int


class LetterShown(Struct, frozen=True):
    """One message as it would leave now."""

    way: str
    """How it leaves, in words."""
    to: tuple[str, ...] = ()
    subject: str = ""
    text: str = ""
    """Empty where the accounting system uses its own words."""
    remarks: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    """They get it as well, and everybody sees that."""
    copies: tuple[str, ...] = ()
    """They get it as well, and nobody sees that."""
    reply_to: str = ""
    """Empty: answers go to the sender."""
    attachments: tuple[AttachedFile, ...] = ()
    notice_number: str = ""
    language: str = ""
