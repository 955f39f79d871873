"""A real browser on a real desk; skipped, with the reason, where no Chromium is installed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.builders.desk import DeskDriver, a_desk, add_everybody, serving

from arsync.application.people.signing_in import open_session
from arsync.application.permissions import Role
from arsync.store.people.users import UserRow
from arsync.web.desk.routing import COOKIE

CHROMIUM = "ARSYNC_TEST_CHROMIUM"
"""Names the browser's program, where it is not on the path."""

NAMES = ("chromium", "chromium-browser", "google-chrome")

LONG_NAME = "Donaudampfschifffahrtsgesellschaftskapitänswitwenversicherungsanstalt & Töchter"
"""Of a customer on desks that are looked at: too long for any column, and hardly to be broken."""

WAIT_MS_MAX = 20_000
"""So long a page may take on a loaded machine."""


def program() -> str | None:
    """Return the browser's program; None: there is none."""
    return os.environ.get(CHROMIUM) or next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A browser for the tests of this process."""
    path = program()
    if path is None:
        pytest.skip(f"no Chromium is installed, and {CHROMIUM} names none")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        # As root, which CI often is, Chromium refuses its own sandbox.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Served:
    """A desk that listens, and browsers on it."""

    desk: DeskDriver
    url: str
    people: dict[Role, UserRow]
    new_context: Callable[..., Any]
    console: list[str] = field(default_factory=list)
    """What browsers complained of."""

    def page(self, role: Role | None = None, **options: Any) -> Any:
        """Open a page of a new browser; signed in as somebody, where a role is given."""
        context = self.new_context(**options)
        if role is not None:
            token = open_session(self.desk.container, self.people[role]).token
            context.add_cookies([{"name": COOKIE, "value": token, "url": self.url}])
        page = context.new_page()
        page.set_default_timeout(WAIT_MS_MAX)
        page.on("console", self._complaint)
        page.on("pageerror", lambda error: self.console.append(str(error)))
        return page

    def _complaint(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.console.append(message.text)


@contextmanager
def browsers_on(desk: DeskDriver, address: str, chromium: Any) -> Iterator[Served]:
    """Yield a desk with a person of each role; browsers on it are closed in the end."""
    contexts = []

    def new_context(**options: Any) -> Any:
        contexts.append(chromium.new_context(base_url=address, locale="en-GB", **options))
        return contexts[-1]

    yield Served(desk, address, add_everybody(desk.container), new_context)
    for context in contexts:
        context.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Return where the store of a journey is: on each database."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgresql_schema"))
    return "sqlite:///arsync.db"


@pytest.fixture
def served(database_url: str, tmp_path: Path, chromium: Any) -> Iterator[Served]:
    """A desk of a journey's own."""
    with (
        a_desk(tmp_path, store=database_url) as desk,
        serving(desk.container) as address,
        browsers_on(desk, address, chromium) as made,
    ):
        yield made


@pytest.fixture(scope="module")
def looked_at(tmp_path_factory: pytest.TempPathFactory, chromium: Any) -> Iterator[Served]:
    """A desk that several tests look at, and none changes for the others."""
    with (
        a_desk(tmp_path_factory.mktemp("pages")) as desk,
        serving(desk.container) as address,
        browsers_on(desk, address, chromium) as made,
    ):
        contacts = desk.books.contacts
        contacts["c6"] = contacts["c6"]._replace(name=LONG_NAME)
        list(desk.container.sync("books"))
        yield made
