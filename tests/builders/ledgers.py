"""Rows of a ledger for the sandbox, and a ledger that needs one of each action."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.builders.world import START, World


def contact_row(id_: str, name: str, **more: Any) -> dict[str, Any]:
    """Return a line of contacts.csv."""
    address = f"{id_}@customers.example"
    return {"id": id_, "name": name, "email": address, "terms_days": 30, **more}


def invoice_row(
    number: int, contact: str, *, overdue: int, total: str = "100.00"
) -> dict[str, Any]:
    """Return a line of invoices.csv: due so many days before the clock's first day."""
    due = START.date() - timedelta(days=overdue)
    return {
        "id": f"i{number}",
        "number": f"INV-{number:04}",
        "contact_id": contact,
        "issued_on": (due - timedelta(days=30)).isoformat(),
        "due_on": due.isoformat(),
        "currency": "GBP",
        "total": total,
    }


ONE_OF_EACH = """\
version: 1
name: One of each
currency: GBP
credit_limits:
  - name: Everyone
    limit: 5,000
credit_holds:
  - name: Over the limit
    when: {over_limit_percent: {more_than: 10}}
    terms: cash on delivery
reminders:
  - name: By letter
    when: {contact_group: Letters}
    steps:
      - {day: 1, letter: first reminder}
  - name: With a fee
    when: {contact_group: Fees}
    steps:
      - {day: 1, late_fee: 40}
  - name: By telephone
    when: {contact_group: Calls}
    steps:
      - {day: 1, task: Call the customer, assign_to: credit control}
  - name: By email
    when: {contact_group: Emails}
    steps:
      - {day: 1, email: first reminder}
sending:
  days: every day
  between: 00:00-23:59
"""


def one_of_each(world: World, name: str) -> None:
    """Give a ledger for which arsync has one of each thing to write, and pull it."""
    groups = {"mail": "Emails", "paper": "Letters", "fee": "Fees", "call": "Calls", "big": "None"}
    contacts = [
        contact_row(f"c-{key}", key.title(), contact_group=group) for key, group in groups.items()
    ]
    contacts += [contact_row("c-word", "Word", contact_group="Emails")]
    invoices = [
        invoice_row(number, f"c-{key}", overdue=3, total="9000" if key == "big" else "100")
        for number, key in enumerate(["mail", "paper", "fee", "call", "big", "word"], 1)
    ]
    invoices += [invoice_row(7, "c-word", overdue=3)]
    world.load(name, contacts=contacts, invoices=invoices)
    world.rules(ONE_OF_EACH)
    world.connect(name)
    world.app.pull(name)
    in_ten_days = world.clock.now().date() + timedelta(days=10)
    world.app.promise("INV-0006", in_ten_days, connection=name)
    world.app.dispute("INV-0007", reason="wrong price", connection=name)


_AT_EITHER = {
    "email about INV-0001": 1,
    "note on INV-0001: Invoice emailed by": 1,
    "pdf on INV-0002": 1,
    "note on INV-0002: First reminder sent": 1,
    "fee of 40.00 for Fee": 1,
    "note on INV-0003: Late fee 40": 1,
    "note on INV-0004: Task opened": 1,
    "hold on Big": 1,
    "note on Big: Credit hold placed": 1,
    "cash on delivery for Big": 1,
    "note on Big: Payment terms changed": 1,
    "note on INV-0006: Promise to pay": 1,
    "note on INV-0007: Dispute about INV-0007": 1,
}
"""What stands at either platform when everything was done once."""


def once(name: str) -> dict[str, int]:
    """Return what stands at a platform when everything was done once."""
    # Xero has a field for the day of a promise; at QuickBooks its note is all of it.
    return _AT_EITHER | {"promise in INV-0006": 1} if name == "xero" else _AT_EITHER
