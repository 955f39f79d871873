"""Connecting, labelling and setting up many connections from a list.

Everything is checked before anything is done. What needs a person's consent is done as far as the
consent reaches; the rest is told, and the same list is imported again after the next consent: what
is done already stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from arsync.application.connections.connecting import (
    add_connections,
    check_ready_to_connect,
    connection_name,
)
from arsync.application.connections.connection_changes import change_connections, preview
from arsync.application.connections.connection_list import ListedConnection, in_short, read_list
from arsync.application.organisation.app_limits import app_use
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.config import connection_file
from arsync.config.connection_files import own_values
from arsync.config.settings_writer import with_settings
from arsync.connector_sdk import Grant, OrganisationRef, platforms
from arsync.errors import UserMistake
from arsync.files import write_private
from arsync.store.models import ConnectionChange, ConnectionRow, Mode

ONE_CONSENT_FOR_ALL = frozenset({"xero"})
"""Platforms at which one consent can open many organisations; elsewhere each needs its own."""


class ImportStep(NamedTuple):
    """A row of the list, and the connection that it is about."""

    listed: ListedConnection
    connection: ConnectionRow | None
    """None: its organisation is not connected yet."""


@dataclass
class ImportPlan:
    """What a list asks for, checked."""

    steps: list[ImportStep]
    done: list[str] = field(default_factory=list)
    """What was done, in sentences."""
    connected: list[str] = field(default_factory=list)
    """The connections of the list, old and new."""

    def to_connect(self, platform: str) -> list[ListedConnection]:
        """Return the rows of a platform that still need consent."""
        return [
            step.listed
            for step in self.steps
            if step.connection is None and step.listed.platform == platform
        ]

    @property
    def platforms(self) -> tuple[str, ...]:
        """Return the platforms that still need consent."""
        names = [step.listed.platform for step in self.steps if step.connection is None]
        return tuple(dict.fromkeys(names))

    @property
    def remaining(self) -> list[str]:
        """Return what still needs consent, in sentences."""
        return [_needs_consent(step.listed) for step in self.steps if step.connection is None]


def plan_import(
    actor: Actor, container: Container, file: Path, *, replace: bool = False
) -> ImportPlan:
    """Read a list and check all of it against the connections and their settings.

    Args:
        actor: who imports it.
        container: keeps the connections.
        file: the list, as CSV.
        replace: settings that say something else already are to be replaced.

    Raises:
        UserMistake: with every problem, one a line; nothing was changed.
    """
    permit(actor, Permission.CONNECT, only_looks=True)
    listed = read_list(file, container.config.folder, sorted(platforms()))
    rows = container.store.connections.all()
    steps = [ImportStep(row, _connected(row, rows)) for row in listed]
    problems = [
        f"{file}:{step.listed.line}{problem}"
        for step in steps
        for problem in _problems(container, step, rows, replace=replace)
    ]
    if problems:
        raise UserMistake(in_short(problems))
    plan = ImportPlan(steps)
    for platform in plan.platforms:
        check_ready_to_connect(actor, container, platform)
        use = app_use(actor, container, platform)
        listed_count = len(plan.to_connect(platform))
        if use._replace(connections=use.connections + listed_count).is_over:
            raise UserMistake(
                f"{use.words}; {listed_count:,} more are listed. Nothing was changed."
                f"\n    hint: a higher tier, then [{platform}] connections_max"
            )
    return plan


def changes_in_words(actor: Actor, container: Container, plan: ImportPlan) -> list[str]:
    """Return what the list changes of connections that are there, in sentences."""
    lines = []
    for step in plan.steps:
        if step.connection is None:
            continue
        context = OrganisationContext(container, step.connection)
        (change,) = preview(actor, [context], _change(step.listed))
        words = [*change.words, *_settings_words(step)]
        if words:
            lines.append(f"{step.connection.name}: {'; '.join(words)}.")
    return lines


def carry_out(actor: Actor, container: Container, plan: ImportPlan) -> None:
    """Bring the connections that are there to what the list says.

    Raises:
        UserMistake: a file of settings cannot be written.
    """
    permit(actor, Permission.CONNECT)
    for step in plan.steps:
        if step.connection is not None:
            _bring_about(actor, container, plan, step.listed, step.connection)


def connect_listed(
    actor: Actor, container: Container, plan: ImportPlan, platform: str, grant: Grant
) -> None:
    """Connect the rows whose organisations a consent opens, and set them up.

    A new connection observes until its settings and labels stand.

    Raises:
        UserMistake: an organisation of the grant is listed under a name that several have, or a
            file of settings cannot be written.
    """
    permit(actor, Permission.CONNECT)
    chosen = [
        (listed, ref)
        for listed in plan.to_connect(platform)
        if (ref := _granted(listed, grant.organisations)) is not None
    ]
    if not chosen:
        return
    named = [(ref, listed.name) for listed, ref in chosen]
    contexts = add_connections(actor, container, platform, grant, named, mode=Mode.OBSERVE)
    for (listed, _), context in zip(chosen, contexts, strict=True):
        row = context.connection
        at = next(at for at, step in enumerate(plan.steps) if step.listed is listed)
        plan.steps[at] = ImportStep(listed, row)
        plan.done.append(f"{row.name}: connected {row.organisation.name}.")
        mode = listed.mode or Mode(container.config.runs.mode)
        _bring_about(actor, container, plan, listed._replace(mode=mode), row)


def _bring_about(
    actor: Actor,
    container: Container,
    plan: ImportPlan,
    listed: ListedConnection,
    row: ConnectionRow,
) -> None:
    # Its settings first: a letter must not leave with somebody else's bank account.
    if written := _write_settings(container, listed, row.name):
        plan.done.append(f"{row.name}: {written}.")
    context = OrganisationContext(container, row)
    (change,) = change_connections(actor, [context], _change(listed))
    if change.words:
        plan.done.append(str(change))
    plan.connected.append(row.name)


def _change(listed: ListedConnection) -> ConnectionChange:
    return ConnectionChange(mode=listed.mode, add_labels=listed.labels)


def _write_settings(container: Container, listed: ListedConnection, name: str) -> str:
    """Write what a connection's own file is to say; returns what was written, in words."""
    folder = container.config.folder
    file = connection_file(folder, name)
    missing = _missing(listed, file, folder)
    if not missing:
        return ""
    old = file.read_text(encoding="utf-8") if file.exists() else ""
    try:
        text = with_settings(old, missing)
        file.parent.mkdir(mode=0o700, exist_ok=True)
        # It may hold passwords, so only its owner may read it.
        write_private(file, text)
    except UserMistake as mistake:
        raise UserMistake(f"{file}: {mistake}") from None
    except OSError as error:
        raise UserMistake(f"{file}: {error.strerror}.") from None
    keys = ", ".join(f"[{section}] {key}" for section, key in missing)
    return f"{keys} written to {file.relative_to(folder)}"


def _missing(listed: ListedConnection, file: Path, folder: Path) -> dict[tuple[str, str], str]:
    """Return the settings that the file does not say yet."""
    current = _said(file, folder)
    return {place: value for place, value in listed.settings if current.get(place) != value}


def _said(file: Path, folder: Path) -> dict[tuple[str, str], str]:
    values = own_values(file, folder) if file.exists() else {}
    return {
        (section, key): str(value)
        for section, table in values.items()
        for key, value in table.items()
    }


def _settings_words(step: ImportStep) -> Iterator[str]:
    if step.listed.settings:
        yield "settings " + ", ".join(f"{a}.{b}" for (a, b), _ in step.listed.settings)


# -- checks ---------------------------------------------------------------------------------------


def _connected(listed: ListedConnection, rows: Iterable[ConnectionRow]) -> ConnectionRow | None:
    """Return the connection of a row's organisation, by its id or, if that is clear, its name."""
    of_platform = [row for row in rows if row.platform == listed.platform]
    for row in of_platform:
        if row.organisation_id == listed.organisation:
            return row
    folded = listed.organisation.casefold()
    alike = [row for row in of_platform if row.organisation.name.casefold() == folded]
    named = [row for row in alike if row.name == listed.name]
    return named[0] if named else alike[0] if len(alike) == 1 else None


def _granted(
    listed: ListedConnection, organisations: Sequence[OrganisationRef]
) -> OrganisationRef | None:
    for ref in organisations:
        if ref.id == listed.organisation:
            return ref
    folded = listed.organisation.casefold()
    alike = [ref for ref in organisations if ref.name.casefold() == folded]
    if len(alike) > 1:
        ids = ", ".join(ref.id for ref in alike)
        raise UserMistake(
            f"{listed.organisation!r} is the name of several organisations: {ids}."
            f"\n    hint: give the id in line {listed.line}"
        )
    return alike[0] if alike else None


def _problems(
    container: Container, step: ImportStep, rows: Sequence[ConnectionRow], *, replace: bool
) -> Iterator[str]:
    """Yield what keeps a row from being done, each as it follows file and line."""
    listed, row = step
    folded = listed.organisation.casefold()
    alike = [
        each
        for each in rows
        if each.platform == listed.platform and each.organisation.name.casefold() == folded
    ]
    if row is None and len(alike) > 1:
        ids = ", ".join(each.organisation_id for each in alike)
        yield f", column organisation: {listed.organisation!r} is the name of several: {ids}."
    holder = next((each for each in rows if each.name == listed.name), None)
    if row is not None and listed.name and row.name != listed.name:
        yield (
            f", column name: {row.organisation.name} is connected already, as {row.name!r}."
            "\n    hint: write that name, or leave it empty"
        )
    elif row is None and holder is not None:
        yield f", column name: {listed.name!r} belongs to {holder.organisation.name}."
    name = row.name if row is not None else listed.name
    yield from _setting_problems(container, listed, name, replace=replace)


def _setting_problems(
    container: Container, listed: ListedConnection, name: str, *, replace: bool
) -> Iterator[str]:
    """Yield which settings the connection's own file says otherwise, or cannot take."""
    folder = container.config.folder
    file = connection_file(folder, name or connection_name(listed.organisation))
    if not listed.settings or not file.exists():
        return
    try:
        current, missing = _said(file, folder), _missing(listed, file, folder)
        with_settings(file.read_text(encoding="utf-8"), missing)
    except (UserMistake, OSError) as error:
        yield f": {error}"
        return
    for place in missing:
        if not replace and current.get(place):
            section, key = place
            yield (
                f", column {section}.{key}: {file.relative_to(folder)} says something else."
                "\n    hint: --replace takes the list's"
            )


def _needs_consent(listed: ListedConnection) -> str:
    how = (
        "choose it on the consent page"
        if listed.platform in ONE_CONSENT_FOR_ALL
        else "it needs a consent of its own"
    )
    return (
        f"line {listed.line}: {listed.organisation} at {listed.platform} is not connected: {how}."
    )
