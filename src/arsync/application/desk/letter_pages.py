"""What the desk's pages of letters show: every text, a letter of a real case, and the register."""

from __future__ import annotations

from datetime import timedelta
from itertools import islice
from typing import NamedTuple

from arsync.application.letters.letter_preview import NOT_LEFT
from arsync.application.letters.notice_register import RegisteredNotice, notice_register
from arsync.application.letters.previewing import LetterPreview, LetterWanted, preview_letter
from arsync.application.letters.text_listing import ListedText, list_texts
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.core.actions import MessagePayload
from arsync.core.actions.notices import text_of
from arsync.errors import UserMistake
from arsync.mail.own_texts import text_name
from arsync.translation import gettext

CASES_LOOKED_AT_MAX = 500
"""Among so many waiting messages a case is looked for; then the customer is made up."""

NOTICE_DAYS = 365
"""A page looks at the numbers of a year; the register as CSV has all."""

NOTICES_SHOWN = 50
"""So many of the latest notices stand on a page."""


class LetterTexts(NamedTuple):
    """Every text of a connection, and the latest numbered notices."""

    texts: tuple[ListedText, ...]
    notices: tuple[RegisteredNotice, ...]
    """The latest first."""
    notices_in_all: int
    """Those of the last year."""


class LetterOfCase(NamedTuple):
    """One text, and how it reads for somebody."""

    listed: ListedText
    preview: LetterPreview | None
    """None: it cannot be made; `problem` says why."""
    problem: str = ""


def letter_texts(actor: Actor, organisation: OrganisationContext) -> LetterTexts:
    """Return every text with what sends it, and the register of numbered notices.

    Raises:
        UserMistake: the rules folder cannot be read.
    """
    permit(actor, Permission.READ)
    # Those that leave come first; the others wait to be named by a rule.
    texts = sorted(
        list_texts(actor, organisation.container, organisation.name),
        key=lambda listed: not listed.uses,
    )
    since = organisation.today - timedelta(NOTICE_DAYS)
    notices = notice_register(actor, organisation.container, organisation.name, since=since)
    latest = tuple(reversed(notices[-NOTICES_SHOWN:]))
    return LetterTexts(tuple(texts), latest, len(notices))


def letter_of_case(
    actor: Actor, organisation: OrganisationContext, wanted: LetterWanted
) -> LetterOfCase:
    """Return a text as it reads for a customer; without one, for the first who is to get it.

    Raises:
        UserMistake: there is no such text.
    """
    permit(actor, Permission.READ)
    name = text_name(wanted.name)
    texts = list_texts(actor, organisation.container, organisation.name)
    listed = next((text for text in texts if text.text == name), None)
    if listed is None:
        raise UserMistake(gettext("there is no text %(name)s.", name=repr(wanted.name)))
    customer = wanted.customer or case_of(actor, organisation, name)
    chosen = LetterWanted(name, customer, wanted.language)
    try:
        preview = preview_letter(actor, organisation.container, chosen, organisation.name)
    except UserMistake as mistake:
        return LetterOfCase(listed, None, str(mistake))
    return LetterOfCase(listed, preview)


def case_of(actor: Actor, organisation: OrganisationContext, name: str) -> str:
    """Return the id of the first customer to whom this text is to go; empty: to nobody."""
    permit(actor, Permission.READ)
    actions = organisation.store.actions
    waiting = actions.waiting_keys(organisation.id, NOT_LEFT)
    for row in actions.rows(islice(waiting, CASES_LOOKED_AT_MAX)):
        action = row.action
        if isinstance(action.payload, MessagePayload) and text_name(text_of(action)) == name:
            return action.contact_id
    return ""
