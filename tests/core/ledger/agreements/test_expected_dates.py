"""A promise entered in the accounting system counts like one recorded here."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from tests.builders.records import an_invoice

from arsync.core.ledger.agreements.expected_dates import with_expected_dates
from arsync.core.ledger.agreements.promises import judged_promises
from arsync.core.ledger.records import Account, Contact, Invoice, Promise

DAY = date(2026, 9, 25)
CHANGED = datetime(2026, 9, 2, 8, tzinfo=UTC)


def expected(**changes: Any) -> Invoice:
    issued_on, due_on = date(2026, 8, 1), date(2026, 8, 31)
    invoice = an_invoice("i1", expected_on=DAY, issued_on=issued_on, due_on=due_on)
    return invoice._replace(**{"updated_at": CHANGED, **changes})


def promises(invoice: Invoice, *own: Promise, withdrawn: date | None = None) -> list[Promise]:
    days = {promise.promised_on for promise in own} | ({withdrawn} if withdrawn else set())
    account = Account((Contact("c1", "Customer"),), (invoice,), promises=own)
    return list(with_expected_dates(account, {"i1": days}).promises)


def test_a_date_entered_there_is_a_promise() -> None:
    entered = Promise(("i1",), DAY, None, CHANGED.date(), by_platform=True)
    assert promises(expected()) == [entered]


def test_a_promise_is_not_made_after_its_day() -> None:
    late = datetime(2026, 11, 2, tzinfo=UTC)
    (promise,) = promises(expected(updated_at=late))
    assert promise.made_on == DAY


def test_our_own_date_read_back_is_no_second_promise() -> None:
    own = Promise(("i1",), DAY, None, date(2026, 9, 1))
    assert promises(expected(), own) == [own]
    assert promises(expected(), withdrawn=DAY) == [], "undone, and the date could not be cleared"


@pytest.mark.parametrize(
    ("ours", "counts"), [(date(2026, 9, 20), True), (date(2026, 9, 30), False)]
)
def test_of_two_promises_the_later_day_counts(ours: date, counts: bool) -> None:
    own = Promise(("i1",), ours, None, date(2026, 9, 10))
    both = promises(expected(), own)
    assert [promise.by_platform for promise in both] == ([False, True] if counts else [False])
    newest = max(both, key=lambda promise: (promise.made_on, promise.promised_on))
    assert newest.promised_on == max(ours, DAY)


@pytest.mark.parametrize(
    ("paid_on", "state"),
    [(DAY, "kept"), (date(2026, 10, 1), "over"), (None, "kept")],
)
def test_it_is_judged_by_the_day_of_the_money(paid_on: date | None, state: str) -> None:
    invoice = expected(status="paid", amount_due=Decimal(0), paid_on=paid_on)
    (promise,) = promises(invoice)
    account = Account((Contact("c1", "Customer"),), (invoice,), promises=(promise,))
    assert [judged.state for judged in judged_promises(account, date(2026, 10, 2))] == [state]


def test_reminders_rest_until_its_day_alone() -> None:
    (promise,) = promises(expected())
    account = Account((Contact("c1", "Customer"),), (expected(),), promises=(promise,))
    (judged,) = judged_promises(account, date(2026, 9, 26))
    assert (judged.state, judged.silent_until) == ("open", DAY)


@pytest.mark.parametrize("status", ["draft", "voided", "deleted"])
def test_what_is_not_issued_promises_nothing(status: str) -> None:
    assert promises(expected(status=status)) == []
