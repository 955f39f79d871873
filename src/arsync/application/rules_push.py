"""Pushing the rules folder into the store, for machines that have none."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from msgspec import Struct

from arsync.application.container import Container
from arsync.application.organisation_context import OrganisationContext, organisations
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.rule_files import checked_rules
from arsync.application.rules_reading import FolderReader, ReadRules
from arsync.core.rulebook.rules_text import RulesText
from arsync.errors import UserMistake
from arsync.rules_source.folder import strays_of_anybody
from arsync.rules_source.tree import TextTree
from arsync.rules_source.whole_folder import folder_text, with_folder_of
from arsync.store.models import PushRow


class FileChange(Struct, frozen=True):
    """A file that is another one than in the push before."""

    path: str
    change: str
    """`new`, `changed` or `removed`."""


class PushedRulebook(NamedTuple):
    """A rulebook of a push, and whose it is."""

    hash: str
    connections: tuple[str, ...]
    """None: nothing is connected yet."""


class PushedRulesFolder(NamedTuple):
    """What a push put into the store."""

    row: PushRow
    is_new: bool
    """False when the same had been pushed already; then nothing was written."""
    changes: tuple[FileChange, ...]
    """Against the push before."""
    rulebooks: tuple[PushedRulebook, ...]
    counts: bool
    """Whether this machine goes by what is pushed; if not, it goes by its folder."""


class RulebookPushView(Struct, frozen=True):
    """The JSON view of a rulebook of a push."""

    hash: str
    connections: tuple[str, ...]


class PushView(Struct, frozen=True):
    """The JSON view of a push."""

    push: int
    hash: str
    pushed_at: str
    pushed_by: str
    source: str
    new: bool
    changes: tuple[FileChange, ...]
    rulebooks: tuple[RulebookPushView, ...]


def push_view(pushed: PushedRulesFolder) -> PushView:
    """Return the JSON view of a push."""
    row = pushed.row
    return PushView(
        row.id,
        row.hash,
        row.pushed_at.isoformat(),
        row.pushed_by,
        row.source,
        pushed.is_new,
        pushed.changes,
        tuple(RulebookPushView(*rulebook) for rulebook in pushed.rulebooks),
    )


def push_rules(actor: Actor, container: Container, connection: str = "") -> PushedRulesFolder:
    """Check the rules folder, and put it into the store; the same again is no new push.

    Args:
        actor: who asks.
        container: names the rules folder.
        connection: only this one's own folder, into what was pushed last; empty: everything.

    Raises:
        UserMistake: there is no such connection or no folder; with everything that is wrong in it;
            or a file was changed meanwhile.
    """
    permit(actor, Permission.PUSH_RULES)
    last = container.store.pushes.last()
    if connection and last is None:
        raise UserMistake(
            "nothing was pushed yet: push the whole folder first.\n    hint: arsync rules push"
        )
    readings = _folder_readings(container, connection)
    _refuse_mistakes(container, readings)
    shipped = [
        file
        for reading in readings.values()
        if reading.rules.text is not None
        for file in reading.rules.text.files
        if file.is_shipped
    ]
    text = folder_text(container.config, shipped)
    if last is not None and connection:
        text = with_folder_of(connection, last.text, text)
    tree = TextTree(text)
    pushed = {name: _pushed_text(tree, name) for name in _read_once(tree, list(readings))}
    if not connection:
        _refuse_edited(readings, pushed)
    is_new = last is None or last.text != text
    if last is None or is_new:
        source = f"{text.root} on {socket.gethostname()}"
        row = container.store.pushes.push(text, who=actor.name, source=source)
    else:
        row = last.row
    source = f"push {row.id}"
    container.store.rulebooks.record(*pushed.values(), who=actor.name, source=source)
    return PushedRulesFolder(
        row,
        is_new,
        tuple(_changes(last.text if last else None, text)),
        _by_hash(tree, readings, pushed),
        container.config.rules.source == "store",
    )


def _folder_readings(container: Container, connection: str) -> dict[str, ReadRules]:
    """Return each connection's rulebook as the folder has it; under "", what all share.

    Those without a folder of their own share one reading: thousands of clients can.
    """
    reader, root = FolderReader(container.config), container.config.rules_folder
    chosen = (
        organisations(container, connection or None) if container.store.connections.all() else []
    )
    shared: ReadRules | None = None
    readings: dict[str, ReadRules] = {}
    for organisation in chosen:
        if (root / organisation.name).is_dir():
            readings[organisation.name] = reader.read(organisation.name)
        else:
            shared = shared or reader.read("")
            readings[organisation.name] = shared
    return readings or {"": reader.read("")}


def _refuse_mistakes(container: Container, readings: dict[str, ReadRules]) -> None:
    store = container.store
    rows = {row.name: row for row in store.connections.all() if row.name in readings}
    misfits = [
        misfit
        for name, row in rows.items()
        for misfit in OrganisationContext(container, row, readings[name]).misfits
    ]
    every_rules = list({id(reading): reading.rules for reading in readings.values()}.values())
    strays = strays_of_anybody(every_rules[0], store.connections.all_names())
    checked = checked_rules(every_rules, misfits, unread=strays)
    if checked.errors:
        raise UserMistake("\n".join((*checked.problems, "Nothing was pushed.")))


def _read_once(tree: TextTree, names: Sequence[str]) -> Iterator[str]:
    """Yield one name for each rulebook that differs by its folder."""
    yield from (name for name in names if tree.has_folder(name))
    yield from [name for name in names if not tree.has_folder(name)][:1]


def _pushed_text(tree: TextTree, name: str) -> RulesText:
    """Return a rulebook's text as every machine is going to read it."""
    rules = tree.read(name)
    if rules.text is None:
        raise UserMistake("\n".join((*rules.problems, "Nothing was pushed.")))
    return rules.text


def _refuse_edited(readings: dict[str, ReadRules], pushed: dict[str, RulesText]) -> None:
    for name, text in pushed.items():
        before = readings[name].rules.text
        if before is None or (before.hash, before.letters_hash) != (text.hash, text.letters_hash):
            raise UserMistake(
                "a file of the rules folder was changed while it was read. Nothing was pushed."
                "\n    hint: push again: arsync rules push"
            )


def _changes(old: RulesText | None, new: RulesText) -> Iterator[FileChange]:
    sides = [
        {file.path: file.text for file in (*text.files, *text.letters)} if text else {}
        for text in (old, new)
    ]
    for path in sorted({*sides[0], *sides[1]}):
        before, after = (side.get(path) for side in sides)
        if before != after:
            change = "new" if before is None else "removed" if after is None else "changed"
            yield FileChange(path, change)


def _by_hash(
    tree: TextTree, readings: dict[str, ReadRules], pushed: dict[str, RulesText]
) -> tuple[PushedRulebook, ...]:
    """Return the rulebooks, the one of the most connections first."""
    shared = next((text for name, text in pushed.items() if not tree.has_folder(name)), None)
    whose: dict[str, list[str]] = {}
    for name in readings:
        text = pushed.get(name) or shared
        assert text is not None, "whoever has no folder of its own goes by the shared text"
        whose.setdefault(text.hash, []).extend([name] if name else [])
    by_size = sorted(whose.items(), key=lambda item: (-len(item[1]), item[0]))
    return tuple(PushedRulebook(text_hash, tuple(names)) for text_hash, names in by_size)
