"""Lines above letters, on both databases."""

from __future__ import annotations

from datetime import timedelta

from tests.builders.actions import an_action
from tests.store.actions.test_waiting import save
from tests.store.conftest import NOW

from arsync.core.actions import ActionState
from arsync.store import Store
from arsync.store.actions.personal_lines import PersonalLine
from arsync.store.models import ConnectionRow


def test_the_last_line_counts_until_the_letter_is_withdrawn(
    store: Store, connection: ConnectionRow
) -> None:
    letter = an_action(subject="i1 day 14")
    save(store, connection, letter)
    put, of = store.personal_lines.put, store.personal_lines.of
    assert put(letter.key, "First", who="Tom", now=NOW)
    assert put(letter.key, "Second", who="Ann", now=NOW)
    assert of([letter.key]) == {letter.key: PersonalLine("Second", "Ann", NOW)}
    later = NOW + timedelta(hours=1)
    save(store, connection, now=later)
    assert store.actions.get(letter.key).state is ActionState.WITHDRAWN
    assert of([letter.key]) == {}
    assert not put(letter.key, "Third", who="Tom", now=later)
    save(store, connection, letter, now=later + timedelta(hours=1))
    assert of([letter.key]) == {}
    assert put(letter.key, "Fourth", who="Tom", now=later + timedelta(hours=2))
    assert of([letter.key])[letter.key].line == "Fourth"
