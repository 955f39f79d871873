"""Each tool for rulebooks is shown where a reader looks: by a transcript that a test runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .conftest import ROOT

SHOWN = [
    ("packs.md", "rules show"),
    ("packs.md", "rules drift"),
    ("tutorial.md", "rules new"),
    ("tutorial.md", "rules check credit.yaml"),
    ("tutorial.md", "rules fields"),
    ("editor.md", "rules check --watch"),
    ("editor.md", "rules schema"),
    ("testing-rules.md", "rules test"),
    ("trying-a-policy.md", "rules test --write"),
    ("trying-a-policy.md", "rules diff rules firmer.yaml"),
    ("trying-a-policy.md", "rules diff --git"),
    ("trying-a-policy.md", "rules simulate"),
    ("trying-a-policy.md", "rules simulate .* --json"),
    ("trying-a-policy.md", "rules simulate .* --html"),
    ("trying-a-policy.md", "rules backtest .* --against"),
    ("why.md", "why"),
    ("why.md", "why .* --full"),
    ("why.md", "why .* --json"),
    ("why.md", "why .* --as-of"),
    ("why.md", "plan --diff"),
]
"""What is promised of the tools, and the page that shows it."""

RUN_BY = {
    "packs.md": "tests/rulebooks/test_packs_page.py",
    "tutorial.md": "tests/docs/test_tutorial.py",
    "editor.md": "tests/docs/test_editor.py",
    "testing-rules.md": "tests/docs/test_testing_rules.py",
    "trying-a-policy.md": "tests/cli/test_trying_a_policy.py",
    "why.md": "tests/cli/test_why_page.py",
}
"""The test that runs a page's transcripts."""


@pytest.mark.parametrize(("page", "command"), SHOWN, ids=[f"{tool[1]}" for tool in SHOWN])
def test_the_page_shows_each_tools_transcript_with_an_answer(page: str, command: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^```console\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    answers = [
        answer
        for block in blocks
        for words, answer in re.findall(
            r"^\$ arsync ([^\n]*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE
        )
        if re.match(command, words)
    ]
    assert any(answer.replace("...", "").strip() for answer in answers)


@pytest.mark.parametrize("page", sorted({tool[0] for tool in SHOWN}))
def test_a_test_runs_the_transcripts_of_the_page(page: str) -> None:
    assert f'"{page}"' in (ROOT / Path(RUN_BY[page])).read_text(encoding="utf-8")
