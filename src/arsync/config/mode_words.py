"""How far a connection may go, in the words of people and in those of settings."""

from __future__ import annotations

from collections.abc import Mapping

WORDS_OF_MODES: Mapping[str, str] = {
    "observe": "only look",
    "approve": "ask first",
    "auto": "by the rulebook",
}
"""By a mode's value; settings, `--mode` and lists of connections take either."""

_VALUES = {words: value for value, words in WORDS_OF_MODES.items()}


def mode_value(text: str) -> str:
    """Return the value that a text names; a text that names none comes back as it is."""
    folded = " ".join(text.casefold().split())
    return _VALUES.get(folded, folded if folded in WORDS_OF_MODES else text)


def both_words(mode: str) -> str:
    """Return a mode as commands print it: `ask first (approve)`."""
    return f"{WORDS_OF_MODES[mode]} ({mode})"
