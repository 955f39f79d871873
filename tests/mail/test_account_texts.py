"""The texts about the account: in each language, complete, and asking for nothing."""

from __future__ import annotations

import html
from datetime import date
from decimal import Decimal

import pytest
from tests.builders.actions import an_action
from tests.builders.records import a_contact, a_debtor

from arsync.core.actions import ActionKind
from arsync.core.ledger.records import Organisation
from arsync.mail import (
    ACCOUNT_TEXT_NAMES,
    LetterFacts,
    Letters,
    languages,
    letter_context,
    sample_context,
)

US = Organisation("o1", "Example Ltd", "GBP")
TODAY = date(2026, 11, 22)


@pytest.mark.parametrize("name", ACCOUNT_TEXT_NAMES)
@pytest.mark.parametrize("code", languages())
def test_each_text_is_said_with_everything_and_with_nothing(name: str, code: str) -> None:
    letters = Letters(code=code)
    action = an_action(ActionKind.ACCOUNT_LETTER, contact_name="Acme Ltd", details={"letter": name})
    account = a_debtor(contacts=(a_contact(name="Acme Ltd"),))
    bare = letter_context(action, account, US, TODAY, spoken=letters.language)
    for context in (sample_context(letters.language), bare):
        letter = letters.render(name, context)
        assert letter.subject.endswith(" - Example Ltd")
        assert "{" not in letter.subject + letter.text
        assert "\n\n\n\n" not in letter.text
        assert "  " not in letter.text.replace("\n  ", "\n")
        assert letters.language.words["regards"] in html.unescape(letter.html)


ASKS_FOR_NOTHING = ("thank you", "satisfaction check", "credit hold lifted", "credit limit changed")


@pytest.mark.parametrize("name", ASKS_FOR_NOTHING)
@pytest.mark.parametrize("code", languages())
def test_a_friendly_letter_shows_no_bank_details(name: str, code: str) -> None:
    letters = Letters(code=code)
    letter = letters.render(name, sample_context(letters.language))
    assert "GB29" not in letter.text + letter.html


@pytest.mark.parametrize("code", languages())
def test_the_account_is_told_of_in_its_language(code: str) -> None:
    letters = Letters(code=code)
    spoken = letters.language
    action = an_action(ActionKind.ACCOUNT_LETTER, contact_name="Acme Ltd")
    account = a_debtor(contacts=(a_contact(name="Acme Ltd"),))
    about = {
        "held_since": date(2026, 11, 20),
        "limit_before": (Decimal(5000), "GBP"),
        "limit_after": (Decimal(2500), "GBP"),
    }
    context = letter_context(
        action, account, US, TODAY, spoken=spoken, facts=LetterFacts(about=about)
    )
    held = " ".join(letters.render("credit hold placed", context).text.split())
    assert spoken.day(date(2026, 11, 20)) in held
    changed = html.unescape(letters.render("credit limit changed", context).html)
    assert spoken.amount(Decimal(5000), "GBP") in changed
    assert spoken.amount(Decimal(2500), "GBP") in changed


def test_what_no_letter_says_is_refused() -> None:
    letters = Letters()
    action = an_action(ActionKind.ACCOUNT_LETTER)
    with pytest.raises(KeyError, match="no letter says agent"):
        letter_context(
            action,
            a_debtor(contacts=(a_contact(),)),
            US,
            TODAY,
            spoken=letters.language,
            facts=LetterFacts(about={"agent": "x"}),
        )
