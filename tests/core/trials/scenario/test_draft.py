"""Drafts: a real customer in disguise, as a story that passes with its own rulebook."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.builders.rulebooks import a_rulebook

from arsync.core.ledger.records import (
    Account,
    Allocation,
    Contact,
    Dispute,
    Invoice,
    Payment,
    PlacedDebt,
    Placement,
    Promise,
)
from arsync.core.planning.customer_locale import no_holidays
from arsync.core.rulebook import Rulebook
from arsync.core.trials.scenario import NoDraft, ScenarioResult, draft, judge, play, read_scenarios
from arsync.core.trials.scenario.draft import OWED_INVOICES_MAX, PAID_INVOICES_MAX

Desk = Any
TODAY = date(2026, 11, 20)
RULES = """version: 1
currency: GBP
customers:
  - {contact: Secret Trading Ltd, tags: [vip], credit_limit: 1000, review_on: 2026-12-01}
credit_limits:
  - {name: Agreed, when: {agreed_limit: known}, limit: agreed_limit}
credit_holds:
  - {name: Over, when: {over_limit_percent: {more_than: 10}}, terms: cash on delivery}
reminders:
  - name: All
    steps:
      - {day: 1, email: first reminder}
      - {day: 20, email: "final: notice", approval: required}
      - {day: 30, task: Call}
follow_ups:
  - {name: Broken, when: {promise_to_pay: broken}, task: Ask}
"""


def the_rulebook() -> Rulebook:
    return a_rulebook(RULES, "r.yaml")


def drafted(account: Account, rulebook: Rulebook | None = None) -> str:
    return draft(
        account,
        rulebook or the_rulebook(),
        base_currency="GBP",
        today=TODAY,
        holidays=no_holidays,
    )


def verdict(text: str, rulebook: Rulebook | None = None) -> ScenarioResult:
    scenario_file, problems = read_scenarios("draft.yaml", text)
    assert scenario_file is not None, f"{text}\n{problems}"
    story = scenario_file.scenarios[0]
    return judge(play(story, rulebook or the_rulebook(), holidays=no_holidays))


def a_customer(desk: Desk) -> Account:
    allocation = Allocation("i2", Decimal("123.45"), TODAY - timedelta(3))
    early = Allocation("i2", Decimal("10.00"), TODAY - timedelta(300))
    paid_on = TODAY - timedelta(100)
    return desk.account(  # type: ignore[no-any-return]
        desk.invoice("i1", 40, "777.77", number="SEC-2026-1"),
        desk.invoice("i2", 9, "866.55", total="1000.00", number="SEC-2026-2"),
        desk.invoice("i3", 130, "0", total="55.00", status="paid", paid_on=paid_on),
        desk.invoice("i4", 30, "0", total="55.00", status="voided"),
        contacts=(
            Contact(
                "c1",
                "Secret Trading Ltd",
                email="boss@secret.test",
                country="GB",
                groups=("Key: accounts",),
                created_on=date(2020, 1, 1),
            ),
        ),
        payments=(
            desk.payment("123.45", 3, allocations=(allocation, early)),
            desk.payment("50.00", 2, id="p2", unallocated="50.00"),
        ),
        credits=(desk.credit("20.00"),),
        promises=(
            Promise(("i1",), TODAY - timedelta(5), Decimal("700.00"), TODAY - timedelta(12)),
            Promise(("i4",), TODAY - timedelta(5), None, TODAY - timedelta(12)),
        ),
        disputes=(
            Dispute("i2", TODAY - timedelta(8), "Secret reason", TODAY - timedelta(4)),
            Dispute(
                "i1",
                TODAY - timedelta(7),
                "Secret too",
                TODAY - timedelta(3),
                amount=Decimal("80.00"),
                code="5",
                outcome="upheld",
            ),
        ),
    )


def test_a_draft_passes_with_its_own_rulebook(desk: Desk) -> None:
    text = drafted(a_customer(desk))
    assert verdict(text).failures == ()
    assert "    expect:\n" in text
    assert "promise" in text
    assert "settled INV-2" in text
    assert re.search(r"dispute \d+\.\d\d of INV-1 because wrong price", text)
    assert "settled INV-1 as upheld" in text


def test_nothing_that_names_the_customer_is_in_it(desk: Desk) -> None:
    text = drafted(a_customer(desk))
    for secret in ("Secret", "secret", "SEC-", "777.77", "866.55", "123.45", "1000", "reason"):
        assert secret not in text
    assert "Customer A" in text
    assert "accounts@customer-a.example" in text


def test_the_same_customer_gives_the_same_proportional_draft(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", 40, "1000.00"), desk.invoice("i2", 9, "250.00"))
    text = drafted(account)
    assert text == drafted(account)
    scenario_file, _ = read_scenarios("d", text)
    assert scenario_file is not None
    first, second = (invoice.total for invoice in scenario_file.scenarios[0].invoices)
    assert first == 4 * second
    assert first != 1000


def test_a_draft_notices_a_change_of_the_rulebook(desk: Desk) -> None:
    text = drafted(a_customer(desk))
    rulebook = the_rulebook()
    cadence = rulebook.reminders[0]
    less = cadence._replace(steps=cadence.steps[1:])
    assert verdict(text, replace(rulebook, reminders=(less,))).failures


def test_what_was_agreed_stays_agreed_and_is_scaled(desk: Desk) -> None:
    text = drafted(a_customer(desk))
    assert "tags: [vip]" in text
    assert "credit_limit: " in text
    assert "credit_limit: 1000" not in text
    assert "review_on: 2026-12-01" in text


def test_a_placement_by_hand_is_told_without_its_agency(desk: Desk) -> None:
    debts = (PlacedDebt("i2", Decimal("866.55"), "GBP"),)
    on, ended = TODAY - timedelta(2), TODAY - timedelta(1)
    placement = Placement("k1", "Secret Collections", on, debts, ended, "recalled")
    text = drafted(a_customer(desk)._replace(placements=(placement,)))
    assert verdict(text).failures == ()
    assert "placed INV-2 with An agency" in text
    assert "recalled INV-2" in text
    assert "Secret" not in text


def test_a_family_is_told_as_one(desk: Desk) -> None:
    account = desk.account(
        desk.invoice("i1", 40),
        desk.invoice("i2", 9, contact="c2"),
        contacts=(desk.contact("c1"), desk.contact("c2", parent_id="c1", email="")),
        payments=(desk.payment("5.00", 2, contact_id="c2", unallocated="5.00"),),
        credits=(desk.credit("20.00", contact="c2"),),
    )
    text = drafted(account)
    assert "parent: Customer A" in text
    assert "email: none" in text
    assert verdict(text).failures == ()


def test_old_debts_are_there_when_it_begins(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", 2_000), desk.invoice("i2", 20))
    text = drafted(account)
    assert f"taken_over: {TODAY - timedelta(365)}" in text
    assert verdict(text).failures == ()
    connected = account._replace(taken_over_on=TODAY - timedelta(9))
    assert f"taken_over: {TODAY - timedelta(9)}" in drafted(connected)


def test_a_large_customer_is_told_in_part(desk: Desk) -> None:
    owed = [desk.invoice(f"i{count}", count) for count in range(OWED_INVOICES_MAX + 9)]
    paid = [
        desk.invoice(f"p{count}", 60, "0", total="9", status="paid", paid_on=TODAY)
        for count in range(PAID_INVOICES_MAX + 9)
    ]
    text = drafted(desk.account(*owed, *paid))
    assert text.count("number: ") == OWED_INVOICES_MAX + PAID_INVOICES_MAX
    assert verdict(text).failures == ()


def test_a_customer_without_invoices_has_no_story(desk: Desk) -> None:
    with pytest.raises(NoDraft, match="Name c1 has no invoice"):
        drafted(desk.account())


_AMOUNT = st.decimals(Decimal("0.01"), Decimal(99_999), places=2)


@settings(max_examples=60, deadline=None)
@example([(0, Decimal("0.01"), Decimal("0.01"), 0)], "GBP", "null")
@given(
    st.lists(
        st.tuples(st.integers(-40, 700), _AMOUNT, _AMOUNT, st.integers(0, 90)),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from(["GBP", "EUR", "JPY"]),
    st.text(min_size=1, max_size=12),
)
def test_any_draft_can_be_read_and_passes(
    rows: list[tuple[int, Decimal, Decimal, int]], currency: str, group: str
) -> None:
    invoices, payments = [], []
    for count, (overdue, amount, paid, days_ago) in enumerate(rows):
        due_on = TODAY - timedelta(overdue)
        invoices.append(
            Invoice(
                f"i{count}",
                "c",
                f"N{count}",
                "open",
                min(due_on - timedelta(30), TODAY),
                due_on,
                currency,
                Decimal("0.5"),
                amount + paid,
                amount,
            )
        )
        on = TODAY - timedelta(days_ago)
        allocations = (Allocation(f"i{count}", paid, on),)
        payments.append(
            Payment(f"p{count}", "c", "active", on, currency, None, paid, Decimal(0), allocations)
        )
    contact = Contact("c", "C", email="c@x.test", groups=(group,))
    account = Account((contact,), tuple(invoices), tuple(payments))
    if group.strip() and group.isprintable():
        assert verdict(drafted(account)).failures == ()
