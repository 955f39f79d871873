"""A supplier is one customer's alone: who claims it twice is told which entry counts."""

from __future__ import annotations

from tests.builders.rulebooks import a_rulebook

from arsync.core.rulebook.checks.shared_suppliers import shared_suppliers

RULES = """\
version: 1
currency: GBP
payables: {read: open bills}
customers:
  - {contact: Acme, suppliers: [Ridgeway Press, acme print, Acme Print]}
  - {contact: Nova, suppliers: [RIDGEWAY PRESS]}
"""


def test_a_supplier_of_two_customers_is_named() -> None:
    (warning,) = shared_suppliers(a_rulebook(RULES))
    assert (warning.line, warning.severity) == (6, "warning")
    assert "'RIDGEWAY PRESS' stands under 'Acme' and 'Nova'" in warning.message


def test_suppliers_of_one_customer_each_are_fine() -> None:
    assert shared_suppliers(a_rulebook(RULES.replace("RIDGEWAY PRESS", "Nova Print"))) == []
