"""What the owner is told without looking: that a consent is over. Once, not with each run."""

from __future__ import annotations

import html
import logging

from arsync.errors import ArsyncError, OutcomeUnknown
from arsync.mail import Letter, compose, send, smtp_server
from arsync.run.parts import Parts
from arsync.store.values import ConnectionRow

_LOG = logging.getLogger(__name__)


def tell_of_lost_consent(parts: Parts, connection: ConnectionRow, why: str) -> None:
    """Tell the owner, by mail where that is set up, else by one line of the log.

    A mail that surely did not leave is tried again by the next run.

    Args:
        parts: the application's.
        connection: one that the consent opened.
        why: what the platform said.
    """
    if connection.grant_id is None:
        return
    with parts.store.tokens.telling(connection.grant_id) as telling:
        if not telling.names:
            return
        label = parts.platform(connection.platform).label
        names = ", ".join(telling.names)
        _LOG.error("%s: %s Run `arsync connect %s` again.", names, why, connection.platform)
        if not parts.config.get("runs", "notify") or not parts.config.get("smtp", "url"):
            telling.done = True
            return
        try:
            _mail(parts, connection, _letter(label, names, why, connection.platform))
        except OutcomeUnknown:
            telling.done = True
        except ArsyncError as error:
            _LOG.warning("the owner could not be told by mail: %s", error)
        else:
            telling.done = True


def _letter(label: str, names: str, why: str, platform: str) -> Letter:
    lines = (
        f"{label} no longer lets arsync in: {why.rstrip('.')}.",
        f"Connections: {names}.",
        "Until it is connected again nothing is read and nothing is sent; nothing is lost.",
        f"To connect again, run: arsync connect {platform}",
    )
    page = "".join(f"<p>{html.escape(line)}</p>\n" for line in lines)
    return Letter(f"arsync must be connected to {label} again", "\n\n".join(lines) + "\n", page)


def _mail(parts: Parts, connection: ConnectionRow, letter: Letter) -> None:
    outgoing = compose(
        letter,
        # The same for the same consent: a second copy shows as one in most mailboxes.
        key=f"consent-{connection.grant_id}",
        sender=parts.config.get("smtp", "sender"),
        to=[parts.config.get("runs", "notify")],
        to_name="the owner",
        now=parts.clock.now(),
    )
    send(smtp_server(parts.config.get("smtp", "url")), outgoing)
