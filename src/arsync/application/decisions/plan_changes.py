"""What changed since a connection's last plan, and why: data, rule, or time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from msgspec import Struct

from arsync.application.organisation.account_reading import accounts_on
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.organisation.packed_plan import packed
from arsync.application.permissions import Actor, Permission, permit
from arsync.core.planning.plan import Plan, Planned
from arsync.core.planning.plan_views import Each
from arsync.core.rulebook import read_rulebook
from arsync.core.rulebook.effective import effective_text
from arsync.core.trials.plan_diff import (
    PlanChange,
    PlanChangeView,
    plan_change_view,
    plan_changes,
    planned,
)
from arsync.errors import UserMistake


class Since(NamedTuple):
    """What changed since the last plan of one connection."""

    connection: str
    last: date
    """The day of the last plan."""
    as_of: date
    same_rules: bool
    changes: Sequence[PlanChange]
    """Packed: go through them in their order, as often as needed."""


class SinceView(Struct, frozen=True):
    """The JSON view of the changes, which are made while they are read."""

    connection: str
    last_plan: date
    as_of: date
    same_rules: bool
    changes: Sequence[PlanChangeView]


def since_view(since: Since) -> SinceView:
    """Return the JSON view of the changes."""
    changes = Each(since.changes, plan_change_view)
    return SinceView(since.connection, since.last, since.as_of, since.same_rules, changes)


def remember(organisation: OrganisationContext, plan: Plan) -> None:
    """Keep a run's plan in short, so that the next can be compared with it."""
    organisation.store.last_plans.save(
        organisation.id,
        as_of=plan.as_of,
        at=organisation.clock.now(),
        rulebook_hash=plan.rulebook_hash,
        # Its text, not its file: the file may be edited before the next plan is compared.
        rulebook=effective_text(organisation.rules.effective),
        actions=(planned(action) for action in plan.actions),
    )


def since_last_plan(
    actor: Actor, organisation: OrganisationContext, as_of: date | None = None
) -> Since:
    """Return what changed since the last plan, each change with its one cause.

    Args:
        actor: who asks.
        organisation: whose.
        as_of: a later day than today.

    Raises:
        UserMistake: no run has planned yet, the day is before the last plan, or a rulebook is none.
    """
    permit(actor, Permission.READ)
    last = organisation.store.last_plans.get(organisation.id)
    if last is None:
        raise UserMistake(
            f"{organisation.name} has no last plan to compare with."
            "\n    hint: `arsync sync` and `arsync approve` save one"
        )
    day = as_of or organisation.today
    if day < last.as_of or (as_of is not None and as_of < organisation.today):
        raise UserMistake(
            f"{organisation.name} was last planned on {last.as_of}: choose a later day."
        )
    rulebook = organisation.rulebook
    same = rulebook.hash == last.rulebook_hash
    old = rulebook
    if not same:
        kept, problems = read_rulebook([("the last rulebook", last.rulebook)])
        if kept is None:
            raise UserMistake("\n".join(map(str, problems)))
        old = kept
    trial = organisation.trial_on((last.as_of, day), old, rulebook)
    now = trial.day(rulebook, day, organisation.moment_on(day))
    new_then = trial.day(rulebook, last.as_of, last.at)
    if day == last.as_of and new_then.first_day == now.first_day:
        new_then = now
    # Rules that did not change make the same plan: it is not made a third time.
    old_then = new_then if same else trial.day(old, last.as_of, last.at)
    then = packed(last.actions, Planned)
    accounts = accounts_on(organisation, as_of)
    changes = plan_changes(accounts, then, (old_then, new_then, now))
    return Since(organisation.name, last.as_of, day, same, packed(changes, PlanChange))
