"""Any letter for any customer as text, HTML or PDF; nothing leaves and no number is used up."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import asdict

from arsync.application.customers.name_search import contact_named
from arsync.application.letters.letter_preview import (
    NOT_LEFT,
    NOT_PLANNED,
    extras_before_sending,
    shown_as_it_leaves,
)
from arsync.application.letters.made_up import MadeUp, in_language, letter_for
from arsync.application.organisation.connection_choice import Chosen
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext, organisations
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.results import LetterShown
from arsync.core.actions import Action, ActionState, MessagePayload, is_our_letter
from arsync.core.actions.message_words import by_way
from arsync.core.actions.notices import text_of
from arsync.core.actions.registry import OUTSIDE_BOOKS
from arsync.core.credit.reference_letters import addressee_of
from arsync.core.ledger.records import Account
from arsync.errors import ArsyncError, UserMistake
from arsync.mail import Letter, Letters, languages, sample_context, sender_details
from arsync.mail.own_texts import text_name
from arsync.mail.sample import SAMPLE_ORGANISATION, made_up_of_sender
from arsync.mail.typesetting import (
    letter_document,
    letterhead_of,
    mail_logo_of,
    typeset,
    with_logo,
)
from arsync.store.actions.action_queries import KEY_PREFIX_CHARACTERS_MIN

MADE_UP_CUSTOMER = (
    "The customer and the invoices are made up: give --customer NAME for one of yours."
)
MADE_UP_SENDER = "Made up as well, as [letters] does not set it: {}."
NOT_FOR_NOW = "The plan of today does not have it: it is made up for this preview."

_KEY = re.compile(rf"(\[arsync:)?[0-9a-fA-F]{{{KEY_PREFIX_CHARACTERS_MIN},32}}\]?")


class PreviewView(Struct, frozen=True):
    """The JSON view of a preview."""

    text_name: str
    connection: str
    customer: str
    is_planned: bool
    letter: LetterShown
    html: str


class LetterPreview(NamedTuple):
    """A letter to look at."""

    text: str
    """The name of its text."""
    connection: str
    customer: str
    """Empty: a sample."""
    shown: LetterShown
    letter: Letter
    pdf: Callable[[], bytes]
    """Prints it."""
    is_planned: bool = False


class LetterWanted(NamedTuple):
    """Which letter somebody wants to see."""

    name: str
    """Of a text, or the key of a message."""
    customer: str = ""
    language: str = ""
    """Its code; empty: the customer's."""


def preview_view(preview: LetterPreview) -> PreviewView:
    """Return the JSON view of a preview."""
    return PreviewView(
        preview.text,
        preview.connection,
        preview.customer,
        preview.is_planned,
        preview.shown,
        preview.letter.html,
    )


def preview_letter(
    actor: Actor, container: Container, wanted: LetterWanted, connection: Chosen = None
) -> LetterPreview:
    """Return a letter as it would leave now, from the copy of the books; no platform is called.

    Raises:
        UserMistake: there is no such text, message, customer or language; or the text is wrong.
    """
    permit(actor, Permission.READ)
    if wanted.language and wanted.language not in languages():
        codes = ", ".join(languages())
        raise UserMistake(f"there are no letters in {wanted.language!r}. Known: {codes}.")
    if wanted.customer:
        organisation, draft = customers_letter(container, wanted, connection)
        return _of_customer(organisation, draft)
    some = organisations(container, connection) if _is_any(container, connection) else []
    if _KEY.fullmatch(wanted.name) and not _is_text(container, some, wanted.name):
        return _of_message(container, wanted)
    return _sample(container, some, wanted)


def customers_letter(
    container: Container, wanted: LetterWanted, connection: Chosen
) -> tuple[OrganisationContext, MadeUp]:
    """Return the letter of a text for a customer, and whose customer it is.

    Raises:
        UserMistake: there is no such text or customer.
    """
    organisation, contact = contact_named(container, wanted.customer, connection)
    name = _known_text(organisation.rules.letters, wanted)
    account = next(organisation.store.ledger.accounts(organisation.id, [contact.id]), None)
    if account is None:
        raise UserMistake(f"{contact.name} has no account to write about.")
    return organisation, letter_for(organisation, account, contact, name, wanted.language)


def _is_any(container: Container, connection: Chosen) -> bool:
    return bool(connection or container.store.connections.all())


def _is_text(container: Container, some: list[OrganisationContext], name: str) -> bool:
    every_letters = [organisation.rules.letters for organisation in some]
    return any(
        letters.in_language(code).has(name)
        for letters in every_letters or [container.rules().letters]
        for code in languages()
    )


def _known_text(letters: Letters, wanted: LetterWanted) -> str:
    name = text_name(wanted.name)
    if not any(letters.in_language(code).has(name) for code in languages()):
        raise UserMistake(
            f"there is no text {wanted.name!r}. Known: {', '.join(letters.names)}."
            "\n    hint: `arsync letters list`"
        )
    return name


def _of_message(container: Container, wanted: LetterWanted) -> LetterPreview:
    row = container.store.actions.get(wanted.name)
    connection = container.store.connections.by_id(row.connection_id)
    organisation = OrganisationContext(container, connection)
    action = row.action
    if not isinstance(action.payload, MessagePayload):
        raise UserMistake(f"{row.key[:12]} is no letter: nothing of it reaches a customer.")
    account = _account_of(organisation, action)
    if account is None:
        raise UserMistake(f"{action.contact_name} is no longer among the customers.")
    remarks: tuple[str, ...] = ()
    is_planned = False
    if row.state in NOT_LEFT and action.kind in OUTSIDE_BOOKS:
        is_planned = True
    elif row.state in NOT_LEFT:
        planned = {fresh.key: fresh for fresh in organisation.replan_one(account).actions}
        is_planned = row.key in planned
        action = planned.get(row.key, action)
        remarks = () if is_planned else (NOT_PLANNED,)
    elif row.state in {ActionState.SENT, ActionState.CONFIRMED}:
        remarks = (
            f"It left on {row.sent_on} {by_way(action.via)}; this is how it would read now.",
        )
    else:
        remarks = (f"It is {row.state.word}: {row.reason}",)
    if wanted.language:
        action = in_language(action, wanted.language)
    return _of_customer(organisation, MadeUp(action, account, remarks, is_planned))


def _account_of(organisation: OrganisationContext, action: Action) -> Account | None:
    if action.kind in OUTSIDE_BOOKS:
        return addressee_of(action)
    return next(organisation.store.ledger.accounts(organisation.id, [action.contact_id]), None)


def _of_customer(organisation: OrganisationContext, draft: MadeUp) -> LetterPreview:
    action, account, remarks = draft.action, draft.account, draft.remarks
    today = organisation.today
    if not draft.is_planned and not remarks:
        remarks = (NOT_FOR_NOW,)
    extras, more = extras_before_sending(organisation, action, account)
    maker = organisation.letter_maker
    letter = maker.letter(action, account, today, extras)
    try:
        shown = shown_as_it_leaves(organisation, action, account, remarks)
    except ArsyncError as error:
        # The words can be looked at all the same: an address may be all that is missing.
        refusal = f"It cannot leave as things stand: {error}"
        shown = LetterShown(
            by_way(action.via), (), letter.subject, letter.text, (refusal, *remarks, *more)
        )
    if not is_our_letter(action):
        shown = _with_words(shown, letter)
    return LetterPreview(
        text_of(action),
        organisation.name,
        action.contact_name,
        shown,
        letter,
        lambda: maker.pdf(action, account, today, extras),
        draft.is_planned,
    )


def _with_words(shown: LetterShown, letter: Letter) -> LetterShown:
    """Return what the platform sends, beside the text that the step names."""
    return LetterShown(**asdict(shown) | {"subject": letter.subject, "text": letter.text})


def _sample(
    container: Container, some: list[OrganisationContext], wanted: LetterWanted
) -> LetterPreview:
    """Return a text with the sender's own details; the customer and the invoices are made up."""
    organisation = some[0] if some else None
    letters = (organisation.rules if organisation else container.rules()).letters
    name = _known_text(letters, wanted)
    spoken = letters.in_language(wanted.language) if wanted.language else letters
    config = organisation.config if organisation else container.config
    logo = mail_logo_of(config)
    sender = sender_details(config.letters, logo.size)
    writer = organisation.connection.organisation if organisation else SAMPLE_ORGANISATION
    context = sample_context(spoken.language, name, sender=sender, organisation=writer)
    letter = with_logo(spoken.render(name, context), logo)
    remarks = [MADE_UP_CUSTOMER]
    if invented := made_up_of_sender(sender, writer):
        remarks.append(MADE_UP_SENDER.format(", ".join(invented)))

    def pdf() -> bytes:
        document = letter_document(
            letter, context, moment=container.clock.now(), letterhead=letterhead_of(config)
        )
        return typeset(document)

    code = spoken.language.code
    shown = LetterShown("", (), letter.subject, letter.text, tuple(remarks), language=code)
    return LetterPreview(name, organisation.name if organisation else "", "", shown, letter, pdf)
