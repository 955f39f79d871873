"""The switch that stops everything at once, and starting again."""

from __future__ import annotations

from flask.testing import FlaskClient
from tests.builders.desk import DeskDriver, post

from arsync.core.actions import ActionKind
from arsync.store.people.audit_log import AuditFilter


def test_nothing_leaves_once_it_is_stopped(desk: DeskDriver, owner: FlaskClient) -> None:
    app, books = desk.container, desk.books
    app.approve()
    assert post(owner, "/c/books/stop", reason="wrong bank details").status_code == 303
    list(app.sync("books"))
    assert books.done == []
    assert "wrong bank details" in owner.get("/c/books/start").text
    assert post(owner, "/c/books/start").status_code == 303
    list(app.sync("books"))
    assert books.keys(ActionKind.REMINDER)
    books.assert_nothing_twice()


def test_a_stop_reaches_what_is_about_to_leave(desk: DeskDriver, owner: FlaskClient) -> None:
    app, books = desk.container, desk.books
    app.approve()

    def stop_at_the_second(call: str) -> None:
        if call == "prepare" and books.done:
            post(owner, "/c/books/stop", reason="now")

    books.before_call = stop_at_the_second
    (result,) = app.sync("books")
    assert len(books.done) == 1
    assert "stopped the connection" in str(result)


def test_a_stop_needs_its_reason(desk: DeskDriver, owner: FlaskClient) -> None:
    assert post(owner, "/c/books/stop", reason=" ").status_code == 422
    assert desk.container.store.connections.get("books").stopped is None


def test_an_accountant_stops_and_cannot_start(
    desk: DeskDriver, accountant: FlaskClient, reader: FlaskClient
) -> None:
    assert post(reader, "/c/books/stop", reason="x").status_code == 403
    assert post(accountant, "/c/books/stop", reason="x").status_code == 303
    assert post(accountant, "/c/books/start").status_code == 403
    assert desk.container.store.connections.get("books").stopped is not None


def test_the_log_says_who_stopped_it(desk: DeskDriver, owner: FlaskClient) -> None:
    post(owner, "/c/books/stop", reason="wrong bank details")
    (line,) = desk.container.store.audit.page(AuditFilter(), 10)
    assert (line.who, line.what, line.words) == (
        "Hannah Reid",
        "stopped everything",
        "wrong bank details",
    )
    assert (line.connection, line.source) == ("books", "desk")


def test_a_form_sent_twice_does_one_thing(desk: DeskDriver, owner: FlaskClient) -> None:
    values = {"reason": "once", "form_id": "f1"}
    first = post(owner, "/c/books/stop", **values)
    desk.container.store.connections.get("books")
    second = post(owner, "/c/books/stop", **values)
    assert first.headers["Location"] == second.headers["Location"]
    assert len(desk.container.store.audit.page(AuditFilter(), 10)) == 1
    other = post(owner, "/c/books/stop", reason="other", form_id="f1")
    assert other.status_code == 422
