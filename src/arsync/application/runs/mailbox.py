"""Reading what came back of letters: once a while, read only, and never in the way of a run."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import NamedTuple

from msgspec import Struct

from arsync.application.organisation.organisation_context import (
    OrganisationContext,
    organisation_by_id,
)
from arsync.application.permissions import Actor, Permission, permit
from arsync.config.typed_settings import MailboxSettings
from arsync.core.actions import MessagePayload
from arsync.core.ledger.mail_addresses import addresses_in, folded_address
from arsync.core.ledger.records import Contact, RecordKind, UndeliverableAddress
from arsync.errors import ArsyncError, UserMistake
from arsync.mail.returned_mail import Came, Returned, returned_by
from arsync.store.models import ActionRow, MailboxPosition

READ_AGAIN_SECONDS = 300
"""A mailbox that several connections name is read for all of them, and so often at most."""

WHO = "mailbox"
"""Who says what the history of a letter tells from here."""

_REPORTS = frozenset({Came.BACK, Came.LATE})

_LOG = logging.getLogger(__name__)


class MailNews(NamedTuple):
    """What a mailbox said of one letter."""

    key: str
    customer: str
    text: str


class MailboxResult(NamedTuple):
    """What one reading found."""

    news: tuple[MailNews, ...] = ()
    messages: int = 0
    more: bool = False
    failure: str = ""
    """Why it could not be read."""
    skipped: str = ""
    """Why it was not read, which is no failure."""


class MailNewsView(Struct, frozen=True):
    """The JSON view of what a mailbox said of one letter."""

    key: str
    customer: str
    text: str


class MailboxView(Struct, frozen=True):
    """The JSON view of one reading."""

    connection: str
    messages: int
    more: bool
    failure: str
    skipped: str
    news: tuple[MailNewsView, ...]


def mailbox_view(name: str, result: MailboxResult) -> MailboxView:
    """Return the JSON view of one reading, of a connection of this name."""
    news = tuple(MailNewsView(*each) for each in result.news)
    return MailboxView(name, result.messages, result.more, result.failure, result.skipped, news)


def read_mailbox(
    actor: Actor, organisation: OrganisationContext, *, at_once: bool = True
) -> MailboxResult:
    """Read what is new in a connection's mailbox, and keep what it says of letters.

    Args:
        actor: who asks, or the schedule.
        organisation: whose; letters of other connections that name the same mailbox count too.
        at_once: also when it was read a moment ago.
    """
    permit(actor, Permission.PULL)
    settings = organisation.config.mailbox
    if not settings.url:
        return MailboxResult(skipped="[mailbox] url is empty: no mailbox is read")
    identity = identity_of(settings)
    boxes = organisation.store.mailboxes
    with boxes.reading(identity) as is_mine:
        if not is_mine:
            return MailboxResult(skipped="another process reads it")
        position = boxes.position(identity)
        wait = timedelta(seconds=READ_AGAIN_SECONDS)
        if not at_once and position and organisation.clock.now() - position.read_at < wait:
            return MailboxResult(skipped="it was read a moment ago")
        try:
            return _read(organisation, position)
        except ArsyncError as error:
            boxes.failed(identity, str(error))
            return MailboxResult(failure=str(error))


def note_mail(actor: Actor, organisation: OrganisationContext) -> None:
    """Read the mailbox within a run; what goes wrong is logged and told by `doctor`."""
    try:
        result = read_mailbox(actor, organisation, at_once=False)
    except ArsyncError as error:
        _LOG.warning("%s: the mailbox: %s", organisation.name, error)
        return
    except Exception:  # noqa: BLE001 - strangers write what is read here; letters must leave still
        _LOG.exception("%s: the mailbox could not be read", organisation.name)
        return
    if result.failure:
        _LOG.warning("%s: %s", organisation.name, result.failure)
    for news in result.news:
        _LOG.info("%s: %s: %s", organisation.name, news.customer, news.text)


def identity_of(settings: MailboxSettings) -> str:
    """Return what tells a mailbox from others.

    Raises:
        UserMistake: the setting is not a mailbox's address.
    """
    # IMAP is imported where a mailbox is set: each run comes by here, and few have one.
    from arsync.mail.mailbox import mailbox_server

    return mailbox_server(settings.url, settings.folder).identity


def mailbox_failure(organisation: OrganisationContext) -> str:
    """Return why the mailbox could not be read the last time; empty when it could."""
    settings = organisation.config.mailbox
    if not settings.url:
        return ""
    try:
        identity = identity_of(settings)
    except UserMistake as mistake:
        return str(mistake)
    position = organisation.store.mailboxes.position(identity)
    return position.failure if position is not None else ""


def _read(organisation: OrganisationContext, position: MailboxPosition | None) -> MailboxResult:
    from arsync.mail.mailbox import mailbox_server, read_new

    settings, boxes = organisation.config.mailbox, organisation.store.mailboxes
    server = mailbox_server(settings.url, settings.folder)
    validity, last_uid = (position.uid_validity, position.last_uid) if position else (0, 0)
    reading = read_new(server, validity, last_uid)
    news = [
        kept
        for message in reading.messages
        for returned in returned_by(message)
        if (kept := _keep(organisation, server.identity, returned)) is not None
    ]
    # Last: who dies before it reads the same messages again, and each is kept once.
    boxes.read_to(server.identity, reading.uid_validity, reading.last_uid)
    return MailboxResult(tuple(news), len(reading.messages), reading.more)


def _keep(organisation: OrganisationContext, mailbox: str, returned: Returned) -> MailNews | None:
    """Keep what was said of a letter; None when it is none of this mailbox's, or known."""
    try:
        row = organisation.store.actions.get(returned.key)
    except UserMistake:
        return None
    owner = _whose(organisation, mailbox, row)
    if owner is None or not isinstance(row.action.payload, MessagePayload):
        return None
    address = _meant(owner, row, returned) if returned.came in _REPORTS else ""
    text = _in_words(returned, address)
    store, now = organisation.store.undeliverable, organisation.clock.now()
    if returned.at_fault and address:
        undeliverable = UndeliverableAddress(
            row.action.contact_id, address, owner.today, returned.reason
        )
        new = store.came_back(owner.id, row.key, undeliverable, who=WHO, why=text, now=now)
    else:
        new = store.note(owner.id, row.key, who=WHO, why=text, now=now)
    return MailNews(row.key, row.action.contact_name, text) if new else None


def _whose(
    organisation: OrganisationContext, mailbox: str, row: ActionRow
) -> OrganisationContext | None:
    """Return whose letter it is; None when that one's mail does not come back to this mailbox."""
    if row.connection_id == organisation.id:
        return organisation
    owner = organisation_by_id(organisation.container, row.connection_id)
    if owner.settings_problem:
        return None
    settings = owner.config.mailbox
    # One client's mailbox must say nothing of another client's letters.
    return owner if settings.url and identity_of(settings) == mailbox else None


def _meant(organisation: OrganisationContext, row: ActionRow, returned: Returned) -> str:
    """Return to which of a letter's addresses a report belongs, as the books write it.

    Whoever got a letter knows its id, and could report any address. One to which the letter did not
    go stays untouched; of a letter to one address it is that one, which was passed on.
    """
    addresses = _addresses(organisation, row)
    for address in addresses:
        if folded_address(address) == folded_address(returned.address):
            return address
    return addresses[0] if len(addresses) == 1 else ""


def _addresses(organisation: OrganisationContext, row: ActionRow) -> list[str]:
    payload, contact_id = row.action.payload, row.action.contact_id
    named = payload.to if isinstance(payload, MessagePayload) else ""
    if named:
        return addresses_in(named)
    records = organisation.store.ledger.records
    contact = records(organisation.id, RecordKind.CONTACTS, [contact_id]).get(contact_id)
    if not isinstance(contact, Contact):
        return []
    fields = (contact.email, *contact.more_emails)
    return [address for field in fields for address in addresses_in(field)]


def _in_words(returned: Returned, address: str) -> str:
    if returned.came is Came.BACK:
        return f"came back from {address or 'an address'}: {returned.reason}"
    if returned.came is Came.LATE:
        return f"is delayed on its way to {address or 'an address'}: {returned.reason}"
    if returned.came is Came.AUTOMATIC:
        return f"an automatic reply came: {returned.reason or 'without a subject'}"
    return f"a reply is in the mailbox: {returned.reason or 'without a subject'}"
