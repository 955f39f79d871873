"""What is disputed of an invoice is never asked for; the rest of it is chased."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders.drawn_ledgers import ledgers
from tests.builders.records import DUE_ON
from tests.core.conftest import Desk

from arsync.core.actions import ActionKind, LateFeePayload
from arsync.core.ledger.records import Account, Dispute
from arsync.core.planning.plan import Plan

SMTP = "sending: {via: smtp, days: every day}\n"
PART = Dispute("i1", Desk.today - timedelta(5), "late", amount=Decimal(200), code="5")
FEE = "reminders: [{name: Fee, steps: [{day: 1, late_fee: 10%}]}]\n"
OLD = "credit_holds: [{name: Old, when: {oldest_days_overdue: {at_least: 30}}}]\n"
MUCH = "credit_holds: [{name: Much, when: {overdue_amount: {at_least: 900}}}]\n"
INTEREST = "charges: [{name: I, interest: 12% a year}]\n"


def disputed(desk: Desk, days: int = 20, **values: Any) -> Account:
    dispute = PART._replace(**values)
    return desk.account(desk.invoice("i1", days, "1000"), disputes=(dispute,))


def test_the_rest_of_a_disputed_invoice_is_chased(desk: Desk) -> None:
    [action] = desk.plan(desk.head + SMTP + desk.steps, disputed(desk)).actions
    [ref] = action.invoices
    assert [ref.amount_due, ref.disputed, ref.document_amount_due] == [800, 200, 1000]
    assert "GBP 800.00 due after GBP 200.00 that is disputed" in action.note
    facts = action.because.facts
    assert [facts["amount_due"], facts["disputed_amount"]] == ["800.00", "200.00"]


def test_the_platforms_email_never_asks_for_what_is_disputed(desk: Desk) -> None:
    plan = desk.plan(desk.head + desk.steps, disputed(desk))
    [action] = plan.actions
    assert action.kind is ActionKind.TASK
    words = "Ask for what is not disputed: send the first reminder another way"
    assert action.payload.title == words
    assert action.invoices[0].amount_due == 800


def test_a_dispute_opened_late_repeats_no_step(desk: Desk) -> None:
    dispute = PART._replace(opened_on=desk.today + timedelta(5))

    def changes(account: Account, today: Any) -> Account:
        open_now = today >= dispute.opened_on
        upheld = today >= dispute.opened_on + timedelta(12)
        standing = dispute._replace(settled_on=today) if upheld else dispute
        return account._replace(disputes=(standing,) if open_now else ())

    account = desk.account(desk.invoice("i1", 0, "1000"))
    done = desk.play(desk.head + SMTP + desk.steps, account, range(45), changes)
    sums = [(action.step, str(action.invoices[0].amount_due)) for _, action in done]
    assert sums == [
        ("first reminder", "1000"),
        ("second reminder", "800"),
        ("final notice", "1000"),
    ]


@pytest.mark.parametrize(
    ("rules", "values", "held"),
    [(OLD, {}, True), (OLD, {"amount": None}, False), (MUCH, {}, False)],
)
def test_holds_count_what_is_not_disputed(
    desk: Desk, rules: str, values: dict[str, Any], held: bool
) -> None:
    plan = desk.plan(desk.head + rules, disputed(desk, 40, **values))
    assert [action.kind for action in plan.actions] == [ActionKind.CREDIT_HOLD] * held


def test_fees_and_interest_leave_the_disputed_part_out(desk: Desk) -> None:
    [fee] = desk.plan(desk.head + FEE, disputed(desk)).actions
    assert isinstance(fee.payload, LateFeePayload)
    assert fee.payload.amount == 80
    whole, part = desk.account(desk.invoice("i1", 80, "1000")), disputed(desk, 80)
    charged = [desk.plan(desk.head + INTEREST, account).actions for account in (whole, part)]
    [[all_of_it], [less]] = charged
    amounts = [getattr(action.payload, "amount") for action in (all_of_it, less)]  # noqa: B009
    assert amounts[1] == (amounts[0] * Decimal("0.8")).quantize(Decimal("0.01"))


def test_facts_tell_open_from_part(desk: Desk) -> None:
    rule = (
        "follow_ups: [{name: Old, task: Ask, when: {dispute: [open, part],"
        " days_in_dispute: {at_least: 5}, dispute_reason: falscher Preis,"
        " disputed_amount: {at_least: 200}}}]\n"
    )
    [task] = desk.plan(desk.head + rule, disputed(desk)).actions
    assert [task.invoices[0].amount_due, task.invoices[0].disputed] == [800, 200]
    assert desk.plan(desk.head + rule.replace("[open, part]", "part"), disputed(desk)).actions
    for word, account in (("open", disputed(desk)), ("part", disputed(desk, amount=None))):
        assert not desk.plan(desk.head + rule.replace("[open, part]", word), account).actions


# Whatever the ledger and the rulebook

RULES = """sending: {via: smtp, days: every day}
credit_holds:
  - {name: Much, when: {overdue_amount: {at_least: 100}}}
  - {name: Old, when: {oldest_days_overdue: {at_least: 40}}}
reminders:
  - name: Standard
    skip_invoices_when: {amount_due: {less_than: 20}}
    steps: [{day: 1, email: first reminder}, {day: 20, letter: final notice},
      {day: 40, late_fee: 5%}]
"""


def in_pounds(account: Account) -> Account:
    """Money in other currencies covers all or nothing, so it tells disputes apart."""
    return account._replace(
        invoices=tuple(one._replace(currency="GBP", rate=None) for one in account.invoices),
        payments=tuple(one._replace(currency="GBP", rate=None) for one in account.payments),
        credits=tuple(one._replace(currency="GBP", rate=None) for one in account.credits),
    )


def without_disputed(account: Account) -> Account:
    """The account as if what is disputed had never been billed."""
    disputed_of = {dispute.invoice_id: dispute for dispute in account.disputes}
    invoices = []
    for invoice in account.invoices:
        dispute = disputed_of.get(invoice.id)
        amount = dispute.amount if dispute else Decimal(0)
        due = Decimal(0) if amount is None else max(Decimal(0), invoice.amount_due - amount)
        status = invoice.status if due else "voided"
        invoices.append(invoice._replace(amount_due=due, total=due, status=status))
    return account._replace(invoices=tuple(invoices), disputes=())


def demands(plan: Plan) -> list[Any]:
    return sorted(
        (
            action.kind.value,
            action.contact_id,
            action.step,
            tuple((ref.id, ref.amount_due) for ref in action.invoices),
            getattr(action.payload, "amount", None),
        )
        for action in plan.actions
        if action.kind is not ActionKind.REMINDER_LEVEL
    )


@given(ledgers(), st.integers(0, 90))
def test_nothing_disputed_is_ever_asked_for(account: Account, days: int) -> None:
    desk, account = Desk(), in_pounds(account)
    today = DUE_ON + timedelta(days)
    plans = [
        desk.plan(desk.head + RULES, one, today=today)
        for one in (account, without_disputed(account))
    ]
    assert demands(plans[0]) == demands(plans[1])
