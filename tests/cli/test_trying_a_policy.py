"""The page about trying a policy: each transcript is what the commands print."""

from __future__ import annotations

import re
import shlex
import subprocess

import pytest

from .conftest import RULEBOOK, Shell
from .pages import DOCS, Transcript, run, transcripts

PAGE = (DOCS / "trying-a-policy.md").read_text(encoding="utf-8")
TRANSCRIPTS = transcripts(PAGE)


def edit_after_a_commit(shell: Shell) -> None:
    """Keep the rules in git, then make the edit that the page makes to the hold."""
    for command in (
        "git init --quiet",
        "git add rules",
        "git -c user.name=Jane -c user.email=jane@example.com commit --quiet --message rules",
    ):
        subprocess.run(shlex.split(command), cwd=shell.folder, check=True)
    edited = RULEBOOK.replace("at_least: 60", "at_least: 5").replace(
        "at_least: 500", "at_least: 200"
    )
    shell.write("rules/little.yaml", edited)


@pytest.mark.parametrize("one", TRANSCRIPTS, ids=[transcript.words for transcript in TRANSCRIPTS])
def test_the_page_shows_what_the_command_prints(shell: Shell, one: Transcript) -> None:
    (example,) = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    shell.write("firmer.yaml", example)
    if "--git" in one.words:
        edit_after_a_commit(shell)
    run(shell, one)
    if "--html page.html" in one.words:
        assert "<svg" in (shell.folder / "page.html").read_text(encoding="utf-8")


def test_the_page_runs_every_command_it_is_about() -> None:
    commands = [transcript.words for transcript in TRANSCRIPTS]
    assert {words.split()[1] for words in commands} == {"diff", "simulate", "backtest", "test"}
    for option in ("--git", "--html", "--json", "--against", "--write"):
        assert [words for words in commands if option in words], option
