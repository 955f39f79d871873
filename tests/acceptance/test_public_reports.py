"""What users of other products reported of their jobs cannot happen here: one test for each.

The cases are those of public reports, all of which were read whole. They are played with the
sandbox, over HTTP, as an operator would have set them up: the job runs far more often than once a
day, on both platforms.
"""

from __future__ import annotations

import pytest
from tests.builders.ledgers import contact_row, invoice_row
from tests.builders.world import PLATFORMS, World

FEE = """\
version: 1
name: A fee
currency: GBP
reminders:
  - name: With a fee
    steps:
      - {day: 1, late_fee: 10%}
sending:
  days: every day
  between: 00:00-23:59
"""


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_late_fee_is_billed_once_over_many_runs(world: World, name: str) -> None:
    """invoiceninja/invoiceninja#2330: the job ran every hour instead of once a day, and added a
    late fee of 10% each time it ran.
    """
    world.load(
        name, contacts=[contact_row("c1", "Late")], invoices=[invoice_row(1, "c1", overdue=3)]
    )
    world.rules(FEE)
    world.connect(name)
    for _ in range(12):
        world.sync(name)
        world.advance(hours=1)
    assert world.standing(name) == {
        "fee of 10.00 for Late": 1,
        "note on INV-0001: Late fee 10%": 1,
    }
    for _ in range(4):
        world.advance(days=20)
        world.sync(name)
    fees = {what: count for what, count in world.standing(name).items() if what.startswith("fee")}
    assert fees == {"fee of 10.00 for Late": 1}, "a fee bears no fee"
    (account,) = world.app.store.ledger.accounts(world.connection(name).id)
    fee_ids = [
        row["id"] for row in world.control.state(name)["invoices"] if row["number"] != "INV-0001"
    ]
    assert account.fees == set(map(str, fee_ids)), "known by what the platform calls it"


BOTH = """\
version: 1
name: One policy for both
currency: GBP
credit_limits:
  - {name: Everyone, limit: 500}
credit_holds:
  - name: Over the limit
    when: {over_limit_percent: {more_than: 10}}
    terms: cash on delivery
reminders:
  - name: Standard
    steps:
      - {day: 1, email: first reminder}
sending:
  days: every day
  between: 00:00-23:59
"""


@pytest.mark.parametrize("down", ["nothing", *PLATFORMS])
def test_one_platform_being_down_does_not_stop_the_other(world: World, down: str) -> None:
    """A policy that is written back to one platform only: with both connected, what one run writes
    to the one stands at the other, word for word, also when one of them has to be tried again.
    """
    contacts = [contact_row("c1", "Small"), contact_row("c2", "Big")]
    invoices = [invoice_row(1, "c1", overdue=3), invoice_row(2, "c2", overdue=3, total="900")]
    world.load(contacts=contacts, invoices=invoices)
    world.rules(BOTH)
    for name in PLATFORMS:
        world.connect(name)
    if down != "nothing":
        path = {"xero": "^/api.xro/", "quickbooks": "^/v3/company/"}[down]
        world.control.fault(path=path, status=503, times=1000)
    list(world.app.sync())
    up = [name for name in PLATFORMS if name != down]
    for name in up:
        assert world.standing(name) == EVERYTHING
    if down != "nothing":
        assert not world.standing(down)
        world.control.no_more_faults()
        world.advance(hours=3)
        list(world.app.sync())
    for name in PLATFORMS:
        world.sync_until_quiet(name)
        assert world.standing(name) == EVERYTHING


EVERYTHING = {
    "email about INV-0001": 1,
    "note on INV-0001: Invoice emailed by": 1,
    "email about INV-0002": 1,
    "note on INV-0002: Invoice emailed by": 1,
    "hold on Big": 1,
    "note on Big: Credit hold placed": 1,
    "cash on delivery for Big": 1,
    "note on Big: Payment terms changed": 1,
}
