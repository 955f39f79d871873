"""The log of what people changed: read by key, and nameless where a customer is forgotten."""

from __future__ import annotations

from typing import Any

from tests.store.conftest import NOW

from arsync.clock import SetClock
from arsync.connector_sdk import Page
from arsync.core.ledger.records import Contact, RecordKind
from arsync.store import Store
from arsync.store.models import ConnectionRow
from arsync.store.people.audit_log import AuditEntry, AuditFilter


def an_entry(**values: Any) -> AuditEntry:
    """Return a line; what it says may differ."""
    usual = AuditEntry(who="Olga", source="desk", what="recorded a promise")
    return usual._replace(**values)


def test_lines_are_read_by_key_and_filter(store: Store, clock: SetClock) -> None:
    for number in range(5):
        store.audit.add(an_entry(about=f"Customer {number}", who="Tom" if number else "Olga"))
    first = store.audit.page(AuditFilter(who="Tom"), 2)
    assert [row.about for row in first] == ["Customer 4", "Customer 3"]
    second = store.audit.page(AuditFilter(who="Tom", before_id=first[-1].id), 2)
    assert [row.about for row in second] == ["Customer 2", "Customer 1"]
    assert store.audit.page(AuditFilter(until=clock.now()), 9) == []
    assert len(store.audit.page(AuditFilter(since=clock.now()), 9)) == 5
    assert store.audit.choices() == (["Olga", "Tom"], ["recorded a promise"])


def test_a_sign_for_any_text_stands_for_itself(store: Store) -> None:
    store.audit.add(an_entry(about="100 % cotton"))
    store.audit.add(an_entry(about="100 pieces"))
    assert [row.about for row in store.audit.page(AuditFilter(about="100 %"), 9)] == [
        "100 % cotton"
    ]


def test_a_forgotten_customer_is_named_no_more(store: Store, connection: ConnectionRow) -> None:
    contact = Contact("c1", "Elmhurst Tools")
    store.ledger.apply(connection.id, Page(RecordKind.CONTACTS, (contact,), "1"), NOW)
    store.audit.add(an_entry(about="Elmhurst Tools, INV-1", words="Elmhurst Tools pays"))
    store.audit.add(an_entry(about="Somebody else"))
    store.privacy.forget(connection.id, "Elmhurst Tools")
    other, line = store.audit.page(AuditFilter(), 9)
    assert other.about == "Somebody else"
    assert "Elmhurst" not in f"{line}"
    assert (line.who, line.what) == ("Olga", "recorded a promise")
