"""`resolve`: what is unknown is explained with where to look, and settled by a word."""

from __future__ import annotations

import pytest

from arsync_sandbox.server import Sandbox

from .conftest import Shell

Alone = tuple[Shell, Sandbox]


@pytest.fixture
def unknown(alone: Alone) -> tuple[Shell, str]:
    """A shell in which every email's answer was lost, and the key of one of them."""
    shell, sandbox = alone
    sandbox.change_settings({"xero_email_writes_history": False, "xero_email_marks_sent": False})
    sandbox.faults.add({"path": "/Email", "status": 500, "times": 100})
    assert shell("sync").code == 3
    rows = shell("actions", "--state", "unknown", "--json").json
    (key,) = [row["key"] for row in rows if row["invoices"][0]["number"] == "INV-3"]
    return shell, key


def test_unknown_outcomes_are_counted_explained_and_await_a_person(
    unknown: tuple[Shell, str],
) -> None:
    shell, key = unknown
    status = shell("status")
    assert status.code == 3
    assert " unknown outcomes: `arsync resolve` lists what to check" in status.out
    listed = shell("resolve")
    assert listed.code == 3
    assert (
        f"{key[:12]}  EMAIL INVOICE by Xero (first reminder) for Late & Sons about INV-3 (xero)"
        in listed.out
    )
    assert "the history of INV-3 in Xero: was it emailed on" in listed.out
    assert "INV-3: https://go.xero.com/AccountsReceivable/View.aspx?InvoiceID=" in listed.out
    assert "arsync resolve KEY sent" in listed.err
    assert "unknown outcomes:" in shell("actions").err
    (action,) = shell("resolve", key[:8], "--json").json
    assert action["key"] == key
    assert action["links"][0]["shown"] == "INV-3"


def test_a_word_settles_it_once(unknown: tuple[Shell, str]) -> None:
    shell, key = unknown
    done = shell("resolve", key[:8], "sent", "--note", "she has it")
    assert done.code == 0
    assert "says that it was sent: she has it; marked as done." in done.err
    assert key not in {action["key"] for action in shell("resolve", "--json").json}
    again = shell("resolve", key[:8], "not-sent")
    assert again.code == 2
    assert f"the outcome of {key[:12]} is known: it is sent." in again.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["abcdef", "maybe"], "'maybe' is no outcome: write sent or not-sent."),
        (["--note", "x"], "a note needs an outcome"),
        (["abcdef", "sent"], "no action's key begins with 'abcdef'."),
        (["no-key", "sent"], "'no-key' is not a key"),
    ],
)
def test_a_wrong_word_is_one_clear_message(shell: Shell, words: list[str], message: str) -> None:
    done = shell("resolve", *words)
    assert done.code == 2
    assert message in done.err
