"""Users' own text around our fences survives each write, rewrite, lift and undoing, to the byte."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from arsync_quickbooks.fenced_text import (
    CREDIT_HOLD,
    NOTES_CHARACTERS_MAX,
    PRIVATE_NOTE_CHARACTERS_MAX,
    PROMISE,
    NoRoom,
    block_in,
    length,
    placed,
    put_back,
    removed,
    says,
    stands,
)

MARKS = ("[arsync:0123456789abcdef]", "[arsync:fedcba9876543210]")
LOOK_ALIKES = (
    "--- arsync: end ---",
    "--- arsync: credit hold ---",
    "--- arsync: credit hold [arsync:] ---",
    "--- arsync: credit hold [arsync:XYZ] ---",
    "--- arsync: credit hold [arsync:0123456789abcdef] --",
    "-- arsync: credit hold [arsync:0123456789abcdef] ---",
    "--- ARSYNC: credit hold [arsync:0123456789abcdef] ---",
    "--- arsync: promise to pay ---",
    "--- arsync: something else [arsync:0123456789abcdef] ---",
    "[arsync:0123456789abcdef]",
    "---",
)
"""What a person may type that resembles our lines, and is none of them."""

PIECES = st.one_of(
    st.sampled_from(LOOK_ALIKES),
    st.text(st.characters(codec="utf-8"), max_size=40),
    st.text("😀🧾é\t ", max_size=20),
    st.sampled_from(("\n", "\r\n", "\r", "\n\n", " ", "Voided", "\u2028")),
)
THEIRS = (
    st.lists(PIECES, max_size=8)
    .map("".join)
    # Word for word our own first line, in a line of its own, is taken for ours: an older block.
    .filter(lambda text: not any(block_in(text, subject) for subject in (CREDIT_HOLD, PROMISE)))
)


class Field(NamedTuple):
    """A text that people and arsync share."""

    subject: str
    characters_max: int


FIELDS = st.sampled_from(
    (Field(CREDIT_HOLD, NOTES_CHARACTERS_MAX), Field(PROMISE, PRIVATE_NOTE_CHARACTERS_MAX))
)


def written(text: str, field: Field, body: str, mark: str = MARKS[0]) -> str:
    return placed(
        text, field.subject, summary="", marker=mark, body=body, characters_max=field.characters_max
    )


@given(THEIRS, FIELDS, st.text(max_size=80), st.text(max_size=80))
@example("Theirs\r", Field(CREDIT_HOLD, 1024), "", "")
@example("--- arsync: end ---", Field(CREDIT_HOLD, 1024), "a", "b")
def test_every_edit_of_a_fence_leaves_the_users_text(
    theirs: str, field: Field, first: str, second: str
) -> None:
    once = written(theirs, field, first)
    assert once.startswith(theirs)
    again = written(once, field, second, MARKS[1])
    assert again.startswith(theirs)
    assert stands(again, field.subject, MARKS[1])
    assert not stands(again, field.subject, MARKS[0])
    # Lifted: nothing of ours is left. Undone: what stood before the second write stands again.
    assert removed(again, field.subject) == theirs
    assert put_back(again, field.subject, once, field.characters_max) == once
    assert put_back(once, field.subject, theirs, field.characters_max) == theirs


@given(THEIRS, THEIRS, FIELDS, st.text(max_size=80))
def test_what_they_write_after_our_block_survives_too(
    before: str, after: str, field: Field, body: str
) -> None:
    text = f"{written(before, field, body)}\n{after}"
    remaining = removed(text, field.subject)
    assert remaining == f"{before}\n{after}"
    assert put_back(text, field.subject, before, field.characters_max) == remaining
    again = written(text, field, body, MARKS[1])
    assert again.startswith(remaining)
    assert removed(again, field.subject) == remaining


@given(THEIRS, FIELDS, st.text(max_size=2_000), st.integers(0, 200))
def test_at_the_field_limit_only_our_text_is_shortened(
    users_text: str, field: Field, body: str, room: int
) -> None:
    filler = max(0, field.characters_max - room - length(users_text))
    users_text += "x" * filler
    shortest = length(written("", field, "")) + bool(users_text)
    if length(users_text) + shortest > field.characters_max:
        space = max(0, field.characters_max - length(users_text))
        with pytest.raises(NoRoom, match=f"^only {space} characters are left$"):
            written(users_text, field, body)
        return
    text = written(users_text, field, body)
    assert length(text) <= field.characters_max
    assert text.startswith(users_text)
    assert removed(text, field.subject) == users_text
    # What was shortened is still known as ours, and what a person rewrote in it is not.
    block = block_in(text, field.subject)
    assert says(block, body)
    rewritten = block.replace("\n--- arsync: end ---", "\nby hand\n--- arsync: end ---")
    assert not says(rewritten, body)


@given(THEIRS, FIELDS, st.integers(0, 100))
def test_a_block_that_no_longer_fits_is_refused_uncut(
    theirs: str, field: Field, spare: int
) -> None:
    earlier = written("", field, "x" * 300)
    grown = theirs + "y" * max(0, field.characters_max - length(theirs) - 150 - spare)
    now = written(grown, field, "", MARKS[1])
    try:
        back = put_back(now, field.subject, earlier, field.characters_max)
    except NoRoom:
        assert length(grown) + 1 + length(earlier) > field.characters_max
    else:
        assert removed(back, field.subject) == grown
