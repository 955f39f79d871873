"""Mail to the owner: a few plain paragraphs, by `[smtp]`, to `[runs] notify`."""

from __future__ import annotations

import html
from datetime import datetime

from arsync.config import Config
from arsync.mail import Letter, compose, send, smtp_server
from arsync.store import Store


def can_mail_owner(config: Config) -> bool:
    """Return whether there is an address and a mail server."""
    return bool(config.runs.notify and config.smtp.url)


def owner_letter(subject: str, *lines: str) -> Letter:
    """Return a letter of some paragraphs."""
    page = "".join(f"<p>{html.escape(line)}</p>\n" for line in lines)
    return Letter(subject, "\n\n".join(lines) + "\n", page)


def mail_owner(config: Config, letter: Letter, key: str, now: datetime) -> None:
    """Mail a letter to the owner.

    Raises:
        OutcomeUnknown: it may have left. Any other ArsyncError: it surely did not.
    """
    outgoing = compose(
        letter,
        key=key,
        sender=config.smtp.sender,
        to=[config.runs.notify],
        to_name="the owner",
        now=now,
    )
    send(smtp_server(config.smtp.url), outgoing)


def daily_mail_failure(store: Store) -> str:
    """Return why the newest daily mail could not be sent; empty when it could."""
    mail = store.daily_mails.last()
    if mail is None or not mail.failure:
        return ""
    return f"the daily mail of {mail.day} could not be sent: {mail.failure}"
