"""Keeping the decisions of a plan: a few as they are, many packed, always in their order.

A million decisions are a gigabyte as objects and thirty megabytes packed. They come back equal, a
thousand at a time, as often as somebody goes through them.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Generic, TypeVar, overload

import msgspec
from msgspec.structs import replace

from arsync.core.actions import Action
from arsync.core.planning.plan import HeldBack, Keepers, LimitOfDay

T = TypeVar("T")

PACKED_AT_ONCE = 1_000
"""So many decisions are packed together; a smaller plan is not packed at all."""

COMPRESSION = 1
"""zlib's fastest: decisions of one ledger are alike, and more work would hardly shrink them."""


class Packer(Generic[T]):
    """Takes decisions and packs them as they come."""

    def __init__(self, kind: type[T]) -> None:
        """Begin with none of this type."""
        self._kind = kind
        self._packs: list[bytes] = []
        self._unpacked_tail: list[T] = []
        self._zoned: dict[datetime, datetime] = {}

    def extend(self, decisions: Iterable[T], /) -> None:
        """Take some more."""
        coming = iter(decisions)
        while some := list(islice(coming, PACKED_AT_ONCE - len(self._unpacked_tail))):
            self._unpacked_tail += some
            if len(self._unpacked_tail) == PACKED_AT_ONCE:
                self._remember_zones(self._unpacked_tail)
                self._packs.append(zlib.compress(_encoder.encode(self._unpacked_tail), COMPRESSION))
                self._unpacked_tail = []

    def kept(self) -> Sequence[T]:
        """Return all of them."""
        if not self._packs:
            return tuple(self._unpacked_tail)
        return Packed(self._kind, self._packs, self._unpacked_tail, self._zoned)

    def _remember_zones(self, some: Iterable[Any]) -> None:
        """Keep each moment with its zone: packed, it only has its distance from UTC."""
        for decision in some:
            moment = getattr(decision, "not_before", None)
            if moment is not None:
                self._zoned[moment] = moment


class Packed(Sequence[T]):
    """Decisions in packs of a thousand, and the last ones as they are."""

    def __init__(
        self,
        kind: type[T],
        packs: Sequence[bytes],
        tail: Sequence[T],
        zoned: dict[datetime, datetime],
    ) -> None:
        """Keep packs of decisions of one type."""
        self._kind = kind
        self._decode = msgspec.msgpack.Decoder(list[kind]).decode  # type: ignore[valid-type]
        self._packs = tuple(packs)
        self._unpacked_tail = tuple(tail)
        self._zoned = zoned
        self._open: tuple[int, list[T]] = (-1, [])
        """The pack that was last asked for one: who asks goes on in it, mostly."""

    def __len__(self) -> int:
        return len(self._packs) * PACKED_AT_ONCE + len(self._unpacked_tail)

    def __iter__(self) -> Iterator[T]:
        for number in range(len(self._packs)):
            yield from self._unpacked(number)
        yield from self._unpacked_tail

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...
    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        """Return one, or some."""
        if isinstance(index, slice):
            return tuple(islice(self, *index.indices(len(self))))
        if index < 0:
            index += len(self)
        pack, place = divmod(index, PACKED_AT_ONCE)
        if 0 <= pack < len(self._packs):
            if self._open[0] != pack:
                self._open = pack, self._unpacked(pack)
            return self._open[1][place]
        if pack < 0:
            raise IndexError(index)
        return self._unpacked_tail[index - len(self._packs) * PACKED_AT_ONCE]

    def and_more(self, more: Sequence[T]) -> Packed[T]:
        """Return these and some more."""
        return Packed(self._kind, self._packs, (*self._unpacked_tail, *more), self._zoned)

    def _unpacked(self, number: int) -> list[T]:
        decisions: list[T] = self._decode(zlib.decompress(self._packs[number]))
        return [self._in_zone(decision) for decision in decisions] if self._zoned else decisions

    def _in_zone(self, decision: Any) -> Any:
        moment = decision.not_before
        return decision if moment is None else replace(decision, not_before=self._zoned[moment])


def packing() -> Keepers:
    """Return keepers for a plan of any size."""
    return Keepers(Packer(Action), Packer(HeldBack), Packer(LimitOfDay))


def packed(decisions: Iterable[T], kind: type[T]) -> Sequence[T]:
    """Return decisions of one type packed, as they come."""
    packer = Packer(kind)
    packer.extend(decisions)
    return packer.kept()


def and_more(decisions: Sequence[T], more: Sequence[T]) -> Sequence[T]:
    """Return decisions and some more, without unpacking what is packed."""
    if isinstance(decisions, Packed):
        return decisions.and_more(more)
    return (*decisions, *more)


# Facts are shown, never computed with: whatever msgpack does not know, its text will do.
_encoder = msgspec.msgpack.Encoder(enc_hook=str)
