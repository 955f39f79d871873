"""Names in conditions: compared folded, shown as they were written."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self


# A subclass of str, so that compiled conditions compare it like any other text.
class FoldedName(str):
    """A name that is compared folded, and shown as it was written."""

    __slots__ = ("written",)
    written: str

    def __new__(cls, text: str) -> Self:
        """Fold a text; case and runs of blanks make no difference."""
        name = super().__new__(cls, " ".join(text.split()).casefold())
        name.written = text
        return name


def folded_names(texts: Iterable[str]) -> frozenset[str]:
    """Return texts as they are compared; each remembers how it was written."""
    return frozenset(map(FoldedName, texts))


def as_written(names: Iterable[str]) -> list[str]:
    """Return names as people wrote them, in order."""
    return sorted(name.written if isinstance(name, FoldedName) else name for name in names)
