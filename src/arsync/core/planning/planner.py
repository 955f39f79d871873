"""The plan: everything the rulebook would do for one connection on one day.

Accounts stream through: nothing is kept of an account but its actions and what was held back, and
of those only what the plan's keepers keep.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from itertools import islice
from pathlib import PurePath
from zoneinfo import ZoneInfo

from arsync.core.actions import ActionKind
from arsync.core.actions.registry import KINDS
from arsync.core.ledger.agreements.promises import KEPT, OPEN
from arsync.core.ledger.held_since import ConditionSeen
from arsync.core.ledger.records import Account, Contact, Organisation
from arsync.core.planning.account_letter_planner import plan_account_letters
from arsync.core.planning.alert_planner import plan_alerts
from arsync.core.planning.assessment import Assessment, Assessor
from arsync.core.planning.charge_planner import plan_charges
from arsync.core.planning.credit_planner import plan_credit
from arsync.core.planning.customer_locale import HolidaysIn, Places
from arsync.core.planning.discount_planner import plan_discounts
from arsync.core.planning.dispute_planner import plan_disputes
from arsync.core.planning.follow_up_planner import plan_follow_ups
from arsync.core.planning.hold_planner import plan_hold
from arsync.core.planning.instalment_planner import plan_instalment_letters, plan_next_days
from arsync.core.planning.ledger_warnings import OwedByLimit
from arsync.core.planning.level_planner import plan_level, plan_levels_no_more
from arsync.core.planning.old_promise_planner import plan_old_promises
from arsync.core.planning.placement_planner import plan_placements
from arsync.core.planning.plan import (
    EndedTask,
    HeldBack,
    Keepers,
    LimitOfDay,
    Plan,
    PromiseJudgement,
    SafetyVerdict,
)
from arsync.core.planning.plan_decisions import NOTHING, Decisions, EmailBudget
from arsync.core.planning.planning_context import EVERY_WAY, Planning, Sends
from arsync.core.planning.reminder_planner import plan_reminders
from arsync.core.planning.task_reasons import end_tasks
from arsync.core.planning.terms_planner import plan_terms
from arsync.core.planning.undeliverable_planner import plan_undeliverable
from arsync.core.planning.write_off_planner import plan_write_offs
from arsync.core.rulebook.model import LIMIT_FACTS, Rulebook

__all__ = [
    "HeldBack",
    "Plan",
    "SafetyVerdict",
    "begin_plan",
    "make_plan",
    "plan_account",
    "zone_named",
]

FAILURES_SHOWN_MAX = 20
"""How many customers a plan names that could not be planned."""

UNRATED_SHOWN_MAX = 20
"""How many documents without an exchange rate a plan names."""

_COUNTED = {row.safety_limit: kind for kind, row in KINDS.items() if row.safety_limit}
"""The kind of action that each limit of `safety` counts."""


def make_plan(
    accounts: Iterable[Account],
    rulebook: Rulebook,
    *,
    connection: str,
    organisation: Organisation,
    today: date,
    now: datetime,
    offers: frozenset[str],
    holidays: HolidaysIn,
    started: frozenset[str] = frozenset(),
    emails_per_day_max: int = 0,
    keepers: Callable[[], Keepers] = Keepers.in_full,
    sends: Sends = EVERY_WAY,
    ledger_due: Decimal | None = None,
) -> Plan:
    """Plan one connection's day.

    Args:
        accounts: every debtor, in an order that stays the same.
        rulebook: what to do.
        connection: its name; part of every action's key.
        organisation: for its base currency and time zone.
        today: the organisation's day.
        now: the moment of planning, aware.
        offers: what the accounting system can take, as `Capability` texts.
        holidays: the public holidays of a place.
        started: further keys that count as done, besides each account's own.
        emails_per_day_max: how many emails the accounting system sends a day; 0: no such limit.
        keepers: makes what keeps the decisions; by default they are kept in full.
        sends: by which ways messages can leave.
        ledger_due: what is due on all open invoices of the ledger; None: nobody counted.
    """
    planning, problems = begin_plan(
        rulebook,
        connection,
        organisation,
        today,
        now,
        offers=offers,
        holidays=holidays,
        started=started,
        sends=sends,
        ledger_due=ledger_due,
    )
    decided = _Decided(planning, keepers())
    budget = EmailBudget(emails_per_day_max)
    for account in accounts:
        try:
            assessment, decisions = plan_account(planning, account, budget)
        # One customer's failure must not leave all others without a plan.
        except Exception as error:  # noqa: BLE001
            decided.add_failure(account, error)
            continue
        # One day's emails serve all accounts in their order, which is the same in each run.
        budget = budget.after(decisions)
        decided.add(assessment, decisions)
    return decided.plan(problems)


class _Decided:
    """What is decided about the accounts that were planned so far."""

    def __init__(self, planning: Planning, keepers: Keepers) -> None:
        self._planning = planning
        self._actions, self._held_back, self._limits = keepers
        self._counts: Counter[ActionKind] = Counter()
        self._ended_refusals: list[str] = []
        self._ended_releases: list[str] = []
        self._ended_tasks: list[EndedTask] = []
        self._failures: list[str] = []
        self._owed = OwedByLimit()
        self._seen: list[ConditionSeen] = []
        self._judged: list[PromiseJudgement] = []
        self._unrated: dict[str, None] = {}
        self._unknown_places: dict[str, None] = {}

    def add(self, assessment: Assessment, decisions: Decisions) -> None:
        """Take what was decided about one account, and what else was seen of it."""
        assessor = self._planning.assessor
        if decisions is not NOTHING:
            self._counts.update([action.kind for action in decisions.actions])
            self._actions.extend(decisions.actions)
            self._held_back.extend(decisions.held_back)
            self._ended_refusals += decisions.ended_refusals
            self._ended_releases += decisions.ended_releases
            self._ended_tasks += decisions.ended_tasks
            self._unknown_places.update(dict.fromkeys(decisions.problems))
        if assessor.watched:
            self._seen += assessor.seen(assessment)
        if assessment.account.promises:
            self._judged += promises_judged(assessment)
        if assessor.rulebook.credit_limits:
            self._limits.extend((limit_of_day(assessment),))
            self._owed.add(assessment)
        # Enough to see that rates are missing: such a ledger would name every document.
        if len(self._unrated) < UNRATED_SHOWN_MAX:
            self._unrated.update(dict.fromkeys(assessment.account_view.converter.missing))

    def add_failure(self, account: Account, error: Exception) -> None:
        """Take that an account could not be planned."""
        self._failures.append(_failure(account, error))
        self._held_back.extend([_held_by_failure(account, error)])

    def plan(self, problems: Sequence[str]) -> Plan:
        """Return the plan; `problems` are those of the day."""
        planning, rulebook = self._planning, self._planning.assessor.rulebook
        notices = tuple(problem.in_a_line for problem in self._owed.too_low(rulebook))
        return Plan(
            connection=planning.connection,
            as_of=planning.today,
            rulebook_files=rulebook.files,
            rulebook_hash=rulebook.hash,
            actions=self._actions.kept(),
            held_back=self._held_back.kept(),
            # Over the whole plan: once half of it has left, no person can stop it (law 9).
            safety=safety_verdict(rulebook, self._counts),
            problems=(
                *problems,
                *self._failures[:FAILURES_SHOWN_MAX],
                *_rate_problems(self._unrated),
                *self._unknown_places,
                *notices,
            ),
            notices=notices,
            ended_refusals=tuple(self._ended_refusals),
            ended_releases=tuple(self._ended_releases),
            ended_tasks=tuple(self._ended_tasks),
            seen=self._seen,
            promises=self._judged,
            watched=planning.assessor.watched,
            limits=self._limits.kept(),
            ledger_due=planning.assessor.ledger_due,
        )


def promises_judged(assessment: Assessment) -> Iterator[PromiseJudgement]:
    """Yield what became of recorded promises that were judged otherwise before."""
    for judged in assessment.account_view.judged_promises:
        kept = None if judged.state == OPEN else judged.state == KEPT
        if judged.promise.number and kept != judged.promise.kept:
            yield PromiseJudgement(judged.promise.number, kept)


def limit_of_day(assessment: Assessment) -> LimitOfDay:
    """Return the debtor's limit as one plan found it."""
    rule, root = assessment.limit_rule, assessment.root
    limit = root.view.limit
    if rule is None:
        return LimitOfDay(root.view.contact.id, None)
    # What was agreed with one customer is set in its own entry.
    place = root.customer.place if rule.fact in LIMIT_FACTS and root.customer else rule.place
    return LimitOfDay(
        root.view.contact.id,
        limit.amount,
        limit.is_unlimited,
        limit.until,
        rule.name,
        place.file,
        place.line,
    )


def safety_verdict(rulebook: Rulebook, counts: Counter[ActionKind]) -> SafetyVerdict:
    """Return whether these counts exceed the rulebook's `safety`, and where."""
    messages = tuple(
        f"{counts[kind]:,} {name.replace('_', ' ')} in one plan; safety allows {most:,}"
        for name, kind in _COUNTED.items()
        if counts[kind] > (most := getattr(rulebook.safety, name))
    )
    return SafetyVerdict(bool(messages), messages)


def begin_plan(
    rulebook: Rulebook,
    connection: str,
    organisation: Organisation,
    today: date,
    now: datetime,
    *,
    offers: frozenset[str],
    holidays: HolidaysIn,
    started: frozenset[str] = frozenset(),
    sends: Sends = EVERY_WAY,
    ledger_due: Decimal | None = None,
) -> tuple[Planning, list[str]]:
    """Return what planning one day shares, and what is odd about the day."""
    zone, problems = zone_named(organisation.time_zone)
    places = Places(rulebook.sending, holidays, today, now, zone)
    planning = Planning(
        assessor=Assessor(rulebook, organisation, today, places.bank_days, ledger_due),
        connection=connection,
        today=today,
        calendar=places.calendar,
        places=places,
        offers=offers,
        done=started,
        organisation=organisation,
        zone=zone,
        ways=sends.ways,
        platform_label=sends.platform_label,
    )
    return planning, problems


def zone_named(name: str) -> tuple[tzinfo, list[str]]:
    """Return a time zone, UTC when it is not known, and what is wrong with its name."""
    if not name:
        return UTC, []
    try:
        return ZoneInfo(name), []
    except (LookupError, ValueError, OSError):
        # OSError as well: `Europe` is a folder among the zone files.
        return UTC, [f"the time zone {name!r} is not known: hours are taken as UTC"]


def plan_account(
    planning: Planning, account: Account, budget: EmailBudget
) -> tuple[Assessment, Decisions]:
    """Return what the rules say of one account, and what is decided about it."""
    assessment = planning.assessor.assess(account)
    decisions = plan_hold(planning, assessment)
    for party in assessment.parties:
        reminders = plan_reminders(planning, assessment, party, budget)
        budget = budget.after(reminders)
        decisions += reminders + plan_instalment_letters(planning, assessment, party, reminders)
        decisions += plan_next_days(planning, assessment, party)
        decisions += plan_follow_ups(planning, assessment, party)
        decisions += plan_alerts(planning, assessment, party)
        decisions += plan_charges(planning, assessment, party)
        decisions += plan_discounts(planning, assessment, party)
        decisions += plan_credit(planning, assessment, party)
        decisions += plan_terms(planning, assessment, party)
        decisions += plan_disputes(planning, assessment, party)
        decisions += plan_placements(planning, assessment, party)
        decisions += plan_write_offs(planning, assessment, party)
        decisions += plan_level(planning, assessment, party)
        decisions += plan_undeliverable(planning, assessment, party)
        decisions += plan_account_letters(planning, assessment, party, decisions)
    decisions += plan_old_promises(planning, assessment)
    if account.shown_levels:
        decisions += plan_levels_no_more(planning, assessment)
    if account.tasks:
        decisions += end_tasks(planning, account, assessment)
    return assessment, decisions


def _failure(account: Account, error: Exception) -> str:
    """Return what a person is told of an account that could not be planned, and where it failed."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = ""
    if trace is not None:
        place = f" at {PurePath(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
    return (
        f"{_debtor(account).name} could not be planned, so nothing is done about this customer: an"
        f" internal error ({type(error).__name__}{place}). Please report it."
    )


def _held_by_failure(account: Account, error: Exception) -> HeldBack:
    contact = _debtor(account)
    reason = f"it could not be planned: an internal error ({type(error).__name__})"
    return HeldBack(contact.id, contact.name, "", "", reason)


def _debtor(account: Account) -> Contact:
    return next(
        (contact for contact in account.contacts if not contact.parent_id), account.contacts[0]
    )


def _rate_problems(documents: Iterable[str]) -> list[str]:
    return [
        f"no exchange rate was recorded for {document}: what it is worth is unknown"
        for document in islice(documents, UNRATED_SHOWN_MAX)
    ]
