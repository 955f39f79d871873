"""What people change of themselves, and that it takes more than an open browser."""

from __future__ import annotations

import re
from datetime import timedelta

import pyotp
import pytest
from flask.testing import FlaskClient
from tests.builders.desk import PASSWORD, DeskDriver, post

from arsync.application.people.signing_in import program
from arsync.application.permissions import Role
from arsync.clock import SetClock
from arsync.store.people.users import UserRow

People = dict[Role, UserRow]

NEW = "nine loud kestrels"


def test_looks_are_kept_and_shown(desk: DeskDriver, people: People, reader: FlaskClient) -> None:
    values = {"name": "Rita L", "locale": "de_DE", "theme": "dark", "shortcuts": "alt"}
    assert post(reader, "/me", **values).status_code == 303
    page = reader.get("/me").text
    assert 'data-theme="dark"' in page
    assert 'data-keys="alt"' in page
    assert desk.container.store.users.get(people[Role.READER].id).locale == "de_DE"


@pytest.mark.parametrize("wrong", [{"name": " "}, {"theme": "pink"}, {"locale": "../../x"}])
def test_odd_looks_are_refused(reader: FlaskClient, wrong: dict[str, str]) -> None:
    usual = {"name": "Rita", "locale": "", "theme": "auto", "shortcuts": "on"}
    assert post(reader, "/me", **(usual | wrong)).status_code == 422


def test_a_new_password_ends_other_sessions(
    desk: DeskDriver, people: People, reader: FlaskClient
) -> None:
    elsewhere = desk.signed_in(people[Role.READER])
    answer = post(reader, "/me/password", password=PASSWORD, new_password=NEW)
    assert answer.status_code == 303
    assert reader.get("/me").status_code == 200
    assert elsewhere.get("/me").status_code == 303
    email = people[Role.READER].email
    assert post(desk.nobody(), "/sign-in", email=email, password=PASSWORD).status_code == 422
    assert post(desk.nobody(), "/sign-in", email=email, password=NEW).status_code == 303


def test_a_new_password_needs_the_present_one(reader: FlaskClient) -> None:
    answers = [post(reader, "/me/password", password="guessed", new_password=NEW) for _ in range(6)]
    assert {answer.status_code for answer in answers} == {422}
    assert "Too many tries" in answers[-1].text
    assert "Too many" in post(reader, "/me/password", password=PASSWORD, new_password=NEW).text


def test_a_code_is_asked_for_once_set_up(
    desk: DeskDriver, people: People, reader: FlaskClient
) -> None:
    page = reader.get("/me/code").text
    assert "<svg" in page
    found = re.search(r'name="secret" value="([A-Z2-7]{32})"', page)
    assert found is not None
    secret = found[1]
    now = desk.container.clock.now()
    wrong = post(reader, "/me/code", secret=secret, code="000000")
    assert wrong.status_code == 422
    assert secret in wrong.text
    code = pyotp.TOTP(secret).at(now)
    assert post(reader, "/me/code", secret=secret, code=code).status_code == 303
    email, client = people[Role.READER].email, desk.nobody()
    assert "The code from your app" in post(client, "/sign-in", email=email, password=PASSWORD).text
    clock = desk.container.clock
    assert isinstance(clock, SetClock)
    clock.moment += timedelta(seconds=60)
    later = pyotp.TOTP(secret).at(clock.moment)
    assert post(client, "/sign-in/code", code=later).status_code == 303
    clock.moment += timedelta(seconds=60)
    assert post(reader, "/me/code/end", code="123456").status_code == 422
    last = pyotp.TOTP(secret).at(clock.moment)
    assert post(reader, "/me/code/end", code=last).status_code == 303
    assert not desk.container.store.users.get(people[Role.READER].id).has_totp


def test_a_token_is_shown_once_and_revoked(desk: DeskDriver, reader: FlaskClient) -> None:
    shown_at = post(reader, "/me/tokens", token_name="sheet", days="30").headers["Location"]
    found = re.search(r'value="(arsync_[^"]+)"', reader.get(shown_at).text)
    assert found is not None
    who = program(desk.container, found[1])
    assert who is not None
    assert who.user.name == "Rita Lund"
    assert found[1] not in reader.get("/me").text
    (token,) = desk.container.store.sign_ins.tokens(who.user.id)
    post(reader, f"/me/tokens/{token.id}/revoke")
    assert program(desk.container, found[1]) is None


@pytest.mark.parametrize("values", [{"token_name": ""}, {"days": "0"}, {"days": "99999"}])
def test_a_token_has_a_name_and_an_end(reader: FlaskClient, values: dict[str, str]) -> None:
    usual = {"token_name": "sheet", "days": "30"}
    assert post(reader, "/me/tokens", **(usual | values)).status_code == 422


def test_nobody_ends_the_sessions_of_others(
    desk: DeskDriver, people: People, reader: FlaskClient, owner: FlaskClient
) -> None:
    (session,) = desk.container.store.sign_ins.sessions(people[Role.OWNER].id)
    post(reader, "/me/sessions", session=session.token_hash)
    assert owner.get("/me").status_code == 200


def test_the_keys_page_lists_them(reader: FlaskClient) -> None:
    page = reader.get("/keys").text
    assert "<kbd>j</kbd>" in page
    assert "Keys are on" in page
