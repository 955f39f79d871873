"""`rules push`, `rules versions`, `rules show --version`, `rules diff HASH`: by the store alone."""

from __future__ import annotations

import shutil

import pytest

from .conftest import RULEBOOK, Shell, a_key

XERO = ("--connection", "xero")
SOFTER = RULEBOOK.replace("{day: 1, email: first reminder}", "{day: 9, email: first reminder}")
LETTER = "Subject: Your account\n\nPlease pay soon.\n"


@pytest.fixture
def pushed(shell: Shell) -> Shell:
    """A shell on a machine that has pushed its rules folder, and has it no more."""
    shell.write("rules/templates/first reminder.txt", LETTER)
    assert shell("rules", "push").code == 0
    config = (shell.folder / "config.toml").read_text()
    assert 'source = "folder"' in config
    shell.write("config.toml", config.replace('source = "folder"', 'source = "store"'))
    (shell.folder / "config.toml").chmod(0o600)
    shutil.rmtree(shell.folder / "rules")
    return shell


def test_a_push_prints_what_it_put_there(shell: Shell) -> None:
    done = shell("rules", "push")
    assert done.code == 0
    assert "  new      little.yaml\n" in done.out
    short = shell("rules", "show", "--json").json["hash"][:12]
    assert f"rulebook {short}: quickbooks, xero\n" in done.out
    assert 'source = "folder"' in done.err
    again = shell("rules", "push", "--json").json
    assert (again["new"], again["push"], again["changes"]) == (False, 1, [])
    assert again["rulebooks"][0]["connections"] == ["quickbooks", "xero"]


def test_a_folder_with_mistakes_is_the_users_to_mend(shell: Shell) -> None:
    shell.write("rules/little.yaml", f"{RULEBOOK}\nbad: 1\n")
    done = shell("rules", "push")
    assert done.code == 2
    assert "rules/little.yaml" in done.err
    assert "Nothing was pushed." in done.err


def test_a_large_push_waits_for_a_second_person(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shell("rules", "push").code == 0
    for name in ("Priya", "Kim"):
        words = ("--name", name, "--role", "owner")
        assert shell("users", "add", f"{name.lower()}@example.com", *words).code == 0
    monkeypatch.setenv("ARSYNC_RULES_TWO_PEOPLE_ABOVE", "1")
    shell.write("rules/little.yaml", SOFTER)
    monkeypatch.setenv("ARSYNC_USER", "priya@example.com")
    waits = shell("rules", "push", "--json")
    assert (waits.code, waits.json["asked_by"], "Priya asked" in waits.err) == (3, "Priya", True)
    monkeypatch.setenv("ARSYNC_USER", "kim@example.com")
    done = shell("rules", "push")
    assert (done.code, "Push 2" in done.out) == (0, True)


@pytest.mark.parametrize(
    "words",
    [
        ("rules", "check"),
        ("rules", "show"),
        ("rules", "simulate", "--days", "2", *XERO),
        ("why", "INV-3", *XERO),
        ("letters", "check"),
        ("plan", *XERO),
    ],
)
def test_no_folder_is_needed_where_the_store_is_read(pushed: Shell, words: tuple[str, ...]) -> None:
    done = pushed(*words)
    assert done.code == 0, done.err


def test_evidence_names_the_files_as_they_were_pushed(pushed: Shell) -> None:
    plan = pushed("plan", *XERO, "--json").json
    assert plan["rulebook"]["files"] == ["rules/little.yaml"]


def test_screens_show_the_hash_of_the_rulebook(shell: Shell) -> None:
    short = shell("plan", *XERO, "--json").json["rulebook"]["hash"][:12]
    assert f"\nby rulebook {short}\n" in shell("plan", *XERO).out
    assert f"of rulebook {short}" in shell("why", "INV-3", *XERO).out
    assert short in shell("status").out


def test_an_action_leads_to_the_text_that_planned_it(shell: Shell) -> None:
    assert shell("connections", "xero", "--mode", "approve").code == 0
    key = a_key(shell, "reminder")
    version = shell("why", key, "--json").json["rulebook"]
    assert f"  rulebook {version[:12]}\n" in shell("why", key).out
    shell.write("rules/little.yaml", SOFTER)
    shown = shell("rules", "show", "--version", version[:6])
    assert "day: 1" in shown.out
    assert version in shown.err
    written = shell("rules", "show", "--version", version, "--files")
    assert written.out == f"# little.yaml\n{RULEBOOK}"
    as_json = shell("rules", "show", "--version", version, "--json").json
    assert as_json["files"] == [{"path": "little.yaml", "text": RULEBOOK}]
    (listed,) = shell("rules", "versions", "--json").json
    assert (listed["hash"], listed["letters_hash"]) == (version, "")
    assert listed["planned"] > 0
    assert version[:12] in shell("rules", "versions").out


def test_a_past_rulebook_is_compared_by_text_and_treatment(shell: Shell) -> None:
    assert shell("rules", "push").code == 0
    (version,) = shell("rules", "versions", "--json").json
    shell.write("rules/little.yaml", SOFTER)
    done = shell("rules", "diff", version["hash"][:8], *XERO)
    assert done.code == 0
    assert "\n-      - {day: 1, email: first reminder}\n" in done.out
    assert "\n+      - {day: 9, email: first reminder}\n" in done.out
    assert f"old: {version['hash'][:12]}:rules/little.yaml\n" in done.out
    assert "3 customers treated differently" in done.out
    assert shell("rules", "push").code == 0
    newest = shell("rules", "versions", "--json").json[0]["hash"]
    both = shell("rules", "diff", version["hash"], newest, *XERO, "--json").json
    assert len(both["customers"]) == 3
    assert "--- little.yaml" in both["text_diff"]
    played = shell("rules", "simulate", newest[:8], "--days", "2", *XERO)
    assert (played.code, f"{newest[:12]}:rules/little.yaml" in played.out) == (0, True)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("diff", "abcdef123"), "no rulebook whose hash begins with 'abcdef123'"),
        (("show", "--version", "abc"), "give at least 6 of its characters"),
        (("show", "--files"), "--files needs --version"),
        (("show", "--version", "abcdef", *XERO), "neither PATHS nor --connection"),
        (("push", *XERO), "push the whole folder first"),
    ],
)
def test_what_cannot_be_meant_is_told(shell: Shell, words: tuple[str, ...], told: str) -> None:
    done = shell("rules", *words)
    assert done.code == 2
    assert told in done.err


def test_nothing_was_gone_by_before_the_first_run(configured: Shell) -> None:
    assert configured("rules", "versions").out == "No run has gone by a rulebook yet.\n"
