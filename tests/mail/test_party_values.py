"""Both parties of a letter: the settings before the books, and a greeting that fits the address."""

from __future__ import annotations

import pytest
from tests.builders.actions import an_action
from tests.builders.records import a_contact

from arsync.core.ledger.records import Organisation
from arsync.mail import language, languages
from arsync.mail.letter_facts import SenderDetails
from arsync.mail.party_values import customer_values, greeting_of, organisation_values

CONTACT = a_contact(name="Acme Ltd", email="jane@acme.example")._replace(
    first_name="Jane",
    people=("Jane Hill", "Tom Ray"),
    address=("22 Mill Lane", " ", "Leeds\u202e LS2 7EJ"),
    customer_number="C-104",
)
ORGANISATION = Organisation(
    "o1",
    "Example Ltd",
    "GBP",
    address=("1 High Street", "Leeds"),
    phone="0113",
    email="a@b.example",
)


@pytest.mark.parametrize("code", languages())
def test_a_person_is_greeted_by_the_whole_name(code: str) -> None:
    spoken = language(code)
    greeting = greeting_of(customer_values(an_action(), CONTACT, "GB"), spoken)
    assert "Jane Hill" in greeting
    titles = {"Mr", "Mrs", "Ms", "Herr", "Frau", "Monsieur", "Madame", "Señor", "Señora"}
    assert not titles & set(greeting.replace(",", " ").split())


@pytest.mark.parametrize(
    ("to", "greeting"),
    [
        ("", "Dear Jane Hill,"),
        ("Jane@Acme.example", "Dear Jane Hill,"),
        ("tom@acme.example, jane@acme.example", "Dear Jane Hill,"),
        # Who reads at an address that an invoice names is not known.
        ("branch@acme.example", "Dear Acme Ltd,"),
    ],
)
def test_a_name_is_said_where_its_person_reads(to: str, greeting: str) -> None:
    action = an_action(details={"to": to})
    customer = customer_values(action, CONTACT, "GB")
    assert greeting_of(customer, language("en")) == greeting


def test_the_customers_record_is_shown_clean() -> None:
    customer = customer_values(an_action(), CONTACT, "GB")
    assert customer["address"] == ("22 Mill Lane", "Leeds LS2 7EJ")
    assert customer["number"] == "C-104"


def test_settings_come_before_the_books() -> None:
    books = organisation_values(ORGANISATION, SenderDetails(), "")
    assert books["address"] == ("1 High Street", "Leeds")
    assert (books["phone"], books["email"]) == ("0113", "a@b.example")
    settings = SenderDetails(("2 New Road",), "0114", "c@d.example")
    ours = organisation_values(ORGANISATION, settings, "")
    assert ours["address"] == ("2 New Road",)
    assert (ours["phone"], ours["email"]) == ("0114", "c@d.example")


def test_a_customer_without_a_record_has_a_name() -> None:
    customer = customer_values(an_action(contact_name="Acme Ltd"), None, "GB")
    assert customer["name"] == "Acme Ltd"
    assert greeting_of(customer, language("en")) == "Dear Acme Ltd,"
