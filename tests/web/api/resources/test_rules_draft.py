"""The draft of a rulebook by the API: written, merged, looked at and put live."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.builders.desk import RULES, DeskDriver, add_person, another_machine
from tests.builders.programs import Program, said
from werkzeug.test import TestResponse

from arsync.application.permissions import Role, person_at_the_shell
from arsync.application.rules.rules_push import push_rules
from arsync.store.people.users import CONNECTION

SOONER = RULES.replace("{day: 14, email: second reminder}", "{day: 7, email: second reminder}")
LARGER = RULES.replace("limit: 5,000", "limit: 7,500")
TIGHTER = RULES.replace("limit: 5,000", "limit: 500")
FILE = {"path": "standard.yaml", "opened": RULES}
BASE = "/connections/books/rulebook"


def save(program: Program, *, text: str, reason: str = "") -> TestResponse:
    """Save the shared file as a draft."""
    body = FILE | {"text": text, "reason": reason}
    return program.ask("POST", f"{BASE}/draft", json=body)


@pytest.fixture
def pushed(desk: DeskDriver, tmp_path: Path) -> Iterator[DeskDriver]:
    with another_machine(desk, tmp_path / "elsewhere") as elsewhere:
        yield elsewhere


@pytest.fixture
def accountant(pushed: DeskDriver) -> Program:
    """Return a program of who writes policy, where machines go by what was pushed."""
    user = add_person(pushed.container, "Lou Marsh", Role.ACCOUNTANT)
    return Program(pushed.app, pushed.container, user)


def test_a_draft_goes_live_once_looked_at(pushed: DeskDriver, accountant: Program) -> None:
    assert accountant.read(f"{BASE}/draft")["is_draft"] is False
    saved = said(save(accountant, text=LARGER, reason="a larger limit"))
    assert (saved["is_draft"], saved["changed"], saved["is_sound"]) == (
        True,
        ["standard.yaml"],
        True,
    )
    live = f"{BASE}/draft/live"
    early = accountant.post(live, reason="a larger limit", seen=saved["hash"])
    assert "not worked out yet" in said(early)["detail"]
    ready = said(accountant.post(f"{BASE}/draft/work-out"))
    assert (ready["obstacles"], ready["is_for_all"], ready["can_be_pushed"]) == ([], True, True)
    assert ready["effect"]["changes_in_all"] > 0
    pushed_view = said(accountant.post(live, reason="a larger limit", seen=ready["hash"]))
    assert pushed_view["changes"] == [{"path": "standard.yaml", "change": "changed"}]
    text = pushed.container.rules("books").text
    assert text is not None
    assert "limit: 7,500" in text.files[0].text
    versions = accountant.read("/rulebook/versions")["items"]
    assert pushed_view["rulebooks"][0]["hash"] in {version["hash"] for version in versions}


def test_a_draft_with_a_slip_says_where(accountant: Program) -> None:
    slip = RULES.replace("more_than", "mre_than")
    saved = said(save(accountant, text=slip))
    assert saved["is_sound"] is False
    assert [(problem["file"], problem["severity"]) for problem in saved["problems"]] == [
        ("standard.yaml", "error")
    ]
    ready = accountant.read(f"{BASE}/draft/readiness")
    assert "1 problem to mend." in ready["obstacles"]
    refused = accountant.post(f"{BASE}/draft/live", reason="x", seen=ready["hash"])
    assert refused.status_code == 422


def test_who_saves_late_is_told(accountant: Program) -> None:
    save(accountant, text=SOONER)
    assert save(accountant, text=LARGER).status_code == 409
    dropped = accountant.post(f"{BASE}/draft/drop")
    assert said(dropped) == {"dropped": True}


def test_an_overtaken_draft_is_merged(desk: DeskDriver, accountant: Program) -> None:
    save(accountant, text=SOONER)
    (desk.container.config.rules_folder / "standard.yaml").write_text(LARGER)
    push_rules(person_at_the_shell(), desk.container)
    assert accountant.read(f"{BASE}/draft")["is_overtaken"] is True
    merged = said(accountant.post(f"{BASE}/draft/merge"))
    (text,) = [file["text"] for file in merged["draft"]["files"] if file["path"] == "standard.yaml"]
    assert ("limit: 7,500" in text, "day: 7" in text, merged["clashes"]) == (True, True, [])


def test_shared_rules_are_for_who_acts_everywhere(pushed: DeskDriver) -> None:
    user = add_person(pushed.container, "Nils Berg", Role.ACCOUNTANT, scope=CONNECTION, value="1")
    one_client = Program(pushed.app, pushed.container, user)
    assert save(one_client, text=SOONER).status_code == 403


@pytest.fixture
def strict(desk: DeskDriver, tmp_path: Path) -> Iterator[tuple[Program, Program]]:
    """Yield programs of two people who write policy where large changes are for two."""
    with another_machine(
        desk, tmp_path / "strict", rules_settings="two_people_above = 1\n"
    ) as machine:
        people = [
            add_person(machine.container, name, Role.ACCOUNTANT) for name in ("Lou Marsh", "Kim")
        ]
        lou, kim = (Program(machine.app, machine.container, user) for user in people)
        yield lou, kim


def test_a_large_draft_needs_a_second_person(strict: tuple[Program, Program]) -> None:
    lou, kim = strict
    save(lou, text=TIGHTER)
    ready = said(lou.post(f"{BASE}/draft/work-out"))
    assert (ready["needs_two"], ready["request"]) == (True, None)
    words = {"reason": "a tighter limit", "seen": ready["hash"]}
    assert lou.post(f"{BASE}/draft/live", **words).status_code == 422
    asked = said(lou.post(f"{BASE}/draft/ask", **words))
    assert (asked["asked_by"], asked["is_own"]) == ("Lou Marsh", True)
    assert kim.read(f"{BASE}/draft/readiness")["request"]["is_own"] is False
    assert said(kim.post(f"{BASE}/draft/take-back")) == {"taken_back": False}
    assert said(lou.post(f"{BASE}/draft/take-back")) == {"taken_back": True}
    said(lou.post(f"{BASE}/draft/ask", **words))
    assert lou.post(f"{BASE}/draft/live", **words).status_code == 422
    assert said(kim.post(f"{BASE}/draft/live", **words))["pushed_by"] == "Kim"


def test_a_large_push_of_files_waits(strict: tuple[Program, Program]) -> None:
    lou, kim = strict
    words: dict[str, Any] = {"files": [FILE | {"text": TIGHTER}], "reason": "a tighter limit"}
    waits = said(lou.post(f"{BASE}/push", **words))
    assert (waits["pushed"], waits["waits"]["asked_by"]) == (None, "Lou Marsh")
    pushed = said(kim.post(f"{BASE}/push", **words))["pushed"]
    assert (pushed["pushed_by"], pushed["source"]) == (
        "Kim",
        "the desk: a tighter limit (asked by Lou Marsh)",
    )


def test_files_are_pushed_in_place_of_theirs(accountant: Program) -> None:
    own = {"path": "books/rules.yaml", "text": "leave_alone:\n  - {name: L, when: {tag: l}}\n"}
    files = [own, FILE | {"text": LARGER}]
    pushed = said(accountant.post(f"{BASE}/push", files=files, reason="from git"))["pushed"]
    assert [each["path"] for each in pushed["changes"]] == ["books/rules.yaml", "standard.yaml"]
    late = accountant.post(f"{BASE}/push", files=[FILE | {"text": SOONER}], reason="late")
    assert late.status_code == 409
    for path in ("books/../other/rules.yaml", "../rules.yaml", "rules.txt", "/rules.yaml"):
        files = [{"path": path, "text": "version: 1\n"}]
        refused = accountant.post(f"{BASE}/push", files=files, reason="odd")
        assert (refused.status_code, "no file to push" in refused.text) == (422, True), path


def test_an_installation_of_a_folder_is_not_written(owner: Program) -> None:
    save(owner, text=SOONER)
    ready = said(owner.post(f"{BASE}/draft/work-out"))
    assert ready["can_be_pushed"] is False
    refused = owner.post(f"{BASE}/draft/live", reason="x", seen=ready["hash"])
    assert "goes by its rules folder" in said(refused)["detail"]


def test_a_connections_versions_are_its_own(reader: Program) -> None:
    (version,) = reader.read(f"{BASE}/versions")["items"]
    kept = reader.read(f"{BASE}/versions/{version['hash']}")
    assert kept["files"][0]["text"] == RULES
    assert reader.get(f"{BASE}/versions/{'0' * 64}").status_code == 404
