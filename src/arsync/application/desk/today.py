"""The first page of a connection: what leaves next, what waits for whom, and what is in the way."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from arsync.application.desk.alerts import OpenAlert, is_alert, open_alert
from arsync.application.desk.waiting_list import (
    HOLDS,
    LETTERS,
    ON_ITS_WAY,
    OTHERS,
    WAITS,
    WaitingDecision,
    WaitingList,
    waiting_list,
)
from arsync.application.organisation.account_reading import accounts_on
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.runs.schedule_view import ScheduleView, schedule_of
from arsync.core.actions import ActionState
from arsync.core.actions.registry import LETTER_KINDS, MESSAGE_KINDS
from arsync.core.ledger.agreements.promises import BROKEN
from arsync.core.ledger.business_days import Calendar, sending_moment
from arsync.core.ledger.records import RecordKind
from arsync.core.planning.customer_locale import Places
from arsync.core.planning.plan import Planned
from arsync.core.planning.send_blocks import pauses
from arsync.errors import UserMistake
from arsync.rules_source.folder import holidays_in
from arsync.store.actions.plan_saving import OVER_SAFETY
from arsync.store.actions.waiting import LastHeard
from arsync.store.ledger.standing_sums import LedgerSums, PaidSums
from arsync.store.models import (
    ActionRow,
    Mode,
    OutageRow,
    RunRow,
    UnmailedCustomers,
    WaitingAction,
)
from arsync.translation import gettext

OPEN_ROWS = 4
"""So many letters stand open; the rest is one line with their sum."""

FOLDED_ROWS_MAX = 46
"""So many more are in that line; beyond them the page of approvals has all."""

ON_WAY_ROWS_MAX = 20
"""So many of those on their way are named."""

HOLDS_NAMED = 2
"""So many customers are named whose holds wait."""

ALONE_MAX = 5
"""So many invoices that are left alone are named."""

PROBLEMS_SHOWN_MAX = 3

ALERTS_SHOWN_MAX = 3

NAMED_MAX = 3
"""So many customers without an address are named."""


class CustomerNote(NamedTuple):
    """What a letter's row tells besides its invoices."""

    heard: LastHeard | None
    """The last message that the customer got; None: this is the first."""
    broken: tuple[tuple[str, date], ...] = ()
    """Promises that were not kept: the invoices' numbers and the day."""


class AloneInvoice(NamedTuple):
    """An invoice that nobody is asked about now."""

    customer: str
    contact_id: str
    number: str
    amount_due: Decimal
    currency: str
    since: date
    reason: str


class LetterOfPlan(NamedTuple):
    """A message of the last plan, in a connection that only looks."""

    contact_id: str
    customer: str
    what: str
    about: str
    sums: Mapping[str, Decimal]


class InTheWay(NamedTuple):
    """What needs somebody before all goes on as it should."""

    outage: OutageRow | None
    failed_run: RunRow | None
    rulebook: tuple[str, ...]
    """What is wrong with it, a line each; none: nothing is."""
    safety: str
    """Which safety limit the plan went over; empty: none."""
    pauses: tuple[str, ...]
    """What does not leave for the time being and why, as sentences."""
    unknown: int
    """Outcomes that a person has to look up."""
    no_address: UnmailedCustomers
    """Who owes and has no email address."""


class FirstDecisions(NamedTuple):
    """Decisions of which the page shows the first."""

    shown: tuple[WaitingDecision, ...]
    """Most money first."""
    in_all: int


class LettersAbout(NamedTuple):
    """What letters are about."""

    customers: int
    invoices: int
    sums: Mapping[str, Decimal]
    """By currency."""
    folded_sums: Mapping[str, Decimal]
    """Of those that do not stand open."""


class Today(NamedTuple):
    """The first page of a connection."""

    mode: Mode
    leaves_at: datetime | None
    """When messages leave next, on the organisation's clock; None: the rulebook cannot be read."""
    letters: FirstDecisions
    """Those that wait for somebody."""
    letters_about: LettersAbout
    on_their_way: FirstDecisions
    """Messages that are approved and have not left."""
    leaving: int
    """To so many customers."""
    holds: FirstDecisions
    others: FirstDecisions
    notes: Mapping[str, CustomerNote]
    """By contact, of the letters that stand open."""
    alerts: tuple[OpenAlert, ...]
    """The newest first; some of them."""
    alert_count: int
    tasks: int
    """Without alerts."""
    first_task: ActionRow | None
    sums: LedgerSums
    paid: PaidSums
    paid_since: date
    """The last day before this one on which banks worked."""
    alone: tuple[AloneInvoice, ...]
    alone_count: int
    planned: tuple[LetterOfPlan, ...]
    """Of a connection that only looks: what its last plan would have sent, most money first."""
    planned_on: date | None
    in_the_way: InTheWay
    left_today: tuple[WaitingAction, ...]
    """Messages that left today; some of them."""
    left_count: int
    schedule: ScheduleView
    read_at: datetime | None
    last_run: RunRow | None


def today(actor: Actor, organisation: OrganisationContext) -> Today:
    """Return what the first page shows. Nothing is planned for it: it reads what runs left."""
    permit(actor, Permission.READ)
    store, mode = organisation.store, organisation.connection.mode
    every = waiting_list(actor, organisation, on_their_way=True)
    if mode is Mode.OBSERVE:
        every = every.of_keys(())  # nothing can be decided
    waits = every.in_state(WAITS)
    letters = waits.of_sort(LETTERS)
    on_way = every.in_state(ON_ITS_WAY).of_sort(LETTERS)
    letters_shown = _first(letters, OPEN_ROWS + FOLDED_ROWS_MAX)
    planned, planned_on = _planned(organisation) if mode is Mode.OBSERVE else ((), None)
    alone, alone_count = _left_alone(organisation)
    open_tasks = store.actions.open_tasks(organisation.id)
    tasks = [row for row in open_tasks if not is_alert(row)]
    alerts = [open_alert(row) for row in reversed(open_tasks) if is_alert(row)]
    paid_since = _last_bank_day(organisation)
    return Today(
        mode=mode,
        leaves_at=_leaves_at(
            organisation,
            WAITS if letters.in_all else ON_ITS_WAY,
        ),
        letters=letters_shown,
        letters_about=LettersAbout(
            letters.customers(),
            letters.invoices(),
            letters.sums(),
            letters.but_first(OPEN_ROWS).sums(),
        ),
        on_their_way=_first(on_way, ON_WAY_ROWS_MAX),
        leaving=on_way.customers(),
        holds=_first(waits.of_sort(HOLDS), HOLDS_NAMED),
        others=_first(waits.of_sort(OTHERS), 1),
        notes=_notes(organisation, letters_shown.shown[:OPEN_ROWS]),
        alerts=tuple(alerts[:ALERTS_SHOWN_MAX]),
        alert_count=len(alerts),
        tasks=len(tasks),
        first_task=tasks[0] if tasks else None,
        sums=store.sums.owed(organisation.id, organisation.today),
        paid=store.sums.paid(organisation.id, paid_since),
        paid_since=paid_since,
        alone=alone,
        alone_count=alone_count,
        planned=planned,
        planned_on=planned_on,
        in_the_way=_in_the_way(organisation, waits),
        left_today=tuple(store.waiting.left_on(organisation.id, organisation.today)),
        left_count=store.actions.sent_count(organisation.id, MESSAGE_KINDS, organisation.today),
        schedule=schedule_of(actor, organisation),
        read_at=store.ledger.pulled_at(organisation.id),
        last_run=store.runs.last(organisation.id, besides="plan"),
    )


def _first(decisions: WaitingList, rows_max: int) -> FirstDecisions:
    return FirstDecisions(
        tuple(decisions.decisions(decisions.first(rows_max))),
        decisions.in_all,
    )


def _opens_at(organisation: OrganisationContext) -> datetime | None:
    """Return when a message may leave at the earliest; None: the rulebook cannot be read.

    It is in the past within the hours of sending.
    """
    rulebook = organisation.rules.rulebook
    if rulebook is None:
        return None
    now, zone, sending = organisation.clock.now(), organisation.zone, rulebook.sending
    places = Places(sending, holidays_in, organisation.today, now, zone)
    hours = (sending.earliest, sending.latest)
    return sending_moment(organisation.today, now, zone, places.calendar, hours)


def _leaves_at(organisation: OrganisationContext, state: ActionState) -> datetime | None:
    opens = _opens_at(organisation)
    if opens is None or organisation.observes:
        return opens
    first = organisation.store.waiting.first_moment(organisation.id, state, LETTER_KINDS)
    return opens if first is None else max(opens, first.astimezone(organisation.zone))


def _last_bank_day(organisation: OrganisationContext) -> date:
    day = organisation.today - timedelta(days=1)
    try:
        calendar: Calendar = organisation.bank_days
    except UserMistake:
        return day
    for _ in range(14):
        if calendar.is_open(day):
            break
        day -= timedelta(days=1)
    return day


def _notes(
    organisation: OrganisationContext, letters: Sequence[WaitingDecision]
) -> dict[str, CustomerNote]:
    ids = sorted({decision.action.contact_id for decision in letters})
    if not ids:
        return {}
    heard = organisation.store.waiting.last_heard(organisation.id, ids)
    broken: dict[str, list[tuple[str, date]]] = {}
    for account in accounts_on(organisation, None, ids):
        view = organisation.account_view(account)
        for judged in view.judged_promises:
            owed = [
                view.owed_by_id[id_] for id_ in judged.promise.invoice_ids if id_ in view.owed_by_id
            ]
            if judged.state == BROKEN and owed:
                numbers = ", ".join(invoice.number or invoice.id for invoice in owed)
                broken.setdefault(owed[0].contact_id, []).append(
                    (numbers, judged.promise.promised_on)
                )
    return {
        contact_id: CustomerNote(heard.get(contact_id), tuple(broken.get(contact_id, ())))
        for contact_id in ids
    }


def _left_alone(organisation: OrganisationContext) -> tuple[tuple[AloneInvoice, ...], int]:
    """Return the invoices whose amount somebody disputes, the latest first, and how many."""
    store = organisation.store
    rows = {row.invoice_id: row for row in store.disputes.open_ones(organisation.id)}
    ids = sorted({*rows, *store.ledger.disputed(organisation.id)})
    dues = store.waiting.dues(organisation.id, ids) if ids else {}
    open_ids = [id_ for id_ in ids if dues.get(id_, 0) > 0]
    latest = sorted(
        (row for id_, row in rows.items() if id_ in open_ids),
        key=lambda row: row.opened_on,
        reverse=True,
    )[:ALONE_MAX]
    records = store.ledger.records(
        organisation.id, RecordKind.INVOICES, [row.invoice_id for row in latest]
    )
    names = store.waiting.names(
        organisation.id, sorted({invoice.contact_id for invoice in records.values()})
    )
    alone = tuple(
        AloneInvoice(
            names.get(invoice.contact_id, invoice.contact_id),
            invoice.contact_id,
            invoice.number or invoice.id,
            dues[invoice.id],
            invoice.currency,
            row.opened_on,
            row.reason,
        )
        for row in latest
        if (invoice := records.get(row.invoice_id)) is not None
    )
    return alone, len(open_ids)


def _in_the_way(organisation: OrganisationContext, waits: WaitingList) -> InTheWay:
    store = organisation.store
    last = store.runs.last(organisation.id, besides="plan")
    failed = last is not None and last.outcome in {"failed", "part failed"}
    counts = store.actions.counts(organisation.id)
    paused: tuple[str, ...] = ()
    problems = tuple(map(str, organisation.rules.problems)) + organisation.misfits
    if not problems and organisation.rules.rulebook is not None:
        standing = pauses(organisation.rules.rulebook, organisation.circumstances())
        paused = tuple(pause.text for pause in standing)
    return InTheWay(
        outage=store.outages.get(organisation.id),
        failed_run=last if failed else None,
        rulebook=problems[:PROBLEMS_SHOWN_MAX],
        safety=waits.first_reason(OVER_SAFETY).removeprefix(f"{OVER_SAFETY}: "),
        pauses=paused[:PROBLEMS_SHOWN_MAX],
        unknown=counts.get(ActionState.UNKNOWN, 0),
        no_address=store.ledger.without_email(organisation.id, NAMED_MAX),
    )


# -- a connection that only looks -------------------------------------------------------------

_MESSAGES = tuple(f"{kind.value.replace('_', ' ')}:" for kind in sorted(MESSAGE_KINDS))
_SUM = re.compile(r"([A-Z]{3}) (-?[\d,]+(?:\.\d+)?)")


def _planned(
    organisation: OrganisationContext,
) -> tuple[tuple[LetterOfPlan, ...], date | None]:
    """Return the messages of the last plan: while it only looks, nothing else is kept."""
    last = organisation.store.last_plans.get(organisation.id)
    if last is None:
        return (), None
    base = organisation.connection.organisation.base_currency
    letters = sorted(_messages(last.actions), key=lambda letter: -letter.sums.get(base, Decimal(0)))
    return tuple(letters), last.as_of


def _messages(actions: Iterable[Planned]) -> Iterator[LetterOfPlan]:
    for planned in actions:
        if planned.what.startswith(_MESSAGES):
            amounts = _SUM.findall(planned.qualities.get(gettext("amount due"), ""))
            yield LetterOfPlan(
                planned.contact_id,
                planned.contact_name,
                planned.what.partition(": ")[2] or planned.what,
                planned.about,
                {currency: Decimal(number.replace(",", "")) for currency, number in amounts},
            )
