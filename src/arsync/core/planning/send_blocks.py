"""Pauses: why nothing that acts against a customer leaves at all, whatever is planned.

What is paused stays planned and approved, and goes once the pause is over. Notes, tasks, promises
and everything that is in a customer's favour (lifting a hold, restoring terms) are never paused.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from arsync.core.actions import ActionKind
from arsync.core.actions.registry import KINDS_AGAINST_CUSTOMERS
from arsync.core.ledger.money import plain, shown
from arsync.core.ledger.records import Difference
from arsync.core.rulebook.model import HOLD_BACK, Rulebook

REMINDER_EMAILS = frozenset({ActionKind.REMINDER})

NAMED_MAX = 3
"""A pause names so many customers; the status names all."""


class Pause(NamedTuple):
    """What does not leave for the time being, and why."""

    kinds: frozenset[ActionKind]
    rule: str
    """The key of the rulebook's `safety` that asks for it; empty: no rulebook can allow it."""
    why: str

    @property
    def text(self) -> str:
        """Return it as one sentence."""
        what = (
            "no reminder email leaves"
            if self.kinds == REMINDER_EMAILS
            else "no message leaves and no credit hold is placed"
        )
        return f"{what}: {self.why}" + (f" (safety: {self.rule})" if self.rule else "")

    def as_json(self) -> dict[str, Any]:
        """Return it as a plan's JSON shows it."""
        kinds = sorted(kind.value for kind in self.kinds)
        return {"kinds": kinds, "rule": self.rule, "why": self.why}


class Circumstances(NamedTuple):
    """What is known of the data that a plan rests on."""

    now: datetime
    today: date
    platform: str
    """As people call it: `Xero`."""
    base_currency: str
    pulled_at: datetime | None
    """When the last pull was completed."""
    paid_on: date | None = None
    """The day of the youngest payment; where the bank's statement is matched, of those only."""
    own_reminders: bool | None = None
    differences: tuple[Difference, ...] = ()
    unplaced: tuple[str, ...] = ()
    """Money that cannot be read and names nobody, in words."""
    clock: str = ""
    """Why this computer's clock cannot tell the day, in words; empty when it can."""


def pauses(rulebook: Rulebook, known: Circumstances) -> tuple[Pause, ...]:
    """Return everything that is paused."""
    return tuple(_pauses(rulebook, known))


def warnings(rulebook: Rulebook, known: Circumstances, connection: str) -> list[str]:
    """Return what pauses nothing, but should be known."""
    found = list(known.unplaced)
    if known.own_reminders is None and rulebook.safety.platform_reminders == HOLD_BACK:
        found.append(
            f"{known.platform} does not tell whether its own reminders are switched on: customers "
            f"might hear twice. Look there, then: arsync connections {connection} "
            "--own-reminders off"
        )
    return found


def differs(rulebook: Rulebook, one: Difference, base: str) -> bool:
    """Return whether a difference is beyond the rulebook's tolerance; without a rate, it is."""
    apart = abs(one.theirs - one.ours)
    if one.currency != rulebook.currency:
        if rulebook.currency != base or one.rate is None:
            return True
        apart *= one.rate
    return apart > rulebook.safety.receivables_differ_by


def difference_in_words(one: Difference, platform: str) -> str:
    """Return a difference as people read it."""
    return (
        f"{platform} says that {shown(one.theirs, one.currency)} is owed, the copy adds up to "
        f"{shown(one.ours, one.currency)}"
    )


def difference_json(one: Difference) -> dict[str, Any]:
    """Return a difference as JSON shows it."""
    return {
        "contact": one.contact_name,
        "contact_id": one.contact_id,
        "theirs": plain(one.theirs),
        "ours": plain(one.ours),
        "currency": one.currency,
    }


def _pauses(rulebook: Rulebook, known: Circumstances) -> Iterator[Pause]:
    safety = rulebook.safety
    if known.clock:
        yield Pause(KINDS_AGAINST_CUSTOMERS, "", f"{known.clock}, and nobody knows which day it is")
    if known.pulled_at is None:
        why = "no pull was completed yet: `arsync pull` reads the ledger"
        yield Pause(KINDS_AGAINST_CUSTOMERS, "data_not_older_than", why)
    elif known.now - known.pulled_at > safety.data_not_older_than:
        why = f"the last complete pull is {span_in_words(known.now - known.pulled_at)} old"
        yield Pause(KINDS_AGAINST_CUSTOMERS, "data_not_older_than", why)
    most = safety.payments_not_older_than
    if most is not None and known.pulled_at is not None:
        if known.paid_on is None:
            yield Pause(KINDS_AGAINST_CUSTOMERS, "payments_not_older_than", "no payment is known")
        elif timedelta((known.today - known.paid_on).days) > most:
            why = f"the youngest payment is of {known.paid_on}: is the bank entered?"
            yield Pause(KINDS_AGAINST_CUSTOMERS, "payments_not_older_than", why)
    if known.own_reminders and safety.platform_reminders == HOLD_BACK:
        why = (
            f"{known.platform}'s own invoice reminders are switched on: customers would hear twice"
        )
        yield Pause(REMINDER_EMAILS, "platform_reminders", why)
    apart = [
        difference
        for difference in known.differences
        if differs(rulebook, difference, known.base_currency)
    ]
    if len(apart) > safety.customers_who_differ:
        yield Pause(KINDS_AGAINST_CUSTOMERS, "receivables_differ_by", _apart(apart, known.platform))


def _apart(apart: list[Difference], platform: str) -> str:
    named = [
        f"{difference.contact_name} ({difference_in_words(difference, platform)})"
        for difference in apart[:NAMED_MAX]
    ]
    more = f" and {len(apart) - NAMED_MAX:,} more" if len(apart) > NAMED_MAX else ""
    return f"what is owed differs from {platform}'s own figures for {', '.join(named)}{more}"


def span_in_words(span: timedelta) -> str:
    """Return a span of time: `30 hours`, `4 days`."""
    hours = int(span / timedelta(hours=1))
    return f"{hours} hours" if hours < 72 else f"{hours // 24} days"
