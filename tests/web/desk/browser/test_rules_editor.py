"""The rules editor in a real browser: hands on a keyboard, and no style or script of others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.builders.desk import RULES, a_desk, another_machine, serving
from tests.web.desk.browser.conftest import Served, browsers_on

from arsync.application.permissions import Role

DRAFT = "/c/books/rules/draft"

REASON = "whom a lawyer writes to is left alone"


@pytest.fixture
def pushed(database_url: str, tmp_path: Path, chromium: Any) -> Iterator[Served]:
    """A desk that goes by what was pushed to the store, so that rules are put live on it."""
    with (
        a_desk(tmp_path, store=database_url) as desk,
        another_machine(desk, tmp_path / "elsewhere") as machine,
        serving(machine.container) as address,
        browsers_on(machine, address, chromium) as made,
    ):
        yield made


def test_an_edit_of_policy_from_slip_to_live(pushed: Served) -> None:
    page = pushed.page(Role.ACCOUNTANT)
    page.goto(DRAFT)
    page.locator(".cm-content").click()
    page.keyboard.press("Control+Home")
    page.keyboard.press("Shift+End")
    page.keyboard.type("verson: 1")
    page.wait_for_selector("#problems button")
    assert "Did you mean 'version'?" in page.locator("#problems").inner_text()
    assert page.locator("[data-saved]").inner_text() == "not saved"
    page.keyboard.press("F8")
    page.wait_for_selector(".cm-tooltip .cm-diagnostic-error")
    page.keyboard.press("Escape")
    page.locator("#problems button").first.click()
    page.wait_for_selector("#problems button", state="detached")
    assert page.locator("#text").input_value() == RULES

    page.keyboard.press("Control+End")
    page.keyboard.type("leave_")
    page.keyboard.press("Control+Space")
    # Enter is taken for a new line in the moment in which the list appears: hands are slower.
    page.locator(".cm-tooltip-autocomplete li", has_text="leave_alone").click()
    page.keyboard.type(": [{name: Legal, when: {tag: legal}}]")
    page.get_by_label("Reason for this version").fill(REASON)
    page.keyboard.press("Control+s")
    page.locator(".said", has_text="Saved as a draft").wait_for()
    assert pushed.desk.container.store.drafts.get(1) is not None

    page.get_by_role("link", name="Put live…").click()
    assert page.get_by_label("Why?").input_value() == REASON
    page.get_by_role("button", name="Put live now").click()
    page.locator(".said", has_text="Live.").wait_for()
    page.locator("main", has_text="name: Legal").wait_for()
    last = pushed.desk.container.store.pushes.last()
    assert last is not None
    assert (last.row.pushed_by, last.row.source) == ("Priya Nair", f"the desk: {REASON}")
    assert pushed.console == []


def test_escape_and_tab_leave_the_text(looked_at: Served) -> None:
    page = looked_at.page(Role.ACCOUNTANT)
    page.goto(DRAFT)
    page.locator(".cm-content").click()
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert page.locator("#reason").evaluate("field => field === document.activeElement")


def test_without_scripts_it_is_a_form(looked_at: Served) -> None:
    page = looked_at.page(Role.ACCOUNTANT, java_script_enabled=False)
    page.goto(DRAFT)
    text = page.locator("#text").input_value()
    page.locator("#text").fill(text.replace("version: 1", "verson: 1"))
    page.get_by_role("button", name="Check").click()
    assert "Did you mean" in page.locator("#problems").inner_text()
    page.get_by_role("button", name="Put “version”").click()
    assert "Saved as a draft" in page.locator(".said").inner_text()
    assert page.locator("#text").input_value() == text
