"""The page about `why`: its commands, run one after the other, print what it shows."""

from __future__ import annotations

from .conftest import Shell
from .pages import DOCS, run, transcripts

PAGE = (DOCS / "why.md").read_text(encoding="utf-8")
TRANSCRIPTS = transcripts(PAGE)


def test_the_page_shows_what_the_commands_print(shell: Shell) -> None:
    for transcript in TRANSCRIPTS:
        run(shell, transcript)


def test_the_page_shows_every_form_of_why() -> None:
    commands = [
        transcript.words for transcript in TRANSCRIPTS if transcript.words.startswith("why ")
    ]
    for option in ("--full", "--json", "--as-of"):
        assert [words for words in commands if option in words]
    assert [words for words in commands if "--full" not in words and "--json" not in words]
    assert [transcript for transcript in TRANSCRIPTS if transcript.words.startswith("plan --diff")]
