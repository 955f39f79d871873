"""Backtest: a rulebook on the ledger as it stood on each past day.

It shows what would have been sent, to whom, and what for. It cannot show how much sooner customers
would have paid: the debtors of the past did not get these messages.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import asdict

from arsync.core.actions import Action, ActionKind
from arsync.core.actions.registry import MESSAGE_KINDS
from arsync.core.ledger.account_view import AccountView
from arsync.core.ledger.as_of import Past, as_it_stood
from arsync.core.ledger.money import ZERO
from arsync.core.ledger.records import Account, Invoice
from arsync.core.planning.plan_views import NamedView, RulePlaceView
from arsync.core.rulebook.model import Rulebook
from arsync.core.trials.activity_counts import (
    COUNTED,
    ActivityCounts,
    ActivityView,
    activity_view,
    by_word,
)
from arsync.core.trials.replay import Stop, Walker, taken_over
from arsync.core.trials.rulebook_diff import action_in_words
from arsync.core.trials.trial import Trial

GRACE_DAYS = 2
"""A payment within this many days after a message would have come without it."""

ACTIONS_KEPT_MAX = 10_000
"""How many actions are listed one by one; all are counted."""

CANNOT_SHOW = (
    "It cannot show how much sooner customers would have paid: "
    "the customers of the past did not get these messages."
)
"""The caveat that every backtest states."""

SumsByCurrency = dict[str, Decimal]


class LineResult:
    """The cost of one line of a rulebook, and the debts it caught."""

    def __init__(self, file: str, line: int, rule: str, what: str) -> None:
        """Start empty."""
        self.file = file
        self.line = line
        self.rule = rule
        self.what = what
        self.counts: Counter[str] = Counter()
        self.customers = 0
        self.needless = 0
        """Messages and holds against customers who paid within two days anyway."""
        self.invoices = 0
        """How many invoices it caught: still owed two days later."""
        self.caught: SumsByCurrency = {}
        """The amounts due on them at the line's first action, by currency."""
        self.still_owed: SumsByCurrency = {}
        """The part of them that is still owed on the last day."""


class Happened(NamedTuple):
    """One thing that would have been done."""

    day: date
    action: Action
    needless: bool | None
    """Whether everything it was about was paid within two days; None: too recent to know."""


class Backtest:
    """What one rulebook would have done from the first day to the last."""

    def __init__(self, rulebook: Rulebook, first: date, last: date) -> None:
        """Start empty."""
        self.rulebook = rulebook
        self.first = first
        self.last = last
        self.tally = ActivityCounts()
        self.lines: dict[tuple[str, int], LineResult] = {}
        self.needless: Counter[str] = Counter()
        """By kind, the actions against customers who paid within two days anyway."""
        self.kept: list[Happened] = []
        self.left_out = 0
        self.evaluated = 0
        """How many days of accounts were planned."""

    def by_place(self) -> list[LineResult]:
        """Return what each line cost, in the order of the rulebook."""
        return [self.lines[place] for place in sorted(self.lines)]


class Only(Struct, frozen=True):
    """How many customers each of two rulebooks would have touched."""

    first: int
    """Only the first."""
    second: int
    both: int


class Backtests(NamedTuple):
    """One rulebook's backtest, or two on the same ledger."""

    results: tuple[Backtest, ...]
    only: Only | None
    accounts: int


def backtest(
    accounts: Iterable[Account],
    trial: Trial,
    rulebooks: Sequence[Rulebook],
    *,
    first: date,
    last: date,
    today: date,
    every_day: bool = False,
) -> Backtests:
    """Run rulebooks over the past; accounts stream through.

    Args:
        accounts: every debtor, as it stands today.
        trial: the connection.
        rulebooks: one, or two side by side.
        first: the first day.
        last: the last day.
        today: what is known ends here.
        every_day: plan every day, also those on which nothing can have changed.
    """
    walkers = [Walker(trial, rulebook, first, last, every_day=every_day) for rulebook in rulebooks]
    results = tuple(Backtest(rulebook, first, last) for rulebook in rulebooks)
    only, count, zone = Only(0, 0, 0), 0, trial.zone
    for account in accounts:
        count += 1
        past = Past(account, today, zone)
        # Actions before the first day are history; debts before it are old ones, as at a take-over
        # on that day.
        begin = taken_over(as_it_stood(account, first - timedelta(1), zone=zone), first)
        touched = []
        for walker, result in zip(walkers, results, strict=True):
            stops = list(walker.walk(begin, account, past.on))
            owed = _Owed(past, trial.organisation.base_currency, result.rulebook)
            touched.append(_count(result, owed, stops))
        if len(touched) == 2:
            first_contacts, second_contacts = touched
            only = Only(
                only.first + len(first_contacts - second_contacts),
                only.second + len(second_contacts - first_contacts),
                only.both + len(first_contacts & second_contacts),
            )
    for walker, result in zip(walkers, results, strict=True):
        result.evaluated = walker.evaluated
    return Backtests(results, only if len(rulebooks) == 2 else None, count)


class _Owed:
    """What one account owed net on past days, as a rulebook counts it."""

    def __init__(self, past: Past, base: str, rulebook: Rulebook) -> None:
        self.past = past
        self._base = base
        self._rulebook = rulebook

    def on(self, day: date) -> dict[str, Invoice]:
        """Return what was owed at the end of a day, by invoice id."""
        view = AccountView(
            self.past.on(day),
            day,
            currency=self._rulebook.currency,
            base=self._base,
            unapplied_cash=self._rulebook.unapplied_cash,
            promises_in_time=self._rulebook.promises.grace.last_day,
        )
        return {invoice.id: invoice for invoice in view.owed}


def _count(result: Backtest, owed: _Owed, stops: list[Stop]) -> set[str]:
    """Add one account to a result; return which of its contacts are touched."""
    result.tally.add((stop.day, action) for stop in stops for action in stop.done)
    caught: set[tuple[tuple[str, int], str]] = set()
    customers: set[tuple[tuple[str, int], str]] = set()
    touched: set[str] = set()
    for stop in stops:
        if not stop.done:
            continue
        later_day = stop.day + timedelta(GRACE_DAYS)
        # For the newest messages it is too early to say.
        later = owed.on(later_day) if later_day <= owed.past.today else None
        for action in stop.done:
            name = COUNTED.get(action.kind)
            if name is None:
                continue
            touched.add(action.contact_id)
            line = _line(result, action)
            place = (line.file, line.line)
            line.counts[name] += 1
            if (place, action.contact_id) not in customers:
                customers.add((place, action.contact_id))
                line.customers += 1
            invoices = list(_concerned(stop, action))
            needless = _is_needless(action, invoices, later)
            if needless:
                line.needless += 1
                result.needless[name] += 1
            for invoice in invoices:
                is_caught = later is None or invoice.id in later
                # An invoice that three steps of one line asked for was caught once.
                if is_caught and (place, invoice.id) not in caught:
                    caught.add((place, invoice.id))
                    _catch(line, invoice, owed.on(result.last).get(invoice.id))
            if len(result.kept) < ACTIONS_KEPT_MAX:
                result.kept.append(Happened(stop.day, action, needless))
            else:
                result.left_out += 1
    return touched


def _line(result: Backtest, action: Action) -> LineResult:
    because = action.because
    place = (because.file, because.line)
    if place not in result.lines:
        what = action_in_words(action)
        result.lines[place] = LineResult(because.file, because.line, because.rule, what)
    return result.lines[place]


def _concerned(stop: Stop, action: Action) -> Iterator[Invoice]:
    """Yield what an action is about: the invoices it names; of a hold, what is overdue."""
    if action.kind is ActionKind.CREDIT_HOLD:
        yield from stop.treatment.assessment.root.view.overdue
        return
    ids = {ref.id for ref in action.invoices}
    owed = stop.treatment.assessment.account_view.owed
    yield from (invoice for invoice in owed if invoice.id in ids)


def _is_needless(
    action: Action, invoices: list[Invoice], later: dict[str, Invoice] | None
) -> bool | None:
    # A task or a draft fee annoys no customer: only messages and holds can be needless.
    reaches = MESSAGE_KINDS | {ActionKind.CREDIT_HOLD}
    if action.kind not in reaches or not invoices:
        return False
    return None if later is None else all(invoice.id not in later for invoice in invoices)


def _catch(line: LineResult, invoice: Invoice, at_the_end: Invoice | None) -> None:
    line.invoices += 1
    currency = invoice.currency
    line.caught[currency] = line.caught.get(currency, ZERO) + invoice.amount_due
    if at_the_end is not None:
        # After a reversed payment more can be owed at the end than was caught.
        owed = min(at_the_end.amount_due, invoice.amount_due)
        line.still_owed[currency] = line.still_owed.get(currency, ZERO) + owed


class LineView(Struct, frozen=True):
    """The JSON view of one line's cost and catch."""

    file: str
    line: int
    rule: str
    what: str
    cost: Mapping[str, int]
    customers: int
    needless: int
    caught: Mapping[str, int | Decimal]
    """The number of `invoices`, and what they were due by currency."""
    still_owed: Mapping[str, Decimal]


class HappenedView(Struct, frozen=True):
    """The JSON view of one thing that would have been done."""

    day: date
    contact: NamedView
    what: str
    invoices: tuple[str, ...]
    because: RulePlaceView
    paid_within_two_days: bool | None


class BacktestView(ActivityView, frozen=True, kw_only=True):
    """The JSON view of one rulebook's backtest."""

    needless: Mapping[str, int]
    lines: tuple[LineView, ...]
    actions: tuple[HappenedView, ...]
    actions_left_out: int


def backtest_view(result: Backtest) -> BacktestView:
    """Return the JSON view of one rulebook's backtest."""
    activity = activity_view(result.tally, result.rulebook, result.first, result.last)
    return BacktestView(
        **asdict(activity),
        needless={name: result.needless[name] for name in ("messages", "letters", "holds")},
        lines=tuple(map(line_view, result.by_place())),
        actions=tuple(map(happened_view, result.kept)),
        actions_left_out=result.left_out,
    )


def line_view(line: LineResult) -> LineView:
    """Return the JSON view of one line."""
    return LineView(
        line.file,
        line.line,
        line.rule,
        line.what,
        by_word(line.counts),
        line.customers,
        line.needless,
        {"invoices": line.invoices, **dict(sorted(line.caught.items()))},
        dict(sorted(line.still_owed.items())),
    )


def happened_view(happened: Happened) -> HappenedView:
    """Return the JSON view of one thing that would have been done."""
    action, because = happened.action, happened.action.because
    return HappenedView(
        happened.day,
        NamedView(action.contact_id, action.contact_name),
        action_in_words(action),
        tuple(ref.number or ref.id for ref in action.invoices),
        RulePlaceView(because.file, because.line, because.rule),
        happened.needless,
    )
