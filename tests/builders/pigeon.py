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
from arsync.channels import Carries
from arsync.connector_sdk import Receipt
from arsync.errors import HealsWhen, Rejected


class Pigeon:
    name = "pigeon"
    label = "pigeon"
    carries = frozenset({Carries.TEXT})
    max_characters = 500

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
