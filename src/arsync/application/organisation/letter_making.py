"""The one maker of finished messages: what a customer reads, to whom it goes, what goes along.

Delivery, preview and a test to oneself all use it, so that what was shown is what leaves.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, tzinfo
from typing import Any, NamedTuple

from msgspec.structs import replace

from arsync.application.organisation.account_facts import AccountTeller
from arsync.channels import Carries, Message, MessageTrace, channel, channel_names
from arsync.clock import Clock
from arsync.config import Config
from arsync.connector_sdk import Receipt
from arsync.core.actions import (
    Action,
    ActionKind,
    MessagePayload,
    ReferenceLetterPayload,
    ReminderPayload,
    Via,
    is_our_letter,
)
from arsync.core.actions.notices import as_written
from arsync.core.ledger.enclosures import Enclosure
from arsync.core.ledger.records import Account, Organisation
from arsync.core.ledger.sanitising import file_name
from arsync.core.ledger.statement_of_account import StatementOfAccount
from arsync.core.rulebook import Rulebook
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
from arsync.mail.text_names import SHORT_TEXT
from arsync.mail.typesetting import (
    LetterDocument,
    letter_document,
    letterhead_of,
    mail_logo_of,
    typeset,
    with_logo,
)
from arsync.outbox import NO_EXTRAS, LetterExtras

STATEMENT_TEXT = "statement of account"


class Enclosed(NamedTuple):
    """What goes along with a message."""

    kinds: frozenset[str] = frozenset()
    words: tuple[str, ...] = ()
    """What its text calls enclosed."""
    online_instead: tuple[str, ...] = ()
    """The numbers of invoices that do not go along, and can be seen by their link."""
    statement: StatementOfAccount | None = None


NOTHING_ENCLOSED = Enclosed()


def shows_personal_line(action: Action) -> bool:
    """Return whether a person's line can stand in a message: our text, on a way that carries it."""
    if not is_our_letter(action):
        return False
    return action.via == Via.PLATFORM or Carries.PDF in channel(action.via).carries


class LetterSource(NamedTuple):
    """Whose letters are made, and from what."""

    name: str
    """The connection's."""
    organisation: Organisation
    """The sender."""
    config: Config
    """The connection's own settings."""
    letters: Letters
    """The texts."""
    clock: Clock
    """Dates the messages."""
    zone: tzinfo
    """The organisation's."""
    rulebook: Rulebook | None = None
    """None: it cannot be read; then a statement counts as the first version of rulebooks does."""


class MessageMaker:
    """Makes the messages of one ledger, with the texts of its rulebook."""

    def __init__(self, source: LetterSource) -> None:
        """Make a maker; nothing is opened."""
        self._told = AccountTeller(source.rulebook, source.organisation, source.zone)
        self._name, self._organisation = source.name, source.organisation
        self._config, self._clock = source.config, source.clock
        self._default = source.letters
        self._letters = {source.letters.language.code: source.letters}

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
        contact, home = account.contact(action.contact_id), self._organisation.country
        to = way.recipients(self._config, contact, payload.to, home)
        enclosed = self._enclosed(action, account, today, extras)
        letter, context = self._written(action, account, today, extras, enclosed)
        moment, title = self._clock.now(), payload.title or action.step
        pdf = self._pdf(letter, context, moment) if Enclosure.LETTER in enclosed.kinds else b""
        replies_to = self._config.smtp.reply_to
        takes_files = Carries.PDF in way.carries
        file = pdf if Carries.TEXT in way.carries else b""
        return Message(
            key=action.key,
            connection=self._name,
            title=title,
            customer=_addressee(action),
            to=to,
            subject=letter.subject,
            text=letter.text,
            html=letter.html,
            day=today,
            made_at=moment,
            language=payload.language_code,
            short_text="" if takes_files else self._short_text(title, letter, context),
            pdf=pdf,
            cc=_listed(payload.cc),
            copies=_listed(payload.copy_to),
            sender=payload.sender,
            reply_to=replies_to,
            attachments=(
                self._files(action, account, today, extras, enclosed, file) if takes_files else ()
            ),
            continues=_conversation(action, account, to, extras),
            unsubscribe_at=self._answers_to(payload) if can_be_declined(action) else "",
            notice_number=self._number(extras),
            remarks=tuple(
                f"{ref.number} is not enclosed: {extras.not_attached[ref.id]}"
                for ref in action.invoices
                if ref.id in extras.not_attached
            ),
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
        self,
        action: Action,
        account: Account,
        today: date,
        extras: LetterExtras,
        enclosed: Enclosed | None = None,
    ) -> tuple[Letter, Mapping[str, Any]]:
        """Return a letter, and the values it was rendered with."""
        enclosed = enclosed or self._enclosed(action, account, today, extras)
        letters, logo = self._in_language(action.payload.language_code), mail_logo_of(self._config)
        account_facts = self._told(action, account, today, letters.language)
        context = letter_context(
            action,
            account,
            self._organisation,
            today,
            spoken=letters.language,
            facts=account_facts._replace(
                links=extras.links,
                law=self._default.law,
                sender=sender_details(self._config.letters, logo.size),
                earlier_letters=tuple(
                    EarlierLetter(letter.text, letter.sent_on, letter.via)
                    for letter in extras.earlier
                ),
                answers_to=self._answers_to(_message_payload(action)),
                personal_line=extras.personal_line,
                notice_number=self._number(extras),
                attachments=enclosed.words,
                online_instead=enclosed.online_instead,
                statement=account_facts.statement or enclosed.statement,
            ),
        )
        letter = letters.render(action.payload.title or action.step, context)
        return with_logo(letter, logo), context

    def _enclosed(
        self, action: Action, account: Account, today: date, extras: LetterExtras
    ) -> Enclosed:
        """Return what goes along with a message, and what its text may say of it."""
        payload = _message_payload(action)
        carries = self._carries(action)
        if Carries.PDF not in carries:
            return NOTHING_ENCLOSED
        kinds = list(payload.attach)
        notice = payload.about_plan if isinstance(payload, ReminderPayload) else None
        is_letter = action.kind is ActionKind.LETTER or Carries.TEXT not in carries
        if Enclosure.LETTER not in kinds and (is_letter or (notice and notice.attaches_letter)):
            kinds.append(Enclosure.LETTER)
        left_out = [ref for ref in action.invoices if ref.id in extras.not_attached]
        if Enclosure.INVOICE in kinds and len(left_out) == len(action.invoices):
            kinds.remove(Enclosure.INVOICE)
        linked = {invoice.id for invoice in account.invoices if invoice.link} | set(extras.links)
        statement = None
        if Enclosure.STATEMENT in kinds:
            statement = self._told.statement(account, action.contact_id, until=today)
        # Printed, the letter is no enclosure of itself.
        words = [kind for kind in kinds if kind != Enclosure.LETTER or Carries.TEXT in carries]
        return Enclosed(
            kinds=frozenset(kinds),
            words=tuple(words),
            online_instead=tuple(ref.number for ref in left_out if ref.id in linked),
            statement=statement,
        )

    def _carries(self, action: Action) -> frozenset[Carries]:
        """Return what the way of a message takes along; of a letter in the books: a file."""
        return (
            frozenset({Carries.PDF}) if action.via == Via.PLATFORM else channel(action.via).carries
        )

    def _files(
        self,
        action: Action,
        account: Account,
        today: date,
        extras: LetterExtras,
        enclosed: Enclosed,
        letter: bytes,
    ) -> tuple[Attachment, ...]:
        """Return the files that go along: our letter, then a statement, then the invoices."""
        files = [(action.payload.title or action.step, letter)] if letter else []
        if enclosed.statement is not None:
            paper = self._statement_pdf(action, account, enclosed.statement, today)
            files.append((STATEMENT_TEXT, paper))
        named = [Attachment(file_name(f"{name} {today}", ".pdf"), pdf) for name, pdf in files]
        pdfs = extras.invoice_pdfs
        return (
            *named,
            *(
                Attachment(file_name(ref.number or ref.id, ".pdf"), pdfs[ref.id])
                for ref in action.invoices
                if ref.id in pdfs
            ),
        )

    def _statement_pdf(
        self, action: Action, account: Account, statement: StatementOfAccount, today: date
    ) -> bytes:
        """Return a statement of account as a letter of its own."""
        letters = self._in_language(action.payload.language_code)
        alone = replace(action, invoices=())
        context = letter_context(
            alone,
            account,
            self._organisation,
            today,
            spoken=letters.language,
            facts=LetterFacts(sender=sender_details(self._config.letters), statement=statement),
        )
        letter = letters.render(STATEMENT_TEXT, context)
        return self._pdf(letter, context, self._clock.now())

    def _short_text(self, title: str, letter: Letter, context: Mapping[str, Any]) -> str:
        """Return what fits a text message: a text of the user's own, or the gist of the letter."""
        letters = self._in_language(str(context["language"]))
        own = f"{title} {SHORT_TEXT}"
        if letters.has(own):
            return letters.render(own, context).text
        words = context["words"]
        lines = [letter.subject]
        lines += [f"{words['total']}{words['colon']} {amount}" for amount in context["totals"]]
        links = [invoice.pay_link or invoice.link for invoice in context["invoices"]]
        lines += [link for link in links if link][:1]
        return "\n".join((*lines, context["organisation"]["name"]))

    def _answers_to(self, payload: MessagePayload) -> str:
        """Return the address to which the customer answers; empty: no mail is set up."""
        return self._config.smtp.reply_to or payload.sender or self._config.smtp.sender

    def _number(self, extras: LetterExtras) -> str:
        """Return a notice's number as the settings write it; empty where it bears none."""
        if extras.notice_number is None:
            return ""
        return as_written(extras.notice_number, self._config.letters.notice_number)

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

    def _pdf(self, letter: Letter, context: Mapping[str, Any], moment: datetime) -> bytes:
        letterhead = letterhead_of(self._config)
        return self._typeset(letter_document(letter, context, moment=moment, letterhead=letterhead))

    def _typeset(self, document: LetterDocument) -> bytes:
        """Return a letter's pages; a process that is copied has them set elsewhere."""
        return typeset(document)

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


def _addressee(action: Action) -> str:
    """Return to whom a message is written: the customer, or who is asked about it."""
    payload = action.payload
    if isinstance(payload, ReferenceLetterPayload):
        return payload.addressee
    return action.contact_name


def _listed(text: str) -> tuple[str, ...]:
    return tuple(entry.strip() for entry in text.split(",") if entry.strip())
