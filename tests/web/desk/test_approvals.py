"""The queue of approvals: what waits, in full, and how it is decided."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from tests.builders.desk import HOSTILE, RULES, RULES_BY_MAIL, DeskDriver, a_desk, add_person, post
from tests.web.desk.test_today import key_of, state_of

from arsync.application.organisation.organisation_context import organisations
from arsync.application.overview.daily_digest import daily_digest
from arsync.application.overview.status import status
from arsync.application.permissions import SCHEDULE, Role
from arsync.clock import SetClock
from arsync.core.actions import ActionKind, ActionState
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


def test_a_hold_names_who_is_mailed_of_it(tmp_path: Path) -> None:
    rules = RULES.replace("terms: cash on delivery", "tell: [customer, sales, fd@example.com]")
    with a_desk(tmp_path, rules=f"{rules}roles: {{sales: s@example.com}}\n") as desk:
        hold = desk.container.store.actions.list(kinds={ActionKind.CREDIT_HOLD})[0]
        tom = desk.signed_in(add_person(desk.container, "Tom Okafor", Role.CONTROLLER))
        page = tom.get(f"{QUEUE}/{hold.key}").text
        assert "Mailed of it once it is done: sales, fd@example.com." in page
        customer = tom.get(f"/c/books/customers/{hold.action.contact_id}").text
        assert "Hold placed, mail to sales and fd@example.com: awaiting approval" in customer


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


def test_everywhere_the_same_number_of_decisions_is_told(
    desk: DeskDriver, owner: FlaskClient
) -> None:
    page = owner.get(QUEUE).text
    assert "13 decisions wait" in page
    assert 'Approvals <span class="count">13</span>' in page
    clients = owner.get("/clients").text
    assert '<dt>Decisions that wait</dt><dd><span class="value">13</span>' in clients
    (organisation,) = organisations(desk.container)
    assert status(SCHEDULE, organisation).awaiting == 13
    digest = daily_digest([organisation])
    assert digest is not None
    texts = [
        line.text
        for section in digest.sections
        for _, lines in section.by_connection
        for line in lines
    ]
    assert any(text.startswith("13 decisions: ") for text in texts)


def test_nothing_waits_where_it_only_looks(desk: DeskDriver, owner: FlaskClient) -> None:
    desk.container.store.connections.set_mode("books", "observe")
    assert 'Approvals <span class="count">' not in owner.get(QUEUE).text


def test_a_personal_line_is_shown_above_the_letter(tmp_path: Path) -> None:
    with a_desk(tmp_path, rules=RULES_BY_MAIL) as desk:
        tom = desk.signed_in(add_person(desk.container, "Tom Okafor", Role.CONTROLLER))
        key = key_of(desk, "INV-7")
        assert "A personal line above the text" in tom.get(f"{QUEUE}/{key}").text
        answer = post(tom, f"{QUEUE}/{key}/line", line=f"See you {HOSTILE}", sort="letters")
        page = tom.get(answer.headers["Location"].partition("#")[0]).text
        assert "Added by Tom Okafor" in page
        assert HOSTILE not in page
        letter = tom.get(f"{QUEUE}/{key}/letter").text
        assert letter.index("See you &lt;img") < letter.rindex("According to our records")
        assert HOSTILE not in letter
        (line,) = desk.container.store.audit.page(AuditFilter(), 10)
        assert (line.what, line.who) == ("put a personal line", "Tom Okafor")
        post(tom, f"{QUEUE}/{key}/approve")
        assert "With a line added by Tom Okafor" in tom.get(f"{QUEUE}/{key}").text
        late = post(tom, f"{QUEUE}/{key}/line", line="Too late")
        assert late.status_code == 409


def test_too_long_a_line_comes_back_to_be_shortened(tmp_path: Path) -> None:
    with a_desk(tmp_path, rules=RULES_BY_MAIL) as desk:
        tom = desk.signed_in(add_person(desk.container, "Tom Okafor", Role.CONTROLLER))
        answer = post(tom, f"{QUEUE}/{key_of(desk, 'INV-7')}/line", line="x" * 201)
        assert answer.status_code == 422
        assert "201 characters is too long; 200 fit" in answer.text
        assert "x" * 201 in answer.text, "what was typed is kept"


def test_no_line_is_offered_where_the_platform_writes(desk: DeskDriver, owner: FlaskClient) -> None:
    page = owner.get(f"{QUEUE}/{key_of(desk, 'INV-7')}").text
    assert "A personal line" not in page
    assert "sends this email in its own words: no line of ours can go along." in page


def test_a_line_that_was_typed_leaves_with_the_approval(tmp_path: Path) -> None:
    with a_desk(tmp_path, rules=RULES_BY_MAIL) as desk:
        tom = desk.signed_in(add_person(desk.container, "Tom Okafor", Role.CONTROLLER))
        key = key_of(desk, "INV-7")
        refused = post(tom, f"{QUEUE}/{key}/approve", line="x" * 201)
        assert refused.status_code == 422
        assert state_of(desk, key) is ActionState.AWAITING_APPROVAL
        post(tom, f"{QUEUE}/{key}/approve", line="Thank you for the call.")
        assert state_of(desk, key) is ActionState.APPROVED
        assert desk.container.store.personal_lines.of([key])[key].who == "Tom Okafor"
