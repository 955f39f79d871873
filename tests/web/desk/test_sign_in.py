"""Signing in: the right people, no others, and nothing told to those."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from tests.builders.desk import PASSWORD, DeskDriver, email_of, post

from arsync.application.people.signing_in import TRIES_MAX, first_link
from arsync.application.permissions import SCHEDULE, Role
from arsync.store.people.users import UserRow
from arsync.web.desk.routing import COOKIE

People = dict[Role, UserRow]


def test_whoever_is_not_signed_in_is_asked_to(desk: DeskDriver) -> None:
    answer = desk.nobody().get("/c/books/stop?x=1")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/sign-in?then=%2Fc%2Fbooks%2Fstop%3Fx%3D1"


def test_a_right_password_opens_a_session(desk: DeskDriver, people: People) -> None:
    client = desk.nobody()
    answer = post(client, "/sign-in", email=" Hannah@Example.com ", password=PASSWORD, then="/me")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/me")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert client.get("/c/books/stop").status_code == 200
    assert people


def test_the_session_is_not_one_chosen_before(desk: DeskDriver, people: People) -> None:
    client = desk.nobody()
    client.set_cookie(COOKIE, "chosen by somebody else")
    post(client, "/sign-in", email=people[Role.OWNER].email, password=PASSWORD)
    cookie = client.get_cookie(COOKIE)
    assert cookie is not None
    assert cookie.value != "chosen by somebody else"


def test_wrong_tries_are_counted_and_limited(desk: DeskDriver, people: People) -> None:
    client, email = desk.nobody(), people[Role.OWNER].email
    for left in range(TRIES_MAX - 1, 0, -1):
        answer = post(client, "/sign-in", email=email, password="wrong")
        assert answer.status_code == 422
        assert f"{left} tr" in answer.text
    assert "Too many tries" in post(client, "/sign-in", email=email, password="wrong").text
    assert "Too many tries" in post(client, "/sign-in", email=email, password=PASSWORD).text


def test_an_unknown_address_reads_like_a_known_one(desk: DeskDriver, people: People) -> None:
    known = post(desk.nobody(), "/sign-in", email=people[Role.OWNER].email, password="wrong").text
    unknown = post(desk.nobody(), "/sign-in", email="nobody@example.com", password="wrong").text
    assert known.replace(people[Role.OWNER].email, "") == unknown.replace("nobody@example.com", "")


@pytest.mark.parametrize("then", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_signing_in_leads_nowhere_else(desk: DeskDriver, people: People, then: str) -> None:
    email = people[Role.OWNER].email
    answer = post(desk.nobody(), "/sign-in", email=email, password=PASSWORD, then=then)
    assert answer.headers["Location"] == "/"


def test_the_first_owner_comes_by_a_link(desk: DeskDriver) -> None:
    token = first_link(SCHEDULE, desk.container)
    client = desk.nobody()
    assert "Make your account" in client.get(f"/first/{token}").text
    values = {"email": email_of("Hannah"), "name": "Hannah Reid"}
    short = post(client, f"/first/{token}", **values, password="short")
    assert short.status_code == 422
    answer = post(client, f"/first/{token}", **values, password=PASSWORD)
    assert answer.status_code == 303
    assert client.get("/c/books/stop").status_code == 200
    again = post(desk.nobody(), f"/first/{token}", **values, password=PASSWORD)
    assert again.status_code == 422
    assert first_link(SCHEDULE, desk.container) == ""


def test_signing_out_ends_the_session(owner: FlaskClient) -> None:
    cookie = owner.get_cookie(COOKIE)
    assert cookie is not None
    post(owner, "/sign-out")
    owner.set_cookie(COOKIE, cookie.value)
    assert owner.get("/c/books/stop").status_code == 303


def test_a_disabled_person_is_out_at_once(
    desk: DeskDriver, people: People, controller: FlaskClient
) -> None:
    assert controller.get("/c/books/stop").status_code == 200
    desk.container.store.users.set_disabled(people[Role.CONTROLLER].id, disabled=True)
    assert controller.get("/c/books/stop").status_code == 303
    email = people[Role.CONTROLLER].email
    assert post(desk.nobody(), "/sign-in", email=email, password=PASSWORD).status_code == 422
