"""The check before a write: is the reason still there, on fresh data?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from msgspec.structs import replace

from arsync.connector_sdk import Record
from arsync.core.actions import (
    Action,
    ActionKind,
    ActionState,
    HoldReasonsPayload,
    InvoiceRef,
    LiftCreditHoldPayload,
    ReminderLevelPayload,
    ReminderPayload,
)
from arsync.core.actions.effects import charges_billed, placement_made, steps_taken
from arsync.core.actions.message_words import by_way
from arsync.core.actions.registry import (
    HOLD_KINDS,
    KINDS_AGAINST_CUSTOMERS,
    LIFTING_KINDS,
    OUTSIDE_BOOKS,
    WORD_KINDS,
)
from arsync.core.credit.reference_letters import addressee_of
from arsync.core.ledger.records import (
    Account,
    ContactStatus,
    DocumentStatus,
    Invoice,
    LetterSent,
    RecordKind,
    SentStep,
    ShownLevel,
    StandingHold,
)
from arsync.core.planning.planner import HeldBack, Plan
from arsync.outbox.approval_events import approved_by_person
from arsync.outbox.ports import LedgerCopy
from arsync.outbox.types import OutboxContext, Replan, Undecided
from arsync.store import Store
from arsync.store.models import ActionRow, ConnectionRow, Mode

ALL_WAIT = "the connection now requires approval for every action"
RULEBOOK_ASKS = "the rulebook now requires approval"


class Ready(NamedTuple):
    """The reason stands: do this."""

    action: Action
    """As planned just now: today's amounts, today's words."""
    account: Account | None


class Gone(NamedTuple):
    """The reason is gone."""

    reason: str


class NotYet(NamedTuple):
    """The reason stands, the moment does not."""

    not_before: datetime
    reason: str


class Recheck:
    """Reads again what an action is about, and plans its account anew."""

    def __init__(self, context: OutboxContext) -> None:
        """Remember where to look."""
        self._store = context.store
        self._connection = context.connection
        self._connector = context.connector
        self._clock = context.clock
        self._replan = context.replan
        self._undecided = context.undecided
        self._reference_gone = context.reference_gone
        self._true_still = context.true_still
        self._limits = context.limits
        self._money_at: datetime | None = None
        self._fresh: dict[str, tuple[datetime, frozenset[str]]] = {}

    def of(self, row: ActionRow) -> Ready | Gone | NotYet:
        """Return what is to become of a claimed action.

        Raises:
            RetryLater, NeedsReconnect: the platform could not be read; nothing was done.
        """
        action = row.action
        if action.kind in OUTSIDE_BOOKS:
            gone = self._reference_gone(action)
            return Gone(gone) if gone else Ready(action, addressee_of(action))
        if row.by_person and _is_true_or_gone(action):
            return self._asked_letter(action)
        if row.by_person or action.kind in WORD_KINDS:
            return Ready(action, self._account(action.contact_id))
        if action.kind in KINDS_AGAINST_CUSTOMERS:
            self._read_again(action)
        account = self._account(action.contact_id)
        if account is None:
            return Gone(f"{action.contact_name} is no longer among the customers")
        before = as_before(account, action)
        plan = self._replan(before)
        fresh = next((planned for planned in plan.actions if planned.key == row.key), None)
        if fresh is not None and (others := _not_in(action, fresh)):
            # An invoice that was not in the plan is not slipped in: this is said without it.
            plan = self._replan(_as_if_taken(before, replace(fresh, invoices=others), plan.as_of))
            fresh = next((planned for planned in plan.actions if planned.key == row.key), None)
        if fresh is None:
            return self._gone_or_undecided(action, account, before, plan)
        if fresh.not_before is not None and fresh.not_before > self._clock.now():
            reason = fresh.payload.waits_for_holidays or "outside the hours in which messages leave"
            return NotYet(fresh.not_before, reason)
        unapproved = self._unapproved(row, fresh)
        if unapproved:
            return Gone(unapproved)
        # It belongs to the moment of what left with it, though that was yesterday.
        return Ready(replace(fresh, batch_id=action.batch_id), account)

    def _asked_letter(self, action: Action) -> Ready | Gone | NotYet:
        """Return a letter that a person asked for: not planned, and true of the books of now."""
        self._read_again(action)
        account = self._account(action.contact_id)
        if account is None:
            return Gone(f"{action.contact_name} is no longer among the customers")
        before = as_before(account, action)
        fresh = self._true_still(before, action)
        if not isinstance(fresh, str):
            return Ready(fresh, account)
        unknown = self._undecided(before, action)
        return self._put_off(unknown) if unknown else Gone(fresh)

    def _put_off(self, unknown: str) -> NotYet:
        return NotYet(self._clock.now() + UNDECIDED_PAUSE, f"{UNDECIDED}: {unknown}")

    def _gone_or_undecided(
        self, action: Action, account: Account, before: Account, plan: Plan
    ) -> Gone | NotYet:
        """Return why it is withdrawn; or that it goes on waiting, as nobody knows."""
        ledger, connection_id = self._store.ledger, self._connection.id
        certain = _certainly_gone(ledger, connection_id, action, account)
        if not certain and (unknown := self._undecided(before, action)):
            return self._put_off(unknown)
        return Gone(certain or _first_held(action, plan.held_back))

    def _unapproved(self, row: ActionRow, fresh: Action) -> str:
        """Return why a person has to approve it first (or again); empty when nobody has to."""
        reason = RULEBOOK_ASKS if fresh.needs_approval else ""
        if self._connection.mode == Mode.APPROVE:
            reason = ALL_WAIT
        new_roles = [role for role in fresh.approvers if role not in row.action.approvers]
        is_same = (fresh.step, fresh.via) == (row.action.step, row.action.via)
        if not reason and is_same:
            # Then it makes no difference who approved it, and most need not be asked for.
            return ""
        if not approved_by_person(self._store.actions.events(row.key)):
            return reason
        if new_roles:
            return f"it was approved before it needed that of {' and '.join(new_roles)}"
        if fresh.step != row.action.step:
            return f"it was approved as {row.action.step!r}, and would be {fresh.step!r} now"
        if fresh.via != row.action.via:
            was, now = by_way(row.action.via), by_way(fresh.via)
            return f"it was approved {was}, and would leave {now} now"
        return ""

    def _account(self, contact_id: str) -> Account | None:
        return next(self._store.ledger.accounts(self._connection.id, [contact_id]), None)

    def _read_again(self, action: Action) -> None:
        """Bring the copy up to date for one customer, unless that was just done."""
        now = self._clock.now()
        invoice_ids = {ref.id for ref in action.invoices}
        last = self._fresh.get(action.contact_id)
        if last and now - last[0] < timedelta(seconds=self._limits.fresh_seconds):
            invoice_ids -= last[1]
            if not invoice_ids:
                return
        self._read_money(now)
        ids = self._with_open_invoices(action.contact_id, invoice_ids)
        contacts = self._connector.read(RecordKind.CONTACTS, [action.contact_id])
        self._store.ledger.apply(self._connection.id, contacts, now, moves_cursor=False)
        invoices = self._connector.read(RecordKind.INVOICES, ids)
        self._store.ledger.apply(self._connection.id, invoices, now, moves_cursor=False)
        self._fresh[action.contact_id] = (now, frozenset(ids))

    def _read_money(self, now: datetime) -> None:
        """Bring in the money that came since the pull, for all customers, unless just done.

        Both platforms tell of everybody's at once, in one call (QuickBooks) or three (Xero), so
        that several messages share it.
        """
        if self._money_at and now - self._money_at < timedelta(seconds=self._limits.fresh_seconds):
            return
        cursor = self._store.ledger.cursor(self._connection.id)
        for page in self._connector.money_since(cursor or ""):
            self._store.ledger.apply(self._connection.id, page, now, moves_cursor=False)
        self._money_at = now

    def _with_open_invoices(self, contact_id: str, invoice_ids: set[str]) -> Sequence[str]:
        """Add the customer's other open invoices: the oldest of them may decide the step."""
        open_ids = self._store.ledger.open_invoices(self._connection.id, contact_id)
        others = [invoice_id for invoice_id in open_ids if invoice_id not in invoice_ids]
        room = max(0, self._limits.reread_invoices_max - len(invoice_ids))
        return [*sorted(invoice_ids), *others[:room]]


def _is_true_or_gone(action: Action) -> bool:
    """Return whether a person can have asked for a letter that may be untrue by now."""
    payload = action.payload
    about_plan = isinstance(payload, ReminderPayload) and payload.about_plan is not None
    return action.kind is ActionKind.ACCOUNT_LETTER or about_plan


def as_before(account: Account, action: Action) -> Account:
    """Return the account as it was before this action was claimed.

    A claimed action counts as done when planning. To ask whether it would be planned today, its
    own traces are taken out; what left together with it still counts as taken, but not as an
    earlier message that keeps this one waiting.
    """
    mine = {_identity(step) for step in steps_taken(action, date.min)}
    sent = tuple(
        step._replace(moment="") if action.batch_id and step.moment == action.batch_id else step
        for step in account.sent
        if _identity(step) not in mine
    )
    hold, last_episode, standing_hold = account.hold, account.last_hold_episode, account.terms_left
    if action.kind in HOLD_KINDS:
        hold, last_episode = None, action.episode - 1
        standing_hold = (
            None if standing_hold and standing_hold.episode == action.episode else standing_hold
        )
    elif isinstance(action.payload, HoldReasonsPayload) and hold is not None:
        earlier = tuple(name for name in hold.mailed if name not in action.payload.tell)
        hold = hold._replace(reasons=action.payload.shown, updates=hold.updates - 1, mailed=earlier)
    elif action.kind in LIFTING_KINDS:
        restores = action.kind is ActionKind.RESTORE_TERMS
        if not (restores and standing_hold):
            hold = hold or StandingHold(
                action.contact_id,
                _since(action),
                action.episode,
                mailed=action.payload.mailed_colleagues,
            )
            hold = hold._replace(terms_changed=hold.terms_changed or restores)
    return account._replace(
        sent=sent,
        hold=hold,
        last_hold_episode=last_episode,
        terms_left=standing_hold,
        tasks=tuple(task for task in account.tasks if task.key != action.key),
        done_keys=account.done_keys - {action.key},
        charges=tuple(line for line in account.charges if line.key != action.key),
        shown_levels=_levels_before(account, action),
        placements=tuple(
            placement for placement in account.placements if placement.key != action.key
        ),
        letters=_letters_before(account, action),
    )


def _letters_before(account: Account, action: Action) -> tuple[LetterSent, ...]:
    """Return letters about the account but for this one; what left with it keeps nothing."""
    return tuple(
        letter._replace(moment="")
        if action.batch_id and letter.moment == action.batch_id
        else letter
        for letter in account.letters
        if letter.key != action.key
    )


def _identity(step: SentStep) -> tuple[str, int, str, int, str]:
    return step.invoice_id, step.episode, step.cadence, step.day, step.slot


def _levels_before(account: Account, action: Action) -> dict[str, ShownLevel]:
    payload, shown = action.payload, account.shown_levels.get(action.contact_id)
    if not isinstance(payload, ReminderLevelPayload) or shown is None:
        return account.shown_levels
    earlier = ShownLevel(payload.shown, shown.changes - 1)
    return {**account.shown_levels, action.contact_id: earlier}


def _since(action: Action) -> date:
    payload = action.payload
    since = payload.held_since if isinstance(payload, LiftCreditHoldPayload) else None
    return since or date.min


def _not_in(planned: Action, fresh: Action) -> tuple[InvoiceRef, ...]:
    planned_ids = {ref.id for ref in planned.invoices}
    return tuple(ref for ref in fresh.invoices if ref.id not in planned_ids)


def _as_if_taken(account: Account, action: Action, today: date) -> Account:
    """Return the account as if the steps of an action had been taken today, for no moment."""
    steps = (step._replace(moment="") for step in steps_taken(action, today))
    placements = (*account.placements, *placement_made(action, today))
    return account._replace(sent=(*account.sent, *steps), placements=placements)


def interrupted_batches(
    store: Store, connection: ConnectionRow, plan: Plan, replan: Replan
) -> tuple[Action, ...]:
    """Return decided messages that a new plan lacks only because their moment has begun.

    Messages to one customer leave together. When a run ends between two of them, those that left
    would keep the rest waiting for `days_between_messages`; as before the moment, they stand.
    """
    decided = store.actions.waiting_keys(connection.id, _DECIDED)
    kept: list[Action] = []
    for row in store.actions.rows(key for key in decided if key not in plan.keys):
        if not row.action.batch_id:
            continue
        account = next(store.ledger.accounts(connection.id, [row.action.contact_id]), None)
        if account and row.action.batch_id in _moments(account):
            fresh = replan(as_before(account, row.action)).actions
            mine = [action for action in fresh if action.key == row.key]
            kept += [replace(action, batch_id=row.action.batch_id) for action in mine]
    return tuple(kept)


def _moments(account: Account) -> set[str]:
    """Return the contact moments that have begun."""
    return {step.moment for step in account.sent} | {letter.moment for letter in account.letters}


_DECIDED = frozenset({ActionState.AWAITING_APPROVAL, ActionState.APPROVED})

_WAITING = _DECIDED | {ActionState.PLANNED}

_SETTLED = {
    DocumentStatus.PAID: "is paid",
    DocumentStatus.VOIDED: "was voided",
    DocumentStatus.DELETED: "was deleted",
    DocumentStatus.DRAFT: "is a draft again",
}


class Absent(NamedTuple):
    """What becomes of actions that wait and are in a new plan no longer."""

    why_gone: Mapping[str, str]
    """By key, why it is withdrawn."""
    undecided: Mapping[str, str]
    """By key, what is unknown of its reason: it goes on waiting."""


def absent_from(
    store: Store, connection: ConnectionRow, plan: Plan, undecided: Undecided
) -> Absent:
    """Return what becomes of the actions that wait and that a new plan lacks.

    Of a great many that end at once the last ones go on waiting until the next plan: nothing ends
    before somebody has looked whether its reason is certainly gone.
    """
    waiting = store.actions.waiting_keys(connection.id, _WAITING)
    keys = [key for key in waiting if key not in plan.keys]
    why_gone: dict[str, str] = {}
    open_still = dict.fromkeys(keys[ENDED_AT_ONCE_MAX:], "not looked at yet")
    for start in range(0, min(len(keys), ENDED_AT_ONCE_MAX), REASONS_AT_ONCE):
        some = keys[start : min(start + REASONS_AT_ONCE, ENDED_AT_ONCE_MAX)]
        absent = _absent(store, connection, plan, list(store.actions.rows(some)), undecided)
        why_gone |= absent.why_gone
        open_still |= absent.undecided
    return Absent(why_gone, open_still)


ENDED_AT_ONCE_MAX = 10_000
"""So many actions that a plan lacks are looked at after one plan."""

REASONS_AT_ONCE = 2_500
"""The customers of so many of them are held in memory together."""

UNDECIDED = "its reason is not certain any more, nor certainly gone"

UNDECIDED_PAUSE = timedelta(hours=1)
"""How long an action waits before it is asked again whether its reason is known."""


def _absent(
    store: Store,
    connection: ConnectionRow,
    plan: Plan,
    rows: Sequence[ActionRow],
    undecided: Undecided,
) -> Absent:
    contact_ids = sorted({row.action.contact_id for row in rows})
    accounts = {
        contact.id: account
        for account in store.ledger.accounts(connection.id, contact_ids)
        for contact in account.contacts
    }
    held: dict[str, list[HeldBack]] = defaultdict(list)
    for held_back in plan.held_back:
        if held_back.contact_id in accounts:
            held[held_back.contact_id].append(held_back)
    why_gone: dict[str, str] = {}
    open_still: dict[str, str] = {}
    for row in rows:
        account = accounts.get(row.action.contact_id)
        if account is None:
            why_gone[row.key] = f"{row.action.contact_name} is no longer among the customers"
            continue
        certain = _certainly_gone(store.ledger, connection.id, row.action, account)
        if not certain and (unknown := undecided(account, row.action)):
            open_still[row.key] = unknown
            continue
        about = [held_back for contact in account.contacts for held_back in held[contact.id]]
        why_gone[row.key] = certain or _first_held(row.action, about)
    return Absent(why_gone, open_still)


def _where(invoice: Record | None, account: Account) -> str:
    """Return why an invoice is not among its customer's."""
    if invoice is None:
        return "is no longer in the copy"
    assert isinstance(invoice, Invoice)
    if invoice.contact_id in {contact.id for contact in account.contacts}:
        return "can no longer be read"
    return "now belongs to another customer"


def _certainly_gone(
    ledger: LedgerCopy, connection_id: int, action: Action, account: Account
) -> str:
    """Return which fact in the books took the reason away; empty when none did."""
    mine = account.contact(action.contact_id)
    if mine is not None and mine.status == ContactStatus.MERGED:
        into = next(
            (contact.name for contact in account.contacts if contact.id == mine.merged_into),
            "another",
        )
        return f"the contact was merged into {into}"
    invoices = {invoice.id: invoice for invoice in account.invoices}
    for ref in action.invoices:
        invoice = invoices.get(ref.id)
        if invoice is None:
            stored = ledger.records(connection_id, RecordKind.INVOICES, [ref.id])
            return f"{ref.number} {_where(stored.get(ref.id), account)}"
        # Interest that ran until an invoice was paid is owed after it was; thanks are for that.
        if invoice.status == DocumentStatus.PAID and (
            charges_billed(action) or action.kind is ActionKind.ACCOUNT_LETTER
        ):
            continue
        if invoice.status != DocumentStatus.OPEN:
            return f"{ref.number} {_SETTLED.get(DocumentStatus(invoice.status), invoice.status)}"
    return ""


def _first_held(action: Action, held_back: Sequence[HeldBack]) -> str:
    """Return the first thing that the plan says stops it."""
    ids = {ref.id for ref in action.invoices}
    about = [held for held in held_back if held.invoice_id in ids] or [
        held for held in held_back if not held.invoice_id
    ]
    if about:
        return about[0].why
    return f"{action.because.rule or 'the rulebook'} no longer requires it"
