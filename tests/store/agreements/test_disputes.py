"""Disputes are what customers said; a person settles them."""

from __future__ import annotations

from datetime import date

import pytest

from arsync.errors import UserMistake
from arsync.store import Store
from arsync.store.models import ConnectionRow

TODAY = date(2026, 11, 22)
FRIDAY = date(2026, 11, 27)


def test_a_dispute_is_open_until_it_is_settled(store: Store, connection: ConnectionRow) -> None:
    disputes = store.disputes
    disputes.record(connection.id, "i1", opened_on=TODAY, reason="two short", who="Ann")
    with pytest.raises(UserMistake, match="in dispute already, since 2026-11-22: two short"):
        disputes.record(connection.id, "i1", opened_on=TODAY, reason="again", who="Ben")
    settled = disputes.settle(connection.id, "i1", settled_on=FRIDAY, who="Ben")
    assert (settled.settled_on, settled.settled_by) == (FRIDAY, "Ben")
    with pytest.raises(UserMistake, match="is not in dispute"):
        disputes.settle(connection.id, "i1", settled_on=FRIDAY, who="Ben")
    disputes.record(connection.id, "i1", opened_on=FRIDAY, reason="late", who="Ann")
    assert [dispute.reason for dispute in disputes.recorded(connection.id, "i1")] == [
        "two short",
        "late",
    ]
    assert disputes.recorded(connection.id, "i2") == []
