"""Changing connections, one or many at once: mode, labels, pauses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from arsync.application.organisation.connection_choice import Chosen
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext, organisations
from arsync.application.permissions import Actor, Permission, permit
from arsync.config.mode_words import both_words
from arsync.errors import UserMistake
from arsync.store.models import ConnectionChange, ConnectionRow, Mode, Paused

__all__ = [
    "ChangeInWords",
    "ConnectionChange",
    "Mode",
    "ToRun",
    "change_connections",
    "connections_to_run",
    "paused_words",
    "preview",
    "start_again",
    "stop_everything",
]


class ChangeInWords(NamedTuple):
    """What changes of one connection; no words: nothing does."""

    connection: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        """Return it in a line."""
        return f"{self.connection}: {'; '.join(self.words) or 'unchanged'}."


def preview(
    actor: Actor, organisations: Sequence[OrganisationContext], change: ConnectionChange
) -> list[ChangeInWords]:
    """Return what a change would change of each connection; nothing is changed.

    Raises:
        UserMistake: a pause without a reason.
    """
    permit(actor, Permission.CONNECT, only_looks=True)
    _refuse_unreasoned(change)
    rows = [organisation.connection for organisation in organisations]
    if rows and change.add_labels:
        # As the store will spell them: capitals make no second label.
        labels = organisations[0].store.connections.labels()
        spelt = {label.casefold(): label for label in labels}
        added = [spelt.get(label.strip().casefold(), label) for label in change.add_labels]
        change = change._replace(add_labels=tuple(added))
    return [_in_words(row, _changed(actor, row, change)) for row in rows]


def change_connections(
    actor: Actor, organisations: Sequence[OrganisationContext], change: ConnectionChange
) -> list[ChangeInWords]:
    """Change connections: all of them, or none.

    Raises:
        UserMistake: a pause without a reason, a wrong label, or too many labels.
    """
    permit(actor, Permission.CONNECT)
    _refuse_unreasoned(change)
    if not organisations:
        return []
    connections = organisations[0].store.connections
    numbers = [organisation.id for organisation in organisations]
    changed = connections.change(numbers, change, who=actor.name)
    return [_in_words(before, after) for before, after in changed]


class ToRun(NamedTuple):
    """Which connections a command works on, and which paused ones it leaves alone."""

    organisations: list[OrganisationContext]
    left_alone: list[OrganisationContext]

    @property
    def notes(self) -> Iterator[str]:
        """Yield a sentence for each that is paused."""
        for organisation in self.left_alone:
            yield f"{organisation.name} is left alone: {paused_words(organisation)}"
        for organisation in self.organisations:
            if organisation.connection.paused is not None:
                yield f"{organisation.name} runs because you named it: {paused_words(organisation)}"


def connections_to_run(actor: Actor, container: Container, chosen: Chosen = None) -> ToRun:
    """Return what a command without a schedule of its own works on.

    Whoever asks for all means those that are not paused: cron may well be asking.

    Raises:
        UserMistake: there is none of a name, a label or a pattern, or none at all.
    """
    permit(actor, Permission.READ)
    every = organisations(container, chosen)
    if chosen:
        return ToRun(every, [])
    paused = [each for each in every if each.connection.paused is not None]
    return ToRun([each for each in every if each.connection.paused is None], paused)


def stop_everything(actor: Actor, organisation: OrganisationContext, reason: str) -> None:
    """Let nothing leave until an owner starts it again; reading and planning go on.

    What is about to leave is stopped too: each attempt asks right before it begins.

    Raises:
        UserMistake: no reason is given.
    """
    permit(actor, Permission.STOP)
    if not reason.strip():
        raise UserMistake("say why everything stops: everybody reads it.")
    change = ConnectionChange(stopped=True, reason=reason.strip())
    organisation.store.connections.change([organisation.id], change, who=actor.name)


def start_again(actor: Actor, organisation: OrganisationContext) -> None:
    """Let things leave again, as far as the mode goes."""
    permit(actor, Permission.START)
    change = ConnectionChange(stopped=False)
    organisation.store.connections.change([organisation.id], change, who=actor.name)


def paused_words(organisation: OrganisationContext) -> str:
    """Return since when, by whom and why a connection is paused; empty: it is not."""
    paused = organisation.connection.paused
    if paused is None:
        return ""
    day = paused.at.astimezone(organisation.zone).date().isoformat()
    return f"paused since {day} by {paused.by}: {paused.reason}"


def _refuse_unreasoned(change: ConnectionChange) -> None:
    # Whoever meets the pause in a month has to know whether it may end.
    if change.paused and not change.reason.strip():
        raise UserMistake("a pause needs its reason.\n    hint: --pause --why 'new bank'")


def _changed(actor: Actor, row: ConnectionRow, change: ConnectionChange) -> ConnectionRow:
    """Return a connection as it would be."""
    books = row.organisation
    if change.own_reminders is not None:
        books = books._replace(own_reminders=change.own_reminders)
    paused = row.paused
    if change.paused is not None:
        pause = paused or Paused(row.created_at, actor.name, change.reason)
        paused = pause if change.paused else None
    labels = {label.casefold(): label for label in row.labels}
    for label in change.remove_labels:
        labels.pop(label.strip().casefold(), None)
    for label in change.add_labels:
        labels.setdefault(label.strip().casefold(), label.strip())
    return row._replace(
        mode=change.mode or row.mode,
        organisation=books,
        paused=paused,
        labels=tuple(sorted(labels.values(), key=str.casefold)),
    )


def _in_words(before: ConnectionRow, after: ConnectionRow) -> ChangeInWords:
    return ChangeInWords(after.name, tuple(_differences(before, after)))


def _differences(before: ConnectionRow, after: ConnectionRow) -> Iterator[str]:
    if before.mode != after.mode:
        yield f"{both_words(before.mode)} -> {both_words(after.mode)}"
    if before.organisation.own_reminders != after.organisation.own_reminders:
        switched = "on" if after.organisation.own_reminders else "off"
        yield f"the platform's own reminders are {switched}"
    if before.paused is None and after.paused is not None:
        yield f"paused: {after.paused.reason}"
    if before.paused is not None and after.paused is None:
        yield "resumed"
    added = [label for label in after.labels if label not in before.labels]
    removed = [label for label in before.labels if label not in after.labels]
    if added:
        yield f"labelled {', '.join(added)}"
    if removed:
        yield f"no longer labelled {', '.join(removed)}"
