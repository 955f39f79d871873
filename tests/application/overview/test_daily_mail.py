"""The owner's daily mail: what waits and who will be written to, once a day, whatever happens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from aiosmtpd.smtp import Envelope
from tests.builders.books import NOW, ORGANISATION, RULES, Books, BooksPlatform
from tests.builders.mail_server import Sink
from tests.builders.many_ledgers import WAYS, fill
from tests.builders.stores import put_store

from arsync.application.connections import connecting
from arsync.application.decisions.approvals import approve
from arsync.application.health.doctor import examine
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.overview.daily_digest import (
    CONNECTIONS_PER_SECTION_MAX,
    Digest,
    DigestLine,
    DigestSection,
)
from arsync.application.overview.daily_mail import PATIENCE, letter_of, mail_of_the_day
from arsync.application.overview.status import status
from arsync.application.permissions import Actor, Role
from arsync.application.runs import runs
from arsync.application.telling.forewarning import forewarned
from arsync.clock import SetClock
from arsync.config import load_config
from arsync.store.models import ConnectionState

OWNER = Actor("Olga", Role.OWNER)

READER = "owner@example.com"


def config_for(folder: Path, port: int, more: str = "") -> str:
    return (
        '[store]\nurl = "sqlite:///arsync.db"\n[tokens]\nkeyring = "off"\n'
        f'[runs]\nnotify = "owner@example.com"\n{more}'
        f'[smtp]\nurl = "smtp://127.0.0.1:{port}"\nsender = "Accounts <accounts@example.com>"\n'
    )


def opened(folder: Path, books: Books, port: int, more: str = "") -> Container:
    """Open the installation in a folder, as a process that has just started does."""
    put_store(folder)
    (folder / "config.toml").write_text(config_for(folder, port, more))
    return Container(
        load_config(folder / "config.toml", {}),
        clock=SetClock(NOW),
        platforms=lambda _: BooksPlatform(books),
    )


@pytest.fixture
def container(tmp_path: Path, books: Books, server: tuple[Sink, int]) -> Iterator[Container]:
    """One connection that asks for approval; one customer is 5 days late, another is due in 2."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "standard.yaml").write_text(RULES)
    with opened(tmp_path, books, server[1]) as container:
        container.store.connections.add("books", platform="books", organisation=ORGANISATION)
        books.add_invoice(books.add_contact(1), 1, overdue=5)
        books.add_invoice(books.add_contact(2), 2, overdue=0)
        connecting.set_mode(OWNER, now(container), "approve")
        runs.sync(OWNER, now(container))
        yield container


def now(container: Container) -> OrganisationContext:
    (organisation,) = connecting.connections(OWNER, container)
    return organisation


def pass_time(container: Container, **step: float) -> None:
    assert isinstance(container.clock, SetClock)
    container.clock.advance(timedelta(**step))


def texts(sink: Sink) -> list[str]:
    return [_text(envelope) for envelope in sink.envelopes]


def _text(envelope: Envelope) -> str:
    assert isinstance(envelope.content, bytes)
    message = message_from_bytes(envelope.content, policy=policy.default)
    body = message.get_body(("plain",))
    assert body is not None
    return f"{message['Subject']}\n{body.get_content()}".replace("\r\n", "\n")


def test_what_waits_is_mailed_once_with_its_command(container: Container, sink: Sink) -> None:
    assert mail_of_the_day(container)
    assert not mail_of_the_day(container)
    (text,) = texts(sink)
    key = container.store.actions.list(now(container).id)[0].key[:12]
    first = "Customer 1, invoice email by Books (first reminder): INV-1, GBP 100.00"
    assert text.startswith("arsync, 2026-11-20: approvals\nWAITING FOR YOUR APPROVAL\n\nbooks\n")
    assert "- 1 decision: 1 reminder; GBP 100.00\n    arsync approve --connection books\n" in text
    assert f"- {first}\n    arsync approve {key}" in text
    pass_time(container, days=1)
    assert mail_of_the_day(container)


def test_nothing_to_say_is_no_mail(container: Container, sink: Sink) -> None:
    connecting.set_mode(OWNER, now(container), "observe")
    assert not mail_of_the_day(container)
    (container.config.rules_folder / "standard.yaml").write_text("version: 1\nbad: 1\n")
    assert not mail_of_the_day(container), "not at each run"
    pass_time(container, minutes=31)
    assert mail_of_the_day(container)
    (text,) = texts(sink)
    assert "RULEBOOKS THAT CANNOT BE USED" in text
    assert "standard.yaml:2:1: unknown section 'bad'" in text
    assert "arsync rules check" in text


def test_a_process_that_died_before_it_is_made_good(
    container: Container, books: Books, sink: Sink, server: tuple[Sink, int]
) -> None:
    mails, day = container.store.daily_mails, date(2026, 11, 20)
    with mails.telling(day, READER) as is_due:
        assert is_due
        with mails.telling(day, READER) as twice:
            assert not twice, "another process makes it"
    # It died there. Whoever dies once the mail is on its way may have sent it.
    with opened(container.config.folder, books, server[1]) as second:
        assert mail_of_the_day(second)
    assert not mail_of_the_day(container)
    assert len(sink.envelopes) == 1
    pass_time(container, days=1)
    mails.leaves(day + timedelta(days=1), READER)
    assert not mail_of_the_day(container)
    assert len(sink.envelopes) == 1


def test_a_mail_that_failed_is_told_and_tried_again(
    container: Container, books: Books, sink: Sink, server: tuple[Sink, int]
) -> None:
    with opened(container.config.folder, books, 9) as nowhere:
        assert not mail_of_the_day(nowhere)
        told = status(OWNER, now(nowhere)).daily_mail
        assert told.startswith("the daily mail of 2026-11-20 could not be sent: ")
        assert told in [finding.message for finding in examine(OWNER, nowhere)]
    assert not mail_of_the_day(container), "half an hour is left to the mail server"
    pass_time(container, minutes=31)
    assert mail_of_the_day(container)
    assert status(OWNER, now(container)).daily_mail == ""
    assert len(sink.envelopes) == 1


def test_it_leaves_at_its_hour_when_runs_are_over(
    container: Container, books: Books, server: tuple[Sink, int]
) -> None:
    folder = container.config.folder
    here = NOW.astimezone(now(container).zone)
    soon = here + timedelta(minutes=1)
    with opened(folder, books, server[1], f'notify_at = "{soon:%H:%M}"\n') as early:
        assert not mail_of_the_day(early)
        pass_time(early, minutes=1)
        assert not mail_of_the_day(early, settled=False)
        pass_time(early, seconds=PATIENCE.total_seconds())
        assert mail_of_the_day(early, settled=False)
    with opened(folder, books, server[1], 'daily_mail = "off"\n') as off:
        pass_time(off, days=1)
        assert not mail_of_the_day(off)


def test_the_mail_says_who_will_be_written_to(container: Container, sink: Sink) -> None:
    connecting.set_mode(OWNER, now(container), "auto")
    runs.prepare(OWNER, now(container))
    waiting = container.store.actions.list(now(container).id)[0].key
    assert [message.action.contact_id for message in forewarned(now(container))] == ["c2"]
    approve(OWNER, container, [waiting])
    assert mail_of_the_day(container)
    (text,) = texts(sink)
    tomorrow = text.partition("TOMORROW")[2]
    assert (
        "- 1 customer will be written to on Saturday, 2026-11-21, as things stand now." in tomorrow
    )
    assert "Customer 2, invoice email by Books (first reminder): INV-2, GBP 100.00" in tomorrow
    assert "pause_until: DATE at Customer 2" in tomorrow
    assert "Customer 1" not in tomorrow, "it leaves today"


def test_the_mail_stays_short_whatever_there_is() -> None:
    lines = [DigestLine("x" * 1_000, "y")] * 300
    section = DigestSection(
        "Tasks", "tasks", [(f"client-{number}", lines) for number in range(300)]
    )
    letter = letter_of(Digest([section] * 10), date(2026, 11, 20))
    assert len(letter.text) < 400_000
    assert f"And {300 - CONNECTIONS_PER_SECTION_MAX} more connections" in letter.text
    assert "TASKS (300 CONNECTIONS)" in letter.text
    assert "and 295 more" in letter.html


def test_each_thing_that_stops_the_work_is_told(
    container: Container, books: Books, sink: Sink
) -> None:
    for number in range(3, 14):
        books.add_invoice(books.add_contact(number), number, overdue=0)
    connecting.set_mode(OWNER, now(container), "auto")
    for _ in range(2):
        runs.sync(OWNER, now(container))
        pass_time(container, days=1)
    row = container.store.connections.get("books")
    container.store.connections.set_state(row.id, ConnectionState.NEEDS_RECONNECT)
    assert mail_of_the_day(container)
    (text,) = texts(sink)
    safety = text.partition("STOPPED BY A SAFETY LIMIT")[2]
    assert "over a safety limit: 13 emails in one plan; safety allows 10. 12 actions wait" in safety
    assert "arsync approve --connection books --each" in safety
    consent = text.partition("TO BE CONNECTED AGAIN")[2]
    assert consent.lstrip().startswith("books\n- Books no longer accepts arsync's authorisation.")
    assert "arsync connect books" in consent
    assert "TOMORROW" not in text


def test_each_person_gets_one_mail_of_their_clients(
    tmp_path: Path, books: Books, sink: Sink, server: tuple[Sink, int]
) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "standard.yaml").write_text(RULES)
    (tmp_path / "connections").mkdir()
    with opened(tmp_path, books, server[1], 'forewarning = "off"\n') as container:
        fill(container.store, range(30), NOW, platform="books")
        for number in range(20, 30):
            text = '[runs]\nnotify = "Partner@Example.com"\n'
            name = f"{WAYS[number - 20]}-{number:03}"
            (tmp_path / "connections" / f"{name}.toml").write_text(text)
        assert mail_of_the_day(container)
        assert not mail_of_the_day(container)
    mails = zip(sink.envelopes, texts(sink), strict=True)
    by_reader = {envelope.rcpt_tos[0]: _sections(text) for envelope, text in mails}
    assert by_reader["partner@example.com"] == {
        "TO BE CONNECTED AGAIN": ["reconnect-021"],
        "RUNS THAT FAIL": ["away-023", "failing-022"],
        "STOPPED BY A SAFETY LIMIT": ["safety-025"],
        "OUTCOMES TO CHECK": ["unknown-024"],
        "WAITING FOR YOUR APPROVAL": ["safety-025", "waiting-029"],
        "TASKS": ["waiting-029"],
    }, "the worst first"
    owners = by_reader["owner@example.com"]
    assert list(owners) == list(by_reader["partner@example.com"])
    assert owners["RUNS THAT FAIL"] == ["away-003", "away-013", "failing-002", "failing-012"]
    assert len(sink.envelopes) == 2


def _sections(text: str) -> dict[str, list[str]]:
    """Return which connections stand under which title."""
    sections: dict[str, list[str]] = {}
    for line in text.splitlines()[1:]:
        if line.isupper():
            sections[line] = []
        elif re.fullmatch(r"[a-z]+-[0-9]{3}", line):
            sections[list(sections)[-1]].append(line)
    return sections


def test_a_hold_and_its_terms_are_one_line(container: Container, books: Books, sink: Sink) -> None:
    books.add_invoice(books.add_contact(3), 3, overdue=-5, amount="9000")
    runs.sync(OWNER, now(container))
    assert mail_of_the_day(container)
    (text,) = texts(sink)
    assert "- Customer 3, hold to place and change of terms\n    arsync approve " in text
    assert text.count("change of terms\n") == 1
