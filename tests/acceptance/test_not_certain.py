"""What is owed is not certain: nobody is written to, and nobody is held, on a guess."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.builders.ledgers import contact_row, invoice_row
from tests.builders.world import PLATFORMS, World

from arsync.core.actions import ActionKind

RULES = """\
version: 1
name: Not certain
currency: GBP
credit_limits:
  - {name: Everyone, limit: 50}
credit_holds:
  - name: Over the limit
    when: {over_limit_percent: {more_than: 10}}
reminders:
  - name: Polite
    steps:
      - {day: 1, email: first reminder}
      - {day: 14, email: second reminder}
sending:
  days: every day
  between: 00:00-23:59
"""


def unreadable_money(name: str, **whose: Any) -> dict[str, Any]:
    """Return a payment in a currency that nobody knows, as a platform's own document."""
    if name == "quickbooks":
        return {
            "Payment": [
                {
                    "Id": "900",
                    "TxnDate": "2026-11-17",
                    "TotalAmt": 100,
                    "UnappliedAmt": 100,
                    "CurrencyRef": {"value": "XXX"},
                    "CustomerRef": {"value": whose["contact_id"]},
                }
            ]
        }
    return {
        "Prepayments": [
            {
                "PrepaymentID": "7f3c0000-0000-4000-8000-000000000001",
                "Type": "RECEIVE-PREPAYMENT",
                "Status": "AUTHORISED",
                "DateString": "2026-11-17T00:00:00",
                "CurrencyCode": "ZZZ",
                "Total": 100,
                "RemainingCredit": 100,
                "Contact": {"ContactID": whose["contact_id"]},
            }
        ]
    }


@pytest.mark.parametrize("name", PLATFORMS)
def test_unreadable_money_blocks_actions_against_its_customer_only(world: World, name: str) -> None:
    world.load(
        name,
        contacts=[contact_row("c1", "Ada"), contact_row("c2", "Bob")],
        invoices=[invoice_row(1, "c1", overdue=5), invoice_row(2, "c2", overdue=5)],
    )
    ada = world.contact_id(name, "Ada")
    world.load(name, documents=unreadable_money(name, contact_id=ada))
    world.rules(RULES)
    world.connect(name)
    world.sync_until_quiet(name)
    assert {row.action.contact_name for row in world.rows(name)} == {"Bob"}
    assert world.row_of(name, ActionKind.CREDIT_HOLD)
    customer = world.app.why("Ada", connection=name)
    reasons = [held.why for held in customer.held_back]
    assert len(reasons) == 2
    assert all("the amount owed is uncertain" in reason for reason in reasons)


@pytest.mark.parametrize("name", PLATFORMS)
def test_an_invoice_moved_between_customers_keeps_its_reminder_step(
    world: World, name: str
) -> None:
    world.load(
        name,
        contacts=[contact_row("c1", "Ada"), contact_row("c2", "Bob")],
        invoices=[invoice_row(1, "c1", overdue=5)],
    )
    world.rules(RULES.replace("limit: 50", "limit: no limit"))
    world.connect(name)
    world.sync_until_quiet(name)
    assert len(world.control.state(name)["emails"]) == 1
    world.control.person(
        name,
        "move_invoice",
        invoice_id=world.invoice_id(name, "INV-0001"),
        contact_id=world.contact_id(name, "Bob"),
    )
    world.advance(days=3)
    world.sync_until_quiet(name)
    assert len(world.control.state(name)["emails"]) == 1, "the first reminder went twice"
    world.advance(days=10)
    world.sync_until_quiet(name)
    emails = world.control.state(name)["emails"]
    assert [email["to"][0] for email in emails] == ["c1@customers.example", "c2@customers.example"]
    newest = max(world.rows(name), key=lambda row: row.created_at)
    assert (newest.action.contact_name, newest.action.step) == ("Bob", "second reminder")
    assert newest.sent_on is not None
    first = min(row.sent_on for row in world.rows(name) if row.sent_on)
    assert newest.sent_on - first == timedelta(days=13)


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_hold_allowed_again_differs_from_the_undone_one(world: World, name: str) -> None:
    world.load(
        name, contacts=[contact_row("c1", "Ada")], invoices=[invoice_row(1, "c1", overdue=-5)]
    )
    world.rules(RULES)
    world.connect(name)
    world.sync_until_quiet(name)
    hold = world.row_of(name, ActionKind.CREDIT_HOLD)
    world.app.undo(world.app.undo_plan([hold.key]))
    world.app.allow_again([hold.key])
    assert world.standing(name)["hold on Ada"] == 0
    # The note of the first hold stands still; of the second one nothing arrives.
    number = world.control.last_request()
    world.control.fault(
        path={"xero": "/ContactGroups", "quickbooks": "/customer"}[name],
        method={"xero": "PUT", "quickbooks": "POST"}[name],
        drop="before",
        times=1,
    )
    world.sync_until_quiet(name)
    assert [row for row in world.control.journal(number) if row["fault"]], "no request was hit"
    assert world.standing(name)["hold on Ada"] == 1
