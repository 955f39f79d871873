"""Decisions: the results of planners, as values that add up."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from itertools import chain
from typing import NamedTuple

from msgspec import Struct

from arsync.core.actions import Action, ActionKind, Because, Via
from arsync.core.ledger.records import Invoice
from arsync.core.planning.assessment import DunnedParty
from arsync.core.planning.plan import EndedTask, HeldBack


# gc=False: made by the hundred thousand and never part of a cycle, so the collector skips it.
class Decisions(Struct, frozen=True, gc=False):
    """Actions, withheld actions, and refusals that no longer count."""

    actions: tuple[Action, ...] = ()
    held_back: tuple[HeldBack, ...] = ()
    ended_refusals: tuple[str, ...] = ()
    """Keys of undone or refused holds and changes of terms whose reason has gone."""
    ended_releases: tuple[str, ...] = ()
    """Contacts whose release by hand ended, since no rule asks for a hold any more."""
    ended_tasks: tuple[EndedTask, ...] = ()
    """Open tasks whose reason has gone."""
    problems: tuple[str, ...] = ()
    """Oddities found on the way, in words; a plan reports the same words once."""

    def __add__(self, later: Decisions) -> Decisions:
        """Return these decisions, then the later ones."""
        # Most planners decide nothing about most contacts: then nothing is copied.
        if later is NOTHING:
            return self
        if self is NOTHING:
            return later
        return Decisions(
            self.actions + later.actions,
            self.held_back + later.held_back,
            self.ended_refusals + later.ended_refusals,
            self.ended_releases + later.ended_releases,
            self.ended_tasks + later.ended_tasks,
            self.problems + later.problems,
        )


NOTHING = Decisions()


def joined(decisions: Iterable[Decisions]) -> Decisions:
    """Return many decisions as one, in their order."""
    several = [decision for decision in decisions if decision is not NOTHING]
    if len(several) < 2:
        return several[0] if several else NOTHING
    return Decisions(
        tuple(chain.from_iterable(decision.actions for decision in several)),
        tuple(chain.from_iterable(decision.held_back for decision in several)),
        tuple(chain.from_iterable(decision.ended_refusals for decision in several)),
        tuple(chain.from_iterable(decision.ended_releases for decision in several)),
        tuple(chain.from_iterable(decision.ended_tasks for decision in several)),
        tuple(chain.from_iterable(decision.problems for decision in several)),
    )


def acting(*actions: Action) -> Decisions:
    """Return the decision to do something."""
    return Decisions(actions=actions) if actions else NOTHING


def holding_back(*held_back: HeldBack) -> Decisions:
    """Return the decision not to do something."""
    return Decisions(held_back=held_back) if held_back else NOTHING


def held(
    party: DunnedParty,
    reason: str,
    *,
    invoice: Invoice | None = None,
    next_date: date | None = None,
    because: Because | None = None,
) -> HeldBack:
    """Return what is not done to a contact.

    Args:
        party: the contact.
        reason: the first thing that stops it.
        invoice: which invoice it is about; None when it is about the contact.
        next_date: the next day anything can happen.
        because: the rule that asks for it.
    """
    contact = party.view.contact
    invoice_id, number = (invoice.id, invoice.number) if invoice else ("", "")
    return HeldBack(contact.id, contact.name, invoice_id, number, reason, next_date, because)


class EmailBudget(NamedTuple):
    """How many emails the accounting system sends on the day that is planned."""

    a_day: int
    """0: as many as are asked for."""
    planned: int = 0

    def allows(self, emails: int) -> bool:
        """Return whether this many more emails may be planned."""
        return not self.a_day or self.planned + emails <= self.a_day

    def after(self, decisions: Decisions) -> EmailBudget:
        """Return what is left of it for the next contact."""
        if not self.a_day:
            return self
        emails = sum(
            action.kind is ActionKind.REMINDER and action.via == Via.PLATFORM
            for action in decisions.actions
        )
        return self._replace(planned=self.planned + emails)
