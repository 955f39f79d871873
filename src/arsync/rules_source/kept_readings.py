"""Rulebooks that were read before: the same texts make the same rulebook, so it is read once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Hashable, Mapping, Sequence
from threading import Lock
from typing import NamedTuple

from arsync.core.rulebook.reading.extends import Extended, Finder
from arsync.core.rulebook.reading.reader import Reading, read_layers

READINGS_MAX = 64
"""So many rulebooks are kept; of more, those that were not asked for longest are read again."""


class _Kept(NamedTuple):
    reading: Reading
    extended: Mapping[tuple[str, str], Extended]
    """What was found, by what `extends:` names and the file that says so."""


class KeptReadings:
    """Reads rulebooks as `read_layers` does, and keeps those without an error.

    A worker reads the same few rulebooks for thousands of ledgers.
    """

    def __init__(self, readings_max: int = READINGS_MAX) -> None:
        """Keep so many at most."""
        self._readings_max = readings_max
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._lock = Lock()

    def read(
        self,
        files: Sequence[tuple[str, str]],
        *,
        texts: Collection[str],
        shared: Sequence[tuple[str, str]],
        find: Finder,
        ways: Collection[str],
    ) -> Reading:
        """Return the reading of these texts; see `read_layers` for the arguments.

        What `extends:` names is looked for each time: it may have changed.
        """
        key = (tuple(files), tuple(shared), frozenset(texts), frozenset(ways))
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None:
                self._kept.move_to_end(key)
        if kept is not None and _finds_the_same(kept.extended, find):
            return kept.reading
        extended: dict[tuple[str, str], Extended] = {}

        def noting(name: str, asking: str) -> Extended:
            extended[name, asking] = find(name, asking)
            return extended[name, asking]

        reading = read_layers(files, texts=texts, shared=shared, find=noting, ways=ways)
        # With an error, something named may be missing, which can come.
        if reading.rulebook is not None:
            with self._lock:
                self._kept[key] = _Kept(reading, extended)
                while len(self._kept) > self._readings_max:
                    self._kept.popitem(last=False)
        return reading


def _finds_the_same(extended: Mapping[tuple[str, str], Extended], find: Finder) -> bool:
    try:
        return all(find(*named) == answer for named, answer in extended.items())
    except LookupError:
        return False
