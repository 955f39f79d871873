"""The list of customers, and the page of one."""

from __future__ import annotations

from flask.testing import FlaskClient
from tests.builders.desk import HOSTILE, DeskDriver, add_person

from arsync.application.permissions import Role


def _id_of(desk: DeskDriver, name: str) -> str:
    return next(contact.id for contact in desk.books.contacts.values() if contact.name == name)


def test_the_most_overdue_stand_first(owner: FlaskClient) -> None:
    text = owner.get("/c/books/customers").text
    names = ["Umber Furniture", "Elmhurst Tools", "Larkfield Dental", "Verity Printing"]
    places = [text.index(name) for name in names]
    assert places == sorted(places)
    assert "£7,413.35" in text
    by_name = owner.get("/c/books/customers?order=name").text
    assert by_name.index("Elmhurst Tools") < by_name.index("Umber Furniture")


def test_a_list_is_narrowed_by_name_and_state(owner: FlaskClient) -> None:
    text = owner.get("/c/books/customers?name=DENTAL").text
    assert "Larkfield Dental" in text
    assert "Umber" not in text
    assert "No customer’s name has" in owner.get("/c/books/customers?name=nobody").text
    overdue = owner.get("/c/books/customers?show=overdue").text
    assert "Marlow Foods Group" not in overdue
    assert "Elmhurst Tools" in owner.get("/c/books/customers?show=waiting").text
    assert "No customer is like that" in owner.get("/c/books/customers?show=agreed").text


def test_a_long_list_comes_in_portions(desk: DeskDriver, owner: FlaskClient) -> None:
    for number in range(60):
        contact = desk.books.add_contact(100 + number)
        desk.books.add_invoice(contact, 100 + number, overdue=10, amount=f"{100 + number}.00")
    list(desk.container.sync("books"))
    seen: list[str] = []
    for order in ("", "name"):
        path: str | None = f"/c/books/customers?order={order}"
        portions = 0
        while path:
            page = owner.get(path).text
            seen += page.split("data-open>")[1:]
            portions += 1
            link = page.partition('class="foot"')[2].partition('class="button" href="')[2]
            path = link.partition('"')[0].replace("&amp;", "&") or None
        assert portions == 2
    names = [row.partition("<")[0] for row in seen]
    assert len(names) == 2 * (60 + 8)
    assert len(set(names)) == 60 + 8


def test_a_customer_shows_figures_invoices_and_reasons(
    desk: DeskDriver, owner: FlaskClient
) -> None:
    text = owner.get(f"/c/books/customers/{_id_of(desk, 'Elmhurst Tools')}").text
    assert "£6,350.55" in text
    assert "£5,000.00" in text
    assert "oldest 90 days" in text
    assert "waits for approval" in text
    assert "Everyone" in text
    assert "Standard cadence" in text
    assert "Over 90" in text
    assert 'role="img"' in text
    assert "https://books.example/" in text


def test_a_reader_without_amounts_sees_no_sum(desk: DeskDriver) -> None:
    user = add_person(desk.container, "Sam Rook", Role.READER, sees_amounts=False)
    client = desk.signed_in(user)
    for path in ("", f"/{_id_of(desk, 'Elmhurst Tools')}"):
        text = client.get(f"/c/books/customers{path}").text
        assert "Elmhurst Tools" in text
        for sum_shown in ("6,350", "1,250", "5,000", "4,300", "800.00", "<svg"):
            assert sum_shown not in text, sum_shown


def test_a_readers_page_offers_no_action(desk: DeskDriver, reader: FlaskClient) -> None:
    text = reader.get(f"/c/books/customers/{_id_of(desk, 'Elmhurst Tools')}").text
    for control in ("/promise", "/plan", "/dispute", "/call", "/task", "/hold", "/leave-alone"):
        assert f'formaction="/c/books{control}' not in text
        assert f'{control}">' not in text
    assert "Why?" in text


def test_a_hostile_name_stays_text(desk: DeskDriver, owner: FlaskClient) -> None:
    for path in ("", f"/{_id_of(desk, HOSTILE)}"):
        text = owner.get(f"/c/books/customers{path}").text
        assert "<img" not in text
        assert "&lt;img" in text


def test_an_unknown_customer_is_said_to_be_none(owner: FlaskClient) -> None:
    response = owner.get("/c/books/customers/nobody")
    assert response.status_code == 422
    assert "there is no customer" in response.text


def test_the_timeline_is_filtered(desk: DeskDriver, owner: FlaskClient) -> None:
    path = f"/c/books/customers/{_id_of(desk, 'Elmhurst Tools')}"
    money = owner.get(f"{path}?events=money").text
    assert "issued" in money
    assert "Task:" not in money
    assert "Nothing of this kind" in owner.get(f"{path}?events=people").text


def test_a_broken_rulebook_leaves_the_page_standing(desk: DeskDriver, owner: FlaskClient) -> None:
    rules = desk.container.config.folder / "rules" / "standard.yaml"
    rules.write_text("version: 1\nnonsense: true\n")
    text = owner.get(f"/c/books/customers/{_id_of(desk, 'Elmhurst Tools')}").text
    assert "the rulebook has a problem" in text
    assert "£6,350.55" in text
