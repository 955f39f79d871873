"""Who is answered by the API, how often, and what is done when something is sent twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from tests.builders.desk import SAME_ORIGIN, DeskDriver, add_person
from tests.builders.programs import Program, said

from arsync.application.permissions import Role
from arsync.store.people.audit_log import AuditFilter
from arsync.store.people.users import CONNECTION, UserRow
from arsync.web.api.serving import BODY_BYTES_MAX, CALLS_PER_MINUTE


def test_a_browsers_cookie_opens_nothing(desk: DeskDriver, people: dict[Role, UserRow]) -> None:
    browser: FlaskClient = desk.signed_in(people[Role.OWNER])
    assert browser.get("/api/v1/connections").status_code == 401
    answer = browser.post(
        "/api/v1/connections/books/stop", json={"reason": "x"}, headers=SAME_ORIGIN
    )
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="arsync"'
    assert desk.container.store.connections.get("books").stopped is None


def test_a_revoked_token_opens_nothing(desk: DeskDriver, owner: Program) -> None:
    assert owner.get("/connections").status_code == 200
    (token,) = desk.container.store.sign_ins.tokens(owner.user.id)
    desk.container.store.sign_ins.revoke_token(owner.user.id, token.id)
    answer = owner.get("/connections")
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_a_token_that_is_over_opens_nothing(desk: DeskDriver, owner: Program) -> None:
    now = desk.container.clock.now()
    sign_ins = desk.container.store.sign_ins
    owner.token = sign_ins.make_token(owner.user.id, "short", expires_at=now - timedelta(seconds=1))
    assert owner.get("/connections").status_code == 401


def test_others_connections_are_not_there(desk: DeskDriver) -> None:
    user = add_person(desk.container, "Ann Berg", Role.OWNER, scope=CONNECTION, value="999")
    other = Program(desk.app, desk.container, user)
    assert other.get("/connections").json == {"items": [], "next": None}
    real, made_up = other.get("/connections/books"), other.get("/connections/made-up")
    assert real.status_code == made_up.status_code == 404
    assert real.text.replace("books", "made-up") == made_up.text


def test_a_change_is_done_once_under_a_key(desk: DeskDriver, owner: Program) -> None:
    first = owner.post("/connections/books/stop", key="k1", reason="wrong bank")
    owner.post("/connections/books/start")
    again = owner.post("/connections/books/stop", key="k1", reason="wrong bank")
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.data == again.data
    assert desk.container.store.connections.get("books").stopped is None
    assert len(desk.container.store.audit.page(AuditFilter(), 10)) == 2


def test_a_key_with_other_content_is_refused(owner: Program) -> None:
    assert owner.post("/connections/books/stop", key="k1", reason="one").status_code == 200
    other = owner.post("/connections/books/stop", key="k1", reason="two")
    assert other.status_code == 422
    assert "with other content" in said(other)["detail"]


def test_a_refused_change_may_be_sent_corrected(owner: Program) -> None:
    assert owner.post("/connections/books/stop", key="k1", reason="").status_code == 422
    assert owner.post("/connections/books/stop", key="k1", reason="bank").status_code == 200


def test_the_keys_of_two_people_are_apart(owner: Program, controller: Program) -> None:
    owner.post("/connections/books/stop", key="k1", reason="one")
    owner.post("/connections/books/start")
    answer = controller.post("/connections/books/stop", key="k1", reason="two")
    assert (answer.status_code, said(answer)["stopped_by"]) == (200, "Tom Okafor")


def test_the_log_says_what_a_program_changed(desk: DeskDriver, owner: Program) -> None:
    owner.post("/connections/books/stop", reason="wrong bank")
    (line,) = desk.container.store.audit.page(AuditFilter(), 10)
    assert (line.who, line.source, line.what) == ("Hannah Reid", "api", "stopped everything")
    assert (line.words, line.connection) == ("wrong bank", "books")


def test_mistakes_name_their_fields(owner: Program) -> None:
    missing = owner.post("/connections/books/stop")
    assert missing.status_code == 422
    assert missing.mimetype == "application/problem+json"
    assert said(missing)["errors"] == [
        {"pointer": "/reason", "detail": "Object missing required field `reason`"}
    ]
    (unknown,) = said(owner.get("/connections/books/actions", limt=2))["errors"]
    assert unknown["pointer"] == "/limt"
    (key,) = said(owner.post("/connections/books/actions/approve", keys=["x"]))["errors"]
    assert key["pointer"] == "/keys/0"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"data": "reason=x"}, 415),
        ({"data": "{", "content_type": "application/json"}, 422),
        ({"data": b"\xff", "content_type": "application/json"}, 422),
        ({"json": {"reason": "x" * BODY_BYTES_MAX}}, 413),
    ],
)
def test_a_body_that_is_none_is_refused(owner: Program, sent: dict[str, Any], status: int) -> None:
    answer = owner.ask("POST", "/connections/books/stop", **sent)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nothing", 404), ("PUT", "/connections", 405), ("OPTIONS", "/connections", 405)],
)
def test_what_is_not_there_is_a_problem(
    owner: Program, method: str, path: str, status: int
) -> None:
    answer = owner.ask(method, path)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")


def test_a_token_that_asks_too_fast_waits(owner: Program, reader: Program) -> None:
    answers = [owner.get("/connections") for _ in range(CALLS_PER_MINUTE + 1)]
    assert [answer.status_code for answer in answers[-2:]] == [200, 429]
    assert answers[-1].headers["Retry-After"] == "60"
    assert reader.get("/connections").status_code == 200
