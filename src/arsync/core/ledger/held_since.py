"""Since when conditions have held: what each look at an account changes of it.

A condition counts from the first day on which it was seen to hold and not seen otherwise since. A
day without a look counts. A day on which it is unknown neither counts nor ends the count.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from arsync.core.ledger.records import Account, HeldSince


class ConditionSeen(NamedTuple):
    """What a look at one condition about one subject changed."""

    condition: str
    """Its identity: see `conditions.identity_of`."""
    subject: str
    """Whom it is about: a contact's id, an invoice's, or `family` and the parent's id."""
    state: HeldSince | None
    """Since when it holds from now on; None: it does not."""


def family_subject(account: Account) -> str:
    """Return the subject of conditions about the whole account: the contact, when it is alone."""
    root = account.contacts[0].id
    return root if len(account.contacts) == 1 else f"family {root}"


def days_so_far(account: Account, condition: str, subject: str, today: date) -> int | None:
    """Return for how many days a condition that holds today has held; None: nobody looked yet."""
    state = account.held_since.get((condition, subject))
    if state is not None and state.since <= today:
        return ((state.unsure_since or today) - state.since).days
    # Seen before, and not to hold: it holds since today.
    return 0 if condition in account.watched else None


def next_state(state: HeldSince | None, answer: bool | None, today: date) -> HeldSince | None:
    """Return what is kept of a condition after it was looked at; None: nothing."""
    if answer is False:
        return None
    if answer is None:
        # What is unknown from the start began on no day.
        return state if state is None or state.unsure_since else state._replace(unsure_since=today)
    if state is None or state.since > today:
        return HeldSince(today)
    if state.unsure_since is None:
        return state
    return HeldSince(state.since + (today - state.unsure_since))


def episode_began(account: Account, condition: str, subject: str, today: date) -> date:
    """Return on which day the episode of an alert began that stands today."""
    state = account.held_since.get((condition, subject))
    return state.since if state is not None and state.since <= today else today


def next_episode(state: HeldSince | None, answer: bool | None, today: date) -> HeldSince | None:
    """Return what is kept of an alert after it was looked at; None: it does not stand.

    Unlike `next_state` the day stays what it was, whatever was unknown between: it names the
    episode.
    """
    if answer is False:
        return None
    if answer is None or (state is not None and state.since <= today):
        return state
    return HeldSince(today)


def after_seen(account: Account, seen: Iterable[ConditionSeen], watched: Iterable[str]) -> Account:
    """Return the account after its conditions were looked at.

    Args:
        account: with what was known before.
        seen: what changed, of this account or of others too.
        watched: the identities of all conditions that were looked at.
    """
    subjects = {family_subject(account), *(contact.id for contact in account.contacts)}
    subjects.update(invoice.id for invoice in account.invoices)
    states = dict(account.held_since)
    for condition, subject, state in seen:
        key = condition, subject
        if state is not None and subject in subjects:
            states[key] = state
        elif state is None:
            states.pop(key, None)
    return account._replace(held_since=states, watched=account.watched.union(watched))
