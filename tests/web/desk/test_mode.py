"""How far arsync may go: told before it changes, and changed by an owner alone."""

from __future__ import annotations

from flask.testing import FlaskClient
from tests.builders.desk import DeskDriver, post

from arsync.store.models import Mode
from arsync.store.people.audit_log import AuditFilter

MODE = "/c/books/mode"


def test_the_page_says_what_each_mode_means(desk: DeskDriver, reader: FlaskClient) -> None:
    page = reader.get(MODE).text
    for words in ("Only look", "Ask first", "Go by the rulebook", "command line: approve."):
        assert words in page
    assert "An owner can change it." in page


def test_a_change_says_what_it_changes_first(desk: DeskDriver, owner: FlaskClient) -> None:
    page = owner.get(f"{MODE}?mode=auto").text
    assert "Go by the rulebook, from now on?" in page
    assert "13 decisions that wait now go on waiting" in page
    assert desk.container.store.connections.get("books").mode is Mode.APPROVE
    answer = post(owner, MODE, mode="auto")
    assert desk.container.store.connections.get("books").mode is Mode.AUTO
    assert "by the rulebook (auto)" in owner.get(answer.headers["Location"]).text
    (line,) = desk.container.store.audit.page(AuditFilter(), 10)
    assert (line.what, line.who) == ("changed the mode", "Hannah Reid")


def test_only_an_owner_changes_the_mode(
    desk: DeskDriver, controller: FlaskClient, accountant: FlaskClient
) -> None:
    for client in (controller, accountant):
        assert post(client, MODE, mode="auto").status_code == 403
    assert desk.container.store.connections.get("books").mode is Mode.APPROVE


def test_an_unknown_mode_is_refused(desk: DeskDriver, owner: FlaskClient) -> None:
    answer = post(owner, MODE, mode="full")
    assert answer.status_code == 422
    assert "Choose one of the three." in answer.text
