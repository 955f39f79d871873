"""Connections are chosen by names, patterns and labels; what is not there is told with what is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.builders.practice import OWNER, Practice, practising

from arsync.application.connections.connecting import connections
from arsync.application.connections.connection_changes import (
    change_connections,
    connections_to_run,
    preview,
)
from arsync.application.organisation.connection_choice import Chosen, ConnectionChoice
from arsync.application.permissions import Actor, NotPermitted, Role
from arsync.errors import UserMistake
from arsync.store.models import ConnectionChange, Mode
from arsync.workers.embedded_loop import sync_all


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[Practice]:
    """Return the clients acme and north-1 with the label Retail, bolt, and north-2 with Jane."""
    with practising(tmp_path) as opened:
        opened.add("north-1")
        opened.add("north-2")
        for name, label in (("acme", "Retail"), ("north-1", "Retail"), ("north-2", "Jane")):
            change(opened, name, add_labels=(label,))
        yield opened


def change(practice: Practice, chosen: Chosen, **words: Any) -> list[str]:
    some = connections(OWNER, practice.container, chosen)
    changed = change_connections(OWNER, some, ConnectionChange()._replace(**words))
    return [str(each) for each in changed]


def names(practice: Practice, chosen: Chosen) -> list[str]:
    return [each.name for each in connections(OWNER, practice.container, chosen)]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (ConnectionChoice(), ["acme", "bolt", "north-1", "north-2"]),
        (ConnectionChoice(labels=("retail",)), ["acme", "north-1"]),
        (ConnectionChoice(labels=("Retail", "JANE")), ["acme", "north-1", "north-2"]),
        (ConnectionChoice(("north-*",), ("Retail",)), ["north-1"]),
        (ConnectionChoice(("acme", "bolt")), ["acme", "bolt"]),
        ("bolt", ["bolt"]),
        (["north-?"], ["north-1", "north-2"]),
    ],
)
def test_names_and_labels_narrow_each_other(
    practice: Practice, choice: Chosen, expected: list[str]
) -> None:
    assert names(practice, choice) == expected


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (ConnectionChoice(labels=("Retial",)), "no connection has the label 'Retial'. Did you"),
        (ConnectionChoice(labels=("x",)), "There are: Jane, Retail."),
        (ConnectionChoice(("bolt",), ("Jane",)), "none of bolt has the label Jane."),
        (ConnectionChoice(("bold",), ("Jane",)), "there is no connection 'bold'"),
        (["south-*"], "no connection fits 'south-*'. There are: acme, bolt, north-1, north-2."),
    ],
)
def test_a_choice_of_nothing_is_refused(practice: Practice, choice: Chosen, message: str) -> None:
    with pytest.raises(UserMistake) as refused:
        names(practice, choice)
    assert message in str(refused.value)


def test_the_preview_says_what_the_change_does(practice: Practice) -> None:
    words = ConnectionChange(
        Mode.OBSERVE, own_reminders=True, add_labels=("RETAIL", "Q4"), remove_labels=("jane",)
    )
    some = connections(OWNER, practice.container, ["acme", "north-2"])
    before = [str(each) for each in preview(OWNER, some, words)]
    assert before == [str(each) for each in change_connections(OWNER, some, words)]
    modes = "by the rulebook (auto) -> only look (observe)"
    switched = f"{modes}; the platform's own reminders are on; labelled Q4"
    assert before[0] == f"acme: {switched}."
    assert before[1] == f"north-2: {switched}, Retail; no longer labelled Jane."
    assert change(practice, "acme", mode=Mode.OBSERVE) == ["acme: unchanged."]


def test_a_pause_needs_its_reason(practice: Practice) -> None:
    with pytest.raises(UserMistake, match="a pause needs its reason"):
        change(practice, "acme", paused=True, reason=" ")


def test_only_an_owner_changes_connections(practice: Practice) -> None:
    some = connections(OWNER, practice.container, "acme")
    with pytest.raises(NotPermitted):
        change_connections(Actor("Rita", Role.CONTROLLER), some, ConnectionChange(Mode.AUTO))


def test_a_paused_client_is_left_alone_unless_named(practice: Practice) -> None:
    change(practice, ["acme", "north-*"], paused=True, reason="new bank")
    ran = [result.connection for result in sync_all(OWNER, practice.container)]
    assert ran == ["bolt"]
    working_on = connections_to_run(OWNER, practice.container, "acme")
    (note,) = working_on.notes
    assert note.startswith("acme runs because you named it: paused since ")
    assert note.endswith(" by Olga: new bank")
    left_alone = connections_to_run(OWNER, practice.container).left_alone
    assert [each.name for each in left_alone] == ["acme", "north-1", "north-2"]
    assert change(practice, "[ab]*", paused=False) == ["acme: resumed.", "bolt: unchanged."]
