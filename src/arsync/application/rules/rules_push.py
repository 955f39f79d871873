"""Pushing the rules folder into the store, for machines that have none."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext, organisations
from arsync.application.organisation.rules_reading import STORE, FolderReader, ReadRules
from arsync.application.permissions import Actor, NotPermitted, Permission, permit
from arsync.application.rules.rule_files import checked_rules
from arsync.application.rules.rules_push_by_two import ask_or_confirm
from arsync.core.rulebook.rules_text import RuleFile, RulesText
from arsync.errors import Overtaken, UserMistake
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

    A large change waits until somebody else pushes the same, where `two_people_above` says so.

    Args:
        actor: who asks.
        container: names the rules folder.
        connection: only this one's own folder, into what was pushed last; empty: everything.

    Raises:
        PushWaits: for a second person.
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
        if last is not None:
            request = ask_or_confirm(actor, container, last.text, text)
            source += f" (asked by {request.who})" if request is not None else ""
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
        container.config.rules.source == STORE,
    )


_NAME = r"[\w-][\w .-]*"
_NEW_PATH = re.compile(rf"({_NAME}/)?{_NAME}\.ya?ml")
"""A file of all, or of a connection; nothing leads out of a folder."""


class ChangedRules(NamedTuple):
    """Files that somebody changed at the desk, in place of those that were pushed last."""

    files: tuple[RuleFile, ...]
    """As they are to be; one without any text goes."""
    before: Mapping[str, str]
    """What each of them said where the change was begun; none of a new one."""
    reason: str


OWN_FOLDERS_CHECKED_MAX = 100
"""A change of what all share is checked with so many connections' own rules at the desk."""


def push_changed(
    actor: Actor,
    container: Container,
    organisation: OrganisationContext,
    changed: ChangedRules,
    *,
    everywhere: Actor | None,
    go_on: Callable[[], bool] | None = None,
) -> PushedRulesFolder:
    """Put changed files into the store, in place of those of the last push, once all are checked.

    Args:
        actor: who asks, as what they are to this connection.
        container: holds the store.
        organisation: whose rulebook it is.
        changed: which files, and what they said before.
        everywhere: as what they act on all connections; None: they do not. Rules that all share
            are theirs alone to change.
        go_on: asked for each customer while those are counted whom it treats otherwise; None: that
            is known, and a second person has confirmed it where one is needed.

    Raises:
        NotPermitted: they may not, here or for all.
        Overtaken: something else was pushed meanwhile.
        PushWaits: for a second person.
        UserMistake: nothing was pushed yet; with everything that is wrong.
    """
    permit(actor, Permission.PUSH_RULES)
    if container.config.rules.source != STORE:
        raise UserMistake(
            "this installation goes by its rules folder.\n"
            '    hint: [rules] source = "store", then: arsync rules push'
        )
    is_shared = _are_shared(actor, organisation, changed, everywhere)
    last = container.store.pushes.last()
    if last is None:
        raise UserMistake(
            "nothing was pushed yet.\n    hint: `arsync rules push`, where the rules folder is"
        )
    text = _with_changed(last.text, changed)
    tree = TextTree(text)
    rows = container.store.connections.all() if is_shared else [organisation.connection]
    own_folders = [row.name for row in rows if tree.has_folder(row.name)]
    if len(own_folders) > OWN_FOLDERS_CHECKED_MAX:
        raise UserMistake(
            f"{len(own_folders):,} connections have rules of their own that go by these: too many "
            "to check here.\n    hint: `arsync rules push`, where the rules folder is"
        )
    source = f"the desk: {changed.reason}"
    readings = {name: ReadRules(tree.read(name), source) for name in own_folders}
    if shared := [row.name for row in rows if row.name not in own_folders]:
        readings |= dict.fromkeys(shared, ReadRules(tree.read(""), source))
    _refuse_mistakes(container, readings)
    tree = TextTree(_with_shipped(text, readings))
    pushed = {name: _pushed_text(tree, name) for name in _read_once(tree, list(readings))}
    if go_on is not None:
        request = ask_or_confirm(
            actor, container, last.text, tree.text, reason=changed.reason, go_on=go_on
        )
        source += f" (asked by {request.who})" if request is not None else ""
    row = container.store.pushes.push(tree.text, who=actor.name, source=source, after=last.row.id)
    container.store.rulebooks.record(*pushed.values(), who=actor.name, source=f"push {row.id}")
    return PushedRulesFolder(
        row,
        True,
        tuple(_changes(last.text, tree.text)),
        _by_hash(tree, readings, pushed),
        container.config.rules.source == STORE,
    )


def _are_shared(
    actor: Actor,
    organisation: OrganisationContext,
    changed: ChangedRules,
    everywhere: Actor | None,
) -> bool:
    """Return whether other connections go by the changed files too.

    Raises:
        NotPermitted: they do, and the actor may not change their rules.
    """
    own = f"{organisation.name}/"
    if all(file.path.startswith(own) for file in changed.files):
        return False
    if everywhere is None:
        raise NotPermitted(
            f"{actor.name} may change the rules of {organisation.name} alone, and others go by "
            "these as well.\n    hint: ask somebody who is owner or accountant of all"
        )
    permit(everywhere, Permission.PUSH_RULES)
    return True


def _with_changed(last: RulesText, changed: ChangedRules) -> RulesText:
    pushed = {file.path: file for file in last.files}
    for file in changed.files:
        before = pushed.get(file.path)
        if before.is_shipped if before is not None else _NEW_PATH.fullmatch(file.path) is None:
            raise UserMistake(
                f"{file.path!r} is no file to push.\n"
                "    hint: rules.yaml is for all, books/rules.yaml for the connection books"
            )
        now = before.text if before is not None else None
        if now != changed.before.get(file.path):
            raise Overtaken(f"{file.path} was changed meanwhile.")
        pushed.pop(file.path, None)
        if file.text.strip():
            pushed[file.path] = file
    files = sorted(pushed.values(), key=lambda file: (file.is_shipped, file.path))
    return replace(last, files=tuple(files))


def _with_shipped(text: RulesText, readings: Mapping[str, ReadRules]) -> RulesText:
    """Return a folder's text with the shipped rulebooks that its rules extend by now."""
    there = {file.path for file in text.files}
    more = {
        file.path: file
        for reading in readings.values()
        if reading.rules.text is not None
        for file in reading.rules.text.files
        if file.is_shipped and file.path not in there
    }
    files = (*text.files, *(more[path] for path in sorted(more)))
    return replace(text, files=files)


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
        {file.path: file.text for file in (*text.files, *text.letters, *text.scenarios)}
        if text
        else {}
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
