"""Which mails are one conversation, and which may be declined."""

from __future__ import annotations

from datetime import date

import pytest
from tests.builders.actions import an_action

from arsync.core.actions import Payload, ReminderPayload
from arsync.core.actions.payloads import AccountLetterPayload
from arsync.mail import EarlierMail, can_be_declined, conversation
from arsync.mail.threads import NOTICE_TEXTS, REFERENCES_MAX, is_message_id

DAY = date(2026, 11, 2)
JANE = "jane@acme.example"


def a_mail(number: int, *invoice_ids: str, to: tuple[str, ...] = (JANE,)) -> EarlierMail:
    return EarlierMail(f"<arsync.{number}@example.com>", DAY, to, invoice_ids)


def test_letters_about_the_same_debts_are_one_conversation() -> None:
    earlier = [a_mail(1, "paid"), a_mail(2, "paid", "open"), a_mail(3, "open")]
    continued = conversation(earlier, to=[JANE.upper()], invoice_ids=["open", "new"])
    assert continued == ("<arsync.2@example.com>", "<arsync.3@example.com>")


def test_when_all_was_paid_a_new_one_begins() -> None:
    assert conversation([a_mail(1, "paid")], to=[JANE], invoice_ids=["new"]) == ()


def test_each_address_has_its_own_conversation() -> None:
    earlier = [a_mail(1, "open", to=("sam@acme.example",)), a_mail(2, "open", to=())]
    assert conversation(earlier, to=[JANE], invoice_ids=["open"]) == ("<arsync.2@example.com>",)


def test_what_is_no_message_id_is_passed_over() -> None:
    posted = EarlierMail("letter.pdf", DAY, (JANE,), ("open",))
    assert conversation([posted], to=[JANE], invoice_ids=["open"]) == ()
    assert not is_message_id("<a@b>\n")
    assert not is_message_id("<a@b> <c@d>")
    assert is_message_id("<a@b>")


def test_a_long_conversation_is_named_in_short() -> None:
    earlier = [a_mail(number, "open") for number in range(50)]
    continued = conversation(earlier, to=[JANE], invoice_ids=["open"])
    assert len(continued) == REFERENCES_MAX
    assert continued[0] == "<arsync.0@example.com>"
    assert continued[-1] == "<arsync.49@example.com>"


@pytest.mark.parametrize(
    ("payload", "declined"),
    [
        (AccountLetterPayload(letter="thank you"), True),
        (AccountLetterPayload(letter="satisfaction check"), True),
        (AccountLetterPayload(letter="statement of account"), True),
        (AccountLetterPayload(letter="our own thanks"), True),
        *((AccountLetterPayload(letter=name), False) for name in sorted(NOTICE_TEXTS)),
        (ReminderPayload(), False),
    ],
)
def test_only_letters_that_ask_nothing_can_be_declined(payload: Payload, declined: bool) -> None:
    assert can_be_declined(an_action(payload=payload)) is declined
