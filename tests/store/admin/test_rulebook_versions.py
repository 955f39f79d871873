"""The texts of rulebooks: written once, found by the beginning of a hash, damage is told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert, update
from tests.builders.actions import an_action
from tests.store.conftest import NOW

from arsync.clock import SetClock
from arsync.core.planning.plan import Plan, SafetyVerdict
from arsync.core.rulebook.rules_text import RuleFile, RulesText
from arsync.errors import UserMistake
from arsync.store import Store
from arsync.store.admin import rulebook_versions as module
from arsync.store.admin.rulebook_versions import RulebookVersions, packed, unpacked
from arsync.store.db.tables import rulebook_versions
from arsync.store.models import ConnectionRow


def text_of(rules: str, *letters: str) -> RulesText:
    """Return a rulebook of one file, with letters."""
    own = tuple(RuleFile(f"templates/{number}.txt", text) for number, text in enumerate(letters))
    return RulesText("rules", (RuleFile("standard.yaml", rules),), own)


OCTOBER = text_of("version: 1\nname: October\n")


def record(store: Store, text: RulesText, who: str = "schedule") -> None:
    """Keep a text as another process would."""
    RulebookVersions(store._database, store._clock).record(text, who=who, source="rules on one")


def test_a_text_is_read_again_as_it_was(store: Store) -> None:
    record(store, OCTOBER)
    row, text = store.rulebooks.get(OCTOBER.hash)
    assert text == OCTOBER
    assert (row.recorded_by, row.source) == ("schedule", "rules on one")


def test_a_version_is_written_once(store: Store, clock: SetClock) -> None:
    record(store, OCTOBER)
    clock.advance(timedelta(hours=1))
    record(store, OCTOBER, who="somebody else")
    (version,) = store.rulebooks.list()
    assert version.recorded_by == "schedule"
    assert version.recorded_at < clock.now()


def test_a_version_recorded_before_costs_no_query(store: Store) -> None:
    statements: list[str] = []

    def count(*words: Any) -> None:
        statements.append(words[2])

    store.rulebooks.record(OCTOBER, who="schedule", source="rules")
    event.listen(store.engine, "before_cursor_execute", count)
    store.rulebooks.record(OCTOBER, who="schedule", source="rules")
    assert not statements


def test_other_letters_make_another_version(store: Store, clock: SetClock) -> None:
    for letter in ("Subject: old\n", "Subject: new\n"):
        record(store, text_of("version: 1\n", letter))
        clock.advance(timedelta(minutes=1))
    newest, oldest = store.rulebooks.list()
    assert newest.hash == oldest.hash
    _, text = store.rulebooks.get(newest.hash[:6])
    assert text.letters[0].text == "Subject: new\n"
    _, text = store.rulebooks.get(oldest.letters_hash[:6])
    assert text.letters[0].text == "Subject: old\n"


def test_a_version_tells_how_many_actions_it_planned(
    store: Store, connection: ConnectionRow
) -> None:
    unused = text_of("version: 1\n")
    record(store, OCTOBER)
    record(store, unused)
    planned = (an_action(subject="i1"), an_action(subject="i2"))
    plan = Plan("acme", NOW.date(), (), OCTOBER.hash, planned, (), SafetyVerdict(exceeded=False))
    store.actions.save_plan(connection.id, plan, mode="auto", now=NOW)
    counted = {version.hash: version.planned for version in store.rulebooks.list()}
    assert counted == {OCTOBER.hash: 2, unused.hash: 0}


@pytest.mark.parametrize("prefix", ["abc12", "xyz123", "", "a" * 65])
def test_what_is_no_hash_is_refused(store: Store, prefix: str) -> None:
    with pytest.raises(UserMistake, match="at least 6 of its characters"):
        store.rulebooks.get(prefix)


def test_an_unknown_hash_is_told(store: Store) -> None:
    with pytest.raises(UserMistake, match="no rulebook whose hash begins with 'abcdef'"):
        store.rulebooks.get("abcdef")


def test_a_hash_that_begins_several_is_refused(store: Store) -> None:
    with store._database.write() as db:
        for last in "12":
            values: dict[str, Any] = {
                "hash": "abcdef" + last * 58,
                "letters_hash": "",
                "content": packed(OCTOBER),
            }
            values["recorded_at"] = store._clock.now()
            db.execute(insert(rulebook_versions).values(values))
    with pytest.raises(UserMistake, match="begins 2 rulebooks"):
        store.rulebooks.get("abcdef")
    row, _ = store.rulebooks.get("abcdef1")
    assert row.hash.endswith("11")


def test_a_text_that_is_not_its_hash_is_damage(store: Store) -> None:
    record(store, OCTOBER)
    assert not list(store.damaged_rules())
    with store._database.write() as db:
        db.execute(update(rulebook_versions).values(content=packed(text_of("version: 2\n"))))
    (damage,) = store.damaged_rules()
    assert damage == f"the text of rulebook {OCTOBER.hash[:12]} is not the one of its hash."


@pytest.mark.parametrize("content", [b"", b"no zip", b"x\x9c\x03\x00\x00\x00\x00\x01"])
def test_a_damaged_text_is_told_and_not_read(store: Store, content: bytes) -> None:
    record(store, OCTOBER)
    with store._database.write() as db:
        db.execute(update(rulebook_versions).values(content=content))
    (damage,) = store.damaged_rules()
    assert "cannot be read" in damage
    with pytest.raises(UserMistake, match="is damaged"):
        store.rulebooks.get(OCTOBER.hash)


def test_the_same_text_is_packed_into_the_same_bytes() -> None:
    assert packed(text_of("version: 1\n")) == packed(text_of("version: 1\n"))
    assert unpacked(packed(OCTOBER) or b"") == OCTOBER


def test_letters_too_large_are_left_out(store: Store) -> None:
    large = text_of("version: 1\n", "x" * 2_000)
    versions = RulebookVersions(store._database, store._clock, bytes_max=1_000)
    versions.record(large, who="schedule", source="rules")
    row, text = store.rulebooks.get(large.hash)
    assert (text.files, text.letters, row.letters_hash) == (large.files, (), "")
    assert not list(store.damaged_rules())


def test_what_unpacks_without_end_is_damage() -> None:
    content = packed(text_of("x" * 2_000))
    assert content is not None
    assert unpacked(content) is not None
    assert unpacked(content, bytes_max=1_000) is None


def test_a_process_remembers_no_more_than_its_limit(store: Store) -> None:
    versions = RulebookVersions(store._database, store._clock, remembered_max=2)
    for number in range(5):
        text = text_of(f"name: {number}\n")
        versions.record(text, who="schedule", source="rules")
        assert len(versions._recorded) <= 2
    assert len(store.rulebooks.list()) == 5


def test_a_name_is_taken_out_and_that_is_marked(store: Store) -> None:
    named = text_of("customers:\n  - {name: 'O''Brien  & Sons', limit: 5}\n  - {name: Brie}\n")
    record(store, named)
    record(store, OCTOBER)
    with store._database.write() as db:
        module.take_name_out(db, "o'brien & sons", now=store._clock.now())
    row, text = store.rulebooks.get(named.hash)
    assert "Brien" not in text.files[0].text
    assert "{name: Brie}" in text.files[0].text
    assert row.redacted_at is not None
    assert not list(store.damaged_rules())
    other, _ = store.rulebooks.get(OCTOBER.hash)
    assert other.redacted_at is None
