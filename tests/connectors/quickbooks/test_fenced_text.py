"""Our blocks in other people's texts: theirs survive byte for byte, and are never cut."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arsync_quickbooks.fenced_text import (
    ATTACHABLE_NOTE_CHARACTERS_MAX,
    CREDIT_HOLD,
    NOTES_CHARACTERS_MAX,
    PROMISE,
    NoRoom,
    length,
    placed,
    promised_on,
    removed,
    shortened,
    stands,
    with_marker,
)

MARK = "[arsync:0123456789abcdef]"
OTHER = "[arsync:fedcba9876543210]"
THEIRS = st.text(st.characters(codec="utf-8"), max_size=200).filter(
    lambda t: "--- arsync:" not in t
)


def held(text: str, body: str = "60 days overdue", mark: str = MARK) -> str:
    return placed(
        text, CREDIT_HOLD, summary="", marker=mark, body=body, characters_max=NOTES_CHARACTERS_MAX
    )


@given(THEIRS, st.text(max_size=50))
def test_removing_the_block_restores_the_users_text(theirs: str, body: str) -> None:
    assert removed(held(theirs, body), CREDIT_HOLD) == theirs


@given(THEIRS, THEIRS)
def test_text_written_around_the_block_survives(before: str, after: str) -> None:
    text = held(before) + "\n" + after
    remaining = removed(text, CREDIT_HOLD)
    assert remaining == f"{before}\n{after}" or (not before and remaining == f"\n{after}")


def test_the_block_says_what_it_is() -> None:
    assert held("Pays by cheque.") == (
        "Pays by cheque.\n"
        "--- arsync: credit hold [arsync:0123456789abcdef] ---\n"
        "60 days overdue\n"
        "--- arsync: end ---"
    )


def test_a_new_hold_replaces_an_old_one() -> None:
    text = held(held("Theirs", mark=OTHER))
    assert text.count("--- arsync: credit hold") == 1
    assert stands(text, CREDIT_HOLD, MARK)
    assert not stands(text, CREDIT_HOLD, OTHER)
    assert stands(text, CREDIT_HOLD)


def test_other_blocks_are_left_alone() -> None:
    note = placed(
        held("Theirs"), PROMISE, summary="on 2026-12-01", marker=OTHER, body="", characters_max=4000
    )
    assert removed(removed(note, CREDIT_HOLD), PROMISE) == "Theirs"
    assert stands(removed(note, CREDIT_HOLD), PROMISE, OTHER)


def test_their_text_is_never_cut_only_ours() -> None:
    users_text = "x" * 880
    text = held(users_text, "reason " * 100)
    assert length(text) <= NOTES_CHARACTERS_MAX
    assert removed(text, CREDIT_HOLD) == users_text
    assert "…" in text


def test_a_text_without_room_is_refused_naming_the_space() -> None:
    fits = NOTES_CHARACTERS_MAX - length(held("", "")) - 1
    assert length(held("x" * fits, "reason")) <= NOTES_CHARACTERS_MAX
    with pytest.raises(NoRoom, match="only 73 characters are left"):
        held("x" * (fits + 1))


def test_a_block_without_its_end_costs_no_user_text() -> None:
    broken = held("Theirs").removesuffix("\n--- arsync: end ---") + "\nMore of theirs"
    assert removed(broken, CREDIT_HOLD) == "Theirs\n60 days overdue\nMore of theirs"


def test_a_void_before_the_block_is_kept() -> None:
    note = placed("", PROMISE, summary="on 2026-12-01", marker=MARK, body="", characters_max=4000)
    assert removed(f"Voided{note}", PROMISE) == "Voided"
    # How QuickBooks parts its word from what stood there is not known.
    for voided in ("Voided", "Voided ", "Voided - ", "Voided\n"):
        assert removed(f"{voided}{note}", PROMISE).strip(" -\n") == "Voided"
        assert promised_on(f"{voided}{note}") == date(2026, 12, 1)


def test_only_real_promises_are_read_back() -> None:
    assert promised_on("") is None
    assert promised_on("promise to pay on 2026-12-01") is None
    spoilt = placed("", PROMISE, summary="on a day", marker=MARK, body="", characters_max=4000)
    assert promised_on(spoilt) is None


@given(st.text(max_size=3000))
def test_a_note_fits_and_keeps_its_marker(text: str) -> None:
    note = with_marker(text, MARK, ATTACHABLE_NOTE_CHARACTERS_MAX)
    assert length(note) <= ATTACHABLE_NOTE_CHARACTERS_MAX
    assert note.endswith(MARK)


def test_characters_are_counted_as_the_server_counts_them() -> None:
    assert length("😀é") == 3
    assert shortened("😀😀😀😀", 5) == "😀😀…"
    assert shortened("short", 5) == "short"


def test_blocks_survive_line_breaks_rewritten_by_a_server() -> None:
    assert removed(held("Theirs").replace("\n", "\r\n"), CREDIT_HOLD) == "Theirs"
