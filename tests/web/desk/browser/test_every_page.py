"""Every page in a real browser: axe-core finds nothing, nothing is cut off, nothing complains.

At the width of a desk, of a telephone, and at 200 % zoom; light and dark.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.builders.desk import SAME_ORIGIN, a_desk, add_everybody, add_person, serving
from tests.builders.every_route import HOSTILE_CUSTOMER, address_of, may_be_missing
from tests.web.desk.browser.conftest import Served

from arsync.application.permissions import Role
from arsync.store.people.users import UserRow
from arsync.web.desk.pages import every_route
from arsync.web.desk.routing import Route

VIEWS = {
    "desk": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "telephone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light"},
    "zoomed": {"viewport": {"width": 640, "height": 450}, "color_scheme": "light"},
}

AXE: dict[str, dict[str, Any]] = {
    "desk": {},
    "dark": {"runOnly": {"type": "rule", "values": ["color-contrast"]}},
}
"""What axe-core looks for, where it looks."""

NOT_PAGES = (
    ".csv",
    ".pdf",
    ".json",
    "/pdf",
    "/letter",
    "/email",
    "/callback",
    "/many",
    "/words",
    "<task>",
)
"""Downloads; letters as they leave; and what is opened with a choice, which has its own tests."""

PAGES = [
    route
    for route in every_route()
    if route.method == "GET" and not route.rule.endswith(NOT_PAGES) and not may_be_missing(route)
]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, chromium: Any) -> Iterator[Served]:
    """A desk that is only looked at."""
    contexts = []
    with a_desk(tmp_path_factory.mktemp("pages")) as desk, serving(desk.container) as url:

        def new_context(**options: Any) -> Any:
            contexts.append(chromium.new_context(base_url=url, locale="en-GB", **options))
            return contexts[-1]

        yield Served(desk, url, add_everybody(desk.container), new_context)
        for context in contexts:
            context.close()


@pytest.mark.parametrize("view", VIEWS)
def test_every_page_can_be_read_by_everybody(served: Served, view: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    spare = add_person_once(served)
    page, axe = served.page(Role.OWNER, **VIEWS[view]), Axe()
    wrong: list[str] = []
    for route in PAGES:
        answer = page.goto(address_of(route, served.desk, spare))
        if answer is None or answer.status >= 400:
            wrong.append(f"{route.rule}: {answer.status if answer else 'no answer'}")
            continue
        # What is wrong on a desk is wrong on a telephone; the dark has colours of its own.
        if view in AXE:
            found = axe.run(page, options=AXE[view]).response["violations"]
            wrong += [f"{route.rule}: {each['id']} {each['nodes'][0]['target']}" for each in found]
        # Asked of the element: the page's policy lets no text be evaluated as a script.
        beyond = page.locator("html").evaluate("html => html.scrollWidth - html.clientWidth")
        if beyond > 0:
            wrong.append(f"{route.rule}: {beyond} pixels wider than the window")
        wrong += [f"{route.rule}: {complaint}" for complaint in served.console]
        served.console.clear()
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("route", [route for route in PAGES if "<customer>" in route.rule])
def test_a_hostile_name_runs_nothing(served: Served, route: Route) -> None:
    page = served.page(Role.OWNER)
    spare = add_person_once(served)
    page.goto(address_of(route, served.desk, spare, HOSTILE_CUSTOMER))
    assert page.title() != "1"
    assert page.locator("img").count() == 0


def add_person_once(served: Served) -> UserRow:
    """Return the person whom pages about a person are of."""
    users = served.desk.container.store.users
    return users.by_email("sam@example.com") or add_person(
        served.desk.container, "Sam Spare", Role.READER
    )


def test_pages_work_without_javascript(served: Served) -> None:
    page = served.page(Role.OWNER, java_script_enabled=False)
    page.goto("/c/books/approvals")
    page.get_by_role("link", name="Larkfield Dental").first.click()
    page.get_by_role("heading", name="Why").wait_for()
    page.get_by_role("link", name="Customers").click()
    page.get_by_role("heading", name="Customers").wait_for()


def test_a_script_in_a_page_would_not_run(served: Served) -> None:
    page = served.page(Role.OWNER)
    page.goto("/c/books/today")
    answer = page.request.get(f"{served.url}/c/books/today", headers=SAME_ORIGIN)
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    page.locator("body").evaluate(
        "body => { const s = document.createElement('script'); s.textContent = 'document.title=1';"
        " body.append(s); }"
    )
    assert page.title() != "1"
    served.console.clear()
