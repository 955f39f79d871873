"""All clients: worst first, and what is decided for several of them at once."""

from __future__ import annotations

import html
import re
from decimal import Decimal

from flask.testing import FlaskClient
from tests.builders.actions import an_action
from tests.builders.books import ORGANISATION
from tests.builders.desk import HOSTILE, DeskDriver, add_person, post

from arsync.application.permissions import Role
from arsync.core.actions import ActionKind, ActionState
from arsync.store.models import ConnectionChange, Mode
from arsync.store.people.audit_log import AuditFilter
from arsync.store.people.users import CONNECTION


def add_client(desk: DeskDriver, name: str, books: str) -> int:
    """Add a second client, which was never read."""
    organisation = ORGANISATION._replace(id=name, name=books)
    connections = desk.container.store.connections
    return connections.add(name, platform="books", organisation=organisation, mode="approve").id


def confirmation(client: FlaskClient, *names: str) -> dict[str, object]:
    """Return the fields of the page that asks whether to approve."""
    query = [("key", name) for name in names]
    page = client.get("/clients/approve", query_string=query).text
    fields = re.findall(r'name="(digest-[^"]+)" value="([^"]+)"', page)
    return {"key": list(names)} | {html.unescape(name): value for name, value in fields}


def test_the_worst_client_stands_first(desk: DeskDriver, owner: FlaskClient) -> None:
    add_client(desk, "second", HOSTILE)
    page = owner.get("/clients").text
    assert page.index("nothing was pulled yet") < page.index("to approve")
    assert "<img src=x" not in page
    assert "2 clients" in page


def test_several_clients_are_approved_as_shown(desk: DeskDriver, owner: FlaskClient) -> None:
    waiting = len(desk.container.waiting("books"))
    fields = confirmation(owner, "books")
    answer = post(owner, "/clients/approve", **fields)
    assert answer.status_code == 303
    counts = desk.container.store.actions.counts(desk.container.store.connections.get("books").id)
    assert counts[ActionState.APPROVED] == waiting
    (line,) = desk.container.store.audit.page(AuditFilter(what="approved for several clients"), 9)
    assert line.about == "books"


def test_above_the_limit_it_is_the_first_of_two(desk: DeskDriver) -> None:
    user = add_person(desk.container, "Lim", Role.CONTROLLER, approves_up_to=Decimal(1))
    client = desk.signed_in(user)
    post(client, "/clients/approve", **confirmation(client, "books"))
    assert "a second person has to approve" in client.get("/clients").text
    number = desk.container.store.connections.get("books").id
    assert ActionState.APPROVED not in desk.container.store.actions.counts(number)


def test_what_changed_since_is_not_approved(desk: DeskDriver, owner: FlaskClient) -> None:
    fields = confirmation(owner, "books")
    first = desk.container.waiting("books")[0]
    desk.container.reject([first.row.key], why="no")
    post(owner, "/clients/approve", **fields)
    assert "has changed since" in owner.get("/clients").text
    number = desk.container.store.connections.get("books").id
    assert ActionState.APPROVED not in desk.container.store.actions.counts(number)


def test_a_stopped_client_cannot_be_approved(desk: DeskDriver, owner: FlaskClient) -> None:
    fields = confirmation(owner, "books")
    number = desk.container.store.connections.get("books").id
    stop = ConnectionChange(stopped=True, reason="wrong bank")
    desk.container.store.connections.change([number], stop, who="Olga")
    assert "Left out" in owner.get("/clients/approve?key=books").text
    post(owner, "/clients/approve", **fields)
    assert "wrong bank" in owner.get("/clients").text
    assert ActionState.APPROVED not in desk.container.store.actions.counts(number)


def test_somebody_sees_their_own_clients_alone(desk: DeskDriver, owner: FlaskClient) -> None:
    number = add_client(desk, "second", "Second Ltd")
    user = add_person(
        desk.container,
        "Jan",
        Role.READER,
        scope=CONNECTION,
        value=str(number),
        sees_amounts=False,
    )
    client = desk.signed_in(user)
    page = client.get("/clients").text
    assert "Second Ltd" in page
    assert ORGANISATION.name not in page
    assert post(client, "/clients/sync", key="second").status_code == 403
    assert post(client, "/clients/mode", key="second", mode="auto").status_code == 403
    assert confirmation(client, "books") == {"key": ["books"]}
    assert client.get("/clients/workers").status_code == 403
    assert ORGANISATION.name in owner.get("/clients").text


def test_whoever_sees_no_amounts_sees_none_here(desk: DeskDriver) -> None:
    user = add_person(desk.container, "Nell", Role.CONTROLLER, sees_amounts=False)
    client = desk.signed_in(user)
    for path in ("/clients", "/clients/approve?key=books"):
        page = client.get(path).text
        assert page.count("£") == 0
        assert not re.search(r"\d,\d{3}\.\d\d", page)


def test_the_mode_of_several_is_changed(desk: DeskDriver, owner: FlaskClient) -> None:
    add_client(desk, "second", "Second Ltd")
    assert post(owner, "/clients/mode", key=["books", "second"]).status_code == 422
    answer = post(owner, "/clients/mode", key=["books", "second"], mode="observe")
    assert answer.status_code == 303
    rows = desk.container.store.connections.all()
    assert [row.mode for row in rows] == [Mode.OBSERVE, Mode.OBSERVE]


def test_stopping_all_needs_their_number(
    desk: DeskDriver, owner: FlaskClient, reader: FlaskClient
) -> None:
    add_client(desk, "second", "Second Ltd")
    for values in ({"number": "1", "reason": "x"}, {"number": "2", "reason": ""}):
        assert post(owner, "/clients/stop", **values).status_code == 422
    assert post(reader, "/clients/stop", number="0", reason="x").status_code == 422
    assert [row.stopped for row in desk.container.store.connections.all()] == [None, None]
    assert post(owner, "/clients/stop", number="2", reason="wrong bank").status_code == 303
    assert all(row.stopped for row in desk.container.store.connections.all())


def test_a_sync_of_several_is_asked_for(desk: DeskDriver, controller: FlaskClient) -> None:
    assert post(controller, "/clients/sync", key=["books"]).status_code == 303
    page = controller.get("/clients").text
    assert "As soon as a process is free" in page


def test_without_workers_the_page_says_so(owner: FlaskClient) -> None:
    assert "One process serves every client" in owner.get("/clients/workers").text


def test_alerts_of_each_client_are_counted(desk: DeskDriver, owner: FlaskClient) -> None:
    assert "1 alert" not in owner.get("/clients").text
    store = desk.container.store
    connection = store.connections.get("books")
    alert = an_action(
        ActionKind.TASK,
        connection="books",
        contact_id="c1",
        contact_name="Acme Ltd",
        details={"task": "Alert: Late", "is_alert": True, "observation": 'said "is_alert": true'},
    )
    plain = an_action(ActionKind.TASK, connection="books", contact_id="c2", subject="other")
    now = desk.container.clock.now()
    for task in (alert, plain):
        store.tasks.open_once(connection.id, task, who="arsync", now=now)
        for state in (ActionState.SENDING, ActionState.SENT):
            store.actions.change(task.key, state, who="arsync", why="opened", now=now)
    page = owner.get("/clients").text
    assert page.count("1 alert") == 1
    assert '<a href="/c/books/today">1 alert</a>' in page
    reader = add_person(
        desk.container, "Jan", Role.READER, scope=CONNECTION, value=str(connection.id)
    )
    assert "1 alert" in desk.signed_in(reader).get("/clients").text
    number = add_client(desk, "second", "Second Ltd")
    other = add_person(desk.container, "Jo", Role.READER, scope=CONNECTION, value=str(number))
    assert "1 alert" not in desk.signed_in(other).get("/clients").text
