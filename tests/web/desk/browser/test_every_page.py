"""Every page in a real browser: axe-core finds nothing, nothing is cut off, nothing complains.

At the width of a desk, of a telephone, and at 200 % zoom; light and dark.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.builders.desk import RULES_BY_MAIL, SAME_ORIGIN, a_desk, add_person, serving
from tests.builders.every_route import HOSTILE_CUSTOMER, address_of, may_be_missing
from tests.web.desk.browser.conftest import Served, browsers_on

from arsync.application.agreements.disputes import DisputeWords, open_dispute
from arsync.application.agreements.payment_plans import agree
from arsync.application.agreements.promises import PromiseToPay, promise
from arsync.application.decisions.personal_lines import put_personal_line
from arsync.application.permissions import Actor, Role
from arsync.core.ledger.agreements.plan_terms import Terms
from arsync.store.people.users import UserRow
from arsync.web.desk.pages import every_route

TOM = Actor("Tom Okafor", Role.CONTROLLER)

DESK = {"width": 1280, "height": 900}

NARROWER = {
    "telephone": {"width": 390, "height": 844},
    "zoomed": {"width": 640, "height": 450},
}
"""Windows in which nothing may be cut off, besides that of a desk."""

AXE: dict[str, dict[str, Any]] = {
    "light": {"resultTypes": ["violations"]},
    "dark": {
        "resultTypes": ["violations"],
        "runOnly": {"type": "rule", "values": ["color-contrast"]},
    },
}
"""What axe-core looks for: the dark has colours of its own, and else what the light has."""

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


def test_every_page_can_be_read_by_everybody(looked_at: Served) -> None:
    spare = add_person_once(looked_at)
    page = looked_at.page(Role.OWNER, viewport=DESK)
    wrong: list[str] = []
    for route in PAGES:
        answer = page.goto(address_of(route, looked_at.desk, spare))
        if answer is None or answer.status >= 400:
            wrong.append(f"{route.rule}: {answer.status if answer else 'no answer'}")
            continue
        wrong += [f"{route.rule} {found}" for found in (*hard_to_read(page), *cut_off(page))]
        wrong += [f"{route.rule}: {complaint}" for complaint in looked_at.console]
        looked_at.console.clear()
    assert not wrong, "\n".join(wrong)


def hard_to_read(page: Any) -> Iterator[str]:
    """Yield what axe-core finds on a page, which is light again afterwards."""
    from axe_playwright_python.sync_playwright import Axe

    page.evaluate(Axe().axe_script)
    for scheme, options in AXE.items():
        page.emulate_media(color_scheme=scheme)
        found = page.evaluate("options => axe.run(options)", options)["violations"]
        yield from (f"({scheme}): {each['id']} {each['nodes'][0]['target']}" for each in found)
    page.emulate_media(color_scheme="light")


def cut_off(page: Any) -> Iterator[str]:
    """Yield how much wider a page is than windows, of which the last is that of a desk again."""
    for view, size in (*NARROWER.items(), ("desk", DESK)):
        page.set_viewport_size(size)
        # Asked of the element: the page's policy lets no text be evaluated as a script.
        beyond = page.locator("html").evaluate("html => html.scrollWidth - html.clientWidth")
        if beyond > 0:
            yield f"({view}): {beyond} pixels wider than the window"
        if view == "telephone":
            regions = page.locator(".scroll").evaluate_all(
                "regions => regions.map(each => [each.ariaLabel, each.scrollWidth - "
                "each.clientWidth])"
            )
            yield from (f"({view}): {name} scrolls {over} px" for name, over in regions if over > 0)


def test_long_names_are_broken_not_cut(looked_at: Served) -> None:
    page = looked_at.page(Role.OWNER, viewport=DESK)
    spare = add_person_once(looked_at)
    wrong: list[str] = []
    for route in PAGES:
        if "<customer>" in route.rule:
            page.goto(address_of(route, looked_at.desk, spare, "c6"))
            wrong += [f"{route.rule} {found}" for found in cut_off(page)]
    assert not wrong, "\n".join(wrong)


def test_a_hostile_name_runs_nothing(looked_at: Served) -> None:
    page = looked_at.page(Role.OWNER)
    spare = add_person_once(looked_at)
    for route in PAGES:
        if "<customer>" in route.rule:
            page.goto(address_of(route, looked_at.desk, spare, HOSTILE_CUSTOMER))
            assert page.title() != "1", route.rule
            assert page.locator("img").count() == 0, route.rule


def add_person_once(looked_at: Served) -> UserRow:
    """Return the person whom pages about a person are of."""
    users = looked_at.desk.container.store.users
    return users.by_email("sam@example.com") or add_person(
        looked_at.desk.container, "Sam Spare", Role.READER
    )


def test_pages_work_without_javascript(looked_at: Served) -> None:
    page = looked_at.page(Role.OWNER, java_script_enabled=False)
    page.goto("/c/books/approvals")
    page.get_by_role("link", name="Larkfield Dental").first.click()
    page.get_by_role("heading", name="Why").wait_for()
    page.get_by_role("link", name="Customers").click()
    page.get_by_role("heading", name="Customers").wait_for()


def test_a_script_in_a_page_would_not_run(looked_at: Served) -> None:
    page = looked_at.page(Role.OWNER)
    page.goto("/c/books/today")
    answer = page.request.get(f"{looked_at.url}/c/books/today", headers=SAME_ORIGIN)
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    page.locator("body").evaluate(
        "body => { const s = document.createElement('script'); s.textContent = 'document.title=1';"
        " body.append(s); }"
    )
    assert page.title() != "1"
    looked_at.console.clear()


def test_forms_that_end_agreements_can_be_read(chromium: Any, tmp_path: Path) -> None:
    with (
        a_desk(tmp_path, rules=RULES_BY_MAIL) as desk,
        serving(desk.container) as address,
        browsers_on(desk, address, chromium) as made,
    ):
        app, day = desk.container, desk.container.clock.now().date() + timedelta(5)
        open_dispute(TOM, app, "INV-1", DisputeWords("two short"))
        promise(TOM, app, ["INV-2"], PromiseToPay(day))
        agree(TOM, app, ["INV-3"], Terms(equal_parts=2, first=day))
        letter = next(
            row.key
            for row in (listed.row for listed in app.waiting("books"))
            if row.action.contact_name == "Larkfield Dental"
        )
        put_personal_line(TOM, app, letter, "Thank you for the call.")
        page, wrong = made.page(Role.OWNER, viewport=DESK), []
        for path in (
            "customers/c1",
            "customers/c1/dispute/i1/settle",
            "customers/c1/promise/1/withdraw",
            "customers/c1/plan/1/end",
            "customers/c1/plan?replaces=1&invoice=i3",
            f"approvals/{letter}",
        ):
            answer = page.goto(f"/c/books/{path}")
            assert answer is not None
            assert answer.status == 200, path
            wrong += [f"{path} {found}" for found in (*hard_to_read(page), *cut_off(page))]
        assert not wrong, "\n".join(wrong)
