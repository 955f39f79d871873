"""The name of the ledger that a name in a rulebook is most likely a slip for."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

CANDIDATES_MAX = 5_000
"""Among more names the nearest is not looked for: each look goes through all of them."""

LOOKS_MAX = 20
"""For so many names of one rulebook the nearest is looked for."""


def nearest(word: str, known: Mapping[str, str]) -> str:
    """Return the name that a folded word is most likely a slip for; empty when it is like none.

    Args:
        word: folded.
        known: names as they are written, by folded name.
    """
    if len(known) > CANDIDATES_MAX:
        return ""
    # A name that goes on where the word ends, as `Ltd` does, is nearer than any other.
    begun = [name for name in known if name.startswith(f"{word} ")]
    close = begun if len(begun) == 1 else difflib.get_close_matches(word, known, n=1, cutoff=0.75)
    return known[close[0]] if close else ""
