"""Connecting from the desk: against the sandbox over HTTP, and by whoever began it alone."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from tests.builders.desk import add_everybody, add_person, post
from tests.builders.ledgers import contact_row, invoice_row
from tests.builders.world import CALL_SECONDS, PLATFORMS, START, Control, World
from werkzeug.test import TestResponse

from arsync.application.desk.first_reading import reading_key
from arsync.application.people.signing_in import open_session
from arsync.application.permissions import Role
from arsync.store.people.audit_log import AuditFilter
from arsync.store.people.users import UserRow
from arsync.web.desk.desk_app import make_desk
from arsync.web.desk.routing import COOKIE
from arsync.web.desk.visit import LONG_WORK
from arsync_sandbox.platform import SandboxOrganisation
from arsync_sandbox.server import Sandbox

RULES = """\
version: 1
name: Standard
currency: GBP
reminders:
  - name: Standard cadence
    steps:
      - {day: 1, email: first reminder}
"""


class ConnectingDesk:
    """A desk on which nothing is connected, and the platforms behind it."""

    def __init__(self, world: World) -> None:
        """Serve a world."""
        self.world = world
        self.app = make_desk(world.app)
        self.people = add_everybody(world.app)
        self.owner = self.signed_in(self.people[Role.OWNER])

    def signed_in(self, user: UserRow) -> FlaskClient:
        """Return a browser in which somebody is signed in."""
        client = self.app.test_client()
        client.set_cookie(COOKIE, open_session(self.world.app, user).token)
        return client

    def consent(self, path: str = "/connect/xero", **headers: str) -> str:
        """Press a button and answer the platform's page; returns where that sends the browser."""
        answer = post(self.owner, path)
        assert answer.status_code == 303, answer.text
        page = self.owner.get(answer.headers["Location"])
        found = re.search(r'href="(http://127[^"]+)"', page.text)
        assert found is not None, page.text
        address = html.unescape(found[1])
        assert page.headers["Refresh"] == f"0; url={address}"
        session = self.world.control.session
        back = session.get(address, allow_redirects=False, headers=headers, timeout=CALL_SECONDS)
        target = urlsplit(back.headers["Location"])
        assert (target.netloc, target.path) == ("localhost", "/connect/callback")
        return f"{target.path}?{target.query}"

    def connect(self, path: str = "/connect/xero") -> TestResponse:
        """Connect, and let the first reading end."""
        answer = self.owner.get(self.consent(path))
        assert answer.status_code == 303, answer.text
        self.wait()
        return answer

    def wait(self) -> None:
        """Let the readings end."""
        for row in self.world.app.store.connections.all():
            job = self.app.extensions[LONG_WORK].find(reading_key(row.id))
            assert job is None or job.wait(30)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    settings = {"consent": "allow", "limits": False}
    with Sandbox(PLATFORMS, start=START, settings=settings) as running:
        yield running


@pytest.fixture
def desk(sandbox: Sandbox, tmp_path: Path) -> Iterator[ConnectingDesk]:
    sandbox.reset()
    control = Control(sandbox.url)
    world = World(sandbox, control, tmp_path / "world")
    world.config = world.configured(quickbooks_environment="sandbox")
    world.restart()
    world.rules(RULES)
    world.load(
        contacts=[contact_row("c1", "Elmhurst Tools")],
        invoices=[invoice_row(1, "c1", overdue=20)],
    )
    yield ConnectingDesk(world)
    world.close()
    control.close()


@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_owner_connects_and_it_is_read(desk: ConnectingDesk, platform: str) -> None:
    answer = desk.connect(f"/connect/{platform}")
    (row,) = desk.world.app.store.connections.all()
    assert answer.headers["Location"] == f"/c/{row.name}/first"
    assert (row.platform, row.mode.value) == (platform, "observe")
    page = desk.owner.get(answer.headers["Location"]).text
    assert "Your books are read" in page
    assert desk.world.app.store.runs.last(row.id) is not None
    assert desk.world.control.writes() == []
    (line,) = desk.world.app.store.audit.page(AuditFilter(what="connected"), 10)
    assert (line.who, line.about) == ("Hannah Reid", row.organisation.name)


def test_a_refused_consent_is_said_with_the_button(desk: ConnectingDesk) -> None:
    answer = desk.owner.get(desk.consent(**{"X-Sandbox-Consent": "refuse"}))
    assert answer.status_code == 422
    assert "gave no consent" in answer.text
    assert "Connect Xero" in answer.text
    assert desk.world.app.store.connections.all() == []


def test_an_answer_counts_once(desk: ConnectingDesk) -> None:
    callback = desk.consent()
    assert desk.owner.get(callback).status_code == 303
    desk.wait()
    again = desk.owner.get(callback)
    assert again.status_code == 422
    assert "used already" in again.text


def test_an_answer_of_another_session_connects_nothing(desk: ConnectingDesk) -> None:
    callback = desk.consent()
    elsewhere = desk.signed_in(desk.people[Role.OWNER])
    another_owner = desk.signed_in(add_person(desk.world.app, "Olga", Role.OWNER))
    for client in (elsewhere, another_owner):
        answer = client.get(callback)
        assert answer.status_code == 422
        assert "another browser" in answer.text
    assert desk.world.app.store.connections.all() == []
    assert desk.owner.get(callback).status_code == 303


@pytest.mark.parametrize("state", ["", "guessed", "x" * 10_000])
def test_a_wrong_state_connects_nothing(desk: ConnectingDesk, state: str) -> None:
    real = desk.consent()
    code = real.partition("code=")[2].partition("&")[0]
    answer = desk.owner.get(f"/connect/callback?code={code}&state={state}")
    assert answer.status_code == 422
    assert desk.world.app.store.connections.all() == []


def test_an_old_attempt_connects_nothing(desk: ConnectingDesk) -> None:
    callback = desk.consent()
    desk.world.advance(minutes=16)
    assert "too old" in desk.owner.get(callback).text
    assert desk.world.app.store.connections.all() == []


def test_the_same_books_are_reconnected(desk: ConnectingDesk) -> None:
    desk.connect()
    (row,) = desk.world.app.store.connections.all()
    callback = desk.consent(f"/c/{row.name}/connect-again")
    answer = desk.owner.get(callback)
    assert answer.headers["Location"] == f"/c/{row.name}/connection"
    (after,) = desk.world.app.store.connections.all()
    assert after.id == row.id
    assert after.grant_id != row.grant_id


def test_controllers_and_readers_connect_nothing(desk: ConnectingDesk) -> None:
    for role in (Role.CONTROLLER, Role.ACCOUNTANT, Role.READER):
        client = desk.signed_in(desk.people[role])
        assert client.get("/connect").status_code == 403
        assert post(client, "/connect/xero").status_code == 403
        assert client.get("/connect/callback?state=x&code=y").status_code == 403


def test_intuit_without_https_says_what_to_do(sandbox: Sandbox, tmp_path: Path) -> None:
    control = Control(sandbox.url)
    world = World(sandbox, control, tmp_path / "production")
    desk = ConnectingDesk(world)
    page = desk.owner.get("/connect").text
    assert "only to an https address" in page
    assert "[desk] url" in page
    assert "Connect QuickBooks" not in page
    assert post(desk.owner, "/connect/quickbooks").status_code == 422
    by_number = desk.app.test_client()
    token = open_session(world.app, desk.people[Role.OWNER]).token
    by_number.set_cookie(COOKIE, token, domain="127.0.0.1")
    elsewhere = by_number.get("/connect", base_url="http://127.0.0.1:8485").text
    assert "Open the desk as http://localhost:8485/connect" in elsewhere
    world.close()
    control.close()


def test_answers_are_kept_in_rules_and_settings(desk: ConnectingDesk) -> None:
    desk.connect()
    (row,) = desk.world.app.store.connections.all()
    answer = post(
        desk.owner,
        f"/c/{row.name}/first",
        old_debts="spread over 10 days",
        never='Elmhurst Tools\nO\'Hara & Sons: "x" {{7}}\n',
        replies_to="accounts@example.com",
    )
    assert answer.status_code == 303, answer.text
    (organisation,) = desk.world.app.contexts(row.name)
    rulebook = organisation.rulebook
    assert (rulebook.take_over.kind, rulebook.take_over.days) == ("spread", 10)
    assert [customer.contact for customer in rulebook.customers] == [
        "Elmhurst Tools",
        'O\'Hara & Sons: "x" {{7}}',
    ]
    assert organisation.config.smtp.reply_to == "accounts@example.com"
    page = desk.owner.get(f"/c/{row.name}/first").text
    assert 'value="spread over 10 days" checked' in page
    assert "O&#39;Hara &amp; Sons" in page
    (plan,) = desk.world.app.plan(row.name)
    assert plan.actions == ()


def test_wrong_answers_change_nothing(desk: ConnectingDesk) -> None:
    desk.connect()
    (row,) = desk.world.app.store.connections.all()
    path = f"/c/{row.name}/first"
    assert post(desk.owner, path, old_debts="tomorrow").status_code == 422
    wrong = post(desk.owner, path, old_debts="by hand", replies_to="nobody", never="Kept")
    assert wrong.status_code == 422
    assert "Kept" in wrong.text
    assert not (desk.world.folder / "rules" / row.name).exists()


def test_disconnecting_needs_the_name(desk: ConnectingDesk) -> None:
    desk.connect()
    (row,) = desk.world.app.store.connections.all()
    path = f"/c/{row.name}/connection/end"
    assert post(desk.owner, path, name="x").status_code == 422
    assert desk.world.app.store.connections.all() != []
    reader = desk.signed_in(desk.people[Role.READER])
    assert post(reader, path, name=row.organisation.name).status_code == 403
    assert post(desk.owner, path, name=row.organisation.name).status_code == 303
    assert desk.world.app.store.connections.all() == []


def test_the_connection_page_says_who_granted(desk: ConnectingDesk) -> None:
    desk.connect()
    (row,) = desk.world.app.store.connections.all()
    reader = desk.signed_in(desk.people[Role.READER])
    page = reader.get(f"/c/{row.name}/connection").text
    assert "Hannah Reid" in page
    assert "Disconnect" not in page
    answer = post(desk.owner, f"/c/{row.name}/connection/sync")
    assert answer.status_code == 303
    schedule = desk.world.app.store.schedules.get(row.id)
    assert schedule is not None
    assert schedule.wanted_at is not None


@pytest.fixture
def two_books(tmp_path: Path) -> Iterator[ConnectingDesk]:
    organisations = (SandboxOrganisation(), SandboxOrganisation(name="Second Ltd"))
    settings = {"consent": "allow", "limits": False}
    with Sandbox(("xero",), start=START, settings=settings, organisations=organisations) as both:
        control = Control(both.url)
        world = World(both, control, tmp_path / "world")
        world.rules(RULES)
        yield ConnectingDesk(world)
        world.close()
        control.close()


def test_of_several_organisations_one_is_chosen(two_books: ConnectingDesk) -> None:
    answer = two_books.owner.get(two_books.consent())
    choice = answer.headers["Location"]
    page = two_books.owner.get(choice).text
    (second,) = re.findall(r'value="([^"]+)"><label for="[^"]+">Second Ltd<', page)
    assert post(two_books.owner, choice).status_code == 422
    elsewhere = two_books.signed_in(two_books.people[Role.OWNER])
    assert post(elsewhere, choice, organisation=second).status_code == 410
    assert post(two_books.owner, choice, organisation=second).status_code == 303
    two_books.wait()
    (row,) = two_books.world.app.store.connections.all()
    assert row.organisation.name == "Second Ltd"
    assert post(two_books.owner, choice, organisation=second).status_code == 410


def test_another_organisation_replaces_none(two_books: ConnectingDesk) -> None:
    control = two_books.world.control
    control.settings(consent_organisations="Second Ltd")
    two_books.connect()
    (row,) = two_books.world.app.store.connections.all()
    control.settings(consent_organisations=SandboxOrganisation().name)
    answer = two_books.owner.get(two_books.consent(f"/c/{row.name}/connect-again"))
    assert answer.status_code == 422
    assert "and not Second Ltd" in answer.text
    assert two_books.world.app.store.connections.all() == [row]
