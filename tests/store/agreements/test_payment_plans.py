"""Payment plans are kept as they were agreed, and read with the customer who agreed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from tests.builders.records import a_contact, an_invoice

from arsync.connector_sdk import Page
from arsync.core.ledger.records import Account, Instalment, PaymentPlan, RecordKind
from arsync.store import Store
from arsync.store.models import ConnectionRow

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
TODAY = date(2026, 11, 22)
PLAN = PaymentPlan(
    id=0,
    contact_id="c1",
    invoice_ids=("i2", "i1"),
    currency="GBP",
    made_on=TODAY,
    by="Ann",
    instalments=(
        Instalment(date(2026, 12, 1), Decimal("33.33")),
        Instalment(date(2027, 1, 1), Decimal("66.67")),
    ),
    of_balance=True,
    received_before=Decimal("10.50"),
)


def fill(store: Store, connection: ConnectionRow) -> None:
    invoices = tuple(an_invoice(name, expected_on=date(2026, 12, 1)) for name in ("i1", "i2"))
    for kind, records in ((RecordKind.CONTACTS, (a_contact(),)), (RecordKind.INVOICES, invoices)):
        store.ledger.apply(connection.id, Page(kind, records, "x"), NOW)


def account(store: Store, connection: ConnectionRow) -> Account:
    return next(store.ledger.accounts(connection.id, ["c1"]))


def test_a_plan_is_read_as_it_was_recorded(store: Store, connection: ConnectionRow) -> None:
    fill(store, connection)

    plan = store.payment_plans.record(connection.id, PLAN, note="by phone")

    assert plan == PLAN._replace(id=plan.id)
    assert account(store, connection).payment_plans == (plan,)
    [whole] = store.ledger.accounts(connection.id)
    assert whole.payment_plans == (plan,)
    [row] = store.payment_plans.rows(connection.id)
    assert (row.recorded_by, row.recorded_at, row.note) == ("Ann", NOW, "by phone")


def test_an_expected_date_of_a_plan_is_no_promise(store: Store, connection: ConnectionRow) -> None:
    fill(store, connection)
    assert len(account(store, connection).promises) == 2

    store.payment_plans.record(connection.id, PLAN)

    assert account(store, connection).promises == ()


def test_a_plan_ends_once(store: Store, connection: ConnectionRow) -> None:
    plan = store.payment_plans.record(connection.id, PLAN)

    ends = [
        store.payment_plans.cancel(connection.id, plan.id, cancelled_on=TODAY, who=who)
        for who in ("Ann", "Bob")
    ]

    assert ends == [True, False]
    [ended] = store.payment_plans.recorded(connection.id)
    assert ended.cancelled_on == TODAY
    assert [row.cancelled_by for row in store.payment_plans.rows(connection.id)] == ["Ann"]


def test_export_and_forgetting_hold_plans(store: Store, connection: ConnectionRow) -> None:
    store.ledger.apply(connection.id, Page(RecordKind.CONTACTS, (a_contact(),), "x"), NOW)
    store.payment_plans.record(connection.id, PLAN, note="says Jane is ill")

    [plan] = store.privacy.export(connection.id, "c1")["payment_plans"]
    store.privacy.forget(connection.id, "c1")

    assert plan["note"] == "says Jane is ill"
    assert [part["amount"] for part in plan["instalments"]] == [Decimal("33.33"), Decimal("66.67")]
    assert [row.note for row in store.payment_plans.rows(connection.id)] == [""]
