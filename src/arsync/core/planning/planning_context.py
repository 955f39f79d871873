"""The context of planning: the rulebook on its day, the organisation's calendar, capabilities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, tzinfo
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

from arsync.core.actions import Because
from arsync.core.actions.message_words import PLATFORM_UNNAMED
from arsync.core.ledger.business_days import Calendar
from arsync.core.ledger.records import Account, ContactStatus, Invoice, Organisation
from arsync.core.planning.assessment import Assessor, DunnedParty
from arsync.core.planning.cadence_steps import FirstSteps
from arsync.core.planning.customer_locale import Places
from arsync.core.planning.send_blocks import difference_in_words, differs
from arsync.core.rulebook.facts.movement import days_later
from arsync.core.rulebook.model import Place
from arsync.core.rulebook.roles import Approval, AskedApproval, any_asked

DRAFTS = "draft invoices"
"""The text of `Capability`, which lives above the core."""


class Sends(NamedTuple):
    """By which ways messages can leave, and what the accounting system is called."""

    ways: frozenset[str] | None = None
    """As `via` names them; None: every way."""
    platform_label: str = PLATFORM_UNNAMED


EVERY_WAY = Sends()
"""Of a trial, which asks what a rulebook says, and not what is set up."""


@dataclass(frozen=True)
class Planning:
    """The shared context of one planned day. Planners read it and return `Decisions`."""

    assessor: Assessor
    connection: str
    today: date
    calendar: Calendar
    """The file's own, for counting days of the plan; each customer's is in `places`."""
    places: Places
    """When messages may leave, and in which language, by the customer's place."""
    offers: frozenset[str]
    organisation: Organisation
    zone: tzinfo
    """The organisation's."""
    done: frozenset[str] = frozenset()
    """Keys that count as done for every account."""
    ways: frozenset[str] | None = None
    """The ways by which messages can leave, as `via` names them; None: every way."""
    platform_label: str = PLATFORM_UNNAMED
    """The accounting system as people call it: `Xero`."""

    @cached_property
    def first_steps(self) -> Mapping[str, FirstSteps]:
        """By plain cadence: the step that an invoice starts with, by its due date."""
        return {
            cadence.name: FirstSteps(cadence, self.today)
            for cadence in self.assessor.rulebook.reminders
            if cadence.is_plain
        }

    @cached_property
    def _earlier(self) -> dict[date, Assessor]:
        return {}

    def assessor_on(self, day: date) -> Assessor:
        """Return the rulebook on another day, compiled once."""
        if day not in self._earlier:
            rulebook = self.assessor.rulebook
            calendar = self.assessor.calendar
            self._earlier[day] = Assessor(rulebook, self.organisation, day, calendar)
        return self._earlier[day]

    @cached_property
    def writes_account_letters(self) -> bool:
        """Return whether the rulebook sends any letters about the account."""
        return bool(self.assessor.rulebook.account_letters())

    def is_set_up(self, via: str) -> bool:
        """Return whether messages can leave by a way."""
        return self.ways is None or via in self.ways

    def is_done(self, key: str, done_keys: frozenset[str]) -> bool:
        """Return whether the action of this key was started, or refused, before."""
        return key in done_keys or key in self.done

    @property
    def offers_drafts(self) -> bool:
        """Return whether a fee is a draft there; otherwise it is owed as soon as it is billed."""
        return DRAFTS in self.offers

    def lacks(self, capability: str) -> str:
        """Return why the accounting system cannot do it; empty when it can."""
        return "" if capability in self.offers else f"{self.platform_label} offers no {capability}"


def because(place: Place, rule: str, facts: Mapping[str, Any] | None = None) -> Because:
    """Return a reason that points into the rulebook."""
    return Because(place.file, place.line, rule, facts or {})


def cited(reason: Because) -> str:
    """Return `standard.yaml:57, Standard cadence`."""
    if not reason.file:
        return reason.rule  # a person's decision has no line
    # The file's name alone: others read the note, and have no use for a folder of this computer.
    return f"{reason.file.rsplit('/', 1)[-1]}:{reason.line}, {reason.rule}"


def not_written_to(party: DunnedParty) -> str:
    """Return why nothing is ever written to the contact; empty when it is active."""
    contact = party.view.contact
    if contact.status == ContactStatus.ACTIVE:
        return ""
    if contact.status == ContactStatus.MERGED:
        return f"the contact was merged into {contact.merged_into or 'another'}"
    return f"the contact is {contact.status}"


def approval_asked(
    party: DunnedParty, approval: Approval, amount: Decimal, document: Invoice
) -> AskedApproval:
    """Return the approval that billing or giving an amount waits for.

    Args:
        party: whom it is about.
        approval: as the rule asks for it.
        amount: in the document's currency.
        document: at whose rate it is compared.
    """
    if approval.over is None:
        return any_asked([approval], None)
    converter, number = party.view.account_view.converter, document.number or document.id
    converted = converter.amount(amount, document.currency, document.rate, number)
    return any_asked([approval], converted)


class PauseInWords(NamedTuple):
    """Why nothing is done about a customer for some time."""

    reason: str
    next_date: date
    because: Because


def pause_words(party: DunnedParty) -> PauseInWords | None:
    """Return why nothing is done about the contact today; None when it is not paused."""
    entry = party.paused_by
    if entry is None or entry.pause_until is None:
        return None
    return PauseInWords(
        f"paused until {entry.pause_until}: nothing goes to {entry.contact}",
        days_later(entry.pause_until, 1),
        because(entry.place, f"customers, {entry.contact}"),
    )


def what_is_uncertain(planning: Planning, account: Account) -> str:
    """Return why it is not certain what the debtor owes; empty when it is.

    Unknown never acts against a customer: neither a message nor a hold rests on such figures.
    """
    if account.doubts:
        return account.doubts[0]
    rulebook, base = planning.assessor.rulebook, planning.assessor.base
    apart = [
        difference for difference in account.differences if differs(rulebook, difference, base)
    ]
    if not apart:
        return ""
    return f"the amount owed is uncertain: {difference_in_words(apart[0], 'the accounting system')}"


def what_may_be_missing(planning: Planning, account: Account) -> str:
    """Return why the debtor may owe more than the figures show; empty when they are complete.

    Nothing ends on such figures: an invoice that cannot be read may be the reason.
    """
    if account.unreadable:
        return f"the amount owed is uncertain: {', '.join(account.unreadable)} cannot be read"
    return what_is_uncertain(planning, account)


def left_alone_words(planning: Planning, party: DunnedParty) -> tuple[str, Because] | None:
    """Return why the contact is left alone, and the rule; None when it is not.

    A rule that rests on something unknown protects as well: unknown never acts against a customer.
    """
    if party.left_alone is None:
        return None
    rule, answer = party.left_alone
    reason = because(rule.place, rule.name, planning.assessor.evidence(rule.when, party))
    if answer:
        return f"excluded: {rule.name}", reason
    unknown = planning.assessor.unknowns(rule.when, party)
    return f"possibly excluded ({rule.name}): {unknown}", reason
