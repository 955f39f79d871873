"""What joins layers that do not know each other: tokens from the store, mail for the outbox."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from arsync.clock import Clock
from arsync.config import Config
from arsync.connector_sdk import Authoriser, Receipt, Token
from arsync.core.actions import Action, ReminderPayload
from arsync.core.ledger.records import Account, Organisation
from arsync.core.ledger.sanitising import file_name
from arsync.errors import NeedsReconnect, UserMistake
from arsync.mail import (
    Attachment,
    Letter,
    Letters,
    Outgoing,
    SmtpServer,
    compose,
    languages,
    letter_context,
    send,
    smtp_server,
)
from arsync.mail.typesetting import letter_document, letterhead_of, typeset
from arsync.store.admin.tokens import Tokens


class StoredTokens:
    """The tokens of one grant, as `arsync.http` asks for them."""

    def __init__(self, tokens: Tokens, grant_id: int | None, authoriser: Authoriser) -> None:
        """Remember where the tokens are and who renews them.

        Args:
            tokens: the store's.
            grant_id: None when the connection was disconnected.
            authoriser: the platform's OAuth client.
        """
        self._tokens = tokens
        self._grant_id = grant_id
        self._authoriser = authoriser
        self._current: Token | None = None

    def current(self) -> Token:
        """Return the saved token, decrypted once."""
        if self._current is None:
            self._current = self._tokens.load(self._grant())
        return self._current

    def refreshed(self, stale: Token) -> Token:
        """Return a token newer than `stale`, saved before it is returned."""
        self._current = self._tokens.refreshed(self._grant(), stale, self._authoriser.refresh)
        return self._current

    def _grant(self) -> int:
        if self._grant_id is None:
            raise NeedsReconnect("the connection is not authorised. Run `arsync connect` again.")
        return self._grant_id


class MailPost:
    """The outbox's post office: letters by SMTP and as PDF, with the texts of one rulebook."""

    def __init__(self, config: Config, letters: Letters, clock: Clock) -> None:
        """Make a post office; nothing is opened.

        Args:
            config: the section `[smtp]`.
            letters: the texts.
            clock: dates the messages.
        """
        self._config = config
        self._letters = {letters.language.code: letters}
        self._default = letters
        self._clock = clock

    def compose(
        self,
        action: Action,
        account: Account,
        organisation: Organisation,
        today: date,
        links: Mapping[str, str],
    ) -> Outgoing:
        """Make the message of a reminder from fresh records.

        Raises:
            UserMistake: the settings or the user's own text are wrong.
            Rejected: the customer has no valid address.
        """
        self._server()
        contact = next(
            (person for person in account.contacts if person.id == action.contact_id), None
        )
        payload = action.payload
        to = payload.to if isinstance(payload, ReminderPayload) else ""
        letter, context = self._written(action, account, organisation, today, links)
        attachments: list[Attachment] = []
        notice = payload.about_plan if isinstance(payload, ReminderPayload) else None
        if notice is not None and notice.attaches_letter:
            name = file_name(f"{action.step} {today.isoformat()}", ".pdf")
            printed = self._printed(letter, context, self._clock.now())
            attachments.append(Attachment(name, printed))
        return compose(
            letter,
            key=action.key,
            sender=self._config.smtp.sender,
            to=[to] if to else [contact.email, *contact.more_emails] if contact else [],
            to_name=action.contact_name,
            now=self._clock.now(),
            copy_to=self._config.smtp.copy_to,
            attachments=attachments,
        )

    def send(self, outgoing: Outgoing) -> Receipt:
        """Hand the message over; see `arsync.mail.send` for what can happen."""
        accepted = send(self._server(), outgoing)
        refused = f"; refused: {', '.join(accepted.refused)}" if accepted.refused else ""
        return Receipt(
            reference=str(outgoing.message["Message-ID"]),
            detail=f"mail to {', '.join(outgoing.recipients)}: {accepted.answer}{refused}"[:500],
        )

    def pdf(
        self,
        action: Action,
        account: Account,
        organisation: Organisation,
        today: date,
        *,
        moment: datetime | None = None,
    ) -> bytes:
        """Return the letter as a PDF; it is of this moment, or of an earlier one."""
        letter, context = self._written(action, account, organisation, today, {})
        return self._printed(letter, context, moment or self._clock.now())

    def _printed(self, letter: Letter, context: Mapping[str, Any], moment: datetime) -> bytes:
        letterhead = letterhead_of(self._config)
        return typeset(letter_document(letter, context, moment=moment, letterhead=letterhead))

    def letter(
        self,
        action: Action,
        account: Account,
        organisation: Organisation,
        today: date,
        links: Mapping[str, str],
    ) -> Letter:
        """Return the letter of a reminder in words.

        Raises:
            UserMistake: the user's own text is wrong.
        """
        return self._written(action, account, organisation, today, links)[0]

    def _written(
        self,
        action: Action,
        account: Account,
        organisation: Organisation,
        today: date,
        links: Mapping[str, str],
    ) -> tuple[Letter, Mapping[str, Any]]:
        """Return a letter, and the values it was rendered with."""
        letters = self._in_language(action.payload.language_code)
        context = letter_context(
            action,
            account,
            organisation,
            today,
            spoken=letters.language,
            links=links,
            law=self._default.law,
        )
        return letters.render(action.payload.title or action.step, context), context

    def _in_language(self, code: str) -> Letters:
        if not code or code not in languages():
            return self._default
        if code not in self._letters:
            self._letters[code] = self._default.in_language(code)
        return self._letters[code]

    def _server(self) -> SmtpServer:
        url = self._config.smtp.url
        if not url:
            raise UserMistake(
                "the rulebook sends by smtp, but [smtp] url is empty."
                '\n    hint: url = "smtp://user:password@mail.example.com:587"'
            )
        return smtp_server(url)
