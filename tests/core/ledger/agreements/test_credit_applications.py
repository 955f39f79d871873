"""An application as it stands: what a register calls the applicant."""

from __future__ import annotations

from datetime import date

import pytest

from arsync.core.ledger.agreements.credit_applications import (
    CreditApplication,
    CreditDatum,
    DatumKind,
)

DAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("name", "registered", "same"),
    [
        ("Northwind Traders Ltd", "NORTHWIND TRADERS LIMITED", True),
        ("Smith & Sons", "SMITH AND SONS", True),
        ("P.J. Oats plc", "PJ OATS PLC", True),
        ("Fir Ltd", "NORTHWIND TRADERS LTD", False),
        ("Harbour Graphics Ltd", "HARBOUR GRAPHICS (1999) LTD", False),
    ],
)
def test_another_name_in_the_register_is_noticed(name: str, registered: str, same: bool) -> None:
    datum = CreditDatum(DatumKind.REGISTERED_NAME, registered, "companies_house", DAY)
    application = CreditApplication(7, name, DAY, data=(datum,))
    assert application.registered_otherwise() == (None if same else datum)


def test_the_newest_name_counts() -> None:
    old = CreditDatum(DatumKind.REGISTERED_NAME, "OTHER LTD", "gleif", date(2025, 1, 1))
    new = CreditDatum(DatumKind.REGISTERED_NAME, "ACME LTD", "companies_house", DAY)
    assert CreditApplication(7, "Acme Ltd", DAY, data=(old, new)).registered_otherwise() is None
    assert CreditApplication(7, "Acme Ltd", DAY).registered_otherwise() is None
