"""A rulebook in a currency that the books are not kept in is a mistake, told everywhere."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from tests.builders.books import ORGANISATION, RULES, Books

from arsync.application.connections import connecting
from arsync.application.decisions import plans
from arsync.application.health.doctor import examine
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.overview.status import status
from arsync.application.permissions import Actor, Role
from arsync.application.rules.rule_checking import check_rules
from arsync.application.runs import runs
from arsync.clock import SetClock
from arsync.core.actions import ActionKind
from arsync.errors import EXIT_MISTAKE, UserMistake

OWNER = Actor("Olga", Role.OWNER)
TOLD = (
    "rules/standard.yaml:3:11: the rulebook's amounts are in USD, the books of books are kept in"
    " GBP."
)


def now(container: Container) -> OrganisationContext:
    (context,) = connecting.connections(OWNER, container)
    return context


@pytest.fixture
def standard(container: Container, books: Books) -> Path:
    """A hold is placed, then the rulebook's currency is changed by mistake."""
    books.add_invoice(books.add_contact(1), 1, amount="9000")
    connecting.set_mode(OWNER, now(container), "auto")
    assert not runs.sync(OWNER, now(container)).all_problems
    assert len(books.keys(ActionKind.CREDIT_HOLD)) == 1
    standard = container.config.rules_folder / "standard.yaml"
    standard.write_text(RULES.replace("currency: GBP", "currency: USD"))
    assert isinstance(container.clock, SetClock)
    container.clock.advance(timedelta(days=20))
    return standard


def test_nothing_is_planned_and_nothing_lifted(
    container: Container, books: Books, standard: Path
) -> None:
    before = len(books.done)
    result = runs.sync(OWNER, now(container))
    assert (result.exit_code, result.plan) == (EXIT_MISTAKE, None)
    assert result.problems[0].startswith(TOLD)
    assert "hint: write currency: GBP" in result.problems[0]
    assert len(books.done) == before


def test_every_command_tells_of_the_currency(container: Container, standard: Path) -> None:
    with pytest.raises(UserMistake, match="amounts are in USD"):
        plans.plan(OWNER, now(container))
    checked = check_rules(OWNER, container)
    assert (checked.errors, checked.problems[0].startswith(TOLD)) == (1, True)
    assert status(OWNER, now(container)).rulebook.startswith(TOLD)
    wrong = [finding.message for finding in examine(OWNER, container) if finding.verdict == "wrong"]
    assert any(message.startswith(TOLD) for message in wrong)


def test_one_connection_has_its_own_currency(
    container: Container, books: Books, standard: Path
) -> None:
    own = standard.parent / "books"
    own.mkdir()
    (own / "own.yaml").write_text("currency: GBP\n")
    assert not runs.sync(OWNER, now(container)).all_problems


def test_a_currency_not_told_yet_is_no_mistake(container: Container, standard: Path) -> None:
    unknown = ORGANISATION._replace(id="new", base_currency="")
    container.store.connections.add("new", platform="books", organisation=unknown)
    context = OrganisationContext(container, container.store.connections.get("new"))
    assert context.misfits == ()
    assert check_rules(OWNER, container, "new").errors == 0
