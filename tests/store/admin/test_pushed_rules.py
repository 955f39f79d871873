"""Pushed rules folders: the last counts, older ones go, damage is told."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from arsync.core.rulebook.rules_text import RuleFile, RulesText
from arsync.errors import UserMistake
from arsync.store import Store
from arsync.store.admin.pushed_rules import PUSHES_KEPT_MAX, PushedRules
from arsync.store.admin.rulebook_versions import packed, take_name_out, unpacked
from arsync.store.db.tables import pushed_rules


def folder(rules: str) -> RulesText:
    """Return a rules folder of one file."""
    return RulesText("rules", (RuleFile("standard.yaml", rules),))


def push(store: Store, rules: str) -> int:
    """Push a folder, and return the push's number."""
    return store.pushes.push(folder(rules), who="Ann", source="rules on one").id


def kept(store: Store) -> dict[int, str]:
    """Return the rules of each push that is kept."""
    with store._database.read() as db:
        rows = db.execute(pushed_rules.select()).all()
    texts = {row.id: unpacked(row.content) for row in rows}
    return {number: text.files[0].text for number, text in texts.items() if text}


def test_before_the_first_push_there_is_none(store: Store) -> None:
    assert (store.pushes.last_id(), store.pushes.last()) == (None, None)


def test_the_last_push_counts(store: Store) -> None:
    push(store, "name: old\n")
    number = push(store, "name: new\n")
    last = store.pushes.last()
    assert last is not None
    assert (last.row.id, last.row.pushed_by, last.text) == (number, "Ann", folder("name: new\n"))
    assert store.pushes.last_id() == number


def test_only_the_latest_pushes_are_kept(store: Store) -> None:
    numbers = [push(store, f"name: {count}\n") for count in range(PUSHES_KEPT_MAX + 2)]
    assert sorted(kept(store)) == numbers[2:]


def test_too_large_a_push_is_refused(store: Store) -> None:
    pushes = PushedRules(store._database, store._clock, bytes_max=1_000)
    with pytest.raises(UserMistake, match="larger than 1,000 bytes"):
        pushes.push(folder("x" * 2_000), who="Ann", source="rules")
    assert store.pushes.last() is None


def test_a_damaged_push_is_told(store: Store) -> None:
    number = push(store, "name: old\n")
    assert not list(store.damaged_rules())
    with store._database.write() as db:
        db.execute(update(pushed_rules).values(content=packed(folder("name: another\n"))))
    damage = f"the rules of push {number} are not those that were pushed."
    assert list(store.damaged_rules()) == [damage]
    with store._database.write() as db:
        db.execute(update(pushed_rules).values(content=b"broken"))
    assert list(store.damaged_rules()) == [damage]
    with pytest.raises(UserMistake, match="push again"):
        store.pushes.last()


def test_a_name_leaves_all_pushes_but_the_last(store: Store) -> None:
    old, last = push(store, "name: Mr Smith\n"), push(store, "name: mr smith\n")
    with store._database.write() as db:
        take_name_out(db, "Mr Smith", now=store._clock.now())
    assert "Smith" not in kept(store)[old]
    assert kept(store)[last] == "name: mr smith\n"
    assert not list(store.damaged_rules())
