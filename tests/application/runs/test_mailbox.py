"""What came back of letters reaches their history, the next plan, and a person."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.builders import returned_samples as samples
from tests.builders.imap_server import FakeMailbox, serving
from tests.builders.practice import OWNER, Practice, practising

from arsync.application.health.doctor import examine
from arsync.application.overview.status import status
from arsync.application.runs.mailbox import (
    READ_AGAIN_SECONDS,
    MailboxResult,
    mailbox_view,
    read_mailbox,
)
from arsync.application.tasks import tasks
from arsync.application.timeline.customer_timeline import timeline
from arsync.clock import SetClock
from arsync.store.models import EventRow

CUSTOMER = "c1@x.example"


@pytest.fixture
def box() -> Iterator[FakeMailbox]:
    with serving(FakeMailbox()) as served:
        served.add(b"Subject: from before\n\n")
        yield served


@pytest.fixture
def practice(tmp_path: Path, box: FakeMailbox) -> Iterator[Practice]:
    """Both clients have sent their customer a letter, and share a mailbox."""
    with practising(tmp_path, f'[mailbox]\nurl = "{box.url}"\n') as opened:
        assert (opened.sync("acme"), opened.sync("bolt")) == ([], [])
        assert len(opened.keys()) == 2
        yield opened


def read(practice: Practice, name: str = "acme") -> MailboxResult:
    return read_mailbox(OWNER, practice.organisation(name))


def said(practice: Practice, key: str) -> list[str]:
    """Return what the mailbox said of a letter."""
    events: list[EventRow] = list(practice.container.store.actions.events(key))
    return [event.reason for event in events if event.actor == "mailbox"]


def undeliverable(practice: Practice, name: str) -> list[str]:
    organisation = practice.organisation(name)
    standing = organisation.store.undeliverable.standing(organisation.id)
    return [each.address for each in standing]


def later(practice: Practice, seconds: float) -> None:
    clock = practice.container.clock
    assert isinstance(clock, SetClock)
    clock.moment = clock.moment.fromtimestamp(
        clock.moment.timestamp() + seconds, clock.moment.tzinfo
    )


def warned(practice: Practice) -> str:
    return "\n".join(status(OWNER, practice.organisation("acme")).warnings)


@pytest.mark.parametrize("report", [samples.postfix, samples.exchange, samples.gmail])
def test_a_letter_that_came_back_becomes_a_task(
    practice: Practice, box: FakeMailbox, report: object
) -> None:
    assert callable(report)
    acme, bolt = practice.keys()
    box.add(report(acme, CUSTOMER))
    (news,) = read(practice).news
    assert (news.key, news.customer) == (acme, "Customer 1")
    assert news.text.startswith(f"came back from {CUSTOMER}: 550")
    assert said(practice, acme) == [news.text]
    assert said(practice, bolt) == []
    assert undeliverable(practice, "acme") == [CUSTOMER]
    assert read(practice).news == ()
    later(practice, 20 * 86_400)
    practice.sync("acme")
    (task,) = tasks.tasks(OWNER, practice.container, "acme")
    assert task.row.action.payload.title.startswith(
        f"Ask for another email address: {CUSTOMER} takes no mail since 2026-11-20 (550"
    )
    assert len(practice.keys()) == 2, "nothing more is sent there"


def test_each_connections_letters_are_its_own(practice: Practice, box: FakeMailbox) -> None:
    bolt = practice.keys()[1]
    box.add(samples.postfix(bolt, CUSTOMER))
    assert len(read(practice, "acme").news) == 1, "they share the mailbox"
    assert undeliverable(practice, "acme") == []
    assert undeliverable(practice, "bolt") == [CUSTOMER]


def test_one_clients_mailbox_says_nothing_of_another(practice: Practice, box: FakeMailbox) -> None:
    acme, bolt = practice.keys()
    with serving(FakeMailbox()) as other:
        practice.own("bolt", f'[mailbox]\nurl = "{other.url}"\n')
        assert read(practice, "bolt").news == ()
        other.add(samples.postfix(acme, CUSTOMER))
        assert read(practice, "bolt").news == ()
        box.add(samples.postfix(bolt, CUSTOMER))
        assert read(practice, "acme").news == ()
    assert undeliverable(practice, "acme") == undeliverable(practice, "bolt") == []


def test_forged_and_foreign_reports_say_nothing(practice: Practice, box: FakeMailbox) -> None:
    acme, _ = practice.keys()
    box.add(samples.postfix("e" * 32, CUSTOMER))
    box.add(samples.advertisement())
    box.add(b"\xff\xfe\x00 no mail at all")
    # Whoever got a letter knows its id, and may report addresses that it never went to.
    forged = samples.postfix(acme, CUSTOMER)
    practice.platform.books.contacts["c1"] = practice.platform.books.contacts["c1"]._replace(
        more_emails=("boss@x.example",)
    )
    box.add(forged.replace(CUSTOMER.encode(), b"someone@elsewhere.example"))
    result = read(practice)
    assert result.messages == 4
    assert [news.text.partition(":")[0] for news in result.news] == [f"came back from {CUSTOMER}"]
    assert undeliverable(practice, "acme") == [CUSTOMER], "the one address that it went to"


def test_delays_and_replies_open_no_task(practice: Practice, box: FakeMailbox) -> None:
    acme, bolt = practice.keys()
    box.add(samples.postfix(acme, CUSTOMER, action="delayed", status="4.4.1"))
    box.add(samples.out_of_office(acme))
    box.add(samples.answer(bolt))
    box.add(samples.spam_refused(bolt))
    read(practice)
    assert [text.partition(":")[0] for text in said(practice, acme)] == [
        f"is delayed on its way to {CUSTOMER}",
        "an automatic reply came",
    ]
    assert said(practice, bolt)[0] == "a reply is in the mailbox: Re: Reminder"
    assert "Message rejected as spam" in said(practice, bolt)[1]
    assert undeliverable(practice, "acme") == undeliverable(practice, "bolt") == []


def test_what_came_stands_in_the_timeline(practice: Practice, box: FakeMailbox) -> None:
    acme, _ = practice.keys()
    box.add(samples.out_of_office(acme))
    box.add(samples.postfix(acme, CUSTOMER))
    read(practice)
    events = timeline(OWNER, practice.container, "Customer 1", connection="acme").events
    told = [(event.kind, event.text, event.invoices) for event in events if event.by == "mailbox"]
    assert [kind for kind, _, _ in told] == ["mail", "mail"]
    assert told[0][1].startswith("First reminder: an automatic reply came: Automatic reply")
    assert told[1][1].startswith(f"First reminder: came back from {CUSTOMER}: 550 5.1.1")
    assert told[0][2] == ("INV-1",)


def test_one_address_of_several_refused_is_kept(tmp_path: Path) -> None:
    with practising(tmp_path) as practice:
        books = practice.platform.books
        contact = books.contacts["c1"]._replace(more_emails=("boss@x.example",))
        books.contacts["c1"] = contact
        practice.sink.refused[CUSTOMER] = "550 5.1.1 no such user"
        assert practice.sync("acme") == []
        assert [recipients for _, recipients, _ in practice.mails()] == ["boss@x.example"]
        assert undeliverable(practice, "acme") == [CUSTOMER]
        practice.sync("acme")
        assert len(tasks.tasks(OWNER, practice.container, "acme")) == 1


def test_a_huge_report_is_read_from_its_beginning(practice: Practice, box: FakeMailbox) -> None:
    acme, _ = practice.keys()
    box.add(samples.exchange(acme, CUSTOMER).replace(b"Dear Customer", b"x" * 3_000_000))
    assert len(read(practice).news) == 1


def test_a_mailbox_read_anew_tells_nothing_twice(practice: Practice, box: FakeMailbox) -> None:
    acme, _ = practice.keys()
    box.add(samples.postfix(acme, CUSTOMER))
    read(practice)
    (task_of,) = practice.organisation("acme").store.undeliverable.standing(
        practice.organisation("acme").id
    )
    organisation = practice.organisation("acme")
    organisation.store.undeliverable.clear(
        organisation.id, task_of.number, who="Jo", now=practice.container.clock.now()
    )
    box.uid_validity = 2
    result = read(practice)
    assert (result.messages, result.news) == (2, ())
    assert undeliverable(practice, "acme") == [], "what a person cleared stays clear"


def test_several_connections_read_a_mailbox_once(practice: Practice, box: FakeMailbox) -> None:
    later(practice, READ_AGAIN_SECONDS + 1)
    box.commands.clear()
    practice.sync("acme")
    practice.sync("bolt")
    assert box.commands.count("LOGIN") == 1


def test_a_mailbox_that_fails_stops_no_run(practice: Practice, box: FakeMailbox) -> None:
    later(practice, READ_AGAIN_SECONDS + 1)
    box.password = "changed"
    assert practice.sync("acme") == []
    assert "what came back of letters is not known" in warned(practice)
    found = [finding.message for finding in examine(OWNER, practice.container)]
    assert any("refuses user 'ann'" in text for text in found)
    assert "refuses user 'ann'" in read(practice).failure
    box.password = "pw"
    assert read(practice).failure == ""
    assert not any(
        "not known" in text for text in status(OWNER, practice.organisation("acme")).warnings
    )


def test_without_a_mailbox_nothing_is_read(practice: Practice) -> None:
    practice.own("acme", '[mailbox]\nurl = ""\n')
    result = read(practice)
    assert result.skipped == "[mailbox] url is empty: no mailbox is read"
    view = mailbox_view("acme", result)
    assert (view.connection, view.messages, view.news) == ("acme", 0, ())


def test_doctor_says_where_mail_comes_back(practice: Practice) -> None:
    found = [(each.about, each.message) for each in examine(OWNER, practice.container)]
    assert ("mailbox", "what comes back is read at 127.0.0.1.") in found


def test_an_address_refused_at_once_is_the_same(tmp_path: Path) -> None:
    with practising(tmp_path) as practice:
        practice.sink.refused[CUSTOMER] = "550 5.1.1 no such user"
        (problem,) = practice.sync("acme")
        assert "was refused: 550 5.1.1 no such user" in problem
        assert undeliverable(practice, "acme") == [CUSTOMER]
        practice.sync("acme")
        (task,) = tasks.tasks(OWNER, practice.container, "acme")
        assert f"{CUSTOMER} takes no mail" in task.row.action.payload.title
        books = practice.platform.books
        books.contacts["c1"] = books.contacts["c1"]._replace(email="new@x.example")
        practice.sync("acme")
        assert [recipients for _, recipients, _ in practice.mails()] == ["new@x.example"]
        assert tasks.tasks(OWNER, practice.container, "acme") == []


def test_a_letter_taken_for_spam_blames_no_address(tmp_path: Path) -> None:
    with practising(tmp_path) as practice:
        practice.sink.refused[CUSTOMER] = "550 5.7.1 blocked by policy"
        practice.sync("acme")
        assert undeliverable(practice, "acme") == []
