"""The worklist: its order, the nine outcomes, undoing one, and putting a task off."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from flask.testing import FlaskClient
from tests.builders.desk import DeskDriver, add_person, post

from arsync.application.customers.name_search import ContactId
from arsync.application.permissions import Actor, Role
from arsync.application.tasks.tasks import NewTask, open_task
from arsync.core.actions import Action, Because, TaskPayload
from arsync.core.ledger.supplier_standing import party_id
from arsync.store.models import ActionRow

OWNER = Actor("Hannah Reid", Role.OWNER)


@pytest.fixture
def tasks(desk: DeskDriver) -> dict[str, ActionRow]:
    """Two tasks, by the id of their customer: the first owes much more."""
    for contact_id, owner in (("c4", "sales"), ("c1", "")):
        task = NewTask("Call about the debt", owner)
        open_task(OWNER, desk.container, ContactId(contact_id), task, connection="books")
    list(desk.container.sync("books"))
    rows = desk.container.store.actions.open_tasks(_connection(desk))
    return {row.action.contact_id: row for row in rows}


def _connection(desk: DeskDriver) -> int:
    return desk.container.store.connections.get("books").id


def _task(desk: DeskDriver, row: ActionRow) -> ActionRow:
    return desk.container.store.actions.get(row.key)


def _day(desk: DeskDriver, ahead: int) -> str:
    return (desk.container.clock.now().date() + timedelta(days=ahead)).isoformat()


def test_the_most_worth_stands_first_and_is_opened(
    tasks: dict[str, ActionRow], controller: FlaskClient
) -> None:
    text = controller.get("/c/books/worklist").text
    assert text.index("Elmhurst Tools") < text.index("Larkfield Dental")
    assert 'id="task-title">Elmhurst Tools' in text
    assert "overdue for" in text
    other = controller.get(f"/c/books/worklist/{tasks['c4'].key}").text
    assert 'id="task-title">Larkfield Dental' in other


def test_each_outcome_asks_its_own_fields(
    tasks: dict[str, ActionRow], controller: FlaskClient
) -> None:
    path = f"/c/books/worklist/{tasks['c1'].key}"
    promised = controller.get(f"{path}?outcome=promised").text
    assert 'name="day"' in promised
    assert 'name="next"' not in promised
    voicemail = controller.get(f"{path}?outcome=voicemail").text
    assert 'name="day"' not in voicemail
    assert 'name="next"' in voicemail
    assert 'name="about"' in controller.get(f"{path}?outcome=dispute").text
    for letter in "spidcvuwr":
        assert f'data-key="o {letter}"' in promised


def test_a_promise_is_recorded_and_the_next_opens(
    desk: DeskDriver, tasks: dict[str, ActionRow], controller: FlaskClient
) -> None:
    row = tasks["c1"]
    response = post(
        controller,
        f"/c/books/worklist/{row.key}",
        outcome="promised",
        day=_day(desk, 8),
        amount="1,000.00",
        following=tasks["c4"].key,
    )
    assert response.status_code == 303
    assert f"/worklist/{tasks['c4'].key}" in response.headers["Location"]
    (promise,) = desk.container.store.promises.recorded(_connection(desk))
    assert promise.amount == Decimal(1000)
    assert _task(desk, row).done_at is not None
    shown = controller.get(response.headers["Location"]).text
    assert "Recorded." in shown
    assert "Done today" in shown
    # A promise is not undone by itself.
    assert f"{row.key}/undo" not in shown


def test_what_was_recorded_is_undone(
    desk: DeskDriver, tasks: dict[str, ActionRow], controller: FlaskClient
) -> None:
    row = tasks["c1"]
    path = f"/c/books/worklist/{row.key}"
    response = post(controller, path, outcome="refused", note="will not pay")
    assert _task(desk, row).done_at is not None
    shown = controller.get(response.headers["Location"]).text
    assert f"{row.key}/undo" in shown
    assert post(controller, f"{path}/undo").status_code == 303
    assert _task(desk, row).done_at is None
    text = controller.get("/c/books/worklist").text
    assert 'id="task-title">Elmhurst Tools' in text
    assert "Done today" not in text


def test_a_voicemail_brings_the_task_back(
    desk: DeskDriver, tasks: dict[str, ActionRow], controller: FlaskClient
) -> None:
    row = tasks["c1"]
    post(controller, f"/c/books/worklist/{row.key}", outcome="voicemail", next=_day(desk, 4))
    task = _task(desk, row)
    assert (task.done_at, str(task.next_on), task.tries) == (None, _day(desk, 4), 1)


def test_a_skipped_task_comes_back_tomorrow(
    desk: DeskDriver, tasks: dict[str, ActionRow], controller: FlaskClient
) -> None:
    for row in tasks.values():
        assert post(controller, f"/c/books/worklist/{row.key}/skip").status_code == 303
    assert str(_task(desk, tasks["c1"]).next_on) == _day(desk, 1)
    text = controller.get("/c/books/worklist").text
    assert "No calls to make" in text
    assert "The next one comes back on" in text
    assert "Elmhurst Tools" in controller.get("/c/books/worklist?due=all").text


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"outcome": "promised"}, "Which day was promised?"),
        ({"outcome": "dispute"}, "What is disputed, and why?"),
        ({"outcome": "promised", "day": "2001-01-01"}, "That day is past"),
        ({"outcome": "shouted"}, "What came of it?"),
        ({"outcome": "spoke", "note": "kept <b>", "next": "soon"}, "kept &lt;b&gt;"),
    ],
)
def test_a_mistake_keeps_what_was_typed(
    desk: DeskDriver,
    tasks: dict[str, ActionRow],
    controller: FlaskClient,
    values: dict[str, str],
    words: str,
) -> None:
    response = post(controller, f"/c/books/worklist/{tasks['c1'].key}", **values)
    assert response.status_code == 422
    assert words in response.text
    assert _task(desk, tasks["c1"]).outcome == ""


def test_a_filter_narrows_the_list(tasks: dict[str, ActionRow], controller: FlaskClient) -> None:
    assert tasks
    mine = controller.get("/c/books/worklist?for=Sales").text
    assert "Larkfield Dental" in mine
    assert "Elmhurst Tools" not in mine
    nobody = controller.get("/c/books/worklist?for=-").text
    assert "Larkfield Dental" not in nobody
    assert "No task is like that" in controller.get("/c/books/worklist?kind=other").text


def test_instalments_open_the_plan_and_end_the_task(
    desk: DeskDriver, tasks: dict[str, ActionRow], controller: FlaskClient
) -> None:
    row = tasks["c1"]
    text = controller.get(f"/c/books/worklist/{row.key}").text
    address = text.partition('href="/c/books/customers/c1/plan?')[2].partition('"')[0]
    query = address.replace("&amp;", "&")
    page = controller.get(f"/c/books/customers/c1/plan?{query}&parts=2&first={_day(desk, 9)}").text
    mark = page.partition('name="previewed" value="')[2].partition('"')[0]
    response = post(
        controller,
        f"/c/books/customers/c1/plan?{query}",
        covers="ticked",
        parts="2",
        first=_day(desk, 9),
        every="month",
        previewed=mark,
        task=row.key,
    )
    assert response.status_code == 303
    assert "/worklist" in response.headers["Location"]
    assert _task(desk, row).outcome == "spoke: instalments agreed"
    assert len(desk.container.store.payment_plans.recorded(_connection(desk))) == 1


def test_readers_see_and_record_nothing(
    desk: DeskDriver, tasks: dict[str, ActionRow], reader: FlaskClient, accountant: FlaskClient
) -> None:
    key = tasks["c1"].key
    assert post(reader, f"/c/books/worklist/{key}", outcome="spoke").status_code == 403
    for act in ("skip", "undo"):
        assert post(reader, f"/c/books/worklist/{key}/{act}").status_code == 403
    assert "Record and open the next" not in reader.get("/c/books/worklist").text
    assert ">Promised" not in accountant.get("/c/books/worklist").text
    user = add_person(desk.container, "Sam Rook", Role.READER, sees_amounts=False)
    text = desk.signed_in(user).get("/c/books/worklist").text
    assert "Elmhurst Tools" in text
    for sum_shown in ("6,350", "4,300", "2,102"):
        assert sum_shown not in text


def test_another_connections_task_is_not_found(
    desk: DeskDriver, tasks: dict[str, ActionRow], controller: FlaskClient
) -> None:
    row = desk.container.store.connections.get("books")
    desk.container.store.connections.add(
        "other",
        platform="books",
        organisation=row.organisation._replace(id="other"),
        mode="approve",
    )
    response = controller.get(f"/c/other/worklist/{tasks['c1'].key}")
    assert response.status_code == 422
    assert "there is no task" in response.text


def test_a_suppliers_alert_names_no_customers_page(
    desk: DeskDriver, controller: FlaskClient
) -> None:
    """A supplier need be no customer: its task is shown, and done here."""
    now = desk.container.clock.now()
    alert = Action(
        payload=TaskPayload("Alert: We pay late", is_alert=True, observation="2 overdue bills"),
        connection="books",
        contact_id=party_id("v7"),
        contact_name="Northwind Print",
        because=Because("rules/standard.yaml", 1, "We pay late"),
        subject="since 2026-11-20",
    )
    desk.container.store.tasks.open_alert(_connection(desk), alert, on=now.date(), now=now)
    page = controller.get(f"/c/books/worklist/{alert.key}").text
    assert 'id="task-title">Northwind Print' in page
    assert "It is about a supplier." in page
    assert "/customers/supplier" not in page
    found = controller.get(f"/c/books/approvals/{alert.key}").text
    assert "Northwind Print" in found
    assert "Everything about" not in found
