"""Which channels there are: arsync's own, and one that another package brings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from arsync.channels import Channel, channel, channel_names, installed, ways_set_up
from arsync.config import Config
from arsync.errors import UserMistake

PIGEON = """
from arsync.channels import Carries
from arsync.connector_sdk import Receipt
from arsync.errors import HealsWhen, Rejected


class Pigeon:
    name = "pigeon"
    label = "pigeon"
    carries = frozenset({Carries.TEXT})
    max_characters = 100

    def __init__(self):
        self.flown = []

    def settings_problem(self, config):
        return ""

    def obstacle(self, config):
        return ""

    def messages_per_day(self, config):
        return 2

    def recipients(self, config, contact, named, home):
        if contact is None or not contact.name:
            raise Rejected("there is no loft", heals_when=HealsWhen.RECORD)
        return (contact.name,)

    def prepare(self, config, message):
        if len(message.short_text) > self.max_characters:
            raise Rejected("too heavy")
        return {}

    def deliver(self, config, message):
        self.flown.append(message)
        return Receipt(message.key, "flown")

    def look_up(self, config, trace):
        flown = any(message.key == trace.key for message in self.flown)
        return Receipt(trace.key, "flown") if flown else None

    def where_to_look(self, config, trace):
        return "the loft"


CHANNEL = Pigeon()
"""


def install(folder: Path, module: str, source: str, *entries: str) -> None:
    """Install a package as pip would: a module, and what its metadata says of it."""
    (folder / f"{module}.py").write_text(source)
    about = folder / f"{module}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
    lines = "\n".join(entries)
    (about / "entry_points.txt").write_text(f"[{installed.ENTRY_POINT_GROUP}]\n{lines}\n")


@pytest.fixture
def pigeon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Channel]:
    """A channel that another package brings; it also claims the name of arsync's own."""
    module = "arsync_pigeon_post"
    install(tmp_path, module, PIGEON, f"pigeon = {module}:CHANNEL", f"smtp = {module}:CHANNEL")
    monkeypatch.syspath_prepend(str(tmp_path))
    installed.forget_installed()
    yield channel("pigeon")
    installed.forget_installed()


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
