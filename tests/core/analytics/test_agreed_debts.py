"""What is disputed and promised of the receivables, and which promises were kept."""

from __future__ import annotations

from datetime import UTC, date, timedelta
from decimal import Decimal

from tests.builders.records import a_debtor, a_payment, an_invoice

from arsync.core.analytics.measure_sums import MeasuringWindow
from arsync.core.analytics.measured_documents import documents_behind
from arsync.core.analytics.measures import Figures, measures
from arsync.core.ledger.records import Account, Allocation, Dispute, Promise

DAY = date(2026, 11, 30)


def of(account: Account, day: date = DAY) -> Figures:
    (figures,) = measures([account], MeasuringWindow(day), zone=UTC, base_currency="GBP")
    return figures


def promised(on: date, invoice_id: str = "i1", amount: str | None = None) -> Promise:
    exact = None if amount is None else Decimal(amount)
    return Promise((invoice_id,), on, exact, on - timedelta(5))


def paid(on: date, invoice_id: str, amount: int) -> Account:
    payment = a_payment(
        f"p-{invoice_id}",
        paid_on=on,
        amount=amount,
        allocations=(Allocation(invoice_id, Decimal(amount), on),),
    )
    return a_debtor(payments=(payment,))


def test_shares_are_of_what_is_owed() -> None:
    account = a_debtor(
        an_invoice("i1", total=300),
        an_invoice("i2", total=100),
        promises=(promised(DAY + timedelta(3), "i1", "120"),),
        disputes=(Dispute("i2", DAY - timedelta(9), "wrong price", amount=Decimal(40)),),
    )
    figures = of(account)
    assert [figures.disputed, figures.promised] == [40, 120]
    assert [figures.disputed_percent, figures.promised_percent] == [10, 30]
    assert figures.promises_kept_percent is None


def test_promises_are_kept_by_number_and_amount() -> None:
    account = a_debtor(
        an_invoice("i1", total=300, amount_due=0, status="paid"),
        an_invoice("i2", total=100),
        payments=paid(DAY - timedelta(20), "i1", 300).payments,
        promises=(promised(DAY - timedelta(20), "i1"), promised(DAY - timedelta(30), "i2")),
    )
    figures = of(account)
    assert figures.promises_decided == 2
    assert figures.promises_kept_percent == 50
    assert figures.promises_kept_amount_percent == 75


def test_what_was_paid_before_a_promise_has_no_weight() -> None:
    # The money was there already; it was booked after somebody had promised it.
    account = a_debtor(
        an_invoice("i1", total=300, amount_due=0, status="paid"),
        an_invoice("i2", total=100),
        payments=paid(DAY - timedelta(40), "i1", 300).payments,
        promises=(promised(DAY - timedelta(30), "i1"), promised(DAY - timedelta(30), "i2")),
    )
    figures = of(account)
    assert figures.promises_decided == 2
    assert figures.promises_kept_percent == 50
    assert figures.promises_kept_amount_percent == 0


def test_money_on_the_day_of_a_promise_keeps_it() -> None:
    account = a_debtor(
        an_invoice("i1", total=300, amount_due=0, status="paid"),
        payments=paid(DAY - timedelta(35), "i1", 300).payments,
        promises=(promised(DAY - timedelta(30), "i1"),),
    )
    assert of(account).promises_kept_amount_percent == 100


def test_a_promise_counts_once_its_grace_is_over() -> None:
    account = a_debtor(an_invoice("i1", total=300), promises=(promised(DAY),))
    # 30 November is a Monday: three business days later is Thursday.
    assert of(account).promises_decided == 0
    assert of(account, DAY + timedelta(3)).promises_decided == 0
    later = of(account, DAY + timedelta(4))
    assert [later.promises_decided, later.promises_kept_percent] == [1, 0]


def test_a_dispute_settled_later_counts_on_its_day() -> None:
    dispute = Dispute("i1", DAY - timedelta(9), "wrong price", settled_on=DAY - timedelta(2))
    account = a_debtor(an_invoice("i1", total=300), disputes=(dispute,))
    assert of(account).disputed == 0
    assert of(account, DAY - timedelta(3)).disputed == 300


def test_documents_add_up_to_disputed_and_promised() -> None:
    account = a_debtor(
        an_invoice("i1", total=300),
        an_invoice("i2", total=100),
        promises=(promised(DAY + timedelta(3), "i1"), promised(DAY - timedelta(30), "i2")),
        disputes=(Dispute("i2", DAY - timedelta(9), "wrong price"),),
    )
    behind: dict[str, Decimal] = {}
    kinds = set()
    for _, _, in_base, name, document in documents_behind(
        [account], MeasuringWindow(DAY), zone=UTC, base_currency="GBP"
    ):
        behind[name] = behind.get(name, Decimal(0)) + document.amount * (not in_base)
        kinds.add(document.kind)
    assert [behind[name] for name in ("disputed", "promised", "promises")] == [100, 300, 100]
    assert "promise broken" in kinds
