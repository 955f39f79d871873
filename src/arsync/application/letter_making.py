"""The one maker of finished messages: what a customer reads, to whom it goes, what goes along.

Delivery, preview and a test to oneself all use it, so that what was shown is what leaves.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from arsync.channels import Carries, Channel, Message, MessageTrace, channel, channel_names
from arsync.clock import Clock
from arsync.config import Config
from arsync.connector_sdk import Receipt
from arsync.core.actions import Action, ActionKind, MessagePayload, ReminderPayload
from arsync.core.ledger.records import Account, Contact, Organisation
from arsync.core.ledger.sanitising import file_name
from arsync.errors import UserMistake
from arsync.mail import (
    Attachment,
    EarlierLetter,
    EarlierMail,
    Letter,
    LetterFacts,
    Letters,
    can_be_declined,
    conversation,
    languages,
    letter_context,
    sender_details,
)
from arsync.mail.typesetting import letter_document, letterhead_of, typeset
from arsync.outbox import NO_EXTRAS, LetterExtras

LETTER = "letter"
"""Our letter as a PDF, in a payload's `attach`."""


class MessageMaker:
    """Makes the messages of one ledger, with the texts of its rulebook."""

    def __init__(
        self, name: str, organisation: Organisation, config: Config, letters: Letters, clock: Clock
    ) -> None:
        """Make a maker; nothing is opened.

        Args:
            name: the connection's.
            organisation: the sender.
            config: the connection's own settings.
            letters: the texts.
            clock: dates the messages.
        """
        self._name = name
        self._organisation = organisation
        self._config = config
        self._letters = {letters.language.code: letters}
        self._default = letters
        self._clock = clock

    def message(
        self, action: Action, account: Account, today: date, extras: LetterExtras = NO_EXTRAS
    ) -> Message:
        """Make the message of an action from fresh records; nothing leaves.

        Args:
            action: a message that leaves by a channel.
            account: the customer's records.
            today: the organisation's day.
            extras: what is not in the account.

        Raises:
            UserMistake: the way is not installed, a setting or the user's own text is wrong.
            Rejected: the customer has no address for this way.
        """
        way, payload = channel(action.via), _message_payload(action)
        contact, home = _contact(action, account), self._organisation.country
        to = way.recipients(self._config, contact, payload.to, home)
        letter, context = self._written(action, account, today, extras)
        moment = self._clock.now()
        pdf = self._pdf(letter, context, moment) if self._is_printed(action, way) else b""
        title = payload.title or action.step
        replies_to = self._config.smtp.reply_to
        attached = Carries.TEXT in way.carries and pdf
        name = file_name(f"{title} {today.isoformat()}", ".pdf")
        return Message(
            key=action.key,
            connection=self._name,
            title=title,
            customer=action.contact_name,
            to=to,
            subject=letter.subject,
            text=letter.text,
            html=letter.html,
            day=today,
            made_at=moment,
            language=payload.language_code,
            pdf=pdf,
            cc=_listed(payload.cc),
            copies=_listed(payload.copy_to),
            sender=payload.sender,
            reply_to=replies_to,
            attachments=(Attachment(name, pdf),) if attached else (),
            continues=_conversation(action, account, to, extras),
            unsubscribe_at=(
                replies_to or payload.sender or self._config.smtp.sender
                if can_be_declined(action)
                else ""
            ),
            notice_number=str(extras.notice_number or ""),
        )

    def letter(
        self, action: Action, account: Account, today: date, extras: LetterExtras = NO_EXTRAS
    ) -> Letter:
        """Return the letter of an action in words.

        Raises:
            UserMistake: the user's own text is wrong.
        """
        return self._written(action, account, today, extras)[0]

    def _written(
        self, action: Action, account: Account, today: date, extras: LetterExtras
    ) -> tuple[Letter, Mapping[str, Any]]:
        """Return a letter, and the values it was rendered with."""
        letters = self._in_language(action.payload.language_code)
        context = letter_context(
            action,
            account,
            self._organisation,
            today,
            spoken=letters.language,
            facts=LetterFacts(
                links=extras.links,
                law=self._default.law,
                sender=sender_details(self._config.letters),
                earlier_letters=tuple(
                    EarlierLetter(letter.text, letter.sent_on, letter.via)
                    for letter in extras.earlier
                ),
                notice_number=str(extras.notice_number or ""),
            ),
        )
        return letters.render(action.payload.title or action.step, context), context

    def pdf(
        self,
        action: Action,
        account: Account,
        today: date,
        extras: LetterExtras = NO_EXTRAS,
        *,
        moment: datetime | None = None,
    ) -> bytes:
        """Return the letter of an action as a PDF; it is of this moment, or of an earlier one.

        Raises:
            UserMistake: the user's own text is wrong, or a character cannot be printed.
        """
        letter, context = self._written(action, account, today, extras)
        return self._pdf(letter, context, moment or self._clock.now())

    def _is_printed(self, action: Action, way: Channel) -> bool:
        if Carries.PDF not in way.carries:
            return False
        payload = _message_payload(action)
        notice = payload.about_plan if isinstance(payload, ReminderPayload) else None
        return (
            Carries.TEXT not in way.carries
            or action.kind is ActionKind.LETTER
            or LETTER in payload.attach
            or (notice is not None and notice.attaches_letter)
        )

    def _pdf(self, letter: Letter, context: Mapping[str, Any], moment: datetime) -> bytes:
        letterhead = letterhead_of(self._config)
        return typeset(letter_document(letter, context, moment=moment, letterhead=letterhead))

    def _in_language(self, code: str) -> Letters:
        if not code or code not in languages():
            return self._default
        if code not in self._letters:
            self._letters[code] = self._default.in_language(code)
        return self._letters[code]


class PostOffice(MessageMaker):
    """The outbox's post office: the maker, and the channels of this installation."""

    def messages_per_day(self) -> Mapping[str, int]:
        """Return how much each installed channel takes on a day; 0: as much as comes."""
        return {name: channel(name).messages_per_day(self._config) for name in channel_names()}

    def prepare(self, via: str, message: Message) -> Mapping[str, str]:
        """Check that a message can leave; see `Channel.prepare`."""
        return channel(via).prepare(self._config, message)

    def deliver(self, via: str, message: Message) -> Receipt:
        """Hand a message over; see `Channel.deliver`."""
        return channel(via).deliver(self._config, message)

    def look_up(self, via: str, trace: MessageTrace) -> Receipt | None:
        """Return what stands of a message; see `Channel.look_up`."""
        return channel(via).look_up(self._config, trace)


def _message_payload(action: Action) -> MessagePayload:
    if not isinstance(action.payload, MessagePayload):
        raise UserMistake(f"a {action.kind.value.replace('_', ' ')} is not written to a customer.")
    return action.payload


def _contact(action: Action, account: Account) -> Contact | None:
    return next((person for person in account.contacts if person.id == action.contact_id), None)


def _conversation(
    action: Action, account: Account, to: tuple[str, ...], extras: LetterExtras
) -> tuple[str, ...]:
    """Return the messages by the same way that a message goes on from."""
    earlier = (
        EarlierMail(letter.reference, letter.sent_on, letter.to, letter.invoice_ids)
        for letter in extras.earlier
        if letter.via == action.via
    )
    is_open = (invoice.id for invoice in account.invoices if invoice.amount_due > 0)
    about = {*is_open, *(ref.id for ref in action.invoices)}
    return conversation(earlier, to=to, invoice_ids=about)


def _listed(text: str) -> tuple[str, ...]:
    return tuple(entry.strip() for entry in text.split(",") if entry.strip())
