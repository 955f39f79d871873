"""What comes of a call is read as people say it, and the table says what follows."""

from __future__ import annotations

from datetime import date

import pytest

from arsync.core.collections.call_outcomes import CALL_OUTCOMES, Follows, said_outcome


@pytest.mark.parametrize(
    ("text", "code", "words", "day"),
    [
        ("spoke", "spoke", "", None),
        ("Wrong-number", "wrong number", "", None),
        ("voicemail: with reception", "voicemail", "with reception", None),
        ("will pay on 2026-12-10", "promised", "", date(2026, 12, 10)),
        ("Promised 2026-12-10, by transfer", "promised", "by transfer", date(2026, 12, 10)),
        ("asks_for_copy", "asks for copy", "", None),
    ],
)
def test_codes_are_read_as_people_write_them(
    text: str, code: str, words: str, day: date | None
) -> None:
    said = said_outcome(text)
    assert said.outcome is not None
    assert (said.outcome.code, said.words, said.promised_on) == (code, words, day)


@pytest.mark.parametrize("text", ["Spoke to Jane", "promised nothing", "dispute settled by phone"])
def test_other_words_are_words_alone(text: str) -> None:
    assert said_outcome(text) == (None, text, None)


def test_a_day_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="day"):
        said_outcome("will pay on 2026-02-31")


def test_nobody_reached_comes_back_and_not_for_ever() -> None:
    voicemail = CALL_OUTCOMES["voicemail"]
    assert [voicemail.ends(tries) for tries in range(4)] == [False, False, True, True]
    assert CALL_OUTCOMES["spoke"].ends(0)


def test_every_code_that_comes_back_has_its_bounds() -> None:
    for outcome in CALL_OUTCOMES.values():
        assert (outcome.back_after > 0) == (outcome.tries_max > 1)
        assert outcome.means
    recorded = {code for code, outcome in CALL_OUTCOMES.items() if outcome.follows}
    assert recorded == {"promised", "dispute"}
    assert CALL_OUTCOMES["promised"].follows is Follows.PROMISE
