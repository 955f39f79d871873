"""A customer's mails as one conversation, and which of them a customer may ask not to get.

A conversation lasts as long as it is about the same debts: a mail continues those that went to the
same address and named an invoice that it names as well, or that is open still. When all was paid,
the next mail begins a new one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import NamedTuple

from arsync.core.actions import Action, ActionKind
from arsync.mail.own_texts import text_name

REFERENCES_MAX = 10
"""A mail names the first of its conversation and the latest: more would be longer than headers are
read by every mail program."""

_MESSAGE_ID = re.compile(r"<[!-;=?A-~]{1,150}@[!-;=?A-~]{1,150}>")

NOTICE_TEXTS = frozenset(
    {
        "terms of trade",
        "credit hold placed",
        "credit hold lifted",
        "credit limit changed",
        "hand over announced",
    }
)
"""Letters about the account that a customer has to get, whether it likes them or not."""


class EarlierMail(NamedTuple):
    """A mail of ours that a customer has."""

    message_id: str
    sent_on: date
    to: tuple[str, ...] = ()
    """Its addresses; empty: those of the customer's record."""
    invoice_ids: tuple[str, ...] = ()


def conversation(
    earlier: Iterable[EarlierMail], *, to: Collection[str], invoice_ids: Collection[str]
) -> tuple[str, ...]:
    """Return the Message-IDs that a mail continues, the oldest first.

    Args:
        earlier: the customer's mails, the oldest first.
        to: the addresses of the mail.
        invoice_ids: the invoices that it names, and those of the customer that are open.
    """
    addressed = {address.lower() for address in to}
    about = frozenset(invoice_ids)
    continued = [
        mail.message_id
        for mail in earlier
        if is_message_id(mail.message_id)
        and (not mail.to or not addressed.isdisjoint(address.lower() for address in mail.to))
        and not about.isdisjoint(mail.invoice_ids)
    ]
    return shortened(tuple(dict.fromkeys(continued)))


def shortened(message_ids: Sequence[str]) -> tuple[str, ...]:
    """Return the first and the latest of a long conversation."""
    if len(message_ids) <= REFERENCES_MAX:
        return tuple(message_ids)
    return (message_ids[0], *message_ids[-(REFERENCES_MAX - 1) :])


def is_message_id(text: str) -> bool:
    """Return whether a text is one Message-ID and nothing else."""
    return _MESSAGE_ID.fullmatch(text) is not None


def can_be_declined(action: Action) -> bool:
    """Return whether a customer may ask not to get such mails: they ask for nothing.

    Who asks writes a mail, which reaches people: they take the customer out of the rule.
    """
    return (
        action.kind is ActionKind.ACCOUNT_LETTER
        and text_name(action.payload.title) not in NOTICE_TEXTS
    )
