"""Pauses: reasons why nothing that acts against a customer leaves at all, whatever is planned.

A paused action stays planned and approved, and leaves once the pause is over. While the figures are
uncertain, notes, tasks and promises are not paused, and neither are actions in a customer's favour
(lifting a hold, restoring terms). While it is uncertain which rules count, all that rules plan is
paused: the rule that holds, or that leaves a customer alone, may stand in a file that is not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple

from arsync.core.actions import ActionKind
from arsync.core.actions.registry import KINDS_AGAINST_CUSTOMERS, KINDS_OF_RULES
from arsync.core.ledger.missing_documents import missing_in_words
from arsync.core.ledger.money import shown
from arsync.core.ledger.records import Difference, DocumentProblem
from arsync.core.rulebook.model import HOLD_BACK, Rulebook

REMINDER_EMAILS = frozenset({ActionKind.REMINDER})

NAMED_MAX = 3
"""How many customers a pause names; the status names all."""


class Pause(NamedTuple):
    """Kinds of actions that do not leave for the time being, with the reason."""

    kinds: frozenset[ActionKind]
    rule: str
    """The key of the rulebook's `safety` that asks for it; empty: no rulebook can allow it."""
    reason: str

    @property
    def text(self) -> str:
        """Return it as one sentence."""
        what = _WHAT.get(self.kinds, "no message leaves and no credit hold is placed")
        return f"{what}: {self.reason}" + (f" (safety: {self.rule})" if self.rule else "")


_WHAT = {
    REMINDER_EMAILS: "no reminder email leaves",
    KINDS_OF_RULES: "nothing that the rules plan leaves",
}


class Circumstances(NamedTuple):
    """The age and reliability of the data that a plan rests on."""

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
    """Unreadable money that names no customer, in words."""
    missing: tuple[DocumentProblem, ...] = ()
    """Documents that could not be read, and that figures lack."""
    clock: str = ""
    """Why this computer's clock cannot tell the day, in words; empty when it can."""
    unread: tuple[str, ...] = ()
    """Files and folders that look meant as rules or letters and are not read."""


def pauses(rulebook: Rulebook, circumstances: Circumstances) -> tuple[Pause, ...]:
    """Return everything that is paused."""
    return tuple(_pauses(rulebook, circumstances))


def warnings(rulebook: Rulebook, circumstances: Circumstances, connection: str) -> list[str]:
    """Return what pauses nothing, but should be known."""
    texts = [*unknown_in_totals(circumstances), *circumstances.unplaced]
    if circumstances.own_reminders is None and rulebook.safety.platform_reminders == HOLD_BACK:
        # A warning only: a pause would stop every QuickBooks ledger until somebody answers.
        texts.append(
            f"{circumstances.platform} does not report whether its own reminders are on: customers "
            f"might be reminded twice. Check there, then run: arsync connections {connection} "
            "--own-reminders off"
        )
    return texts


def unknown_in_totals(circumstances: Circumstances) -> tuple[str, ...]:
    """Return a line about documents that every figure lacks, if there are any."""
    line = missing_in_words(circumstances.missing)
    return (line,) if line else ()


def differs(rulebook: Rulebook, difference: Difference, base: str) -> bool:
    """Return whether a difference is beyond the rulebook's tolerance; without a rate, it is."""
    apart = abs(difference.theirs - difference.ours)
    # Amounts that cannot be compared count as different: a false alarm costs a wait of one run, a
    # missed one a wrong letter.
    if difference.currency != rulebook.currency:
        if rulebook.currency != base or difference.rate is None:
            return True
        apart *= difference.rate
    return apart > rulebook.safety.receivables_differ_by


def difference_in_words(difference: Difference, platform: str) -> str:
    """Return a difference as people read it."""
    claimed = shown(difference.theirs, difference.currency)
    copied = shown(difference.ours, difference.currency)
    return f"{platform} says that {claimed} is owed, the copy adds up to {copied}"


def _pauses(rulebook: Rulebook, circumstances: Circumstances) -> Iterator[Pause]:
    safety = rulebook.safety
    if circumstances.unread:
        yield Pause(KINDS_OF_RULES, "", _not_read(circumstances.unread))
    # On a wrong day promises would be called broken for good, and messages leave too early.
    if circumstances.clock:
        yield Pause(KINDS_AGAINST_CUSTOMERS, "", f"{circumstances.clock}, so the date is uncertain")
    if circumstances.pulled_at is None:
        reason = "no pull was completed yet: `arsync pull` reads the ledger"
        yield Pause(KINDS_AGAINST_CUSTOMERS, "data_not_older_than", reason)
    elif circumstances.now - circumstances.pulled_at > safety.data_not_older_than:
        age = span_in_words(circumstances.now - circumstances.pulled_at)
        reason = f"the last complete pull is {age} old"
        yield Pause(KINDS_AGAINST_CUSTOMERS, "data_not_older_than", reason)
    # A long time without a payment usually means that the bank has not been entered.
    most = safety.payments_not_older_than
    if most is not None and circumstances.pulled_at is not None:
        if circumstances.paid_on is None:
            yield Pause(KINDS_AGAINST_CUSTOMERS, "payments_not_older_than", "no payment is known")
        elif timedelta((circumstances.today - circumstances.paid_on).days) > most:
            reason = (
                f"the latest payment is dated {circumstances.paid_on}: are later bank receipts "
                "entered?"
            )
            yield Pause(KINDS_AGAINST_CUSTOMERS, "payments_not_older_than", reason)
    if circumstances.own_reminders and safety.platform_reminders == HOLD_BACK:
        platform = circumstances.platform
        reason = (
            f"{platform}'s own invoice reminders are switched on: customers would be reminded twice"
        )
        yield Pause(REMINDER_EMAILS, "platform_reminders", reason)
    apart = [
        difference
        for difference in circumstances.differences
        if differs(rulebook, difference, circumstances.base_currency)
    ]
    # A few are held back one by one (`what_is_uncertain`). Many show that the copy as a whole has
    # lost something, and then no figure is reliable.
    if len(apart) > safety.customers_who_differ:
        yield Pause(
            KINDS_AGAINST_CUSTOMERS, "receivables_differ_by", _apart(apart, circumstances.platform)
        )


def _not_read(unread: tuple[str, ...]) -> str:
    named = ", ".join(unread[:NAMED_MAX])
    more = f" and {len(unread) - NAMED_MAX:,} more" if len(unread) > NAMED_MAX else ""
    verb, meant = ("looks", "is") if len(unread) == 1 else ("look", "are")
    return f"{named}{more} {verb} meant as rules or letters and {meant} not read"


def _apart(apart: list[Difference], platform: str) -> str:
    named = [
        f"{difference.contact_name} ({difference_in_words(difference, platform)})"
        for difference in apart[:NAMED_MAX]
    ]
    more = f" and {len(apart) - NAMED_MAX:,} more" if len(apart) > NAMED_MAX else ""
    return f"amounts owed differ from {platform}'s own figures for {', '.join(named)}{more}"


def span_in_words(span: timedelta) -> str:
    """Return a span of time: `30 hours`, `4 days`."""
    hours = int(span / timedelta(hours=1))
    return f"{hours} hours" if hours < 72 else f"{hours // 24} days"
