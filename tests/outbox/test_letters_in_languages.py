"""Letters in each language: the same texts with the same values, and not a word of English."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from importlib.resources import files
from typing import Any

import pytest
from tests.builders.books import RULES, BooksWorld

from arsync.core.actions import ActionKind
from arsync.core.planning.customer_locale import LANGUAGE_NAMES, LANGUAGES
from arsync.mail import TEXT_NAMES, Letters, language, languages, sample_context

OTHERS = tuple(code for code in languages() if code != "en")
TEMPLATES = files("arsync") / "templates"
ENGLISH = set(
    """
    dear kind regards invoice invoices reminder reminders overdue unpaid payment paid pay please
    notice final formal formally second third first friendly the and you your our we this these
    which below oldest days day within date of for has have been received receive reply promised
    reach law interest compensation entitled proceedings debt dispute thanks thank settle view
    further listed here due october
    """.split()
)
"""Words of the English letters that are words in none of the other languages, or other ones."""

ALSO = {"es": {"formal"}, "fr": {"date", "due"}, "nl": {"of"}}
"""English words that a language has, too."""


def source(code: str, name: str) -> str:
    return (TEMPLATES / code / name).read_text(encoding="utf-8")


def contexts(code: str) -> list[dict[str, Any]]:
    """Return what to render with: several invoices, one, and one without what may be missing."""
    spoken = language(code)
    several = sample_context(spoken)
    several["customer"] |= {"name": "Muster KG", "first_name": "", "person": ""}
    several["greeting"] = spoken.greeting.format(name="Muster KG")
    # What the sample says in English, of a bank, an agency and a law.
    several["organisation"] |= {"address": (), "signed_by": ""}
    several |= {"payment_link": "", "bank_lines": ()}
    several["earlier_reminders"] = 2
    several["about"] |= {"agency": "Muster Inkasso"}
    several["statutory"] |= {"law": "RL 2011/7"}
    single = several | {"invoices": several["invoices"][:1], "payment_reference": "INV-1"}
    least = {"statutory": {}, "promised_on": "", "earlier_letters": (), "earlier_reminders": 0}
    return [several, single, single | least]


@pytest.mark.parametrize("code", OTHERS)
def test_each_language_has_the_same_files(code: str) -> None:
    def names(one: str) -> set[str]:
        return {file.name for file in (TEMPLATES / one).iterdir()}

    assert names(code) == names("en")


@pytest.mark.parametrize("code", OTHERS)
def test_each_language_has_the_same_words(code: str) -> None:
    def keys(table: dict[str, Any]) -> dict[str, Any]:
        return {
            name: keys(value) if isinstance(value, dict) else type(value)
            for name, value in table.items()
        }

    table = tomllib.loads(source(code, "language.toml"))
    assert keys(table) == keys(tomllib.loads(source("en", "language.toml")))


@pytest.mark.parametrize("name", TEXT_NAMES)
@pytest.mark.parametrize("code", OTHERS)
def test_each_text_shows_the_same_values_as_in_english(code: str, name: str) -> None:
    def values(one: str) -> set[str]:
        return set(re.findall(r"{{ (.+?) }}|{% if (.+?) %}", source(one, f"{name}.letter")))

    assert values(code) == values("en")


@pytest.mark.parametrize("name", TEXT_NAMES)
@pytest.mark.parametrize("code", languages())
def test_each_text_is_complete_for_one_and_many_invoices(code: str, name: str) -> None:
    letters = Letters(code=code)
    several, single, least = (letters.render(name, context) for context in contexts(code))
    for letter in (several, single, least):
        assert letter.subject.endswith(" - Example Ltd")
        assert "\n" not in letter.subject
        assert f'<html lang="{code}">' in letter.html
        assert language(code).words["regards"] in letter.text
        assert "{" not in letter.subject + letter.text
        assert "  " not in letter.text.replace("\n  ", "\n")
        assert letter.text.count("INV-1") >= 1
    assert several.subject != single.subject or name == "promise broken"
    assert several.text.count("INV-2") >= 1
    assert "INV-2" not in single.text


@pytest.mark.parametrize("name", TEXT_NAMES)
@pytest.mark.parametrize("code", OTHERS)
def test_no_english_is_left(code: str, name: str) -> None:
    letters = Letters(code=code)
    for context in contexts(code):
        letter = letters.render(name, context)
        words = set(re.findall(r"[a-z]+", f"{letter.subject} {letter.text}".lower()))
        foreign = words & ENGLISH - ALSO.get(code, set())
        assert foreign == set()


def test_the_english_letters_are_english() -> None:
    """The list above finds what it looks for."""
    letters = Letters()
    for name in TEXT_NAMES:
        letter = letters.render(name, contexts("en")[0])
        assert len(set(re.findall(r"[a-z]+", letter.text.lower())) & ENGLISH) > 10


FORMAL = {
    "de": ("Zahlungserinnerung", "1. Mahnung", "2. Mahnung", "Letzte Mahnung", "Förmliche"),
    "es": ("Recordatorio", "Segundo", "Tercer", "Último aviso", "Requerimiento formal de pago"),
    "fr": ("Rappel", "Deuxième rappel", "Troisième rappel", "Dernier rappel", "Mise en demeure"),
    "it": (
        "Promemoria",
        "Secondo sollecito",
        "Terzo",
        "Ultimo sollecito",
        "Diffida e messa in mora",
    ),
    "nl": ("Betalingsherinnering", "Tweede", "Derde", "Laatste aanmaning", "Ingebrekestelling"),
}


@pytest.mark.parametrize("code", OTHERS)
def test_each_step_has_the_name_that_business_gives_it(code: str) -> None:
    letters = Letters(code=code)
    for name, title in zip(TEXT_NAMES[1:6], FORMAL[code], strict=True):
        assert letters.render(name, contexts(code)[0]).subject.startswith(title)


@pytest.mark.parametrize(
    ("code", "amount", "currency", "shown"),
    [
        ("en", "1940", "GBP", "GBP 1,940.00"),
        ("de", "1940", "EUR", "1.940,00 EUR"),
        ("fr", "1940", "EUR", "1 940,00 EUR"),
        ("es", "1234567.891", "EUR", "1.234.567,89 EUR"),
        ("it", "-0.5", "EUR", "-0,50 EUR"),
        ("nl", "999999999999999.99", "EUR", "999.999.999.999.999,99 EUR"),
        ("de", "1940", "JPY", "1.940 JPY"),
        ("de", "0.125", "KWD", "0,125 KWD"),
    ],
)
def test_amounts_are_exact_and_follow_the_languages_form(
    code: str, amount: str, currency: str, shown: str
) -> None:
    written = language(code).amount(Decimal(amount), currency)
    assert written.replace("\u00a0", " ") == shown
    assert code == "en" or " " not in written  # no line breaks inside an amount


def test_no_line_breaks_inside_an_amount() -> None:
    for code in OTHERS:
        text = Letters(code=code).render("formal notice", contexts(code)[0]).text
        assert text.count("GBP") == text.count("\u00a0GBP") > 5


@pytest.mark.parametrize(
    ("code", "first", "last"),
    [
        ("en", "1 May 2026", "31 May 2026"),
        ("de", "1. Mai 2026", "31. Mai 2026"),
        ("es", "1 de mayo de 2026", "31 de mayo de 2026"),
        ("fr", "1er mai 2026", "31 mai 2026"),
        ("it", "1º maggio 2026", "31 maggio 2026"),
        ("nl", "1 mei 2026", "31 mei 2026"),
    ],
)
def test_days_are_written_as_the_language_writes_them(code: str, first: str, last: str) -> None:
    assert language(code).day(date(2026, 5, 1)) == first
    assert language(code).day(date(2026, 5, 31)) == last


def test_each_language_of_a_country_has_its_letters() -> None:
    assert set(LANGUAGES.values()) == set(languages())
    assert {code: language(code).name for code in languages()} == LANGUAGE_NAMES


def test_a_letter_is_in_its_customers_countrys_language(
    world: BooksWorld, make_world: Callable[..., BooksWorld]
) -> None:
    world.rules(
        RULES.replace("via: accounting system", "via: smtp\n  by_customers_country: language")
        + "customers: [{contact: Customer 4, language: it}]\n"
    )
    for number, country in enumerate(["DE", "CH", "", "FR"], 1):
        contact = world.books.add_contact(number)
        world.books.contacts[contact.id] = contact._replace(country=country)
        world.books.add_invoice(contact, number)
    world.sync()
    subjects = {
        str(mail.message["To"]).split("<")[-1][:2]: str(mail.message["Subject"])
        for _, mail in world.books.mails
    }
    assert {contact_id: subject.partition(":")[0] for contact_id, subject in subjects.items()} == {
        "c1": "Zahlungserinnerung",
        "c2": "Reminder",
        "c3": "Reminder",
        "c4": "Promemoria di pagamento",
    }
    (row,) = [row for row in world.rows() if row.action.contact_id == "c1"]
    assert row.action.kind is ActionKind.REMINDER
    assert row.action.payload.language_code == "de"
