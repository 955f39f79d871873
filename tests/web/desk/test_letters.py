"""Letters on the desk: what is sent, how it reads, and the register."""

from __future__ import annotations

from flask.testing import FlaskClient
from tests.builders.desk import HOSTILE, DeskDriver, add_person

from arsync.application.permissions import Role


def test_each_text_names_the_rule_that_sends_it(reader: FlaskClient) -> None:
    page = reader.get("/c/books/letters").text
    assert "Standard cadence, day 14" in page
    assert "standard.yaml, line 16" in page


def test_a_letter_is_shown_for_who_gets_it(controller: FlaskClient) -> None:
    page = controller.get("/c/books/letters/first%20reminder").text
    assert "As it reads for" in page
    assert "made-up" not in page
    other = controller.get("/c/books/letters/first%20reminder?customer=Larkfield+Dental").text
    assert "As it reads for Larkfield Dental" in other


def test_an_unknown_customer_is_said(controller: FlaskClient) -> None:
    page = controller.get("/c/books/letters/first%20reminder?customer=Nobody")
    assert page.status_code == 200
    assert "It cannot be shown" in page.text
    assert controller.get("/c/books/letters/no%20such%20text").status_code == 404


def test_the_framed_letter_runs_and_loads_nothing(owner: FlaskClient) -> None:
    answer = owner.get("/c/books/letters/first%20reminder/email?customer=Larkfield+Dental")
    policy = answer.headers["Content-Security-Policy"]
    assert "sandbox" in policy
    assert "default-src 'none'" in policy
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "Larkfield" in answer.text


def test_a_letter_is_printed(owner: FlaskClient) -> None:
    answer = owner.get("/c/books/letters/first%20reminder/pdf?customer=Larkfield+Dental")
    assert answer.mimetype == "application/pdf"
    assert answer.data.startswith(b"%PDF")


def test_letters_are_for_who_sees_amounts(desk: DeskDriver) -> None:
    user = add_person(desk.container, "Nils Berg", Role.READER, sees_amounts=False)
    client = desk.signed_in(user)
    assert client.get("/c/books/letters").status_code == 200
    for path in ("", "/email", "/pdf"):
        assert client.get(f"/c/books/letters/first%20reminder{path}").status_code == 403
    assert client.get("/c/books/letters/register.csv").status_code == 403


def test_the_register_lists_the_numbered_notices(desk: DeskDriver, owner: FlaskClient) -> None:
    store, connection = desk.container.store, desk.container.store.connections.get("books")
    final = next(row for row in store.actions.list() if row.action.step)
    store.letters.number(connection.id, final.key)
    page = owner.get("/c/books/letters").text
    assert final.action.contact_name.split()[0] in page
    assert f"{final.action.step}: " in page
    csv = owner.get("/c/books/letters/register.csv").text
    assert csv.startswith("connection,number,written")
    assert final.key in csv


def test_hostile_names_stay_text(desk: DeskDriver, owner: FlaskClient) -> None:
    contact = next(each for each in desk.books.contacts.values() if each.name == HOSTILE)
    answer = owner.get(f"/c/books/letters/first%20reminder?customer={contact.id}")
    assert "<img src=x" not in answer.text
