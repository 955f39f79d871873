"""The queue of approvals: what waits, in full, and how it is decided."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from tests.builders.desk import HOSTILE, DeskDriver, a_desk, add_person, post
from tests.web.desk.test_today import key_of, state_of

from arsync.application.permissions import Role
from arsync.clock import SetClock
from arsync.core.actions import ActionState
from arsync.store.people.audit_log import AuditFilter

QUEUE = "/c/books/approvals"


def test_the_list_and_one_in_full_stand_together(desk: DeskDriver, owner: FlaskClient) -> None:
    page = owner.get(f"{QUEUE}/{key_of(desk, 'INV-7')}").text
    assert "13 decisions wait: 11 letters, 2 about credit holds." in page
    assert "First reminder to Larkfield Dental" in page
    assert "“Standard cadence” asks for it." in page
    assert "INV-7: 20 days overdue, £2,102.32 to pay" in page
    assert "rules/standard.yaml, line" in page
    assert HOSTILE not in page


def test_filters_narrow_by_kind_and_amount(desk: DeskDriver, owner: FlaskClient) -> None:
    holds = owner.get(f"{QUEUE}?sort=holds").text
    assert "1–2 of 2, £13,763.90 in all" in holds
    small = owner.get(f"{QUEUE}?sort=letters&up_to=300").text
    assert "1–3 of 3" in small
    assert "Larkfield Dental" not in small.partition("<tbody>")[2].partition("</tbody>")[0]
    assert "Nothing that waits fits this filter." in owner.get(f"{QUEUE}?up_to=1").text


def test_after_a_decision_the_next_row_is_shown(desk: DeskDriver, owner: FlaskClient) -> None:
    key = key_of(desk, "INV-3")
    page = owner.get(f"{QUEUE}/{key}?sort=letters").text
    following = page.partition('name="next" value="')[2].partition('"')[0]
    answer = post(owner, f"{QUEUE}/{key}/approve", then="approvals", next=following, sort="letters")
    where = answer.headers["Location"]
    assert where.startswith(f"{QUEUE}/{following}?")
    assert "sort=letters" in where
    assert "Approved: Elmhurst Tools." in owner.get(where).text


def test_new_ones_are_told_and_not_put_in(desk: DeskDriver, owner: FlaskClient) -> None:
    opened = desk.container.clock.now().isoformat()
    assert isinstance(desk.container.clock, SetClock)
    desk.container.clock.advance(timedelta(hours=1))
    contact = desk.books.add_contact(50)
    desk.books.add_invoice(contact, 99, overdue=4, amount="77.00")
    list(desk.container.sync("books"))
    frozen = owner.get(QUEUE, query_string={"as_at": opened}).text
    assert "1 decision came in since you opened this list" in frozen
    assert "INV-99" not in frozen
    now = owner.get(QUEUE).text
    assert "INV-99" in now
    assert "1 new" in now


def test_what_is_gone_says_why(desk: DeskDriver, owner: FlaskClient) -> None:
    assert isinstance(desk.container.clock, SetClock)
    desk.container.clock.advance(timedelta(hours=1))
    desk.books.pay(desk.books.invoices["i7"])
    list(desk.container.sync("books"))
    page = owner.get(QUEUE).text
    gone = page.partition('id="gone"')[2]
    assert "Larkfield Dental" in gone


def test_a_refusal_asks_why_and_until_when(desk: DeskDriver, owner: FlaskClient) -> None:
    key = key_of(desk, "INV-7")
    assert "Until when?" in owner.get(f"{QUEUE}/{key}/refuse").text
    empty = post(owner, f"{QUEUE}/{key}/refuse", reason=" ", until="date", day="soon")
    assert empty.status_code == 422
    assert "Give a day, such as" in empty.text
    assert state_of(desk, key) is ActionState.AWAITING_APPROVAL
    day = (desk.container.contexts()[0].today + timedelta(days=3)).isoformat()
    post(owner, f"{QUEUE}/{key}/refuse", reason="they called", until="date", day=day)
    assert state_of(desk, key) is ActionState.REJECTED
    assert isinstance(desk.container.clock, SetClock)
    for days, state in ((2, ActionState.REJECTED), (1, ActionState.AWAITING_APPROVAL)):
        desk.container.clock.advance(timedelta(days=days))
        list(desk.container.sync("books"))
        assert state_of(desk, key) is state
    (line,) = desk.container.store.audit.page(AuditFilter(), 10)
    assert line.words == f"they called, until {day}"


def test_ticked_ones_are_asked_about_once(desk: DeskDriver, owner: FlaskClient) -> None:
    keys = [key_of(desk, number) for number in ("INV-7", "INV-9")]
    page = owner.get(f"{QUEUE}/many", query_string={"key": keys, "do": "refuse"}).text
    assert "Refuse 2 letters, £2,326.62?" in page
    shown = page.partition('name="shown" value="')[2].partition('"')[0]
    form = {"key": keys, "shown": shown, "do": "refuse", "then": "approvals"}
    assert post(owner, f"{QUEUE}/many", **form).status_code == 422, "it has no reason yet"
    assert post(owner, f"{QUEUE}/many", reason="both called", **form).status_code == 303
    assert {state_of(desk, key) for key in keys} == {ActionState.REJECTED}


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DeskDriver]:
    """A desk on each of the two databases."""
    store = "sqlite:///arsync.db"
    if request.param == "postgresql":
        store = request.getfixturevalue("postgresql_schema")
    with a_desk(tmp_path, store=store) as opened:
        yield opened


def test_both_databases_list_and_show_the_same(either: DeskDriver) -> None:
    owner = either.signed_in(add_person(either.container, "Ann A", Role.OWNER))
    for path in ("/c/books/today", QUEUE, f"{QUEUE}?sort=holds&group=VIP", f"{QUEUE}?up_to=300"):
        assert owner.get(path).status_code == 200
    page = owner.get(QUEUE).text
    assert "1–13 of 13, £17,299.57 in all" in page
    assert "£17,799.57" in owner.get("/c/books/today").text


def test_two_people_at_one_queue_decide_once(either: DeskDriver) -> None:
    desk = either
    key, statuses = key_of(desk, "INV-7"), list[int]()
    clients = [
        desk.signed_in(add_person(desk.container, name, Role.OWNER)) for name in ("Ann A", "Bea B")
    ]
    together = threading.Barrier(2)

    def approve(client: FlaskClient) -> None:
        together.wait()
        statuses.append(post(client, f"{QUEUE}/{key}/approve").status_code)

    threads = [threading.Thread(target=approve, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [303, 409]
    approvals = [
        event
        for event in desk.container.store.actions.events(key)
        if event.to_state is ActionState.APPROVED
    ]
    assert len(approvals) == 1


def test_a_first_yes_can_be_taken_back(desk: DeskDriver) -> None:
    person = add_person(desk.container, "Tom Okafor", Role.CONTROLLER, approves_up_to=Decimal(100))
    client, key = desk.signed_in(person), key_of(desk, "INV-7")
    assert "needs two" in client.get(f"{QUEUE}/{key}").text
    post(client, f"{QUEUE}/{key}/approve")
    assert "Take my yes back" in client.get(f"{QUEUE}/{key}").text
    post(client, f"{QUEUE}/{key}/undo")
    assert desk.container.store.first_approvals.of([key]) == {}
    assert state_of(desk, key) is ActionState.AWAITING_APPROVAL


def test_letters_are_for_those_who_see_amounts(desk: DeskDriver, reader: FlaskClient) -> None:
    blind = desk.signed_in(add_person(desk.container, "Noa Sum", Role.READER, sees_amounts=False))
    key = key_of(desk, "INV-7")
    page = blind.get(f"{QUEUE}/{key}")
    assert page.status_code == 200
    assert "£" not in page.text
    assert "2,102" not in page.text
    for path in ("letter", "letter.pdf"):
        assert blind.get(f"{QUEUE}/{key}/{path}").status_code == 403
    letter = reader.get(f"{QUEUE}/{key}/letter")
    assert "sandbox" in letter.headers["Content-Security-Policy"]
    assert "Approve" not in reader.get(f"{QUEUE}/{key}").text.partition("<main")[2].replace(
        "Approvals", ""
    )


def test_an_action_of_nobody_is_not_found(desk: DeskDriver, owner: FlaskClient) -> None:
    for key in ("0" * 32, "zz", HOSTILE.replace("/", "")):
        assert owner.get(f"{QUEUE}/{key}").status_code == 404
