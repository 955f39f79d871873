"""The queue of approvals: what waits, what changed since the last run, and one of them in full."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from arsync.application.decisions.personal_lines import no_line_because
from arsync.application.desk.waiting_list import (
    ByMoney,
    WaitingDecision,
    WaitingFilter,
    decision_with,
    waiting_list,
)
from arsync.application.letters.letter_preview import NOT_LEFT, letter_shown
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.results import LetterShown
from arsync.core.actions import ActionState, Because, is_our_letter
from arsync.core.actions.registry import LETTER_KINDS, MESSAGE_KINDS
from arsync.core.ledger.money import ZERO
from arsync.core.planning.plan import HeldBack
from arsync.errors import UserMistake
from arsync.store.actions.personal_lines import PersonalLine
from arsync.store.db.column_types import UNIT, from_units
from arsync.store.models import ActionRow, EventRow, WaitingAction
from arsync.store.people.first_approvals import FirstApproval
from arsync.translation import gettext

ROWS_PER_PAGE = 50

NEW, CHANGED, PAID = "new", "amount changed", "paid since"
"""What a row's badge says of it."""

NOT_IN_IT_MAX = 8
SENT_BEFORE_MAX = 8


class QueuePage(NamedTuple):
    """One page of what waits."""

    rows: tuple[WaitingDecision, ...]
    badges: Mapping[str, str]
    """Of `NEW`, `CHANGED`, `PAID`, by key; none: nothing is to be said."""
    before: int
    """So many stand before the first row."""
    in_filter: int
    in_all: int
    kinds: Mapping[str, int]
    """How many wait of each sort, in all."""
    sums: Mapping[str, Decimal]
    """What the filter comes to, by currency."""
    after: str
    """From where the next page goes on; empty: this is the last."""
    later: int
    """So many came to wait since the page was opened: they are not put between the rows."""
    new: int
    """So many came to wait with the last run."""
    gone: tuple[WaitingAction, ...]
    """What waited and lost its reason since the last run began."""
    last_run_at: datetime | None
    groups: tuple[str, ...]
    left_today: int
    """So many messages left today."""


class SentBefore(NamedTuple):
    """A message about one of the same invoices that left."""

    step: str
    sent_on: date


class ShownDecision(NamedTuple):
    """One action in full: what leaves, and why."""

    row: ActionRow
    decision: WaitingDecision | None
    """None: it no longer waits."""
    letter: LetterShown | None
    """None: it is no message, or it has left."""
    is_ours: bool
    """Whether the customer reads arsync's own text; else the accounting system's."""
    because: Because
    sent_before: tuple[SentBefore, ...]
    not_in_it: tuple[HeldBack, ...]
    """Of the same customer: what is not in this letter, with its reason."""
    events: tuple[EventRow, ...]
    first: FirstApproval | None
    problem: str
    """Why it cannot be looked into by the rules of now; empty: it was."""
    line: PersonalLine | None
    """What somebody put above its text."""
    no_line: str
    """Why no personal line can go along; empty: one can."""


def queue_page(
    actor: Actor,
    organisation: OrganisationContext,
    wanted: WaitingFilter,
    after: str = "",
) -> QueuePage:
    """Return one page of what waits, most money first."""
    permit(actor, Permission.READ)
    store = organisation.store
    last = store.runs.last(organisation.id, besides="plan")
    since = last.started_at if last else None
    every = waiting_list(actor, organisation, until=wanted.until)
    now_and_later = every.narrowed(wanted)
    chosen = now_and_later.until_then(wanted.until)
    place = _place_of(after)
    before = chosen.count_to(place) if place else 0
    page = chosen.first(ROWS_PER_PAGE, place)
    rows = chosen.decisions(page)
    new = store.waiting.came_since(organisation.id, since) if since else 0
    if new == every.in_all:
        new = 0  # the first run: nothing stood before it
    return QueuePage(
        rows=tuple(rows),
        badges=_badges(organisation, rows, since if new else None),
        before=before,
        in_filter=chosen.in_all,
        in_all=every.in_all,
        kinds=every.counts(),
        sums=chosen.sums(),
        after=_cursor(page[-1]) if page and before + len(page) < chosen.in_all else "",
        later=now_and_later.in_all - chosen.in_all,
        new=new,
        gone=tuple(store.waiting.gone(organisation.id, since)) if since else (),
        last_run_at=since,
        groups=tuple(store.waiting.groups(organisation.id)),
        left_today=store.actions.sent_count(organisation.id, MESSAGE_KINDS, organisation.today),
    )


def shown_decision(actor: Actor, organisation: OrganisationContext, key: str) -> ShownDecision:
    """Return one action with the letter as it will leave, why, and what is not in it.

    Its customer alone is planned anew.

    Args:
        actor: who asks.
        organisation: whose action it is.
        key: of the action, or enough of its beginning.

    Raises:
        UserMistake: there is none of that key here.
    """
    permit(actor, Permission.READ)
    store = organisation.store
    row = store.actions.get(key)
    if row.connection_id != organisation.id:
        raise UserMistake(gettext("no action's key begins with %(key)s.", key=repr(key[:12])))
    held, problem = _held_back(organisation, row)
    return ShownDecision(
        row=row,
        decision=decision_with(actor, organisation, row.key),
        letter=letter_shown(organisation, row),
        is_ours=row.action.kind in LETTER_KINDS and is_our_letter(row.action),
        because=row.action.because,
        sent_before=_sent_before(organisation, row),
        not_in_it=held,
        events=tuple(store.actions.events(row.key)),
        first=store.first_approvals.of([row.key]).get(row.key),
        problem=problem,
        line=store.personal_lines.of([row.key]).get(row.key),
        no_line=no_line_because(organisation, row.action),
    )


def _place_of(after: str) -> ByMoney | None:
    """Return after which place a page goes on; None: it is the first."""
    amount, _, key = after.partition("~")
    if not key:
        return None
    try:
        return ByMoney.of(int(Decimal(amount) * UNIT) if amount else None, key)
    except (ArithmeticError, ValueError):
        return None


def _cursor(place: ByMoney) -> str:
    amount = "" if place.is_unknown else f"{from_units(-place.less_units)}"
    return f"{amount}~{place.key}"


def _badges(
    organisation: OrganisationContext, rows: Sequence[WaitingDecision], since: datetime | None
) -> dict[str, str]:
    """Return what is to be said of rows: one thing each, what matters most."""
    ids = sorted({ref.id for decision in rows for ref in decision.action.invoices})
    dues = organisation.store.waiting.dues(organisation.id, ids) if ids else {}
    badges: dict[str, str] = {}
    for decision in rows:
        refs = decision.action.invoices
        changed = [dues.get(ref.id, ZERO) != ref.document_amount_due for ref in refs]
        if refs and all(dues.get(ref.id, ZERO) == ZERO for ref in refs):
            badges[decision.key] = PAID
        elif any(changed):
            badges[decision.key] = CHANGED
        elif since is not None and decision.action.created_at >= since:
            badges[decision.key] = NEW
    return badges


def _sent_before(organisation: OrganisationContext, row: ActionRow) -> tuple[SentBefore, ...]:
    ids = {ref.id for ref in row.action.invoices}
    sent_rows = organisation.store.actions.list(
        organisation.id,
        states={ActionState.SENT, ActionState.CONFIRMED},
        kinds=MESSAGE_KINDS,
        contact_id=row.action.contact_id,
        rows_max=200,
    )
    before = [
        SentBefore(sent.action.step or sent.action.payload.title or "letter", sent.sent_on)
        for sent in sent_rows
        if sent.sent_on is not None and (not ids or ids & {ref.id for ref in sent.action.invoices})
    ]
    return tuple(sorted(before, key=lambda sent: sent.sent_on)[-SENT_BEFORE_MAX:])


def _held_back(
    organisation: OrganisationContext, row: ActionRow
) -> tuple[tuple[HeldBack, ...], str]:
    if row.state not in NOT_LEFT:
        return (), ""
    contact_id = row.action.contact_id
    account = next(organisation.store.ledger.accounts(organisation.id, [contact_id]), None)
    if account is None:
        return (), ""
    try:
        plan = organisation.replan_one(account)
    except UserMistake as mistake:
        return (), str(mistake)
    ids = {ref.id for ref in row.action.invoices}
    held = [
        held_back
        for held_back in plan.held_back
        if held_back.contact_id == contact_id
        and held_back.invoice_id
        and held_back.invoice_id not in ids
    ]
    return tuple(held[:NOT_IN_IT_MAX]), ""
