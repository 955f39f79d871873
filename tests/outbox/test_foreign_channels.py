"""A way that another package brings: named in a rulebook, planned, delivered, looked up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.builders.books import RULES, BooksWorld
from tests.builders.pigeon import pigeon_installed

from arsync.core.actions import ActionState

BY_PIGEON = RULES.replace("via: accounting system", "via: pigeon")


@pytest.fixture
def loft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The channel, which keeps what has flown."""
    folder = tmp_path / "site"
    folder.mkdir()
    with pigeon_installed(folder, monkeypatch) as channel:
        yield channel


def test_a_rulebook_sends_by_an_installed_way(world: BooksWorld, loft: Any) -> None:
    world.rules(BY_PIGEON)
    for number in (1, 2, 3):
        world.books.add_invoice(world.books.add_contact(number), number)
    result = world.sync()
    assert [message.to for message in loft.flown] == [("Customer 1",), ("Customer 2",)]
    assert loft.flown[0].short_text.endswith("Example Ltd")
    assert result.applied is not None
    assert result.applied.emails_left_over == 1, "two pigeons fly on a day"
    notes = [done.write.text for done in world.books.done]
    assert len(notes) == 2
    assert all(note.endswith("flown") for note in notes)
    world.advance(days=1)
    world.sync()
    assert len(loft.flown) == 3
    assert {row.state for row in world.rows()} == {ActionState.CONFIRMED}


def test_a_way_that_is_gone_is_said(world: BooksWorld) -> None:
    world.rules(BY_PIGEON)
    world.books.add_invoice(world.books.add_contact(1), 1)
    problems = " ".join(world.sync().problems)
    assert "pigeon" in problems
    assert world.books.emails == []
