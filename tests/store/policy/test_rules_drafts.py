"""Drafts of rulebooks in the store."""

from __future__ import annotations

import pytest
from tests.builders.books import NOW

from arsync.core.rulebook.rules_text import RuleFile, RulesText
from arsync.errors import Overtaken, UserMistake
from arsync.store import Store
from arsync.store.admin.rulebook_versions import take_name_out
from arsync.store.models import ConnectionRow
from arsync.store.policy import rules_drafts


def a_text(words: str) -> RulesText:
    return RulesText("rules", (RuleFile("standard.yaml", words),))


LIVE, FIRST, SECOND = a_text("version: 1"), a_text("version: 1 # a"), a_text("version: 1 # b")


def test_a_draft_is_kept_with_its_base(store: Store, connection: ConnectionRow) -> None:
    assert store.drafts.get(connection.id) is None
    store.drafts.save(connection.id, FIRST, base=LIVE, reason="why", who="Priya", over="")
    draft = store.drafts.get(connection.id)
    assert draft is not None
    assert (draft.base, draft.text, draft.reason, draft.saved_by) == (LIVE, FIRST, "why", "Priya")
    assert store.drafts.drop(connection.id)
    assert store.drafts.get(connection.id) is None


def test_the_later_of_two_writers_is_told(store: Store, connection: ConnectionRow) -> None:
    store.drafts.save(connection.id, FIRST, base=LIVE, reason="", who="Priya", over="")
    with pytest.raises(Overtaken):
        store.drafts.save(connection.id, SECOND, base=LIVE, reason="", who="Tom", over="")
    store.drafts.save(connection.id, SECOND, base=LIVE, reason="", who="Tom", over=FIRST.whole_hash)
    draft = store.drafts.get(connection.id)
    assert draft is not None
    assert draft.text == SECOND


def test_too_large_a_draft_is_refused(
    store: Store, connection: ConnectionRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules_drafts, "DRAFT_BYTES_MAX", 20)
    with pytest.raises(UserMistake, match="larger"):
        store.drafts.save(connection.id, FIRST, base=LIVE, reason="", who="Tom", over="")


def test_a_removed_connection_has_no_draft(store: Store, connection: ConnectionRow) -> None:
    store.drafts.save(connection.id, FIRST, base=LIVE, reason="", who="Priya", over="")
    store.connections.remove(connection.name)
    assert store.drafts.get(connection.id) is None


def test_a_forgotten_customer_is_not_named_in_drafts(
    store: Store, connection: ConnectionRow
) -> None:
    named = a_text("customers:\n  - contact: Ann Lee\n")
    store.drafts.save(connection.id, named, base=named, reason="", who="Tom", over="")
    with store.database.write() as db:
        take_name_out(db, "Ann Lee", now=NOW)
    draft = store.drafts.get(connection.id)
    assert draft is not None
    assert "Ann Lee" not in draft.text.files[0].text + draft.base.files[0].text
