"""Settings join a file that people keep, and leave the rest of it alone."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arsync.config.settings_writer import with_settings
from arsync.errors import UserMistake

FILE = """\
# Acme, since 2024
[smtp]
sender = "Acme <ar@acme.example>"  # not info@

[letters]
iban = "GB82 WEST 1234 5698 7654 32"

[runs]
notify = "jane@example.com"
"""


def test_settings_join_their_sections_and_comments_stay() -> None:
    text = with_settings(
        FILE,
        {("letters", "bank"): "Barclays", ("letters", "iban"): "X", ("mailbox", "folder"): "In"},
    )
    assert text == FILE.replace("GB82 WEST 1234 5698 7654 32", "X").replace(
        'iban = "X"\n', 'iban = "X"\nbank = "Barclays"\n'
    ) + ('\n[mailbox]\nfolder = "In"\n')


def test_an_empty_file_gets_its_sections() -> None:
    assert with_settings("", {("letters", "bank"): "B"}) == '[letters]\nbank = "B"\n'


@pytest.mark.parametrize(
    "text",
    ['letters = {bank = "B"}\n', 'letters.bank = "B"\n', '[letters]\nbank = """\nB\n"""\n'],
)
def test_what_only_a_person_can_change_is_left(text: str) -> None:
    with pytest.raises(UserMistake, match="only a person can change"):
        with_settings(text, {("letters", "bank"): "C"})


def test_a_broken_file_is_told() -> None:
    with pytest.raises(UserMistake, match="line 1"):
        with_settings("[letters\n", {("letters", "bank"): "C"})


@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_any_text_is_read_again_as_it_was(value: str) -> None:
    text = with_settings(FILE, {("letters", "bank"): value})
    assert tomllib.loads(text)["letters"]["bank"] == value
