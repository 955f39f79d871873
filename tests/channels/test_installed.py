"""Which channels there are: arsync's own, and one that another package brings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.builders.pigeon import pigeon_installed

from arsync.channels import Channel, channel, channel_names, ways_set_up
from arsync.channels.contract_tests import REACHABLE, ChannelBench, ChannelContract
from arsync.config import Config
from arsync.errors import UserMistake


@pytest.fixture
def pigeon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Channel]:
    with pigeon_installed(tmp_path, monkeypatch) as opened:
        yield opened


class LoftBench:
    secrets = ("toodle-oo",)
    contact = REACHABLE
    can_look_up = True

    def __init__(self, channel: Any, configured: Callable[[str], Config]) -> None:
        self.channel = channel
        said = '[channels.pigeon]\nwhistle = "toodle-oo"\n'
        self.without_settings = configured(said + 'loft = ""\n')
        self.config = configured(said)

    def delivered(self) -> Sequence[str]:
        return [message.subject for message in self.channel.flown]

    def away(self) -> None:
        self.channel.rains = True

    def lose_answer(self) -> bool:
        return False

    def is_later(self) -> None:
        return


class TestPigeonPost(ChannelContract):
    @pytest.fixture
    def bench(self, pigeon: Channel, configured: Callable[[str], Config]) -> ChannelBench:
        return LoftBench(pigeon, configured)


def test_arsync_brings_three_ways(configured: Callable[[str], Config]) -> None:
    assert channel_names() == ("smtp", "post", "sms")
    for name in channel_names():
        assert channel(name).name == name
    assert ways_set_up(configured("")) == frozenset()
    ways = ways_set_up(configured('[smtp]\nurl = "smtp://h"\n[letters]\npost_folder = "p"\n'))
    assert ways == {"smtp", "post"}


def test_another_package_brings_a_way(pigeon: Channel, configured: Callable[[str], Config]) -> None:
    assert channel_names() == ("smtp", "post", "sms", "pigeon")
    assert ways_set_up(configured("")) == {"pigeon"}
    assert pigeon.messages_per_day(configured("")) == 2


def test_no_package_takes_the_place_of_arsyncs_own(pigeon: Channel) -> None:
    assert channel("smtp") is not pigeon
    assert type(channel("smtp")).__module__ == "arsync.channels.smtp"


def test_a_way_that_is_not_installed_is_a_mistake() -> None:
    with pytest.raises(UserMistake, match=r"no way 'fax'.*Installed: smtp, post, sms\."):
        channel("fax")
