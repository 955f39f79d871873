"""`promise`, `dispute`, `tasks`, `done`: what people say is kept, and seen by the rules."""

from __future__ import annotations

from datetime import timedelta

import pytest

from arsync_sandbox.server import Sandbox

from .conftest import TODAY, Shell

SOON = str(TODAY + timedelta(days=7))


def test_a_promise_holds_reminders_back_until_its_day(shell: Shell) -> None:
    done = shell("promise", "INV-1", SOON, "500", "--connection", "xero", "--note", "by phone")
    assert done.code == 0
    assert f"GBP 500.00 of INV-1 by {SOON}" in done.err
    plan = shell("plan", "--connection", "xero", "--json").json
    assert "credit_hold" not in {action["kind"] for action in plan["actions"]}


def test_a_promise_as_json_is_alone_on_stdout(shell: Shell) -> None:
    assert shell("promise", "INV-1", SOON, "--connection", "xero", "--json").json


def test_a_dispute_holds_its_invoice_back_until_settled(shell: Shell) -> None:
    assert shell("dispute", "INV-3", "--reason", "late", "--connection", "xero").code == 0
    plan = shell("plan", "--connection", "xero", "--json").json
    assert [held["invoice"] for held in plan["held_back"] if "dispute" in held["why"]] == ["INV-3"]
    assert "settled" in shell("dispute", "INV-3", "--settled", "--connection", "xero").err
    plan = shell("plan", "--connection", "xero", "--json").json
    assert not [held for held in plan["held_back"] if held["invoice"] == "INV-3"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["promise", "INV-1", "1.12.2026"], "'1.12.2026' is not a date. Write it as 2026-12-31."),
        (["promise", "INV-1", SOON, "lots"], "'lots' is not an amount. Write 1500 or 1,500.00."),
        (["promise", "INV-1", SOON, "1.005"], "'1.005' is not an amount."),
        (["promise", "INV-1", SOON, "0"], "'0' is not an amount."),
        (["promise", "INV-1", SOON, "1e9"], "'1e9' is not an amount."),
        (["promise", "INV-1", SOON, "900.01"], "INV-1 is due GBP 900.00: a promise cannot be"),
        (["promise", "INV-1", "2020-01-01"], "2020-01-01 is past"),
        (["promise", "INV-1", "9999-12-31"], "not a day from 1900-01-01 to 2199-12-31"),
        (["promise", "INV-1", str(TODAY + timedelta(367))], "more than 366 days ahead"),
        (["plan", "--as-of", "9999-12-31"], "not a day from 1900-01-01 to 2199-12-31"),
        (["promise", "INV-77", SOON], "there is no invoice 'INV-77'."),
        (["dispute", "INV-1"], "give the reason: arsync dispute"),
        (["dispute", "INV-77", "--reason", "x"], "there is no invoice 'INV-77'."),
        (["done", "no-key", "--outcome", "x"], "'no-key' is not a key"),
    ],
)
def test_a_wrong_word_is_one_clear_message(shell: Shell, words: list[str], message: str) -> None:
    connection = [] if words[0] == "done" else ["--connection", "xero"]
    done = shell(*words, *connection)
    assert done.code == 2
    assert message in done.err
    assert done.out == ""


def test_tasks_wait_until_they_are_done_with_an_outcome(alone: tuple[Shell, Sandbox]) -> None:
    shell, sandbox = alone
    assert shell("tasks").out == "No open tasks.\n"
    rulebook = shell.folder / "rules" / "little.yaml"
    rulebook.write_text(
        rulebook.read_text().replace("{day: 1, email: first reminder}", "{day: 1, task: Ring them}")
    )
    shell("sync")
    listed = shell("tasks")
    assert listed.code == 3
    assert "Ring them" in listed.out
    assert "arsync done KEY --outcome TEXT" in listed.err
    keys = [task["key"] for task in shell("tasks", "--json").json]
    for key in keys:
        assert shell("done", key[:10], "--outcome", "will pay").code == 0
    assert shell("tasks").code == 0
    again = shell("done", keys[0], "--outcome", "twice")
    assert again.code == 2
    assert again.err.startswith(f"arsync: task {keys[0][:8]} was done on {TODAY}.\n")
    shell("apply")
    notes = [note["text"] for note in sandbox.books["xero"].state()["history"]]
    assert any("will pay" in note for note in notes)


def test_what_happened_is_logged_and_taken_back(shell: Shell) -> None:
    words = ("log", "Late & Sons", "rang twice", "--kind", "terms-signed", "--connection", "xero")
    logged = shell(*words, "--json").json
    assert (logged["kind"], logged["text"], logged["note"]) == ("terms signed", "rang twice", None)
    taken = shell("log", "Late & Sons", "--take-back", str(logged["number"]), "--why", "a slip")
    assert taken.err.startswith("arsync: Late & Sons is in several connections")
    back = ("--take-back", str(logged["number"]), "--why", "a slip", "--connection", "xero")
    assert shell("log", "Late & Sons", *back).err.startswith("Entry 1 is taken back: a slip.")
