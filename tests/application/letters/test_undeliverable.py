"""What takes no mail: the next step is a person's, who asks for another address."""

from __future__ import annotations

import pytest
from tests.builders.books import RULES, TODAY, Books

from arsync.application.connections import connecting
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Role
from arsync.application.results import Listed, RunResult
from arsync.application.runs import runs
from arsync.application.tasks import tasks
from arsync.application.tasks.tasks import CallReport
from arsync.core.actions import ReminderPayload, payload_of
from arsync.core.ledger.records import Phone, UndeliverableAddress

OWNER = Actor("Olga", Role.OWNER)

TEXT = (
    "Ask for another email address: c1@x.example takes no mail since 2026-11-20 (550 no such user)"
    "; phone: 020 7946 0018"
)


def now(container: Container) -> OrganisationContext:
    (organisation,) = connecting.connections(OWNER, container)
    return organisation


def sync(container: Container) -> RunResult:
    return runs.sync(OWNER, now(container))


def open_tasks(container: Container) -> list[Listed]:
    return tasks.tasks(OWNER, container)


def bounce(container: Container, address: str = "c1@x.example") -> None:
    bad = UndeliverableAddress("c1", address, TODAY, "550 no such user")
    store, moment = container.store, container.clock.now()
    assert store.undeliverable.record(now(container).id, bad, action_key="k", now=moment)


@pytest.fixture
def owing(container: Container, books: Books) -> Container:
    """A customer with a telephone, of whom an invoice is late."""
    contact = books.add_contact(1)
    books.contacts["c1"] = contact._replace(phones=(Phone("020 7946 0018"),))
    books.add_invoice(contact, 1, overdue=5)
    connecting.set_mode(OWNER, now(container), "observe")
    sync(container)
    connecting.set_mode(OWNER, now(container), "auto")
    return container


def test_no_letter_leaves_and_a_person_asks(owing: Container, books: Books) -> None:
    bounce(owing)
    result = sync(owing)
    assert books.emails == []
    assert result.plan is not None
    assert [held.why for held in result.plan.held_back] == ["no email address"]
    (task,) = open_tasks(owing)
    assert task.row.action.payload.title == TEXT
    sync(owing)
    assert len(open_tasks(owing)) == 1, "once"


def test_the_steps_own_task_names_address_and_phone(owing: Container) -> None:
    rules = RULES.replace("sending:\n", "sending:\n  without_email: task\n")
    (owing.config.rules_folder / "standard.yaml").write_text(rules)
    bounce(owing)
    sync(owing)
    titles = [task.row.action.payload.title for task in open_tasks(owing)]
    assert (
        "c1@x.example takes no mail since 2026-11-20 (550 no such user); phone: 020 7946 0018: "
        "send the first reminder another way"
    ) in titles
    assert len(titles) == 2


def test_a_new_address_in_the_books_ends_it(owing: Container, books: Books) -> None:
    bounce(owing)
    sync(owing)
    books.contacts["c1"] = books.contacts["c1"]._replace(email="new@x.example")
    result = sync(owing)
    (ended,) = result.ended_tasks
    assert ended.reason == "the address in the books was changed, or is tried again"
    assert open_tasks(owing) == []
    assert len(books.emails) == 1


def test_whoever_has_asked_has_it_tried_again(owing: Container, books: Books) -> None:
    bounce(owing)
    sync(owing)
    (task,) = open_tasks(owing)
    report = CallReport("the mailbox was full, and is not any more")
    tasks.complete_task(OWNER, owing, task.row.key, report)
    sync(owing)
    assert len(books.emails) == 1
    assert open_tasks(owing) == []
    bounce(owing)
    sync(owing)
    assert len(open_tasks(owing)) == 1, "it came back again"


def test_a_call_that_reached_nobody_clears_nothing(owing: Container, books: Books) -> None:
    bounce(owing)
    sync(owing)
    (task,) = open_tasks(owing)
    tasks.complete_task(OWNER, owing, task.row.key, CallReport("voicemail"))
    sync(owing)
    assert books.emails == []
    assert len(open_tasks(owing)) == 1


def test_one_bad_address_of_several_stops_no_letter(owing: Container, books: Books) -> None:
    books.contacts["c1"] = books.contacts["c1"]._replace(more_emails=("ann@x.example",))
    bounce(owing)
    sync(owing)
    (email,) = books.emails
    assert payload_of(email.action, ReminderPayload).to == "ann@x.example"
    assert len(open_tasks(owing)) == 1
