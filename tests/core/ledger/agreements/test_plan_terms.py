"""The terms of a payment plan: what fits the debt is recorded, the rest is refused with a way."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from tests.builders.records import a_contact, a_payment, an_invoice

from arsync.core.ledger.account_view import AccountView
from arsync.core.ledger.agreements.payment_plans import INSTALMENTS_MAX, PLAN_DAYS_MAX, Every
from arsync.core.ledger.agreements.plan_terms import (
    Agreement,
    Terms,
    TermsRefused,
    agreement,
)
from arsync.core.ledger.records import Account, Instalment, Invoice

TODAY = date(2026, 9, 1)
FIRST = date(2026, 9, 10)


def an_account(*invoices: Invoice) -> Account:
    return Account((a_contact("c1"),), invoices or (owed("i1", "1000"),))


def owed(name: str, amount: str, **values: str) -> Invoice:
    return an_invoice(
        name,
        "c1",
        number=name.upper(),
        issued_on=date(2026, 7, 1),
        due_on=date(2026, 8, 1),
        rate=1,
        total=amount,
        amount_due=amount,
        **values,
    )


def agreed(account: Account, terms: Terms) -> Agreement:
    view = AccountView(account, TODAY, currency="GBP", base="GBP")
    return agreement(account, "c1", terms, view, "Jo")


def listed(*amounts: str) -> Terms:
    days = (FIRST + timedelta(30 * number) for number in range(len(amounts)))
    return Terms(listed=tuple(map(Instalment, days, map(Decimal, amounts))))


def refusal(terms: Terms, account: Account | None = None) -> str:
    with pytest.raises(TermsRefused) as refused:
        agreed(account or an_account(), terms)
    return str(refused.value)


def test_equal_instalments_pay_all_that_is_owed() -> None:
    outcome = agreed(an_account(), Terms(equal_parts=3, every=Every.MONTH, first=FIRST))

    amounts = [str(part.amount) for part in outcome.plan.instalments]
    assert amounts == ["333.33", "333.33", "333.34"]
    assert outcome.plan.invoice_ids == ("i1",)
    assert outcome.plan.of_balance
    assert outcome.uncovered == ()


def test_what_the_sum_does_not_reach_is_told() -> None:
    account = an_account(owed("i1", "1000"), owed("i2", "500"), owed("i3", "200"))

    outcome = agreed(account, listed("600", "600"))

    assert outcome.plan.invoice_ids == ("i1", "i2")
    rest = [(part.invoice.number, part.amount) for part in outcome.uncovered]
    assert rest == [("I2", Decimal(300)), ("I3", Decimal(200))]


def test_cash_in_hand_is_taken_off_first() -> None:
    cash = a_payment("p1", "c1", paid_on=TODAY, rate=1, amount="100", unallocated="100")
    account = an_account()._replace(payments=(cash,))

    outcome = agreed(account, Terms(equal_parts=1, first=FIRST))

    assert outcome.plan.total == 900
    assert outcome.plan.received_before == 100


def test_a_second_plan_leads_to_the_first() -> None:
    account = an_account()
    plan = agreed(account, Terms(equal_parts=2, first=FIRST)).plan._replace(id=1)
    account = account._replace(payment_plans=(plan,))

    with pytest.raises(TermsRefused, match="has a payment plan already") as refused:
        agreed(account, listed("500"))

    assert "arsync agree I1 --cancel" in refused.value.hint


@pytest.mark.parametrize(
    ("terms", "why"),
    [
        (listed("600", "600"), "come to GBP 1,200.00, and GBP 1,000.00 is owed on I1"),
        (Terms(equal_parts=0), "1 to 120 instalments, not 0"),
        (Terms(equal_parts=INSTALMENTS_MAX + 1, first=FIRST), "not 121"),
        (Terms(equal_parts=2, first=TODAY - timedelta(1)), "2026-08-31 is past"),
        (Terms(equal_parts=1, first=TODAY + timedelta(PLAN_DAYS_MAX + 1)), "more than 1,830 days"),
        (listed("10.005"), "10.005 GBP cannot be paid"),
        (Terms(listed=(Instalment(FIRST, Decimal(1)), Instalment(FIRST, Decimal(1)))), "order"),
    ],
)
def test_terms_that_cannot_be_kept_are_refused(terms: Terms, why: str) -> None:
    assert why in refusal(terms)


def test_one_plan_is_in_one_currency() -> None:
    account = an_account(owed("i1", "10"), owed("i2", "10", currency="EUR"))

    assert "EUR and GBP" in refusal(Terms(equal_parts=2, first=FIRST), account)


def test_a_smallest_unit_is_not_split() -> None:
    assert "cannot be paid" in refusal(
        Terms(equal_parts=3, first=FIRST), an_account(owed("i1", "0.02"))
    )


def test_a_balance_is_what_the_customer_pays() -> None:
    children = (
        a_contact("c2", parent_id="c1", bill_to_parent=True),
        a_contact("c3", parent_id="c1"),
    )
    others = (owed("i2", "50")._replace(contact_id="c2"), owed("i3", "7")._replace(contact_id="c3"))
    account = an_account(owed("i1", "100"), *others)
    account = account._replace(contacts=(*account.contacts, *children))

    assert agreed(account, Terms(equal_parts=2, first=FIRST)).plan.invoice_ids == ("i1", "i2")
