"""A month's interest is billed once on each platform, and stays billed once."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from tests.builders.ledgers import contact_row, invoice_row
from tests.builders.world import PLATFORMS, World

from arsync.core.actions import ActionKind, ActionState

RULES = """\
version: 1
name: Interest
currency: GBP
charges:
  - name: Interest
    interest: 1% a month
    bill: monthly
    as: draft
"""


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_month_of_interest_is_billed_once(world: World, name: str) -> None:
    # Due on 19 October: twelve days of October are billed in November.
    invoices = [invoice_row(1, "c1", overdue=30, total="10000.00")]
    world.load(name, contacts=[contact_row("c1", "Late Ltd")], invoices=invoices)
    world.rules(RULES)
    world.connect(name)
    issued = {row["id"] for row in world.control.state(name)["invoices"]}
    world.sync_until_quiet(name)
    row = world.row_of(name, ActionKind.LATE_FEE)
    if name == "quickbooks":
        # There are no drafts: nothing is owed before a person has looked at it.
        assert row.state is ActionState.AWAITING_APPROVAL
        world.app.approve([row.key], connection=name)
        world.sync_until_quiet(name)
    assert world.row_of(name, ActionKind.LATE_FEE).state is ActionState.CONFIRMED
    world.move_to(datetime(2026, 11, 30, 10, tzinfo=UTC))
    world.sync_until_quiet(name)
    fees = [row for row in world.control.state(name)["invoices"] if row["id"] not in issued]
    assert [Decimal(row["total"]) for row in fees] == [Decimal("39.45")]
    assert [row["status"].lower() for row in fees] == ["draft" if name == "xero" else "open"]
    # November comes in December, and its first bill is not among what bears interest.
    world.move_to(datetime(2026, 12, 1, 10, tzinfo=UTC))
    world.sync_until_quiet(name)
    bills = world.app.store.actions.list(world.connection(name).id, kinds={ActionKind.LATE_FEE})
    amounts = sorted(str(getattr(bill.action.payload, "amount", "")) for bill in bills)
    assert amounts == ["39.45", "98.63"]
