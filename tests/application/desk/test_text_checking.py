"""Checking a rulebook's text before it counts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.builders.desk import RULES, DeskDriver, a_desk
from tests.builders.driver import an_owner

from arsync.application.desk.text_checking import check_text

OWNER = an_owner("Hannah Reid")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[DeskDriver]:
    with a_desk(tmp_path) as opened:
        yield opened


def test_a_text_is_checked_as_the_connections_rulebook(desk: DeskDriver) -> None:
    (books,) = desk.container.contexts("books")
    before = books.rules.rulebook
    assert check_text(OWNER, books, RULES).errors == 0
    misfit = check_text(OWNER, books, RULES.replace("GBP", "EUR"))
    assert misfit.errors == 1
    assert misfit.problems[0].startswith("rulebook.yaml:3:11: ")
    unknown = check_text(OWNER, books, RULES.replace("credit_holds", "credit_hold"))
    assert "credit_hold" in unknown.problems[0]
    assert books.rules.rulebook is before


def test_a_text_may_extend_a_shipped_rulebook(desk: DeskDriver) -> None:
    (books,) = desk.container.contexts("books")
    checked = check_text(OWNER, books, "version: 1\nextends: standard\ncurrency: GBP\n")
    assert checked.names
