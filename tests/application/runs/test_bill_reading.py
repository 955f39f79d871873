"""What is owed to a customer that is a supplier too: read where asked, shown, never taken off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.builders.books import NOW, Books

from arsync.application.connections import connecting
from arsync.application.decisions.why import why
from arsync.application.desk.customer import customer_page
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Role
from arsync.application.results import RunResult
from arsync.application.runs import pulling, runs
from arsync.application.runs.bill_reading import PROBLEMS_NAMED_MAX, read_bills
from arsync.connector_sdk import BillsPage
from arsync.core.ledger.credit_kinds import CreditKind
from arsync.core.ledger.payables import Payable, Supplier
from arsync.core.ledger.records import DocumentProblem
from arsync.errors import Rejected, RetryLater

OWNER = Actor("Olga", Role.OWNER)
RULES = """\
version: 1
name: Two ways
currency: GBP
{}alerts:
  - name: We owe them too
    when: {{payable_to_them: {{at_least: 40}}}}
    tell: owner
sending: {{days: every day, between: 00:01-23:59}}
"""
READ = "payables: {read: open bills}\n"
SAID = "customers: [{contact: Customer 1, suppliers: [Northwind Print]}]\n"


def a_bill(number: str, amount: str, **whose: str) -> Payable:
    supplier = Supplier(whose.pop("supplier_id", "v7"), "Northwind Print", **whose)
    days = (date(2026, 10, 1), date(2026, 10, 31))
    return Payable(number, supplier, f"S-{number}", *days, "GBP", Decimal(1), Decimal(amount))


def a_credit(number: str, amount: str | None) -> Payable:
    left = None if amount is None else Decimal(amount)
    return a_bill(number, "0")._replace(due_on=None, amount=left, credit=CreditKind.CREDIT_NOTE)


class OddBills:
    """A connector that gives these pages of bills, and is asked for nothing else."""

    capabilities = Books().capabilities

    def __init__(self, pages: Sequence[BillsPage]) -> None:
        self.pages = pages

    def bills(self, _: str | None) -> Iterator[BillsPage]:
        yield from self.pages


class NoBills:
    """A connector of a subscription that has no bills."""

    capabilities = Books().capabilities

    def bills(self, _: str | None) -> Iterator[BillsPage]:
        raise Rejected("Feature not supported.")


class BusyBills:
    """A connector of a platform that has no time for bills at present."""

    capabilities = Books().capabilities

    def bills(self, _: str | None) -> Iterator[BillsPage]:
        raise RetryLater("Try again later.")


@pytest.fixture
def organisation(container: Container, books: Books) -> OrganisationContext:
    """Two customers who owe 100 each, of whom the first is a supplier as well."""
    for number in (1, 2):
        books.add_invoice(books.add_contact(number), number)
    books.bills = {"b1": a_bill("b1", "25.00"), "b2": a_bill("b2", "15.50")}
    (organisation,) = connecting.connections(OWNER, container)
    return organisation


def facts_after_a_run(
    organisation: OrganisationContext, tmp_path: Path, sections: str, customer: str = "Customer 1"
) -> Mapping[str, Any]:
    """Let one run read and plan by these sections; return the facts of a customer."""
    (tmp_path / "rules" / "standard.yaml").write_text(RULES.format(sections))
    # As a process that has just started: the rules are read anew.
    (organisation,) = connecting.connections(OWNER, organisation.container)
    assert not runs.sync(OWNER, organisation).broke
    return why(OWNER, organisation, customer).facts


def test_bills_are_read_only_where_asked(organisation: OrganisationContext, tmp_path: Path) -> None:
    assert facts_after_a_run(organisation, tmp_path, SAID)["payable_to_them"] is None
    assert organisation.store.payables.cursor(organisation.id) is None
    facts = facts_after_a_run(organisation, tmp_path, READ + SAID)
    assert facts["payable_to_them"] == "40.50"
    assert facts["balance"] == "100.00", "nothing is taken off what is owed"
    assert facts["exposure"] == "100.00"
    assert facts_after_a_run(organisation, tmp_path, SAID)["payable_to_them"] is None
    assert organisation.store.payables.cursor(organisation.id) is None, "the copy is gone"


def test_who_is_no_supplier_is_owed_nothing(
    organisation: OrganisationContext, tmp_path: Path
) -> None:
    facts = facts_after_a_run(organisation, tmp_path, READ + SAID, "Customer 2")
    assert facts["payable_to_them"] == "0.00"


def test_a_paid_bill_is_owed_no_more(
    organisation: OrganisationContext, books: Books, tmp_path: Path
) -> None:
    facts_after_a_run(organisation, tmp_path, READ + SAID)
    del books.bills["b1"]
    facts = facts_after_a_run(organisation, tmp_path, READ + SAID)
    assert facts["payable_to_them"] == "15.50"


def test_nothing_rests_on_a_likely_party(
    organisation: OrganisationContext, books: Books, tmp_path: Path
) -> None:
    for bill_id, bill in books.bills.items():
        alike = bill.supplier._replace(company_name="Customer 1")
        books.bills[bill_id] = bill._replace(supplier=alike)
    assert facts_after_a_run(organisation, tmp_path, READ)["payable_to_them"] is None
    (organisation,) = connecting.connections(OWNER, organisation.container)
    explained = why(OWNER, organisation, "Customer 1")
    assert not [action for action in explained.plan.actions if action.kind == "alert"]
    (line,) = [line.text for line in explained.lines if line.section == "payables"]
    assert "'Northwind Print' may be the same party" in line
    (organisation,) = connecting.connections(OWNER, organisation.container)
    told = [note for note in runs.sync(OWNER, organisation).notices if "Northwind" in note]
    assert "may be the customer 'Customer 1'" in told[0]
    assert facts_after_a_run(organisation, tmp_path, READ + SAID)["payable_to_them"] == "40.50"


def test_one_record_for_both_needs_no_word(
    organisation: OrganisationContext, books: Books, tmp_path: Path
) -> None:
    books.bills["b1"] = a_bill("b1", "7.00", supplier_id="c2", contact_id="c2")
    facts = facts_after_a_run(organisation, tmp_path, READ, "Customer 2")
    assert facts["payable_to_them"] == "7.00"


def test_it_stands_on_the_customers_page(organisation: OrganisationContext, tmp_path: Path) -> None:
    facts_after_a_run(organisation, tmp_path, READ + SAID)
    owed = customer_page(OWNER, organisation, "c1").owed_to_them
    assert owed is not None
    assert (owed.sums.bills, owed.sums.bill_count, owed.sums.oldest_due_on) == (
        Decimal("40.50"),
        2,
        date(2026, 10, 31),
    )
    assert customer_page(OWNER, organisation, "c2").owed_to_them is None


def test_bills_that_cannot_be_read_are_named_and_counted(
    organisation: OrganisationContext, tmp_path: Path
) -> None:
    """Over all pages together, so many by name."""
    (tmp_path / "rules" / "standard.yaml").write_text(RULES.format(READ))
    (organisation,) = connecting.connections(OWNER, organisation.container)
    odd = [DocumentProblem("bills", f"b{number}", "", "no day") for number in range(25)]
    credit = DocumentProblem("supplier credits", "n1", "SC-1", "no day")
    odd_first = (credit, *odd[:14])
    pages = [BillsPage([], "1", problems=odd_first), BillsPage([], "2", problems=tuple(odd))]
    connector: Any = OddBills(pages)
    result = RunResult("books", "sync", "auto", NOW)
    read_bills(organisation, connector, result)
    assert result.problems[:2] == ["supplier credit SC-1: no day", "bill b0: no day"]
    assert len(result.problems) == PROBLEMS_NAMED_MAX + 1
    assert result.problems[-1] == "20 more bills or supplier credits could not be read"


def test_a_platform_without_bills_stops_no_run(
    organisation: OrganisationContext, tmp_path: Path
) -> None:
    facts_after_a_run(organisation, tmp_path, READ + SAID)
    (organisation,) = connecting.connections(OWNER, organisation.container)
    connector: Any = NoBills()
    result = RunResult("books", "sync", "auto", NOW)
    read_bills(organisation, connector, result)
    assert result.problems == ["open bills could not be read: Feature not supported."]
    assert why(OWNER, organisation, "Customer 1").facts["payable_to_them"] is None


def test_bills_that_are_late_stop_no_run(organisation: OrganisationContext, tmp_path: Path) -> None:
    facts_after_a_run(organisation, tmp_path, READ + SAID)
    (organisation,) = connecting.connections(OWNER, organisation.container)
    busy: Any = BusyBills()
    result = RunResult("books", "sync", "auto", NOW)
    read_bills(organisation, busy, result)
    assert result.problems == ["open bills were not read to the end: Try again later."]
    assert why(OWNER, organisation, "Customer 1").facts["payable_to_them"] is None
    # The copy and its place are kept: the next run reads what changed, and knows again.
    facts = facts_after_a_run(organisation, tmp_path, READ + SAID)
    assert facts["payable_to_them"] == "40.50"


def test_forgetting_and_export_know_of_bills(
    organisation: OrganisationContext, tmp_path: Path
) -> None:
    facts_after_a_run(organisation, tmp_path, READ + SAID)
    exported = organisation.store.privacy.export(organisation.id, "Customer 1")
    assert [bill["number"] for bill in exported["bills_as_supplier"]] == ["S-b1", "S-b2"]


def test_supplier_credits_are_taken_off_bills_alone(
    organisation: OrganisationContext, books: Books, tmp_path: Path
) -> None:
    """Both sums are kept apart, and what the customer owes stays what it is."""
    books.bills["n1"] = a_credit("n1", "10.00")
    facts = facts_after_a_run(organisation, tmp_path, READ + SAID)
    assert facts["bills_from_them"] == "40.50"
    assert facts["credits_from_them"] == "10.00"
    assert facts["payable_to_them"] == "30.50"
    assert facts["balance"] == "100.00"
    (organisation,) = connecting.connections(OWNER, organisation.container)
    (line,) = [
        line.text
        for line in why(OWNER, organisation, "Customer 1").lines
        if line.section == "payables"
    ]
    assert line == (
        "GBP 40.50 on 2 open bills, the oldest due 2026-10-31; GBP 10.00 left of 1 credit of"
        " theirs; GBP 30.50 after these; never taken off what the customer owes"
    )


def test_more_credits_than_bills_are_below_nothing(
    organisation: OrganisationContext, books: Books, tmp_path: Path
) -> None:
    books.bills = {"n1": a_credit("n1", "10.00")}
    facts = facts_after_a_run(organisation, tmp_path, READ + SAID)
    assert facts["payable_to_them"] == "-10.00"
    assert facts["bills_from_them"] == "0.00"


def test_an_unknown_credit_leaves_the_bills_known(
    organisation: OrganisationContext, books: Books, tmp_path: Path
) -> None:
    books.bills["n1"] = a_credit("n1", None)
    facts = facts_after_a_run(organisation, tmp_path, READ + SAID)
    assert facts["payable_to_them"] is None
    assert facts["credits_from_them"] is None
    assert facts["bills_from_them"] == "40.50"


def test_a_pull_reads_bills_where_asked(
    organisation: OrganisationContext, books: Books, tmp_path: Path
) -> None:
    """As a run does; a rulebook that cannot be read leaves them as they are."""
    rules = tmp_path / "rules" / "standard.yaml"
    for text, read in ((RULES.format(""), False), ("x", False), (RULES.format(READ + SAID), True)):
        rules.write_text(text)
        (organisation,) = connecting.connections(OWNER, organisation.container)
        assert not pulling.pull_ledger(OWNER, organisation).broke
        assert (organisation.store.payables.cursor(organisation.id) is not None) is read
    (organisation,) = connecting.connections(OWNER, organisation.container)
    runs.prepare(OWNER, organisation)
    assert why(OWNER, organisation, "Customer 1").facts["payable_to_them"] == "40.50"
    rules.write_text("x")
    del books.bills["b1"]
    (organisation,) = connecting.connections(OWNER, organisation.container)
    pulling.pull_ledger(OWNER, organisation)
    assert organisation.store.payables.cursor(organisation.id) is not None
