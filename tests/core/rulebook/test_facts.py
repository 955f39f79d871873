"""Facts: each one, as of a day; unknown is a value with a reason."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from arsync.core.ledger.account_view import (
    AccountView,
    Agreed,
    ContactView,
    GivenLimit,
    days_overdue,
)
from arsync.core.ledger.agreements.credit_applications import (
    ApplicationState,
    CreditDatum,
    CreditStanding,
    DatumKind,
)
from arsync.core.ledger.records import Dispute, Promise, StandingHold, TaskRecord
from arsync.core.rulebook.facts import (
    CONTACT_BY_NAME,
    CONTACT_FIELDS,
    INVOICE_BY_NAME,
    contact_row,
    invoice_row,
    why_unknown,
)
from arsync.core.rulebook.facts.movement import OnDays

Desk = Any


def view_of(account: Any, desk: Desk, *, currency: str = "GBP", **values: Any) -> ContactView:
    account_view = AccountView(account, desk.today, currency=currency, base="GBP")
    agreed = values.pop("agreed", Agreed())
    return ContactView(
        account_view, account.contacts[0], agreed=agreed, covers=values.pop("covers", None)
    )


def fact(view: ContactView, name: str) -> Any:
    field = CONTACT_BY_NAME[name]
    return contact_row(view, [field.position])[field.position]


def invoice_fact(view: ContactView, invoice: Any, name: str) -> Any:
    field = INVOICE_BY_NAME[name]
    return invoice_row(view, invoice, [field.position])[field.position]


def credit_data(day: date) -> tuple[CreditDatum, ...]:
    """Two scores of one bureau, one corrected; one of another, and one that is still to come."""
    score, insolvency = DatumKind.SCORE, DatumKind.INSOLVENCY
    return (
        CreditDatum(score, "82", "bureau", day - timedelta(40)),
        CreditDatum(score, "17", "bureau", day - timedelta(3)),
        CreditDatum(score, "70", "bureau", day - timedelta(3)),
        CreditDatum(score, "300", "another", day - timedelta(4)),
        CreditDatum(score, "1", "bureau", day + timedelta(1)),
        CreditDatum(insolvency, "yes", "bureau", day - timedelta(9)),
        CreditDatum(insolvency, "no", "companies_house", day - timedelta(1)),
    )


def rich_account(desk: Desk) -> Any:
    """A debtor with some of everything."""
    day = desk.today
    paid = [
        desk.invoice(
            f"p{late}", 60, "0", total="50", status="paid", paid_on=day - timedelta(60 - late)
        )
        for late in (0, 5, 10)
    ]
    long_ago = desk.invoice("p9", 500, "0", status="paid", paid_on=day - timedelta(400))
    return desk.account(
        desk.invoice("i1", 40, "300", total="500"),
        desk.invoice("i2", 10, "200"),
        desk.invoice("i3", -5, "500"),
        *paid,
        long_ago,
        contacts=(
            desk.contact(
                groups=("Key Accounts",),
                country="GB",
                currency="GBP",
                created_on=day - timedelta(600),
            ),
        ),
        payments=(desk.payment("75", 12, "25"), desk.payment("5", 3, "5", status="voided")),
        credits=(desk.credit("40"), desk.credit("7", id="x", status="voided")),
        promises=(
            Promise(("i1",), day - timedelta(7), None, day - timedelta(9)),
            Promise(("i2",), day + timedelta(3), None, day - timedelta(1)),
        ),
        disputes=(Dispute("i3", day - timedelta(2), "price", code="5"),),
        sent=(desk.sent("i1", 1, 39), desk.sent("i1", 14, 20), desk.sent("p0", 30, 15)),
        credit={"c1": CreditStanding("c1", ApplicationState.NONE, readings=credit_data(day))},
        hold=StandingHold("c1", day - timedelta(8), 1),
        tasks=(
            TaskRecord("k1", "c1", "Calls", opened_on=day - timedelta(20), done_on=day),
            TaskRecord("k2", "c1", "Calls", opened_on=day - timedelta(9)),
            TaskRecord("k3", "c1", "Late", opened_on=day - timedelta(15), escalates=True),
        ),
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("balance", Decimal(935)),
        ("gross_balance", Decimal(1000)),
        ("overdue_amount", Decimal(435)),
        ("gross_overdue_amount", Decimal(500)),
        ("overdue_percent", Decimal("46.52")),
        ("unapplied_cash", Decimal(65)),
        ("unallocated_credit", Decimal(65)),
        ("exposure", Decimal(935)),
        ("credit_limit", Decimal(850)),
        ("headroom", Decimal(-85)),
        ("over_limit_percent", Decimal(10)),
        ("open_invoices", 3),
        ("overdue_invoices", 2),
        ("oldest_days_overdue", 40),
        ("average_days_to_pay", 35),
        ("average_days_late", 5),
        ("paid_on_time_percent", Decimal("33.33")),
        ("days_since_last_payment", 12),
        ("sales_last_365_days", Decimal(1310)),
        ("customer_for_days", 600),
        ("group", None),
        ("contact_group", {"key accounts"}),
        ("tag", {"legal"}),
        ("contact", {"name c1", "c1"}),
        ("country", "gb"),
        ("currency", "gbp"),
        ("has_email", True),
        ("on_hold", True),
        ("days_on_hold", 8),
        ("agreed_limit", Decimal(850)),
        ("insured_limit", Decimal(300)),
        ("days_until_review", 7),
        ("credit_application", "none"),
        ("signed_terms", False),
        ("promise_to_pay", {"broken", "open"}),
        ("broken_promises", 1),
        ("days_until_promise", 3),
        ("dispute", {"open"}),
        ("disputed_amount", Decimal(500)),
        ("days_in_dispute", 2),
        ("dispute_reason", {"wrong price"}),
        ("placed", {"none"}),
        ("messages_last_365_days", 3),
        ("disputes_last_365_days", 1),
        ("days_since_last_reminder", 15),
        ("highest_step_sent", 14),
        ("task_open_days", 9),
        ("payment_plan", {"none"}),
        ("instalments_missed", 0),
        ("days_until_instalment", None),
        ("next_instalment_on", None),
        ("instalment_amount", None),
        ("limit_used_percent", Decimal(110)),
        ("concentration_percent", Decimal("12.5")),
        ("score_change", -12),
        ("insolvency", True),
        ("days_to_pay_change", None),
        ("terms_against_policy", None),
        ("days_until_insurance_ends", 41),
        ("payable_to_them", None),
        ("bills_from_them", None),
        ("credits_from_them", None),
    ],
)
def test_facts_of_a_contact(desk: Desk, name: str, value: Any) -> None:
    agreed = Agreed(Decimal(850), Decimal(300), desk.today + timedelta(7), frozenset({"legal"}))
    agreed = agreed._replace(insured_until=desk.today + timedelta(41))
    view = view_of(rich_account(desk), desk, agreed=agreed)
    view.limit = GivenLimit(Decimal(850))
    view.account_view.ledger_due = Decimal(8000)
    assert fact(view, name) == value


def test_every_contact_fact_is_tested_above() -> None:
    marks = test_facts_of_a_contact.pytestmark
    assert {name for name, _ in marks[0].args[1]} == {field.name for field in CONTACT_FIELDS}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("amount_due", Decimal(235)),
        ("net_amount_due", Decimal(235)),
        ("document_amount_due", Decimal(300)),
        ("total", Decimal(500)),
        ("days_overdue", 40),
        ("days_until_due", 0),
        ("days_since_issued", 70),
        ("partly_paid", True),
        ("sent", None),
        ("currency", "gbp"),
        ("promise_to_pay", "broken"),
        ("dispute", "none"),
        ("placed", "none"),
        ("days_placed", None),
        ("reference_missing", False),
        ("terms_days", 30),
        ("due_against_policy", None),
        ("terms_differ", False),
        ("days_since_last_reminder", 20),
        ("highest_step_sent", 14),
    ],
)
def test_facts_of_an_invoice(desk: Desk, name: str, value: Any) -> None:
    view = view_of(rich_account(desk), desk)
    assert invoice_fact(view, view.owed[0], name) == value


@pytest.mark.parametrize(
    "name",
    [
        "overdue_percent",
        "credit_limit",
        "headroom",
        "over_limit_percent",
        "limit_used_percent",
        "score_change",
        "insolvency",
        "terms_against_policy",
        "days_to_pay_change",
        "days_until_insurance_ends",
        "average_days_to_pay",
        "average_days_late",
        "paid_on_time_percent",
        "days_since_last_payment",
        "customer_for_days",
        "country",
        "currency",
        "agreed_limit",
        "insured_limit",
        "days_until_review",
        "days_until_promise",
        "days_since_last_reminder",
        "highest_step_sent",
    ],
)
def test_what_nobody_knows_is_unknown_with_a_reason(desk: Desk, name: str) -> None:
    view = view_of(desk.account(), desk)
    assert fact(view, name) is None
    assert why_unknown(CONTACT_BY_NAME[name], view)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("balance", 0),
        ("exposure", 0),
        ("open_invoices", 0),
        ("oldest_days_overdue", 0),
        ("on_hold", False),
        ("days_on_hold", 0),
        ("promise_to_pay", {"none"}),
        ("dispute", {"none"}),
        ("broken_promises", 0),
        ("tag", set()),
        ("sales_last_365_days", 0),
    ],
)
def test_facts_of_someone_without_history(desk: Desk, name: str, value: Any) -> None:
    assert fact(view_of(desk.account(), desk), name) == value


@pytest.mark.parametrize(("exposure", "percent"), [("50", 999_999), ("0", 0)])
def test_a_limit_of_nothing_is_exceeded_by_anything(
    desk: Desk, exposure: str, percent: int
) -> None:
    view = view_of(desk.account(desk.invoice("i1", 0, exposure)), desk)
    view.limit = GivenLimit(Decimal(0))
    assert fact(view, "over_limit_percent") == percent


def test_an_exposure_below_nothing_is_money_we_owe(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", 3), credits=(desk.credit("150"),))
    assert fact(view_of(account, desk), "exposure") == Decimal(-50)


def test_nothing_paid_or_not_yet_due_is_overdue(desk: Desk) -> None:
    assert days_overdue(desk.invoice("i1", 9, "0"), desk.today) == 0
    assert days_overdue(desk.invoice("i1", -9), desk.today) == 0
    assert days_overdue(desk.invoice("i1", 9), desk.today) == 9


def test_credit_notes_lower_the_sales(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", 3, "100"), credits=(desk.credit("30"),))
    assert fact(view_of(account, desk), "sales_last_365_days") == Decimal(70)


# Currencies


def dollars(desk: Desk, rate: str | None, name: str = "i1") -> Any:
    return desk.invoice(name, 5, "100", currency="USD", rate=Decimal(rate) if rate else None)


def test_amounts_are_converted_at_the_rate_of_their_document(desk: Desk) -> None:
    account = desk.account(dollars(desk, "0.80"), dollars(desk, "0.75", "i2"))
    assert fact(view_of(account, desk), "balance") == Decimal("155.00")


def test_a_document_without_rate_makes_the_sum_unknown(desk: Desk) -> None:
    account = desk.account(dollars(desk, "0.80"), dollars(desk, None, "i2"))
    view = view_of(account, desk)
    assert fact(view, "balance") is None
    assert why_unknown(CONTACT_BY_NAME["balance"], view) == (
        "no exchange rate was recorded for I2 (USD)"
    )
    assert why_unknown(CONTACT_BY_NAME["agreed_limit"], view) == "nothing was agreed"
    assert fact(view, "open_invoices") == 2


@pytest.mark.parametrize(("rated", "balance"), [(True, Decimal("125.00")), (False, None)])
def test_a_foreign_currency_rulebook_uses_the_newest_rate(
    desk: Desk, rated: bool, balance: Any
) -> None:
    old = dollars(desk, "0.50", "old")._replace(
        status="paid", issued_on=date(2020, 1, 1), amount_due=Decimal(0)
    )
    documents: Any = {
        "credits": (desk.credit("1", currency="USD", rate=Decimal("0.80"), unallocated=Decimal(0)),)
    }
    account = desk.account(desk.invoice("i1", 5, "100"), old, **(documents if rated else {}))
    if not rated:
        account = account._replace(invoices=account.invoices[:1])
    assert fact(view_of(account, desk, currency="USD"), "balance") == balance


# Disputes


def test_an_open_dispute_counts_before_a_settled_one(desk: Desk) -> None:
    disputes = (
        Dispute("i1", date(2026, 11, 1), "a"),
        Dispute("i1", date(2026, 11, 5), "b", date(2026, 11, 9)),
        Dispute("i2", date(2026, 11, 5), "c", date(2026, 11, 9)),
        Dispute("i3", date(2026, 11, 5), "d", date(2026, 12, 9)),
    )
    account_view = AccountView(
        desk.account(disputes=disputes), desk.today, currency="GBP", base="GBP"
    )
    states = [account_view.dispute_state(invoice_id) for invoice_id in ("i1", "i2", "i3", "i4")]
    assert states == ["open", "settled", "open", "none"]


# Families


def test_a_child_has_its_balance_and_the_familys_exposure(desk: Desk) -> None:
    contacts = (desk.contact(), desk.contact("c2"))
    account = desk.account(
        desk.invoice("i1", 5, "100"),
        desk.invoice("i2", 5, "30", "c2"),
        contacts=contacts,
        promises=(Promise(("i1",), desk.today, None, desk.today),),
        sent=(desk.sent("i1", 1, 4),),
    )
    child = view_of(account, desk, covers=frozenset({"c2"}))
    assert fact(child, "balance") == Decimal(30)
    assert fact(child, "exposure") == Decimal(130)
    assert fact(child, "promise_to_pay") == {"none"}
    assert fact(child, "days_since_last_reminder") is None


def test_steps_of_an_earlier_episode_do_not_count(desk: Desk) -> None:
    account = desk.account(
        desk.invoice("i1", 5), sent=(desk.sent("i1", 14, 4),), episodes={"i1": 2}
    )
    view = view_of(account, desk)
    assert invoice_fact(view, account.invoices[0], "highest_step_sent") is None
    assert fact(view, "highest_step_sent") is None


def test_a_dispute_grows_no_older_once_paid(desk: Desk) -> None:
    day = desk.today
    account = desk.account(
        desk.invoice("i1", 40, "0", status="paid", total="50"),
        desk.invoice("i2", 40),
        disputes=(
            Dispute("i1", day - timedelta(90), "price"),
            Dispute("i2", day - timedelta(7), "price", amount=Decimal(30), code="32"),
        ),
    )
    view = view_of(account, desk)
    figures = [fact(view, name) for name in ("days_in_dispute", "disputed_amount")]
    assert figures == [7, Decimal(30)]
    assert fact(view, "dispute_reason") == {"not delivered"}
    assert fact(view, "overdue_amount") == Decimal(70)
    [owed] = view.owed
    figures = [invoice_fact(view, owed, name) for name in ("amount_due", "days_in_dispute")]
    assert figures == [Decimal(70), 7]
    assert invoice_fact(view, owed, "dispute") == "part"


def test_an_order_number_is_a_reference_as_well(desk: Desk) -> None:
    """QuickBooks has a field of its own for it, Xero writes it into the reference."""
    order = desk.invoice("i1", 5, "10")._replace(purchase_order="PO 77")
    both = order._replace(reference="Site 4")
    view = view_of(desk.account(order), desk)
    assert invoice_fact(view, order, "reference") == "po 77"
    assert invoice_fact(view, both, "reference") == "site 4"


def test_a_share_of_the_ledger_needs_its_sum(desk: Desk) -> None:
    view = view_of(desk.account(desk.invoice("i1", 40, "300")), desk)
    assert fact(view, "concentration_percent") is None
    assert fact(view_of(desk.account(), desk), "concentration_percent") == 0
    view.account_view.ledger_due = Decimal(200)
    assert fact(view, "concentration_percent") == 100, "paid since it was counted"


def test_a_score_is_compared_within_its_source(desk: Desk) -> None:
    day = desk.today
    view = view_of(rich_account(desk), desk)
    move = CONTACT_BY_NAME["score_change"].moves
    assert isinstance(move, OnDays)
    assert move.next_day(view, None) == day + timedelta(1)
    before = AccountView(rich_account(desk), day - timedelta(5), currency="GBP", base="GBP")
    earlier = ContactView(before, before.account.contacts[0], agreed=Agreed(), covers=None)
    assert fact(earlier, "score_change") is None
    assert fact(earlier, "insolvency") is True
