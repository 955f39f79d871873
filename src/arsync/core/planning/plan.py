"""A plan, and the parts it is made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Generic, NamedTuple, Protocol, TypeVar

from arsync.core.actions import Action, Because
from arsync.core.ledger.held_since import ConditionSeen
from arsync.core.planning.send_blocks import Pause

T = TypeVar("T")


class HeldBack(NamedTuple):
    """A withheld action: the first reason that stops it, and the day it would be done."""

    contact_id: str
    contact_name: str
    invoice_id: str
    """Empty when it is about the contact."""
    invoice_number: str
    why: str
    next_date: date | None = None
    """The next day anything can happen; None when that depends on someone."""
    because: Because | None = None


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
    qualities: Mapping[str, str] = {}
    """How it is done, by name: see `trials.plan_diff.qualities`. Empty in a plan that an older
    version kept; then nothing is known of what changed in the action."""


class EndedTask(NamedTuple):
    """An open task whose reason is gone."""

    key: str
    contact_id: str
    contact_name: str
    text: str
    """What was to be done."""
    reason: str
    """In words, to follow `closed: `."""


class LimitOfDay(NamedTuple):
    """The credit limit of one debtor on the day of a plan, and what set it."""

    contact_id: str
    """The debtor's: a parent's covers its children."""
    amount: Decimal | None
    """In the rulebook's currency; None: none is known, or there is none on purpose."""
    is_unlimited: bool = False
    until: date | None = None
    """The last day of a temporary limit."""
    rule: str = ""
    """The rule of `credit_limits`; empty: none matches."""
    file: str = ""
    """The place of the rule, or of the entry of `customers` that it takes the amount from."""
    line: int = 0


class SafetyVerdict(NamedTuple):
    """Whether the plan does more than the rulebook's `safety` allows without a person."""

    exceeded: bool
    messages: tuple[str, ...] = ()


class Keeper(Protocol[T]):
    """Takes decisions as they are made, account by account, and keeps them in that order."""

    def extend(self, decisions: Iterable[T], /) -> None:
        """Add decisions, in their order."""
        ...

    def kept(self) -> Sequence[T]:
        """Return all of them; nothing is added any more."""
        ...


class InFull(Generic[T]):
    """Keeps decisions as they are: for plans of a few accounts."""

    def __init__(self) -> None:
        """Start empty."""
        self._all: list[T] = []

    def extend(self, decisions: Iterable[T], /) -> None:
        """Add decisions, in their order."""
        self._all.extend(decisions)

    def kept(self) -> Sequence[T]:
        """Return all of them."""
        return tuple(self._all)


class Keepers(NamedTuple):
    """Where one plan's decisions go while it is made."""

    actions: Keeper[Action]
    held_back: Keeper[HeldBack]
    limits: Keeper[LimitOfDay]

    @classmethod
    def in_full(cls) -> Keepers:
        """Return keepers that keep everything as it is."""
        # For a few accounts. A run keeps them packed instead: a million decisions fill the memory.
        return cls(InFull(), InFull(), InFull())


class PromiseJudgement(NamedTuple):
    """What became of a promise, as one plan found it."""

    number: int
    """Of the store."""
    kept: bool | None
    """None: it is open."""


@dataclass(frozen=True)
class Plan:
    """Everything that would be done for one connection, and everything held back.

    The decisions of a large ledger are packed (`packed_plan`): go through them in their order,
    as often as needed, and keep none of them.
    """

    connection: str
    as_of: date
    rulebook_files: tuple[str, ...]
    rulebook_hash: str
    actions: Sequence[Action]
    held_back: Sequence[HeldBack]
    safety: SafetyVerdict
    problems: tuple[str, ...] = ()
    ended_refusals: tuple[str, ...] = ()
    """Keys of undone or refused holds and changes of terms whose reason has gone."""
    ended_releases: tuple[str, ...] = ()
    """Contacts whose release by hand ended, since no rule asks for a hold any more."""
    ended_tasks: tuple[EndedTask, ...] = ()
    """Open tasks whose reason has gone."""
    notices: tuple[str, ...] = ()
    """Which of the problems a run tells as well, though they stop nothing."""
    seen: Sequence[ConditionSeen] = ()
    """What changes of how long conditions have held."""
    watched: tuple[str, ...] = ()
    """The identities of conditions of which that matters."""
    promises: Sequence[PromiseJudgement] = ()
    """What became of promises since they were judged last."""
    paused: tuple[Pause, ...] = ()
    """Kinds of actions that do not leave for the time being."""
    ledger_due: Decimal | None = None
    """What was due on all open invoices of the ledger, where a rule asks for a share of it."""
    limits: Sequence[LimitOfDay] = ()
    """Each debtor's credit limit; none when the rulebook has no `credit_limits`."""

    # Made once: comparing and saving ask for many keys, and the actions may be packed.
    @cached_property
    def keys(self) -> frozenset[str]:
        """The keys of all actions."""
        return frozenset(action.key for action in self.actions)
