"""No letter fails on what a ledger can hold, and its text, its HTML and its page say the same."""

from __future__ import annotations

import html
import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.builders.actions import an_action, refs_to
from tests.builders.drawn_ledgers import ledgers
from tests.builders.records import a_contact, a_debtor, an_invoice

from arsync.core.actions import Action
from arsync.core.ledger.late_payment_law import EACH_HALF_YEAR, LatePayment
from arsync.core.ledger.records import Account, Organisation, Phone, Promise, SentStep
from arsync.core.ledger.statement_of_account import StatementKind
from arsync.mail import (
    INVOICES_PER_LETTER_MAX,
    PLAN_TEXT_NAMES,
    SHIPPED_NAMES,
    EarlierLetter,
    Letter,
    LetterFacts,
    Letters,
    languages,
    letter_context,
)
from arsync.mail.letter_facts import BankDetails, SenderDetails
from arsync.mail.statement_values import sample_statement

TODAY = date(2026, 11, 22)
LETTERS = {code: Letters(code=code) for code in languages()}
# Those about a payment plan are sent about one alone.
NAMES = tuple(name for name in SHIPPED_NAMES if name not in PLAN_TEXT_NAMES)
LAW = LatePayment("An Act", "GBP", Decimal(8), EACH_HALF_YEAR, (), ())

words = st.text(max_size=40)
lines = st.lists(words, max_size=9).map(tuple)


@st.composite
def senders(draw: st.DrawFn) -> SenderDetails:
    bank = BankDetails(*draw(st.lists(words, max_size=6)))
    link = st.sampled_from(
        ["", "https://pay.example.com/{invoice}?a={amount}&c={customer_number}", "nowhere {amount}"]
    )
    return SenderDetails(draw(lines), draw(words), draw(words), draw(words), bank, draw(link))


@st.composite
def all_facts(draw: st.DrawFn) -> LetterFacts:
    days = st.dates(date(2026, 9, 1), TODAY)
    earlier = st.builds(EarlierLetter, st.sampled_from(SHIPPED_NAMES), days, words)
    kind = draw(st.none() | st.sampled_from(StatementKind))
    about = {
        "held_since": days,
        "limit_before": st.tuples(st.integers(0, 9).map(Decimal), st.just("GBP")),
        "limit_after": st.tuples(st.integers(0, 9).map(Decimal), st.just("EUR")),
        "agency": words,
        "amount_paid": st.tuples(st.integers(0, 9).map(Decimal), st.just("GBP")),
        "paid_on": days,
    }
    return LetterFacts(
        law=draw(st.none() | st.just(LAW)),
        sender=draw(senders()),
        earlier_letters=tuple(draw(st.lists(earlier, max_size=4))),
        notice_number=draw(words),
        attachments=tuple(draw(st.sets(st.sampled_from(["invoice", "letter", "statement"])))),
        terms=draw(lines),
        statement=sample_statement(TODAY, kind) if kind else None,
        about=draw(st.fixed_dictionaries({}, optional=about)),
    )


@st.composite
def cases(draw: st.DrawFn) -> tuple[Action, Account, Organisation]:
    account = draw(ledgers())
    contact = account.contacts[0]._replace(
        name=draw(words),
        people=tuple(draw(st.lists(words, max_size=2))),
        phones=tuple(draw(st.lists(st.builds(Phone, words, words), max_size=2))),
        address=draw(lines),
        customer_number=draw(words),
    )
    invoices = tuple(invoice._replace(purchase_order=draw(words)) for invoice in account.invoices)
    named = draw(st.sampled_from([(), invoices[:1], invoices]))
    day = draw(st.dates(date(2026, 9, 1), TODAY))
    account = account._replace(
        contacts=(contact, *account.contacts[1:]),
        invoices=invoices,
        promises=(Promise((invoices[0].id,), day, None, day),) * draw(st.integers(0, 1)),
        sent=tuple(SentStep(invoice.id, 1, "C", 1, "s", day, "") for invoice in named),
    )
    action = an_action(contact_name=draw(words), step="second reminder", invoices=refs_to(*named))
    organisation = Organisation("o1", draw(words), "GBP", address=draw(lines), email=draw(words))
    return replace(action, contact_id=contact.id), account, organisation


def amounts_in(text: str) -> set[str]:
    """Return the amounts of a text, whichever way its language writes them."""
    flat = re.sub(r"[ \n]+", " ", text)
    number = r"\d[\d.,\u00a0]*"
    return {
        re.sub(r"\D", "", amount)
        for amount in re.findall(rf"(?:GBP|EUR) {number}|{number}\u00a0(?:GBP|EUR)", flat)
    }


def page_of(letter: Letter) -> str:
    body = re.sub(r"<style.*?</style>", " ", letter.html, flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", " ", body))


@settings(max_examples=25)
@given(cases(), all_facts(), st.sampled_from(languages()))
def test_no_letter_fails_on_what_a_ledger_holds(
    case: tuple[Action, Account, Organisation], facts: LetterFacts, code: str
) -> None:
    letters = LETTERS[code]
    context = letter_context(*case, TODAY, spoken=letters.language, facts=facts)
    for name in NAMES:
        letter = letters.render(name, context)
        assert letter.subject.strip()
        assert "\n" not in letter.subject
        assert "<script" not in letter.html
        assert amounts_in(letter.text) == amounts_in(page_of(letter))


@pytest.mark.parametrize("count", [1, INVOICES_PER_LETTER_MAX + 1])
@pytest.mark.parametrize("code", languages())
def test_each_letter_bears_one_invoice_and_the_most(code: str, count: int) -> None:
    letters = LETTERS[code]
    invoices = [an_invoice(f"i{number}", total=number + 1) for number in range(count)]
    action = an_action(step="first reminder", invoices=refs_to(*invoices))
    account = a_debtor(*invoices, contacts=(a_contact(),))
    organisation = Organisation("o1", "Example Ltd", "GBP")
    context = letter_context(action, account, organisation, TODAY, spoken=letters.language)
    total = letters.language.amount(Decimal(count * (count + 1) // 2), "GBP")
    for name in NAMES:
        letter = letters.render(name, context)
        assert amounts_in(letter.text) == amounts_in(page_of(letter))
        if "invoices" in letter.drawn:
            assert total in letter.text.replace("GBP\n", "GBP ")


def test_a_payment_day_is_named_only_once() -> None:
    """Each letter that asks for payment by a day gives the same day in subject, text and HTML."""
    letters = LETTERS["en"]
    invoice = an_invoice("i1", due_on=TODAY - timedelta(30), total=10)
    action = an_action(step="formal notice", invoices=refs_to(invoice))
    account = a_debtor(invoice, contacts=(a_contact(),))
    context = letter_context(
        action, account, Organisation("o1", "Us", "GBP"), TODAY, spoken=letters.language
    )
    for name, day in (("final notice", "29 November 2026"), ("formal notice", "6 December 2026")):
        letter = letters.render(name, context)
        assert day in " ".join(letter.text.split())
        assert day in page_of(letter)
