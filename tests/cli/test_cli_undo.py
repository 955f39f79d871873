"""`undo`: what was there, what arsync wrote and what is there now, then a question, then once."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest

from arsync_sandbox.server import Sandbox
from arsync_sandbox.xero.book import XeroBook

from .conftest import TODAY, Shell

Alone = tuple[Shell, Sandbox]


@pytest.fixture
def held(alone: Alone) -> tuple[Shell, Sandbox, str]:
    """A shell in which one customer was put on hold, and the hold's key."""
    shell, sandbox = alone
    book_of(sandbox).set_terms("deep", "30")
    shell("sync")
    waiting = shell("approve", "--json").json
    keys = {action["kind"]: action["key"] for action in waiting}
    shell("approve", "--all")
    assert shell("sync").code in {0, 3}
    return shell, sandbox, keys["credit_hold"]


def book_of(sandbox: Sandbox) -> XeroBook:
    """Return the books of the sandbox's Xero, for a person's hands."""
    book = sandbox.books["xero"]
    assert isinstance(book, XeroBook)
    return book


def members(sandbox: Sandbox) -> list[str]:
    groups = sandbox.books["xero"].state()["groups"]
    return [member for group in groups for member in group["members"]]


def test_a_hold_and_its_terms_are_undone_once(
    held: tuple[Shell, Sandbox, str],
) -> None:
    shell, sandbox, key = held
    assert len(members(sandbox)) == 1
    shown = shell("undo", key[:8], "--dry-run")
    assert shown.code == 0
    for line in (
        f"{key[:12]}  PLACE CREDIT HOLD for Deep Debt Ltd (xero, ",
        'it was  not in "Credit hold"',
        'arsync  in the contact group "Credit hold"',
        'now     in the contact group "Credit hold"',
        "-> undo",
        "TERMS TO CASH ON DELIVERY for Deep Debt Ltd",
        "arsync  cash on delivery",
        "xero: 2 actions to undo, 0 left alone.",
    ):
        assert line in shown.out
    assert len(members(sandbox)) == 1
    done = shell("undo", key[:8], "--yes", "--note", "a good customer")
    assert (done.code, done.err) == (0, "xero: 2 actions undone.\n")
    assert members(sandbox) == []
    notes = [note["text"] for note in sandbox.books["xero"].state()["history"]]
    assert sum("Undone by" in note and "a good customer" in note for note in notes) == 2
    again = shell("undo", key[:8], "--yes")
    assert again.code == 0
    assert "-> undone already: it was undone by" in again.out
    result = shell("why", "Deep Debt Ltd")
    assert "--allow-again" in result.out
    allowed = shell("undo", key[:8], "--allow-again")
    assert (allowed.code, allowed.err) == (
        0,
        "1 action may be planned again if a reason remains.\n",
    )


def test_without_a_yes_nothing_is_undone(
    held: tuple[Shell, Sandbox, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shell, sandbox, key = held
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    result = shell("undo", key[:8])
    assert result.code == 2
    assert "Undo 2 actions?" in result.err
    assert len(members(sandbox)) == 1


def test_a_run_is_undone_but_for_what_cannot_be(held: tuple[Shell, Sandbox, str]) -> None:
    shell, sandbox, _ = held
    book_of(sandbox).set_terms("deep", "14")
    (status,) = shell("status", "--json").json
    runs = shell("undo", "--run", str(status["last_run"]), "--dry-run", "--json").json
    verdicts = {run["action"]["kind"]: run["verdict"] for run in runs[0]["actions"]}
    assert verdicts["credit_hold"] == "undo"
    assert verdicts["terms"] == "left alone"
    (terms,) = [run for run in runs[0]["actions"] if run["action"]["kind"] == "terms"]
    assert (terms["was"], terms["wrote"], terms["now"]) == (
        "due 30 days after the invoice's date",
        "cash on delivery",
        "due 14 days after the invoice's date",
    )
    first = shell("undo", "--run", str(status["last_run"]), "--yes", "--json")
    assert first.code == 0
    assert first.json[0]["result"]["kind"] == "undo"
    assert members(sandbox) == []
    assert sandbox.books["xero"].state()["contacts"][0]["terms"] == {
        "Day": 14,
        "Type": "DAYSAFTERBILLDATE",
    }


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "give a key or a run: arsync undo KEY, or arsync undo --run NUMBER."),
        (["--run", "99999"], "there is no run 99999."),
        (["abcdef", "--run", "1"], "give keys or --run, not both."),
        (["no-key"], "'no-key' is not a key"),
        (["--allow-again"], "give the key of the hold"),
        (["--run", "0"], "0 is not in the range"),
    ],
)
def test_a_wrong_word_is_one_clear_message(shell: Shell, words: list[str], message: str) -> None:
    done = shell("undo", *words)
    assert done.code == 2
    assert message in done.err


def test_a_promise_is_undone_and_its_day_taken_off(alone: Alone) -> None:
    shell, sandbox = alone
    shell("pull")
    day = str(TODAY + timedelta(30))
    shell("promise", "INV-3", day, "100")
    shell("apply")
    (key,) = [action["key"] for action in shell("actions", "--kind", "promise", "--json").json]
    state = sandbox.books["xero"].state
    assert day in {row["expected_on"] for row in state()["invoices"]}
    assert shell("undo", key, "--yes").code == 0
    assert {row["expected_on"] for row in state()["invoices"]} == {None}


def test_undoing_a_disputes_note_says_what_ends_it(alone: Alone) -> None:
    shell, _ = alone
    shell("sync")
    shell("dispute", "INV-1", "--reason", "wrong price")
    shell("sync")
    noted = [row for row in shell("actions", "--json").json if row["kind"] == "dispute"]
    shown = shell("undo", noted[0]["key"][:8], "--yes")
    assert "-> cannot be undone: only a note was written, which stays in the history;" in shown.out
    assert "`arsync dispute INVOICE --settled dropped` ends the dispute" in shown.out
