"""Two texts that go from the same one, put together: what each of them changed, line by line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple


class Merged(NamedTuple):
    """Two changes of one text, put together."""

    text: str
    """With both; where they touch the same lines, with those of the later writer."""
    clashes: tuple[int, ...]
    """The lines of it, from 1, at which the other writer's lines were left out."""


class _Stretch(NamedTuple):
    """Lines of the base that somebody changed."""

    start: int
    end: int
    lines: tuple[str, ...]


def merged(base: str, first: str, later: str) -> Merged:
    """Return two changes of one text, put together.

    Args:
        base: what both go from.
        first: as somebody saved it.
        later: as somebody else wrote it meanwhile; it counts where both touch the same lines.
    """
    lines = base.splitlines(keepends=True)
    mine = list(_stretches(lines, later.splitlines(keepends=True)))
    theirs_only, clashing = [], []
    for stretch in _stretches(lines, first.splitlines(keepends=True)):
        met = [own for own in mine if _touch(own, stretch)]
        if not met:
            theirs_only.append(stretch)
        elif stretch not in met:
            clashing.extend(met)
    text: list[str] = []
    clashes: list[int] = []
    at = 0
    for stretch in sorted([*mine, *theirs_only]):
        text += lines[at : stretch.start]
        if stretch in clashing and len(text) + 1 not in clashes:
            clashes.append(len(text) + 1)
        text += stretch.lines
        at = stretch.end
    return Merged("".join([*text, *lines[at:]]), tuple(clashes))


def _stretches(base: Sequence[str], changed: Sequence[str]) -> Iterator[_Stretch]:
    matcher = _matcher(base, changed)
    for tag, start, end, begin, stop in matcher.get_opcodes():
        if tag != "equal":
            yield _Stretch(start, end, tuple(changed[begin:stop]))


def _matcher(old: Sequence[str], new: Sequence[str]) -> SequenceMatcher[str]:
    # Lines that come again and again are no landmarks in a long text: with them it takes minutes.
    return SequenceMatcher(None, old, new)


def _touch(first: _Stretch, second: _Stretch) -> bool:
    """Return whether two changes are of the same lines, or begin at the same place."""
    return first.start <= second.end and second.start <= first.end


class DiffLine(NamedTuple):
    """One line of a comparison."""

    kind: str
    """`same`, `added`, `removed`, or `folded`: so many lines that are the same."""
    number: int
    """In the new text; of a removed line, in the old one; of folded ones, how many."""
    text: str


CONTEXT_LINES = 3


def diff_lines(old: str, new: str, *, context: int = CONTEXT_LINES) -> Iterator[DiffLine]:
    """Yield two texts line by line; what is the same and far from any change is folded."""
    before, after = old.splitlines(), new.splitlines()
    codes = _matcher(before, after).get_opcodes()
    for place, (tag, start, end, begin, stop) in enumerate(codes):
        if tag != "equal":
            yield from (DiffLine("removed", at + 1, before[at]) for at in range(start, end))
            yield from (DiffLine("added", at + 1, after[at]) for at in range(begin, stop))
            continue
        head = context if place else 0
        tail = context if place < len(codes) - 1 else 0
        if stop - begin <= head + tail + 1:
            yield from (DiffLine("same", at + 1, after[at]) for at in range(begin, stop))
            continue
        yield from (DiffLine("same", at + 1, after[at]) for at in range(begin, begin + head))
        yield DiffLine("folded", stop - begin - head - tail, "")
        yield from (DiffLine("same", at + 1, after[at]) for at in range(stop - tail, stop))
