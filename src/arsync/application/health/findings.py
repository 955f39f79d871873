"""What an examination finds, one by one or by what is alike in many connections."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from msgspec import Struct

OK = "ok"
NOTE = "note"
"""Worth knowing; nothing is wrong."""
WRONG = "wrong"

ANY_NAME = "NAME"
"""Stands for the connection's name in what is said of several."""

_OF = " of "


class Finding(Struct, frozen=True):
    """One thing that was checked."""

    about: str
    verdict: str
    """`ok`, `note` or `wrong`."""
    message: str
    connection: str = ""
    """Whose it is; empty: of the installation."""


class FindingGroup(Struct, frozen=True):
    """The same finding, of one connection or of many."""

    about: str
    """`rulebook`, `settings`, `smtp`; empty: the connection itself."""
    verdict: str
    message: str
    """With NAME for the connection's name where there are several."""
    connections: tuple[str, ...]
    """Empty: it is about the installation."""


def grouped(findings: Iterable[Finding]) -> list[FindingGroup]:
    """Return what is not in order, each thing once: wrong first, then what many have."""
    alike: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in findings:
        if finding.verdict != OK:
            about = finding.about
            if finding.connection:
                about = about.removesuffix(finding.connection).removesuffix(_OF)
            message = _for_any(finding.message, finding.connection)
            alike.setdefault((finding.verdict, about, message), []).append(finding)
    groups = []
    for (verdict, about, message), same in alike.items():
        # The same thing found twice in a connection is told of it once.
        names = tuple(dict.fromkeys(finding.connection for finding in same if finding.connection))
        text = message if len(names) > 1 else same[0].message
        groups.append(FindingGroup(about, verdict, text, names))
    groups.sort(key=_order)
    return groups


def _order(group: FindingGroup) -> tuple[bool, bool, int]:
    """Sort what is wrong first, then the installation itself, then what most have."""
    return group.verdict != WRONG, bool(group.connections), -len(group.connections)


def connection_of(about: str, names: Collection[str]) -> str:
    """Return whose a finding is: of `rulebook of acme` it is acme's; empty: nobody's."""
    for name in (about, about.partition(_OF)[2]):
        if name in names:
            return name
    return ""


def _for_any(message: str, name: str) -> str:
    if not name:
        return message
    return re.sub(rf"(?<![\w-]){re.escape(name)}(?![\w-])", ANY_NAME, message)
