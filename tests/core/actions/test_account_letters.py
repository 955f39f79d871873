"""What a letter about the account carries, and what of it is left of who was forgotten."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from tests.builders.actions import an_action, an_invoice_ref

from arsync.core.actions import AccountLetterPayload, LetterOccasion, StatementAsked
from arsync.core.actions.effects import after, letters_sent, steps_taken
from arsync.core.ledger.records import Account, Contact, LetterSent
from arsync.store.actions.serialisation import decode_action, encode_action

DAY = date(2026, 11, 20)
PAYLOAD = AccountLetterPayload(
    letter="thank you",
    language="de",
    to="jo@example.com",
    statement=StatementAsked("activity", DAY),
    occasion=LetterOccasion(amount_paid=Decimal("10.50"), paid_on=DAY, currency="EUR"),
)


def test_it_tells_its_occasion_by_name() -> None:
    assert PAYLOAD.occasion is not None
    assert PAYLOAD.occasion.about == {"amount_paid": (Decimal("10.50"), "EUR"), "paid_on": DAY}
    assert LetterOccasion(agency="A", answer_days=7).about == {"agency": "A"}


def test_it_is_kept_as_it_is() -> None:
    action = an_action(payload=PAYLOAD, step="thank you", via="smtp")
    assert decode_action(encode_action(action)) == action


def test_nothing_of_a_person_is_left() -> None:
    assert PAYLOAD.anonymous() == AccountLetterPayload(letter="thank you", language="de")


def test_it_is_a_message_and_no_step() -> None:
    action = an_action(payload=PAYLOAD, invoices=(an_invoice_ref(),), batch_id="c1 today")
    sent = LetterSent(action.key, "c1", "thank you", DAY, "c1 today", action.because.rule)
    assert steps_taken(action, DAY) == []
    assert letters_sent(action, DAY) == [sent]
    assert after(Account((Contact("c1", "One"),)), [action], DAY).letters == (sent,)
