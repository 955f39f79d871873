"""A letter sent to oneself, to see it as a customer will: marked, unnumbered, kept nowhere."""

from __future__ import annotations

import secrets

from msgspec import Struct
from msgspec.structs import replace

from arsync.application.letters.letter_preview import extras_before_sending
from arsync.application.letters.previewing import (
    LetterWanted,
    customers_letter,
    preview_letter,
)
from arsync.application.organisation.connection_choice import Chosen
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext, organisations
from arsync.application.permissions import Actor, Permission, permit
from arsync.channels import Message, channel
from arsync.core.actions import Action, MessagePayload, Via
from arsync.core.ledger.records import Account
from arsync.errors import UserMistake
from arsync.mail import addresses, is_address

KEY_BYTES = 16
"""Each test has a key of its own: a mail program shows two mails of one key once."""


class SentTest(Struct, frozen=True):
    """A test that left."""

    text: str
    connection: str
    customer: str
    """Whose letter it was; empty: a sample."""
    to: str
    subject: str
    detail: str
    """What the mail server said."""


def send_test(
    actor: Actor, container: Container, wanted: LetterWanted, to: str, connection: Chosen = None
) -> SentTest:
    """Send a letter to oneself by the connection's own mail server.

    No note is written, no number is used up, nothing is kept, and nobody else gets a copy.

    Args:
        actor: who asks.
        container: holds the ledgers.
        wanted: which letter; without a customer, one about a customer who is made up.
        to: one's own address.
        connection: by whose mail server; needed where there are several.

    Raises:
        UserMistake: it is no address, or the customer's; there is no such letter; or the mail
            server is not set up. OutcomeUnknown: it may have left.
    """
    permit(actor, Permission.TEXTS)
    if not is_address(to):
        raise UserMistake(f"{to!r} is not a mail address.\n    hint: --to me@example.com")
    if wanted.customer:
        organisation, draft = customers_letter(container, wanted, connection)
        _refuse_customer(draft.account, draft.action, to)
        message = _of_customer(organisation, draft.action, draft.account, to)
    else:
        organisation = _only(container, connection)
        message = _of_sample(actor, container, organisation, wanted, to)
    way = channel(Via.SMTP)
    # Nobody but the tester: no copies, no conversation to be in, no name of the customer's.
    message = message._replace(
        key=secrets.token_hex(KEY_BYTES),
        customer="",
        to=(to,),
        cc=(),
        copies=(),
        continues=(),
        is_test=True,
    )
    way.prepare(organisation.config, message)
    receipt = way.deliver(organisation.config, message)
    customer = draft.action.contact_name if wanted.customer else ""
    return SentTest(message.title, organisation.name, customer, to, message.subject, receipt.detail)


def _of_customer(
    organisation: OrganisationContext, action: Action, account: Account, to: str
) -> Message:
    extras, _ = extras_before_sending(organisation, action, account)
    payload = action.payload
    assert isinstance(payload, MessagePayload), "a letter is a message"
    mailed = replace(action, via=Via.SMTP.value, payload=replace(payload, to=to))
    return organisation.letter_maker.message(mailed, account, organisation.today, extras)


def _of_sample(
    actor: Actor,
    container: Container,
    organisation: OrganisationContext,
    wanted: LetterWanted,
    to: str,
) -> Message:
    preview = preview_letter(actor, container, wanted, organisation.name)
    return Message(
        key="",
        connection=organisation.name,
        title=preview.text,
        customer="",
        to=(to,),
        subject=preview.letter.subject,
        text=preview.letter.text,
        html=preview.letter.html,
        day=organisation.today,
        made_at=organisation.clock.now(),
        reply_to=organisation.config.smtp.reply_to,
    )


def _only(container: Container, connection: Chosen) -> OrganisationContext:
    some = organisations(container, connection)
    if len(some) > 1:
        names = ", ".join(organisation.name for organisation in some)
        raise UserMistake(
            f"there are several connections, each with its own sender: {names}."
            "\n    hint: choose with --connection, or give --customer"
        )
    return some[0]


def _refuse_customer(account: Account, action: Action, to: str) -> None:
    fields = [
        address for contact in account.contacts for address in (contact.email, *contact.more_emails)
    ]
    fields += [invoice.email for invoice in account.invoices]
    if to.lower() in {address.lower() for address in addresses(fields)}:
        raise UserMistake(
            f"{to} is an address of {action.contact_name}: a test goes to nobody but you."
            "\n    hint: --to your own address"
        )
