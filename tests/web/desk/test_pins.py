"""Entries of a customer's timeline that stay on top."""

from __future__ import annotations

import re

from flask.testing import FlaskClient
from tests.builders.desk import DeskDriver, post

from arsync.store.agreements.pinned_entries import PINS_MAX
from arsync.store.people.audit_log import AuditFilter

ELMHURST = "/c/books/customers/c1"


def marks(page: str) -> list[str]:
    return re.findall(r'name="pin" value="(\w+)"', page)


def test_a_pinned_entry_stands_on_top_for_everybody(
    desk: DeskDriver, controller: FlaskClient, reader: FlaskClient
) -> None:
    post(controller, f"{ELMHURST}/call", text="They move house in March", kind="call")
    mark = marks(controller.get(ELMHURST).text)[0]
    for _ in range(2):
        answer = post(controller, f"{ELMHURST}/pin", pin=mark, events="money")
    assert answer.headers["Location"] == f"{ELMHURST}?events=money#timeline"
    page = reader.get(f"{ELMHURST}?events=money").text
    pinned = page.partition('class="timeline pinned"')[2].partition("</ol>")[0]
    assert "They move house in March" in pinned
    assert "Pinned by Tom Okafor." in pinned
    assert "Take down" not in pinned, "who only reads changes nothing"
    (line, *_) = desk.container.store.audit.page(AuditFilter(), 10)
    assert (line.what, line.about) == ("pinned an entry, or took one down", "Elmhurst Tools")
    post(controller, f"{ELMHURST}/pin", take_down=mark)
    assert "timeline pinned" not in reader.get(ELMHURST).text


def test_only_so_many_are_pinned(desk: DeskDriver, controller: FlaskClient) -> None:
    pins, connection = desk.container.store.pins, desk.container.store.connections.get("books")
    for number in range(PINS_MAX):
        assert pins.pin(connection.id, "c1", f"mark {number}", who="Tom")
    mark = marks(controller.get(ELMHURST).text)[0]
    answer = post(controller, f"{ELMHURST}/pin", pin=mark)
    assert "10 entries are pinned" in controller.get(answer.headers["Location"]).text


def test_what_is_no_entry_is_not_pinned(desk: DeskDriver, controller: FlaskClient) -> None:
    answer = post(controller, f"{ELMHURST}/pin", pin="nothing")
    assert "no such entry" in controller.get(answer.headers["Location"]).text
    connection = desk.container.store.connections.get("books")
    assert desk.container.store.pins.of(connection.id, "c1") == {}
