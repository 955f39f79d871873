"""Names are compared without regard to case, and shown as people wrote them."""

from __future__ import annotations

from arsync.core.rulebook.facts import CONTACT_BY_NAME, in_json, in_words
from arsync.core.rulebook.facts.names import folded_names

FIELD = CONTACT_BY_NAME["contact_group"]


def test_a_group_is_compared_folded() -> None:
    assert folded_names(["Key  Accounts"]) == {"key accounts"}


def test_a_group_is_shown_as_it_was_written() -> None:
    value = folded_names(["Trade", "Key accounts"])
    assert in_words(FIELD, value, "GBP") == "Key accounts, Trade"
    assert in_json(FIELD, value) == ["Key accounts", "Trade"]
