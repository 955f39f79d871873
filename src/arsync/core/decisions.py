"""Decisions: what a plan is made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from arsync.core.actions import Action, Because
from arsync.core.money import plain
from arsync.core.pauses import Pause


class HeldBack(NamedTuple):
    """What was not done, the first thing that stopped it, and when it would be done."""

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


@dataclass(frozen=True)
class Plan:
    """Everything that would be done for one connection, and everything held back."""

    connection: str
    as_of: date
    rulebook_files: tuple[str, ...]
    rulebook_hash: str
    actions: tuple[Action, ...]
    held_back: tuple[HeldBack, ...]
    safety: SafetyVerdict
    problems: tuple[str, ...] = ()
    over: tuple[str, ...] = ()
    """Keys of undone holds and changes of terms whose reason has gone: a new one counts again."""
    paused: tuple[Pause, ...] = ()
    """What of it does not leave for the time being."""

    def as_json(self) -> dict[str, Any]:
        """Return the plan as `arsync plan --json` prints it."""
        return {
            "connection": self.connection,
            "as_of": self.as_of.isoformat(),
            "rulebook": {"files": list(self.rulebook_files), "hash": self.rulebook_hash},
            "actions": [action_json(action) for action in self.actions],
            "held_back": [held.as_json() for held in self.held_back],
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
        "moment": action.moment,
        "episode": action.episode,
        "note": action.note,
        "details": dict(action.details),
        "because": because_json(action.because),
    }
