"""What every platform's ledger makes of the same rows, days and people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from arsync_sandbox.generate import generate
from arsync_sandbox.people import edit
from arsync_sandbox.server import Sandbox, importable_platforms

STATE_KEYS = {
    "contacts": {"id", "name", "email", "currency", "groups", "terms", "notes", "status"},
    "invoices": {
        *("id", "number", "contact_id", "status", "issued_on", "due_on", "currency", "total"),
        *("amount_due", "sent"),
    },
    "payments": {"id", "invoice_id", "amount", "paid_on", "status"},
    "credits": set(),
    "history": set(),
    "groups": {"id", "name", "members"},
    "terms": set(),
    "attachments": set(),
}

platforms = pytest.mark.parametrize("platform", importable_platforms())


@pytest.fixture
def begin(start_sandbox: Callable[..., Sandbox]) -> Callable[..., Sandbox]:
    def begin(*names: str, **settings: Any) -> Sandbox:
        return start_sandbox(platforms=names, start=date(2026, 6, 1), seed=4, settings=settings)

    return begin


def due_by_customer(sandbox: Sandbox, platform: str) -> dict[tuple[str, str], Decimal]:
    state = sandbox.books[platform].state()
    name = {row["id"]: row["name"] for row in state["contacts"]}
    sums: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in state["invoices"]:
        if row["status"] not in {"DRAFT", "draft"} and Decimal(row["amount_due"]):
            sums[name[row["contact_id"]], row["currency"]] += Decimal(row["amount_due"])
    return dict(sums)


@platforms
def test_what_is_owed_equals_the_rows_to_the_cent(
    begin: Callable[..., Sandbox], platform: str
) -> None:
    sandbox = begin(platform)
    sandbox.generate(contacts=80, invoices=800)
    rows = generate(
        seed=4,
        contacts=80,
        invoices=800,
        today=date(2026, 6, 1),
        currency="GBP",
        country="GB",
    )
    paid: defaultdict[str, Decimal] = defaultdict(Decimal)
    for payment in rows.payments:
        paid[payment.invoice_id] += payment.amount
    names = {row.id: row.name for row in rows.contacts}
    expected: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in rows.invoices:
        amount = row.total - paid[row.id]
        if row.status == "open" and amount:
            expected[names[row.contact_id], row.currency] += amount
    assert due_by_customer(sandbox, platform) == dict(expected)


@platforms
def test_the_state_has_its_documented_shape(begin: Callable[..., Sandbox], platform: str) -> None:
    sandbox = begin(platform)
    sandbox.generate(contacts=30, invoices=60)
    state = sandbox.books[platform].state()
    for table, keys in STATE_KEYS.items():
        assert table in state
        if keys:
            assert state[table], table
            assert keys <= state[table][0].keys(), table
    for row in state["invoices"]:
        assert isinstance(row["total"], str)
        assert isinstance(row["amount_due"], str)


@pytest.mark.skipif(len(importable_platforms()) < 2, reason="needs both platforms")
def test_debtors_tell_the_same_story_on_both_platforms(begin: Callable[..., Sandbox]) -> None:
    sandbox = begin(*importable_platforms(), debtors=True)
    sandbox.generate(contacts=40, invoices=400, days_ahead=40)
    before = due_by_customer(sandbox, "xero")
    with sandbox.lock:
        sandbox.timeline.move_to(sandbox.now().replace(month=7))
    after = due_by_customer(sandbox, "xero")
    assert before != after
    assert after == due_by_customer(sandbox, "quickbooks")


@platforms
def test_events_carry_the_day_of_the_clock(begin: Callable[..., Sandbox], platform: str) -> None:
    sandbox = begin(platform, debtors=True)
    sandbox.generate(contacts=40, invoices=400, days_ahead=40)
    with sandbox.lock:
        sandbox.timeline.move_to(sandbox.now().replace(day=20))
    paid_on = {row["paid_on"] for row in sandbox.books[platform].state()["payments"]}
    assert len({day for day in paid_on if day > "2026-06-01"}) > 10
    assert max(paid_on) <= "2026-06-20"


@platforms
def test_people_pay_void_and_rename_in_the_platform(
    begin: Callable[..., Sandbox], platform: str
) -> None:
    sandbox = begin(platform)
    sandbox.generate(contacts=10, invoices=80)
    first, second, *_ = sandbox.books[platform].unpaid()

    def do(what: str, **arguments: Any) -> Any:
        return edit(sandbox.books, {"platform": platform, "do": what, **arguments})

    do("pay", invoice_id=first.invoice_id, amount=str(first.amount_due), on="2026-06-01")
    do("void", invoice_id=second.invoice_id)
    do("rename", contact_id=first.contact_id, name="Renamed by hand")
    unpaid = {row.invoice_id for row in sandbox.books[platform].unpaid()}
    assert not unpaid & {first.invoice_id, second.invoice_id}
    names = {row["name"] for row in sandbox.books[platform].state()["contacts"]}
    assert "Renamed by hand" in names


@platforms
def test_the_books_switches_are_in_the_one_table(
    begin: Callable[..., Sandbox], platform: str
) -> None:
    table = begin(platform).settings.as_json()
    own = [name for name in table if name.startswith(f"{platform}_")]
    assert len(own) > 5
    assert all(table[name]["meaning"].endswith(".") for name in own)
