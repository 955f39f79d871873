"""While a file that looks meant as rules is not read, nothing that the rules plan leaves."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from tests.builders.books import Books

from arsync.application.connections import connecting
from arsync.application.decisions import approvals, plans
from arsync.application.health.doctor import examine
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.overview.status import status
from arsync.application.permissions import Actor, Role
from arsync.application.rules.rule_checking import check_rules
from arsync.application.runs import pulling, runs
from arsync.clock import SetClock
from arsync.core.actions import ActionKind, ActionState
from arsync.errors import EXIT_MISTAKE, EXIT_WAITING

OWNER = Actor("Olga", Role.OWNER)
ALONE = "leave_alone:\n  - {name: With the solicitor, when: {contact: Customer 1}}\n"


@pytest.fixture
def rules(container: Container) -> Path:
    return container.config.rules_folder


@pytest.fixture
def sending(container: Container, books: Books) -> OrganisationContext:
    for number in (1, 2):
        books.add_invoice(books.add_contact(number), number, amount="9000")
    (context,) = connecting.connections(OWNER, container)
    pulling.pull_ledger(OWNER, context)
    return connecting.set_mode(OWNER, context, "auto")


def now(container: Container) -> OrganisationContext:
    (context,) = connecting.connections(OWNER, container)
    return context


def test_nothing_leaves_and_the_file_is_named(
    sending: OrganisationContext, books: Books, rules: Path
) -> None:
    (rules / "legal.YAML").write_text(ALONE)
    result = runs.sync(OWNER, now(sending.container))
    assert result.exit_code == EXIT_MISTAKE
    assert result.problems[0].startswith("rules/legal.YAML: looks meant as rules")
    assert result.plan is not None
    assert {action.kind for action in result.plan.actions} >= {
        ActionKind.REMINDER,
        ActionKind.CREDIT_HOLD,
    }
    assert "nothing that the rules plan leaves: rules/legal.YAML" in result.paused[0].text
    assert books.done == []


def test_it_leaves_once_somebody_said_it_is_meant_so(
    sending: OrganisationContext, books: Books, rules: Path
) -> None:
    (rules / "legal.YAML").write_text(ALONE)
    runs.sync(OWNER, now(sending.container))
    (rules / "said.yaml").write_text("not_rules: [legal.YAML]\n")
    result = runs.sync(OWNER, now(sending.container))
    assert result.exit_code != EXIT_MISTAKE
    assert len(books.emails) == 2


def test_the_renamed_file_counts_from_the_next_run(
    sending: OrganisationContext, books: Books, rules: Path
) -> None:
    wrong = rules / "legal.YAML"
    wrong.write_text(ALONE)
    runs.sync(OWNER, now(sending.container))
    wrong.rename(rules / "legal.yaml")
    runs.sync(OWNER, now(sending.container))
    assert len(books.emails) == 1


def test_what_a_person_approved_waits_too(
    sending: OrganisationContext, books: Books, rules: Path
) -> None:
    container = sending.container
    connecting.set_mode(OWNER, sending, "approve")
    runs.sync(OWNER, now(container))
    approvals.approve(OWNER, container, None)
    (rules / "legal.yaml").symlink_to("/mnt/share/legal.yaml")
    result = runs.apply(OWNER, now(container))
    assert result.exit_code == EXIT_MISTAKE
    assert books.emails == []
    counts = container.store.actions.counts(sending.id)
    assert counts[ActionState.APPROVED] >= 2


def test_no_hold_is_lifted_while_rules_are_unread(
    sending: OrganisationContext, books: Books, rules: Path
) -> None:
    container = sending.container
    standard = rules / "standard.yaml"
    text = standard.read_text()
    start = text.index("credit_holds:")
    end = text.index("reminders:")
    standard.write_text(text[:start] + text[end:])
    holds = rules / "holds.yaml"
    holds.write_text(text[start:end])
    runs.sync(OWNER, now(container))
    assert len(books.keys(ActionKind.CREDIT_HOLD)) == 2
    holds.rename(rules / "holds.yaml.txt")
    assert isinstance(container.clock, SetClock)
    container.clock.advance(timedelta(days=1))
    result = runs.sync(OWNER, now(container))
    assert result.plan is not None
    assert ActionKind.LIFT_CREDIT_HOLD in {action.kind for action in result.plan.actions}
    assert books.keys(ActionKind.LIFT_CREDIT_HOLD, ActionKind.RESTORE_TERMS) == []


def test_every_command_tells_of_it(sending: OrganisationContext, rules: Path) -> None:
    container = sending.container
    (rules / "bookz").mkdir()
    (rules / "bookz" / "legal.yaml").write_text(ALONE)
    told = "rules/bookz: holds rules or letters and is the folder of no connection."
    plan = plans.plan(OWNER, now(container))
    assert plan.problems[0].startswith(told)
    assert "did you mean 'books'?" in plan.problems[0]
    assert plan.actions
    connection_status = status(OWNER, now(container))
    assert not connection_status.rulebook_ok
    assert connection_status.rulebook.startswith(told)
    checked = check_rules(OWNER, container)
    assert (checked.errors, checked.problems[0].startswith(told)) == (1, True)
    wrong = [finding for finding in examine(OWNER, container) if finding.verdict == "wrong"]
    assert any(finding.message.startswith(told) for finding in wrong)
    prepared = runs.prepare(OWNER, now(container))
    assert prepared.problems[0].startswith(told)


def test_folders_of_removed_connections_stop_nobody(
    sending: OrganisationContext, books: Books, rules: Path
) -> None:
    container = sending.container
    organisation = sending.connection.organisation._replace(id="gone")
    container.store.connections.add("bookz", platform="books", organisation=organisation)
    container.store.connections.remove("bookz")
    (rules / "bookz").mkdir()
    (rules / "bookz" / "legal.yaml").write_text(ALONE)
    result = runs.sync(OWNER, now(container))
    assert result.exit_code in {0, EXIT_WAITING}
    assert len(books.emails) == 2
