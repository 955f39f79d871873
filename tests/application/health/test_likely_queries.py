"""The doctor names open invoices that will be queried, a few of them, with reasons."""

from __future__ import annotations

from tests.builders.books import Books

from arsync.application.connections import connecting
from arsync.application.health.likely_queries import NAMED_MAX, query_findings
from arsync.application.organisation.container import Container
from arsync.application.permissions import Actor, Role
from arsync.application.runs import pulling

OWNER = Actor("Olga", Role.OWNER)


def found(container: Container) -> list[tuple[str, str]]:
    (organisation,) = connecting.connections(OWNER, container)
    pulling.pull_ledger(OWNER, organisation)
    return [(finding.verdict, finding.message) for finding in query_findings(organisation)]


def test_they_are_named_with_their_reasons(container: Container, books: Books) -> None:
    contact = books.add_contact(1)
    books.add_invoice(contact, 1, overdue=5)
    assert found(container) == [("ok", "none that is open looks as if it would be queried.")]
    for number in range(2, NAMED_MAX + 3):
        invoice = books.add_invoice(contact, number, overdue=5)
        books.invoices[invoice.id] = invoice._replace(sent=False)
    ((verdict, message),) = found(container)
    assert verdict == "note"
    assert message.startswith(f"{NAMED_MAX + 1} open invoices will be queried: ")
    assert f"({contact.name}): it was not sent, " in message
    assert "; and 1 more." in message
