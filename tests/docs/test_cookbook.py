"""The cookbook: each of its policies is read, warns of nothing, and does what stands below it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.builders.rulebooks import a_rulebook
from tests.core.conftest import Desk

from arsync.core.actions import ReminderPayload
from arsync.core.ledger.records import (
    Allocation,
    Dispute,
    HeldSince,
    Instalment,
    PaymentPlan,
    PlacedDebt,
    Placement,
    Promise,
    SentStep,
    ShownLevel,
    TaskRecord,
)
from arsync.core.rulebook import rulebook_warnings
from arsync.core.trials.scenario import judge, play, read_scenarios

PAGE = (Path(__file__).parents[2] / "docs" / "cookbook.md").read_text("utf-8")
POLICIES = dict(re.findall(r"^## (.+?)\n\n```yaml\n(.*?)```", PAGE, re.MULTILINE | re.DOTALL))
HEAD = "version: 1\ncurrency: GBP\n"
Case = Callable[[Any], list[tuple[Any, list[str]]]]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def text_of(policy: str) -> str:
    """Return the policy as a rulebook; it may send on every day unless it says when."""
    text: str = HEAD + POLICIES[policy]
    if "sending:" not in text:
        return text + "sending: {days: every day}\n"
    return (
        text if "  days:" in text else text.replace("sending:\n", "sending:\n  days: every day\n")
    )


def debtor(desk: Any, overdue: int, amount: str = "100.00", *more: Any, **values: Any) -> Any:
    """Return an account with one invoice; `contact` and `account` hold values of theirs."""
    contact = desk.contact(**values.pop("contact", {}))
    account = values.pop("account", {})
    invoices = (desk.invoice("i1", overdue, amount, **values), *more)
    return desk.account(*invoices, contacts=(contact,), **account)


def paid(desk: Any, number: int) -> Any:
    day = desk.today - timedelta(60 + number)
    return desk.invoice(f"p{number}", 60 + number, "0", total="100", status="paid", paid_on=day)


def promised(desk: Any, days: int, paid_days_ago: int | None = None) -> Any:
    """Return an invoice that was promised for a day, paid since or not."""
    promise = Promise(("i1",), desk.today + timedelta(days), None, desk.today - timedelta(15))
    account = debtor(desk, 20, account={"promises": (promise,)})
    if paid_days_ago is None:
        return account
    paid_on = desk.today - timedelta(paid_days_ago)
    settled = desk.invoice("i1", 20, "0", total="100", status="paid", paid_on=paid_on)
    return account._replace(invoices=(settled,))


def instalment(desk: Any, state: int) -> Any:
    due = Instalment(desk.today + timedelta(state), Decimal(100))
    plan = PaymentPlan(1, "c1", ("i1",), "GBP", desk.today - timedelta(20), "Jo", (due,))
    return debtor(desk, 29, account={"payment_plans": (plan,)})


def levelled(desk: Any, shown: int) -> Any:
    """Return a customer whose record shows a level, a day after its first reminder."""
    step = SentStep(
        "i1", 1, "Everyone", 7, "first reminder", desk.today - timedelta(1), "yesterday"
    )
    return debtor(
        desk, 8, account={"sent": (step,), "shown_levels": {"c1": ShownLevel(shown, shown)}}
    )


def in_hand(desk: Any, amount: str) -> Any:
    return debtor(desk, 10, account={"credits": (desk.credit(amount, kind="prepayment"),)})


def in_dispute(desk: Any, days: int, **values: Any) -> Any:
    """Return a customer who disputes an invoice for so many days."""
    dispute = Dispute("i1", desk.today - timedelta(days), "quality", **values)
    return debtor(desk, 60, account={"disputes": (dispute,)})


def family(desk: Any) -> Any:
    contacts = (
        desk.contact("head"),
        desk.contact("b1", parent_id="head"),
        desk.contact("b2", parent_id="head"),
    )
    invoices = [desk.invoice(f"i{n}", -5, "3000.00", contact=f"b{n}") for n in (1, 2)]
    return desk.account(*invoices, contacts=contacts)


def reminded(desk: Any, day: int, days_ago: int, **values: Any) -> Any:
    sent = (desk.sent("i1", day, days_ago, "first reminder", cadence="Everyone"),)
    return debtor(desk, days_ago + day, account={"sent": sent}, **values)


def not_called(desk: Any, days: int) -> Any:
    """Return a customer who was to be called so many days ago."""
    since = days + 10
    mail = desk.sent("i1", 3, days + 7, "first reminder", cadence="Everyone")
    call = desk.sent("i1", 10, days, "Ask for a day", cadence="Everyone", moment="")
    task = TaskRecord("k", "c1", "Everyone", (call,), ("i1",), call.on, text=call.step)
    return debtor(desk, since, account={"sent": (mail, call), "tasks": (task,)})


def at_the_end(
    desk: Any, overdue: int, amount: str = "500.00", dispute: Dispute | None = None
) -> Any:
    """Return a customer who had every step."""
    sent = (desk.sent("i1", 30, overdue - 30, "final notice", cadence="Everyone"),)
    disputes = () if dispute is None else (dispute,)
    return debtor(desk, overdue, amount, account={"sent": sent, "disputes": disputes})


def given_back(desk: Any) -> Any:
    debts = (PlacedDebt("i1", Decimal(800), "GBP"),)
    on = desk.today - timedelta(60)
    placement = Placement("k1", "Example Collections", on, debts, desk.today, "returned")
    return debtor(desk, 190, "800.00", account={"placements": (placement,)})


def troublesome(desk: Any, messages: int) -> Any:
    """Return a customer who paid late and was written to so often, a fortnight apart."""
    late = [
        desk.invoice(
            f"p{n}",
            100 + n,
            "0",
            total="100",
            status="paid",
            paid_on=desk.today - timedelta(60 + n),
        )
        for n in range(3)
    ]
    sent = tuple(desk.sent("p0", 1, 14 * n) for n in range(messages))
    return debtor(desk, -5, "100.00", *late, account={"sent": sent})


def less_two(desk: Any, day: int) -> Any:
    """Return a customer who paid 98 of 100 so many days after the invoice's date."""
    on = desk.today - timedelta(40) + timedelta(day)
    payment = desk.payment("98", paid_on=on, allocations=(Allocation("i1", Decimal(98), on),))
    account = {"payments": (payment,)}
    return debtor(desk, 10, "2.00", total=Decimal(100), account=account)


def held_so_for(desk: Any, days: int) -> Any:
    """Return a customer whose one lasting condition was first seen to hold so many days ago."""
    (rule,) = a_rulebook(text_of("Over the limit for more than a week")).credit_holds
    (span,) = rule.when.spans
    since = HeldSince(desk.today - timedelta(days))
    known = {
        "held_since": {(span.identity, "c1"): since},
        "watched": frozenset({span.identity}),
    }
    return debtor(desk, -9, "6000.00", account=known)


PUBLIC, KEY = {"groups": ("Public sector",)}, {"groups": ("Key accounts",)}
GARDEN, VIP = {"groups": ("Garden centres",)}, {"groups": ("VIP",)}
OLD, NEW = {"created_on": date(2024, 1, 1)}, {"created_on": date(2026, 11, 1)}
FIRST = ["reminder first reminder"]

CASES: dict[str, Case] = {
    "VIPs are never chased": lambda d: [(debtor(d, 40, contact=VIP), [])],
    "The public sector pays late, but pays": lambda d: [
        (debtor(d, 20, contact=PUBLIC), []),
        (debtor(d, 30, contact=PUBLIC), FIRST),
        (debtor(d, 1), FIRST),
    ],
    "Promises to pay": lambda d: [
        (promised(d, 2), ["task Ask whether the promised money is on its way"]),
        (promised(d, 3), []),
        (promised(d, -2), ["task Ask whether the promised money is on its way"]),
        (promised(d, -8), ["reminder promise broken"]),
        (promised(d, -8, paid_days_ago=8), []),
    ],
    "Agreed instalments": lambda d: [
        (instalment(d, 3), []),
        (instalment(d, -3), []),
        (instalment(d, -6), [*FIRST, "task Call about the payment plan"]),
    ],
    "Seasonal trade": lambda d: [
        (debtor(d, 80, contact=GARDEN), []),
        (debtor(d, 95, contact=GARDEN), FIRST),
        (debtor(d, 1), FIRST),
    ],
    "Small balances are not worth chasing": lambda d: [
        (debtor(d, 5, "9.99"), []),
        (debtor(d, 5, "10.00"), FIRST),
    ],
    "Key accounts get a call, not a letter": lambda d: [
        (debtor(d, 7, contact=KEY), ["task Call the account manager"]),
        (debtor(d, 7), FIRST),
    ],
    "Each collector has a list of calls": lambda d: [
        (reminded(d, 3, 6), []),
        (reminded(d, 3, 7), ["task Ask for a day"]),
        (not_called(d, 5), []),
        (not_called(d, 6), ["task Ask why nobody called"]),
    ],
    "A call first, the letter only when it was made": lambda d: [
        (debtor(d, 3, "1000.00"), ["task Ask for a day of payment"]),
        (debtor(d, 5, "999.00", d.invoice("i2", -9)), FIRST),
        (debtor(d, 5, "100.00"), FIRST),
    ],
    "Intercompany": lambda d: [(debtor(d, 40, contact={"id": "x"}), [])],
    "New customers start small": lambda d: [
        (debtor(d, -5, "2000.00", issued_on=d.today, contact=NEW), ["credit_hold"]),
        (debtor(d, -5, "2000.00", contact=OLD), []),
    ],
    "Cash on delivery after a hold": lambda d: [
        (debtor(d, 59), []),
        (debtor(d, 60), ["credit_hold", "terms"]),
    ],
    "No more credit than the insurer covers": lambda d: [
        (debtor(d, -5, "6000.00", contact={"name": "Ridgeway Ltd"}), ["credit_hold (approval)"]),
        (debtor(d, -5, "5000.00", contact={"name": "Ridgeway Ltd"}), []),
    ],
    "Good payers are reminded later": lambda d: [
        (debtor(d, 9, "100.00", *(paid(d, n) for n in range(5))), []),
        (debtor(d, 10, "100.00", *(paid(d, n) for n in range(5))), FIRST),
        (debtor(d, 1), FIRST),
    ],
    "Old disputes": lambda d: [
        (in_dispute(d, 29), []),
        (in_dispute(d, 30), ["task Settle the dispute"]),
        (in_dispute(d, 30, amount=Decimal(40)), ["task first", "task Settle the dispute"]),
    ],
    "Under query: only the rest is chased": lambda d: [
        (in_dispute(d, 3), []),
        (in_dispute(d, 3, amount=Decimal(40)), FIRST),
        (debtor(d, 60), FIRST),
    ],
    "Somebody answers each dispute": lambda d: [
        (in_dispute(d, 3), ["task Answer the dispute"]),
        (in_dispute(d, 60), ["task Nobody answered"]),
        (in_dispute(d, 60, settled_on=d.today), FIRST),
    ],
    "Customers abroad get more time": lambda d: [
        (debtor(d, 9, contact={"country": "FR"}), []),
        (debtor(d, 10, contact={"country": "FR"}), FIRST),
        (debtor(d, 1, contact={"country": "GB"}), FIRST),
        (debtor(d, 1), FIRST),
    ],
    "Head office and branches": lambda d: [(family(d), ["credit_hold"])],
    "A courtesy before the due date": lambda d: [
        (debtor(d, -3, "5000.00"), ["reminder upcoming"]),
        (debtor(d, -3, "4999.99"), []),
    ],
    "The final notice goes by letter": lambda d: [
        (reminded(d, 1, 28), []),
        (reminded(d, 1, 29), ["letter final notice (approval)"]),
    ],
    "Late fees": lambda d: [(reminded(d, 1, 29), ["late_fee (approval)"])],
    "A discount for prompt payment": lambda d: [
        (less_two(d, 10), ["credit_note (approval)"]),
        (less_two(d, 11), FIRST),
    ],
    "No email address": lambda d: [
        (debtor(d, 1, contact={"email": ""}), ["task"]),
        (debtor(d, 1), FIRST),
    ],
    "With the solicitor": lambda d: [(debtor(d, 90, contact={"name": "City Agency"}), [])],
    "Over the limit for more than a week": lambda d: [
        (held_so_for(d, 6), []),
        (held_so_for(d, 7), ["credit_hold"]),
    ],
    "Nothing to one customer until a day": lambda d: [
        (debtor(d, 10, contact={"name": "City Agency"}), []),
        (debtor(d, 10), FIRST),
    ],
    "A higher limit for the season": lambda d: [
        (debtor(d, -9, "40000.00", contact={"name": "Garden World"}), []),
        (debtor(d, -9, "41000.00", contact={"name": "Garden World"}), ["credit_hold"]),
    ],
    "Money that nobody matched yet": lambda d: [
        (in_hand(d, "100"), ["task Match the money"]),
        (in_hand(d, "60"), ["reminder first reminder", "task Match the money"]),
        (debtor(d, 10), FIRST),
    ],
    "Deposits are kept for later work": lambda d: [(in_hand(d, "5000"), FIRST)],
    "Everybody sees how far the reminders have come": lambda d: [
        (levelled(d, 0), ["reminder_level 1: first reminder"]),
        (levelled(d, 1), []),
        (levelled(d, 2), ["reminder_level 1: first reminder"]),
    ],
    "To the agency, never disputed": lambda d: [
        (at_the_end(d, 90), ["placement with Example Collections (approval)"]),
        (at_the_end(d, 89), []),
        (at_the_end(d, 90, "499.99"), []),
        (at_the_end(d, 90, dispute=Dispute("i1", d.today, "price")), []),
        (at_the_end(d, 90, dispute=Dispute("i1", d.today, "price", amount=Decimal(9))), []),
    ],
    "Not worth chasing any more": lambda d: [
        (debtor(d, 180, "19.99"), ["task Decide whether to write off I1"]),
        (debtor(d, 180, "20.00"), []),
        (given_back(d), ["task Decide whether to write off I1"]),
    ],
    "Before a debt is registered": lambda d: [
        (reminded(d, 1, 44), ["letter registration warning (approval)"]),
    ],
    "A customer to part with": lambda d: [
        (troublesome(d, 12), ["task Decide whether to go on selling"]),
        (troublesome(d, 11), []),
    ],
    "A director approves large sums": lambda d: [
        (reminded(d, 14, 16, amount="5000.00"), ["reminder final notice"]),
        (reminded(d, 14, 16, amount="5000.01"), ["reminder final notice (approval)"]),
        (reminded(d, 14, 46, amount="10.00"), ["credit_hold (approval)", "reminder final notice"]),
    ],
    "The sales rep reads the final notice": lambda d: [
        (
            reminded(d, 14, 16, contact={"groups": ("North",)}),
            ["reminder final notice, copy_to jo@example.com"],
        ),
        (reminded(d, 14, 16), ["reminder final notice"]),
    ],
    "Each office writes in its own name": lambda d: [
        (
            debtor(d, 14, contact={"groups": ("Berlin",)}),
            [
                (
                    "reminder first reminder, cc credit@example.com,"
                    " from Berlin accounts <berlin@example.com>, with invoice"
                )
            ],
        ),
        (
            debtor(d, 14, "50000.00"),
            [
                (
                    "reminder first reminder, cc credit@example.com, fd@example.com,"
                    " from Head office <accounts@example.com>, with invoice"
                )
            ],
        ),
    ],
    "The old debts of a new client": lambda d: [
        (debtor(d, 30), ["reminder second reminder"]),
        (debtor(d, 300), ["reminder final notice (approval)"]),
        (debtor(d, 30, account={"taken_over_on": d.today - timedelta(40)}), FIRST),
    ],
    "A statement on the first of the month": lambda d: [
        # The 20th: the statement of the 2nd left long ago, or belongs to nobody.
        (debtor(d, -5, account={"taken_over_on": d.today - timedelta(40)}), []),
    ],
    "Chase by statement, not by invoice": lambda d: [(debtor(d, 7), FIRST)],
    "Thank who pays large sums in time": lambda d: [
        (settled(d, "1000.00"), ["account_letter thank you"]),
        (settled(d, "999.00"), []),
        (settled(d, "1000.00", late=1), []),
    ],
    "Terms with the first invoice, a question after it": lambda d: [
        (issued(d, 0), ["account_letter terms of trade"]),
        (issued(d, 12), ["account_letter satisfaction check"]),
        (issued(d, 14), []),
    ],
    "Customers are told of a hold, and before an agency": lambda d: [
        (debtor(d, 59), []),
        (debtor(d, 60), ["credit_hold"]),
        (debtor(d, 90), ["credit_hold", "account_letter hand over announced"]),
    ],
    "A pause in December": lambda d: [(reminded(d, 7, 13), []), (debtor(d, 7), FIRST)],
}


def settled(desk: Any, amount: str, late: int = 0) -> Any:
    """Return who paid an invoice yesterday, so many days late."""
    yesterday = desk.today - timedelta(1)
    paid = {"status": "paid", "amount_due": Decimal(0), "paid_on": yesterday}
    account = {"payments": (desk.payment(amount, 1),), "taken_over_on": yesterday}
    return debtor(desk, late + 1, amount, total=Decimal(amount), **paid, account=account)


def issued(desk: Any, days_ago: int) -> Any:
    """Return who got its first invoice so many days ago."""
    began = {"taken_over_on": desk.today - timedelta(60)}
    issued_on = desk.today - timedelta(days_ago)
    return debtor(desk, -30, "600.00", issued_on=issued_on, account=began)


def named(contact: Any, policy: str) -> Any:
    """Return the case's account; the intercompany one is called as in the page."""
    first, *children = contact.contacts
    if policy == "Intercompany":
        first = first._replace(name="Acme Ireland Ltd")
    return contact._replace(contacts=(first, *children))


def envelope_in_words(payload: ReminderPayload) -> str:
    bears = {
        "cc": payload.cc,
        "copy_to": payload.copy_to,
        "from": payload.sender,
        "with": ", ".join(payload.attach),
    }
    return "".join(f", {word} {value}" for word, value in bears.items() if value)


def in_words(action: Any) -> str:
    words = [action.kind.value, action.step or action.payload.title]
    sentence = " ".join(word for word in words if word)
    if isinstance(action.payload, ReminderPayload):
        sentence += envelope_in_words(action.payload)
    return f"{sentence} (approval)" if action.needs_approval else sentence


def test_there_are_twenty_policies_and_each_has_a_case() -> None:
    assert len(POLICIES) >= 20
    assert set(CASES) == set(POLICIES)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_policy_is_read_and_warns_of_nothing(policy: str) -> None:
    rulebook = a_rulebook(HEAD + POLICIES[policy], "cookbook.yaml")
    assert rulebook_warnings(rulebook) == []


@pytest.mark.parametrize("policy", POLICIES)
def test_a_policy_does_what_stands_below_it(desk: Any, policy: str) -> None:
    for account, expected in CASES[policy](desk):
        plan = desk.plan(text_of(policy), named(account, policy))
        done = [in_words(action) for action in plan.actions]
        assert len(done) == len(expected), (done, plan.held_back)
        for action, promised in zip(done, expected, strict=True):
            assert action.startswith(promised.removesuffix(" (approval)"))
            assert action.endswith("(approval)") is promised.endswith("(approval)")


def test_the_amounts_of_the_page_are_exact() -> None:
    rulebook = a_rulebook(HEAD + POLICIES["New customers start small"], "r.yaml")
    assert [credit_limit.amount for credit_limit in rulebook.credit_limits] == [
        Decimal(1000),
        Decimal(10000),
    ]


CALLED = """scenarios:
  - name: Nobody calls, then somebody does, and the money comes
    invoices:
      - {number: INV-1, due: 2026-06-03, amount: 1000}
      - {number: INV-2, due: 2026-06-03, amount: 1000}
    events:
      day 12: payment for INV-2
      day 18: call done
      day 35: payment for INV-1
    until: day 60
    expect:
      day 3: email first reminder for INV-1 and INV-2
      day 10: task Ask for a day for INV-1 and INV-2
      day 16: task Ask why nobody called
      day 28: email final notice for INV-1
"""


def test_a_call_that_nobody_made_is_played() -> None:
    read, problems = read_scenarios("s.yaml", CALLED)
    assert read is not None, problems
    rulebook = a_rulebook(text_of("Each collector has a list of calls"))

    result = judge(play(read.scenarios[0], rulebook, holidays=lambda _: None))

    assert result.failures == ()


INSTALMENTS = """scenarios:
  - name: Two instalments come, the third does not
    invoices:
      - {number: INV-1, due: 2026-06-03, amount: 1000}
    events:
      day 10: payment plan for INV-1, 3 instalments every month from 2026-07-01
      2026-07-01: payment 333.33 for INV-1
      2026-08-05: payment 333.33
      2026-09-30: payment 333.34 for INV-1
    until: 2026-10-15
    expect:
      day 1: email first reminder for INV-1
      2026-08-05: nothing
      2026-09-01: {facts: {payment_plan: kept}}
      2026-09-04: {facts: {payment_plan: late}}
      2026-09-05:
        - email second reminder for INV-1
        - task Call about the payment plan for INV-1
      2026-10-01: {facts: {payment_plan: completed}}
"""


def test_agreed_instalments_are_played_to_their_end() -> None:
    read, problems = read_scenarios("s.yaml", INSTALMENTS)
    assert read is not None, problems
    rulebook = a_rulebook(text_of("Agreed instalments"))

    result = judge(play(read.scenarios[0], rulebook, holidays=lambda _: None))

    assert result.failures == ()


REGISTERED = """scenarios:
  - name: Warned, then registered
    invoices:
      - {number: INV-1, due: 2026-06-03, amount: 1000}
      - {number: INV-2, due: 2026-06-03, amount: 700}
    approvals: by hand
    events:
      day 45: approve letter registration warning for INV-1
      day 46: dispute INV-2 because of a wrong price
      day 61: approve task Register the debt with the credit bureau
    until: day 70
    expect:
      day 61:
        - task Register the debt with the credit bureau for INV-1
    never:
      - task Register the debt with the credit bureau for INV-2
    unlisted: allowed
"""
CALL_FIRST = """scenarios:
  - name: the letters wait for the calls
    invoices:
      - {number: INV-1, due: 2026-01-01, amount: 1500}
      - {number: INV-2, due: 2026-01-01, amount: 200}
    events:
      day 12: call done Ask for a day of payment
      day 90: call done Agree how it is to be paid
      day 100: payment 1700
    until: day 200
    expect:
      day 3: call Ask for a day of payment for INV-1
      day 5: email first reminder for INV-2
      day 14: email first reminder for INV-1
      day 19: email second reminder for INV-2
      day 28: email second reminder for INV-1
      day 33: email second reminder for INV-2
      day 42: email second reminder for INV-1
      day 43: call Agree how it is to be paid for INV-2
      day 52: call Agree how it is to be paid for INV-1
      day 95: letter final notice for INV-1 and INV-2
"""

PLACED = """scenarios:
  - name: To the agency and back
    invoices:
      - {number: INV-1, due: 2026-06-03, amount: 1000}
      - {number: INV-2, due: 2026-06-03, amount: 600}
      - {number: INV-3, due: 2026-09-10, amount: 600}
    events:
      day 40: dispute INV-2 because of a wrong price
      day 140: recalled INV-1
      day 150: payment for INV-1
    until: day 160
    expect:
      day 1: email first reminder for INV-1 and INV-2
      day 30: email final notice for INV-1 and INV-2
      day 90: placed with Example Collections for INV-1
      day 91: {facts: {placed: placed}}
      day 100: email first reminder for INV-3
      day 129: email final notice for INV-3
    never:
      - placed with Example Collections for INV-2
"""


@pytest.mark.parametrize(
    ("policy", "story"),
    [
        ("A call first, the letter only when it was made", CALL_FIRST),
        ("To the agency, never disputed", PLACED),
        ("Before a debt is registered", REGISTERED),
    ],
)
def test_a_policy_is_played_to_its_end(policy: str, story: str) -> None:
    read, problems = read_scenarios("s.yaml", story)
    assert read is not None, problems
    result = judge(play(read.scenarios[0], a_rulebook(text_of(policy)), holidays=lambda _: None))
    assert result.failures == ()
