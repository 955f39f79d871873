"""Each run keeps the measures as they are known then, and finds the goals that are missed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

from arsync.application.customers.customers_cadences import CustomersCadences
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.reports.ledger_measuring import measured
from arsync.core.actions import Action, ActionState
from arsync.core.actions.model import Because
from arsync.core.actions.payloads import TaskPayload
from arsync.core.analytics.goal_states import GoalState, goal_in_words, goal_states
from arsync.core.analytics.measure_definitions import DEFINITIONS
from arsync.core.analytics.measure_sums import MeasuringWindow
from arsync.core.analytics.measures import Figures, month_ends
from arsync.core.analytics.trial_results import TrialArm
from arsync.core.ledger.as_of import as_it_stood
from arsync.core.ledger.money import ZERO
from arsync.core.ledger.records import Account, Contact, is_owed
from arsync.core.planning.cadence_trials import is_tried_on, stands_beside
from arsync.core.rulebook.model import Goals
from arsync.store.ledger.measure_snapshots import GoalMiss
from arsync.store.models import Mode

KEPT_AGAIN_AFTER = timedelta(hours=1)
"""A day's figures are added up again at most so often: each time reads the whole ledger."""

WHO = "goals"
"""Who opens the task of a missed goal."""

GOAL_CAUSE = "missed goal"
"""What such a task is because of, in place of a rule."""


def keep_figures(actor: Actor, organisation: OrganisationContext, *, changed: bool) -> bool:
    """Keep today's measures, and those of past months' ends of which nothing is kept.

    Goals are looked at too: one that is missed is kept once a month, for the day's mail, and opens
    a task where the rulebook says so.

    Args:
        actor: who runs.
        organisation: whose ledger.
        changed: whether the run brought anything; what was kept within the hour stays all the same.

    Returns:
        Whether they were added up.
    """
    permit(actor, Permission.RUN)
    snapshots, today = organisation.store.snapshots, organisation.today
    kept_at = snapshots.taken_at(organisation.id, today)
    if kept_at is not None and not (
        changed and organisation.clock.now() - kept_at >= KEPT_AGAIN_AFTER
    ):
        return False
    windows = month_ends(MeasuringWindow(today))
    kept = snapshots.days_kept(organisation.id, [window.day for window in windows[:-1]])
    windows_to_add_up = [window for window in windows if window.day not in kept]
    worst, trials = _Worst(organisation), _Trials(organisation)
    rows = measured(organisation, windows_to_add_up, see=worst.look_at)
    snapshots.keep(organisation.id, rows, today=today)
    organisation.store.trial_arms.record(organisation.id, trials.arms())
    _find_missed(organisation, [row for row in rows if row.as_of == today], worst)
    return True


class _Worst:
    """The customer who owes the most that is overdue, in the base currency."""

    def __init__(self, organisation: OrganisationContext) -> None:
        self._organisation = organisation
        self._base = organisation.connection.organisation.base_currency
        self._contact_id = ""
        self._overdue = ZERO

    def look_at(self, account: Account) -> None:
        today = self._organisation.today
        stood = as_it_stood(account, today, zone=self._organisation.zone)
        overdue: dict[str, Decimal] = {}
        for invoice in stood.invoices:
            rate = Decimal(1) if invoice.currency == self._base else invoice.rate
            if is_owed(invoice) and invoice.due_on < today and rate is not None:
                amount = invoice.amount_due * rate
                overdue[invoice.contact_id] = overdue.get(invoice.contact_id, ZERO) + amount
        for contact_id, amount in overdue.items():
            if amount > self._overdue:
                self._contact_id, self._overdue = contact_id, amount

    @property
    def contact(self) -> Contact | None:
        """Return the customer; None: nothing is overdue."""
        ledger, connection_id = self._organisation.store.ledger, self._organisation.id
        ids = [self._contact_id] if self._contact_id else []
        for account in ledger.accounts(connection_id, ids) if ids else ():
            for contact in account.contacts:
                if contact.id == self._contact_id:
                    return contact
        return None


class _Trials:
    """In which half of each trial customers are, whose cadence has one."""

    def __init__(self, organisation: OrganisationContext) -> None:
        self._organisation = organisation
        self._rulebook = organisation.rules.rulebook
        reminders = () if self._rulebook is None else self._rulebook.reminders
        self._tried = [cadence for cadence in reminders if cadence.trial is not None]
        self._cadences_of = CustomersCadences(organisation, organisation.today)

    def arms(self) -> list[TrialArm]:
        """Return in which half each customer is; without a trial nobody is read for it."""
        ledger, arms = self._organisation.store.ledger, list[TrialArm]()
        for account in ledger.accounts(self._organisation.id) if self._tried else ():
            arms += self._arms_of(account)
        return arms

    def _arms_of(self, account: Account) -> Iterator[TrialArm]:
        if self._rulebook is None:
            return
        mine = {name for names in self._cadences_of(account).values() for name in names}
        debtor_id = account.contacts[0].id
        for tried in self._tried:
            if not mine.isdisjoint({tried.name, stands_beside(self._rulebook, tried).name}):
                is_tried = is_tried_on(tried, debtor_id)
                today = self._organisation.today
                yield TrialArm(tried.name, debtor_id, is_tried, today)


def _find_missed(organisation: OrganisationContext, rows: Sequence[Figures], worst: _Worst) -> None:
    rulebook = organisation.rules.rulebook
    if rulebook is None or not rulebook.goals.goals:
        return
    base, today = organisation.connection.organisation.base_currency, organisation.today
    missed: Mapping[str, tuple[GoalState, Decimal]] = {
        state.measure: (state, state.now.figure)
        for state in goal_states(rulebook.goals.goals, rows, base)
        if state.now.missed and state.now.figure is not None
    }
    new = organisation.store.snapshots.missed(
        organisation.id,
        [
            GoalMiss(measure, today.replace(day=1), today, figure, state.goal)
            for measure, (state, figure) in missed.items()
        ],
    )
    if not new or not rulebook.goals.task or organisation.observes:
        return
    contact = worst.contact
    if contact is not None:
        for miss in new:
            _open_task(organisation, rulebook.goals, miss, missed[miss.measure][0], contact)


def _open_task(
    organisation: OrganisationContext,
    goals: Goals,
    miss: GoalMiss,
    state: GoalState,
    contact: Contact,
) -> None:
    """Open the task of a missed goal, at the customer who owes the most that is overdue."""
    words = miss_in_words(miss)
    file, _, line = state.rule.rpartition(":")
    task = Action(
        payload=TaskPayload(f"{goals.task} ({words})", goals.assign_to),
        connection=organisation.name,
        contact_id=contact.id,
        contact_name=contact.name,
        because=Because(file, int(line), GOAL_CAUSE),
        # Once a month and goal, whoever owes the most by then.
        subject=f"{miss.measure} {miss.month:%Y-%m}",
        note=f"{words}. This customer owes the most that is overdue.",
    )
    may_run = organisation.mode == Mode.AUTO
    organisation.store.tasks.open_once(
        organisation.id,
        task,
        who=WHO,
        now=organisation.clock.now(),
        state=ActionState.APPROVED if may_run else ActionState.AWAITING_APPROVAL,
    )


def miss_in_words(miss: GoalMiss) -> str:
    """Return what was missed: `DSO is 52.1 days, the goal is at most 40 days`."""
    label = DEFINITIONS[miss.measure].label
    return goal_in_words(miss.measure, miss.figure, miss.goal, label)
