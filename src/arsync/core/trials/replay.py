"""A walk: one account day after day under one rulebook, as if every day had been run.

Actions that leave on a day are done that day, and the next day is planned from the result. Days on
which nothing can have changed are left out; the result is the same (`day_skipping`).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from arsync.core.actions import Action
from arsync.core.actions.effects import (
    after,
    after_reasons,
    after_task_done,
    after_tasks_closed,
    leaves_on,
    steps_taken,
)
from arsync.core.ledger.agreements.payment_plans import change_days
from arsync.core.ledger.held_since import after_seen
from arsync.core.ledger.records import Account, Placement
from arsync.core.planning.instalment_planner import announced_since, chased_since
from arsync.core.rulebook.model import Rulebook
from arsync.core.trials.day_skipping import InterestingDays, days_of_events
from arsync.core.trials.trial import Treatment, Trial, TrialDay

DAY = timedelta(1)


class Stop(NamedTuple):
    """One day of a walk on which something was done."""

    day: date
    account: Account
    """The account as it was planned that day."""
    treatment: Treatment
    done: tuple[Action, ...]


class Walker:
    """One rulebook from a first day to a last, ready for any number of accounts."""

    def __init__(
        self, trial: Trial, rulebook: Rulebook, first: date, last: date, *, every_day: bool = False
    ) -> None:
        """Prepare the days.

        Args:
            trial: on what.
            rulebook: what is tried.
            first: the first day.
            last: the last day.
            every_day: plan every day, also those on which nothing can have changed.
        """
        self.rulebook = rulebook
        self.first = first
        self.last = last
        self.evaluated = 0
        """How many days of accounts were planned."""
        self._trial = trial
        self._interesting_days = InterestingDays(rulebook, self.day, last, trial.ledger_due)
        self._every_day = every_day
        self._days: dict[date, TrialDay] = {}
        self._waited_for = frozenset(
            (cadence.name, step.day, step.slot)
            for cadence in rulebook.reminders
            for step in cadence.steps
            if step.waits_until_done
        )

    def day(self, today: date) -> TrialDay:
        """Return the rulebook on one day, compiled once."""
        # All accounts walk through the same days, so each day is compiled for the first of them.
        if today not in self._days:
            self._days[today] = self._trial.day(self.rulebook, today)
        return self._days[today]

    def walk(
        self, begin: Account, ledger: Account, documents_on: Callable[[date], Account]
    ) -> Iterator[Stop]:
        """Yield the days on which something is done to one account.

        Args:
            begin: what was done before the first day: steps sent, hold, open tasks.
            ledger: the account with all that happens to it until the last day.
            documents_on: its documents as they stand on a day; asked for days in their order.
        """
        state = begin
        events = days_of_events(
            ledger,
            self.first,
            self.last,
            self._trial.zone,
        )
        events = sorted({*events, *self._days_of_promises(ledger), *self._days_of_plans(ledger)})
        today = self.first
        while today <= self.last:
            account = _carried(documents_on(today), state)
            treatment = self.day(today).treat(account)
            self.evaluated += 1
            state = after_reasons(state, treatment.ended_refusals)
            state = self._after_seen(account, state, treatment, today)
            done = tuple(action for action in treatment.actions if leaves_on(action, today))
            if done:
                state = after(account, done, today)._replace(
                    held_since=state.held_since, watched=state.watched
                )
                # Nobody is there to do them, and without that no later step would be seen.
                state = after_task_done(state, self._waited_for_of(done), today)
            ended = [task.key for task in treatment.ended_tasks]
            state = after_tasks_closed(state, ended, today)
            if done:
                yield Stop(today, account, treatment, done)
            today = self._next(treatment, done, today, events)

    def _waited_for_of(self, done: Sequence[Action]) -> list[str]:
        """Return the keys of the tasks for which the later steps of their cadence wait."""
        return [
            action.key
            for action in done
            for step in (steps_taken(action, self.first) if self._waited_for else ())
            if (step.cadence, step.day, step.slot) in self._waited_for
        ]

    def _after_seen(
        self, account: Account, state: Account, treatment: Treatment, today: date
    ) -> Account:
        """Return the state with what the day showed of how long conditions have held."""
        watched = self.day(today).assessor.watched
        if not watched:
            return state
        looked_at = after_seen(account, treatment.seen, watched)
        return state._replace(held_since=looked_at.held_since, watched=looked_at.watched)

    def _days_of_plans(self, account: Account) -> Iterator[date]:
        """Yield the days on which a payment plan changes, or a letter about it may leave."""
        rules, assessor = self.rulebook.payment_plans, self.day(self.first).assessor
        for plan in account.payment_plans:
            days = set(change_days(plan, assessor.instalments_in_time))
            for instalment in plan.instalments:
                days.add(announced_since(rules, instalment.due_on) or instalment.due_on)
                days.add(chased_since(rules, instalment.due_on) or instalment.due_on)
            yield from (day for day in days if self.first <= day <= self.last)

    def _days_of_promises(self, account: Account) -> Iterator[date]:
        """Yield the days on which a promise breaks, or does not count as broken any more."""
        terms, assessor = self.rulebook.promises, self.day(self.first).assessor
        for promise in account.promises:
            until = assessor.promises_in_time(promise.promised_on)
            for day in (
                promise.promised_on + DAY,
                until + DAY,
                until + DAY + timedelta(terms.broken_counts_for),
            ):
                if self.first <= day <= self.last:
                    yield day

    def _next(
        self, treatment: Treatment, done: tuple[Action, ...], today: date, events: list[date]
    ) -> date:
        """Return the next day to plan."""
        tomorrow = today + DAY
        if self._every_day:
            return tomorrow
        place = bisect_right(events, today)
        event = events[place] if place < len(events) else self.last + DAY
        # Something happens tomorrow anyway: no answer has to be looked through.
        if event == tomorrow:
            return tomorrow
        return self._interesting_days.after(treatment, done, today, event)


def _all_placements(documents: Account, state: Account) -> tuple[Placement, ...]:
    """Return what the trial placed, and what people placed up to the day, which counts first."""
    by_key = {placement.key: placement for placement in (*state.placements, *documents.placements)}
    return tuple(by_key.values())


def _carried(documents: Account, state: Account) -> Account:
    """Return the documents of one day with what was done up to it."""
    return documents._replace(
        sent=state.sent,
        hold=state.hold,
        last_hold_episode=state.last_hold_episode,
        tasks=state.tasks,
        done_keys=state.done_keys,
        charges=state.charges,
        shown_levels=state.shown_levels,
        placements=_all_placements(documents, state),
        letters=state.letters,
        undone=state.undone,
        refused=state.refused,
        taken_over_on=state.taken_over_on,
        held_since=state.held_since,
        watched=state.watched,
    )


def taken_over(account: Account, first: date) -> Account:
    """Return the account as if the connection was taken over on the first day, if not before."""
    since = account.taken_over_on
    return (
        account if since is not None and since <= first else account._replace(taken_over_on=first)
    )
