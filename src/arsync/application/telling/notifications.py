"""What the owner is notified of, once: an authorisation that expired, an outcome that is open."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from datetime import tzinfo

from arsync.application.decisions.unknown_outcomes import Unsettled, not_notified
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.telling.owner_mail import (
    OwnerMailbox,
    mail_owner,
    owner_letter,
    owner_mailboxes,
)
from arsync.core.actions import ActionState
from arsync.errors import ArsyncError, OutcomeUnknown
from arsync.mail import Letter

NAMED_MAX = 20
"""A mail names so many actions; `arsync status` shows all."""

_LOG = logging.getLogger(__name__)


def notify_of_lost_authorisation(organisation: OrganisationContext, reason: str) -> None:
    """Notify the owner, by mail where that is set up, else by one line of the log.

    Of each organisation once; of all together when the whole authorisation has ended. A mail that
    surely did not leave is tried again by the next run.

    Args:
        organisation: the one whose call was refused.
        reason: what the platform said.
    """
    grant_id, platform = organisation.connection.grant_id, organisation.connection.platform
    if grant_id is None:
        return
    with organisation.store.tokens.telling(grant_id) as telling:
        if not telling.names:
            return
        names = _listed(telling.names)
        hint = "" if "arsync connect" in reason else f" Run `arsync connect {platform}` again."
        _LOG.error("%s: %s%s", names, reason, hint)
        mailed = [
            _tell_of_loss(organisation, mailbox, reason)
            for mailbox in _mailboxes(organisation, telling.names)
        ]
        # Whoever was told already is told again with the others, by a mail of the same key.
        telling.done = all(mailed)


def _mailboxes(organisation: OrganisationContext, names: Sequence[str]) -> list[OwnerMailbox]:
    """Return who is told of these connections: one client must not read another's name."""
    container, connections = organisation.container, organisation.store.connections
    contexts = [OrganisationContext(container, connections.get(name)) for name in names]
    return owner_mailboxes(container.config, contexts)


def _tell_of_loss(organisation: OrganisationContext, mailbox: OwnerMailbox, reason: str) -> bool:
    names = [lost.name for lost in mailbox.organisations]
    platform = organisation.connection.platform
    letter = _lost_authorisation(organisation.label, _listed(names), reason, platform)
    # The same key for the same loss on one day: a second copy shows as one in most mailboxes.
    subject = "|".join((*names, str(organisation.today)))
    digest = hashlib.sha256(subject.encode()).hexdigest()
    key = f"consent-{organisation.connection.grant_id}-{digest[:16]}"
    return _mailed(organisation, mailbox, letter, key)


def _listed(names: Sequence[str]) -> str:
    more = len(names) - NAMED_MAX
    beyond = f" and {more:,} more (`arsync status` shows all)" if more > 0 else ""
    return ", ".join(names[:NAMED_MAX]) + beyond


def notify_of_open_outcomes(organisation: OrganisationContext) -> None:
    """Notify the owner, in one message, of outcomes that only a person can settle, or are late.

    Of each once, and once more when it stands otherwise. The caller holds the run lock.

    Args:
        organisation: whose run has just ended.
    """
    outcomes = not_notified(organisation)
    if not outcomes:
        return
    keys = sorted(outcome.listed.row.key for outcome in outcomes)
    count = "1 action" if len(outcomes) == 1 else f"{len(outcomes):,} actions"
    _LOG.error(
        "%s: the outcome of %s is open: see `arsync status` and `arsync resolve`.",
        organisation.name,
        count,
    )
    digest = hashlib.sha256("".join(keys).encode()).hexdigest()
    letter = _open_outcomes(organisation, count, outcomes)
    mailboxes = owner_mailboxes(organisation.container.config, [organisation])
    if all(_mailed(organisation, mailbox, letter, f"open-{digest[:24]}") for mailbox in mailboxes):
        organisation.store.actions.mark_notified(keys, now=organisation.clock.now())


def _mailed(
    organisation: OrganisationContext, mailbox: OwnerMailbox, letter: Letter, key: str
) -> bool:
    """Mail a letter to an owner; False when it surely did not leave."""
    try:
        mail_owner(mailbox.config, mailbox.address, letter, key, organisation.clock.now())
    except OutcomeUnknown:
        return True
    except ArsyncError as error:
        _LOG.warning("the owner could not be notified by mail: %s", error)
        return False
    return True


def _lost_authorisation(label: str, names: str, reason: str, platform: str) -> Letter:
    return owner_letter(
        f"arsync must be connected to {label} again",
        f"{label} no longer accepts arsync's authorisation: {reason.rstrip('.')}.",
        f"Connections: {names}.",
        "Until they are connected again, nothing is read and nothing is sent for them; nothing is"
        " lost. Other connections go on.",
        f"To connect again, run: arsync connect {platform}",
    )


def _open_outcomes(
    organisation: OrganisationContext, count: str, outcomes: Sequence[Unsettled]
) -> Letter:
    lines = [_in_words(outcome, organisation.zone) for outcome in outcomes[:NAMED_MAX]]
    if len(outcomes) > NAMED_MAX:
        lines.append(f"And {len(outcomes) - NAMED_MAX:,} more: `arsync status` shows all.")
    owner = organisation.connection.organisation.name
    return owner_letter(
        f"{organisation.name}: {count} to check",
        f"arsync wrote to {owner}'s books or customers, and could not determine the outcome. "
        "Meanwhile nothing is sent twice.",
        *lines,
        "You are notified of each once. `arsync status` lists those still open.",
    )


def _in_words(outcome: Unsettled, zone: tzinfo) -> str:
    row = outcome.listed.row
    what = f"{row.action.kind.value.replace('_', ' ')} for {row.action.contact_name}"
    numbers = ", ".join(ref.number or ref.id for ref in row.action.invoices)
    about = f"{what} about {numbers}" if numbers else what
    if row.state is ActionState.SENT:
        day = row.changed_at.astimezone(zone).date()
        return (
            f"{about}: it was sent on {day}, and does not show there yet. arsync keeps checking. "
            f"You may check {outcome.look_for}"
        )
    return (
        f"{about}: it may have been done or not ({outcome.happened.rstrip('.')}). Please check "
        f"{outcome.look_for} Then run: arsync resolve {row.key[:12]} sent, or: not-sent"
    )
