"""Texts that nobody reads by the platform's own email, and what goes along with nothing."""

from __future__ import annotations

import pytest
from tests.builders.rulebooks import a_rulebook

from arsync.core.rulebook import rulebook_warnings

HEAD = "version: 1\ncurrency: GBP\n"


def warned(steps: str, sending: str = "", own_texts: tuple[str, ...] = ()) -> list[str]:
    text = f"{HEAD}reminders: [{{name: A, steps: [{steps}]}}]\n{sending}"
    return [problem.message for problem in rulebook_warnings(a_rulebook(text), own_texts)]


UNREAD = (
    "nobody reads 'final notice': by 'accounting system' the invoice is emailed in the accounting"
    " system's own words."
)


@pytest.mark.parametrize(
    ("step", "warnings"),
    [
        ("{day: 3, email: final notice}", [UNREAD]),
        ("{day: 3, email: final notice, every: 9 days, at_most: 3}", [UNREAD]),
        ("{day: 3, email: final notice, via: smtp}", []),
        ("{day: 3, letter: final notice}", []),
        ("{day: 3, sms: final notice}", []),
        ("{day: 3, email: third reminder}", []),
    ],
)
def test_words_that_matter_need_a_letter_of_ours(step: str, warnings: list[str]) -> None:
    assert warned(step) == warnings


def test_by_a_mail_server_every_text_is_read() -> None:
    assert warned("{day: 3, email: final notice}", "sending: {via: smtp}\n") == []


def test_an_own_text_of_a_plain_name_is_unread() -> None:
    step = "{day: 3, email: first reminder}"
    assert warned(step) == []
    (message,) = warned(step, own_texts=("first reminder",))
    assert message.startswith("nobody reads 'first reminder'")


def test_copies_of_the_platforms_email_reach_nobody() -> None:
    plain = "{day: 3, email: first reminder}"
    goes_alone = "the accounting system's own email goes alone, to whom it says."
    sending = "sending: {cc: jo@example.com}\n"
    assert warned(plain, sending) == [f"'cc' under 'sending' has no effect: {goes_alone}"]
    assert warned(plain + ", {day: 9, letter: final notice}", sending) == []
    step = "{day: 3, email: first reminder, attach: invoice}"
    assert warned(step) == [f"'attach' has no effect: {goes_alone}"]


def test_a_copy_for_an_unknown_role_is_named() -> None:
    step = "{day: 3, email: first reminder, via: smtp, cc: account manger}"
    roles = "roles: {account manager: jo@example.com}\n"
    assert warned(step, roles) == ["there is no role 'account manger': nobody gets this copy."]
