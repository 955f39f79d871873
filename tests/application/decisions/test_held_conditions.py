"""How long conditions have held is kept between runs, through a rebuild, and told."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from tests.builders.books import TODAY, Books

from arsync.application.connections import connecting
from arsync.application.organisation.account_reading import accounts_on
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Role
from arsync.application.runs import pulling, runs
from arsync.clock import SetClock
from arsync.core.actions import ActionKind
from arsync.core.ledger.records import HeldSince

OWNER = Actor("Olga", Role.OWNER)
RULES = """\
version: 1
name: Patience
currency: GBP
credit_limits: [{name: All, limit: 50}]
credit_holds:
  - {name: Over, when: {over_limit_percent: {more_than: 10}, for: 7 days}}
follow_ups:
  - {name: Old, when: {amount_due: {more_than: 10}, for: 3 days}, task: Look}
"""


def now(container: Container) -> OrganisationContext:
    (organisation,) = connecting.connections(OWNER, container)
    return organisation


@pytest.fixture
def ledger(container: Container, books: Books, tmp_path: Path) -> Container:
    books.add_invoice(books.add_contact(1), 1, overdue=-5)
    (tmp_path / "rules" / "standard.yaml").write_text(RULES)
    connecting.set_mode(OWNER, now(container), "auto")
    return container


def after(container: Container, days: int) -> set[ActionKind]:
    """Sync on a later day; return what was planned."""
    assert isinstance(container.clock, SetClock)
    container.clock.moment += timedelta(days=days)
    result = runs.sync(OWNER, now(container))
    assert result.plan is not None, result.all_problems
    return {action.kind for action in result.plan.actions}


def states(container: Container) -> list[HeldSince]:
    (account,) = accounts_on(now(container), contact_ids=["c1"])
    assert [account] == list(accounts_on(now(container)))
    return list(account.held_since.values())


def test_a_hold_comes_once_its_reason_lasted(ledger: Container, books: Books) -> None:
    assert after(ledger, 0) == set()
    assert states(ledger) == [HeldSince(TODAY), HeldSince(TODAY)]
    assert after(ledger, 4) == {ActionKind.TASK}
    pulling.rebuild_ledger(OWNER, now(ledger))
    assert ActionKind.CREDIT_HOLD in after(ledger, 3)
    books.pay(books.invoices["i1"])
    assert after(ledger, 1) == {ActionKind.LIFT_CREDIT_HOLD}
    assert states(ledger) == []


def test_what_no_rule_asks_is_forgotten(ledger: Container, tmp_path: Path) -> None:
    after(ledger, 0)
    (tmp_path / "rules" / "standard.yaml").write_text(RULES.partition("follow_ups")[0])
    after(ledger, 1)
    assert states(ledger) == [HeldSince(TODAY)]
