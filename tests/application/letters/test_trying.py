"""A letter to oneself: marked, unnumbered, copied to nobody, and never to the customer."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from tests.builders.books import ORGANISATION, Books
from tests.builders.mail_server import Sink
from tests.builders.pictures import SVG

from arsync.application.letters.previewing import LetterWanted, preview_letter
from arsync.application.letters.trying import send_test
from arsync.application.organisation.container import Container
from arsync.application.permissions import Actor, NotPermitted, Role
from arsync.application.runs import pulling
from arsync.errors import RetryLater, UserMistake

from .conftest import OWNER, now

ANN = Actor("Ann", Role.ACCOUNTANT)
ME = "me@example.com"


def left(sink: Sink) -> EmailMessage:
    (envelope,) = sink.envelopes
    assert envelope.rcpt_tos == [ME]
    assert isinstance(envelope.content, bytes)
    return message_from_bytes(envelope.content, policy=policy.default)


def test_a_test_is_the_letter_and_marked(ledger: Container, sink: Sink) -> None:
    wanted = LetterWanted("final notice", "Customer 1")
    shown = preview_letter(ANN, ledger, wanted)
    sent = send_test(ANN, ledger, wanted, ME)
    message = left(sink)
    assert message["Subject"] == f"TEST: {shown.letter.subject}"
    assert message["To"] == ME
    assert message["X-Arsync-Key"] is None
    assert message["X-Arsync-Test"]
    assert (sent.customer, sent.to, sent.connection) == ("Customer 1", ME, "books")
    body = message.get_body(("plain",))
    assert body is not None
    assert body.get_content().splitlines() == shown.letter.text.splitlines()


def test_its_logo_comes_along(ledger: Container, sink: Sink) -> None:
    folder = ledger.config.folder
    (folder / "connections").mkdir()
    (folder / "connections" / "books.toml").write_text('[letters]\nlogo = "logo.svg"\n')
    (folder / "logo.svg").write_bytes(SVG)
    wanted = LetterWanted("first reminder", "Customer 1")
    assert 'src="data:image/png;base64,' in preview_letter(ANN, ledger, wanted).letter.html
    send_test(ANN, ledger, wanted, ME)
    message = left(sink)
    page = message.get_body(("html",))
    assert page is not None
    (logo,) = [part for part in message.walk() if part.get_content_type() == "image/png"]
    assert f"cid:{logo['Content-ID'].strip('<>')}" in page.get_content()


def test_nothing_is_kept_of_a_test(ledger: Container, books: Books) -> None:
    send_test(ANN, ledger, LetterWanted("final notice", "Customer 1"), ME)
    connection = ledger.store.connections.get("books")
    assert ledger.store.letters.register(connection.id) == []
    assert ledger.store.actions.list(connection.id) == []
    assert books.done == []


def test_a_sample_can_be_tried_twice(ledger: Container, sink: Sink) -> None:
    for _ in range(2):
        send_test(ANN, ledger, LetterWanted("first reminder", language="de"), ME)
    first, second = (
        message_from_bytes(envelope.content, policy=policy.default)
        for envelope in sink.envelopes
        if isinstance(envelope.content, bytes)
    )
    assert first["Message-ID"] != second["Message-ID"], "a mail program would show one of them"


def test_a_customer_without_address_is_no_obstacle(
    ledger: Container, books: Books, sink: Sink
) -> None:
    books.contacts["c1"] = books.contacts["c1"]._replace(email="")
    pulling.pull_ledger(OWNER, now(ledger))
    send_test(ANN, ledger, LetterWanted("first reminder", "Customer 1"), ME)
    assert left(sink)["To"] == ME


@pytest.mark.parametrize("address", ["c1@x.example", "C1@X.example"])
def test_a_test_never_goes_to_the_customer(ledger: Container, address: str) -> None:
    with pytest.raises(UserMistake, match="is an address of Customer 1: a test goes to nobody"):
        send_test(ANN, ledger, LetterWanted("first reminder", "Customer 1"), address)


def test_what_keeps_a_test_is_said(ledger: Container, sink: Sink) -> None:
    with pytest.raises(UserMistake, match="'me' is not a mail address"):
        send_test(ANN, ledger, LetterWanted("first reminder"), "me")
    with pytest.raises(NotPermitted):
        send_test(Actor("Rita", Role.READER), ledger, LetterWanted("first reminder"), ME)
    ledger.store.connections.add(
        "other", platform="books", organisation=ORGANISATION._replace(id="o2")
    )
    with pytest.raises(UserMistake, match="several connections, each with its own sender"):
        send_test(ANN, ledger, LetterWanted("first reminder"), ME)
    sink.envelopes.clear()


def test_a_mail_server_that_is_away_is_said(container: Container) -> None:
    with pytest.raises(RetryLater, match="cannot be reached"):
        send_test(ANN, container, LetterWanted("first reminder"), ME)
