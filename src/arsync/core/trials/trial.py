"""A trial: what stays the same while rulebooks and days are tried on one connection's ledger."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import NamedTuple

from arsync.core.actions import Action
from arsync.core.ledger.held_since import ConditionSeen
from arsync.core.ledger.ledger_due import LedgerDue
from arsync.core.ledger.records import Account, Organisation
from arsync.core.planning.assessment import Assessment, Assessor, DunnedParty
from arsync.core.planning.customer_locale import HolidaysIn
from arsync.core.planning.plan import EndedTask, HeldBack
from arsync.core.planning.plan_decisions import EmailBudget
from arsync.core.planning.planner import begin_plan, plan_account, zone_named
from arsync.core.planning.planning_context import EVERY_WAY, Planning, Sends
from arsync.core.rulebook.model import Rulebook


class Treatment(NamedTuple):
    """What one rulebook does with one account on one day."""

    assessment: Assessment
    actions: tuple[Action, ...]
    held_back: tuple[HeldBack, ...]
    ended_refusals: tuple[str, ...]
    """Keys of what was undone or refused and may come again: see `Plan.ended_refusals`."""
    ended_tasks: tuple[EndedTask, ...]
    """Open tasks whose reason has gone."""
    seen: tuple[ConditionSeen, ...] = ()
    """What changes of how long conditions have held."""


class Trial(NamedTuple):
    """One connection, ready to try any rulebook on any day."""

    connection: str
    organisation: Organisation
    offers: frozenset[str]
    """What the accounting system can take, as `Capability` texts."""
    holidays: HolidaysIn
    """The public holidays of a place, as `sending` names it."""
    sends: Sends = EVERY_WAY
    ledger_due: LedgerDue | None = None
    """What the whole ledger is due on the days that are tried; None: no rule asks for it."""

    @property
    def zone(self) -> tzinfo:
        """Return the organisation's time zone; UTC when it is not known."""
        return zone_named(self.organisation.time_zone)[0]

    def day(self, rulebook: Rulebook, today: date, now: datetime | None = None) -> TrialDay:
        """Return one rulebook on one day, ready for any number of accounts.

        Args:
            rulebook: what to do.
            today: the organisation's day.
            now: the moment of planning, aware; without one all hours of the day are left.
        """
        return TrialDay(self, rulebook, today, now)


class TrialDay:
    """One rulebook on one day. Nothing is kept of an account."""

    def __init__(
        self, trial: Trial, rulebook: Rulebook, today: date, now: datetime | None = None
    ) -> None:
        """Compile what the day needs."""
        # Two days before, at noon: in no time zone is it the day itself, so all its hours are left.
        before = now or datetime.combine(today - timedelta(2), time(12), tzinfo=UTC)
        self.rulebook = rulebook
        self.today = today
        planning, _ = begin_plan(
            rulebook,
            trial.connection,
            trial.organisation,
            today,
            before,
            offers=trial.offers,
            holidays=trial.holidays,
            sends=trial.sends,
            ledger_due=trial.ledger_due.on(today) if trial.ledger_due is not None else None,
        )
        self._planning: Planning = planning

    def treat(self, account: Account) -> Treatment:
        """Return what the rulebook does with one account, and what it holds back."""
        # What a trial plans is not limited by a day's emails: it asks about one account at a time.
        assessment, decisions = plan_account(self._planning, account, EmailBudget(0))
        return Treatment(
            assessment,
            decisions.actions,
            decisions.held_back,
            decisions.ended_refusals,
            decisions.ended_tasks,
            tuple(self.assessor.seen(assessment)) if self.assessor.watched else (),
        )

    def leaves_on(self, party: DunnedParty) -> date:
        """Return the day on which a message of this day leaves to a customer: it, or a later."""
        leaving = self._planning.places.leaving(party.view.contact, party.customer)
        return leaving.not_before.date()

    @property
    def first_day(self) -> date:
        """Return from when messages may leave, where every day counts."""
        return self._planning.places.first_day

    @property
    def assessor(self) -> Assessor:
        """Return the rulebook, ready to be asked about one account."""
        return self._planning.assessor
