"""Customers of trials are kept in the half in which they began."""

from __future__ import annotations

from datetime import date

from arsync.core.analytics.trial_results import TrialArm
from arsync.store import Store
from arsync.store.models import ConnectionRow

DAY = date(2026, 11, 22)


def test_who_was_recorded_stays_in_its_half(store: Store, connection: ConnectionRow) -> None:
    arms = [TrialArm("Softer", f"c{number}", number % 2 == 0, DAY) for number in range(1_200)]
    assert store.trial_arms.record(connection.id, arms) == 1_200
    moved = [arm._replace(is_tried=not arm.is_tried, since=date(2026, 12, 1)) for arm in arms]
    new = TrialArm("Softer", "c9999", True, DAY)
    assert store.trial_arms.record(connection.id, [*moved, new]) == 1
    kept = store.trial_arms.of(connection.id)
    assert sorted(kept) == sorted([*arms, new])


def test_trials_of_one_customer_are_told_apart(store: Store, connection: ConnectionRow) -> None:
    arms = [TrialArm(name, "c1", True, DAY) for name in ("Softer", "Harder")]
    assert store.trial_arms.record(connection.id, arms) == 2
    assert store.trial_arms.of(connection.id + 1) == []
