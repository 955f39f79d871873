"""Since the last plan: what is new in today's plan and what is gone, each with its one cause.

The same ledger is planned once more with the old rules on the old day, then with the new rules on
the old day, then with the new rules today. Between which two of them an action comes or goes says
what brought it: the data, the rule, or the time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any, NamedTuple

from arsync.core.actions import Action
from arsync.core.difference import action_in_words
from arsync.core.records import Account
from arsync.core.trial import TrialDay

INVOICES_NAMED_MAX = 3
"""A planned action names so many invoices."""


class Cause(StrEnum):
    """What brought a change of the plan."""

    DONE = "it was done"
    DATA = "the data changed"
    RULE = "the rule changed"
    TIME = "time passed"


class Planned(NamedTuple):
    """One action of a plan, as much of it as is kept."""

    key: str
    contact_id: str
    contact_name: str
    what: str
    about: str
    file: str
    line: int
    rule: str

    def as_json(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "key": self.key,
            "contact": {"id": self.contact_id, "name": self.contact_name},
            "what": self.what,
            "about": self.about,
            "because": {"file": self.file, "line": self.line, "rule": self.rule},
        }


class PlanChange(NamedTuple):
    """One action that is new in the plan, or gone from it."""

    cause: Cause
    is_new: bool
    planned: Planned

    def as_json(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "cause": self.cause.value,
            "change": "new" if self.is_new else "gone",
            **self.planned.as_json(),
        }


def planned(action: Action) -> Planned:
    """Return what is kept of an action."""
    numbers = [one.number or one.id for one in action.invoices]
    more = len(numbers) - INVOICES_NAMED_MAX
    about = ", ".join(numbers[:INVOICES_NAMED_MAX]) + (f" and {more} more" if more > 0 else "")
    because = action.because
    return Planned(
        action.key, action.contact_id, action.contact_name, action_in_words(action), about,
        because.file, because.line, because.rule,
    )  # fmt: skip


def plan_changes(
    accounts: Iterable[Account], last: Iterable[Planned], stages: tuple[TrialDay, ...]
) -> Iterator[PlanChange]:
    """Yield what changed since the last plan; accounts stream through.

    Args:
        accounts: every debtor as it stands now.
        last: what was planned then.
        stages: the old rules on the old day, the new rules on the old day, the new rules now. The
            same stage twice is planned once.
    """
    before: dict[str, list[Planned]] = defaultdict(list)
    for one in last:
        before[one.contact_id].append(one)
    for account in accounts:
        then = [one for contact in account.contacts for one in before.pop(contact.id, [])]
        yield from _of_account(account, then, stages)
    for left in before.values():
        yield from (PlanChange(Cause.DATA, False, one) for one in left)


def _of_account(
    account: Account, then: list[Planned], stages: tuple[TrialDay, ...]
) -> Iterator[PlanChange]:
    plans: list[dict[str, Planned]] = [{one.key: one for one in then}]
    made: dict[int, dict[str, Planned]] = {}
    for stage in stages:
        if id(stage) not in made:
            made[id(stage)] = {one.key: planned(one) for one in stage.treat(account).actions}
        plans.append(made[id(stage)])
    first, last = plans[0], plans[-1]
    for key, one in first.items():
        if key not in last:
            cause = Cause.DONE if key in account.done_keys else _cause(key, plans, is_new=False)
            yield PlanChange(cause, False, one)
    for key, one in last.items():
        if key not in first:
            yield PlanChange(_cause(key, plans, is_new=True), True, one)


def _cause(key: str, plans: list[dict[str, Planned]], *, is_new: bool) -> Cause:
    """Return between which two plans an action came or went last."""
    causes = (Cause.DATA, Cause.RULE, Cause.TIME)
    found = Cause.DATA
    for cause, earlier, later in zip(causes, plans, plans[1:], strict=False):
        if (key in later) is is_new and (key in earlier) is not is_new:
            found = cause
    return found
