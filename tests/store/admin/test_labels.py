"""Labels group connections: one spelling each, a bounded number, and all changed or none."""

from __future__ import annotations

import pytest

from arsync.core.ledger.records import Organisation
from arsync.errors import UserMistake
from arsync.store import Store
from arsync.store.admin.labels import LABEL_CHARACTERS_MAX, LABELS_MAX, label_problem
from arsync.store.models import ConnectionChange


def add(store: Store, *names: str) -> list[int]:
    return [
        store.connections.add(
            name, platform="xero", organisation=Organisation(f"org-{name}", name.title(), "GBP")
        ).id
        for name in names
    ]


def label(store: Store, numbers: list[int], *add: str, remove: tuple[str, ...] = ()) -> None:
    store.connections.change(
        numbers, ConnectionChange(add_labels=add, remove_labels=remove), who="Ann"
    )


def test_a_connection_shows_its_labels_sorted(store: Store) -> None:
    acme, bolt = add(store, "acme", "bolt")
    label(store, [acme, bolt], "VAT quarterly", "jane")
    label(store, [bolt], "Retail", remove=("JANE ",))
    assert store.connections.get("acme").labels == ("jane", "VAT quarterly")
    assert [row.labels for row in store.connections.all()] == [
        ("jane", "VAT quarterly"),
        ("Retail", "VAT quarterly"),
    ]
    assert store.connections.labels() == ["jane", "Retail", "VAT quarterly"]


def test_capitals_make_no_second_label(store: Store) -> None:
    acme, bolt = add(store, "acme", "bolt")
    label(store, [acme], "Retail")
    label(store, [bolt], "retail", "RETAIL ")
    assert store.connections.labels() == ["Retail"]
    assert store.connections.get("bolt").labels == ("Retail",)


def test_labels_of_removed_connections_are_not_offered(store: Store) -> None:
    (acme,) = add(store, "acme")
    label(store, [acme], "Retail")
    store.connections.remove("acme")
    assert store.connections.labels() == []


@pytest.mark.parametrize("text", ["", "  ", "a,b", "a;b", "a*", "a\nb", "x" * 41])
def test_what_is_no_label_is_refused_whole(store: Store, text: str) -> None:
    (acme,) = add(store, "acme")
    assert LABEL_CHARACTERS_MAX == 40
    assert label_problem(text)
    with pytest.raises(UserMistake, match="label"):
        label(store, [acme], "fine", text)
    assert store.connections.get("acme").labels == ()


def test_a_connection_has_a_bounded_number_of_labels(store: Store) -> None:
    acme, bolt = add(store, "acme", "bolt")
    label(store, [acme], *(f"label {number}" for number in range(LABELS_MAX)))
    with pytest.raises(UserMistake, match="acme would have more than 20 labels"):
        label(store, [acme, bolt], "one more")
    assert store.connections.get("bolt").labels == ()
    label(store, [acme], "one more", remove=("label 0",))
    assert len(store.connections.get("acme").labels) == LABELS_MAX
