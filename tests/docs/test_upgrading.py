"""The page on upgrading works when it is followed, and each version has its notes."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest

from arsync.cli import run_cli
from arsync.errors import EXIT_WAITING

from .conftest import ROOT, blocks

PAGE = ROOT / "docs" / "upgrading.md"
COMMANDS = [
    shlex.split(line)[1:] for block in blocks(PAGE, "sh") for line in block.text.splitlines()
]
NOTES = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
VERSIONS = re.compile(r"^## \[(\d+\.\d+\.\d+)\] - (unreleased|\d{4}-\d{2}-\d{2})$", re.MULTILINE)


def test_the_page_can_be_followed_and_taken_back(
    reader: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for words in (["init"], ["connect", "xero"], ["sync"]):
        assert run_cli(words) == 0, words
    *before, restore = COMMANDS
    for words in before:
        assert run_cli(words) == 0, words
    monkeypatch.setenv("ARSYNC_STORE_URL", f"sqlite:///{reader}/restored.db")
    assert restore[0] == "restore"
    assert run_cli(restore) == EXIT_WAITING


def test_this_version_has_its_release_notes() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert VERSIONS.findall(NOTES)[0][0] == project["version"]


def test_every_version_says_what_needs_attention() -> None:
    sections = re.split(r"^## .*$", NOTES, flags=re.MULTILINE)[1:]
    assert len(sections) == len(VERSIONS.findall(NOTES))
    assert all("\n### Needs attention\n" in section for section in sections)
