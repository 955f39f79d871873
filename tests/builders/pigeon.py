"""A channel that another package brings, installed as pip would install it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from arsync.channels import ENTRY_POINT_GROUP, Channel, channel, installed

MODULE = "arsync_pigeon_post"

PIGEON = """
from typing import Annotated, ClassVar

from msgspec import Meta

from arsync.channels import Carries
from arsync.config import SECRET, Section
from arsync.connector_sdk import Receipt
from arsync.errors import HealsWhen, Rejected, RetryLater, UserMistake


class Loft(Section, frozen=True, kw_only=True):
    per_connection: ClassVar[bool] = True

    loft: Annotated[str, Meta(description="where it flies from")] = "roof"
    whistle: Annotated[str, SECRET, Meta(description="by which it comes back")] = "phweet"
    pigeons: Annotated[int, Meta(ge=1, le=9, description="how many fly on a day")] = 2

    @classmethod
    def problem_of(cls, key, value, folder):
        if key == "whistle" and len(value) < 5:
            return f" is {value!r}: no pigeon hears it."
        return ""


class Pigeon:
    settings = Loft
    name = "pigeon"
    label = "pigeon"
    carries = frozenset({Carries.TEXT})
    max_characters = 500

    def __init__(self):
        self.flown = []
        self.rains = False

    def settings_problem(self, config):
        return "" if config.of_channel("pigeon", Loft).loft else "[channels.pigeon] loft is empty."

    def obstacle(self, config):
        return ""

    def messages_per_day(self, config):
        return config.of_channel("pigeon", Loft).pigeons

    def recipients(self, config, contact, named, home):
        if contact is None or not contact.name:
            raise Rejected("there is no loft", heals_when=HealsWhen.RECORD)
        return (contact.name,)

    def prepare(self, config, message):
        if problem := self.settings_problem(config):
            raise UserMistake(problem)
        if len(message.short_text) > self.max_characters:
            raise Rejected("too heavy")
        return {}

    def deliver(self, config, message):
        if self.rains:
            self.rains = False
            raise RetryLater("it rains", after_seconds=60)
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
    (about / "entry_points.txt").write_text(f"[{ENTRY_POINT_GROUP}]\n{lines}\n")


@contextmanager
def pigeon_installed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Channel]:
    """Install it inside `with`; it also claims the name of arsync's own mail server."""
    install(folder, MODULE, PIGEON, f"pigeon = {MODULE}:CHANNEL", f"smtp = {MODULE}:CHANNEL")
    monkeypatch.syspath_prepend(str(folder))
    sys.modules.pop(MODULE, None)
    installed.forget_installed()
    try:
        yield channel("pigeon")
    finally:
        sys.modules.pop(MODULE, None)
        installed.forget_installed()
