"""A plan, and the parts it is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Generic, NamedTuple, Protocol, TypeVar, overload

from msgspec import to_builtins

from arsync.core.actions import Action, Because, Payload
from arsync.core.ledger.money import plain
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

    def as_json(self) -> dict[str, Any]:
        """Return it as the plan's JSON shows it."""
        return {
            "contact": self.contact_name,
            "contact_id": self.contact_id,
            "invoice": self.invoice_number,
            "invoice_id": self.invoice_id,
            "why": self.why,
            "next_date": self.next_date.isoformat() if self.next_date else None,
            "because": because_json(self.because) if self.because else None,
        }


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

    @classmethod
    def in_full(cls) -> Keepers:
        """Return keepers that keep everything as it is."""
        # For a few accounts. A run keeps them packed instead: a million decisions fill the memory.
        return cls(InFull(), InFull())


class Each(Sequence[Any]):
    """A sequence seen through a function: each item is made when it is asked for, and not kept."""

    def __init__(self, source: Sequence[T], make: Callable[[T], Any]) -> None:
        """Wrap a sequence; `make` is called for each item, each time it is read."""
        self._source: Sequence[Any] = source
        self._make = make

    def __len__(self) -> int:
        return len(self._source)

    def __iter__(self) -> Iterator[Any]:
        return map(self._make, self._source)

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        """Make one item, or some."""
        if isinstance(index, slice):
            return [self._make(element) for element in self._source[index]]
        return self._make(self._source[index])


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
    paused: tuple[Pause, ...] = ()
    """Kinds of actions that do not leave for the time being."""

    # Made once: comparing and saving ask for many keys, and the actions may be packed.
    @cached_property
    def keys(self) -> frozenset[str]:
        """The keys of all actions."""
        return frozenset(action.key for action in self.actions)

    def as_json(self, *, streamed: bool = False) -> dict[str, Any]:
        """Return the plan as `arsync plan --json` prints it.

        Args:
            streamed: make the items of its two long lists only when they are read, each time.
        """
        actions = Each(self.actions, action_json)
        held_back = Each(self.held_back, HeldBack.as_json)
        return {
            "connection": self.connection,
            "as_of": self.as_of.isoformat(),
            "rulebook": {"files": list(self.rulebook_files), "hash": self.rulebook_hash},
            "actions": actions if streamed else list(actions),
            "held_back": held_back if streamed else list(held_back),
            "safety": {
                "exceeded": self.safety.exceeded,
                **({"messages": list(self.safety.messages)} if self.safety.messages else {}),
            },
            "paused": [pause.as_json() for pause in self.paused],
            "problems": list(self.problems),
        }


def because_json(because: Because) -> dict[str, Any]:
    """Return the reason as JSON shows it."""
    return {
        "file": because.file,
        "line": because.line,
        "rule": because.rule,
        "facts": dict(because.facts),
    }


def payload_json(payload: Payload) -> dict[str, Any]:
    """Return what only this kind of action needs, as JSON shows it."""
    tree: dict[str, Any] = to_builtins(payload)
    # Every action has it beside the details.
    del tree["kind"]
    return tree


def action_json(action: Action, state: str = "planned") -> dict[str, Any]:
    """Return an action as every command's JSON shows it."""
    return {
        "key": action.key,
        "kind": action.kind.value,
        "contact": {"id": action.contact_id, "name": action.contact_name},
        "invoices": [
            {
                "id": ref.id,
                "number": ref.number,
                "amount_due": plain(ref.amount_due),
                "currency": ref.currency,
                **({"step": ref.step} if ref.step else {}),
            }
            for ref in action.invoices
        ],
        "step": action.step,
        "via": action.via.value,
        "state": state,
        "not_before": action.not_before.isoformat() if action.not_before else None,
        "approval": "required" if action.needs_approval else "none",
        "batch": action.batch_id,
        "episode": action.episode,
        "note": action.note,
        "details": payload_json(action.payload),
        "because": because_json(action.because),
    }
