"""The rulebook's customers keep to their contacts, whatever the platform calls them."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.builders.books import Books

from arsync.application.connections import connecting
from arsync.application.customers import customer_data
from arsync.application.decisions import plans
from arsync.application.organisation.account_reading import accounts_on
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.overview.status import status
from arsync.application.permissions import Actor, Role
from arsync.application.rules import rule_checking
from arsync.application.runs import pulling, runs
from arsync.core.actions import ActionKind

OWNER = Actor("Olga", Role.OWNER)
RULES = """\
version: 1
name: Agreed
currency: GBP
customers:
  - contact: Customer 1
    credit_limit: 50
  - contact: Customer 3
    credit_limit: 150
  - contact: Customer 2
    parent: Customer 3
credit_limits: [{name: Agreed, when: {agreed_limit: known}, limit: agreed_limit}]
credit_holds: [{name: Over, when: {over_limit_percent: {more_than: 0}}}]
sending: {days: every day, between: 00:01-23:59}
"""
RENAMED = "standard.yaml:5: 'Customer 1' is called 'Customer 1 Ltd' now: change the name here"


def now(container: Container) -> OrganisationContext:
    (organisation,) = connecting.connections(OWNER, container)
    return organisation


@pytest.fixture
def ledger(container: Container, books: Books, tmp_path: Path) -> Container:
    """Five customers who owe 100 each; the second belongs to the third."""
    for number in range(1, 6):
        books.add_invoice(books.add_contact(number), number)
    (tmp_path / "rules" / "standard.yaml").write_text(RULES)
    pulling.pull_ledger(OWNER, now(container))
    connecting.set_mode(OWNER, now(container), "auto")
    return container


def holds(books: Books) -> list[str]:
    """Return who is on hold at the platform."""
    kinds = [(done.kind, done.write.action.contact_id) for done in books.done]
    placed = [contact for kind, contact in kinds if kind is ActionKind.CREDIT_HOLD]
    for contact in (contact for kind, contact in kinds if kind is ActionKind.LIFT_CREDIT_HOLD):
        placed.remove(contact)
    return placed


def test_a_rename_keeps_hold_and_limit_and_is_told(ledger: Container, books: Books) -> None:
    runs.sync(OWNER, now(ledger))
    assert holds(books) == ["c1", "c3"]
    books.contacts["c1"] = books.contacts["c1"]._replace(name="Customer 1 Ltd")
    result = runs.sync(OWNER, now(ledger))
    assert holds(books) == ["c1", "c3"]
    assert result.plan is not None
    told = [
        *(line for line in result.plan.problems),
        *plans.plan(OWNER, now(ledger)).problems,
        *status(OWNER, now(ledger)).warnings,
    ]
    assert len([line for line in told if line.endswith(RENAMED)]) == 3
    checked = rule_checking.check_rules(OWNER, ledger)
    assert "'Customer 1' is called 'Customer 1 Ltd' now." in "\n".join(checked.warnings)


def test_a_family_of_the_rulebook_is_one_account(ledger: Container, books: Books) -> None:
    def of_family() -> list[tuple[str, ...]]:
        organisation = now(ledger)
        return [
            tuple(contact.id for contact in account.contacts)
            for one in ("c2", "c3")
            for account in accounts_on(organisation, contact_ids=[one])
        ]

    assert of_family() == [("c2",), ("c3",)]
    # The plan shows what the family will do before a run binds it: 200 owed, 150 allowed.
    planned = plans.plan(OWNER, now(ledger)).actions
    assert [action.contact_id for action in planned] == ["c1", "c3"]
    runs.sync(OWNER, now(ledger))
    assert of_family() == [("c3", "c2"), ("c3", "c2")]
    store = now(ledger).store
    assert sorted(store.ledger.open_invoices(now(ledger).id, "c2")) == ["i2", "i3"]


def test_a_rebuild_keeps_who_is_meant(ledger: Container, books: Books) -> None:
    runs.sync(OWNER, now(ledger))
    bound = now(ledger).store.customers.entries(now(ledger).id)
    assert {name: entry.contact_id for name, entry in bound.items()} == {
        "customer 1": "c1",
        "customer 2": "c2",
        "customer 3": "c3",
    }
    books.contacts["c1"] = books.contacts["c1"]._replace(name="Other")
    pulling.rebuild_ledger(OWNER, now(ledger))
    assert now(ledger).store.customers.entries(now(ledger).id) == bound


def test_a_forgotten_customer_is_bound_to_nothing(ledger: Container, books: Books) -> None:
    connecting.set_mode(OWNER, now(ledger), "observe")
    runs.prepare(OWNER, now(ledger))
    exported = customer_data.export_contact(OWNER, ledger, "Customer 3")
    assert [entry["entry"] for entry in exported["customer_entries"]] == ["customer 3"]
    books.pay(books.invoices["i3"])
    pulling.pull_ledger(OWNER, now(ledger))
    customer_data.forget_contact(OWNER, ledger, "Customer 3")
    assert "customer 3" not in now(ledger).store.customers.entries(now(ledger).id)


def test_an_entry_taken_out_frees_its_name(ledger: Container, tmp_path: Path) -> None:
    runs.sync(OWNER, now(ledger))
    rules = tmp_path / "rules" / "standard.yaml"
    rules.write_text(RULES.replace("Customer 1", "Customer 4"))
    runs.sync(OWNER, now(ledger))
    assert "customer 1" not in now(ledger).store.customers.entries(now(ledger).id)
