"""Two people at one queue: one decides, the other is told who did."""

from __future__ import annotations

from tests.web.desk.browser.conftest import Served

from arsync.application.permissions import Role
from arsync.core.actions import ActionState

LETTER = "Elmhurst Tools"


def test_the_second_of_two_is_told_who_decided(served: Served) -> None:
    owner, controller = served.page(Role.OWNER), served.page(Role.CONTROLLER)
    for page in (owner, controller):
        page.goto("/c/books/approvals")
        page.get_by_role("link", name=LETTER).first.click()
        page.get_by_role("button", name="Approve", exact=True).wait_for()
    owner.get_by_role("button", name="Approve", exact=True).click()
    owner.wait_for_load_state()
    controller.get_by_role("button", name="Approve", exact=True).click()
    controller.get_by_role("heading", name="Hannah Reid has already decided this").wait_for()
    store = served.desk.container.store
    states = store.actions.counts(store.connections.get("books").id)
    assert states[ActionState.APPROVED] >= 1


def test_the_queue_is_worked_by_keys_alone(served: Served) -> None:
    page = served.page(Role.CONTROLLER)
    page.goto("/c/books/approvals")
    store = served.desk.container.store
    connection = store.connections.get("books").id
    before = store.actions.counts(connection).get(ActionState.APPROVED, 0)
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/approvals/*")
    page.keyboard.press("a")
    page.get_by_role("status").filter(has_text="Approved: ").wait_for()
    assert store.actions.counts(connection).get(ActionState.APPROVED, 0) > before
    assert served.console == []
