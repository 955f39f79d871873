"""A letter speaks of earlier ones only where the customer had them about these invoices."""

from __future__ import annotations

from datetime import date

import pytest
from tests.builders.actions import an_action, refs_to
from tests.builders.records import a_contact, a_debtor, an_invoice

from arsync.core.ledger.records import Organisation, SentStep
from arsync.mail import EarlierLetter, LetterFacts, Letters, languages, letter_context

TODAY = date(2026, 11, 22)
FIRST, SECOND = date(2026, 11, 2), date(2026, 11, 15)
US = Organisation("o1", "Example Ltd", "GBP")
INVOICE = an_invoice("i1", due_on=date(2026, 10, 30), total=100)
LETTERS = (
    EarlierLetter("second reminder", SECOND, "smtp"),
    EarlierLetter("first reminder", FIRST, "smtp"),
)


def taken(day: date, *, invoice_id: str = "i1", episode: int = 1) -> SentStep:
    return SentStep(invoice_id, episode, "Standard cadence", 1, "a reminder", day, "")


def text_of(
    name: str, *steps: SentStep, letters: tuple[EarlierLetter, ...] = LETTERS, code: str = "en"
) -> str:
    spoken = Letters(code=code)
    action = an_action(contact_name="Acme Ltd", step=name, invoices=refs_to(INVOICE))
    account = a_debtor(INVOICE, contacts=(a_contact(name="Acme Ltd"),))._replace(sent=steps)
    context = letter_context(
        action,
        account,
        US,
        TODAY,
        spoken=spoken.language,
        facts=LetterFacts(earlier_letters=letters),
    )
    letter = spoken.render(name, context)
    return " ".join(f"{letter.subject} {letter.text}".split())


@pytest.mark.parametrize(
    "name", ["second reminder", "third reminder", "final notice", "formal notice"]
)
@pytest.mark.parametrize("code", languages())
def test_days_of_earlier_letters_are_named_where_true(name: str, code: str) -> None:
    day = Letters(code=code).language.day
    two = text_of(name, taken(FIRST), taken(SECOND), code=code)
    assert day(SECOND) in two
    single = text_of(name, taken(FIRST), code=code)
    assert day(FIRST) in single
    assert day(SECOND) not in single
    # The letters were about another invoice, about an earlier debt, or there were none.
    nothing = text_of(name, code=code)
    for steps in ((taken(FIRST, invoice_id="i2"),), (taken(FIRST, episode=2),)):
        assert text_of(name, *steps, code=code) == nothing
    assert text_of(name, taken(FIRST), letters=(), code=code) == nothing
    assert day(FIRST) not in nothing
    assert day(SECOND) not in nothing


def test_a_reminder_is_called_second_after_a_first() -> None:
    assert text_of("second reminder", taken(FIRST)).startswith("Second reminder: ")
    assert text_of("second reminder").startswith("Reminder: ")
    assert text_of("third reminder", taken(FIRST)).startswith("Reminder: ")
    assert text_of("third reminder", taken(FIRST), taken(SECOND)).startswith("Third reminder: ")


def test_a_note_before_the_due_date_is_no_reminder() -> None:
    note = (EarlierLetter("upcoming", FIRST, "smtp"),)
    text = text_of("second reminder", taken(FIRST), letters=note)
    assert text.startswith("Reminder: ")
    assert "We wrote to you on 2 November 2026." in text


def test_a_statement_is_no_letter_about_an_invoice() -> None:
    statement = (EarlierLetter("statement of account", FIRST, "smtp"),)
    assert "wrote" not in text_of("final notice", taken(FIRST), letters=statement)
