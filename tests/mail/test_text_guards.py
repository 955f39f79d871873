"""A text that shows what the law gives without asking whether any applies is warned of."""

from __future__ import annotations

from pathlib import Path

import pytest

from arsync.mail import Letters, languages
from arsync.mail.language import shipped

GUARDED = [
    "{% if statutory %}{{ statutory.law }}: {{ statutory.total }}{% endif %}",
    "{% if not statutory %}None.{% else %}{{ statutory.law }}{% endif %}",
    "{% if statutory and oldest_days_overdue > 30 %}{{ statutory.interest }}{% endif %}",
    "{% if statutory and statutory.interest %}{{ statutory.interest }}{% endif %}",
    "{% if not statutory or pay_by %}x{% elif bank %}{{ statutory.law }}{% endif %}",
    "{{ statutory.total if statutory else total }}",
    "{% if oldest_days_overdue > 5 %}{% if statutory %}{{ statutory.law }}{% endif %}{% endif %}",
    "The word statutory, or 'statutory.total', in a sentence.",
]
UNGUARDED = [
    ("{{ statutory.total }}", 4, "statutory.total"),
    ("  We claim {{ statutory.interest }}.", 15, "statutory.interest"),
    ("{{ total }}{{ statutory.total|default('') }}", 15, "statutory.total"),
    ("{% if total %}{{ statutory.law }}{% endif %}", 18, "statutory.law"),
    ("{% if statutory %}{% else %}{{ statutory.law|default('') }}{% endif %}", 32, "statutory.law"),
    ("{% if statutory.total %}x{% endif %}", 7, "statutory.total"),
    ("{% if statutory or total %}{{ statutory.law }}{% endif %}", 31, "statutory.law"),
    ("{% if statutory %}x{% endif %}{{ statutory.law }}", 34, "statutory.law"),
]


def warned(tmp_path: Path, text: str, file: str = "nudge.txt") -> list[tuple[int, int, str, str]]:
    place = tmp_path / "templates" / file
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, encoding="utf-8")
    letters = Letters(tmp_path)
    assert letters.problems == []
    assert {warning.file for warning in letters.warnings} <= {str(place)}
    return [(told.line, told.column, told.message, told.hint) for told in letters.warnings]


@pytest.mark.parametrize("body", GUARDED)
def test_a_text_that_asks_first_is_not_warned_of(tmp_path: Path, body: str) -> None:
    assert warned(tmp_path, f"Subject: x\n\n{body}\n") == []


@pytest.mark.parametrize(("body", "column", "written"), UNGUARDED)
def test_what_is_shown_unasked_is_warned_of(
    tmp_path: Path, body: str, column: int, written: str
) -> None:
    ((line, at, message, hint),) = warned(tmp_path, f"Subject: x\n\n{body}\n")
    assert (line, at) == (3, column)
    assert message.startswith(f"{written} is empty where no law on late payment applies")
    assert hint == f"write {{% if statutory %}} ... {{{{ {written} }}}} ... {{% endif %}}"


def test_a_condition_around_a_block_guards_nothing(tmp_path: Path) -> None:
    text = (
        "{% extends layout %}\n"
        "{% block subject %}x{% endblock %}\n"
        "{% block opening %}{{ statutory.law }}{% endblock %}\n"
    )
    assert [(line, at) for line, at, *_ in warned(tmp_path, text, "nudge.letter")] == [(3, 23)]


def test_each_use_has_its_own_place(tmp_path: Path) -> None:
    text = "Subject: x\n\n{{ statutory.law }} {{ statutory.interest }}\n{{ statutory.total }}\n"
    assert [(line, at) for line, at, *_ in warned(tmp_path, text)] == [(3, 4), (3, 24), (4, 4)]


@pytest.mark.parametrize("code", languages())
def test_the_texts_that_come_along_ask_first(tmp_path: Path, code: str) -> None:
    text = shipped(f"{code}/formal notice.letter")
    assert "statutory" in text
    assert warned(tmp_path, text, "our notice.letter") == []
