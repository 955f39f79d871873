"""A mode is taken by its value or in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from arsync.config import load_config
from arsync.config.mode_words import WORDS_OF_MODES, both_words, mode_value


@pytest.mark.parametrize(("value", "words"), WORDS_OF_MODES.items())
def test_words_and_values_name_the_same_mode(value: str, words: str) -> None:
    assert {mode_value(words), mode_value(words.upper()), mode_value(f" {value} ")} == {value}
    assert both_words(value) == f"{words} ({value})"


def test_the_settings_take_the_words_too(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[runs]\nmode = "ask first"\n')
    assert load_config(tmp_path / "config.toml", {}).runs.mode == "approve"


def test_a_word_that_names_none_stays() -> None:
    assert mode_value("full speed") == "full speed"
