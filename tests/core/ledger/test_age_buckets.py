"""Bands of ages: the usual ones, and one's own."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from arsync.core.ledger.age_buckets import (
    BUCKETS,
    EDGE_DAYS_MAX,
    EDGES_MAX,
    USUAL_BANDS,
    AgeBands,
    bucket_of,
    fault_of_edges,
)

DAY = date(2026, 11, 30)


@pytest.mark.parametrize("days", [-10, 0, 1, 30, 31, 60, 61, 90, 91, 900])
def test_the_usual_bands_are_the_buckets(days: int) -> None:
    due_on = DAY - timedelta(days)
    assert USUAL_BANDS.names == BUCKETS
    assert USUAL_BANDS.place(due_on, due_on, DAY) == bucket_of(due_on, DAY)


@pytest.mark.parametrize(("days", "band"), [(0, "0-7"), (7, "0-7"), (8, "8-60"), (61, "60+")])
def test_ages_count_from_the_issue_date(days: int, band: str) -> None:
    bands = AgeBands((7, 60), by_issue_date=True)
    place = bands.place(DAY - timedelta(days), DAY + timedelta(30), DAY)
    assert bands.names[place] == band


def test_bands_of_one_day_have_one_number() -> None:
    assert AgeBands((1, 2, 9)).names == ("current", "1", "2", "3-9", "9+")


@pytest.mark.parametrize(
    ("edges", "fault"),
    [
        ((30, 60, 90), ""),
        ((), "not 0"),
        (tuple(range(1, EDGES_MAX + 2)), f"not {EDGES_MAX + 1}"),
        ((0, 30), "after 1 to"),
        ((30, EDGE_DAYS_MAX + 1), "after 1 to"),
        ((30, 30), "later than the one before"),
    ],
)
def test_edges_rise_within_limits(edges: tuple[int, ...], fault: str) -> None:
    found = fault_of_edges(edges)
    assert fault in found
    assert bool(found) == bool(fault)
