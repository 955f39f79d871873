"""An address that takes no mail counts as none, as long as the books hold it."""

from __future__ import annotations

from datetime import date

from tests.builders.records import a_contact, an_invoice

from arsync.core.ledger.records import Account, Phone, UndeliverableAddress
from arsync.core.ledger.undeliverable_addresses import (
    cannot_be_reached,
    phone_words,
    reachable,
    still_in_books,
)

DAY = date(2026, 11, 20)


def bad(address: str, contact_id: str = "c1") -> UndeliverableAddress:
    return UndeliverableAddress(contact_id, address, DAY, "550 no such user", 7)


def test_only_what_the_books_hold_stands() -> None:
    contacts = [
        a_contact("c1", email="jo@x.test; sam@x.test", more_emails=("ann@x.test",)),
        a_contact("c2", email="jo@x.test"),
    ]
    invoices = [an_invoice("i1", "c1", email="desk@x.test")]
    known = [
        bad("JO@x.test"),
        bad("sam@x.test"),
        bad("ann@x.test"),
        bad("desk@x.test"),
        bad("old@x.test"),
        bad("sam@x.test", "c2"),
        bad("jo@x.test", "gone"),
    ]
    assert list(still_in_books(known, contacts, invoices)) == known[:4]


def test_a_bad_address_is_left_out_and_others_stay() -> None:
    account = Account(
        (
            a_contact("c1", email="jo@x.test; sam@x.test", more_emails=("JO@x.test", "ann@x.test")),
            a_contact("c2", email="jo@x.test"),
        ),
        (an_invoice("i1", "c1", email="jo@x.test"), an_invoice("i2", "c2", email="jo@x.test")),
        undeliverable=(bad("jo@X.test"),),
    )
    seen = reachable(account)
    assert (seen.contacts[0].email, seen.contacts[0].more_emails) == ("sam@x.test", ("ann@x.test",))
    assert seen.contacts[1].email == "jo@x.test", "another customer's is its own"
    assert [invoice.email for invoice in seen.invoices] == ["", "jo@x.test"]
    assert reachable(seen) == seen


def test_what_is_no_address_is_left_out() -> None:
    account = Account(
        (a_contact("c1", email="none", more_emails=("ann@x.test", "tel. 020 7946 0018")),),
        (an_invoice("i1", "c1", email="see notes"), an_invoice("i2", "c1", email="jo@x.test; ?")),
    )
    seen = reachable(account)
    assert (seen.contacts[0].email, seen.contacts[0].more_emails) == ("", ("ann@x.test",))
    assert [invoice.email for invoice in seen.invoices] == ["", "jo@x.test"]


def test_an_account_without_any_is_itself() -> None:
    account = Account((a_contact("c1"), a_contact("c2", email="jo@x.test, ann@x.test")))
    assert reachable(account) is account


def test_the_words_name_address_reason_and_phone() -> None:
    contact = a_contact("c1", phones=(Phone("020 7946 0018"),))
    assert cannot_be_reached(bad("jo@x.test")) == (
        "jo@x.test takes no mail since 2026-11-20 (550 no such user)"
    )
    assert phone_words(contact) == "; phone: 020 7946 0018"
    assert phone_words(a_contact("c1")) == ""
