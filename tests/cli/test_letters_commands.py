"""`letters`: texts listed and copied, and the register of notices."""

from __future__ import annotations

import pytest

from arsync_sandbox.server import Sandbox

from .conftest import RULEBOOK, Shell


def test_texts_are_listed_with_what_sends_them(shell: Shell) -> None:
    done = shell("letters", "list")
    (line,) = [row for row in done.out.splitlines() if row.startswith("second reminder")]
    assert "shipped (all languages)" in line
    assert "Standard cadence, day 14, in the accounting system's own words" in line
    assert "final notice (numbered)" in done.out
    assert "`arsync letters copy NAME`" in done.err
    rows = {row["text"]: row for row in shell("letters", "list", "--json").json}
    assert sorted(rows["second reminder"]["connections"]) == ["quickbooks", "xero"]
    assert rows["second reminder"]["uses"][0]["file"] == "rules/little.yaml"


def test_texts_are_listed_before_anything_is_connected(configured: Shell) -> None:
    assert "first reminder" in configured("letters", "list").out


def test_a_text_is_copied_once(configured: Shell) -> None:
    done = configured("letters", "copy", "first reminder", "--language", "fr", "--json")
    assert done.json["file"].endswith("rules/templates/fr/first reminder.letter")
    assert "arsync letters preview 'first reminder' --language fr" in done.err
    again = configured("letters", "copy", "first reminder", "--language", "fr")
    assert again.code == 2
    assert "nothing is written over it" in again.err


def test_an_empty_register_says_so(shell: Shell) -> None:
    assert shell("letters", "register").err == "0 numbered notices.\n"
    assert shell("letters", "register", "--json").json == []
    assert shell("letters", "register", "--csv").out.startswith(
        "connection,number,written,given_on,"
    )


def test_a_plan_shows_its_letters_word_for_word(shell: Shell) -> None:
    own = shell("plan", "--letters", "--connection", "xero")
    assert "Late & Sons (xero): first reminder" in own.out
    assert "Xero emails INV-3 in its own words" in own.out
    shell.write("rules/little.yaml", RULEBOOK.replace("sending:\n", "sending:\n  via: smtp\n"))
    mailed = shell("plan", "--letters", "--connection", "xero")
    assert "Dear " in mailed.out
    assert mailed.err.endswith("Nothing was changed.\n")
    letters = shell("plan", "--letters", "--connection", "xero", "--json").json
    assert {letter["customer"] for letter in letters} >= {"Late & Sons"}
    refused = shell("plan", "--letters", "--as-of", "2026-01-01")
    assert (refused.code, "without --diff and --as-of" in refused.err) == (2, True)


def test_a_check_ends_with_its_count(shell: Shell) -> None:
    assert shell("letters", "check").err == "Letters: no mistakes.\n"
    shell.write("rules/templates/fr/first reminder.txt", "Subject: x\n\n{{ nonsense }}\n")
    done = shell("letters", "check")
    assert (done.code, done.err) == (2, "1 mistake, 0 warnings.\n")
    assert "templates/fr/first reminder.txt:3: there is no 'nonsense' in a letter." in done.out
    (finding,) = shell("letters", "check", "--json").json
    assert sorted(finding["connections"]) == ["quickbooks", "xero"]


def test_a_letter_is_shown_in_each_form(shell: Shell) -> None:
    words = ("letters", "preview", "second reminder", "--customer", "Late & Sons")
    done = shell(*words, "--connection", "xero")
    assert "second reminder: Late & Sons" in done.out
    assert "INV-3" in done.out
    page = shell(*words, "--connection", "xero", "--as", "html").out
    assert page.startswith("<!doctype html>")
    written = shell(*words, "--connection", "xero", "--as", "pdf", "--output", "letter.pdf")
    assert written.err.endswith("letter.pdf: second reminder.\n")
    assert (shell.folder / "letter.pdf").read_bytes().startswith(b"%PDF")
    view = shell(*words, "--connection", "xero", "--json").json
    assert (view["customer"], view["is_planned"]) == ("Late & Sons", False)
    assert view["letter"]["text"] in done.out.replace("\n    ", "\n") or view["letter"]["text"]


def test_a_preview_never_replaces_the_store(shell: Shell) -> None:
    refused = shell("letters", "preview", "upcoming", "--output", "arsync.db")
    assert refused.code == 2
    assert "nothing is written over it" in refused.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["register", "--csv", "--json"], "--csv or --json, not both"),
        (["register", "--from", "2026-02-01", "--to", "2026-01-01"], "is before --from"),
        (["regster"], "Did you mean 'register'?"),
        (["copy", "nonsense"], "brings no text 'nonsense' along"),
        (["preview", "nonsense"], "there is no text 'nonsense'"),
        (["preview", "upcoming", "--as", "pdf"], "a PDF needs a file"),
        (["preview", "upcoming", "--customer", "Nobody"], "there is no contact 'Nobody'"),
        (["send-test", "upcoming", "--to", "me"], "'me' is not a mail address"),
        (["send-test", "upcoming"], "missing option '--to'"),
    ],
)
def test_mistakes_are_said_with_their_remedy(shell: Shell, words: list[str], message: str) -> None:
    done = shell("letters", *words)
    assert done.code == 2
    assert message in done.err


def test_a_letter_leaves_on_a_persons_word(alone: tuple[Shell, Sandbox]) -> None:
    shell, sandbox = alone
    words = ("letters", "send", "terms of trade", "--customer", "Good Payer")
    done = shell(*words, "--line", "As we said on the telephone.", "--json")
    assert done.code == 0, done.err
    assert done.json["action"]["state"] == "approved"
    assert done.err == "Good Payer: terms of trade leaves with the next run.\n"
    shell("apply")
    [mail] = [mail for mail in sandbox.mailbox.emails if "good" in str(mail.to).lower()]
    assert "As we said on the telephone." in mail.text
    again = shell(*words)
    assert (again.code, "was already sent on" in again.err) == (2, True)
    refused = shell("letters", "send", "first reminder", "--customer", "Good Payer")
    assert (refused.code, "by hand go statement of account" in refused.err) == (2, True)
