"""Credit on the desk: recorded, explained with its rule's line, decided by those who may."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from tests.builders.desk import SAME_ORIGIN, DeskDriver, add_person, post

from arsync.application.permissions import Role
from arsync.store.people.audit_log import AuditFilter
from arsync_sandbox.server import Sandbox

POLICY = """
acceptance:
  - {name: Known, when: {score: {at_least: 70}}, decide: accept, limit: limit_asked,
     terms: 14 days, review: every 12 months}
  - {name: The rest, decide: ask, by: finance director}
"""
LIST = "/c/books/credit"


@pytest.fixture
def owner(desk: DeskDriver) -> FlaskClient:
    rules = Path(desk.container.config.rules_folder) / "acceptance.yaml"
    rules.write_text(POLICY)
    return desk.signed_in(add_person(desk.container, "Hannah Reid", Role.OWNER))


def applied(client: FlaskClient, name: str = "Nova Ltd", limit: str = "3,000") -> str:
    response = post(client, f"{LIST}/new", name=name, limit=limit, terms="30 days")
    assert response.status_code == 303, response.text
    return response.headers["Location"]


def test_an_application_is_recorded_and_listed(owner: FlaskClient) -> None:
    page = owner.get(applied(owner)).text
    assert "The application of Nova Ltd is recorded." in page
    assert "Asks for £3,000.00, 30 days." in page
    assert "For finance director to decide." in page
    assert "Nova Ltd" in owner.get(LIST).text
    assert "Nova Ltd" not in owner.get(f"{LIST}?state=refused").text


def test_a_proposal_shows_its_facts_and_line(owner: FlaskClient) -> None:
    path = applied(owner)
    recorded = post(owner, f"{path}/data", datum="score", value="82", source="Bureau")
    assert recorded.status_code == 303
    page = owner.get(path).text
    assert "The rulebook proposes: accepted" in page
    assert "file=rules%2Facceptance.yaml&amp;line=3#line-3" in page
    assert "<td>82</td><td>at least 70</td>" in page
    assert post(owner, f"{path}/decide", outcome="proposed", seen="0").status_code == 303
    page = owner.get(path).text
    assert "Hannah Reid:" in page
    assert "Decide as proposed" not in page
    again = post(owner, f"{path}/decide", outcome="refuse", reason="late", seen="0")
    assert (again.status_code, "meanwhile" in again.text) == (422, True)
    back = post(owner, f"{path}/take-back", back_reason="a slip")
    assert back.status_code == 303
    assert "arsync undo" not in owner.get(path).text


def test_by_hand_needs_what_is_decided(owner: FlaskClient) -> None:
    path = applied(owner)
    for fields, words in (
        ({}, "What is decided? Choose one."),
        ({"outcome": "proposed"}, "leaves it to a person"),
        ({"outcome": "accept"}, "needs a limit"),
        ({"outcome": "accept", "limit": "much"}, "is no amount"),
        ({"outcome": "accept", "limit": "5", "until": "2001-01-01"}, "not in the future"),
    ):
        response = post(owner, f"{path}/decide", **fields)
        assert (response.status_code, words in response.text) == (422, True), words
    assert post(owner, f"{path}/decide", outcome="accept", limit="900").status_code == 303


def test_the_customers_page_shows_what_was_agreed(desk: DeskDriver, owner: FlaskClient) -> None:
    name = desk.books.contacts["c1"].name
    path = applied(owner, name)
    fields = {"outcome": "accept", "limit": "900", "until": "2099-01-31", "review": "2098-01-31"}
    assert post(owner, f"{path}/decide", **fields).status_code == 303
    page = owner.get("/c/books/customers/c1").text
    assert f'<a href="{path}">Open the application</a>' in page
    assert "agreed: £900.00 until 31 January 2099" in page
    assert "To be reviewed on 31 January 2098." in page


def test_cash_on_delivery_names_no_sum(desk: DeskDriver, owner: FlaskClient) -> None:
    limits = Path(desk.container.config.rules_folder) / "standard.yaml"
    agreed = "  - {name: Agreed, when: {agreed_limit: known}, limit: agreed_limit}\n"
    text = limits.read_text()
    limits.write_text(text.replace("credit_limits:\n", f"credit_limits:\n{agreed}"))
    path = applied(owner, desk.books.contacts["c1"].name)
    decided = post(owner, f"{path}/decide", outcome="cash on delivery", reason="pays late")
    assert decided.status_code == 303, decided.text
    page = owner.get("/c/books/customers/c1").text
    assert "nothing is sold on credit" in page
    assert "agreed: £0.00" not in page
    assert "% above it" not in page


def test_references_are_recorded_and_answered(owner: FlaskClient) -> None:
    path = applied(owner)
    assert post(owner, f"{path}/reference", reference="Acme", kind="bank").status_code == 303
    assert "no answer yet" in owner.get(path).text
    answered = post(owner, f"{path}/reference", reference="Acme", answer="good")
    assert answered.status_code == 303
    assert "Acme (bank)" in owner.get(path).text
    wrong = post(owner, f"{path}/reference", reference="Acme", words="nice")
    assert (wrong.status_code, "What did they answer" in wrong.text) == (422, True)


def test_a_reader_without_amounts_sees_no_sums(desk: DeskDriver, owner: FlaskClient) -> None:
    path = applied(owner)
    post(owner, f"{path}/data", datum="score", value="82", source="Bureau")
    reader = add_person(desk.container, "Bo Dahl", Role.READER, sees_amounts=False)
    page = desk.signed_in(reader).get(path).text
    assert "3,000" not in page
    assert "Decide" not in page


def test_a_reference_is_asked_from_its_page(desk: DeskDriver, owner: FlaskClient) -> None:
    path = applied(owner)
    fields = {"reference": "Acme Supply", "email": "accounts@acme.example"}
    assert post(owner, f"{path}/reference", **fields).status_code == 303
    assert "Ask by letter" not in owner.get(path).text
    refused = post(owner, f"{path}/ask", asked="Acme Supply")
    assert (refused.status_code, "has not agreed" in refused.text) == (422, True)
    assert post(owner, f"{path}/consent", consented="2026-11-01").status_code == 303
    assert "Ask by letter" in owner.get(path).text
    asked = post(owner, f"{path}/ask", asked="Acme Supply")
    assert asked.status_code == 303, asked.text
    page = owner.get(path).text
    assert "A letter waits to leave." in page
    assert "Take the letter back" in page
    assert post(owner, f"{path}/reference-back", asked="Acme Supply").status_code == 303
    assert "Ask by letter" in owner.get(path).text
    said = {"reference": "Acme Supply", "answer": "good", "known_for": "6 years", "pays": "late"}
    assert post(owner, f"{path}/reference", **said).status_code == 303
    assert "has known it for 6 years, it pays them late" in owner.get(path).text


def test_a_waiting_letter_to_a_reference_is_read(desk: DeskDriver, owner: FlaskClient) -> None:
    path = applied(owner)
    fields = {"reference": "Acme Supply", "email": "accounts@acme.example"}
    post(owner, f"{path}/reference", **fields)
    post(owner, f"{path}/consent", consented="2026-11-01")
    clerk = desk.signed_in(add_person(desk.container, "Ann Clark", Role.ACCOUNTANT))
    assert post(clerk, f"{path}/ask", asked="Acme Supply").status_code == 303
    page = owner.get("/c/books/approvals").text
    assert "Nova Ltd" in page
    (row,) = [
        each.row
        for each in desk.container.waiting("books")
        if each.row.action.contact_name == "Nova Ltd"
    ]
    shown = owner.get(f"/c/books/approvals/{row.key}")
    assert shown.status_code == 200
    assert "Reference for Nova Ltd - Example Ltd" in shown.text
    assert "customers//" not in shown.text
    letter = owner.get(f"/c/books/approvals/{row.key}/letter").text
    assert "has applied to us for credit" in letter


def test_every_rule_is_shown_with_its_answer(owner: FlaskClient) -> None:
    path = applied(owner)
    page = owner.get(path).text
    assert "Every rule, in its order" in page
    assert "unknown" in page.split("Every rule, in its order")[1].split("</ul>")[0]
    post(owner, f"{path}/data", datum="score", value="82", source="Bureau")
    rules = owner.get(path).text.split("Every rule, in its order")[1].split("</ul>")[0]
    assert "applies (score: 82)" in rules
    assert "not read, a rule above it decides" in rules


def test_signed_terms_and_people_are_recorded(owner: FlaskClient) -> None:
    path = applied(owner)
    assert "not signed" in owner.get(path).text
    assert f'href="{path}/change"' in owner.get(path).text
    fields = {
        "signed": (BytesIO(b"signed"), "terms.pdf"),
        "signed_on": "2026-11-18",
        "version": "2026",
        "people": "Jane Doe, director, jane@nova.example\nJoe Roe, buyer",
        "form_id": "f1",
    }
    changed = owner.post(f"{path}/change", data=fields, headers=SAME_ORIGIN)
    assert changed.status_code == 303, changed.text
    page = owner.get(path).text
    assert "The application is changed." in page
    assert "terms.pdf, signed on 18 November, version 2026" in page
    assert "Jane Doe, director, jane@nova.example" in page
    assert "Asks for £3,000.00, 30 days." in page


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"version": "2026"}, "signature needs the signed file"),
        ({"signed": (BytesIO(b""), "terms.pdf")}, "terms is empty"),
        ({"country": "Britain"}, "no country"),
        ({"people": ", director"}, "no person"),
    ],
)
def test_what_an_application_cannot_have_is_refused(
    owner: FlaskClient, fields: dict[str, Any], words: str
) -> None:
    path = applied(owner)
    data = {**fields, "form_id": "f2"}
    refused = owner.post(f"{path}/change", data=data, headers=SAME_ORIGIN)
    assert (refused.status_code, words in refused.text) == (422, True)
    assert owner.get("/c/books/credit/999/change").status_code == 404


def test_a_source_is_asked_where_settings_allow(desk: DeskDriver, owner: FlaskClient) -> None:
    path = applied(owner)
    assert "No register may be asked" in owner.get(path).text
    refused = post(owner, f"{path}/ask-source", ask="gleif")
    assert (refused.status_code, "leaves for GLEIF" in refused.text) == (422, True)
    folder = desk.container.config.folder / "connections"
    folder.mkdir(exist_ok=True)
    registers = Sandbox(("xero",), start=datetime(2026, 11, 20, 9, 30, tzinfo=UTC))
    with registers:
        (folder / "books.toml").write_text(
            '[credit_data]\nsources = "companies_house, gleif"\n'
            f'gleif_url = "{registers.url}/gleif/api/v1"\n'
        )
        page = owner.get(path).text
        assert "GLEIF is told the registration number and the country." in page
        assert "Companies House: [credit_data] companies_house_key is empty." in page
        nothing = post(owner, f"{path}/ask-source", ask="gleif")
        assert (nothing.status_code, "registration number" in nothing.text) == (422, True)
        fields = {"name": "Mill Ltd", "registration": "09999991", "country": "GB"}
        known = post(owner, f"{LIST}/new", **fields).headers["Location"]
        registers.faults.add({"path": "/", "status": 503})
        away = post(owner, f"{known}/ask-source", ask="gleif")
        assert (away.status_code, "GLEIF answered 503" in away.text) == (422, True)
        assert post(owner, f"{known}/ask-source", ask="gleif").status_code == 303
    page = owner.get(known).text
    assert "GLEIF calls it NORTHWIND TRADERS LTD." in page
    assert "(GLEIF, " in page
    (line,) = desk.container.store.audit.page(AuditFilter(what="asked a register or bureau"), 9)
    assert line.about == "Mill Ltd"
