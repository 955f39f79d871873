"""Since the last plan: what is new in today's plan, gone from it or changed, each with its cause.

The same ledger is planned once more with the old rules on the old day, then with the new rules on
the old day, then with the new rules today. Between which two of them an action comes, goes or
changes says what brought it: the data, the rule, or the time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from msgspec import UNSET, Struct, UnsetType

from arsync.core.actions import Action, ActionKind, payload_words
from arsync.core.ledger.money import ZERO, shown
from arsync.core.ledger.records import Account
from arsync.core.planning.plan import Planned
from arsync.core.planning.plan_views import NamedView, RulePlaceView
from arsync.core.trials.rulebook_diff import action_in_words
from arsync.core.trials.trial import TrialDay

INVOICES_NAMED_MAX = 3
"""How many invoices a planned action names."""

LINE = "line"
NOT_BEFORE = "not before"


class Cause(StrEnum):
    """What brought a change of the plan."""

    DONE = "it was done"
    DATA = "the data changed"
    RULE = "the rule changed"
    TIME = "time passed"


class How(StrEnum):
    """How an action differs from the last plan."""

    NEW = "new"
    GONE = "gone"
    CHANGED = "changed"


class ChangedQuality(Struct, frozen=True):
    """One quality of an action that is not what it was."""

    name: str
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.name}: {self.old or 'none'} -> {self.new or 'none'}"


class PlanChange(NamedTuple):
    """One action that is new in the plan, gone from it, or changed."""

    cause: Cause
    how: How
    planned: Planned
    """As it is now; when it is gone, as it was."""
    qualities: tuple[ChangedQuality, ...] = ()
    """What changed in it, by this cause."""

    @property
    def only_moved(self) -> bool:
        """Return whether only the line of the rule changed."""
        return self.how is How.CHANGED and all(quality.name == LINE for quality in self.qualities)


class PlanChangeView(Struct, frozen=True):
    """The JSON view of one change of the plan."""

    cause: Cause
    change: How
    key: str
    contact: NamedView
    what: str
    about: str
    because: RulePlaceView
    parts: tuple[ChangedQuality, ...] | UnsetType = UNSET
    """Left out where the whole action came or went."""


def plan_change_view(change: PlanChange) -> PlanChangeView:
    """Return the JSON view of one change of the plan."""
    planned = change.planned
    return PlanChangeView(
        change.cause,
        change.how,
        planned.key,
        NamedView(planned.contact_id, planned.contact_name),
        planned.what,
        planned.about,
        RulePlaceView(planned.file, planned.line, planned.rule),
        change.qualities or UNSET,
    )


def planned(action: Action) -> Planned:
    """Return what is kept of an action."""
    because = action.because
    return Planned(
        action.key,
        action.contact_id,
        action.contact_name,
        action_in_words(action),
        _about(action),
        because.file,
        because.line,
        because.rule,
        qualities(action),
    )


def qualities(action: Action) -> dict[str, str]:
    """Return how an action is done, each quality by the name that people read.

    The facts that made its rule match are not among them: `days_overdue` is another each day.
    """
    because, sums = action.because, dict[str, Decimal]()
    for ref in action.invoices:
        sums[ref.currency] = sums.get(ref.currency, ZERO) + ref.amount_due
    days = sorted({(ref.day, ref.step_day) for ref in action.invoices if ref.step})
    return {
        "action": action_in_words(action),
        "step": ", ".join(words for _, words in days),
        "invoices": _about(action),
        "amount due": " and ".join(shown(amount, code) for code, amount in sums.items()),
        "approval": _approved_by(action),
        "via": action.via if action.kind is ActionKind.REMINDER else "",
        NOT_BEFORE: action.not_before.date().isoformat() if action.not_before else "",
        **payload_words(action.payload),
        LINE: f'{because.file}:{because.line} "{because.rule}"',
    }


def _approved_by(action: Action) -> str:
    if not action.needs_approval:
        return "by the rulebook"
    return f"by {' and '.join(action.approvers)}" if action.approvers else "by a person"


def _about(action: Action) -> str:
    numbers = [invoice.number or invoice.id for invoice in action.invoices]
    more = len(numbers) - INVOICES_NAMED_MAX
    return ", ".join(numbers[:INVOICES_NAMED_MAX]) + (f" and {more} more" if more > 0 else "")


def plan_changes(
    accounts: Iterable[Account], last: Sequence[Planned], stages: tuple[TrialDay, ...]
) -> Iterator[PlanChange]:
    """Yield what changed since the last plan; accounts stream through.

    Args:
        accounts: every debtor as it stands now.
        last: what was planned then, which may be packed: it is asked for in its order.
        stages: the old rules on the old day, the new rules on the old day, the new rules now. The
            same stage twice is planned once.
    """
    # Places in the plan, not its actions: those may be packed, and are unpacked a few at a time.
    before: dict[str, list[int]] = {}
    for place, planned_before in enumerate(last):
        before.setdefault(planned_before.contact_id, []).append(place)
    for account in accounts:
        places = [place for contact in account.contacts for place in before.pop(contact.id, ())]
        yield from _of_account(account, [last[place] for place in places], stages)
    # Their contacts are no longer in the ledger at all.
    for remaining in before.values():
        yield from (PlanChange(Cause.DATA, How.GONE, last[place]) for place in remaining)


Plans = list[dict[str, Planned]]


def _of_account(
    account: Account, then: list[Planned], stages: tuple[TrialDay, ...]
) -> Iterator[PlanChange]:
    plans: Plans = [{planned_action.key: planned_action for planned_action in then}]
    plans_by_stage: dict[int, dict[str, Planned]] = {}
    for stage in stages:
        if id(stage) not in plans_by_stage:
            plans_by_stage[id(stage)] = {
                action.key: planned(action) for action in stage.treat(account).actions
            }
        plans.append(plans_by_stage[id(stage)])
    first, last = plans[0], plans[-1]
    for key, planned_action in first.items():
        if key not in last:
            cause = Cause.DONE if key in account.done_keys else _cause(key, plans, is_new=False)
            yield PlanChange(cause, How.GONE, planned_action)
        elif planned_action.qualities:
            yield from _changed(key, plans, stages)
    for key, planned_action in last.items():
        if key not in first:
            yield PlanChange(_cause(key, plans, is_new=True), How.NEW, planned_action)


_CAUSES = (Cause.DATA, Cause.RULE, Cause.TIME)
"""The cause of a difference between each plan and the next."""


def _cause(key: str, plans: Plans, *, is_new: bool) -> Cause:
    """Return between which two plans an action came or went last."""
    latest = Cause.DATA
    for cause, earlier, later in zip(_CAUSES, plans, plans[1:], strict=False):
        if (key in later) is is_new and (key in earlier) is not is_new:
            latest = cause
    return latest


def _changed(key: str, plans: Plans, stages: tuple[TrialDay, ...]) -> Iterator[PlanChange]:
    """Yield what changed in an action that is in both plans: one change for each cause."""
    first, last = plans[0][key], plans[-1][key]
    today = stages[-1].today.isoformat()

    def value(plan: int, name: str) -> str | None:
        if key not in plans[plan]:
            return None
        if name == LINE and plan == 1 and stages[0] is not stages[1]:
            # The old rules are read from their kept text, whose lines are not those of the files.
            return first.qualities[LINE]
        quality_value = plans[plan][key].qualities.get(name, "")
        # A day that has come is as good as any other that has: nothing waits for it.
        return max(quality_value, today) if name == NOT_BEFORE and quality_value else quality_value

    by_cause: dict[Cause, list[ChangedQuality]] = {}
    for name in dict.fromkeys((*last.qualities, *first.qualities)):
        values = [value(plan, name) for plan in range(len(plans))]
        if values[0] != values[-1]:
            quality = ChangedQuality(
                name, first.qualities.get(name, ""), last.qualities.get(name, "")
            )
            by_cause.setdefault(_cause_of(values), []).append(quality)
    for cause, qualities in by_cause.items():
        yield PlanChange(cause, How.CHANGED, last, tuple(qualities))


def _cause_of(values: list[str | None]) -> Cause:
    """Return between which two plans a quality last became what it is; None: not planned there."""
    latest, earlier = Cause.DATA, values[0]
    for cause, later in zip(_CAUSES, values[1:], strict=False):
        if later is None:
            continue
        if later == values[-1] != earlier:
            latest = cause
        earlier = later
    return latest
