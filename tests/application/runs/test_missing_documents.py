"""An invoice that could not be read is named wherever totals are shown."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest
from tests.builders.books import Books
from tests.builders.printed import printed

from arsync.application.connections import connecting
from arsync.application.decisions import plans
from arsync.application.decisions.why import why
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.overview.status import status
from arsync.application.permissions import Actor, Role
from arsync.application.reports.ageing_report import (
    ageing_report,
    ageing_table_view,
    as_csv,
    as_html,
)
from arsync.application.runs import pulling
from arsync.connector_sdk import Page
from arsync.core.ledger.records import DocumentProblem, RecordKind

OWNER = Actor("Olga", Role.OWNER)
LINE = "1 document is missing from these figures: INV-9 over GBP 500.00 (DueDate is missing)"


@pytest.fixture
def organisation(container: Container, books: Books) -> OrganisationContext:
    """An organisation of two customers; an invoice of the first could not be read."""
    contacts = [books.add_contact(number) for number in (1, 2)]
    for number, contact in enumerate(contacts, start=1):
        books.add_invoice(contact, number)
    (context,) = connecting.connections(OWNER, container)
    pulling.pull_ledger(OWNER, context)
    problem = DocumentProblem(
        RecordKind.INVOICES,
        "i9",
        "INV-9",
        "DueDate is missing",
        contacts[0].id,
        amount=Decimal(500),
        currency="GBP",
    )
    page = Page(RecordKind.INVOICES, (), "x", (problem,))
    container.store.ledger.apply(context.id, page, context.clock.now())
    return context


def test_plan_and_status_name_what_figures_lack(organisation: OrganisationContext) -> None:
    assert LINE in plans.plan(OWNER, organisation).problems
    assert LINE in status(OWNER, organisation).warnings


def test_why_names_what_its_customer_lacks(organisation: OrganisationContext) -> None:
    assert LINE in why(OWNER, organisation, "INV-1").plan.problems
    assert LINE not in why(OWNER, organisation, "INV-2").plan.problems


def test_each_form_of_the_ageing_names_it(organisation: OrganisationContext) -> None:
    table = ageing_report(OWNER, organisation)
    (missing,) = printed(ageing_table_view(table))["missing"]
    assert (missing["number"], missing["amount"], missing["why"]) == (
        "INV-9",
        "500.00",
        "DueDate is missing",
    )
    *rows, last = csv.DictReader(io.StringIO(as_csv([table])))
    assert last["missing"] == LINE
    assert [row["missing"] for row in rows] == ["", ""]
    assert LINE in as_html([table])
