"""Trying a rulebook on the desk: played outside of the request, bounded, and never for ever."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from tests.builders.books import NOW
from tests.builders.desk import DeskDriver, add_person, post

from arsync.application.desk.rules_draft import DraftChange, save_draft
from arsync.application.desk.try_runner import try_key
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Role
from arsync.clock import SetClock
from arsync.core.ledger.records import Account
from arsync.store.ledger.ledger_store import Ledger
from arsync.store.policy.tries import DEAD_AFTER, KEPT_MAX, TryKind, TryState
from arsync.web.desk.visit import LONG_WORK

PAST = {
    "how": "past",
    "first": (NOW.date() - timedelta(60)).isoformat(),
    "last": (NOW.date() - timedelta(1)).isoformat(),
}
PRIYA = Actor("Priya Nair", Role.ACCOUNTANT)


def played(desk: DeskDriver, client: FlaskClient, **values: str) -> str:
    """Play a rulebook, wait for it, and return its address."""
    answer = post(client, "/c/books/tries", **values)
    assert answer.status_code == 303, answer.text
    path = str(answer.headers["Location"])
    job = desk.app.extensions[LONG_WORK].find(try_key(int(path.rpartition("/")[2])))
    assert job.wait(30)
    return path


def a_draft(desk: DeskDriver, old: str, new: str) -> None:
    """Save a draft with one change."""
    container = desk.container
    organisation = OrganisationContext(container, container.store.connections.get("books"))
    text = (container.config.rules_folder / "standard.yaml").read_text()
    assert old in text
    change = DraftChange("standard.yaml", text.replace(old, new), text, "second reminder sooner")
    save_draft(PRIYA, organisation, change, everywhere=PRIYA)


def test_the_live_rulebook_is_played_on_the_past(desk: DeskDriver, controller: FlaskClient) -> None:
    path = played(desk, controller, **PAST)
    page = controller.get(path).text
    assert "letters to" in page
    assert "It cannot show how much sooner" in page
    assert 'role="img"' in page
    assert "Standard cadence" in page
    listed = controller.get(f"{path}/actions").text
    assert "Elmhurst Tools" in listed
    assert controller.get(f"{path}/actions.csv").text.startswith("day,customer,what")


def test_a_draft_is_played_beside_the_live_one(desk: DeskDriver, accountant: FlaskClient) -> None:
    a_draft(desk, "{day: 14, email: second reminder}", "{day: 7, email: second reminder}")
    path = played(desk, accountant, **PAST, what="draft")
    page = accountant.get(path).text
    assert "second reminder sooner" in page
    assert " instead of " in page
    assert "Go on editing" in page


def test_what_was_tried_stays_with_its_draft(desk: DeskDriver, accountant: FlaskClient) -> None:
    a_draft(desk, "{day: 14, email: second reminder}", "{day: 7, email: second reminder}")
    path = played(desk, accountant, **PAST, what="draft")
    page = accountant.get("/c/books/rules/draft").text
    assert f'href="{path}"' in page
    assert "an earlier text" not in page
    store = desk.container.store
    for _ in range(KEPT_MAX + 2):
        number = store.tries.add(
            1,
            TryKind.BACKTEST,
            settings='{"first": "2026-08-01", "last": "2026-09-01"}',
            title="",
            rules=None,
            who="Priya",
            worker="another process",
            draft_hash=store.drafts.get(1).text.whole_hash,  # type: ignore[union-attr]
        )
        store.tries.cancel(1, number)
    assert " instead of " in accountant.get(path).text
    store.drafts.drop(1)
    a_draft(desk, "{day: 14, email: second reminder}", "{day: 8, email: second reminder}")
    assert "an earlier text" in accountant.get("/c/books/rules/draft").text


def test_a_rulebook_is_played_forward(desk: DeskDriver, owner: FlaskClient) -> None:
    page = owner.get(played(desk, owner, how="forward", days="30", debtors="never")).text
    assert "No new invoices are issued in it" in page
    assert "Payments that come in" in page


@pytest.mark.parametrize(
    "values",
    [
        {**PAST, "first": "soon"},
        {**PAST, "last": (NOW.date() + timedelta(9)).isoformat()},
        {**PAST, "first": "2001-01-01"},
        {"how": "forward", "days": "9999", "debtors": "never"},
        {"how": "forward", "days": "30", "debtors": "gladly"},
    ],
)
def test_what_cannot_be_played_is_said(owner: FlaskClient, values: dict[str, str]) -> None:
    answer = post(owner, "/c/books/tries", **values)
    assert answer.status_code == 422
    assert "There is a problem" in answer.text


def test_readers_look_and_do_not_play(desk: DeskDriver, owner: FlaskClient) -> None:
    path = played(desk, owner, **PAST)
    user = add_person(desk.container, "Nils Berg", Role.READER, sees_amounts=False)
    blind = desk.signed_in(user)
    assert post(blind, "/c/books/tries", **PAST).status_code == 403
    page = blind.get(path).text
    assert "£" not in page
    assert "Play it" not in blind.get("/c/books/tries").text


@pytest.fixture
def slow(desk: DeskDriver, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Make a ledger whose customers come one by one, for ever, until the list has a number."""
    assert desk.container.store.connections.get("books").id == 1
    enough: list[int] = []
    read = Ledger.accounts

    def accounts(self: Ledger, *args: object, **kwargs: object) -> Iterator[Account]:
        while not enough:
            yield from read(self, 1)
            monkeypatch.setattr("arsync.application.desk.try_runner.BEAT_SECONDS", 0.0)

    monkeypatch.setattr(Ledger, "accounts", accounts)
    yield enough
    enough.append(1)


@pytest.mark.usefixtures("slow")
def test_a_running_try_can_be_cancelled(desk: DeskDriver, owner: FlaskClient) -> None:
    path = str(post(owner, "/c/books/tries", **PAST).headers["Location"])
    assert "You can leave this page" in owner.get(path).text
    assert post(owner, f"{path}/cancel").status_code == 303
    assert "It was not played to its end" in owner.get(path).text
    job = desk.app.extensions[LONG_WORK].find(try_key(int(path.rpartition("/")[2])))
    assert job.wait(10)


@pytest.mark.usefixtures("slow")
def test_a_desk_that_ends_leaves_its_tries_interrupted(
    desk: DeskDriver, owner: FlaskClient
) -> None:
    path = str(post(owner, "/c/books/tries", **PAST).headers["Location"])
    desk.app.extensions[LONG_WORK].end()
    assert "The desk ended while it was played" in owner.get(path).text


def test_a_killed_desk_leaves_nothing_running(desk: DeskDriver, owner: FlaskClient) -> None:
    store = desk.container.store
    number = store.tries.add(
        1,
        TryKind.BACKTEST,
        settings='{"first": "2026-08-01", "last": "2026-09-01"}',
        title="",
        rules=None,
        who="Priya",
        worker="another process",
    )
    store.tries.begin(number)
    assert "You can leave this page" in owner.get(f"/c/books/tries/{number}").text
    clock = desk.container.clock
    assert isinstance(clock, SetClock)
    clock.advance(DEAD_AFTER + timedelta(seconds=1))
    assert "The desk ended while it was played" in owner.get(f"/c/books/tries/{number}").text
    row = store.tries.get(1, number)
    assert row is not None
    assert row.state is TryState.INTERRUPTED
