"""Today: what leaves next, what waits, and the decisions that are made there."""

from __future__ import annotations

import threading
from datetime import timedelta
from decimal import Decimal
from html import escape
from importlib import import_module
from pathlib import Path
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from tests.builders.desk import HOSTILE, DeskDriver, a_desk, add_everybody, add_person, post

from arsync.application.desk.long_work import Lane
from arsync.application.permissions import Role
from arsync.clock import SetClock
from arsync.core.actions import ActionKind, ActionState
from arsync.store.people.audit_log import AuditFilter
from arsync.store.people.users import UserRow
from arsync.web.desk.visit import FIGURES_WAIT_SECONDS, LONG_WORK

TODAY = "/c/books/today"


def key_of(desk: DeskDriver, number: str, kind: ActionKind = ActionKind.REMINDER) -> str:
    rows = desk.container.store.actions.list(kinds={kind})
    return next(row.key for row in rows if any(ref.number == number for ref in row.action.invoices))


def state_of(desk: DeskDriver, key: str) -> ActionState:
    return desk.container.store.actions.get(key).state


def test_it_says_what_leaves_and_who_owes_most(desk: DeskDriver, owner: FlaskClient) -> None:
    page = owner.get(TODAY)
    assert page.status_code == 200
    assert "We would write to 7 customers" in page.text
    assert "£17,299.57" in page.text
    assert page.text.index("Umber Furniture &amp; Sons") < page.text.index("Larkfield Dental")
    assert "2 decisions about credit holds" in page.text
    assert "Nothing leaves until you say so." in page.text
    assert HOSTILE not in page.text


def test_send_lets_one_letter_leave_five_minutes_later(
    desk: DeskDriver, owner: FlaskClient
) -> None:
    app, key = desk.container, key_of(desk, "INV-7")
    answer = post(owner, f"/c/books/approvals/{key}/approve", then="today")
    assert answer.status_code == 303
    assert "Approved: Larkfield Dental." in owner.get(answer.headers["Location"]).text
    list(app.sync("books"))
    assert desk.books.done == [], "it can still be taken back"
    assert isinstance(app.clock, SetClock)
    app.clock.advance(timedelta(minutes=6))
    list(app.sync("books"))
    assert desk.books.keys(ActionKind.REMINDER) == [key]
    assert "1 letter left today" in owner.get(TODAY).text
    late = post(owner, f"/c/books/approvals/{key}/undo", then="today")
    assert late.status_code == 409


def test_a_send_is_taken_back_until_it_leaves(desk: DeskDriver, owner: FlaskClient) -> None:
    key = key_of(desk, "INV-7")
    post(owner, f"/c/books/approvals/{key}/approve", then="today")
    assert state_of(desk, key) is ActionState.APPROVED
    assert "On their way" in owner.get(TODAY).text
    assert post(owner, f"/c/books/approvals/{key}/undo", then="today").status_code == 303
    assert state_of(desk, key) is ActionState.AWAITING_APPROVAL


def test_not_this_one_is_a_refusal_with_undo(desk: DeskDriver, owner: FlaskClient) -> None:
    key = key_of(desk, "INV-7")
    answer = post(
        owner, f"/c/books/approvals/{key}/refuse", then="today", reason="not this one", until="gone"
    )
    assert "Undo" in owner.get(answer.headers["Location"]).text
    assert state_of(desk, key) is ActionState.REJECTED
    post(owner, f"/c/books/approvals/{key}/undo", then="today")
    list(desk.container.sync("books"))
    assert state_of(desk, key) is ActionState.AWAITING_APPROVAL


def test_what_somebody_else_decided_is_told_by_name(
    desk: DeskDriver, owner: FlaskClient, controller: FlaskClient
) -> None:
    key = key_of(desk, "INV-7")
    post(owner, f"/c/books/approvals/{key}/approve", then="today")
    answer = post(controller, f"/c/books/approvals/{key}/approve", then="today")
    assert answer.status_code == 409
    assert "Hannah Reid has already decided this" in answer.text


def test_send_all_does_what_its_list_said(desk: DeskDriver, owner: FlaskClient) -> None:
    page = owner.get("/c/books/approvals/many?sort=letters&then=today").text
    assert "Send 11 letters, £17,299.57?" in page
    shown = page.partition('name="shown" value="')[2].partition('"')[0]
    post(owner, f"/c/books/approvals/{key_of(desk, 'INV-7')}/approve")
    form = {"sort": "letters", "then": "today", "do": "approve"}
    changed = post(owner, "/c/books/approvals/many", shown=shown, **form)
    assert changed.status_code == 422
    assert "The list has changed" in changed.text
    shown = changed.text.partition('name="shown" value="')[2].partition('"')[0]
    answer = post(owner, "/c/books/approvals/many", shown=shown, **form)
    assert answer.status_code == 303
    assert "10 actions approved." in owner.get(answer.headers["Location"]).text
    counts = desk.container.store.actions.counts()
    assert counts[ActionState.APPROVED] == 11


def test_what_does_not_fit_one_list_is_told(
    desk: DeskDriver, owner: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_module("arsync.web.desk.pages.decisions"), "MANY_MAX", 4)
    page = owner.get("/c/books/approvals/many?sort=letters").text
    assert "Send 4 letters" in page
    assert "7 more with less money wait too" in page


def test_readers_and_accountants_decide_nothing(
    desk: DeskDriver, accountant: FlaskClient, reader: FlaskClient
) -> None:
    key = key_of(desk, "INV-7")
    for client in (accountant, reader):
        page = client.get(TODAY).text
        assert "Not this one" not in page
        for verb in ("approve", "refuse", "undo"):
            assert post(client, f"/c/books/approvals/{key}/{verb}").status_code == 403
        assert client.get("/c/books/approvals/many?sort=letters").status_code == 403
        assert post(client, "/c/books/mode", mode="auto").status_code == 403
    assert state_of(desk, key) is ActionState.AWAITING_APPROVAL


def test_a_reader_without_amounts_sees_no_sum(desk: DeskDriver) -> None:
    user = add_person(desk.container, "Noa Sum", Role.READER, sees_amounts=False)
    page = desk.signed_in(user).get(TODAY).text
    assert "Larkfield Dental" in page
    assert "£" not in page
    assert "Read the letter" not in page


def test_above_the_limit_two_people_send(desk: DeskDriver) -> None:
    limit = Decimal(1000)
    tom, ann = (
        desk.signed_in(add_person(desk.container, name, Role.CONTROLLER, approves_up_to=limit))
        for name in ("Tom Okafor", "Ann Lee")
    )
    large, small = key_of(desk, "INV-7"), key_of(desk, "INV-9")
    post(tom, f"/c/books/approvals/{small}/approve", then="today")
    assert state_of(desk, small) is ActionState.APPROVED, "224.30 is below"
    answer = post(tom, f"/c/books/approvals/{large}/approve", then="today")
    assert "Take my yes back" in tom.get(answer.headers["Location"]).text
    assert state_of(desk, large) is ActionState.AWAITING_APPROVAL
    assert "needs two; Tom said yes" in ann.get(TODAY).text
    post(ann, f"/c/books/approvals/{large}/approve", then="today")
    assert state_of(desk, large) is ActionState.APPROVED


def test_the_log_says_who_sent_what(desk: DeskDriver, owner: FlaskClient) -> None:
    key = key_of(desk, "INV-7")
    post(owner, f"/c/books/approvals/{key}/approve", then="today")
    (line,) = desk.container.store.audit.page(AuditFilter(), 10)
    assert (line.who, line.what, line.about) == (
        "Hannah Reid",
        "approved",
        "Larkfield Dental, first reminder",
    )


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("observe", "arsync only looks: nothing leaves and nothing is written."),
        ("auto", "with the next run"),
    ],
)
def test_each_mode_has_its_sentence(tmp_path: Path, mode: str, words: str) -> None:
    with a_desk(tmp_path, mode="observe") as desk:
        people: dict[Role, UserRow] = add_everybody(desk.container)
        client = desk.signed_in(people[Role.OWNER])
        if mode == "auto":
            desk.container.set_mode("books", "auto")
            desk.container.prepare("books")
        page = client.get(TODAY).text
        assert words in page
        assert "Umber Furniture &amp; Sons" in page


def test_what_is_in_the_way_stands_on_top(desk: DeskDriver, owner: FlaskClient) -> None:
    rules = Path(desk.container.config.folder) / "rules" / "standard.yaml"
    rules.write_text(rules.read_text().replace("at_most", "").replace("day: 14", "day: fortnight"))
    desk.container.store.outages.failed(1, "the line is down.")
    page = owner.get(TODAY).text
    assert "The rulebook cannot be used, so nothing leaves." in page
    assert "was not reached" in page
    assert "the line is down." in page


ALERTS = """alerts:
  - {name: Very late, when: {oldest_days_overdue: {at_least: 60}}, tell: [owner, sales]}
  - {name: Large, when: {amount_due: {at_least: 8000}}, tell: owner}
"""


def test_alerts_are_problem_lines_until_they_end(
    desk: DeskDriver, owner: FlaskClient, tmp_path: Path
) -> None:
    rules = tmp_path / "rules" / "standard.yaml"
    rules.write_text(rules.read_text() + ALERTS)
    list(desk.container.sync("books"))
    assert "Very late." not in owner.get(TODAY).text, "nobody has approved its task"
    alerts = [
        row
        for row in desk.container.store.actions.list(kinds={ActionKind.TASK})
        if row.action.because.rule in {"Very late", "Large"}
    ]
    assert alerts
    for row in alerts:
        post(owner, f"/c/books/approvals/{row.key}/approve", then="today")
    assert isinstance(desk.container.clock, SetClock)
    desk.container.clock.advance(timedelta(minutes=6))
    list(desk.container.sync("books"))
    page = owner.get(TODAY).text
    row = alerts[0]
    name = escape(row.action.contact_name)
    assert f"{name}: {row.action.because.rule}." in page or "more alerts" in page
    customer = owner.get(f"/c/books/customers/{quote(row.action.contact_id)}").text
    assert f"<b>{row.action.because.rule}" in customer
    assert "for owner" in customer


def quiet(desk: DeskDriver, *leave: str) -> None:
    """Let everything be paid but some invoices, and read the books again."""
    assert isinstance(desk.container.clock, SetClock)
    desk.container.clock.advance(timedelta(hours=1))
    for invoice in list(desk.books.invoices.values()):
        if invoice.id not in leave:
            desk.books.pay(invoice)
    list(desk.container.sync("books"))


def test_an_empty_day_names_the_next_letter(desk: DeskDriver, owner: FlaskClient) -> None:
    marlow = next(
        invoice.id for invoice in desk.books.invoices.values() if invoice.total == Decimal("500.00")
    )
    quiet(desk, marlow)
    page = " ".join(owner.get(TODAY).text.split())
    assert "<h1>Nothing leaves tomorrow</h1>" in page
    due_on = desk.books.invoices[marlow].due_on + timedelta(1)
    assert f"The next letter is due on {due_on:%A} {due_on.day} {due_on:%B}, to Marlow" in page


def test_where_nothing_is_owed_no_letter_is_due(desk: DeskDriver, owner: FlaskClient) -> None:
    quiet(desk)
    page = " ".join(owner.get(TODAY).text.split())
    assert "No letter is due within 14 days, as the books stand." in page


def test_a_slow_look_ahead_keeps_no_page_waiting(desk: DeskDriver, owner: FlaskClient) -> None:
    quiet(desk)
    go = threading.Event()
    desk.app.extensions[FIGURES_WAIT_SECONDS] = 0.01
    for number in range(Lane.FIGURES.at_once):
        desk.app.extensions[LONG_WORK].begin(Lane.FIGURES, number, lambda _: go.wait(10))
    page = owner.get(TODAY).text
    go.set()
    assert "arsync is looking for the day of the next letter." in page
