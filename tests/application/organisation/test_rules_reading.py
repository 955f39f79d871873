"""Where rulebooks are read: a push is unpacked once, and its shared rulebook is read once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from arsync.application.organisation.rules_reading import FolderReader, PushReader
from arsync.clock import SystemClock
from arsync.config import Config, load_config
from arsync.core.rulebook.rules_text import RuleFile, RulesText
from arsync.errors import UserMistake
from arsync.store import Store, open_store

RULES = "version: 1\ncurrency: GBP\nname: Shared\n"
OWN = RuleFile("acme/own.yaml", "name: Of Acme\n")


def folder(*more: RuleFile, rules: str = RULES) -> RulesText:
    return RulesText("rules", (RuleFile("standard.yaml", rules), *more))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path / 'arsync.db'}", clock=SystemClock()) as opened:
        yield opened


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "config.toml").write_text("")
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "standard.yaml").write_text(RULES)
    return load_config(tmp_path / "config.toml", {})


def test_a_shared_rulebook_of_a_push_is_read_once(store: Store) -> None:
    store.pushes.push(folder(OWN), who="Ann", source="rules")
    reader = PushReader(lambda: store)
    first, second, own = (reader.read(name).rules for name in ("beta", "gamma", "acme"))
    assert first is second
    assert first.rulebook is not None
    assert own.rulebook is not None
    assert (first.rulebook.name, own.rulebook.name) == ("Shared", "Of Acme")


def test_a_known_push_costs_one_query(store: Store) -> None:
    store.pushes.push(folder(), who="Ann", source="rules")
    reader = PushReader(lambda: store)
    reading = reader.read("beta")
    statements: list[str] = []

    def count(*words: Any) -> None:
        statements.append(words[2])

    event.listen(store.engine, "before_cursor_execute", count)
    reader.read("gamma")
    assert [text for text in statements if "FROM" in text] == [
        "SELECT max(pushed_rules.id) AS max_1 \nFROM pushed_rules"
    ]
    assert not reader.is_changed("beta", reading)


def test_the_next_read_is_of_the_next_push(store: Store) -> None:
    store.pushes.push(folder(), who="Ann", source="rules")
    reader = PushReader(lambda: store)
    reading = reader.read("beta")
    store.pushes.push(folder(rules=RULES.replace("Shared", "Next")), who="Ann", source="rules")
    assert reader.is_changed("beta", reading)
    again = reader.read("beta")
    assert again.rules.rulebook is not None
    assert (again.rules.rulebook.name, again.source) == ("Next", "push 2")


def test_a_push_without_rules_for_somebody_is_told(store: Store) -> None:
    store.pushes.push(RulesText("rules", (OWN,)), who="Ann", source="rules")
    with pytest.raises(UserMistake, match=r"there is no \*.yaml in rules"):
        PushReader(lambda: store).read("beta")


def test_an_edit_of_the_folder_is_noticed(config: Config) -> None:
    reader = FolderReader(config)
    reading = reader.read("")
    assert reading.source.startswith("rules on ")
    assert not reader.is_changed("", reading)
    (config.rules_folder / "more.yaml").write_text("leave_alone: []\n")
    assert reader.is_changed("", reading)
