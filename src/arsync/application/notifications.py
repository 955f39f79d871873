"""What the owner is notified of, once: an authorisation that expired, an outcome that is open."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from datetime import tzinfo

from arsync.application.organisation_context import OrganisationContext
from arsync.application.owner_mail import can_mail_owner, mail_owner, owner_letter
from arsync.application.unknown_outcomes import Unsettled, not_notified
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
        names = ", ".join(telling.names[:NAMED_MAX])
        if len(telling.names) > NAMED_MAX:
            names += f" and {len(telling.names) - NAMED_MAX:,} more (`arsync status` shows all)"
        hint = "" if "arsync connect" in reason else f" Run `arsync connect {platform}` again."
        _LOG.error("%s: %s%s", names, reason, hint)
        letter = _lost_authorisation(organisation.label, names, reason, platform)
        # The same key for the same loss on one day: a second copy shows as one in most mailboxes.
        said = "|".join((*telling.names, str(organisation.today)))
        digest = hashlib.sha256(said.encode()).hexdigest()
        telling.done = _mailed(organisation, letter, f"consent-{grant_id}-{digest[:16]}")


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
    if _mailed(organisation, letter, f"open-{digest[:24]}"):
        organisation.store.actions.mark_notified(keys, now=organisation.clock.now())


def _mailed(organisation: OrganisationContext, letter: Letter, key: str) -> bool:
    """Mail a letter to the owner, where that is set up; False when it surely did not leave."""
    config = organisation.config
    if not can_mail_owner(config):
        return True
    try:
        mail_owner(config, letter, key, organisation.clock.now())
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
