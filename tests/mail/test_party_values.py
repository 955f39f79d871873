"""Both parties of a letter stand in it with addresses that the other's post can read."""

from __future__ import annotations

from typing import Any

from tests.builders.actions import an_action
from tests.builders.records import a_contact

from arsync.core.actions import ActionKind
from arsync.core.ledger.records import Contact, Organisation
from arsync.mail.letter_facts import SenderDetails
from arsync.mail.party_values import customer_values, organisation_values

LONDON = ("1 High Street", "London", "EC1A 1BB")
BERLIN = ("Hauptstraße 1", "10115 Berlin")
US = Organisation("o1", "Example Ltd", "GBP", "GB", address=LONDON)


def customer_of(contact: Contact, home: str = "GB") -> dict[str, Any]:
    return customer_values(an_action(ActionKind.REMINDER), contact, home)


def test_a_letter_abroad_bears_both_countries() -> None:
    customer = a_contact("c1", "Acme GmbH")._replace(address=BERLIN, country="DE")
    assert customer_of(customer)["address"] == (*BERLIN, "GERMANY")
    ours = organisation_values(US, SenderDetails(), customer.country)
    assert ours["address"] == (*LONDON, "VEREINIGTES KÖNIGREICH")


def test_a_letter_at_home_bears_no_country() -> None:
    customer = a_contact("c1", "Acme Ltd")._replace(address=LONDON, country="GB")
    assert customer_of(customer)["address"] == LONDON
    assert customer_of(customer._replace(country=""))["address"] == LONDON
    for country in ("GB", ""):
        assert organisation_values(US, SenderDetails(), country)["address"] == LONDON


def test_an_address_from_the_settings_stays_as_written() -> None:
    sender = SenderDetails(address=("PO Box 1", "London", "United Kingdom"))
    assert organisation_values(US, sender, "DE")["address"] == sender.address
