"""A day of the controller, all of it in the browser: calls by keys, the queue, the next run."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from tests.builders.desk import PASSWORD
from tests.web.desk.browser.conftest import Served

from arsync.application.customers.name_search import ContactId
from arsync.application.permissions import Actor, Role
from arsync.application.tasks.tasks import NewTask, open_task
from arsync.clock import SetClock
from arsync.core.actions import ActionState

OWNER = Actor("Hannah Reid", Role.OWNER)

CALLED, NOT_REACHED, WRITTEN_TO = "c1", "c4", "c8"
"""Elmhurst Tools, Larkfield Dental; and Umber Furniture & Sons, to whom two letters wait."""

REASON = "they paid this one in cash at the counter"


def test_a_day_of_the_controller(served: Served) -> None:
    desk = served.desk
    for contact_id in (CALLED, NOT_REACHED):
        task = NewTask("Call about the debt", "")
        open_task(OWNER, desk.container, ContactId(contact_id), task, connection="books")
    list(desk.container.sync("books"))
    page = served.page()

    signs_in(page, served)
    promises_by_keys(page)
    undoes_by_keys(page)
    approved, refused = decides_two_letters(page)

    page.goto(f"/c/books/customers/{WRITTEN_TO}")
    timeline = page.locator(".timeline").inner_text()
    assert "approved (approved by Tom Okafor as controller)" in timeline
    assert f"refused ({REASON})" in timeline

    assert desk.books.emails == []
    clock = desk.container.clock
    assert isinstance(clock, SetClock)
    clock.advance(timedelta(minutes=10))
    list(desk.container.sync("books"))
    assert [write.key for write in desk.books.emails] == [approved]
    assert desk.container.store.actions.get(refused).state is ActionState.REJECTED
    page.reload()
    assert "confirmed (reminder done)" in page.locator(".timeline").inner_text()
    assert served.console == []


def signs_in(page: Any, served: Served) -> None:
    """Begin the day with an address and a password; it begins at the worklist."""
    page.goto("/")
    page.get_by_label("Email address").fill(served.people[Role.CONTROLLER].email)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/c/books/worklist")


def promises_by_keys(page: Any) -> None:
    """Record in two keys what the first customer promised; the next one opens."""
    page.locator("#task-title", has_text="Elmhurst Tools").wait_for()
    with page.expect_navigation():
        page.keyboard.press("o")
        page.keyboard.press("p")
    assert page.get_by_label("Paid by").input_value() != ""
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    page.get_by_role("status").filter(has_text="Recorded.").wait_for()
    page.locator("#task-title", has_text="Larkfield Dental").wait_for()


def undoes_by_keys(page: Any) -> None:
    """Record a voicemail with the next customer by mistake, and take it back."""
    with page.expect_navigation():
        page.keyboard.press("o")
        page.keyboard.press("v")
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    with page.expect_navigation():
        page.get_by_role("button", name="Undo: Larkfield Dental").click()
    page.get_by_role("status").filter(has_text="Undone.").wait_for()
    page.locator("#task-title", has_text="Larkfield Dental").wait_for()


def decides_two_letters(page: Any) -> tuple[str, str]:
    """Approve one of two letters to a customer by keys, refuse the other; return their keys."""
    page.keyboard.press("g")
    page.keyboard.press("a")
    page.wait_for_url("**/approvals")
    page.get_by_label("Kind").select_option("Letters")
    page.get_by_role("button", name="Show", exact=True).click()
    approved = opens_a_letter(page)
    with page.expect_navigation():
        page.keyboard.press("a")
    page.get_by_role("status").filter(has_text="Approved: Umber Furniture & Sons.").wait_for()
    refused = opens_a_letter(page)
    with page.expect_navigation():
        page.keyboard.press("r")
    page.get_by_label("Why?").fill(REASON)
    with page.expect_navigation():
        page.get_by_role("button", name="Refuse", exact=True).click()
    page.get_by_role("status").filter(has_text="Refused: Umber Furniture & Sons.").wait_for()
    return approved, refused


def opens_a_letter(page: Any) -> str:
    """Open the first letter to the customer in the queue, and return its key."""
    with page.expect_navigation():
        page.get_by_role("link", name="Umber Furniture & Sons").first.click()
    page.get_by_role("heading", name="reminder to Umber Furniture & Sons").wait_for()
    return str(urlsplit(page.url).path.rpartition("/")[2])
