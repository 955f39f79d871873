"""A desk of its own for a test: people of every role, on a store that a test fills."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from tests.builders.books import NOW, ORGANISATION, Books, BooksPlatform, BooksPost
from tests.builders.driver import App
from tests.builders.routes import share_routes
from tests.builders.stores import put_store, share_statements
from werkzeug.test import TestResponse

from arsync.application.organisation.container import Container
from arsync.application.people.signing_in import hashed, open_session
from arsync.application.permissions import Role, person_at_the_shell
from arsync.application.rules.rules_push import push_rules
from arsync.clock import SetClock
from arsync.config import load_config
from arsync.store.people.users import ALL, ScopedRole, UserRow
from arsync.web.desk.desk_app import make_desk
from arsync.web.desk.routing import COOKIE
from arsync.web.server import WebServer, desk_and_machines

share_routes()

PASSWORD = "seven quiet herons"

NAMES = {
    Role.OWNER: "Hannah Reid",
    Role.CONTROLLER: "Tom Okafor",
    Role.ACCOUNTANT: "Priya Nair",
    Role.READER: "Rita Lund",
}
"""A person of each role."""

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}
"""What a browser says of a form that one of our own pages sent."""


@cache
def _password_hash() -> str:
    # A tenth of a second and 64 MiB: once in a process is enough.
    return hashed(PASSWORD)


def email_of(name: str) -> str:
    """Return the address of a person of the tests."""
    return f"{name.split(maxsplit=1)[0].lower()}@example.com"


def add_person(
    container: Container,
    name: str,
    role: Role,
    *,
    scope: str = ALL,
    value: str = "",
    sees_amounts: bool = True,
    approves_up_to: Decimal | None = None,
) -> UserRow:
    """Add a person who signs in with `PASSWORD`."""
    user = container.store.users.add(
        email_of(name), name, [ScopedRole(scope, value, role, sees_amounts, approves_up_to)]
    )
    container.store.users.set_password_hash(user.id, _password_hash())
    return user


def add_everybody(container: Container) -> dict[Role, UserRow]:
    """Add a person of each role, to all connections."""
    return {role: add_person(container, name, role) for role, name in NAMES.items()}


@dataclass
class DeskDriver:
    """The desk as a test drives it, without a socket: what is shown, and what forms do."""

    container: App
    books: Books
    app: Flask = field(init=False)

    def __post_init__(self) -> None:
        # A loaded machine adds up slowly; what a page does meanwhile has a test of its own.
        self.app = make_desk(self.container, wait_seconds=30)

    def signed_in(self, user: UserRow) -> FlaskClient:
        """Return a browser in which somebody is signed in."""
        client = self.app.test_client()
        client.set_cookie(COOKIE, open_session(self.container, user).token)
        return client

    def nobody(self) -> FlaskClient:
        """Return a browser in which nobody is signed in."""
        return self.app.test_client()


def post(client: FlaskClient, path: str, **values: object) -> TestResponse:
    """Send a form as a browser sends one from a page of the desk."""
    return client.post(path, data=values, headers=SAME_ORIGIN)


@contextmanager
def serving(container: Container) -> Iterator[str]:
    """Serve the desk on a free port, for a browser; yields its address."""
    server = WebServer(desk_and_machines(container), host="127.0.0.1", port=0, threads=8)
    stop = threading.Event()
    thread = threading.Thread(target=server.run, args=(stop,), daemon=True)
    thread.start()
    try:
        yield server.url
    finally:
        stop.set()
        thread.join(timeout=timedelta(seconds=20).total_seconds())


RULES = """\
version: 1
name: Standard
currency: GBP
credit_limits:
  - name: Everyone
    limit: 5,000
credit_holds:
  - name: Over the limit
    when: {over_limit_percent: {more_than: 10}}
    terms: cash on delivery
reminders:
  - name: Standard cadence
    wait_after_seen: none
    steps:
      - {day: 1, email: first reminder}
      - {day: 14, email: second reminder}
      - {day: 30, email: final notice, approval: required}
      - {day: 45, task: Call the customer, assign_to: credit control}
sending:
  via: accounting system
  days: every day
  between: 00:01-23:59
  days_between_emails: 5
safety:
  credit_holds: 20
  emails: 50
"""
"""What the desk of the tests goes by."""

RULES_BY_MAIL = RULES.replace("via: accounting system", "via: smtp")
"""The same, with letters in our own words by our own mail server."""

HOSTILE = '<img src=x onerror="document.title=1">\'"&{{7*7}}'
"""A name that wants to be more than text."""

CUSTOMERS = (
    ("Elmhurst Tools", ((5, "1250.00"), (40, "800.00"), (90, "4300.55"))),
    ("Ivybridge Joinery LLP", ((16, "728.10"),)),
    ("Kingsley Travel Ltd", ((2, "320.00"), (35, "99.95"))),
    ("Larkfield Dental", ((20, "2102.32"),)),
    ("Marlow Foods Group", ((-10, "500.00"),)),
    ("Verity Printing", ((75, "224.30"),)),
    (HOSTILE, ((3, "61.00"),)),
    ("Umber Furniture & Sons", ((31, "1413.35"), (77, "6000.00"))),
)
"""Who owes: each invoice's days overdue and amount."""


def a_ledger() -> Books:
    """Return the books of an accounting system with these customers."""
    books = Books()
    number = 0
    for place, (name, owed) in enumerate(CUSTOMERS, start=1):
        contact = books.add_contact(place)
        contact = books.contacts[contact.id] = contact._replace(name=name)
        for overdue, amount in owed:
            number += 1
            books.add_invoice(contact, number, overdue=overdue, amount=amount)
    return books


@contextmanager
def a_desk(
    folder: Path,
    *,
    store: str = "sqlite:///arsync.db",
    mode: str = "approve",
    settings: str = "",
    rules: str = RULES,
) -> Iterator[DeskDriver]:
    """Yield a desk whose ledger was read and planned for once: letters, holds and calls wait."""
    if store.startswith("sqlite"):
        put_store(folder)
    (folder / "rules").mkdir()
    (folder / "rules" / "standard.yaml").write_text(rules)
    (folder / "config.toml").write_text(
        f'[store]\nurl = "{store}"\n[tokens]\nkeyring = "off"\n'
        '[smtp]\nurl = "smtp://127.0.0.1:2525"\nsender = "Accounts <accounts@example.com>"\n'
        f"{settings}"
    )
    books = a_ledger()
    with App(
        load_config(folder / "config.toml", {}),
        clock=SetClock(NOW),
        platforms=lambda _: BooksPlatform(books),
        post=lambda *parts: BooksPost(books, *parts),
    ) as app:
        share_statements(app.store.engine)
        app.store.connections.add("books", platform="books", organisation=ORGANISATION, mode=mode)
        list(app.sync("books"))
        yield DeskDriver(app, books)


@contextmanager
def another_machine(
    desk: DeskDriver, folder: Path, *, rules_settings: str = ""
) -> Iterator[DeskDriver]:
    """Push a desk's rulebook, and yield the desk of a machine that goes by what was pushed."""
    push_rules(person_at_the_shell(), desk.container)
    folder.mkdir()
    (folder / "config.toml").write_text(
        f'[store]\nurl = "{desk.container.config.store_url}"\n[tokens]\nkeyring = "off"\n'
        f'[rules]\nsource = "store"\n{rules_settings}'
    )
    with App(
        load_config(folder / "config.toml", {}),
        clock=desk.container.clock,
        platforms=lambda _: BooksPlatform(desk.books),
    ) as app:
        yield DeskDriver(app, desk.books)
