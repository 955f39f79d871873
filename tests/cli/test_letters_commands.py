"""`letters`: texts listed and copied, and the register of notices."""

from __future__ import annotations

import pytest

from .conftest import Shell


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
    assert shell("letters", "register", "--csv").out.startswith("connection,number,given_on,")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["register", "--csv", "--json"], "--csv or --json, not both"),
        (["register", "--from", "2026-02-01", "--to", "2026-01-01"], "is before --from"),
        (["regster"], "Did you mean 'register'?"),
        (["copy", "nonsense"], "brings no text 'nonsense' along"),
    ],
)
def test_mistakes_are_said_with_their_remedy(shell: Shell, words: list[str], message: str) -> None:
    done = shell("letters", *words)
    assert done.code == 2
    assert message in done.err
