"""The letters of a plan, before any of them leaves."""

from __future__ import annotations

import pytest
from tests.builders.books import Books

from arsync.application.connections import connecting
from arsync.application.decisions.action_history import action_history
from arsync.application.letters.letter_preview import extras_as_sent
from arsync.application.letters.plan_letters import letters_of_plan
from arsync.application.organisation.container import Container
from arsync.application.permissions import Actor, Role
from arsync.application.runs import pulling, runs
from arsync.application.timeline.customer_timeline import timeline
from arsync.core.actions.notices import NoticeNumber
from arsync.outbox import LetterExtras

from .conftest import OWNER, now

RITA = Actor("Rita", Role.READER)


@pytest.fixture
def late(ledger: Container, books: Books) -> Container:
    """Three customers are due a final notice, by mail."""
    file = ledger.config.rules_folder / "standard.yaml"
    text = file.read_text().replace("via: accounting system", "via: smtp")
    file.write_text(text.replace("email: first reminder", "email: final notice"))
    for number in (5, 6):
        books.add_invoice(books.add_contact(number), number, overdue=3)
    pulling.pull_ledger(OWNER, now(ledger))
    return ledger


def test_each_letter_of_a_plan_is_shown(late: Container) -> None:
    letters = list(letters_of_plan(RITA, now(late)))
    assert [letter.customer for letter in letters] == ["Customer 1", "Customer 5", "Customer 6"]
    assert all("INV-" in letter.letter.text for letter in letters)
    assert len(list(letters_of_plan(RITA, now(late), 2))) == 2


def test_numbers_come_in_the_order_of_leaving(late: Container) -> None:
    numbers = [letter.letter.notice_number for letter in letters_of_plan(RITA, now(late))]
    assert numbers == ["N-1", "N-2", "N-3"]
    connecting.set_mode(OWNER, now(late), "auto")
    runs.sync(OWNER, now(late))
    register = now(late).store.letters.register(now(late).id)
    customers = [notice.row.action.contact_name for notice in register if notice.row is not None]
    assert customers == ["Customer 1", "Customer 5", "Customer 6"]
    events = timeline(RITA, late, "Customer 5").events
    (told,) = [event.text for event in events if event.kind == "reminder"]
    (row,) = [notice.row for notice in register if notice.number == 2]
    assert row is not None
    assert action_history(RITA, late, row.key)[1].notice_number == "N-2"
    assert extras_as_sent(now(late), row) == LetterExtras(
        notice_number=NoticeNumber(2, now(late).today)
    )
    assert "notice N-2: confirmed (mail to c5@x.example" in told
