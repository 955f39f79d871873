"""The JSON view of a plan: the names and shapes that `plan --json` prints, and many others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar, overload

from msgspec import UNSET, Struct, UnsetType, to_builtins

from arsync.core.actions import Action, ActionKind, ActionState, Because
from arsync.core.ledger.records import Difference
from arsync.core.planning.plan import EndedTask, HeldBack, Plan
from arsync.core.planning.send_blocks import Pause
from arsync.core.rulebook.model import Rulebook

T = TypeVar("T")


class Each(Sequence[T]):
    """A sequence seen through a function: each item is made when it is asked for, and not kept."""

    def __init__(self, source: Sequence[Any], make: Callable[[Any], T]) -> None:
        """Wrap a sequence; `make` is called for each item, each time it is read."""
        self._source = source
        self._make = make

    def __len__(self) -> int:
        return len(self._source)

    def __iter__(self) -> Iterator[T]:
        return map(self._make, self._source)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...
    def __getitem__(self, index: int | slice) -> T | list[T]:
        """Make one item, or some."""
        if isinstance(index, slice):
            return [self._make(element) for element in self._source[index]]
        return self._make(self._source[index])


class NamedView(Struct, frozen=True):
    """A customer, or an organisation, wherever one is named."""

    id: str
    name: str


class InvoiceView(Struct, frozen=True):
    """An invoice as an action names it."""

    id: str
    number: str
    amount_due: Decimal
    """What is asked for: owed net, less what is disputed."""
    currency: str
    document_amount_due: Decimal | UnsetType = UNSET
    """What is due on the invoice itself, where that is more."""
    disputed: Decimal | UnsetType = UNSET
    """What of it is disputed and not asked for now, where something is."""
    step: str | UnsetType = UNSET
    """Left out where the action has one step for all of them."""


class ActionView(Struct, frozen=True):
    """An action, as every command shows it."""

    key: str
    kind: ActionKind
    contact: NamedView
    invoices: tuple[InvoiceView, ...]
    step: str
    via: str
    state: ActionState
    not_before: datetime | None
    approval: str
    """`required` or `none`."""
    batch: str
    episode: int
    note: str
    details: Mapping[str, Any]
    """What only this kind of action needs."""
    because: Because
    approvers: tuple[str, ...] | UnsetType = UNSET
    """The roles whose approval it waits for; left out where anybody's is enough."""


class HeldBackView(Struct, frozen=True):
    """What was not done, and why."""

    contact: str
    contact_id: str
    invoice: str
    invoice_id: str
    why: str
    next_date: date | None
    because: Because | None


class RulePlaceView(Struct, frozen=True):
    """The rule that asks for something, where its facts are not told."""

    file: str
    line: int
    rule: str


class RulebookView(Struct, frozen=True):
    """Which rulebook it was."""

    files: tuple[str, ...]
    hash: str


class SafetyView(Struct, frozen=True):
    """Whether the plan does more than `safety` allows."""

    exceeded: bool
    messages: tuple[str, ...] | UnsetType = UNSET
    """Left out where there is none."""


class PauseView(Struct, frozen=True):
    """What does not leave for the time being."""

    kinds: tuple[ActionKind, ...]
    rule: str
    why: str


class EndedTaskView(Struct, frozen=True):
    """An open task that ends, because its reason is gone."""

    key: str
    contact: NamedView
    task: str
    reason: str


class PlanView(Struct, frozen=True):
    """A plan. Its two long lists are made while they are read."""

    connection: str
    as_of: date
    rulebook: RulebookView
    actions: Sequence[ActionView]
    held_back: Sequence[HeldBackView]
    safety: SafetyView
    paused: tuple[PauseView, ...]
    problems: tuple[str, ...]
    ended_tasks: tuple[EndedTaskView, ...] | UnsetType = UNSET
    """Open tasks that end, because their reason is gone; left out where there is none."""


class DifferenceView(Struct, frozen=True):
    """A customer of whom the platform's own balance and the copy do not agree."""

    contact: str
    contact_id: str
    theirs: Decimal
    ours: Decimal
    currency: str


def action_view(action: Action, state: ActionState = ActionState.PLANNED) -> ActionView:
    """Return the JSON view of an action."""
    details: dict[str, Any] = to_builtins(action.payload)
    # Every action has it beside the details.
    del details["kind"]
    return ActionView(
        action.key,
        action.kind,
        NamedView(action.contact_id, action.contact_name),
        tuple(
            InvoiceView(
                ref.id,
                ref.number,
                ref.amount_due,
                ref.currency,
                UNSET if ref.document_amount_due is None else ref.document_amount_due,
                UNSET if ref.disputed is None else ref.disputed,
                ref.step or UNSET,
            )
            for ref in action.invoices
        ),
        action.step,
        action.via,
        state,
        action.not_before,
        "required" if action.needs_approval else "none",
        action.batch_id,
        action.episode,
        action.note,
        details,
        action.because,
        action.approvers or UNSET,
    )


def held_back_view(held: HeldBack) -> HeldBackView:
    """Return the JSON view of something that is held back."""
    return HeldBackView(
        held.contact_name,
        held.contact_id,
        held.invoice_number,
        held.invoice_id,
        held.why,
        held.next_date,
        held.because,
    )


def rulebook_view(rulebook: Rulebook) -> RulebookView:
    """Return the JSON view of a rulebook."""
    return RulebookView(tuple(rulebook.files), rulebook.hash)


def pause_view(pause: Pause) -> PauseView:
    """Return the JSON view of a pause."""
    return PauseView(tuple(sorted(pause.kinds)), pause.rule, pause.reason)


def ended_task_view(ended: EndedTask) -> EndedTaskView:
    """Return the JSON view of a task that ends."""
    contact = NamedView(ended.contact_id, ended.contact_name)
    return EndedTaskView(ended.key, contact, ended.text, ended.reason)


def plan_view(plan: Plan) -> PlanView:
    """Return the JSON view of a plan."""
    safety = plan.safety
    return PlanView(
        connection=plan.connection,
        as_of=plan.as_of,
        rulebook=RulebookView(plan.rulebook_files, plan.rulebook_hash),
        actions=Each(plan.actions, action_view),
        held_back=Each(plan.held_back, held_back_view),
        safety=SafetyView(safety.exceeded, safety.messages or UNSET),
        paused=tuple(map(pause_view, plan.paused)),
        problems=plan.problems,
        ended_tasks=tuple(map(ended_task_view, plan.ended_tasks)) or UNSET,
    )


def difference_view(difference: Difference) -> DifferenceView:
    """Return the JSON view of a difference."""
    return DifferenceView(
        difference.contact_name,
        difference.contact_id,
        difference.theirs,
        difference.ours,
        difference.currency,
    )
