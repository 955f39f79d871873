"""By post: the contract, the files, and every moment at which a process may die."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from arsync.channels.contract_tests import (
    DAY,
    REACHABLE,
    ChannelBench,
    ChannelContract,
)
from arsync.channels.post import CHANNEL
from arsync.config import Config


class PostBench:
    channel = CHANNEL
    contact = REACHABLE
    secrets = ()
    can_look_up = True

    def __init__(self, config: Config) -> None:
        self.config = config
        self.without_settings = replace(config, letters=replace(config.letters, post_folder=""))
        self.root = config.folder / "post"
        self.root.mkdir()
        self.day = self.root / "acme" / DAY.isoformat()

    def delivered(self) -> Sequence[str]:
        return [file.name for file in sorted(self.root.glob("*/*/0*.pdf"))]

    def away(self) -> None:
        """Let the disk be full, once: nothing else can be called away of a folder."""
        full = self.root / "acme"
        full.symlink_to("/dev/full/none")

    def lose_answer(self) -> bool:
        return False

    def is_later(self) -> None:
        pass


def a_bench(configured: Callable[[str], Config]) -> PostBench:
    return PostBench(configured('[letters]\npost_folder = "post"\n'))


@pytest.fixture
def bench(configured: Callable[[str], Config]) -> PostBench:
    return a_bench(configured)


class TestPost(ChannelContract):
    @pytest.fixture
    def bench(self, configured: Callable[[str], Config]) -> ChannelBench:
        return a_bench(configured)

    def test_while_it_is_away_nothing_leaves(self, bench: ChannelBench) -> None:
        """A disk is full, not away: see below."""


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let one call of the system fail as a full disk lets it."""

    def fill(call: str) -> None:
        real = getattr(os, call)

        def fails(*args: Any, **options: Any) -> Any:
            monkeypatch.setattr(os, call, real)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(os, call, fails)

    return fill
