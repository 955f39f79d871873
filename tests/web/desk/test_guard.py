"""What keeps the desk's pages from being used against whoever opened them."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests
from flask.testing import FlaskClient
from tests.builders.desk import (
    PASSWORD,
    SAME_ORIGIN,
    DeskDriver,
    a_desk,
    add_everybody,
    post,
    serving,
)

from arsync.application.permissions import Role
from arsync.web.desk.guard import POSTS_PER_MINUTE


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_a_form_of_another_page_does_nothing(
    desk: DeskDriver, owner: FlaskClient, headers: dict[str, str]
) -> None:
    answer = owner.post("/c/books/stop", data={"reason": "x"}, headers=headers)
    assert answer.status_code == 403
    assert desk.container.store.connections.get("books").stopped is None


@pytest.mark.parametrize("headers", [SAME_ORIGIN, {"Origin": "http://localhost"}])
def test_a_form_of_our_own_page_is_answered(owner: FlaskClient, headers: dict[str, str]) -> None:
    answer = owner.post("/c/books/stop", data={"reason": "x"}, headers=headers)
    assert answer.status_code == 303


def test_every_answer_is_hardened(owner: FlaskClient) -> None:
    for path in ("/c/books/stop", "/sign-in", "/nothing"):
        headers = owner.get(path).headers
        assert headers["Content-Security-Policy"].startswith("default-src 'none'; ")
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Cache-Control"] == "no-store"
        assert "Strict-Transport-Security" not in headers


def test_too_many_forms_are_refused(owner: FlaskClient) -> None:
    answers = [post(owner, "/nothing").status_code for _ in range(POSTS_PER_MINUTE + 1)]
    assert answers[-1] == 429
    assert set(answers[:-1]) == {404}


@pytest.mark.parametrize(("proxies", "address"), [("0", "127.0.0.1"), ("1", "192.0.2.7")])
def test_proxies_are_believed_as_far_as_they_are_named(
    tmp_path: Path, proxies: str, address: str
) -> None:
    with a_desk(tmp_path, settings=f"[desk]\nproxies = {proxies}\n") as desk:
        owner = add_everybody(desk.container)[Role.OWNER]
        with serving(desk.container) as url, requests.Session() as browser:
            browser.trust_env = False
            browser.post(
                f"{url}/sign-in",
                {"email": owner.email, "password": PASSWORD},
                headers=SAME_ORIGIN | {"X-Forwarded-For": "203.0.113.9, 192.0.2.7"},
                timeout=60,
                allow_redirects=False,
            )
        (session,) = desk.container.store.sign_ins.sessions(owner.id)
        assert session.address == address
