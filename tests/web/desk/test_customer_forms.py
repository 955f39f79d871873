"""What people record about a customer: what the form does in the ledger, and what it keeps."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from flask.testing import FlaskClient
from tests.builders.desk import DeskDriver, post

from arsync.core.ledger.records import RecordKind
from arsync.store.people.audit_log import AuditFilter

ELMHURST = "/c/books/customers/c1"
FORMS = (
    "promise",
    "plan",
    "dispute",
    "call",
    "task",
    "hold",
    "release",
    "statement",
    "leave-alone",
)


def _ids(desk: DeskDriver, contact_id: str = "c1") -> list[str]:
    ledger, row = desk.container.store.ledger, desk.container.store.connections.get("books")
    invoices = ledger.of_contacts(row.id, RecordKind.INVOICES, [contact_id])
    return [invoice.id for invoice in sorted(invoices, key=lambda invoice: invoice.due_on)]


def _day(desk: DeskDriver, ahead: int) -> str:
    return (desk.container.clock.now().date() + timedelta(days=ahead)).isoformat()


def _connection(desk: DeskDriver) -> int:
    return desk.container.store.connections.get("books").id


def test_a_promise_of_ticked_invoices_is_recorded(
    desk: DeskDriver, controller: FlaskClient
) -> None:
    oldest = _ids(desk)[0]
    page = controller.get(f"{ELMHURST}/promise?invoice={oldest}").text
    assert "What was ticked, £4,300.55" in page
    response = post(
        controller, f"{ELMHURST}/promise", invoice=oldest, covers="ticked", day=_day(desk, 9)
    )
    assert response.status_code == 303
    (promise,) = desk.container.store.promises.recorded(_connection(desk))
    assert promise.invoice_ids == (oldest,)
    assert promise.recorded_by == "Tom Okafor"
    shown = controller.get(response.headers["Location"]).text
    assert "Promise to pay recorded" in shown
    assert "promised" in shown
    (line,) = desk.container.store.audit.page(AuditFilter(), 10)
    assert (line.what, line.about) == ("recorded a promise", "Elmhurst Tools")


def test_a_promise_keeps_what_was_typed(desk: DeskDriver, controller: FlaskClient) -> None:
    response = post(
        controller,
        f"{ELMHURST}/promise",
        covers="all",
        day=_day(desk, 5),
        amount="99,999.00",
        note="she <b>said</b>",
    )
    assert response.status_code == 422
    assert "There is a problem" in response.text
    assert "cannot be for more" in response.text
    assert 'value="99,999.00"' in response.text
    assert "she &lt;b&gt;said&lt;/b&gt;" in response.text
    assert desk.container.store.promises.recorded(_connection(desk)) == []


def test_a_click_twice_records_one_promise(desk: DeskDriver, controller: FlaskClient) -> None:
    values = {"covers": "all", "day": _day(desk, 5), "form_id": "twice"}
    first = post(controller, f"{ELMHURST}/promise", **values)
    assert (
        post(controller, f"{ELMHURST}/promise", **values).headers["Location"]
        == (first.headers["Location"])
    )
    assert len(desk.container.store.promises.recorded(_connection(desk))) == 1


def _previewed(page: str) -> str:
    return page.partition('name="previewed" value="')[2].partition('"')[0]


def test_a_plan_is_recorded_as_it_was_shown(desk: DeskDriver, controller: FlaskClient) -> None:
    values = {"covers": "overdue", "parts": "3", "first": _day(desk, 20), "every": "month"}
    query = "&".join(f"{name}={value}" for name, value in values.items())
    page = controller.get(f"{ELMHURST}/plan?{query}").text
    assert "3 instalments, £6,350.55" in page
    assert "£2,116.85" in page
    response = post(
        controller, f"{ELMHURST}/plan", **values, previewed=_previewed(page), person="Maureen"
    )
    assert response.status_code == 303
    (plan,) = desk.container.store.payment_plans.recorded(_connection(desk))
    assert plan.total == Decimal("6350.55")
    assert len(plan.instalments) == 3
    (row,) = desk.container.store.payment_plans.rows(_connection(desk))
    assert row.note == "Agreed with Maureen."


def test_a_changed_balance_shows_the_plan_again(desk: DeskDriver, controller: FlaskClient) -> None:
    values = {"covers": "overdue", "parts": "2", "first": _day(desk, 20), "every": "month"}
    query = "&".join(f"{name}={value}" for name, value in values.items())
    mark = _previewed(controller.get(f"{ELMHURST}/plan?{query}").text)
    desk.books.add_invoice(desk.books.contacts["c1"], 900, overdue=3, amount="50.00")
    list(desk.container.sync("books"))
    response = post(controller, f"{ELMHURST}/plan", **values, previewed=mark)
    assert response.status_code == 422
    assert "What is owed changed meanwhile" in response.text
    assert "£6,400.55" in response.text
    assert desk.container.store.payment_plans.recorded(_connection(desk)) == []
    again = post(controller, f"{ELMHURST}/plan", **values, previewed=_previewed(response.text))
    assert again.status_code == 303


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"parts": "0", "first": "2027-01-01"}, "A whole number from 1 to"),
        ({"parts": "2", "first": "soon"}, "On which day"),
        ({"lines": "next week 10"}, "Line 1"),
    ],
)
def test_wrong_terms_are_told_at_their_field(
    desk: DeskDriver, controller: FlaskClient, values: dict[str, str], words: str
) -> None:
    response = post(controller, f"{ELMHURST}/plan", **values)
    assert response.status_code == 422
    assert words in response.text
    assert desk.container.store.payment_plans.recorded(_connection(desk)) == []


def test_own_dates_and_amounts_make_a_plan(desk: DeskDriver, controller: FlaskClient) -> None:
    lines = f"{_day(desk, 10)} 1,000.00\n{_day(desk, 40)} 500"
    page = controller.get(f"{ELMHURST}/plan", query_string={"parts": "", "lines": lines}).text
    response = post(
        controller, f"{ELMHURST}/plan", covers="overdue", lines=lines, previewed=_previewed(page)
    )
    assert response.status_code == 303
    (plan,) = desk.container.store.payment_plans.recorded(_connection(desk))
    assert plan.total == Decimal(1500)


def test_a_dispute_needs_an_invoice_and_words(desk: DeskDriver, controller: FlaskClient) -> None:
    wrong = post(controller, f"{ELMHURST}/dispute", reason="two pallets short")
    assert wrong.status_code == 422
    assert "Tick what is disputed" in wrong.text
    oldest = _ids(desk)[0]
    right = post(controller, f"{ELMHURST}/dispute", invoice=oldest, reason="short", amount="100.00")
    assert right.status_code == 303
    (dispute,) = desk.container.store.disputes.recorded(_connection(desk))
    assert (dispute.invoice_id, dispute.amount) == (oldest, Decimal(100))
    assert dispute.owner == "Tom Okafor"


def test_a_call_is_logged_by_an_accountant(desk: DeskDriver, accountant: FlaskClient) -> None:
    assert post(accountant, f"{ELMHURST}/call", kind="call", text=" ").status_code == 422
    response = post(accountant, f"{ELMHURST}/call", kind="call", text="Spoke to Maureen.")
    assert response.status_code == 303
    (entry,) = desk.container.store.log.recorded(_connection(desk))
    assert (entry.contact_id, entry.text, entry.recorded_by) == (
        "c1",
        "Spoke to Maureen.",
        "Priya Nair",
    )
    assert "Spoke to Maureen." in accountant.get(f"{ELMHURST}?events=people").text


def test_a_task_is_opened_about_an_invoice(desk: DeskDriver, controller: FlaskClient) -> None:
    oldest = _ids(desk)[0]
    response = post(controller, f"{ELMHURST}/task", text="Send proof", owner="sales", about=oldest)
    assert response.status_code == 303
    past = post(controller, f"{ELMHURST}/task", text="Again", day="2001-01-01")
    assert past.status_code == 422
    assert "is past" in past.text


def test_a_hold_and_its_release_need_reasons(desk: DeskDriver, controller: FlaskClient) -> None:
    # Nothing of the hold left yet, so there is nothing to lift.
    for form, says in (("hold", "it waits for approval"), ("release", "is not on hold")):
        assert post(controller, f"{ELMHURST}/{form}", reason="").status_code == 422
        decided = post(controller, f"{ELMHURST}/{form}", reason="as agreed")
        assert decided.status_code == 303
        # What is said on a page names no command of the shell.
        shown = controller.get(decided.headers["Location"]).text
        assert says in shown
        assert "arsync approve" not in shown
    released, held = desk.container.store.holds.of(_connection(desk), ["c1"])
    assert (held.is_hold, released.is_hold) == (True, False)
    assert "This reason still stands" in controller.get(f"{ELMHURST}/release").text


def test_who_is_left_alone_gets_nothing(desk: DeskDriver, controller: FlaskClient) -> None:
    app, path = desk.container, f"{ELMHURST}/leave-alone"
    app.approve()
    assert post(controller, path, reason="holidays").status_code == 422
    assert post(controller, path, until="2001-01-01", reason="holidays").status_code == 422
    response = post(controller, path, until=_day(desk, 5), reason="holidays")
    assert response.status_code == 303
    assert "Tom Okafor: holidays" in controller.get(response.headers["Location"]).text
    list(app.sync("books"))
    numbers = {invoice.number for invoice in desk.books.invoices.values()}
    assert numbers
    written = {done.write.action.contact_id for done in desk.books.done}
    assert "c4" in written
    assert "c1" not in written
    assert post(controller, path, end="1").status_code == 303
    app.approve()
    list(app.sync("books"))
    assert "Tom Okafor: holidays" not in controller.get(ELMHURST).text


def test_a_statement_is_shown_saved_and_sent(desk: DeskDriver, controller: FlaskClient) -> None:
    assert "£6,350.55" in controller.get(f"{ELMHURST}/statement").text
    assert controller.get(f"{ELMHURST}/statement.pdf").data.startswith(b"%PDF")
    response = post(controller, f"{ELMHURST}/statement", via="smtp")
    assert response.status_code in {303, 422}


@pytest.mark.parametrize("form", FORMS)
def test_a_reader_may_record_nothing(reader: FlaskClient, form: str) -> None:
    assert post(reader, f"{ELMHURST}/{form}").status_code == 403


def test_an_accountant_agrees_nothing(accountant: FlaskClient) -> None:
    for form in ("promise", "plan", "dispute", "hold", "release"):
        assert post(accountant, f"{ELMHURST}/{form}").status_code == 403


def test_an_accountants_statement_waits(accountant: FlaskClient) -> None:
    page = accountant.get(f"{ELMHURST}/statement").text
    assert "It waits until somebody approves it." in page
    response = post(accountant, f"{ELMHURST}/statement", via="smtp")
    assert response.status_code == 303, response.text
    told = accountant.get(response.headers["Location"]).text
    assert "statement of account waits for approval" in told


def _ahead(desk: DeskDriver) -> dict[str, str]:
    return {"parts": "2", "first": _day(desk, 10), "every": "month", "covers": "ticked"}


def _agreed(desk: DeskDriver, controller: FlaskClient, **values: object) -> str:
    """Agree a plan as the page previews it; return what the customer's page says then."""
    terms = _ahead(desk) | values
    page = controller.get(f"{ELMHURST}/plan", query_string=terms).text
    mark = page.partition('name="previewed" value="')[2].partition('"')[0]
    response = post(controller, f"{ELMHURST}/plan", previewed=mark, **terms)
    assert response.status_code == 303, response.text
    return controller.get(response.headers["Location"]).text


def test_a_dispute_is_settled_from_the_page(desk: DeskDriver, controller: FlaskClient) -> None:
    oldest = _ids(desk)[0]
    post(controller, f"{ELMHURST}/dispute", invoice=oldest, reason="two short")
    where = f"{ELMHURST}/dispute/{oldest}/settle"
    assert where in controller.get(ELMHURST).text
    assert "What came of it?" in post(controller, where).text
    response = post(controller, where, outcome="dropped", note="it was a mix-up")
    assert "settled: dropped" in controller.get(response.headers["Location"]).text
    (row,) = desk.container.store.disputes.recorded(_connection(desk))
    assert (row.outcome, row.outcome_note, row.settled_by) == (
        "dropped",
        "it was a mix-up",
        "Tom Okafor",
    )
    again = post(controller, where, outcome="dropped")
    assert again.status_code == 409
    assert "No dispute about that invoice is open here any more." in again.text


def test_a_plan_ends_from_the_page(desk: DeskDriver, controller: FlaskClient) -> None:
    _agreed(desk, controller, invoice=_ids(desk)[0])
    (plan,) = desk.container.store.payment_plans.recorded(_connection(desk))
    where = f"{ELMHURST}/plan/{plan.id}/end"
    assert where in controller.get(ELMHURST).text
    response = post(controller, where)
    assert "ended." in controller.get(response.headers["Location"]).text
    (ended,) = desk.container.store.payment_plans.recorded(_connection(desk))
    assert ended.cancelled_on == desk.container.clock.now().date()
    assert post(controller, where).status_code == 409


def test_new_terms_take_the_place_of_the_old(desk: DeskDriver, controller: FlaskClient) -> None:
    oldest = _ids(desk)[0]
    _agreed(desk, controller, invoice=oldest)
    (old,) = desk.container.store.payment_plans.recorded(_connection(desk))
    page = controller.get(f"{ELMHURST}/plan?replaces={old.id}&invoice={oldest}").text
    assert "Agree new terms" in page
    shown = _agreed(desk, controller, invoice=oldest, parts="4", replaces=str(old.id))
    assert "It takes the place of the plan of" in shown
    ended, new = desk.container.store.payment_plans.recorded(_connection(desk))
    assert ended.cancelled_on is not None
    assert (new.cancelled_on, len(new.instalments)) == (None, 4)


def test_a_promise_is_withdrawn_from_the_page(desk: DeskDriver, controller: FlaskClient) -> None:
    oldest = _ids(desk)[0]
    promised = {"invoice": oldest, "covers": "ticked", "day": _day(desk, 9)}
    post(controller, f"{ELMHURST}/promise", **promised)
    (promise,) = desk.container.store.promises.recorded(_connection(desk))
    where = f"{ELMHURST}/promise/{promise.id}/withdraw"
    assert where in controller.get(ELMHURST).text
    assert "Say why." in post(controller, where).text
    response = post(controller, where, reason="it was another customer")
    assert "withdrawn" in controller.get(response.headers["Location"]).text
    assert "No promise is open." in controller.get(ELMHURST).text
    (line, *_) = desk.container.store.audit.page(AuditFilter(), 10)
    assert (line.what, line.about) == ("withdrew a promise", "Elmhurst Tools")
    assert post(controller, where, reason="again").status_code == 409


def test_disputes_are_recorded_together_or_not_at_all(
    desk: DeskDriver, controller: FlaskClient
) -> None:
    first, second, third = _ids(desk)
    post(controller, f"{ELMHURST}/dispute", invoice=second, reason="two short")
    refused = post(
        controller, f"{ELMHURST}/dispute", invoice=[first, second, third], reason="all wrong"
    )
    assert refused.status_code == 422
    assert "is in dispute already" in refused.text
    assert "Nothing was recorded." in refused.text
    disputes = desk.container.store.disputes
    assert [row.invoice_id for row in disputes.recorded(_connection(desk))] == [second]
    response = post(controller, f"{ELMHURST}/dispute", invoice=[first, third], reason="all wrong")
    assert response.status_code == 303
    rows = disputes.recorded(_connection(desk))
    assert {row.invoice_id for row in rows} == {first, second, third}


def test_a_plan_covers_what_is_ticked_on_its_page(
    desk: DeskDriver, controller: FlaskClient
) -> None:
    first, second, third = _ids(desk)
    page = controller.get(f"{ELMHURST}/plan?invoice={second}").text
    assert page.count("checked") == 2, "the invoice that was ticked, and that ticks count"
    assert f'value="{second}" checked' in page
    filled = controller.get(f"{ELMHURST}/plan").text
    assert filled.count('name="invoice"') == 3
    _agreed(desk, controller, invoice=[first, third])
    (plan,) = desk.container.store.payment_plans.recorded(_connection(desk))
    assert set(plan.invoice_ids) == {first, third}


def test_a_plan_of_nothing_is_told_at_its_field(desk: DeskDriver, controller: FlaskClient) -> None:
    response = post(controller, f"{ELMHURST}/plan", **_ahead(desk))
    assert response.status_code == 422
    assert "Tick what it covers, or choose the whole balance." in response.text
    assert desk.container.store.payment_plans.recorded(_connection(desk)) == []
