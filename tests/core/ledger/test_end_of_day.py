"""End-of-day figures: those of a day are the same on the day and on every later one."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.builders.living_books import AUCKLAND, Books
from tests.builders.records import a_debtor, an_invoice

from arsync.core.analytics.ageing import Ageing, ageing
from arsync.core.ledger.as_of import as_issued, as_it_stood
from arsync.core.ledger.money import ZERO
from arsync.core.ledger.records import Account

FIRST = date(2026, 9, 1)
DAYS = 60


def figures(account: Account, day: date) -> Ageing:
    stood = as_it_stood(account, day, zone=AUCKLAND)
    return ageing([stood], base_currency="GBP", today=day)


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32), asked=st.integers(0, DAYS - 1))
def test_a_days_ageing_is_the_same_later(seed: int, asked: int) -> None:
    books = Books(random.Random(seed))
    for ahead in range(asked + 1):
        books.live(FIRST + timedelta(ahead))
    day = FIRST + timedelta(asked)
    on_the_day = figures(books.account, day)
    for ahead in range(asked + 1, DAYS):
        books.live(FIRST + timedelta(ahead))
        assert figures(books.account, day) == on_the_day


def test_an_invoice_counts_from_its_day_on() -> None:
    october = date(2026, 10, 1)
    account = a_debtor(
        an_invoice("i1", total=800, issued_on=date(2026, 8, 1), due_on=date(2026, 8, 31)),
        an_invoice("i2", total=700, issued_on=october, due_on=date(2026, 10, 31)),
        an_invoice("i3", total=5000, status="draft", issued_on=date(2026, 8, 1)),
    )
    assert figures(account, date(2026, 9, 1)).base_total.total == Decimal(800)
    assert figures(account, october).base_total.total == Decimal(1500)
    assert [invoice.id for invoice in as_issued(account, date(2026, 9, 1)).invoices] == ["i1", "i3"]


def test_a_void_counts_from_the_organisations_day() -> None:
    # 2 October, 8:30 in Auckland, is 1 October in UTC.
    voided = datetime(2026, 10, 1, 19, 30, tzinfo=UTC)
    account = a_debtor(an_invoice(total=90, status="voided", amount_due=0, updated_at=voided))
    assert figures(account, date(2026, 10, 1)).base_total.total == Decimal(90)
    assert figures(account, date(2026, 10, 2)).base_total.total == ZERO


def test_a_deleted_draft_was_never_owed() -> None:
    deleted = datetime(2026, 10, 5, tzinfo=UTC)
    account = a_debtor(
        an_invoice("i1", status="deleted", updated_at=deleted),
        an_invoice("i2", status="deleted", updated_at=deleted),
        episodes={"i1": 0, "i2": 1},
    )
    assert figures(account, date(2026, 10, 1)).base_total.invoices == 1
