"""Each change of a credit limit is kept: the amount, the rule, the rulebook, and who ran it."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from tests.builders.books import TODAY, Books

from arsync.application.connections import connecting
from arsync.application.customers import customer_data
from arsync.application.decisions.why import why
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Role
from arsync.application.result_views import why_view
from arsync.application.runs import pulling, runs
from arsync.clock import SetClock

OWNER = Actor("Olga", Role.OWNER)
HEAD = "version: 1\nname: Limits\ncurrency: GBP\n"
RULES = f"""{HEAD}customers:
  - contact: Customer 1
    limits:
      - {{amount: 900, until: {TODAY + timedelta(2)}}}
      - {{amount: 500}}
credit_limits:
  - {{name: Agreed, when: {{agreed_limit: known}}, limit: agreed_limit}}
  - {{name: The rest, limit: 100}}
"""


def now(container: Container) -> OrganisationContext:
    (organisation,) = connecting.connections(OWNER, container)
    return organisation


@pytest.fixture
def ledger(container: Container, books: Books, tmp_path: Path) -> Container:
    for number in (1, 2):
        books.add_invoice(books.add_contact(number), number)
    (tmp_path / "rules" / "standard.yaml").write_text(RULES)
    pulling.pull_ledger(OWNER, now(container))
    return container


def on(container: Container, days: int) -> None:
    """Plan on a later day."""
    assert isinstance(container.clock, SetClock)
    container.clock.moment += timedelta(days=days)
    runs.prepare(OWNER, now(container))


def limits(container: Container, contact_id: str) -> list[tuple[date, object, str]]:
    rows = now(container).store.limits.of(now(container).id, [contact_id])
    return [(row.since, row.amount, row.rule) for row in rows]


def test_a_temporary_limit_leaves_its_trace(ledger: Container) -> None:
    on(ledger, 0)
    on(ledger, 0)
    on(ledger, 3)
    end = TODAY + timedelta(3)
    assert limits(ledger, "c1") == [(end, 500, "Agreed"), (TODAY, 900, "Agreed")]
    assert limits(ledger, "c2") == [(TODAY, 100, "The rest")]
    newest, first = now(ledger).store.limits.of(now(ledger).id, ["c1"])
    assert (first.until, newest.until, first.recorded_by) == (TODAY + timedelta(2), None, "Olga")
    assert (first.file.endswith("standard.yaml"), first.line) == (True, 5)
    assert first.rulebook_hash == now(ledger).rulebook.hash


def test_why_shows_the_limits_up_to_its_day(ledger: Container) -> None:
    on(ledger, 0)
    on(ledger, 3)
    view = why_view(why(OWNER, now(ledger), "Customer 1"))
    assert [(limit.amount, limit.currency) for limit in view.limits] == [
        ("500.00", "GBP"),
        ("900.00", "GBP"),
    ]
    earlier = why(OWNER, now(ledger), "Customer 1", TODAY)
    assert [limit.amount for limit in earlier.limits] == [900]


def test_a_limit_that_ends_is_kept_too(ledger: Container, tmp_path: Path) -> None:
    on(ledger, 0)
    rest = "credit_limits: [{name: None, when: {tag: x}, limit: 7}]\n"
    (tmp_path / "rules" / "standard.yaml").write_text(HEAD + rest)
    on(ledger, 1)
    assert limits(ledger, "c2")[0] == (TODAY + timedelta(1), None, "")
    pulling.rebuild_ledger(OWNER, now(ledger))
    assert len(limits(ledger, "c2")) == 2


def test_forgetting_keeps_amounts_and_days(ledger: Container, books: Books) -> None:
    on(ledger, 0)
    books.pay(books.invoices["i1"])
    pulling.pull_ledger(OWNER, now(ledger))
    exported = customer_data.export_contact(OWNER, ledger, "Customer 1")
    assert [row["amount"] for row in exported["credit_limits"]] == [900]
    customer_data.forget_contact(OWNER, ledger, "Customer 1")
    assert limits(ledger, "c1") == [(TODAY, 900, "forgotten")]
