"""Suppliers are watched where the rulebook says so: told of once, here alone, while it stands."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.builders.books import NOW, Books

from arsync.application.connections import connecting
from arsync.application.decisions.why import why, why_supplier
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Role
from arsync.application.results import RunResult
from arsync.application.runs import runs
from arsync.application.tasks import tasks
from arsync.application.tasks.worklist import open_tasks
from arsync.core.actions import TaskPayload
from arsync.core.ledger.agreements.credit_applications import (
    CreditApplication,
    CreditDatum,
    DatumKind,
)
from arsync.core.ledger.payables import Payable, Supplier
from arsync.store.models import ActionRow, Mode

OWNER = Actor("Olga", Role.OWNER)
PRINT, PAPER = Supplier("v7", "Northwind Print"), Supplier("v8", "Acme Paper")
TODAY = NOW.date()
OVERDUE = "overdue_bills_amount: {more_than: 30}"


class Watched:
    """A ledger whose suppliers are watched, and the runs that look at them."""

    def __init__(self, container: Container, rules: Path, books: Books) -> None:
        self.container = container
        self.rules = rules
        self.books = books

    def bill(self, bill_id: str, amount: str | None, supplier: Supplier, days: int = 5) -> None:
        due_on = TODAY - timedelta(days)
        owed = None if amount is None else Decimal(amount)
        self.books.bills[bill_id] = Payable(
            bill_id, supplier, f"S-{bill_id}", date(2026, 10, 1), due_on, "GBP", Decimal(1), owed
        )

    def watch(self, when: str, also: str = "") -> None:
        self.rules.write_text(
            "version: 1\nname: Suppliers\ncurrency: GBP\npayables: {read: open bills}\n"
            f"supplier_alerts: [{{name: We pay late, when: {{{when}}}, tell: [purchasing, owner]}}]"
            f"\n{also}\n"
        )

    @property
    def organisation(self) -> OrganisationContext:
        (organisation,) = connecting.connections(OWNER, self.container)
        return organisation

    def run(self, days: int = 0) -> RunResult:
        clock: Any = self.container.clock
        clock.moment += timedelta(days)
        result = runs.sync(OWNER, self.organisation)
        assert not result.broke, result.problems
        return result

    def alerts(self) -> list[ActionRow]:
        return list(self.container.store.actions.open_tasks())


@pytest.fixture
def watched(container: Container, books: Books, tmp_path: Path) -> Watched:
    """A customer who owes, and two suppliers of whom one is owed late."""
    books.add_invoice(books.add_contact(1), 1)
    connecting.set_mode(OWNER, connecting.connections(OWNER, container)[0], Mode.AUTO)
    ledger = Watched(container, tmp_path / "rules" / "standard.yaml", books)
    ledger.bill("b1", "40.00", PRINT)
    ledger.bill("b2", "500.00", PAPER, days=-5)
    return ledger


def test_a_supplier_is_told_of_once(watched: Watched) -> None:
    watched.watch(OVERDUE)
    told = [note for note in watched.run().notices if "supplier" in note]
    (line,) = told
    assert line == (
        "alert to purchasing, owner about the supplier Northwind Print: We pay late:"
        " GBP 40.00 of its bills overdue (more than GBP 30.00)"
    )
    (alert,) = watched.alerts()
    payload = alert.action.payload
    assert isinstance(payload, TaskPayload)
    assert (alert.action.contact_name, payload.recipients) == (
        "Northwind Print",
        ("purchasing", "owner"),
    )
    again = watched.run(days=1)
    assert not [note for note in again.notices if "supplier" in note]
    assert [row.key for row in watched.alerts()] == [alert.key]
    assert watched.books.done == [], "nothing is written to anybody's record"


def test_it_ends_and_comes_again(watched: Watched) -> None:
    watched.watch(OVERDUE)
    watched.run()
    (first,) = watched.alerts()
    del watched.books.bills["b1"]
    watched.run(days=1)
    assert watched.alerts() == []
    outcome = watched.container.store.actions.get(first.key).outcome
    assert outcome == (
        "closed: We pay late no longer requires it (overdue_bills_amount GBP 0.00 (more than 30))"
    )
    watched.bill("b1", "40.00", PRINT)
    watched.run()
    (second,) = watched.alerts()
    assert second.key != first.key
    assert watched.books.done == []


def test_unknown_neither_begins_nor_ends(watched: Watched) -> None:
    watched.watch(OVERDUE)
    watched.bill("b1", None, PRINT)
    watched.run()
    assert watched.alerts() == []
    watched.bill("b1", "40.00", PRINT)
    watched.run(days=1)
    (alert,) = watched.alerts()
    watched.bill("b1", None, PRINT)
    watched.run(days=1)
    assert [row.key for row in watched.alerts()] == [alert.key]
    watched.bill("b1", "40.00", PRINT)
    watched.run(days=1)
    assert [row.key for row in watched.alerts()] == [alert.key], "it is the same episode"


def test_who_only_observes_is_told_nothing(watched: Watched) -> None:
    connecting.set_mode(OWNER, watched.organisation, Mode.OBSERVE)
    watched.watch(OVERDUE)
    assert [note for note in watched.run().notices if "supplier" in note], "it is shown"
    assert watched.alerts() == []


def test_a_plan_shows_and_tells_nobody(watched: Watched) -> None:
    watched.watch(OVERDUE)
    watched.run()
    watched.bill("b3", "90.00", PAPER)
    watched.run()
    before = len(watched.alerts())
    watched.bill("b4", "90.00", Supplier("v9", "Third"))
    runs.prepare(OWNER, watched.organisation)
    assert len(watched.alerts()) == before


def test_more_than_safety_allows_is_told_to_nobody(watched: Watched) -> None:
    watched.bill("b2", "500.00", PAPER)
    watched.watch(OVERDUE, "safety: {tasks: 1}")
    problems = watched.run().problems
    told = "2 alerts about suppliers in one plan, and safety allows 1: none is told."
    assert f"{told} `safety: {{tasks: 2}}` allows so many." in problems
    assert watched.alerts() == []


def test_done_is_done_and_noted_nowhere(watched: Watched) -> None:
    watched.watch(OVERDUE)
    watched.run()
    (work,) = open_tasks(OWNER, watched.container)
    assert work.reason == "It is about a supplier."
    tasks.complete_task(OWNER, watched.container, work.row.key, tasks.CallReport("paid today"))
    watched.run(days=1)
    assert watched.alerts() == []
    assert watched.books.done == []


def test_shares_are_of_all_that_is_payable(watched: Watched) -> None:
    watched.watch("payables_percent: {at_least: 90}")
    watched.run()
    (alert,) = watched.alerts()
    assert alert.action.contact_name == "Acme Paper"
    assert alert.action.because.facts == {"payables_percent": "92.59"}


def test_no_share_is_known_beside_an_unreadable_bill(watched: Watched) -> None:
    """Its supplier has no name, so it is not watched; what it is owed may be more than all else."""
    watched.bill("b3", None, Supplier("v9", ""))
    watched.watch("payables_percent: {at_least: 90}")
    watched.run()
    assert watched.alerts() == []


def test_credit_data_of_its_name_are_its_own(watched: Watched) -> None:
    watched.watch("insolvency: yes")
    watched.run()
    assert watched.alerts() == []
    organisation = watched.organisation
    store = organisation.store.credit
    application = CreditApplication(0, "northwind PRINT", TODAY)
    number = store.add(organisation.id, application, who="Olga")
    notice = CreditDatum(DatumKind.INSOLVENCY, "yes", "Gazette", TODAY)
    store.add_data(number, [notice], who="Olga")
    watched.run()
    (alert,) = watched.alerts()
    assert alert.action.contact_name == "Northwind Print"


def test_forgetting_a_customer_takes_its_alerts_as_supplier(watched: Watched) -> None:
    watched.watch(OVERDUE, "customers: [{contact: Customer 1, suppliers: [Northwind Print]}]")
    watched.run()
    (alert,) = watched.alerts()
    watched.books.pay(watched.books.invoices["i1"])
    watched.run(days=1)
    exported = watched.container.store.privacy.export(watched.organisation.id, "Customer 1")
    assert alert.key in {action["key"] for action in exported["actions"]}
    watched.container.store.privacy.forget(watched.organisation.id, "Customer 1")
    left = watched.container.store.actions.get(alert.key).action
    assert left.contact_name != "Northwind Print"
    assert "40.00" not in str(left.payload)


def test_why_explains_a_supplier(watched: Watched) -> None:
    watched.watch(OVERDUE)
    watched.run()
    (explained,) = why_supplier(OWNER, watched.container, "northwind print")
    assert explained.owed == f"GBP 40.00 on 1 open bill, the oldest due {TODAY - timedelta(5)}"
    (line,) = explained.lines
    assert line.startswith(
        f"We pay late: yes, since {TODAY}: overdue_bills_amount GBP 40.00 (more than 30);"
        " tells purchasing, owner ("
    )
    assert explained.facts["open_bills"] == 1
    assert why_supplier(OWNER, watched.container, "Nobody") == []


def test_a_customer_that_is_one_is_explained_too(watched: Watched) -> None:
    watched.watch(OVERDUE, "customers: [{contact: Customer 1, suppliers: [Northwind Print]}]")
    watched.run()
    explained = why(OWNER, watched.organisation, "Customer 1")
    (line,) = [line.text for line in explained.lines if line.section == "supplier_alerts"]
    assert line.startswith("We pay late: yes")
    assert not [action for action in explained.plan.actions if action.kind == "task"]
