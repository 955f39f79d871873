"""What the owner is told without looking, once: a consent that is over, an outcome that is open."""

from __future__ import annotations

import hashlib
import html
import logging
from collections.abc import Sequence
from datetime import tzinfo

from arsync.application.container import Parts
from arsync.application.unknown_outcomes import Unsettled, untold
from arsync.core.actions import ActionState
from arsync.errors import ArsyncError, OutcomeUnknown
from arsync.mail import Letter, compose, send, smtp_server
from arsync.store.models import ConnectionRow

NAMED_MAX = 20
"""A mail names so many actions; `arsync status` shows all."""

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
        # The same key for the same consent: a second copy shows as one in most mailboxes.
        key = f"consent-{connection.grant_id}"
        telling.done = _told(parts, _lost_consent(label, names, why, connection.platform), key)


def tell_of_open_outcomes(parts: Parts, connection: ConnectionRow) -> None:
    """Tell the owner, in one message, of outcomes that only a person can settle, or that are late.

    Each is told once, and once more when it stands otherwise. The caller holds the run lock.

    Args:
        parts: the application's.
        connection: whose run has just ended.
    """
    unsettleds = untold(parts, connection)
    if not unsettleds:
        return
    keys = sorted(unsettled.listed.row.key for unsettled in unsettleds)
    count = "1 action" if len(unsettleds) == 1 else f"{len(unsettleds):,} actions"
    _LOG.error(
        "%s: what became of %s is open: `arsync status` and `arsync resolve` say more.",
        connection.name,
        count,
    )
    digest = hashlib.sha256("".join(keys).encode()).hexdigest()
    letter = _open_outcomes(connection, count, unsettleds, parts.zone(connection))
    if _told(parts, letter, f"open-{digest[:24]}"):
        parts.store.actions.mark_notified(keys, now=parts.clock.now())


def _told(parts: Parts, letter: Letter, key: str) -> bool:
    """Mail a letter to the owner, where that is set up; False when it surely did not leave."""
    if not parts.config.get("runs", "notify") or not parts.config.get("smtp", "url"):
        return True
    try:
        _mail(parts, letter, key)
    except OutcomeUnknown:
        return True
    except ArsyncError as error:
        _LOG.warning("the owner could not be told by mail: %s", error)
        return False
    return True


def _lost_consent(label: str, names: str, why: str, platform: str) -> Letter:
    return _letter(
        f"arsync must be connected to {label} again",
        f"{label} no longer lets arsync in: {why.rstrip('.')}.",
        f"Connections: {names}.",
        "Until it is connected again nothing is read and nothing is sent; nothing is lost.",
        f"To connect again, run: arsync connect {platform}",
    )


def _open_outcomes(
    connection: ConnectionRow, count: str, found: Sequence[Unsettled], zone: tzinfo
) -> Letter:
    lines = [_in_words(unsettled, zone) for unsettled in found[:NAMED_MAX]]
    if len(found) > NAMED_MAX:
        lines.append(f"And {len(found) - NAMED_MAX:,} more: `arsync status` shows all.")
    return _letter(
        f"{connection.name}: {count} to look at",
        f"arsync wrote to {connection.organisation.name}'s books or customers, and could not see "
        "what became of it. Nothing is sent twice meanwhile.",
        *lines,
        "You are told of each once. `arsync status` shows what is still open.",
    )


def _in_words(one: Unsettled, zone: tzinfo) -> str:
    row = one.listed.row
    what = f"{row.action.kind.value.replace('_', ' ')} for {row.action.contact_name}"
    numbers = ", ".join(ref.number or ref.id for ref in row.action.invoices)
    about = f"{what} about {numbers}" if numbers else what
    if row.state is ActionState.SENT:
        day = row.changed_at.astimezone(zone).date()
        return (
            f"{about}: it was sent on {day}, and does not show there yet. arsync goes on looking. "
            f"You may look at {one.look_for}"
        )
    return (
        f"{about}: it may have been done or not ({one.happened.rstrip('.')}). Please look at "
        f"{one.look_for} Then run: arsync resolve {row.key[:12]} sent, or: not-sent"
    )


def _letter(subject: str, *lines: str) -> Letter:
    page = "".join(f"<p>{html.escape(line)}</p>\n" for line in lines)
    return Letter(subject, "\n\n".join(lines) + "\n", page)


def _mail(parts: Parts, letter: Letter, key: str) -> None:
    outgoing = compose(
        letter,
        key=key,
        sender=parts.config.get("smtp", "sender"),
        to=[parts.config.get("runs", "notify")],
        to_name="the owner",
        now=parts.clock.now(),
    )
    send(smtp_server(parts.config.get("smtp", "url")), outgoing)
