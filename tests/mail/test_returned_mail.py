"""What comes back is known by the letter's id alone, whichever server writes it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders import returned_samples as samples
from tests.builders.returned_samples import ADDRESS, KEY

from arsync.mail.returned_mail import (
    REASON_CHARACTERS_MAX,
    RECIPIENTS_MAX,
    Came,
    Returned,
    address_is_at_fault,
    returned_by,
)


@pytest.mark.parametrize("report", [samples.postfix, samples.exchange, samples.gmail])
def test_a_report_names_letter_address_and_reason(report: object) -> None:
    assert callable(report)
    (returned,) = returned_by(report())
    assert (returned.key, returned.came, returned.at_fault) == (KEY, Came.BACK, True)
    assert returned.address.lower() == ADDRESS
    assert returned.reason.startswith("550")
    assert "5.1.1" in returned.reason


def test_a_delay_is_no_failure() -> None:
    (returned,) = returned_by(samples.postfix(action="delayed", status="4.4.1"))
    assert (returned.came, returned.at_fault) == (Came.LATE, False)


def test_a_letter_that_expired_came_back() -> None:
    (returned,) = returned_by(samples.postfix(status="4.4.7"))
    assert (returned.came, returned.at_fault) == (Came.BACK, True)


@pytest.mark.parametrize("action", ["delivered", "relayed", "expanded", "", "nonsense"])
def test_what_arrived_is_not_told(action: str) -> None:
    assert returned_by(samples.postfix(action=action)) == []


def test_a_letter_taken_for_spam_blames_no_address() -> None:
    (returned,) = returned_by(samples.spam_refused())
    assert (returned.came, returned.at_fault) == (Came.BACK, False)


def test_automatic_replies_are_told_from_people() -> None:
    assert returned_by(samples.out_of_office()) == [
        Returned(KEY, Came.AUTOMATIC, reason="Automatic reply: Reminder \u2013 until Monday")
    ]
    assert returned_by(samples.answer()) == [Returned(KEY, Came.ANSWER, reason="Re: Reminder")]


def test_texts_and_subjects_prove_nothing() -> None:
    assert returned_by(samples.advertisement()) == []
    foreign = samples.postfix().replace(b"<arsync.", b"<other.")
    assert returned_by(foreign) == []


def test_a_report_is_of_the_letter_it_returns() -> None:
    report = samples.exchange().replace(
        b"In-Reply-To: " + samples.letter_id().encode(),
        b"In-Reply-To: " + samples.letter_id("e" * 32).encode(),
    )
    assert [returned.key for returned in returned_by(report)] == [KEY]


def test_a_mangled_report_is_read_in_part() -> None:
    whole = samples.gmail()
    beginning = whole[: whole.index(b"Content-Type: message/rfc822")]
    assert [returned.came for returned in returned_by(beginning)] == [Came.BACK]
    assert returned_by(whole[:100]) == []
    mangled = samples.postfix().replace(b"Final-Recipient: rfc822;", b"Final-Recipient: \xff;")
    assert [returned.address for returned in returned_by(mangled)] == [ADDRESS]
    no_status = samples.postfix().replace(b"Status: 5.1.1", b"Status: dunno")
    (returned,) = returned_by(no_status)
    assert returned.at_fault


def test_a_report_of_many_recipients_is_bounded() -> None:
    block = (
        b"Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.1.1\n"
        b"Diagnostic-Code: smtp; " + b"x" * 5_000 + b"\n\n"
    )
    report = samples.postfix().replace(b"Final-Recipient:", block * 200 + b"Final-Recipient:", 1)
    returned = returned_by(report)
    assert len(returned) == RECIPIENTS_MAX
    assert all(len(each.reason) <= REASON_CHARACTERS_MAX for each in returned)


@pytest.mark.parametrize(
    ("answer", "at_fault"),
    [
        ("550 5.1.1 no such user", True),
        ("550 no such user", True),
        ("553 bad address", True),
        ("550 5.2.1 mailbox disabled", True),
        ("552 5.2.2 mailbox full", True),
        ("550 5.4.1 access denied", True),
        ("550 5.7.1 blocked", False),
        ("550 5.1.8 your domain has no server", False),
        ("552 5.3.4 too big", False),
        ("554 rejected", False),
        ("450 4.2.1 try later", False),
        ("", False),
    ],
)
def test_a_refusal_is_of_the_address_or_of_us(answer: str, *, at_fault: bool) -> None:
    assert address_is_at_fault(answer) is at_fault


@given(st.binary(max_size=400), st.integers(0, 2_000))
def test_whatever_strangers_write_is_survived(junk: bytes, at: int) -> None:
    whole = samples.exchange()
    returned_by(whole[:at] + junk + whole[at:])
    returned_by(junk)
