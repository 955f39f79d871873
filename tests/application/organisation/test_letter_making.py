"""The maker of messages: what a customer gets, by each way, with what goes along."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.builders.actions import an_action, refs_to
from tests.builders.records import a_contact, an_invoice

from arsync.application.organisation.letter_making import LetterSource, MessageMaker, PostOffice
from arsync.channels.contract_tests import A_PDF
from arsync.clock import SetClock
from arsync.config import load_config
from arsync.core.actions import Action, ActionKind, Via
from arsync.core.actions.notices import NoticeNumber
from arsync.core.ledger.records import Account, Organisation, Phone
from arsync.errors import Rejected, UserMistake
from arsync.mail import Letters
from arsync.outbox import NO_EXTRAS

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
TODAY = date(2026, 11, 22)
ORGANISATION = Organisation("org", "Example Ltd", "GBP", "GB", "Europe/London")
CONFIG = (
    '[smtp]\nurl = "smtp://127.0.0.1:2525"\nsender = "Accounts <accounts@example.com>"\n'
    'reply_to = "answers@example.com"\n'
    '[letters]\npost_folder = "post"\nnotice_number = "N-{year}/{number}"\n'
    '[sms]\naccount = "AC1"\ntoken = "t"\nsender = "+15005550006"\n'
)

CUSTOMER = a_contact()._replace(
    phones=(Phone("07911 123456", "mobile"),),
    country="GB",
    address=("1 High Street", "Leeds LS1 4AP"),
)
INVOICES = tuple(
    an_invoice(id=f"i{number}", number=f"INV-{number}", link=f"https://in.example/{number}")
    for number in (1, 2)
)
ACCOUNT = Account((CUSTOMER,), INVOICES)


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., PostOffice]:
    def maker(folder: Path | None = None) -> PostOffice:
        file = tmp_path / "config.toml"
        file.write_text(CONFIG)
        clock, letters = SetClock(NOW), Letters(folder)
        config = load_config(file, {})
        return PostOffice(LetterSource("acme", ORGANISATION, config, letters, clock, UTC))

    return maker


@pytest.fixture
def maker(make: Callable[..., PostOffice]) -> PostOffice:
    return make()


def a_message_action(
    kind: ActionKind = ActionKind.REMINDER, via: str = Via.SMTP, **fields: Any
) -> Action:
    action = an_action(kind, invoices=refs_to(*INVOICES), via=via, step="second reminder")
    changed = {"letter": "formal notice"} | fields if kind is ActionKind.LETTER else fields
    return replace(action, payload=replace(action.payload, **changed))


def names(maker: MessageMaker, action: Action, extras: Any = NO_EXTRAS) -> list[str]:
    message = maker.message(action, ACCOUNT, TODAY, extras)
    return [attached.name for attached in message.attachments]


def test_a_reminder_by_mail_takes_nothing_along(maker: PostOffice) -> None:
    message = maker.message(a_message_action(), ACCOUNT, TODAY)
    assert (message.to, message.pdf, message.attachments) == ((CUSTOMER.email,), b"", ())
    assert "INV-1" in message.text
    assert "Enclosed" not in message.text
    assert (message.reply_to, message.sender) == ("answers@example.com", "")


def test_copies_and_sender_are_the_plans(maker: PostOffice) -> None:
    action = a_message_action(
        cc="a@x.example, b@x.example", copy_to="c@x.example", sender="D <d@x>"
    )
    message = maker.message(action, ACCOUNT, TODAY)
    assert (message.cc, message.copies) == (("a@x.example", "b@x.example"), ("c@x.example",))
    assert message.sender == "D <d@x>"


def test_invoices_letter_and_statement_go_along(maker: PostOffice) -> None:
    action = a_message_action(attach=("invoice", "letter", "statement"))
    extras = NO_EXTRAS._replace(invoice_pdfs={"i1": A_PDF, "i2": A_PDF})
    assert names(maker, action, extras) == [
        "second reminder 2026-11-22.pdf",
        "statement of account 2026-11-22.pdf",
        "INV-1.pdf",
        "INV-2.pdf",
    ]
    text = maker.message(action, ACCOUNT, TODAY, extras).text
    assert "Enclosed: the invoices, this letter as PDF and a statement of account" in text


def test_what_does_not_fit_is_online(maker: PostOffice) -> None:
    action = a_message_action(attach=("invoice",))
    extras = NO_EXTRAS._replace(invoice_pdfs={"i1": A_PDF}, not_attached={"i2": "too large"})
    message = maker.message(action, ACCOUNT, TODAY, extras)
    assert [attached.name for attached in message.attachments] == ["INV-1.pdf"]
    assert "Enclosed: the invoices; online instead: INV-2" in message.text
    assert "Enclosed: the invoices; online instead: INV-2" in message.html
    assert "https://in.example/2" in message.text
    assert message.remarks == ("INV-2 is not enclosed: too large",)


def test_without_a_link_nothing_is_promised(maker: PostOffice) -> None:
    bare = tuple(invoice._replace(link="") for invoice in INVOICES)
    extras = NO_EXTRAS._replace(not_attached={"i1": "no", "i2": "no"})
    action = a_message_action(attach=("invoice",))
    message = maker.message(action, Account((CUSTOMER,), bare), TODAY, extras)
    assert "Enclosed" not in message.text
    assert len(message.remarks) == 2


@pytest.mark.parametrize("code", ["en", "de", "es", "fr", "it", "nl"])
def test_what_is_enclosed_is_said_in_each_language(maker: PostOffice, code: str) -> None:
    action = a_message_action(attach=("invoice", "statement"), language=code)
    extras = NO_EXTRAS._replace(not_attached={"i2": "too large"})
    message = maker.message(action, ACCOUNT, TODAY, extras)
    assert message.language == code
    assert "INV-2" in message.text.split("\n\n")[-2] or ": INV-2" in message.text


def test_a_letter_by_mail_has_itself_as_file(maker: PostOffice) -> None:
    action = a_message_action(ActionKind.LETTER)
    extras = NO_EXTRAS._replace(notice_number=NoticeNumber(7, date(2025, 12, 31)))
    message = maker.message(action, ACCOUNT, TODAY, extras)
    (file,) = message.attachments
    assert file.name == "formal notice 2026-11-22.pdf"
    assert file.content == message.pdf
    assert file.content.startswith(b"%PDF-")
    assert message.notice_number == "N-2025/7", "its year is that of the day it was given"


def test_answers_go_where_replies_go(maker: PostOffice) -> None:
    action = a_message_action(ActionKind.ACCOUNT_LETTER, letter="satisfaction check")
    message = maker.message(action, ACCOUNT, TODAY)
    assert "Report a problem: mailto:answers@example.com?subject=Invoice%20INV-1" in message.text
    assert message.html.count("mailto:answers@example.com?subject=Invoice%20INV-1") == 1


def test_by_post_the_letter_is_the_paper(maker: PostOffice) -> None:
    action = a_message_action(ActionKind.LETTER, via=Via.POST, attach=("invoice",))
    extras = NO_EXTRAS._replace(invoice_pdfs={"i1": A_PDF, "i2": A_PDF})
    message = maker.message(action, ACCOUNT, TODAY, extras)
    assert message.pdf.startswith(b"%PDF-")
    assert [attached.name for attached in message.attachments] == ["INV-1.pdf", "INV-2.pdf"]
    assert message.to == (CUSTOMER.name, "1 High Street", "Leeds LS1 4AP")
    assert "Enclosed: the invoices\n" in message.text, "not the letter in itself"


def test_a_text_message_says_the_gist(maker: PostOffice) -> None:
    message = maker.message(a_message_action(via=Via.SMS, attach=("letter",)), ACCOUNT, TODAY)
    assert message.to == ("+447911123456",)
    lines = message.short_text.splitlines()
    assert lines[0] == message.subject
    assert lines[1].startswith("Total")
    assert lines[2:] == ["https://in.example/1", "Example Ltd"]
    assert (message.attachments, message.pdf) == ((), b"")
    assert len(message.short_text) < 320


def test_a_text_message_has_a_template(make: Callable[..., PostOffice], tmp_path: Path) -> None:
    folder = tmp_path / "rules" / "templates"
    folder.mkdir(parents=True)
    (folder / "second reminder sms.txt").write_text(
        "Subject: x\n{{ customer.name }}, please pay {{ totals[0] }}.\n"
    )
    message = make(tmp_path / "rules").message(a_message_action(via=Via.SMS), ACCOUNT, TODAY)
    assert message.short_text.startswith(f"{CUSTOMER.name}, please pay GBP")


@pytest.mark.parametrize(
    ("via", "words"),
    [
        (Via.SMTP, "no valid mail address"),
        (Via.POST, "no postal address"),
        (Via.SMS, "it has no number"),
    ],
)
def test_a_customer_without_address_is_refused(maker: PostOffice, via: str, words: str) -> None:
    nobody = Account((CUSTOMER._replace(email="", phones=(), address=()),), INVOICES)
    with pytest.raises(Rejected, match=words):
        maker.message(a_message_action(via=via), nobody, TODAY)


def test_a_way_that_is_not_installed_is_a_mistake(maker: PostOffice) -> None:
    with pytest.raises(UserMistake, match="no way 'fax'"):
        maker.message(a_message_action(via="fax"), ACCOUNT, TODAY)
    with pytest.raises(UserMistake, match="not written to a customer"):
        maker.message(an_action(ActionKind.NOTE, via=Via.SMTP), Account((CUSTOMER,)), TODAY)


def test_each_way_has_the_limit_of_its_settings(maker: PostOffice) -> None:
    assert maker.messages_per_day() == {"smtp": 2000, "post": 0, "sms": 200}
