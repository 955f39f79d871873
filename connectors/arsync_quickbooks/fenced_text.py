"""Our fenced blocks in texts that people keep: pure functions over `Customer.Notes` and the like.

Taking a block out gives back exactly the text that was there before it was put in. Characters are
counted as QuickBooks' servers count them, in UTF-16 units.
"""

from __future__ import annotations

import re
from datetime import date

NOTES_CHARACTERS_MAX = 1024
"""Customer.Notes; some sources say 2,000, and the smaller number is safe under both."""

PRIVATE_NOTE_CHARACTERS_MAX = 4000
"""Invoice.PrivateNote."""

ATTACHABLE_NOTE_CHARACTERS_MAX = 2000
"""Attachable.Note."""

CREDIT_HOLD = "credit hold"
REMINDER_LEVEL = "reminder level"
PROMISE = "promise to pay"

_FENCE = "--- arsync:"
_END = f"{_FENCE} end ---"
# Our first line is a whole line. Only QuickBooks writes before it, when it voids the document.
_HEADER = (
    r"(?:(?<![^\r\n])|(?<=Voided)|(?<=Voided.)|(?<=Voided..)|(?<=Voided...))"
    r"--- arsync: {subject}(?P<words>[^\[\]\r\n]*) \[arsync:(?P<mark>[0-9a-f]+)\] ---(?=[\r\n]|\Z)"
)
# Of a block whose last line was deleted, only the first line is ours: the rest may be people's.
_BLOCK = _HEADER + r"(?:(?:(?!--- arsync:).)*--- arsync: end ---|[^\r\n]*)"


class NoRoom(ValueError):
    """People's own text fills the field: ours does not fit, and theirs is never cut."""


def length(text: str) -> int:
    """Return a text's length in UTF-16 units."""
    # As Java and .NET count: an emoji, one character in Python, takes two of the limit.
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def shortened(text: str, characters_max: int) -> str:
    """Return the text, cut and ended with an ellipsis where it is longer than allowed."""
    if length(text) <= characters_max:
        return text
    start = text[: max(0, characters_max - 1)]
    while start and length(start) > characters_max - 1:
        start = start[:-1]
    return f"{start.rstrip()}…" if characters_max > 0 else ""


def with_marker(text: str, marker: str, characters_max: int) -> str:
    """Return a note that ends in its marker and fits; only our own words are shortened."""
    room = characters_max - length(marker) - 1
    return f"{shortened(text.strip(), room)} {marker}".strip()


def placed(
    text: str, subject: str, *, summary: str, marker: str, body: str, characters_max: int
) -> str:
    """Return the text with one block about the subject, in place of any earlier one.

    Args:
        text: what stands there, by people and by us.
        subject: `CREDIT_HOLD`, `REMINDER_LEVEL` or `PROMISE`.
        summary: what the first line says of it, such as a day.
        marker: what `find` recognises the block by.
        body: our words, shortened where they do not fit.
        characters_max: how long the whole may become.

    Raises:
        NoRoom: not even the shortest block fits beside the text of others.
    """
    others_text = removed(text, subject)
    first = " ".join(word for word in (_FENCE, subject, summary, marker, "---") if word)
    glue = "\n" if others_text else ""
    room = characters_max - length(f"{others_text}{glue}{first}\n{_END}")
    if room < 0:
        raise NoRoom(f"only {max(0, characters_max - length(others_text))} characters are left")
    words = shortened(_plain(body), room - 1)
    return f"{others_text}{glue}{first}\n{words}{chr(10) if words else ''}{_END}"


def removed(text: str, subject: str) -> str:
    """Return the text without our blocks about the subject, otherwise byte for byte."""
    pattern = re.compile(_BLOCK.format(subject=re.escape(subject)), re.DOTALL)
    while match := pattern.search(text):
        before, after = text[: match.start()], text[match.end() :]
        if before and not after[:1].strip():
            # The line break that was put before the block goes with it, unless it now separates
            # their own words. The block shows whether a server rewrote our line breaks.
            before = before.removesuffix("\r\n" if "\r\n" in match[0] else "\n")
        text = before + after
    return text


def block_in(text: str, subject: str) -> str:
    """Return our last block about the subject as it stands there; empty when there is none."""
    pattern = re.compile(_BLOCK.format(subject=re.escape(subject)), re.DOTALL)
    matches = list(pattern.finditer(text))
    return matches[-1][0] if matches else ""


def mark_of(block: str) -> str:
    """Return the marker of a block: `[arsync:8f3c2]`; empty when it has none."""
    match = re.search(r"\[arsync:[0-9a-f]+\]", block)
    return match[0] if match else ""


def words_of(block: str) -> str:
    """Return what a block says between its two lines."""
    lines = block.replace("\r\n", "\n").split("\n")[1:]
    return "\n".join(lines[:-1] if lines and lines[-1] == _END else lines)


def says(block: str, body: str) -> bool:
    """Return whether a block still says what was written, or the part of it that did fit."""
    words, plain = words_of(block), _plain(body)
    # Shortened words, or none, are ours too: the block was cut to fit when it was written.
    if words in {plain, ""}:
        return True
    return words.endswith("…") and plain.startswith(words[:-1].rstrip())


def put_back(text: str, subject: str, before: str, characters_max: int) -> str:
    """Return the text with the block that stood there before, or none, in place of ours.

    Raises:
        NoRoom: the text of others has grown, and the earlier block does not fit any more.
    """
    earlier = block_in(before, subject)
    others_text = removed(text, subject)
    if not earlier:
        return others_text
    back = f"{others_text}{chr(10) if others_text else ''}{earlier}"
    if length(back) > characters_max:
        raise NoRoom(f"only {max(0, characters_max - length(others_text))} characters are left")
    return back


def _plain(body: str) -> str:
    # Words that look like one of our fences would end the block early.
    return "\n".join(body.strip().splitlines()).replace(_FENCE, "- arsync:")


def stands(text: str, subject: str, marker: str = "") -> bool:
    """Say whether a block about the subject, and with the marker if one is given, stands here."""
    pattern = re.compile(_HEADER.format(subject=re.escape(subject)))
    return any(
        not marker or f"[arsync:{match['mark']}]" == marker for match in pattern.finditer(text)
    )


def promised_on(text: str) -> date | None:
    """Return the day that our promise block names."""
    if _FENCE not in text:
        return None
    match = re.search(_HEADER.format(subject=re.escape(PROMISE)), text)
    if match is None:
        return None
    try:
        return date.fromisoformat(match["words"].strip().removeprefix("on "))
    except ValueError:
        return None
