"""A word that nobody in the ledger has is told by every command, once for each connection."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.builders.books import RULES, Books

from arsync.application.connections import connecting
from arsync.application.decisions import plans
from arsync.application.decisions.why import why
from arsync.application.health.doctor import examine
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.overview.status import status
from arsync.application.permissions import Actor, Role
from arsync.application.rules.rule_checking import check_rules
from arsync.application.runs import pulling, runs
from arsync.errors import EXIT_DONE

OWNER = Actor("Olga", Role.OWNER)
WORDS = """\
customers:
  - {contact: Custommer 1, tags: [legal]}
  - {contact: Customer 2, tags: [vip]}
leave_alone:
  - {name: With the solicitor, when: {tag: leagl}}
"""
TOLD = [
    "rules/words.yaml:2: no contact is called 'Custommer 1': did you mean 'Customer 1'?",
    "rules/words.yaml:5: no customer has the tag 'leagl': did you mean 'legal'?",
]


@pytest.fixture
def container_with_words(container: Container, books: Books) -> Container:
    for number in (1, 2, 3):
        books.add_invoice(books.add_contact(number), number)
    (container.config.rules_folder / "words.yaml").write_text(WORDS)
    pulling.pull_ledger(OWNER, now(container))
    return container


def now(container: Container) -> OrganisationContext:
    (context,) = connecting.connections(OWNER, container)
    return context


def test_every_command_tells_unknown_words(container_with_words: Container) -> None:
    container = container_with_words
    assert [line for line in plans.plan(OWNER, now(container)).problems if "words" in line] == TOLD
    assert [line for line in status(OWNER, now(container)).warnings if "words" in line] == TOLD
    notes = [finding for finding in examine(OWNER, container) if "words.yaml" in finding.message]
    assert [(finding.verdict, finding.message) for finding in notes] == [
        ("note", line) for line in TOLD
    ]
    checked = check_rules(OWNER, container)
    assert sum("words.yaml" in warning for warning in checked.warnings) == len(TOLD)
    result = runs.sync(OWNER, now(container))
    assert list(result.notices) == TOLD
    assert result.exit_code == EXIT_DONE


def test_explaining_one_customer_tells_of_no_other(container_with_words: Container) -> None:
    explained = why(OWNER, now(container_with_words), "Customer 3")
    assert [line for line in explained.plan.problems if "is called" in line] == []


def test_a_limit_below_what_everybody_owes_is_told(container: Container, books: Books) -> None:
    standard: Path = container.config.rules_folder / "standard.yaml"
    standard.write_text(RULES.replace("limit: 5,000", "limit: 50"))
    for number in (1, 2, 3):
        books.add_invoice(books.add_contact(number), number)
    pulling.pull_ledger(OWNER, now(container))
    told = [line for line in plans.plan(OWNER, now(container)).problems if "a digit" in line]
    assert len(told) == 1
    result = runs.prepare(OWNER, now(container))
    assert list(result.notices) == told
