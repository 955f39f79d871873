"""`promise`, `dispute`, `tasks`, `done`: what people say is kept, and seen by the rules."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

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


def test_a_disputed_part_is_changed_listed_and_settled(shell: Shell) -> None:
    words = ("--amount", "100", "--reason-code", "falscher Preis", "--owner", "Jo")
    opened = shell("dispute", "INV-1", *words, "--needs", "the price list", "--connection", "xero")
    assert opened.code == 0
    assert "GBP 100.00 of INV-1 recorded. While it is open only GBP 800.00 is" in opened.err
    changed = shell("dispute", "INV-1", "--change", "--amount", "150", "--connection", "xero")
    assert "GBP 150.00 of INV-1 changed" in changed.err
    listed = shell("dispute", "--connection", "xero")
    assert listed.code == 3
    for text in ("INV-1", "GBP 150.00", "part", "wrong price", "Jo", "the price list"):
        assert text in listed.out
    [view] = shell("dispute", "--connection", "xero", "--json").json
    assert [view["amount"], view["code"], view["due"]] == ["150.00", "5", "900.00"]
    waiting = shell("dispute", "INV-1", "--settled", "credited", "--connection", "xero")
    assert waiting.code == 3
    assert "the books show GBP 0.00 credited on INV-1, and GBP 150.00 is disputed" in waiting.err
    assert "the credit note" in shell("dispute", "--connection", "xero").out
    settled = shell("dispute", "INV-1", "--settled", "upheld", "--connection", "xero")
    assert "Dispute about INV-1 settled: upheld." in settled.err
    assert shell("dispute", "--connection", "xero").out == "No open disputes.\n"


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
        (["promise", "INV-77", SOON], "there is no contact and no invoice 'INV-77'."),
        (["dispute", "INV-1"], "give the reason: arsync dispute"),
        (["dispute", "INV-77", "--reason", "x"], "there is no invoice 'INV-77'."),
        (["dispute", "INV-1", "--reason", "x", "--amount", "901"], "INV-1 is due GBP 900.00: no"),
        (["dispute", "INV-1", "--reason-code", "wrong prise"], "did you mean 'wrong price' (5)?"),
        (["dispute", "INV-1", "--settled", "paid"], "'paid' is no outcome: credited, upheld"),
        (["dispute", "INV-1", "--settled", "credited", "--owner", "Jo"], "goes with --note alone"),
        (["dispute", "INV-1", "--settled"], "this invoice is not in dispute."),
        (["dispute", "INV-1", "--change"], "say what changes: --amount"),
        (["dispute", "INV-1", "--change", "--owner", "Jo"], "this invoice is not in dispute."),
        (["dispute", "--amount", "5"], "say which invoice: arsync dispute INVOICE"),
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
    assert shell("worklist").out == "Nothing waits for a person.\n"
    rulebook = shell.folder / "rules" / "little.yaml"
    rulebook.write_text(
        rulebook.read_text().replace("{day: 1, email: first reminder}", "{day: 1, task: Ring them}")
    )
    shell("sync")
    listed = shell("tasks")
    assert listed.code == 3
    assert "Ring them" in listed.out
    assert "arsync done KEY --outcome OUTCOME" in listed.err
    works = shell("worklist", "--json").json
    worth = [float(work["worth"]) for work in works]
    assert worth == sorted(worth, reverse=True)
    ordered = shell("worklist", "--limit", "1")
    assert ordered.code == 3
    assert f" {works[0]['key'][:12]}" in ordered.out
    assert works[0]["sentence"] in ordered.out
    _one_task(shell, next(work for work in works if work["kind"] == "task"))
    keys = [task["key"] for task in shell("tasks", "--json").json]
    for key in keys:
        assert shell("done", key[:10], "--outcome", "spoke: will pay").code == 0
    assert shell("tasks").code == 0
    again = shell("done", keys[0], "--outcome", "twice")
    assert again.code == 2
    assert again.err.startswith(f"arsync: task {keys[0][:8]} was done on {TODAY}.\n")
    assert shell("done", keys[0], "--outcome", "refused", "--correct").code == 0
    shell("apply")
    notes = [note["text"] for note in sandbox.books["xero"].state()["history"]]
    assert any("will pay" in note for note in notes)
    assert any("Outcome: refused" in note for note in notes)


def _one_task(shell: Shell, work: Any) -> None:
    key = work["key"]
    given = shell("task", key[:10], "--owner", "Ben", "--due", SOON, "--next", SOON)
    assert given.code == 0
    for text in ("for: Ben", f"due: {SOON}", f"comes back: {SOON}", work["sentence"], "arranged: "):
        assert text in given.out
    assert [task["key"] for task in shell("tasks", "--for", "ben", "--json").json] == [key]
    assert key not in {task["key"] for task in shell("tasks", "--due", "--json").json}
    assert shell("task", key, "--json").json["owner"] == "Ben"
    tried = shell("done", key[:10], "--outcome", "voicemail", "--json")
    assert "comes back" in tried.json["message"]


def test_a_person_opens_a_task(shell: Shell) -> None:
    words = ("task", "INV-3", "--open", "Call about the contract", "--connection", "xero")
    alone = shell("task", "INV-3", "--open", "Ask the branch", "--connection", "xero", "--json")
    assert "xero only observes: no note goes to the accounting system" in alone.err
    assert "kept here alone" in shell("task", alone.json["action"]["key"]).out
    shell("connections", "xero", "--mode", "approve")
    refused = shell(*words, "--next", SOON)
    assert (refused.code, "--due DATE, without --next" in refused.err) == (2, True)
    opened = shell(*words, "--owner", "Ben", "--due", SOON, "--json")
    assert opened.code == 0
    assert opened.err.startswith("Task opened: Call about the contract.")
    key = opened.json["action"]["key"]
    shown = shell("task", key).out
    assert f"due: {SOON}" in shown
    assert "--connection goes with --open alone" in shell("task", key, "--connection", "xero").err
    assert "opened by hand" in shown


def test_what_happened_is_logged_and_taken_back(shell: Shell) -> None:
    words = ("log", "Late & Sons", "rang twice", "--kind", "terms-signed", "--connection", "xero")
    logged = shell(*words, "--json").json
    assert (logged["kind"], logged["text"], logged["note"]) == ("terms signed", "rang twice", None)
    why = ("why", "Late & Sons", "--connection", "xero")
    assert f"\n  terms signed on {TODAY}\n" in shell(*why).out
    assert f"\nLogged\n  {TODAY}  terms signed, by " in shell(*why).out
    told = shell(*why, "--json").json
    assert told["terms_signed_on"] == told["log"][0]["happened_on"] == str(TODAY)
    taken = shell("log", "Late & Sons", "--take-back", str(logged["number"]), "--why", "a slip")
    assert taken.err.startswith("arsync: Late & Sons is in several connections")
    back = ("--take-back", str(logged["number"]), "--why", "a slip", "--connection", "xero")
    assert shell("log", "Late & Sons", *back).err.startswith("Entry 1 is taken back: a slip.")
