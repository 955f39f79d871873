"""People: invited by a link, with roles for what is theirs, and out at once when they must be."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace
from tests.builders.desk import HOSTILE, PASSWORD, DeskDriver, add_person, post
from tests.builders.mail_server import Sink

from arsync.application.people.persons import Person
from arsync.application.permissions import Role
from arsync.clock import SetClock
from arsync.store.people.audit_log import AuditFilter
from arsync.store.people.users import CONNECTION, LABEL, UserRow

People = dict[Role, UserRow]


def link_on(page: str) -> str:
    """Return the link that a page shows."""
    found = re.search(r'value="http://localhost(/first/[^"]+)"', page)
    assert found is not None
    return found[1]


def test_an_invited_person_comes_in_by_the_link(desk: DeskDriver, owner: FlaskClient) -> None:
    values = {"email": "jan@example.com", "name": "Jan", "role": "controller", "scope": "all"}
    answer = post(owner, "/people/invite", **values, approves_up_to="2,000", sees_amounts="on")
    assert answer.status_code == 303
    link = link_on(owner.get(answer.headers["Location"]).text)
    jan = desk.nobody()
    assert post(jan, link, password=PASSWORD).status_code == 303
    assert jan.get("/c/books/stop").status_code == 200
    assert post(desk.nobody(), link, password=PASSWORD).status_code == 422
    user = desk.container.store.users.by_email("jan@example.com")
    assert user is not None
    assert (user.roles[0].role, user.roles[0].approves_up_to) == ("controller", Decimal(2000))


def test_the_link_is_shown_to_its_maker_alone(
    desk: DeskDriver, people: People, owner: FlaskClient
) -> None:
    values = {"email": "jan@example.com", "role": "reader", "scope": "all"}
    shown_at = post(owner, "/people/invite", **values).headers["Location"]
    other = desk.signed_in(people[Role.OWNER])
    assert other.get(shown_at).status_code == 303
    assert owner.get(shown_at).status_code == 200
    clock = desk.container.clock
    assert isinstance(clock, SetClock)
    clock.moment += timedelta(minutes=6)
    assert owner.get(shown_at).status_code == 303


def test_an_invitation_sent_twice_invites_once(desk: DeskDriver, owner: FlaskClient) -> None:
    values = {"email": "jan@example.com", "role": "reader", "scope": "all", "form_id": "f"}
    first, second = (post(owner, "/people/invite", **values) for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"]
    assert len(desk.container.store.audit.page(AuditFilter(what="invited"), 10)) == 1


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"email": "nobody"}, "no email address"),
        ({"email": "hannah@example.com"}, "known already"),
        ({"role": "king"}, "no role"),
        ({"scope": "connection:nothing"}, "nothing"),
        ({"approves_up_to": "lots"}, "not an amount"),
    ],
)
def test_a_wrong_invitation_keeps_what_was_typed(
    owner: FlaskClient, values: dict[str, str], words: str
) -> None:
    usual = {"email": "jan@example.com", "name": "Jan K", "role": "reader", "scope": "all"}
    answer = post(owner, "/people/invite", **(usual | values))
    assert answer.status_code == 422
    assert words in answer.text
    assert "Jan K" in answer.text


def test_the_invitation_is_mailed_where_it_can(
    desk: DeskDriver, owner: FlaskClient, mail_server: Sink
) -> None:
    config = desk.container.config
    desk.container.config = replace(
        config,
        smtp=replace(config.smtp, url=f"smtp://127.0.0.1:{mail_server.port}"),
        desk=replace(config.desk, url="http://localhost"),
    )
    values = {"email": "jan@example.com", "role": "reader", "scope": "all"}
    answer = post(owner, "/people/invite", **values)
    page = owner.get(answer.headers["Location"]).text
    assert "It was mailed to jan@example.com" in page
    (mail,) = mail_server.envelopes
    assert mail.rcpt_tos == ["jan@example.com"]
    assert link_on(page).encode() in bytes(mail.content or b"").replace(b"=\r\n", b"")


def test_a_role_for_one_client_counts_there(
    desk: DeskDriver, people: People, owner: FlaskClient
) -> None:
    rita = people[Role.READER].id
    answer = post(owner, f"/people/{rita}/role", role="controller", scope="connection:books")
    assert answer.status_code == 303
    row = desk.container.store.connections.get("books")
    actor = Person(desk.container.store.users.get(rita)).actor_on(row)
    assert actor is not None
    assert (actor.role, actor.sees_amounts) == (Role.CONTROLLER, False)
    removed = {"scope": CONNECTION, "value": str(row.id)}
    post(owner, f"/people/{rita}/role/remove", **removed)
    assert [role.role for role in desk.container.store.users.get(rita).roles] == ["reader"]


def test_the_last_owner_stays(desk: DeskDriver, people: People, owner: FlaskClient) -> None:
    hannah = people[Role.OWNER].id
    for path, values in (
        ("role", {"role": "reader", "scope": "all"}),
        ("role/remove", {"scope": "all", "value": ""}),
        ("disable", {}),
    ):
        assert post(owner, f"/people/{hannah}/{path}", **values).status_code == 422
    user = desk.container.store.users.get(hannah)
    assert (user.roles[0].role, user.disabled_at) == ("owner", None)


def test_a_disabled_person_is_out_with_their_links(
    desk: DeskDriver, people: People, owner: FlaskClient, controller: FlaskClient
) -> None:
    tom = people[Role.CONTROLLER].id
    made = post(owner, f"/people/{tom}/link").headers["Location"]
    link = link_on(owner.get(made).text)
    post(owner, f"/people/{tom}/disable")
    assert controller.get("/c/books/stop").status_code == 303
    assert post(desk.nobody(), link, password=PASSWORD).status_code == 422
    post(owner, f"/people/{tom}/enable")
    assert desk.container.store.users.get(tom).disabled_at is None


def test_a_session_is_ended_from_outside(
    desk: DeskDriver, people: People, owner: FlaskClient, controller: FlaskClient
) -> None:
    tom = people[Role.CONTROLLER].id
    (session,) = desk.container.store.sign_ins.sessions(tom)
    post(owner, f"/people/{tom}/sessions", session=session.token_hash)
    assert controller.get("/c/books/stop").status_code == 303
    assert owner.get("/people").status_code == 200
    elsewhere = desk.signed_in(people[Role.READER])
    post(owner, "/people/sessions")
    assert elsewhere.get("/me").status_code == 303
    assert owner.get("/people").status_code == 200


def test_owners_alone_change_people(
    controller: FlaskClient, accountant: FlaskClient, reader: FlaskClient
) -> None:
    for client in (controller, accountant, reader):
        assert client.get("/people").status_code == 403
        assert post(client, "/people/invite", email="x@example.com").status_code == 403
        assert post(client, "/people/1/disable").status_code == 403


def test_an_owner_of_one_client_changes_nobody(desk: DeskDriver, owner: FlaskClient) -> None:
    row = desk.container.store.connections.get("books")
    user = add_person(desk.container, "Ola", Role.OWNER, scope=CONNECTION, value=str(row.id))
    assert desk.signed_in(user).get("/people").status_code == 403
    assert owner.get(f"/people/{user.id}").status_code == 200


def test_hostile_names_stay_text(desk: DeskDriver, owner: FlaskClient) -> None:
    user = desk.container.store.users.add("eve@example.com", HOSTILE, [])
    post(owner, f"/people/{user.id}/role", role="reader", scope=f"label:{HOSTILE}")
    for path in ("/people", f"/people/{user.id}", "/audit"):
        page = owner.get(path).text
        assert "<img src=x" not in page
        assert "{{7*7}}" in page
    assert desk.container.store.users.get(user.id).roles[0].scope == LABEL
