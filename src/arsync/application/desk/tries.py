"""Playing a rulebook on a ledger: asked for on a page, played beside it, and read when done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple, TypeVar

import msgspec
from msgspec import Struct

from arsync.application.desk.draft_effect import DraftEffect, draft_effect
from arsync.application.desk.rules_draft import check_draft
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.rules.trials import Watch, backtest_rulebooks, simulation
from arsync.core.rulebook.rules_text import RulesText
from arsync.core.trials.activity_counts import COLUMNS, ActivityCounts
from arsync.core.trials.backtest import CANNOT_SHOW, Backtest, Happened, LineResult
from arsync.core.trials.rulebook_diff import action_in_words
from arsync.core.trials.simulation import Debtors
from arsync.errors import UserMistake
from arsync.rules_source.folder import Rules
from arsync.store.policy.tries import TryKind, TryRow, TryState
from arsync.translation import ReaderText, gettext

DAYS_MAX = 366
"""A try at the desk covers at most so many days; the command line takes more."""

ACTIONS_KEPT_MAX = 2_000
"""So many actions are listed of a try; all are counted."""

PLAYED = (TryKind.BACKTEST, TryKind.SIMULATION)
"""What the page of tries lists."""


class TrySettings(Struct, frozen=True):
    """How a rulebook is played."""

    first: date
    last: date
    debtors: str = ""
    """Of a simulation: how they pay."""


class SideCounts(Struct, frozen=True):
    """What one rulebook did in all."""

    totals: Mapping[str, int]
    """By kind: messages, letters, holds, tasks, ..."""
    needless: Mapping[str, int]
    """Of these, though it was paid within two days."""
    approvals: int
    busiest: Mapping[str, int]
    customers: int
    weeks: Mapping[str, int]
    """Messages and letters of each week, by its Monday."""


class TriedLine(Struct, frozen=True):
    """One line of the rulebooks, and what each did by it."""

    file: str
    line: int
    rule: str
    what: str
    live: int
    draft: int
    needless: int
    still_owed: Mapping[str, Decimal]


class TriedAction(Struct, frozen=True):
    """One thing that the rulebook would have done."""

    day: date
    customer_id: str
    customer: str
    what: str
    invoices: str
    file: str
    line: int
    needless: bool | None
    """None: nobody can know yet."""


class TryResult(Struct, frozen=True):
    """What playing a rulebook showed."""

    first: date
    last: date
    accounts: int
    limit: str
    """What it cannot show."""
    draft: SideCounts
    """Of the rulebook that was tried."""
    live: SideCounts | None = None
    """Of the live one beside it; None: the live one itself was tried."""
    lines: tuple[TriedLine, ...] = ()
    actions: tuple[TriedAction, ...] = ()
    actions_in_all: int = 0
    payments: int | None = None
    """Of a simulation: how many came in."""


NO_NEW_INVOICES = str(
    ReaderText(
        "No new invoices are issued in it, and everything is approved on its day. It shows the "
        "work and the letters that a policy makes, not what it collects."
    )
)
"""The caveat of a simulation, as it is kept with its result."""


def ask_for(
    actor: Actor,
    organisation: OrganisationContext,
    kind: TryKind,
    settings: TrySettings,
    *,
    rules: RulesText | None,
    title: str,
    worker: str,
) -> int:
    """Ask for a try; return its number.

    Args:
        actor: who asks.
        organisation: on whose ledger.
        kind: what is tried.
        settings: how.
        rules: the draft; None: the live rulebook.
        title: what it is called on pages.
        worker: the process that plays it.

    Raises:
        UserMistake: the days are none, or too many wait already.
    """
    permit(actor, Permission.READ)
    if settings.last < settings.first:
        raise UserMistake(
            gettext("%(last)s is before %(first)s.", last=settings.last, first=settings.first)
        )
    if (settings.last - settings.first).days >= DAYS_MAX:
        raise UserMistake(gettext("a try covers at most %(limit)s days here.", limit=DAYS_MAX))
    if kind is TryKind.BACKTEST and settings.last > organisation.today:
        raise UserMistake(gettext("%(last)s is not in the past.", last=settings.last))
    if kind is TryKind.SIMULATION and settings.debtors not in set(Debtors):
        raise UserMistake(
            gettext("debtors do not pay %(debtors)s.", debtors=repr(settings.debtors))
        )
    draft = organisation.store.drafts.get(organisation.id)
    return organisation.store.tries.add(
        organisation.id,
        kind,
        settings=msgspec.json.encode(settings).decode(),
        title=title,
        rules=rules,
        who=actor.name,
        worker=worker,
        draft_hash=draft.text.whole_hash if draft is not None else "",
    )


def play(
    actor: Actor, organisation: OrganisationContext, row: TryRow, watch: Watch
) -> TryResult | DraftEffect:
    """Play what was asked for.

    Args:
        actor: on whose behalf.
        organisation: on whose ledger.
        row: what was asked for.
        watch: sees each customer come by, and may raise.

    Raises:
        UserMistake: the rulebook has mistakes.
    """
    permit(actor, Permission.READ)
    rules = _draft(actor, organisation, row)
    if row.kind is TryKind.EFFECT:
        return draft_effect(actor, organisation, rules, watch)
    settings = msgspec.json.decode(row.settings, type=TrySettings)
    if row.kind is TryKind.BACKTEST:
        return _backtest(actor, organisation, settings, rules, watch)
    played = simulation(
        actor,
        organisation,
        days=(settings.last - settings.first).days + 1,
        debtors=Debtors(settings.debtors),
        rules=rules or "",
        watch=watch,
    ).simulation
    return TryResult(
        played.first,
        played.last,
        played.accounts,
        NO_NEW_INVOICES,
        _side(played.tally, played.first, played.last, {}),
        payments=played.payments,
    )


def _draft(actor: Actor, organisation: OrganisationContext, row: TryRow) -> Rules | None:
    if not row.rules_hash:
        return None
    text = organisation.store.tries.rules(row.id)
    if text is None:
        raise UserMistake(gettext("the draft that was to be tried cannot be read."))
    checked = check_draft(actor, organisation, text)
    if not checked.is_sound:
        raise UserMistake(gettext("the draft has mistakes."))
    return checked.rules


def _backtest(
    actor: Actor,
    organisation: OrganisationContext,
    settings: TrySettings,
    rules: Rules | None,
    watch: Watch,
) -> TryResult:
    trial = backtest_rulebooks(
        actor,
        organisation,
        first=settings.first,
        last=settings.last,
        rules=rules if rules is not None else "",
        against=organisation.rules if rules is not None and organisation.rules.rulebook else "",
        watch=watch,
    )
    tried, *others = trial.backtests.results
    live = others[0] if others else None
    return TryResult(
        trial.first,
        trial.last,
        trial.backtests.accounts,
        CANNOT_SHOW,
        _backtest_side(tried),
        _backtest_side(live) if live is not None else None,
        _lines(tried, live),
        tuple(map(_action, sorted(tried.kept[:ACTIONS_KEPT_MAX], key=_by_day))),
        len(tried.kept) + tried.left_out,
    )


def _by_day(happened: Happened) -> tuple[date, str]:
    return happened.day, happened.action.contact_name


def _backtest_side(result: Backtest) -> SideCounts:
    return _side(result.tally, result.first, result.last, result.needless)


def _side(
    tally: ActivityCounts, first: date, last: date, needless: Mapping[str, int]
) -> SideCounts:
    weeks: dict[str, int] = {}
    for day, counts in tally.by_day(first, last):
        monday = (day - timedelta(day.weekday())).isoformat()
        by_kind = dict(zip(COLUMNS, counts, strict=True))
        weeks[monday] = weeks.get(monday, 0) + by_kind["messages"] + by_kind["letters"]
    busiest: Counter[str] = Counter()
    for counted in tally.days.values():
        for name, count in counted.items():
            busiest[name] = max(busiest[name], count)
    return SideCounts(
        dict(tally.totals), dict(needless), tally.approvals, dict(busiest), tally.customers, weeks
    )


def _lines(tried: Backtest, live: Backtest | None) -> tuple[TriedLine, ...]:
    """Return the lines of what was tried, beside what the live rulebook did by the same rule."""
    before: dict[tuple[str, str], LineResult] = {}
    for line in live.by_place() if live is not None else ():
        before[line.rule, line.what] = line
    lines = []
    for line in tried.by_place():
        same = before.pop((line.rule, line.what), None)
        counted = same.counts.total() if same is not None else 0
        lines.append(_line(line, counted, line.counts.total()))
    # What only the live rulebook does has a line in that one alone.
    lines += [_line(line, line.counts.total(), 0) for line in before.values()]
    # What changes comes first.
    return tuple(sorted(lines, key=lambda line: live is not None and line.live == line.draft))


def _line(line: LineResult, live: int, draft: int) -> TriedLine:
    return TriedLine(
        line.file,
        line.line,
        line.rule,
        line.what,
        live,
        draft,
        line.needless if draft else 0,
        line.still_owed if draft else {},
    )


def _action(happened: Happened) -> TriedAction:
    action = happened.action
    return TriedAction(
        happened.day,
        action.contact_id,
        action.contact_name,
        action_in_words(action),
        ", ".join(ref.number or ref.id for ref in action.invoices[:3]),
        action.because.file,
        action.because.line,
        happened.needless,
    )


Played = TypeVar("Played", TryResult, DraftEffect)


def result_of(
    actor: Actor, organisation: OrganisationContext, row: TryRow, kind: type[Played]
) -> Played | None:
    """Return what a try showed; None: it has not ended well, or what it showed is damaged."""
    permit(actor, Permission.READ)
    if row.state is not TryState.DONE:
        return None
    encoded = organisation.store.tries.result(row.id)
    if encoded is None:
        return None
    try:
        return msgspec.json.decode(encoded, type=kind)
    except msgspec.MsgspecError:
        return None


def effect_of(
    actor: Actor, organisation: OrganisationContext, rules_hash: str, *, or_before: bool = False
) -> tuple[TryRow | None, DraftEffect | None]:
    """Return the latest look at what a draft changes, and what it showed so far.

    Args:
        actor: who asks.
        organisation: whose.
        rules_hash: of the draft; empty: of the live rulebook.
        or_before: where nobody looked at this text, of the last draft that somebody looked at.
    """
    permit(actor, Permission.READ)
    rows = organisation.store.tries.list(organisation.id, [TryKind.EFFECT])
    row = next((row for row in rows if row.rules_hash == rules_hash), None)
    if row is None and or_before:
        row = next((row for row in rows if row.rules_hash and row.state is TryState.DONE), None)
    if row is None:
        return None, None
    return row, result_of(actor, organisation, row, DraftEffect)


def tries_of(actor: Actor, organisation: OrganisationContext) -> list[TryRow]:
    """Return what was tried on a ledger, the latest first."""
    permit(actor, Permission.READ)
    return organisation.store.tries.list(organisation.id, PLAYED)


class DraftTries(NamedTuple):
    """What was tried of a draft, the latest first."""

    of_this_text: tuple[TryRow, ...]
    of_earlier_texts: tuple[TryRow, ...]


def tries_of_draft(actor: Actor, organisation: OrganisationContext, rules_hash: str) -> DraftTries:
    """Return what was tried of a draft, as it is and as drafts were before.

    Args:
        actor: who asks.
        organisation: whose ledger.
        rules_hash: the `whole_hash` of the draft's text.
    """
    permit(actor, Permission.READ)
    rows = [row for row in tries_of(actor, organisation) if row.rules_hash]
    return DraftTries(
        tuple(row for row in rows if row.rules_hash == rules_hash),
        tuple(row for row in rows if row.rules_hash != rules_hash),
    )


def try_numbered(actor: Actor, organisation: OrganisationContext, number: int) -> TryRow | None:
    """Return a try; None: there is none of that number on this ledger."""
    permit(actor, Permission.READ)
    row = organisation.store.tries.get(organisation.id, number)
    return row if row is not None and row.kind in PLAYED else None


def settings_of(row: TryRow) -> TrySettings:
    """Return how a rulebook is played."""
    return msgspec.json.decode(row.settings, type=TrySettings)
