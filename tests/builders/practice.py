"""An accounting practice: two clients in memory, and a real mail server for their letters."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any, NamedTuple

from tests.builders.books import NOW, ORGANISATION, RULES, Books, BooksPlatform
from tests.builders.mail_server import AnyPort, Sink
from tests.builders.stores import put_store

from arsync.application.connections import connecting
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Role
from arsync.application.runs import runs
from arsync.clock import SetClock
from arsync.config import load_config
from arsync.connector_sdk import Connector

OWNER = Actor("Olga", Role.OWNER)

SMTP_RULES = RULES.replace("via: accounting system", "via: smtp")


class OpenedWith(BooksPlatform):
    """Remembers the settings that connectors are opened with."""

    settings: list[dict[str, str]]

    def __init__(self, books: Books) -> None:
        super().__init__(books)
        self.settings = []

    def open(self, transport: Any, organisation_id: str, settings: Any) -> Connector:
        self.settings.append(dict(settings))
        return super().open(transport, organisation_id, settings)


class Practice(NamedTuple):
    """Two clients, `acme` and `bolt`, each with an invoice that is late."""

    container: Container
    sink: Sink
    platform: OpenedWith

    def own(self, name: str, text: str) -> None:
        folder = self.container.config.folder / "connections"
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.toml").write_text(text.replace("PORT", str(self.port)))

    def add(self, name: str) -> None:
        """Connect another client."""
        connections = self.container.store.connections
        books_of = ORGANISATION._replace(id=name, name=name.title())
        connections.add(name, platform="books", organisation=books_of)
        connections.set_mode(name, "auto")

    @property
    def port(self) -> str:
        return self.container.config.smtp.url.rpartition(":")[2]

    def organisation(self, name: str) -> OrganisationContext:
        (organisation,) = connecting.connections(OWNER, self.container, name)
        return organisation

    def sync(self, name: str) -> list[str]:
        return runs.sync(OWNER, self.organisation(name)).all_problems

    def keys(self) -> list[str]:
        """Return the key of the letter that each mail is."""
        mails = [
            message_from_bytes(bytes(envelope.content or b"")) for envelope in self.sink.envelopes
        ]
        return [str(mail["X-Arsync-Key"]) for mail in mails]

    def mails(self) -> list[tuple[str, str, str]]:
        """Return sender, recipients and text of each mail that left."""
        mails = []
        for envelope in self.sink.envelopes:
            assert isinstance(envelope.content, bytes)
            message = message_from_bytes(envelope.content, policy=policy.default)
            body = message.get_body(("plain",))
            assert body is not None
            text = str(body.get_content()).replace("\r\n", "\n")
            mails.append((str(message["From"]), ", ".join(envelope.rcpt_tos), text))
        return mails


@contextmanager
def practising(folder: Path, more: str = "") -> Iterator[Practice]:
    """Open a practice in a folder; `more` is for its config.toml."""
    sink = Sink()
    controller = AnyPort(sink, hostname="127.0.0.1", port=0)
    controller.start()
    (folder / "rules").mkdir()
    (folder / "rules" / "standard.yaml").write_text(SMTP_RULES)
    (folder / "config.toml").write_text(
        '[store]\nurl = "sqlite:///arsync.db"\n[tokens]\nkeyring = "off"\n'
        '[runs]\nnotify = "practice@example.com"\n'
        f'[smtp]\nurl = "smtp://127.0.0.1:{controller.port}"\nsender = "p@example.com"\n'
        f"{more}"
    )
    put_store(folder)
    books = Books()
    books.add_invoice(books.add_contact(1), 1, overdue=5)
    platform = OpenedWith(books)
    with Container(
        load_config(folder / "config.toml", {}),
        clock=SetClock(NOW),
        platforms=lambda _: platform,
    ) as container:
        practice = Practice(container, sink, platform)
        for name in ("acme", "bolt"):
            practice.add(name)
        yield practice
    controller.stop()
