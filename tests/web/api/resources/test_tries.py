"""Tries by the API: begun, played beside the requests, read when they have ended."""

from __future__ import annotations

from typing import Any

from tests.builders.desk import DeskDriver
from tests.builders.programs import Program, said

from arsync.application.desk.try_runner import try_key
from arsync.web.desk.visit import LONG_WORK

TRIES = "/connections/books/tries"
BACKTEST = {"how": "backtest", "first": "2026-10-01", "last": "2026-10-31"}


def _played(desk: DeskDriver, program: Program, **body: Any) -> Any:
    begun = program.post(TRIES, **body)
    assert begun.status_code == 200, begun.text
    number = said(begun)["number"]
    assert desk.app.extensions[LONG_WORK].find(try_key(number)).wait(30)
    return program.read(f"{TRIES}/{number}")


def test_a_backtest_lists_what_would_have_left(desk: DeskDriver, owner: Program) -> None:
    tried = _played(desk, owner, **BACKTEST)
    assert (tried["state"], tried["kind"], tried["result"]["actions"]) == ("done", "backtest", [])
    path = f"{TRIES}/{tried['number']}/actions"
    actions = owner.read(path, limit=200)["items"]
    assert len(actions) == tried["result"]["actions_in_all"] > 1
    assert owner.read_in_parts(path, 2) == actions


def test_a_simulation_of_a_draft_names_it(desk: DeskDriver, owner: Program) -> None:
    file = owner.read("/connections/books/rulebook/draft")["files"][0]
    later = file["text"].replace("{day: 1, email", "{day: 3, email")
    change = {"path": file["path"], "opened": file["text"], "text": later, "reason": "later"}
    saved = owner.ask("POST", "/connections/books/rulebook/draft", json=change)
    assert saved.status_code == 200, saved.text
    tried = _played(desk, owner, how="simulation", draft=True, days=30)
    assert (tried["title"], tried["debtors"]) == ("later", "as before")
    (listed,) = owner.read(TRIES)["items"]
    assert listed["number"] == tried["number"]


def test_days_that_are_none_are_refused(owner: Program) -> None:
    assert owner.post(TRIES, how="backtest").status_code == 422
    assert owner.post(TRIES, **BACKTEST | {"first": "2026-11-01"}).status_code == 422
    assert owner.post(TRIES, how="simulation", draft=True).status_code == 422


def test_one_that_has_ended_is_not_cancelled(desk: DeskDriver, owner: Program) -> None:
    tried = _played(desk, owner, **BACKTEST)
    cancelled = owner.post(f"{TRIES}/{tried['number']}/cancel")
    assert said(cancelled) == {"cancelled": False}
    assert owner.get(f"{TRIES}/999").status_code == 404
