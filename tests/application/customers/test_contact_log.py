"""`log`: kept, noted once in the accounting system, taken back, exported and forgotten."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.builders.books import TODAY, Books

from arsync.application.connections import connecting
from arsync.application.customers import customer_data
from arsync.application.customers.contact_log import (
    LOG_DAYS_BACK_MAX,
    LogEntry,
    log,
    take_back_entry,
)
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Role
from arsync.application.runs import pulling, runs
from arsync.core.actions import ActionKind
from arsync.core.ledger.records import LogKind
from arsync.errors import UserMistake

ANN = Actor("Ann", Role.ACCOUNTANT)
OWNER = Actor("Olga", Role.OWNER)


def now(container: Container) -> OrganisationContext:
    (organisation,) = connecting.connections(OWNER, container)
    return organisation


@pytest.fixture
def ledger(container: Container, books: Books) -> Container:
    """Two customers owe 100 each, due tomorrow: nothing is planned."""
    for number in (1, 2):
        books.add_invoice(books.add_contact(number), number, overdue=-1)
    pulling.pull_ledger(OWNER, now(container))
    connecting.set_mode(OWNER, now(container), "auto")
    return container


def notes(books: Books) -> list[str]:
    return [done.write.action.note for done in books.done if done.kind is ActionKind.NOTE]


def test_a_call_is_noted_once_on_its_invoice(ledger: Container, books: Books) -> None:
    entry = LogEntry("Pays on Friday.", LogKind.CALL, TODAY - timedelta(1), "INV-1")
    logged = log(ANN, ledger, "customer 1", entry)
    assert logged.message.startswith("Logged as number 1: Customer 1, call on 2026-11-")
    for _ in range(2):
        runs.sync(OWNER, now(ledger))
    (note,) = notes(books)
    assert note.endswith("-19: Pays on Friday. Logged by Ann.")
    assert [ref.number for ref in books.done[0].write.action.invoices] == ["INV-1"]


def test_an_entry_taken_back_is_noted_if_it_was(ledger: Container, books: Books) -> None:
    log(ANN, ledger, "Customer 1", LogEntry("wrong customer"))
    take_back_entry(ANN, ledger, "Customer 1", 1, reason="a slip")
    runs.sync(OWNER, now(ledger))
    assert notes(books) == []
    log(ANN, ledger, "Customer 1", LogEntry("right customer"))
    runs.sync(OWNER, now(ledger))
    with pytest.raises(UserMistake, match="entry 2 of the log is not about Customer 2"):
        take_back_entry(ANN, ledger, "Customer 2", 2, reason="a slip")
    take_back_entry(ANN, ledger, "Customer 1", 2, reason="a slip")
    runs.sync(OWNER, now(ledger))
    assert notes(books)[1].endswith("was logged by mistake, says Ann: a slip")


def test_what_observes_keeps_the_entry_alone(ledger: Container, books: Books) -> None:
    connecting.set_mode(OWNER, now(ledger), "observe")
    logged = log(ANN, ledger, "Customer 1", LogEntry("seen"))
    assert (logged.note, "only observes" in logged.message) == (None, True)
    connecting.set_mode(OWNER, now(ledger), "auto")
    runs.sync(OWNER, now(ledger))
    assert notes(books) == []
    assert [row.text for row in ledger.store.log.recorded(now(ledger).id)] == ["seen"]


def test_a_complaint_names_the_way_to_a_dispute(ledger: Container) -> None:
    logged = log(ANN, ledger, "Customer 1", LogEntry("too late", LogKind.COMPLAINT))
    assert "`arsync dispute INVOICE --reason TEXT` does" in logged.message


def test_what_cannot_be_logged_is_refused(ledger: Container) -> None:
    for entry, words in (
        (LogEntry(" "), "say what happened"),
        (LogEntry("x" * 1_001), "1,001 characters is too long; 1,000 fit"),
        (LogEntry("x", happened_on=TODAY + timedelta(1)), "is to come"),
        (LogEntry("x", happened_on=TODAY - timedelta(LOG_DAYS_BACK_MAX + 1)), "check the year"),
        (LogEntry("x", invoice="INV-2"), "is an invoice of Customer 2, not of Customer 1"),
    ):
        with pytest.raises(UserMistake, match=words):
            log(ANN, ledger, "Customer 1", entry)
    with pytest.raises(UserMistake, match="may not log what happened"):
        log(Actor("Rita", Role.READER), ledger, "Customer 1", LogEntry("x"))


def test_the_log_is_exported_and_its_words_are_forgotten(ledger: Container, books: Books) -> None:
    log(ANN, ledger, "Customer 1", LogEntry("divorced"))
    pulling.rebuild_ledger(OWNER, now(ledger))
    runs.sync(OWNER, now(ledger))
    exported = customer_data.export_contact(OWNER, ledger, "Customer 1")
    assert [row["text"] for row in exported["log"]] == ["divorced"]
    books.pay(books.invoices["i1"])
    pulling.pull_ledger(OWNER, now(ledger))
    customer_data.forget_contact(OWNER, ledger, "Customer 1")
    (row,) = ledger.store.log.recorded(now(ledger).id)
    assert (row.text, row.recorded_by) == ("", "Ann")
