"""Days on which nothing can have changed are not planned, and nothing is lost by it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.builders.printed import simulation_view
from tests.builders.records import a_contact, a_debtor, an_invoice
from tests.builders.rulebooks import a_rulebook

import arsync_rulebooks
from arsync.core.ledger.as_of import Past, as_it_stood
from arsync.core.ledger.business_days import IsHoliday
from arsync.core.ledger.ledger_due import due_in_the_past
from arsync.core.ledger.records import (
    Account,
    Allocation,
    Contact,
    Credit,
    Dispute,
    Instalment,
    Invoice,
    Organisation,
    Payment,
    PaymentPlan,
    Promise,
    SentStep,
    StandingHold,
)
from arsync.core.rulebook import Rulebook, read_rulebook
from arsync.core.rulebook.facts import FIELDS, FactKind
from arsync.core.trials.backtest import Backtests, backtest, line_view
from arsync.core.trials.simulation import Debtors, ledger_due_ahead, simulate
from arsync.core.trials.trial import Trial
from arsync.rules_source.folder import shipped

TODAY = date(2026, 11, 20)
FIRST = TODAY - timedelta(120)
OFFERS = frozenset(
    {
        "credit hold",
        "payment terms",
        "taking payment terms off",
        "email by the accounting system",
        "attachment",
        "late fee",
        "contact groups",
    }
)
DAY = timedelta(1)
HOLIDAYS = {date(2026, 8, 31), date(2026, 10, 5)}
HOLIDAYS_IN: dict[str, IsHoliday] = {
    "": HOLIDAYS.__contains__,
    "GB-ENG": HOLIDAYS.__contains__,
    "DE": {date(2026, 10, 2), date(2026, 10, 6), date(2026, 10, 7)}.__contains__,
}


def the_trial() -> Trial:
    organisation = Organisation("o1", "Acme", "GBP", time_zone="Pacific/Auckland")
    return Trial("acme", organisation, OFFERS, HOLIDAYS_IN.get)


def moment(day: date) -> datetime:
    return datetime.combine(day, time(12), tzinfo=UTC)


def ago(dice: random.Random, most: int, least: int = 0) -> date:
    return TODAY - timedelta(dice.randint(least, most))


def random_invoice(dice: random.Random, number: int) -> tuple[Invoice, list[Payment]]:
    """Make an invoice with its payments: open, part paid, paid, voided or a draft."""
    due_on = TODAY - timedelta(dice.randint(-60, 300))
    issued_on = due_on - timedelta(dice.choice([0, 14, 30]))
    total = Decimal(dice.choice([5, 80, 400, 1500]))
    fate = dice.choice(["open", "open", "part", "paid", "paid", "paid", "voided", "draft"])
    status, amount_due, paid_on = "open", total, None
    payments = []
    if fate in {"part", "paid"}:
        paid_on = due_on + timedelta(dice.randint(-5, 90))
        paid_on = min(max(paid_on, issued_on), TODAY)
        amount = total if fate == "paid" else total / 2
        allocation = Allocation(f"i{number}", amount, paid_on)
        received = paid_on - timedelta(dice.choice([0, 0, 6]))
        payments = [
            Payment(
                f"p{number}",
                "c1",
                "active",
                received,
                "GBP",
                Decimal(1),
                amount,
                Decimal(0),
                (allocation,),
            )
        ]
        amount_due = total - amount
        status, paid_on = ("paid", paid_on) if not amount_due else ("open", None)
    if fate in {"voided", "draft"}:
        status, amount_due = fate, Decimal(0)
    if dice.random() < 0.15:  # money that came and was taken back
        came = due_on + timedelta(dice.randint(0, 30))
        allocation = Allocation(f"i{number}", total, came)
        payments.append(
            Payment(
                f"r{number}",
                "c1",
                dice.choice(["voided", "deleted"]),
                came,
                "GBP",
                Decimal(1),
                total,
                Decimal(0),
                (allocation,),
                updated_at=moment(ago(dice, 100)),
            )
        )
    contact = dice.choice(["c1", "c1", "c2", "c3"])
    rated = [("GBP", Decimal(1))] * 20 + [("EUR", Decimal("0.85"))] * 3
    currency, rate = dice.choice([*rated, ("USD", None)])
    invoice = Invoice(
        f"i{number}",
        contact,
        f"I{number}",
        status,
        issued_on,
        due_on,
        currency,
        rate,
        total,
        amount_due,
        sent=dice.choice([None, True, False]),
        paid_on=paid_on,
        expected_on=dice.choice([None, TODAY + timedelta(9)]),
        updated_at=moment(ago(dice, 150)),
    )
    return invoice, payments


def random_plans(dice: random.Random, invoices: Sequence[Invoice]) -> tuple[PaymentPlan, ...]:
    """Make a payment plan on one invoice or on two, kept for a while or never."""
    if not invoices or dice.random() < 0.6:
        return ()
    made_on = ago(dice, 140)
    days = [made_on + timedelta(dice.choice([3, 10]) + 14 * number) for number in range(3)]
    return (
        PaymentPlan(
            1,
            "c1",
            tuple(invoice.id for invoice in invoices[:2]),
            invoices[0].currency,
            made_on,
            "Jo",
            tuple(Instalment(day, Decimal(dice.choice([20, 200]))) for day in sorted(set(days))),
            cancelled_on=dice.choice([None, None, made_on + timedelta(30)]),
            is_confirmed=dice.random() < 0.5,
        ),
    )


def random_account(dice: random.Random) -> Account:
    with_payments = [random_invoice(dice, number) for number in range(dice.randint(1, 7))]
    invoices = tuple(invoice for invoice, _ in with_payments)
    notes: tuple[Credit, ...] = ()
    if dice.random() < 0.4:
        issued = ago(dice, 150)
        allocation = Allocation(invoices[0].id, Decimal(20), min(TODAY, issued + timedelta(40)))
        notes = (
            Credit(
                "n1",
                "c1",
                dice.choice(["credit note", "prepayment"]),
                "N1",
                dice.choice(["open", "open", "voided"]),
                issued,
                "GBP",
                Decimal(1),
                Decimal(90),
                Decimal(70),
                (allocation,),
                updated_at=moment(ago(dice, 60)),
            ),
        )
    promises = tuple(
        Promise(
            (invoice.id,),
            made_on + timedelta(dice.randint(1, 30)),
            dice.choice([None, Decimal(50)]),
            made_on,
        )
        for invoice in invoices
        if dice.random() < 0.3
        for made_on in [ago(dice, 140)]
    )
    disputes = tuple(
        Dispute(
            invoice.id,
            opened,
            "wrong price",
            dice.choice([None, opened + timedelta(21)]),
            amount=dice.choice([None, Decimal(3), Decimal(120)]),
            owner="Jo",
            number=number,
        )
        for number, invoice in enumerate(invoices)
        if dice.random() < 0.2
        for opened in [ago(dice, 140)]
    )
    sent = tuple(
        SentStep(invoice.id, 1, "Standard", 1, "first reminder", on, f"c1 {on}")
        for invoice in invoices
        if dice.random() < 0.3
        for on in [ago(dice, 200, 100)]
    )
    contacts: tuple[Contact, ...] = (
        Contact(
            "c1",
            "One",
            email="a@example.com",
            created_on=ago(dice, 200),
            country=dice.choice(["", "GB", "DE"]),
        ),
    )
    if dice.random() < 0.5:
        contacts += (
            Contact(
                "c2",
                "Two",
                email=dice.choice(["", "b@example.com"]),
                parent_id="c1",
                bill_to_parent=dice.choice([True, False]),
                country="DE",
            ),
        )
    if dice.random() < 0.3:
        contacts += (
            Contact(
                "c3",
                "Three",
                email="c@example.com",
                parent_id="c1",
                status=dice.choice(["active", "archived"]),
            ),
        )
    hold = left_over = None
    if dice.random() < 0.3:
        hold = StandingHold(dice.choice(["c1", "c2"]), ago(dice, 200), 1, dice.random() < 0.5)
    elif dice.random() < 0.2:
        left_over = StandingHold("c1", ago(dice, 200, 150), 1, terms_changed=True)
    own = {contact.id for contact in contacts}
    kept = tuple(invoice for invoice in invoices if invoice.contact_id in own)
    return Account(
        contacts,
        kept,
        tuple(p for _, ps in with_payments for p in ps),
        notes,
        promises,
        disputes,
        sent,
        hold=hold,
        terms_left=left_over,
        last_hold_episode=1 if hold or left_over else 0,
        episodes={"i0": 2} if dice.random() < 0.2 else {},
        first_seen={invoice.id: ago(dice, 120) for invoice in kept if dice.random() < 0.3},
        taken_over_on=dice.choice([None, ago(dice, 300)]),
        payment_plans=random_plans(dice, kept),
        doubts=("a payment cannot be read",) if dice.random() < 0.05 else (),
        fees=frozenset({"i1"}) if dice.random() < 0.3 else frozenset(),
    )


def random_condition(dice: random.Random, scopes: tuple[str, ...]) -> str:
    fields = [field for field in FIELDS if field.of in scopes and field.kind is not FactKind.GROUP]
    field = dice.choice(fields)
    word = dice.choice(["more_than", "at_least", "less_than", "at_most", "exactly"])
    if field.kind is FactKind.YES_NO:
        return f"{field.name}: {dice.choice(['yes', 'no'])}"
    if field.kind in {FactKind.AMOUNT, FactKind.PERCENT, FactKind.DAYS, FactKind.COUNT}:
        if "contact" in scopes and dice.random() < 0.2:
            others = {
                FactKind.DAYS: ["average_days_late", "oldest_days_overdue", "highest_step_sent"],
                FactKind.AMOUNT: ["overdue_amount", "sales_last_365_days", "agreed_limit"],
            }
            if field.kind in others:
                return f"{field.name}: {{{word}: {dice.choice(others[field.kind])}}}"
        return f"{field.name}: {{{word}: {dice.choice([0, 1, 3, 10, 30, 45, 100])}}}"
    if field.choices:
        return f"{field.name}: {dice.choice(field.choices)}"
    return f"{field.name}: known"


def random_rulebook(dice: random.Random) -> Rulebook | None:
    """Make a rulebook of random conditions; None when the reader refuses one of them."""

    def contact() -> str:
        return random_condition(dice, ("contact",))

    def lasting() -> str:
        days = dice.choice([0, 0, 1, 3, 7, 20])
        return f"\n      for: {days} days" if days else ""

    announce, chase = dice.choice([1, 5]), dice.choice([1, 4])
    text = f"""version: 1
currency: GBP
payment_plans:
  grace: {dice.choice(["none", "3 business days", "10 days"])}
  announce: {announce} day{"s" if announce > 1 else ""} before
  chase: {chase} day{"s" if chase > 1 else ""} after
disputes:
  answer_within: {dice.choice(["5 business days", "12 days"])}
  escalate_to: {dice.choice(["Ann", "Ben"])}
customers:
  - contact: One
    limits:
      - {{amount: 900, until: {TODAY - timedelta(dice.randint(0, 60))}}}
      - {{amount: {dice.choice([300, 2000])}}}
    pause_until: {TODAY - timedelta(dice.randint(60, 120))}
    review_on: {TODAY - timedelta(dice.randint(-40, 100))}
leave_alone:
  - name: Rarely
    when:
      {contact()}
      any:
        - {contact()}
        - days_on_hold: {{more_than: 12}}
credit_limits:
  - name: Agreed
    limit: agreed_limit
credit_holds:
  - name: One
    when:
      {contact()}{lasting()}
    terms: cash on delivery
  - name: Two
    when:
      any:
        - {contact()}
        - over_limit_percent: {{more_than: 10}}
    unless: {{{contact()}}}
reminders:
  - name: Promises
    when: {{promise_to_pay: broken}}
    counted_from: broken promise
    steps:
      - {{day: {dice.choice([0, 2])}, email: promise broken}}
      - {{after: 5 days, call: Agree a plan}}
  - name: First
    when: {{{contact()}}}
    counted_from: {dice.choice(["due date", "issue date", "end of month"])}
    steps:
{random_steps(dice)}
  - name: Standard
    skip_invoices_when:
      {random_condition(dice, ("invoice", "contact"))}{lasting()}
    steps:
      - {{day: -3, email: upcoming}}
      - {{day: 1, email: first reminder}}
      - {{day: 14, email: second reminder}}
      - {{day: 30, email: final notice, approval: required}}
follow_ups:
  - name: Broken
    when: {{promise_to_pay: broken}}
    task: Call
  - name: Any
    when:
      {random_condition(dice, ("invoice",))}{lasting()}
    task: Look
  - name: Contact
    when:
      {contact()}
      days_until_review: {{at_most: 14}}
    task: Review
sending: {{days: {dice.choice(["business days", "every day"])}, days_between_emails: {dice.choice([0, 1, 5])}, via: {dice.choice(["smtp", "accounting system"])}{days_off(dice)}{message_cap(dice)}}}
take_over: {dice.choice(TAKE_OVER)}
"""  # noqa: E501
    text += random_law(dice) + random_ends(dice) + random_letters(dice)
    text += random_charges(dice)
    rulebook, _ = read_rulebook([("rules/random.yaml", text)])
    return rulebook


TAKE_OVER = [
    "first step",
    "spread over 9 days",
    "by hand",
    "by age",
    "from step final notice",
]

KINDS = (
    "email: first reminder",
    "email: final notice",
    "task: Call",
    "call: Ring",
    "letter: final notice",
    "late_fee: 12",
)


def random_steps(dice: random.Random) -> str:
    """Write steps with days of their own, conditions, repeats and steps that follow others."""
    lines = []
    for day in sorted(dice.sample([-7, -3, 0, 1, 5, 14, 30, 45], 4)):
        line = f"day: {day}, {dice.choice(KINDS)}"
        if dice.random() < 0.3:
            condition = random_condition(dice, ("invoice", "contact"))
            line += f", when: {{{condition}}}"
        if dice.random() < 0.2 and ("task" in line or "call" in line):
            line += ", then: wait until done"
        lines.append(line)
    if dice.random() < 0.4:
        lines.append(f"after: 9 days, {dice.choice(KINDS)}")
    if dice.random() < 0.4:
        lines[-1] += ", every: 6 days, at_most: 3"
    return "".join(f"      - {{{line}}}\n" for line in lines)


def days_off(dice: random.Random) -> str:
    """Write days off of one's own, or none."""
    if dice.random() < 0.6:
        return ""
    first = FIRST + timedelta(dice.randint(0, 90))
    return f", closed: [{first} to {first + timedelta(dice.choice([0, 12, 100]))}]"


def message_cap(dice: random.Random) -> str:
    """Write how many messages one customer gets at most, or nothing."""
    if dice.random() < 0.5:
        return ""
    cap = f"{{messages: {dice.choice([1, 2, 4])}, in: {dice.choice([7, 30, 90])} days}}"
    return f", at_most: {cap}, platform_emails_per_moment: {dice.choice([1, 3])}"


def random_ends(dice: random.Random) -> str:
    """Write how debts end, or nothing."""
    if dice.random() < 0.5:
        return ""
    age, condition = dice.choice([1, 20, 60]), random_condition(dice, ("invoice", "contact"))
    last = dice.choice(["steps_left: no", "placed: none", random_condition(dice, ("invoice",))])
    return f"""placements:
  - {{name: Gone, when: {{days_overdue: {{at_least: {age}}}, {last}}}, to: Example Collections}}
write_offs:
  - name: Forget
    when: {{{condition}}}
"""


def random_letters(dice: random.Random) -> str:
    """Write statements and announcements, or none."""
    if dice.random() < 0.4:
        return ""
    day = dice.choice(["1st business day", "last business day", "15", "monday every 2 weeks"])
    kind = dice.choice(["open items", "activity"])
    when = random_condition(dice, ("contact",))
    text = f"""statements:
  - {{name: Rarely, when: {{{when}}}, on: {day}, kind: {kind}}}
  - {{name: Weekly, on: friday, via: {dice.choice(["smtp", "post"])}}}
announcements:
  credit_holds: {dice.choice(["placed", "placed and lifted"])}
"""
    if dice.random() < 0.5:
        text += f"  placements: {dice.choice([2, 5, 20])} days before\n"
    if dice.random() < 0.5:
        text += random_courtesies(dice)
    return text


def random_courtesies(dice: random.Random) -> str:
    """Write thanks, and questions some days after an issue."""

    def also() -> str:
        condition = random_condition(dice, ("invoice", "contact"))
        return f"\n      {condition}" if dice.random() < 0.6 else ""

    def quiet() -> str:
        return dice.choice(["[overdue, disputed, held]", "[overdue, disputed]", "[held]"])

    return f"""thank_you:
  when:
      days_late: {{at_most: {dice.choice([0, 3, 60])}}}{also()}
  email: thank you
  even_if: {quiet()}
after_issue:
  - days: {dice.choice([0, 2, 9])}
    email: satisfaction check
    even_if: {quiet()}
    when:
      total: {{at_least: 10}}{also()}
  - {{days: 1, email: terms of trade, once_per: customer, even_if: {quiet()}}}
"""


def random_charges(dice: random.Random) -> str:
    """Write what late payment costs, or nothing."""
    if dice.random() < 0.6:
        return ""
    interest = dice.choice(["1.5% a month", "statutory"])
    condition = random_condition(dice, ("invoice", "contact"))
    return f"""charges:
  - name: Late
    interest: {interest}
    after: {dice.choice([0, 10, 40])} days
    bill: monthly
    as: draft
    when: {{{condition}}}
"""


def random_law(dice: random.Random) -> str:
    """Make a table of half-years, one of which may be missing."""
    starts = ["2025-07-01", "2026-01-01", "2026-07-01", "2027-01-01"]
    if dice.random() < 0.3:
        starts.remove(dice.choice(starts))
    rates = "".join(
        f"    - {{from: {start}, rate: {dice.choice([0, 2.15, 40])}, source: a page}}\n"
        for start in starts
    )
    return f"""statutory:
  law: A law
  source: a page
  currency: GBP
  points_above_reference: 8
  rate_counts: {dice.choice(["when it became late", "each half-year"])}
  rates:
{rates}  compensation:
    - {{debts_from: 0, amount: 40}}
    - {{debts_from: 1000, amount: 70}}
"""


def courteous_rulebook(dice: random.Random) -> Rulebook | None:
    """Make a rulebook that says little but thanks, questions, announcements and bills."""
    text = f"""version: 1
currency: GBP
credit_holds:
  - name: Late
    when: {{oldest_days_overdue: {{at_least: {dice.choice([5, 30])}}}}}
reminders:
  - name: Standard
    steps: [{{day: {dice.choice([1, 9])}, email: first reminder}}]
placements:
  - name: Gone
    when: {{net_amount_due: {{at_least: 100}}}}
    to: Example Collections
announcements:
  placements: {dice.choice([2, 5, 20])} days before
sending: {{days: {dice.choice(["business days", "every day"])}, via: smtp{days_off(dice)}{message_cap(dice)}}}
"""  # noqa: E501
    text += random_law(dice) + random_courtesies(dice) + random_charges(dice)
    rulebook, _ = read_rulebook([("rules/random.yaml", text)])
    return rulebook


def a_payer(dice: random.Random) -> Account:
    """Make a customer who has paid all or nearly all of it."""
    account = random_account(dice)
    owed = [invoice for invoice in account.invoices if invoice.status == "open"]
    gone = {invoice.id for invoice in owed[dice.choice([0, 0, 1]) :]}
    kept = tuple(invoice for invoice in account.invoices if invoice.id not in gone)
    return account._replace(invoices=kept, doubts=(), hold=None, taken_over_on=None)


def random_pack(dice: random.Random) -> Rulebook:
    """Make a shipped pack with what a user adds to it."""
    pack = dice.choice([name for name in arsync_rulebooks.names() if "-" in name])
    text = f"""version: 1
extends: {pack}
follow_ups:
  - name: Worth claiming soon
    when:
      statutory_interest: {{at_least: {dice.choice([1, 5, 20])}}}
      {random_condition(dice, ("contact",))}
    task: Look
sending: {{days_between_emails: {dice.choice([0, 2, 7])}, by_customers_country: [holidays]}}
take_over: {dice.choice(TAKE_OVER)}
"""
    rulebook, _ = read_rulebook([("rules/own.yaml", text)], find=shipped)
    if rulebook is None:
        return random_pack(dice)
    return rulebook


def some_rulebook(dice: random.Random) -> Rulebook | None:
    return random_pack(dice) if dice.random() < 0.3 else random_rulebook(dice)


def share_rulebook(dice: random.Random) -> Rulebook:
    """Make a rulebook whose rules ask for a customer's share of all that is due."""

    def share() -> str:
        word = dice.choice(["more_than", "at_least", "less_than", "at_most"])
        against = dice.choice([0, 5, 20, 34, 50, 80, 100, "limit_used_percent"])
        return dice.choice(
            [
                f"concentration_percent: {{{word}: {against}}}",
                f"concentration_percent: {dice.choice(['known', 'unknown'])}",
            ]
        )

    text = f"""version: 1
currency: GBP
credit_holds:
  - name: Too much on one
    when:
      {share()}
      for: {dice.choice([1, 4])} days
reminders:
  - name: Standard
    skip_invoices_when:
      {share()}
      total: {{at_least: 100}}
    steps: [{{day: 1, email: first reminder, when: {{{share()}}}}}, {{day: 14, call: Ring}}]
alerts:
  - name: Share
    when:
      any:
        - {share()}
        - {share()}
    tell: owner
after_issue:
  - {{days: {dice.choice([1, 9])}, email: satisfaction check, when: {{{share()}}}}}
sending: {{days: every day, days_between_emails: {dice.choice([0, 3])}, via: smtp}}
"""
    rulebook, problems = read_rulebook([("rules/share.yaml", text)])
    if rulebook is None:
        assert all("credit limit" in str(problem) for problem in problems), problems
        return share_rulebook(dice)
    return rulebook


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_a_share_of_the_ledger_skips_no_day(seed: int) -> None:
    dice = random.Random(seed)
    rulebook = share_rulebook(dice)
    accounts = [random_account(dice) for _ in range(3)]
    last = TODAY - timedelta(1)
    trial = the_trial()
    due = due_in_the_past(accounts, FIRST, last, zone=trial.zone, base="GBP")
    trial = trial._replace(ledger_due=due)
    options: dict[str, Any] = {"first": FIRST, "last": last, "today": TODAY}
    short = backtest(accounts, trial, [rulebook], **options)
    long = backtest(accounts, trial, [rulebook], every_day=True, **options)
    assert everything(short) == everything(long)
    assert short.results[0].evaluated <= long.results[0].evaluated


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32), debtors=st.sampled_from(Debtors))
def test_a_share_ahead_skips_no_day(seed: int, debtors: Debtors) -> None:
    dice = random.Random(seed)
    rulebook = share_rulebook(dice)
    accounts = [random_account(dice) for _ in range(3)]
    options: dict[str, Any] = {"today": TODAY, "days": 60, "debtors": debtors}
    due = ledger_due_ahead(accounts, the_trial(), **options, usual_days_late=9)
    trial = the_trial()._replace(ledger_due=due)
    short = simulate(accounts, trial, rulebook, **options, usual_days_late=9)
    long = simulate(accounts, trial, rulebook, **options, usual_days_late=9, every_day=True)
    assert simulation_view(short) == simulation_view(long)


def everything(found: Backtests) -> list[Any]:
    return [
        [
            *(
                (happened.day, happened.action.key, happened.action, happened.needless)
                for happened in result.kept
            ),
            *(line_view(line) for line in result.by_place()),
            result.tally.days,
        ]
        for result in found.results
    ]


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_a_backtest_skipping_days_equals_the_daily_one(seed: int) -> None:
    dice = random.Random(seed)
    rulebook = some_rulebook(dice)
    if rulebook is None:
        return
    accounts = [random_account(dice) for _ in range(3)]
    options: dict[str, Any] = {"first": FIRST, "last": TODAY - timedelta(1), "today": TODAY}
    short = backtest(accounts, the_trial(), [rulebook], **options)
    long = backtest(accounts, the_trial(), [rulebook], every_day=True, **options)
    assert everything(short) == everything(long)
    assert short.results[0].evaluated <= long.results[0].evaluated == 3 * 120


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_courtesies_skipping_days_equal_the_daily_ones(seed: int) -> None:
    dice = random.Random(seed)
    rulebook = courteous_rulebook(dice)
    if rulebook is None:
        return
    accounts = [a_payer(dice) for _ in range(3)]
    options: dict[str, Any] = {"first": FIRST, "last": TODAY - timedelta(1), "today": TODAY}
    short = backtest(accounts, the_trial(), [rulebook], **options)
    long = backtest(accounts, the_trial(), [rulebook], every_day=True, **options)
    assert everything(short) == everything(long)
    assert short.results[0].evaluated < long.results[0].evaluated


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32), debtors=st.sampled_from(Debtors))
@example(seed=5406, debtors=Debtors.NEVER)  # a notice without an address is a task at once
@example(seed=100161, debtors=Debtors.NEVER)  # a further step ends the task before it
@example(seed=200112, debtors=Debtors.NEVER)  # one letter joins steps of two cadences
def test_a_simulation_skipping_days_equals_the_daily_one(seed: int, debtors: Debtors) -> None:
    dice = random.Random(seed)
    rulebook = some_rulebook(dice)
    if rulebook is None:
        return
    accounts = [random_account(dice) for _ in range(3)]
    options: dict[str, Any] = {
        "today": TODAY,
        "days": 90,
        "debtors": debtors,
        "usual_days_late": 12,
    }
    short = simulate(accounts, the_trial(), rulebook, **options)
    long = simulate(accounts, the_trial(), rulebook, every_day=True, **options)
    assert simulation_view(short) == simulation_view(long)


def test_most_random_rulebooks_are_rulebooks() -> None:
    rulebooks = [random_rulebook(random.Random(seed)) for seed in range(40)]
    assert sum(rulebook is not None for rulebook in rulebooks) > 20


@pytest.mark.parametrize(
    ("condition", "planned"),
    [
        ("overdue_amount: {more_than: balance}", 2),
        ("oldest_days_overdue: {more_than: 60}", 2),
        ("oldest_days_overdue: {more_than: 60}\n      balance: {less_than: 10}", 1),
        ("oldest_days_overdue: {more_than: days_since_last_payment}", 100),
        ("days_until_review: {exactly: 5}", 3),
    ],
)
def test_only_days_that_can_change_answers_are_planned(condition: str, planned: int) -> None:
    text = f"""version: 1
currency: GBP
customers:
  - contact: One
    review_on: {FIRST + timedelta(50)}
credit_holds:
  - name: X
    when:
      {condition}
"""
    rulebook = a_rulebook(text, "r.yaml")
    due_on = FIRST + timedelta(20)
    account = a_debtor(
        an_invoice(issued_on=FIRST - DAY, due_on=due_on, rate=1),
        contacts=(a_contact(name="One"),),
    )
    last = FIRST + timedelta(99)
    backtests = backtest([account], the_trial(), [rulebook], first=FIRST, last=last, today=last)
    assert backtests.results[0].evaluated == planned


def test_interest_is_planned_when_it_reaches_the_sum() -> None:
    text = """version: 1
currency: GBP
statutory:
  law: A law
  source: a page
  currency: GBP
  points_above_reference: 8
  rate_counts: when it became late
  rates:
    - {from: 2026-07-01, rate: 2, source: a page}
follow_ups:
  - name: Claim
    when: {statutory_interest: {at_least: 5}}
    task: Claim
"""
    rulebook = a_rulebook(text, "r.yaml")
    due_on = date(2026, 8, 1)
    account = a_debtor(an_invoice(issued_on=due_on, due_on=due_on, rate=1, total=365))
    options: dict[str, Any] = {"first": FIRST, "last": TODAY, "today": TODAY}
    result = backtest([account], the_trial(), [rulebook], **options).results[0]
    # 365.00 at 10% bear 10 pence a day: 4.99 and more are 5.00 on the fiftieth.
    assert [happened.day for happened in result.kept] == [due_on + timedelta(50)]
    assert result.evaluated == 3  # the first day, the day of the invoice, the day of the sum


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_an_account_stays_the_same_between_its_events(seed: int) -> None:
    account = random_account(random.Random(seed))
    past = Past(account, TODAY, UTC)
    for ahead in range(130):
        day = FIRST + timedelta(ahead)
        stood = as_it_stood(account, day, zone=UTC)._replace(sent=(), hold=None)
        assert past.on(day)._replace(sent=(), hold=None) == stood
