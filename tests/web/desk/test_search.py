"""The search: what is found, where, and for whom."""

from __future__ import annotations

from flask.testing import FlaskClient
from tests.builders.desk import HOSTILE, DeskDriver, add_person

from arsync.application.permissions import Role


def test_customers_invoices_and_actions_are_found(desk: DeskDriver, owner: FlaskClient) -> None:
    assert "Umber Furniture" in owner.get("/c/books/search?q=umber").text
    assert "Marlow Foods Group" in owner.get("/c/books/search?q=foods").text
    number = next(iter(desk.books.invoices.values())).number
    text = owner.get(f"/c/books/search?q={number[:5].lower()}").text
    assert number in text
    assert "/c/books/invoices/" in text
    row = desk.container.store.connections.get("books")
    action = desk.container.store.actions.list(row.id)[0]
    assert f"/approvals/{action.key}" in owner.get(f"/c/books/search?q={action.key[:8]}").text


def test_nothing_and_no_question_are_told_apart(owner: FlaskClient) -> None:
    assert "Nothing is called so" in owner.get("/c/books/search?q=zzzz").text
    assert "Type a customer" in owner.get("/c/books/search?q=").text
    hostile = owner.get("/c/books/search", query_string={"q": HOSTILE}).text
    assert "<img" not in hostile


def test_all_means_what_is_the_persons_own(desk: DeskDriver, owner: FlaskClient) -> None:
    store = desk.container.store
    row = store.connections.get("books")
    store.connections.add(
        "other",
        platform="books",
        organisation=row.organisation._replace(id="other", name="Other Ltd"),
        mode="approve",
    )
    text = owner.get("/search?q=Umber").text
    assert "/c/books/customers/" in text
    assert "/c/other/today" in owner.get("/search?q=other").text
    elsewhere = add_person(
        desk.container, "Ann Lee", Role.READER, scope="connection", value="other"
    )
    assert "Nothing is called so" in desk.signed_in(elsewhere).get("/search?q=Umber").text
    assert desk.signed_in(elsewhere).get("/c/books/search?q=Umber").status_code == 404


def test_sums_are_for_who_may_see_them(desk: DeskDriver, owner: FlaskClient) -> None:
    invoice = next(iter(desk.books.invoices.values()))
    path = f"/c/books/search?q={invoice.number}"
    assert "1,250.00" in owner.get(path).text
    user = add_person(desk.container, "Sam Rook", Role.READER, sees_amounts=False)
    assert "1,250.00" not in desk.signed_in(user).get(path).text
