"""Whoever is signed out while typing loses nothing, and nothing is done."""

from __future__ import annotations

from tests.builders.desk import PASSWORD
from tests.web.desk.browser.conftest import Served

from arsync.application.permissions import Role

REASON = "the bank details in our letters are wrong since this morning, as Tom found"


def test_what_was_typed_survives_a_lost_session(served: Served) -> None:
    page = served.page(Role.OWNER)
    page.goto("/c/books/stop")
    page.get_by_label("Why?").fill(REASON)
    owner = served.people[Role.OWNER]
    served.desk.container.store.sign_ins.end_all(owner.id)
    page.get_by_role("button", name="Stop everything now").click()
    page.get_by_role("heading", name="You were signed out").wait_for()
    assert served.desk.container.store.connections.get("books").stopped is None
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Sign in in another tab").click()
    other = opened.value
    other.get_by_label("Email address").fill(owner.email)
    other.get_by_label("Password").fill(PASSWORD)
    other.get_by_role("button", name="Sign in").click()
    other.wait_for_url("**/today")
    page.get_by_role("button", name="Send it again").click()
    page.wait_for_url("**/today")
    stopped = served.desk.container.store.connections.get("books").stopped
    assert stopped is not None
    assert stopped.reason == REASON
