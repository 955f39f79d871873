"""A letter that a person has sent from a customer's page."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from flask.testing import FlaskClient
from tests.builders.desk import DeskDriver, add_person, post

from arsync.application.agreements.payment_plans import agree
from arsync.application.permissions import Actor, Role
from arsync.core.actions import ActionKind
from arsync.core.ledger.agreements.plan_terms import Terms
from arsync.store.models import ActionRow
from arsync.store.people.audit_log import AuditFilter

ELMHURST = "/c/books/customers/c1"
LETTER = f"{ELMHURST}/letter"
OWNER = Actor("Olga", Role.OWNER)


def asked(desk: DeskDriver) -> ActionRow:
    connection = desk.container.store.connections.get("books")
    (row,) = desk.container.store.actions.list(connection.id, kinds={ActionKind.ACCOUNT_LETTER})
    return row


def test_a_letter_is_sent_from_the_page(desk: DeskDriver, controller: FlaskClient) -> None:
    assert f'href="{LETTER}"' in controller.get(ELMHURST).text
    assert "terms of trade" in controller.get(LETTER).text
    response = post(controller, LETTER, letter="terms of trade", line="As agreed on Friday.")
    assert response.status_code == 303, response.text
    assert "leaves with the next run" in controller.get(response.headers["Location"]).text
    row = asked(desk)
    assert (row.state, row.action.contact_id) == ("approved", "c1")
    (line,) = desk.container.store.audit.page(AuditFilter(), 10)
    assert (line.what, line.about) == ("sent a letter", "Elmhurst Tools")


def test_an_untrue_letter_keeps_what_was_typed(controller: FlaskClient) -> None:
    response = post(controller, LETTER, letter="credit hold lifted", line="As agreed.")
    assert response.status_code == 422
    page = response.text
    assert 'value="As agreed."' in page
    assert "<option" in page
    assert "Not sent: Elmhurst Tools was never on hold." in page
    response = post(controller, LETTER)
    assert "Which letter?" in response.text


def test_of_two_payment_plans_one_is_chosen(desk: DeskDriver, controller: FlaskClient) -> None:
    assert 'name="plan"' not in controller.get(LETTER).text
    desk.books.add_invoice(desk.books.contacts["c1"], 98, overdue=9, amount="90.00")
    list(desk.container.sync("books"))
    day = desk.container.clock.now().date() + timedelta(9)
    connection = desk.container.store.connections.get("books")
    (account,) = desk.container.store.ledger.accounts(connection.id, ["c1"])
    owed = [invoice.number for invoice in account.invoices if invoice.amount_due > 0]
    for number in owed[:2]:
        terms = Terms(equal_parts=2, first=day)
        agree(OWNER, desk.container, [number], terms, connection="books")
    assert '<option value="2">2, of' in controller.get(LETTER).text
    refused = post(controller, LETTER, letter="instalment due")
    assert "2 payment plans" in refused.text


def test_an_accountants_letter_waits(desk: DeskDriver, accountant: FlaskClient) -> None:
    assert "A line of your own" not in accountant.get(LETTER).text
    assert post(accountant, LETTER, letter="terms of trade").status_code == 303
    assert asked(desk).state == "awaiting approval"


def test_above_ones_limit_it_waits_for_two(desk: DeskDriver) -> None:
    ann = add_person(desk.container, "Ann One", Role.CONTROLLER, approves_up_to=Decimal(10))
    browser = desk.signed_in(ann)
    response = post(browser, LETTER, letter="satisfaction check", number="INV-1")
    assert response.status_code == 303, response.text
    assert "waits for approval" in browser.get(response.headers["Location"]).text
    assert asked(desk).state == "awaiting approval"


def test_a_reader_sends_no_letter(reader: FlaskClient) -> None:
    assert f'"{LETTER}"' not in reader.get(ELMHURST).text
    assert post(reader, LETTER, letter="terms of trade").status_code == 403
