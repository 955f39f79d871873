"""Any letter for any customer, before it leaves: the words are those that leave, to the byte."""

from __future__ import annotations

from decimal import Decimal
from email import message_from_bytes, policy
from itertools import product
from pathlib import Path

import pytest
from tests.builders.books import NOW, ORGANISATION, RULES, TODAY, Books
from tests.builders.mail_server import Sink
from tests.builders.pdf_pages import flowing_text

from arsync.application.connections import connecting
from arsync.application.letters.letter_preview import LINKS_COME_LATER, letter_shown
from arsync.application.letters.previewing import (
    MADE_UP_CUSTOMER,
    MADE_UP_SENDER,
    NOT_FOR_NOW,
    LetterPreview,
    LetterWanted,
    preview_letter,
)
from arsync.application.organisation.container import Container
from arsync.application.permissions import Actor, Role
from arsync.application.runs import pulling, runs
from arsync.clock import SetClock
from arsync.config import load_config
from arsync.core.actions import ActionKind, ActionState
from arsync.errors import UserMistake
from arsync.mail import SHIPPED_NAMES, languages

from .conftest import OWNER, now

RITA = Actor("Rita", Role.READER)


def previewed(
    container: Container, name: str, customer: str = "", language: str = ""
) -> LetterPreview:
    return preview_letter(RITA, container, LetterWanted(name, customer, language))


def by_mail(container: Container, *changes: tuple[str, str]) -> None:
    file = container.config.rules_folder / "standard.yaml"
    text = file.read_text()
    for old, new in (("via: accounting system", "via: smtp"), *changes):
        assert old in text
        text = text.replace(old, new)
    file.write_text(text)


def test_what_was_shown_is_what_leaves(ledger: Container, sink: Sink) -> None:
    by_mail(ledger, ("email: first reminder", "email: final notice"))
    connecting.set_mode(OWNER, now(ledger), "auto")
    runs.prepare(OWNER, now(ledger))
    (row,) = now(ledger).store.actions.list(kinds=[ActionKind.REMINDER])
    preview = previewed(ledger, row.key[:8])
    assert preview.is_planned
    shown = letter_shown(now(ledger), row)
    assert preview.shown == shown
    assert shown is not None
    runs.sync(OWNER, now(ledger))
    (envelope,) = sink.envelopes
    assert isinstance(envelope.content, bytes)
    left = message_from_bytes(envelope.content, policy=policy.default)
    assert left["X-Arsync-Key"] == row.key
    text, html = left.get_body(("plain",)), left.get_body(("html",))
    assert text is not None
    assert html is not None
    # Links are read from the platform when it leaves: the remark says so.
    assert LINKS_COME_LATER in shown.remarks
    assert without_links(text.get_content()) == shown.text.splitlines()
    assert left["Subject"] == shown.subject
    assert tuple(envelope.rcpt_tos) == (*shown.to, *shown.copies)
    assert (shown.notice_number, "reference: N-1" in shown.text) == ("N-1", True)
    assert now(ledger).store.letters.numbers(now(ledger).id, [row.key]) == {row.key: (1, TODAY)}


def without_links(text: str) -> list[str]:
    return [line for line in text.splitlines() if "https://in.example" not in line]


def test_looking_uses_no_number_up(ledger: Container) -> None:
    for _ in range(3):
        preview = previewed(ledger, "formal notice", "Customer 1")
        assert preview.shown.notice_number == "N-1"
        assert any("N-1 is the next" in remark for remark in preview.shown.remarks)
    assert now(ledger).store.letters.register(now(ledger).id) == []


def test_every_text_is_shown_for_every_customer(ledger: Container) -> None:
    for name, number in product(SHIPPED_NAMES, (1, 2, 3, 4)):
        preview = previewed(ledger, name, f"Customer {number}")
        assert preview.customer == f"Customer {number}"
        assert preview.letter.subject
        assert f"Customer {number}" in preview.letter.text or preview.letter.text


@pytest.mark.parametrize("code", languages())
def test_any_language_can_be_asked_for(ledger: Container, code: str) -> None:
    preview = previewed(ledger, "second reminder", "Customer 1", code)
    assert preview.shown.language == code
    sample = previewed(ledger, "second reminder", language=code)
    assert sample.shown.remarks[0] == MADE_UP_CUSTOMER
    assert sample.pdf().startswith(b"%PDF")


@pytest.mark.parametrize(
    ("customer", "remark"),
    [
        ("Customer 1", "Books emails the invoice in its own words: the customer does not read"),
        ("Customer 2", "has nothing overdue: the letter names what is open"),
        ("Customer 3", "owes nothing: the letter names its latest invoices as if unpaid"),
        ("Customer 4", "has no invoice: the letter names invoices that are made up"),
    ],
)
def test_what_is_not_as_it_seems_is_said(ledger: Container, customer: str, remark: str) -> None:
    preview = previewed(ledger, "first reminder", customer)
    assert any(remark in said for said in preview.shown.remarks)
    assert not preview.is_planned


SET = """
[letters]
address = "4 Quay Road; Bristol BS1 4DJ"
phone = "0117 496 0123"
email = "money@quay.example"
signed_by = "Pat Moss"
bank = "Quay Bank"
iban = "DE89370400440532013000"
bic = "COBADEFFXXX"
payment_link = "https://pay.quay.example/{invoice}"
colour = "#0b5c7a"
footer = "Quay Trading, registered in Bristol"
"""


def with_settings(container: Container, text: str) -> Container:
    file = container.config.folder / "config.toml"
    file.write_text(file.read_text() + text)
    return Container(load_config(file, {}), clock=container.clock, platforms=container.platform)


def test_a_sample_has_the_details_of_its_own_sender(ledger: Container) -> None:
    with with_settings(ledger, SET) as container:
        sample = previewed(container, "final notice", language="en")
        pdf = sample.pdf()
    shown = sample.letter.text + sample.letter.html + flowing_text(pdf)
    for own in (
        "4 Quay Road",
        "0117 496 0123",
        "Pat Moss",
        "Quay Bank",
        "DE89 3704 0044 0532 0130 00",
        "https://pay.quay.example/INV-1",
        "#0b5c7a",
        "Quay Trading, registered in Bristol",
        ORGANISATION.name,
    ):
        assert own in shown, own
    for invented in ("High Street", "0113 496 0000", "Sam Lee", "GB29", "pay.example.com"):
        assert invented not in shown, invented
    assert sample.shown.remarks == (MADE_UP_CUSTOMER,)


def test_a_sample_says_what_it_makes_up(ledger: Container) -> None:
    part = '[letters]\nphone = "0117 496 0123"\npayment_link = "https://pay.quay.example"\n'
    with with_settings(ledger, part) as container:
        sample = previewed(container, "final notice")
    assert sample.shown.remarks[1:] == (
        MADE_UP_SENDER.format("the address, the email address, the signature, the bank account"),
    )
    assert "GB29" in sample.letter.text


def test_a_sample_reads_the_file_before_any_connection(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(SET)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "standard.yaml").write_text(RULES)
    with Container(load_config(tmp_path / "config.toml", {}), clock=SetClock(NOW)) as container:
        sample = previewed(container, "final notice")
    assert "DE89 3704 0044 0532 0130 00" in sample.letter.text
    assert "GB29" not in sample.letter.text


def test_a_planned_letter_is_shown_as_planned(ledger: Container) -> None:
    by_mail(ledger)
    preview = previewed(ledger, "First_Reminder", "Customer 1")
    assert preview.is_planned
    assert "GBP 100.00" in preview.letter.text
    assert previewed(ledger, "third reminder", "Customer 1").shown.remarks[0] == NOT_FOR_NOW


def test_a_letter_without_address_can_be_read(ledger: Container, books: Books) -> None:
    books.contacts["c1"] = books.contacts["c1"]._replace(email="")
    pulling.pull_ledger(OWNER, now(ledger))
    preview = previewed(ledger, "second reminder", "Customer 1")
    assert preview.shown.remarks[0].startswith("It cannot leave as things stand: Customer 1 has no")
    assert "INV-1" in preview.shown.text


def test_a_letter_that_left_says_so(ledger: Container) -> None:
    by_mail(ledger)
    connecting.set_mode(OWNER, now(ledger), "auto")
    runs.sync(OWNER, now(ledger))
    (row,) = now(ledger).store.actions.list(states=[ActionState.CONFIRMED])
    remarks = previewed(ledger, row.key).shown.remarks
    assert remarks[0].startswith("It left on 2026-11-20 by email; this is how it would read now")


def test_a_plan_that_is_made_up_has_whole_amounts(ledger: Container) -> None:
    text = previewed(ledger, "payment plan agreed", "Customer 1").letter.text
    assert [text.count(f"GBP {amount}") for amount in ("33.33", "33.34", "100.00")] == [2, 1, 1]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (LetterWanted("nonsense"), "there is no text 'nonsense'"),
        (LetterWanted("nonsense", "Customer 1"), "there is no text 'nonsense'"),
        (LetterWanted("first reminder", "Nobody"), "there is no contact 'Nobody'"),
        (LetterWanted("first reminder", language="xx"), "no letters in 'xx'. Known: de"),
        (LetterWanted("abcdef"), "no action's key begins"),
    ],
)
def test_what_cannot_be_shown_is_said(
    ledger: Container, wanted: LetterWanted, message: str
) -> None:
    with pytest.raises(UserMistake, match=message):
        preview_letter(RITA, ledger, wanted)


def test_what_is_no_letter_is_refused(ledger: Container, books: Books) -> None:
    books.add_invoice(books.add_contact(5), 5, overdue=40)
    books.invoices["i5"] = books.invoices["i5"]._replace(
        total=Decimal(9000), amount_due=Decimal(9000)
    )
    connecting.set_mode(OWNER, now(ledger), "approve")
    pulling.pull_ledger(OWNER, now(ledger))
    runs.prepare(OWNER, now(ledger))
    (hold,) = now(ledger).store.actions.list(kinds=[ActionKind.CREDIT_HOLD])
    with pytest.raises(UserMistake, match="is no letter: nothing of it reaches a customer"):
        previewed(ledger, hold.key)
