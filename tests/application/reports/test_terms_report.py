"""`report terms`: who has other terms than the policy says, with the line that says so."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.application.credit.test_credit_decisions import OWNER, now
from tests.builders.books import RULES, TODAY, Books

from arsync.application.organisation.container import Container
from arsync.application.reports.terms_report import terms_csv, terms_report, terms_view
from arsync.application.runs import pulling
from arsync.errors import UserMistake

TERMS = "terms:\n  - {name: Everyone, terms: 14 days}\n"


@pytest.fixture
def ledger(container: Container, books: Books) -> Container:
    """One customer has other terms, one has them and an invoice that is due otherwise."""
    for number, terms in ((1, "30 days after the invoice date"), (2, "Net 14"), (3, "Net 14")):
        contact = books.add_contact(number)
        books.contacts[contact.id] = contact._replace(terms=terms)
        invoice = books.add_invoice(books.contacts[contact.id], number, overdue=-10)
        days = 14 if number == 3 else 30
        books.invoices[invoice.id] = invoice._replace(due_on=invoice.issued_on + timedelta(days))
    (container.config.rules_folder / "standard.yaml").write_text(RULES + TERMS)
    pulling.pull_ledger(OWNER, now(container))
    return container


def test_each_difference_is_listed_with_its_rule(ledger: Container) -> None:
    table = terms_report(OWNER, now(ledger))
    first, second = table.rows
    assert (first.contact_id, first.in_books) == ("c1", "30 days after the invoice date")
    assert (second.contact_id, second.in_books) == ("c2", "")
    assert [invoice.number for row in table.rows for invoice in row.invoices] == ["INV-1", "INV-2"]
    assert first.because.startswith("rules/standard.yaml:")
    assert first.because.endswith(", Everyone")
    assert terms_view(table).rows[0].because.rule == "Everyone"
    assert len(terms_csv([table]).splitlines()) == 5


def test_without_a_policy_nothing_differs(ledger: Container) -> None:
    (ledger.config.rules_folder / "standard.yaml").write_text(RULES)
    table = terms_report(OWNER, now(ledger))
    assert (table.has_policy, table.rows) == (False, ())
    with pytest.raises(UserMistake):
        terms_report(OWNER, now(ledger), TODAY + timedelta(1))
