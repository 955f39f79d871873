"""A ledger whose letters really leave, into a mailbox of the test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.builders.books import NOW, ORGANISATION, RULES, Books, BooksPlatform
from tests.builders.mail_server import AnyPort, Sink
from tests.builders.stores import put_store

from arsync.application.connections import connecting
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Role
from arsync.application.runs import pulling
from arsync.clock import SetClock
from arsync.config import load_config

OWNER = Actor("Olga", Role.OWNER)


def now(container: Container) -> OrganisationContext:
    """Return the organisation as it is now."""
    (organisation,) = connecting.connections(OWNER, container)
    return organisation


@pytest.fixture
def sink() -> Iterator[Sink]:
    sink = Sink()
    controller = AnyPort(sink, hostname="127.0.0.1", port=0)
    controller.start()
    sink.port = controller.port
    yield sink
    controller.stop()


@pytest.fixture
def ledger(tmp_path: Path, books: Books, sink: Sink) -> Iterator[Container]:
    """Customer 1 is late, customer 2 owes what is not due, 3 has paid, 4 never bought anything."""
    put_store(tmp_path)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "standard.yaml").write_text(RULES)
    (tmp_path / "config.toml").write_text(
        '[store]\nurl = "sqlite:///arsync.db"\n[tokens]\nkeyring = "off"\n'
        f'[smtp]\nurl = "smtp://127.0.0.1:{sink.port}"\n'
        'sender = "Accounts <accounts@example.com>"\ncopy_to = "office@example.com"\n'
    )
    with Container(
        load_config(tmp_path / "config.toml", {}),
        clock=SetClock(NOW),
        platforms=lambda _: BooksPlatform(books),
    ) as container:
        container.store.connections.add("books", platform="books", organisation=ORGANISATION)
        books.add_invoice(books.add_contact(1), 1, overdue=3)
        books.add_invoice(books.add_contact(2), 2, overdue=-10)
        books.pay(books.add_invoice(books.add_contact(3), 3, overdue=5))
        books.add_contact(4)
        pulling.pull_ledger(OWNER, now(container))
        yield container
