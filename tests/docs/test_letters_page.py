"""The page on letters names every text, and its examples are letters."""

from __future__ import annotations

import re
from pathlib import Path

from arsync.config.typed_settings import LettersSettings
from arsync.mail import SHIPPED_NAMES, Letters, sample_context
from arsync.mail.letter_variables import VARIABLES

from .conftest import ROOT

PAGE = (ROOT / "docs/letters.md").read_text(encoding="utf-8")


def test_every_shipped_text_is_named() -> None:
    assert [name for name in SHIPPED_NAMES if f"`{name}`" not in PAGE] == []


def test_every_value_is_listed_with_an_example() -> None:
    rows = re.findall(r"^\| `([a-z_.]+)` \| .+ \|$", PAGE, re.MULTILINE)
    assert [row.name for row in VARIABLES if row.name not in rows] == []


def test_the_example_of_a_text_can_be_sent(tmp_path: Path) -> None:
    (example,) = re.findall(r"```text\n({% extends.*?)```", PAGE, re.DOTALL)
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "ours.letter").write_text(example, encoding="utf-8")
    letters = Letters(tmp_path)
    assert letters.problems == []
    letter = letters.render("ours", sample_context(letters.language))
    assert "Please pay by 29 November 2026, or call us on 0113 496 0000." in letter.closing


def test_the_settings_named_there_exist() -> None:
    (block,) = re.findall(r"```toml\n\[letters\]\n(.*?)```", PAGE, re.DOTALL)
    keys = re.findall(r"^([a-z_]+) = ", block, re.MULTILINE)
    assert set(keys) <= set(LettersSettings.__struct_fields__)
