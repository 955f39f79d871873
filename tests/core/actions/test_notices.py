"""Which letters bear a running number."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from tests.builders.actions import an_action

from arsync.core.actions import ActionKind
from arsync.core.actions.notices import NUMBERED_TEXTS, NoticeNumber, as_written, bears_number


@pytest.mark.parametrize("text", sorted(NUMBERED_TEXTS))
@pytest.mark.parametrize(
    ("kind", "details"), [(ActionKind.REMINDER, {}), (ActionKind.ACCOUNT_LETTER, {"letter": ""})]
)
def test_notices_in_our_words_bear_one(kind: ActionKind, details: Any, text: str) -> None:
    named = dict.fromkeys(details, text)
    assert bears_number(an_action(kind, step=text, via="smtp", details=named))


def test_every_letter_bears_one() -> None:
    assert bears_number(an_action(ActionKind.LETTER, via="post", details={"letter": "our own"}))


def test_reminders_thanks_and_the_platforms_words_bear_none() -> None:
    thanks = an_action(ActionKind.ACCOUNT_LETTER, via="smtp", details={"letter": "thank you"})
    assert not bears_number(thanks)
    assert not bears_number(an_action(step="first reminder", via="smtp"))
    assert not bears_number(an_action(step="final notice"))
    assert not bears_number(an_action(ActionKind.CREDIT_HOLD))


@pytest.mark.parametrize(
    ("form", "written"),
    [
        ("N-{number}", "N-17"),
        ("{year}/{number}", "2026/17"),
        ("Notice", "Notice 17"),
        ("", "17"),
        ("{number.real} {x} {number}", "{number.real} {x} 17"),
    ],
)
def test_a_number_is_written_as_settings_say(form: str, written: str) -> None:
    assert as_written(NoticeNumber(17, date(2026, 11, 2)), form) == written
