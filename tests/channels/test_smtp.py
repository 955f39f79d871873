"""By email: the contract, and what stands in the mail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from email import message_from_bytes, policy

import pytest
from msgspec.structs import replace
from tests.channels.conftest import SMTP_PASSWORD, smtp_section

from arsync.channels.contract_tests import (
    A_KEY,
    A_PDF,
    REACHABLE,
    ChannelBench,
    ChannelContract,
    a_message,
)
from arsync.channels.smtp import CHANNEL, outgoing
from arsync.config import Config
from arsync.core.ledger.records import Contact
from arsync.errors import UserMistake
from arsync.mail import KEY_HEADER, Attachment
from arsync_sandbox.server import Sandbox


class MailBench:
    channel = CHANNEL
    contact = REACHABLE
    secrets = (SMTP_PASSWORD,)
    can_look_up = False

    def __init__(self, sandbox: Sandbox, config: Config) -> None:
        self.config = config
        self.without_settings = replace(config, smtp=replace(config.smtp, url=""))
        self._sandbox = sandbox

    def delivered(self) -> Sequence[str]:
        return [email.subject for email in self._sandbox.mailbox.emails]

    def away(self) -> None:
        self._sandbox.faults.add({"smtp": "later"})

    def lose_answer(self) -> bool:
        self._sandbox.faults.add({"smtp": "drop after"})
        return True

    def is_later(self) -> None:
        pass


class TestEmail(ChannelContract):
    @pytest.fixture
    def bench(self, sandbox: Sandbox, configured: Callable[[str], Config]) -> ChannelBench:
        return MailBench(sandbox, configured(smtp_section(sandbox)))


@pytest.fixture
def mail(sandbox: Sandbox, configured: Callable[[str], Config]) -> MailBench:
    return MailBench(sandbox, configured(smtp_section(sandbox)))


def test_sender_copies_answers_and_files_go_along(mail: MailBench) -> None:
    config = replace(mail.config, smtp=replace(mail.config.smtp, copy_to="archive@example.com"))
    message = a_message(mail)._replace(
        sender="Berlin accounts <berlin@example.com>",
        reply_to="answers@example.com",
        cc=("boss@acme.example",),
        copies=("rep@example.com",),
        attachments=(Attachment("final notice.pdf", A_PDF), Attachment("INV-7.pdf", A_PDF)),
    )
    letter = outgoing(config, message)
    read = message_from_bytes(letter.content, policy=policy.default)
    assert read["From"] == "Berlin accounts <berlin@example.com>"
    assert read["Reply-To"] == "answers@example.com"
    assert read["Cc"] == "boss@acme.example"
    assert read[KEY_HEADER] == A_KEY
    assert [part.get_filename() for part in read.iter_attachments()] == [
        "final notice.pdf",
        "INV-7.pdf",
    ]
    assert set(letter.copies) == {"boss@acme.example", "rep@example.com", "archive@example.com"}
    assert b"rep@example.com" not in letter.content
    assert b"archive@example.com" not in letter.content


def test_the_senders_setting_stands_in_for_none(mail: MailBench) -> None:
    assert outgoing(mail.config, a_message(mail)).sender == "accounts@example.com"
    nobody = replace(mail.config, smtp=replace(mail.config.smtp, sender=""))
    assert "[smtp] sender is empty" in CHANNEL.obstacle(nobody)
    with pytest.raises(UserMistake, match=r"\[smtp\] sender"):
        CHANNEL.prepare(nobody, a_message(mail))


def test_an_address_that_the_plan_names_counts(mail: MailBench) -> None:
    several = Contact("c1", "Acme", email="a@x.example; b@x.example", more_emails=("c@x.example",))
    assert CHANNEL.recipients(mail.config, several, "", "") == (
        "a@x.example",
        "b@x.example",
        "c@x.example",
    )
    assert CHANNEL.recipients(mail.config, several, "site@x.example", "") == ("site@x.example",)


def test_a_wrong_copy_is_told_before_anything_leaves(mail: MailBench) -> None:
    wrong = replace(mail.config, smtp=replace(mail.config.smtp, reply_to="nobody"))
    with pytest.raises(UserMistake, match=r"\[smtp\] reply_to is 'nobody'"):
        CHANNEL.prepare(wrong, a_message(mail)._replace(reply_to="nobody"))
    assert not mail.delivered()


def test_the_receipt_names_who_was_refused(mail: MailBench, sandbox: Sandbox) -> None:
    sandbox.faults.add({"smtp": "refuse", "path": "b@x"})
    message = a_message(mail)._replace(to=("a@x.example", "b@x.example"))
    receipt = CHANNEL.deliver(mail.config, message)
    assert receipt.detail.startswith("mail to a@x.example, b@x.example: 250")
    assert "refused: b@x.example" in receipt.detail
