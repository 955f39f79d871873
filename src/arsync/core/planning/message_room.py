"""How much one customer hears: the days between messages, and how many there are in some time.

Both count over all channels, from what was sent to the customer before.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from arsync.core.ledger.business_days import days_in_words
from arsync.core.ledger.records import SentStep
from arsync.core.planning.assessment import Assessment, DunnedParty
from arsync.core.planning.planning_context import Planning
from arsync.core.rulebook.model import MessageCap

NO_CAP = 1_000_000
"""More messages than one customer is ever due at once."""


class MessageRoom(NamedTuple):
    """How many messages may leave to one customer today, and what keeps the others."""

    most: int
    reason: str = ""
    next_date: date | None = None
    """The first day on which more may leave."""

    def less(self, planned: int) -> MessageRoom:
        """Return what is left of it."""
        return self._replace(most=self.most - planned)


def room_for_messages(
    planning: Planning, assessment: Assessment, party: DunnedParty
) -> MessageRoom:
    """Return how many messages one customer may get today."""
    sending, today = planning.assessor.rulebook.sending, planning.today
    gap = timedelta(sending.days_between_messages)
    last = last_moment(assessment, party)
    if last is not None and today < last + gap:
        reason = f"last message on {last}; {gap.days} days between messages"
        return MessageRoom(0, reason, last + gap)
    if sending.at_most is None:
        return MessageRoom(NO_CAP)
    return _within(sending.at_most, _days_of_messages(assessment, party), today, today + gap)


def _within(cap: MessageCap, days: list[date], today: date, after_gap: date) -> MessageRoom:
    """Return the room that a most in some time leaves."""
    window = timedelta(cap.days)
    recent = [day for day in days if day > today - window]
    allowed = f"at most {cap.messages:,} in {days_in_words(cap.days)} to one customer"
    # A message counts until its day is out of the window, so the oldest that fills it decides.
    if len(recent) >= cap.messages:
        reason = f"{len(recent):,} messages since {recent[0]}; {allowed}"
        return MessageRoom(0, reason, recent[len(recent) - cap.messages] + window)
    # What is left of the room may be filled today: then the oldest makes room again.
    oldest = recent[0] if recent else today
    reason = f"the others of today come first; {allowed}"
    return MessageRoom(cap.messages - len(recent), reason, max(after_gap, oldest + window))


def _days_of_messages(assessment: Assessment, party: DunnedParty) -> list[date]:
    """Return the day of each message to the contact, the earliest first."""
    messages = {
        (step.moment, step.message or step.invoice_id): step.on
        for step in _reached(assessment, party)
    }
    others = _heard_by_others(assessment, party)
    return sorted([*messages.values(), *_days_of_letters(assessment, party), *others])


def last_moment(assessment: Assessment, party: DunnedParty) -> date | None:
    """Return the day of the last message to the contact's address, over all channels."""
    account = assessment.account
    if not account.sent and not account.letters and not account.heard_at:
        return None
    days = [step.on for step in _reached(assessment, party)]
    days += _days_of_letters(assessment, party)
    return max([*days, *_heard_by_others(assessment, party)], default=None)


def _heard_by_others(assessment: Assessment, party: DunnedParty) -> tuple[date, ...]:
    """Return the days of messages to others with the address: one person reads all of them."""
    return assessment.account.heard_at.get(party.view.contact.id, ())


def _days_of_letters(assessment: Assessment, party: DunnedParty) -> Iterator[date]:
    """Yield the days of letters about the account, which are messages like reminders."""
    for letter in assessment.account.letters:
        if letter.moment and letter.contact_id == party.view.contact.id:
            yield letter.on


def _reached(assessment: Assessment, party: DunnedParty) -> Iterator[SentStep]:
    """Yield the steps that reached the contact as messages."""
    if not assessment.account.sent:
        return
    # What is not there any more, or cannot be read, was written about all the same.
    others = {invoice.id for invoice in assessment.account.invoices} - party.view.own_invoice_ids
    for step in assessment.account.sent:
        if step.moment and step.invoice_id not in others:
            yield step
