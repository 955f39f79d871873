"""The contract between arsync and a way in which letters leave: the Channel protocol, its values.

A channel takes a finished message and hands it over. It makes no text, decides nothing and stores
nothing. Further ones are found through the entry point group `arsync.channels`; each entry is a
`Channel`, and its name is what a rulebook says after `via:`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

from arsync.config import Config, Section
from arsync.connector_sdk import Receipt
from arsync.core.ledger.records import Contact
from arsync.mail import Attachment


class Carries(StrEnum):
    """What a channel can take along."""

    TEXT = "text"
    HTML = "html"
    PDF = "pdf"
    """Files, our letter among them."""


class Message(NamedTuple):
    """One finished message. Texts are clean; nothing of it is changed on the way."""

    key: str
    """The action's: it travels with the message where that is possible."""
    connection: str
    """The name of the ledger."""
    title: str
    """The name of its text: `second reminder`."""
    customer: str
    to: tuple[str, ...]
    """As the channel's `recipients` gave them."""
    subject: str
    text: str
    html: str
    day: date
    """The organisation's."""
    made_at: datetime
    language: str = ""
    short_text: str = ""
    """For channels that take few characters."""
    pdf: bytes = b""
    """The letter, where the channel carries nothing else; empty where it is not wanted."""
    notice_number: str = ""
    cc: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()
    """They get it, and do not show in it."""
    sender: str = ""
    reply_to: str = ""
    attachments: tuple[Attachment, ...] = ()
    continues: tuple[str, ...] = ()
    """References of the same conversation by this way, the oldest first."""
    unsubscribe_at: str = ""
    """The address that takes requests for no more such messages; empty: none does."""
    is_test: bool = False
    """Whether somebody looks at it himself: it is marked, and is not the action's own."""
    remarks: tuple[str, ...] = ()
    """What people should hear of it: `INV-7 is too large to attach`."""


class MessageTrace(NamedTuple):
    """By what a message is looked for whose outcome is unknown."""

    key: str
    connection: str
    saved: Mapping[str, str] = {}
    """What the channel's `prepare` returned; empty after a restore from a backup."""
    since: datetime | None = None
    """When it may first have been handed over; None: nobody knows."""


class Channel(Protocol):
    """A way out. All calls are given the connection's own settings; nothing is kept between them.

    No error may hold a password or a token.
    """

    @property
    def name(self) -> str:
        """Return what `via:` says."""
        ...

    @property
    def label(self) -> str:
        """Return it for people, after `by`: `by email`, `by post`."""
        ...

    @property
    def carries(self) -> frozenset[Carries]:
        """Return what it takes along."""
        ...

    @property
    def max_characters(self) -> int:
        """Return how long a text may be; 0: as long as a letter is."""
        ...

    @property
    def settings(self) -> type[Section] | None:
        """Return what its section `[channels.NAME]` holds; None: it has none, as arsync's own.

        Each setting is a text or a whole number with bounds, has a default and says what it means;
        `SECRET` marks what nobody may see, `per_connection` what a connection may say otherwise.
        `config.of_channel(NAME, KIND)` returns what was said.
        """
        ...

    def settings_problem(self, config: Config) -> str:
        """Return which setting is missing or wrong, and what to do; empty: it is set up.

        By this a plan decides whether a letter can leave in this way at all: so nothing that comes
        and goes, such as a drive that is away, is looked at here.
        """
        ...

    def obstacle(self, config: Config) -> str:
        """Return what stands in the way at this moment, of what can be seen without sending."""
        ...

    def messages_per_day(self, config: Config) -> int:
        """Return how many messages one connection may send on a day; 0: as many as it likes."""
        ...

    def recipients(
        self, config: Config, contact: Contact | None, named: str, home: str
    ) -> tuple[str, ...]:
        """Return where a message to a customer goes.

        Args:
            config: the settings.
            contact: the customer's record.
            named: addresses that the plan names; empty: the customer's own.
            home: the sender's country, by two letters; empty where the books do not tell.

        Raises:
            Rejected: there is none; `heals_when` is the customer's record.
        """
        ...

    def prepare(self, config: Config, message: Message) -> Mapping[str, str]:
        """Check that a message can leave, and return by what it is found again; nothing leaves.

        Raises:
            Rejected: it cannot leave in this way. UserMistake: a setting is wrong.
        """
        ...

    def deliver(self, config: Config, message: Message) -> Receipt:
        """Hand a message over. The receipt's detail is the truth: `in the post folder: FILE`.

        Raises:
            Rejected, RetryLater, UserMistake: it did not leave. OutcomeUnknown: it may have.
        """
        ...

    def look_up(self, config: Config, trace: MessageTrace) -> Receipt | None:
        """Return what stands of a message whose outcome is unknown; None: it certainly never left.

        Raises:
            OutcomeUnknown: the channel cannot tell. RetryLater: ask again later.
        """
        ...

    def where_to_look(self, config: Config, trace: MessageTrace) -> str:
        """Return where a person looks whether a message left: `the post folder, for FILE`."""
        ...
