"""What changed since a connection's last plan, and why: data, rule, or time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from arsync.application.container import Parts
from arsync.application.packed_plan import packed
from arsync.application.queries import accounts
from arsync.application.trials import trial_of
from arsync.core.planning.plan import Each
from arsync.core.planning.planner import Plan
from arsync.core.rulebook import read_rulebook
from arsync.core.rulebook.effective import effective_text
from arsync.core.trials.plan_diff import PlanChange, Planned, plan_changes, planned
from arsync.errors import UserMistake
from arsync.rules_source.folder import Rules
from arsync.store.models import ConnectionRow


class Since(NamedTuple):
    """What changed since the last plan of one connection."""

    connection: str
    last: date
    """The day of the last plan."""
    as_of: date
    same_rules: bool
    changes: Sequence[PlanChange]
    """Packed: go through them in their order, as often as needed."""

    def as_json(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "connection": self.connection,
            "last_plan": self.last.isoformat(),
            "as_of": self.as_of.isoformat(),
            "same_rules": self.same_rules,
            "changes": Each(self.changes, PlanChange.as_json),
        }


def remember(parts: Parts, connection: ConnectionRow, plan: Plan, rules: Rules) -> None:
    """Keep a run's plan in short, so that the next can be compared with it."""
    parts.store.last_plans.save(
        connection.id,
        as_of=plan.as_of,
        at=parts.clock.now(),
        rulebook_hash=plan.rulebook_hash,
        rulebook=effective_text(rules.effective),
        actions=(planned(action) for action in plan.actions),
    )


def since_last(parts: Parts, connection: ConnectionRow, as_of: date | None = None) -> Since:
    """Return what changed since the last plan, each change with its one cause.

    Args:
        parts: the application's.
        connection: whose.
        as_of: a later day than today.

    Raises:
        UserMistake: no run has planned yet, the day is before the last plan, or a rulebook is none.
    """
    last = parts.store.last_plans.get(connection.id)
    if last is None:
        raise UserMistake(
            f"{connection.name} has no last plan to compare with."
            "\n    hint: `arsync sync` and `arsync approve` keep theirs"
        )
    today = as_of or parts.today(connection)
    if today < last.as_of or (as_of is not None and as_of < parts.today(connection)):
        raise UserMistake(
            f"{connection.name} was last planned on {last.as_of}: ask for a later day."
        )
    rulebook, _ = parts.rulebook(connection)
    same = rulebook.hash == last.rulebook_hash
    trial = trial_of(parts, connection)
    moment = parts.clock.now() + timedelta(days=(today - parts.today(connection)).days)
    now = trial.day(rulebook, today, moment)
    new_then = trial.day(rulebook, last.as_of, last.at)
    if today == last.as_of and new_then.first_day == now.first_day:
        new_then = now
    old_then = new_then
    if not same:
        old, problems = read_rulebook([("the last rulebook", last.rulebook)])
        if old is None:
            raise UserMistake("\n".join(map(str, problems)))
        old_then = trial.day(old, last.as_of, last.at)
    then = packed(last.actions, Planned)
    changes = plan_changes(accounts(parts, connection, as_of), then, (old_then, new_then, now))
    return Since(connection.name, last.as_of, today, same, packed(changes, PlanChange))
