"""The rules editor in a real browser: hands on a keyboard, and no style or script of others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arsync.application.permissions import Role

if TYPE_CHECKING:
    from tests.web.desk.browser.conftest import Served

DRAFT = "/c/books/rules/draft"


def test_a_slip_is_told_and_mended_while_writing(served: Served) -> None:
    page = served.page(Role.ACCOUNTANT)
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
    assert page.locator("#text").input_value().startswith("version: 1\n")
    assert served.console == []


def test_words_are_completed_and_drafts_saved_by_keys(served: Served) -> None:
    page = served.page(Role.ACCOUNTANT)
    page.goto(DRAFT)
    page.locator(".cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.type("follow_")
    page.keyboard.press("Control+Space")
    page.wait_for_selector(".cm-tooltip-autocomplete li")
    assert "follow_ups" in page.locator(".cm-tooltip-autocomplete").inner_text()
    page.keyboard.press("Escape")
    for _ in "follow_":
        page.keyboard.press("Backspace")
    page.keyboard.type("# a note")
    page.keyboard.press("Control+s")
    page.wait_for_selector(".said")
    draft = served.desk.container.store.drafts.get(1)
    assert draft is not None
    assert draft.text.files[0].text.endswith("# a note")
    assert served.console == []


def test_escape_and_tab_leave_the_text(served: Served) -> None:
    page = served.page(Role.ACCOUNTANT)
    page.goto(DRAFT)
    page.locator(".cm-content").click()
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert page.locator("#reason").evaluate("field => field === document.activeElement")


def test_without_scripts_it_is_a_form(served: Served) -> None:
    page = served.page(Role.ACCOUNTANT, java_script_enabled=False)
    page.goto(DRAFT)
    text = page.locator("#text").input_value()
    page.locator("#text").fill(text.replace("version: 1", "verson: 1"))
    page.get_by_role("button", name="Check").click()
    assert "Did you mean" in page.locator("#problems").inner_text()
    page.get_by_role("button", name="Put “version”").click()
    assert "Saved as a draft" in page.locator(".said").inner_text()
    assert page.locator("#text").input_value() == text
