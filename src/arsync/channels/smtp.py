"""By email: our letter as text and HTML, with what goes along, by a mail server."""

from __future__ import annotations

from collections.abc import Mapping

from arsync.channels.contract import Carries, Message, MessageTrace
from arsync.config import Config
from arsync.connector_sdk import MailReceipt, Receipt
from arsync.core.actions import Via
from arsync.core.ledger.records import Contact
from arsync.errors import HealsWhen, OutcomeUnknown, Rejected, UserMistake
from arsync.mail import (
    KEY_HEADER,
    Letter,
    Outgoing,
    SmtpServer,
    addresses,
    compose,
    send,
    smtp_server,
)
from arsync.mail.message import RECIPIENTS_MAX, clean_name

RECEIPT_CHARACTERS_MAX = 500


class SmtpChannel:
    """Mail by the server of `[smtp] url`."""

    name = Via.SMTP.value
    label = "email"
    carries = frozenset({Carries.TEXT, Carries.HTML, Carries.PDF})
    max_characters = 0
    settings = None

    def settings_problem(self, config: Config) -> str:
        """Return what is wrong in `[smtp]`."""
        try:
            _server(config)
        except UserMistake as mistake:
            return str(mistake)
        return ""

    def obstacle(self, config: Config) -> str:
        """Return that nobody is named as the sender; a rulebook may name one for some."""
        return "" if config.smtp.sender else "[smtp] sender is empty: letters need a sender."

    def messages_per_day(self, config: Config) -> int:
        """Return `[smtp] emails_per_day`."""
        return config.smtp.emails_per_day

    def recipients(
        self, config: Config, contact: Contact | None, named: str, home: str
    ) -> tuple[str, ...]:
        """Return the valid addresses among those named, or else among the customer's."""
        texts = [named] if named else [contact.email, *contact.more_emails] if contact else []
        # An address list that somebody pasted whole must not turn one reminder into a mailing.
        valid = addresses(texts)[:RECIPIENTS_MAX]
        if not valid:
            name = clean_name(contact.name) if contact else ""
            raise Rejected(
                f"{name or 'the customer'} has no valid mail address.",
                heals_when=HealsWhen.RECORD,
            )
        return valid

    def prepare(self, config: Config, message: Message) -> Mapping[str, str]:
        """Compose it once, so that what is wrong with it is told before anything leaves."""
        _server(config)
        outgoing(config, message)
        return {}

    def deliver(self, config: Config, message: Message) -> Receipt:
        """Hand it to the mail server."""
        letter = outgoing(config, message)
        accepted = send(_server(config), letter)
        refused = f"; refused: {', '.join(accepted.refused)}" if accepted.refused else ""
        to = ", ".join(letter.recipients)
        return MailReceipt(
            reference=str(letter.message["Message-ID"]),
            detail=f"mail to {to}: {accepted.answer}{refused}"[:RECEIPT_CHARACTERS_MAX],
            undeliverable=accepted.undeliverable,
        )

    def look_up(self, config: Config, trace: MessageTrace) -> Receipt | None:
        """Say that it cannot be told."""
        raise OutcomeUnknown("a mail server cannot be asked whether it accepted a message")

    def where_to_look(self, config: Config, trace: MessageTrace) -> str:
        """Return the server's log: the message carries the key."""
        return f"the log of your mail server, for the line {KEY_HEADER}: {trace.key}"


CHANNEL = SmtpChannel()


def outgoing(config: Config, message: Message) -> Outgoing:
    """Return the message as it travels.

    Raises:
        UserMistake: the sender's or a copy's address is not a mail address.
        Rejected: it is too large.
    """
    copies = ", ".join(filter(None, (*message.copies, config.smtp.copy_to)))
    if message.is_test:
        copies = ""  # it is for one person's eyes
    return compose(
        Letter(message.subject, message.text, message.html),
        key=message.key,
        sender=message.sender or config.smtp.sender,
        to=message.to,
        to_name=message.customer,
        now=message.made_at,
        cc=message.cc,
        copy_to=copies,
        reply_to=message.reply_to,
        attachments=message.attachments,
        continues=message.continues,
        unsubscribe_at=message.unsubscribe_at,
        is_test=message.is_test,
    )


def _server(config: Config) -> SmtpServer:
    url = config.smtp.url
    if not url:
        raise UserMistake(
            "the rulebook sends by smtp, but [smtp] url is empty."
            '\n    hint: url = "smtp://user:password@mail.example.com:587"'
        )
    return smtp_server(url)
