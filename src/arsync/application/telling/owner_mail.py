"""Mail to the owner: a few plain paragraphs, by `[smtp]`, to `[runs] notify`.

Connections may name different people: each is told of those that name it, and of no other.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.config import Config
from arsync.core.ledger.mail_addresses import folded_address
from arsync.mail import Letter, compose, send, smtp_server
from arsync.store import Store


class OwnerMailbox(NamedTuple):
    """One person who is notified, and of which connections."""

    address: str
    config: Config
    """Whose mail server and sender it is notified by."""
    organisations: Sequence[OrganisationContext]


def owner_mailboxes(
    shared: Config, organisations: Iterable[OrganisationContext]
) -> list[OwnerMailbox]:
    """Return who is notified of these connections; who cannot be mailed is left out.

    Of a connection whose own settings cannot be read, whoever config.toml names is told.
    """
    named: dict[str, list[OrganisationContext]] = {}
    for organisation in organisations:
        config = shared if organisation.settings_problem else organisation.config
        if can_mail_owner(config):
            named.setdefault(folded_address(config.runs.notify), []).append(organisation)
    mailboxes = []
    for address, its_organisations in named.items():
        readable = [org.config for org in its_organisations if not org.settings_problem]
        # By the practice's server where it has one: a client's is for the client's letters.
        sending = shared if shared.smtp.url else readable[0]
        mailboxes.append(OwnerMailbox(address, sending, its_organisations))
    return mailboxes


def can_mail_owner(config: Config) -> bool:
    """Return whether there is an address and a mail server."""
    return bool(config.runs.notify and config.smtp.url)


def owner_letter(subject: str, *lines: str) -> Letter:
    """Return a letter of some paragraphs."""
    page = "".join(f"<p>{html.escape(line)}</p>\n" for line in lines)
    return Letter(subject, "\n\n".join(lines) + "\n", page)


def mail_owner(config: Config, address: str, letter: Letter, key: str, now: datetime) -> None:
    """Mail a letter to an owner's address.

    Raises:
        OutcomeUnknown: it may have left. Any other ArsyncError: it surely did not.
    """
    outgoing = compose(
        letter,
        key=key,
        sender=config.smtp.sender,
        to=[address],
        to_name="the owner",
        now=now,
    )
    send(smtp_server(config.smtp.url), outgoing)


def daily_mail_failure(store: Store) -> str:
    """Return why the newest daily mail could not be sent; empty when it could."""
    failures = [mail for mail in store.daily_mails.last() if mail.failure]
    return "; ".join(
        f"the daily mail of {mail.day} could not be sent: {mail.failure}" for mail in failures
    )
