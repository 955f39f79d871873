"""When the next letter is due, where none waits and none is on its way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import partial
from typing import NamedTuple

from arsync.application.desk.long_work import Lane, LongJob, LongWork
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.core.actions import Action
from arsync.core.actions.registry import MESSAGE_KINDS
from arsync.core.ledger.records import Account, RecordKind
from arsync.core.planning.plan import Plan

Watch = Callable[[Iterator[Account]], Iterator[Account]]
"""Hands a ledger's customers on, and may count them."""

AHEAD_DAYS_MAX = 14
"""So many days are planned ahead, one after the other, until a letter is found."""

NAMED_MAX = 2
"""So many of its readers are named."""


class NextLetter(NamedTuple):
    """The next day on which letters leave, as the books stand."""

    due_on: date | None
    """None: none does within `AHEAD_DAYS_MAX` days."""
    names: tuple[str, ...] = ()
    """Of some of the customers, in the order of sending."""
    others: int = 0
    """So many more customers."""


def begin_next_letter(
    actor: Actor, organisation: OrganisationContext, work: LongWork
) -> LongJob[NextLetter]:
    """Begin to look for the next letter, or find it.

    It is kept until a run ended, the ledger was read, the rulebook changed or the day is over.
    """
    permit(actor, Permission.READ)
    store = organisation.store
    last = store.runs.last(organisation.id, besides="plan")
    key = (
        "next letter",
        organisation.id,
        organisation.today,
        store.ledger.pulled_at(organisation.id),
        last.id if last else 0,
        organisation.rulebook.hash,
    )

    def make(job: LongJob[NextLetter]) -> NextLetter:
        customers = store.ledger.counts(organisation.id)[RecordKind.CONTACTS]
        watch = partial(job.watched, in_all=customers)
        return next_letter(actor, organisation, watch=watch)

    return work.begin(Lane.FIGURES, key, make)


def next_letter(
    actor: Actor, organisation: OrganisationContext, *, watch: Watch = iter
) -> NextLetter:
    """Return when the next letter leaves: plans of the coming days, from the books of now.

    It plans the whole ledger for one day after the other: seconds, for a large one.

    Args:
        actor: who asks.
        organisation: whose letters.
        watch: hands the customers on.

    Raises:
        UserMistake: the rulebook cannot be read.
    """
    permit(actor, Permission.READ)
    day = organisation.today
    last = day + timedelta(AHEAD_DAYS_MAX)
    while day < last:
        day += timedelta(1)
        leaving = _leaving(organisation, _planned(organisation, day, watch), day)
        if not leaving:
            continue
        due_on = min(leaving.values())
        if due_on > day:
            # It leaves once the week begins: so does what comes due until then.
            later = _leaving(organisation, _planned(organisation, due_on, watch), due_on)
            leaving = later or leaving
            due_on = min(leaving.values())
        names = [name for (_, name), leaves_on in leaving.items() if leaves_on == due_on]
        return NextLetter(due_on, tuple(names[:NAMED_MAX]), max(0, len(names) - NAMED_MAX))
    return NextLetter(None)


def _planned(organisation: OrganisationContext, day: date, watch: Watch) -> Plan:
    accounts = organisation.store.ledger.accounts(organisation.id)
    return organisation.replan(watch(accounts), day)


def _leaving(
    organisation: OrganisationContext, plan: Plan, day: date
) -> dict[tuple[str, str], date]:
    """Return by customer, its id and its name, the earliest day on which a letter leaves."""
    days: dict[tuple[str, str], date] = {}
    for action in plan.actions:
        if action.kind in MESSAGE_KINDS:
            customer = action.contact_id, action.contact_name
            leaves_on = _leaves_on(organisation, action, day)
            days[customer] = min(leaves_on, days.get(customer, leaves_on))
    return days


def _leaves_on(organisation: OrganisationContext, action: Action, day: date) -> date:
    if action.not_before is None:
        return day
    return max(day, action.not_before.astimezone(organisation.zone).date())
