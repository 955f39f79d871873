"""One organisation, now: what costs a file or a query is read once per use."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event
from tests.application.conftest import CountingRules
from tests.builders.books import Books

from arsync.application.connections import connecting
from arsync.application.decisions import plans
from arsync.application.decisions.why import why_anywhere
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.overview.status import status
from arsync.application.permissions import Actor, Role
from arsync.application.runs import pulling, runs

OWNER = Actor("Olga", Role.OWNER)


@pytest.fixture
def organisation(container: Container, books: Books) -> OrganisationContext:
    for number in range(1, 6):
        books.add_invoice(books.add_contact(number), number)
    (context,) = connecting.connections(OWNER, container)
    pulling.pull_ledger(OWNER, context)
    return context


def test_why_reads_the_rulebook_once(
    organisation: OrganisationContext, rules_source: CountingRules
) -> None:
    rules_source.reads.clear()
    why_anywhere(OWNER, organisation.container, "INV-1")
    assert rules_source.reads == {"books": 1}


def test_status_and_plan_read_the_rulebook_once(
    organisation: OrganisationContext, rules_source: CountingRules
) -> None:
    for use_case in (status, plans.plan):
        rules_source.reads.clear()
        (context,) = connecting.connections(OWNER, organisation.container)
        use_case(OWNER, context)
        assert rules_source.reads == {"books": 1}


def test_a_run_reads_the_rulebook_once(
    organisation: OrganisationContext, rules_source: CountingRules, books: Books
) -> None:
    rules_source.reads.clear()
    sending = connecting.set_mode(OWNER, organisation, "auto")
    result = runs.sync(OWNER, sending)
    assert result.all_problems == []
    assert len(books.emails) == 5
    assert rules_source.reads == {"books": 1}


def test_a_run_asks_once_for_its_datas_quality(organisation: OrganisationContext) -> None:
    sending = connecting.set_mode(OWNER, organisation, "auto")
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(sending.store.engine, "before_cursor_execute", note)
    result = runs.sync(OWNER, sending)
    assert result.applied is not None
    assert len(result.applied.effects) >= 5
    youngest_payments = [text for text in statements if "max(payments.paid_on)" in text]
    assert len(youngest_payments) == 1


def test_a_refreshed_context_keeps_its_rulebook(
    organisation: OrganisationContext, rules_source: CountingRules
) -> None:
    rulebook = organisation.rulebook
    rules_source.reads.clear()
    connecting.set_mode(OWNER, organisation, "auto")
    fresh = organisation.refreshed()
    assert fresh.mode == "auto"
    assert fresh.rulebook is rulebook
    assert not rules_source.reads
