"""The twelve laws of the rulebook, in their order, and the promises that rest on them."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from tests.builders.printed import printed

from arsync.core.actions import (
    ActionKind,
    CreditHoldPayload,
    LateFeePayload,
    LetterPayload,
    LiftCreditHoldPayload,
    ReminderPayload,
    TaskPayload,
    TermsPayload,
    marker,
    payload_of,
)
from arsync.core.actions.effects import steps_taken
from arsync.core.ledger.agreements.promises import ENTERED_THERE
from arsync.core.ledger.records import Account, Dispute, Promise, StandingHold, TaskRecord
from arsync.core.planning.plan_views import plan_view
from arsync.core.planning.planner import UNRATED_SHOWN_MAX

Desk = Any
HOLD = "credit_holds:\n  - name: Old\n    when: {oldest_days_overdue: {at_least: 60}}\n"
K = ActionKind


def kinds(plan: Any) -> list[ActionKind]:
    return [action.kind for action in plan.actions]


def whys(plan: Any) -> list[str]:
    return [held.why for held in plan.held_back]


def steps_of(plan: Any) -> list[tuple[str, int]]:
    return [(ref.id, ref.day) for action in plan.actions for ref in action.invoices]


# Law 1


@pytest.mark.parametrize(("amount", "held"), [("600", True), ("400", False)])
def test_law_1_lines_in_a_block_must_all_hold(desk: Desk, amount: str, held: bool) -> None:
    text = desk.head + (
        "credit_holds:\n  - name: Old\n    when:\n      oldest_days_overdue: {at_least: 60}\n"
        "      overdue_amount: {at_least: 500}\n"
    )
    plan = desk.plan(text, desk.account(desk.invoice("i1", 60, amount)))
    assert kinds(plan) == ([K.CREDIT_HOLD] if held else [])


@pytest.mark.parametrize("word", ["any", "not"])
def test_law_1_any_needs_one_and_not_turns_round(desk: Desk, word: str) -> None:
    inner = {
        "any": "any:\n        - tag: x\n        - oldest_days_overdue: {at_least: 60}",
        "not": "not: {oldest_days_overdue: {less_than: 60}}",
    }[word]
    text = desk.head + f"credit_holds:\n  - name: Old\n    when:\n      {inner}\n"
    assert kinds(desk.plan(text, desk.account(desk.invoice("i1", 60)))) == [K.CREDIT_HOLD]
    assert kinds(desk.plan(text, desk.account(desk.invoice("i1", 59)))) == []


def test_law_1_unless_negates(desk: Desk) -> None:
    text = desk.head + HOLD + "    unless: {contact_group: Key accounts}\n"
    invoice = desk.invoice("i1", 90)
    key = desk.contact(groups=("KEY  accounts",))
    assert kinds(desk.plan(text, desk.account(invoice))) == [K.CREDIT_HOLD]
    assert kinds(desk.plan(text, desk.account(invoice, contacts=(key,)))) == []


# Law 2


def test_law_2_only_yes_acts_and_unknown_is_reported(desk: Desk) -> None:
    text = desk.head + (
        "credit_holds:\n  - name: Over\n    when: {over_limit_percent: {more_than: 0}}\n"
    )
    plan = desk.plan(text, desk.account(desk.invoice("i1", 90)))
    assert not plan.actions
    assert whys(plan) == [
        (
            "no credit hold for 'Over': over_limit_percent is unknown"
            " (no rule of credit_limits matches)"
        )
    ]


@pytest.mark.parametrize(
    "when", ["exposure: {more_than: insured_limit}", "insured_limit: {less_than: exposure}"]
)
def test_law_2_names_the_fact_that_is_unknown(desk: Desk, when: str) -> None:
    text = desk.head + f"credit_holds:\n  - name: Insured\n    when: {{{when}}}\n"
    (why,) = whys(desk.plan(text, desk.account(desk.invoice("i1", 90))))
    assert "insured_limit is unknown (nothing is insured, or not any more)" in why
    assert "exposure is unknown" not in why


def test_law_2_an_unknown_unless_protects(desk: Desk) -> None:
    text = desk.head + HOLD + "    unless: {average_days_late: {less_than: 5}}\n"
    assert not desk.plan(text, desk.account(desk.invoice("i1", 90))).actions


def test_law_2_known_and_unknown_can_be_asked(desk: Desk) -> None:
    text = desk.head + (
        "credit_holds:\n  - name: Stranger\n    when: {average_days_late: unknown}\n"
    )
    assert kinds(desk.plan(text, desk.account(desk.invoice("i1", 1)))) == [K.CREDIT_HOLD]


def test_law_2_an_unknown_skip_protects(desk: Desk) -> None:
    text = desk.head + desk.steps + "    skip_invoices_when: {sent: no}\n"
    plan = desk.plan(text, desk.account(desk.invoice("i1", 5)))
    assert whys(plan) == [
        "possibly to be skipped: sent is unknown (the platform does not report it)"
    ]


# Law 3

ALONE = """customers:
  - contact: name C1
    tags: [legal]
leave_alone:
  - name: With the solicitor
    when: {tag: legal}
"""


def test_law_3_leave_alone_wins_over_everything(desk: Desk) -> None:
    text = (
        desk.head
        + ALONE
        + HOLD
        + desk.steps
        + ("follow_ups:\n  - name: F\n    when: {open_invoices: {at_least: 1}}\n    task: Call\n")
    )
    plan = desk.plan(text, desk.account(desk.invoice("i1", 90)))
    assert not plan.actions
    assert whys(plan) == [
        "no credit hold: excluded: With the solicitor",
        "excluded: With the solicitor",
    ]
    assert plan.held_back[0].because.line == 7


def test_law_3_a_contact_left_alone_loses_its_hold(desk: Desk) -> None:
    hold = StandingHold("c1", date(2026, 10, 1), 3, terms_changed=True)
    plan = desk.plan(desk.head + ALONE + HOLD, desk.account(desk.invoice("i1", 90), hold=hold))
    assert [(action.kind, action.episode) for action in plan.actions] == [
        (K.LIFT_CREDIT_HOLD, 3),
        (K.RESTORE_TERMS, 3),
    ]


def test_law_3_an_unknown_exclusion_leaves_the_contact_alone(desk: Desk) -> None:
    text = (
        desk.head
        + desk.steps
        + HOLD
        + ("leave_alone:\n  - name: Good payers\n    when: {average_days_late: {less_than: 3}}\n")
    )
    hold = StandingHold("c1", date(2026, 10, 1), 1)
    plan = desk.plan(text, desk.account(desk.invoice("i1", 90), hold=hold))
    assert not plan.actions
    assert "possibly excluded (Good payers): average_days_late is unknown" in whys(plan)[1]


def test_law_3_an_excluded_parent_excludes_its_children(desk: Desk) -> None:
    family = (desk.contact(), desk.contact("c2", parent_id="c1"))
    text = desk.head + ALONE + desk.steps
    plan = desk.plan(text, desk.account(desk.invoice("i1", 5, contact="c2"), contacts=family))
    assert not plan.actions


# Law 4

LIMITS = """groups:
  New: {customer_for_days: {less_than: 180}}
customers:
  - {contact: c9, credit_limit: 700}
credit_limits:
  - {name: Agreed, when: {agreed_limit: known}, limit: agreed_limit}
  - {name: New, when: {group: New}, limit: 200}
  - {name: Rest, limit: 400}
credit_holds:
  - name: Over
    when: {over_limit_percent: {more_than: 10}}
"""


@pytest.mark.parametrize(
    ("contact", "issued_days_ago", "amount", "held"),
    [
        ("c9", 10, "770", False),
        ("c9", 10, "771", True),
        ("c1", 10, "220", False),
        ("c1", 10, "221", True),
        ("c1", 200, "440", False),
        ("c1", 200, "441", True),
    ],
)
def test_law_4_the_first_matching_limit_counts(
    desk: Desk, contact: str, issued_days_ago: int, amount: str, held: bool
) -> None:
    issued = desk.today - timedelta(issued_days_ago)
    invoice = desk.invoice("i1", 0, amount, contact, issued_on=issued)
    account = desk.account(invoice, contacts=(desk.contact(contact),))
    assert kinds(desk.plan(desk.head + LIMITS, account)) == ([K.CREDIT_HOLD] if held else [])


def test_law_4_no_limit_is_never_exceeded(desk: Desk) -> None:
    text = desk.head + (
        "credit_limits:\n  - {name: All, limit: no limit}\n"
        "credit_holds:\n  - name: Over\n    when: {over_limit_percent: {more_than: 0}}\n"
    )
    plan = desk.plan(text, desk.account(desk.invoice("i1", 0, "999999")))
    assert (plan.actions, plan.held_back) == ((), ())


# Law 5

TWO_HOLDS = """credit_holds:
  - name: Old
    when: {oldest_days_overdue: {at_least: 60}}
    terms: cash on delivery
    approval: required
  - name: Much
    when: {overdue_amount: {at_least: 500}}
"""


def test_law_5_every_match_is_a_reason(desk: Desk) -> None:
    plan = desk.plan(desk.head + TWO_HOLDS, desk.account(desk.invoice("i1", 60, "500")))
    hold, terms = plan.actions
    assert (hold.payload, hold.because.rule) == (CreditHoldPayload(("Old", "Much")), "Old")
    assert not hold.needs_approval  # "Much" alone would place it without anybody
    assert (terms.payload, terms.needs_approval) == (TermsPayload("cash on delivery"), True)
    assert hold.because.facts == {"oldest_days_overdue": 60}


def test_law_5_a_hold_lasts_while_any_reason_stands(desk: Desk) -> None:
    def paid_bit_by_bit(account: Any, today: date) -> Any:
        due = {0: "500", 3: "100", 6: "0"}.get((today - desk.today).days)
        if due is None:
            return account
        status = "paid" if due == "0" else "open"
        invoice = account.invoices[0]._replace(amount_due=Decimal(due), status=status)
        return account._replace(invoices=(invoice,))

    account = desk.account(desk.invoice("i1", 60, "500"))
    text = desk.head + TWO_HOLDS
    done = desk.play(text, account, range(10), paid_bit_by_bit)
    assert [((day - desk.today).days, action.kind) for day, action in done] == [
        (0, K.CREDIT_HOLD),
        (0, K.TERMS),
        (3, K.HOLD_REASONS),
        (6, K.LIFT_CREDIT_HOLD),
        (6, K.RESTORE_TERMS),
    ]


def test_law_5_a_second_hold_has_its_own_episode(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", 60), last_hold_episode=2)
    action = desk.plan(desk.head + HOLD, account).actions[0]
    assert action.episode == 3
    first = desk.plan(desk.head + HOLD, account._replace(last_hold_episode=0)).actions[0]
    assert action.key != first.key


def test_law_5_planning_twice_plans_once(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", 60))
    first = desk.plan(desk.head + HOLD + desk.steps, account)
    again = desk.plan(desk.head + HOLD + desk.steps, account)
    assert [action.key for action in first.actions] == [action.key for action in again.actions]
    started = account._replace(done_keys=frozenset(action.key for action in first.actions))
    assert not desk.plan(desk.head + HOLD, started).actions


def test_law_5_a_hold_without_hold_rules_is_lifted(desk: Desk) -> None:
    hold = StandingHold("c1", date(2026, 10, 1), 1)
    plan = desk.plan(desk.head, desk.account(desk.invoice("i1", 60), hold=hold))
    assert kinds(plan) == [K.LIFT_CREDIT_HOLD]
    assert payload_of(plan.actions[0], LiftCreditHoldPayload).held_since == date(2026, 10, 1)


def test_law_5_a_contact_without_reasons_is_not_mentioned(desk: Desk) -> None:
    archived = desk.account(desk.invoice("i1", 5), contacts=(desk.contact(status="archived"),))
    assert desk.plan(desk.head + HOLD, archived).held_back == ()
    assert desk.plan(desk.head + ALONE + HOLD, desk.account(desk.invoice("i1", 5))).held_back == ()


def test_the_marker_is_the_start_of_the_key(desk: Desk) -> None:
    action = desk.plan(desk.head + HOLD, desk.account(desk.invoice("i1", 60))).actions[0]
    assert marker(action.key) == f"[arsync:{action.key[:16]}]"


# Law 6


def test_law_6_the_first_matching_cadence_counts(desk: Desk) -> None:
    text = desk.head + (
        "reminders:\n  - name: Few\n    when: {open_invoices: {at_most: 1}}\n"
        "    steps: [{day: 3, task: Call}]\n"
        "  - name: Many\n    steps: [{day: 3, email: first reminder}]\n"
    )
    warned = desk.plan(text, desk.account(desk.invoice("i1", 5)))
    two = desk.plan(text, desk.account(desk.invoice("i1", 5), desk.invoice("i2", 2)))
    assert [(a.kind, a.because.rule) for a in warned.actions] == [(K.TASK, "Few")]
    assert [(a.kind, a.because.rule) for a in two.actions] == [(K.REMINDER, "Many")]


def test_law_6_each_step_is_taken_on_its_day(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", -10), taken_over_on=desk.today)
    daily = "sending: {days: every day, days_between_emails: 4}\n"
    done = desk.play(desk.head + desk.steps + daily, account, range(80))
    assert [((day - desk.today).days - 10, action.step) for day, action in done] == [
        (-3, "upcoming"),
        (1, "first reminder"),
        (14, "second reminder"),
        (30, "final notice"),
    ]


def test_law_6_a_late_start_keeps_the_first_step(desk: Desk) -> None:
    done = desk.play(
        desk.head + desk.steps + desk.daily, desk.account(desk.invoice("i1", 100)), range(60)
    )
    assert [((day - desk.today).days, action.step) for day, action in done] == [
        (0, "first reminder"),
        (13, "second reminder"),
        (29, "final notice"),
    ]


def test_law_6_a_missed_month_is_caught_up_gradually(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", 50), sent=(desk.sent("i1", 1, 49, "first reminder"),))
    done = desk.play(desk.head + desk.steps + desk.daily, account, range(40))
    assert [((day - desk.today).days, action.step) for day, action in done] == [
        (0, "second reminder"),
        (16, "final notice"),
    ]


def test_law_6_steps_before_the_due_date_lapse_then(desk: Desk) -> None:
    on_the_day = desk.plan(desk.head + desk.steps, desk.account(desk.invoice("i1", 0)))
    assert not on_the_day.actions
    eve = desk.plan(desk.head + desk.steps, desk.account(desk.invoice("i1", -1)))
    assert eve.actions[0].step == "upcoming"
    assert eve.actions[0].note.startswith(
        "Invoice emailed by the accounting system: due in 1 day, GBP 100.00 due"
    )


def test_law_6_an_early_step_delayed_past_due_lapses(desk: Desk) -> None:
    text = (
        desk.head
        + (
            "reminders:\n  - name: Early\n    steps: [{day: -9, email: a}, {day: -2, email: b},"
            " {day: 1, email: c}]\n"
        )
        + desk.daily
    )
    done = desk.play(text, desk.account(desk.invoice("i1", -4)), range(20))
    assert [((day - desk.today).days, action.step) for day, action in done] == [(0, "a"), (10, "c")]


def test_law_6_a_moved_due_date_anchors_anew(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", -10), sent=(desk.sent("i1", 1, 5, "first reminder"),))
    done = desk.play(desk.head + desk.steps + desk.daily, account, range(60))
    assert [((day - desk.today).days, action.step) for day, action in done] == [
        (24, "second reminder"),
        (40, "final notice"),
    ]


def test_law_6_a_reversed_payment_restarts_the_cadence(desk: Desk) -> None:
    sent = (desk.sent("i1", 1, 40, "first reminder"), desk.sent("i1", 14, 27, "second reminder"))
    account = desk.account(desk.invoice("i1", 50), sent=sent, episodes={"i1": 2})
    plan = desk.plan(desk.head + desk.steps, account)
    assert [(action.step, action.episode) for action in plan.actions] == [("first reminder", 2)]


def test_law_6_renamed_or_moved_steps_are_not_repeated(desk: Desk) -> None:
    text = (desk.head + desk.steps).replace("day: 14", "day: 20").replace("Standard", "Renamed")
    account = desk.account(
        desk.invoice("i1", 25), sent=(desk.sent("i1", 14, 9, "second reminder"),)
    )
    assert not desk.plan(text, account).actions


def test_law_6_who_breaks_a_promise_is_chased_on(desk: Desk) -> None:
    """A firmer cadence has smaller days: compared by day, nothing of it was left."""
    text = desk.head + (
        "promises: {grace: none}\nreminders:\n  - name: Broke a promise\n"
        "    when: {promise_to_pay: broken}\n"
        "    steps: [{day: 1, email: promise broken}, {day: 5, email: final notice}]\n"
        "  - name: Everyone else\n    steps: [{day: 1, email: first reminder},"
        " {day: 14, email: second reminder}, {day: 30, email: final notice}]\n"
    )
    account = desk.account(desk.invoice("i1", 0))

    def promised(account: Account, today: date) -> Account:
        promise = Promise(("i1",), desk.today + timedelta(21), None, desk.today + timedelta(16))
        return account._replace(promises=(promise,)) if today >= promise.made_on else account

    done = desk.play(text + desk.daily, account, range(365), promised)
    assert [((day - desk.today).days, action.step) for day, action in done] == [
        (1, "first reminder"),
        (14, "second reminder"),
        (22, "promise broken"),
        (27, "final notice"),
    ]


def test_law_6_a_joint_letter_keeps_each_cadence(desk: Desk) -> None:
    text = desk.head + (
        "promises: {grace: none}\nsending: {via: smtp}\nreminders:\n  - name: Broke a promise\n"
        "    when: {promise_to_pay: broken}\n    steps:\n"
        "      - {day: 0, counted_from: broken promise, email: promise broken}\n"
        "      - {after: 10 days, email: final notice}\n"
        "  - name: Everyone else\n    steps: [{day: 30, email: final notice}]\n"
    )
    broken = Promise(("i1",), desk.today - timedelta(12), None, desk.today - timedelta(15))
    account = desk.account(
        desk.invoice("i1", 20),
        desk.invoice("i2", 40),
        promises=(broken,),
        sent=(
            desk.sent(
                "i1", 0, 11, "promise broken", cadence="Broke a promise", slot="from broken promise"
            ),
        ),
    )
    (letter,) = desk.plan(text, account).actions
    assert [(step.invoice_id, step.cadence) for step in steps_taken(letter, desk.today)] == [
        ("i2", "Everyone else"),
        ("i1", "Broke a promise"),
    ]


def test_law_6_a_refused_step_yields_to_the_next(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", 20))
    text = desk.head + desk.steps
    refused = desk.plan(text, account).actions[0]
    plan = desk.plan(text, account._replace(done_keys=frozenset({refused.key})))
    assert [action.step for action in plan.actions] == ["second reminder"]
    both = frozenset({refused.key, plan.actions[0].key})
    last = desk.plan(text, account._replace(done_keys=both))
    assert not last.actions
    assert (whys(last), last.held_back[0].next_date) == (
        ["the step was refused"],
        desk.today + timedelta(10),
    )
    by_caller = desk.plan(text, account, started=frozenset({refused.key}))
    assert [action.step for action in by_caller.actions] == ["second reminder"]


def test_law_6_the_last_step_refused_ends_the_cadence(desk: Desk) -> None:
    text = desk.head + "reminders: [{name: One, steps: [{day: 1, email: a}]}]\n"
    account = desk.account(desk.invoice("i1", 20))
    keys = frozenset(action.key for action in desk.plan(text, account).actions)
    assert whys(desk.plan(text, account._replace(done_keys=keys))) == [
        "the step was refused, and it was the last"
    ]


def test_law_6_a_step_needing_approval_keeps_its_key(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", 20))
    first = desk.plan(desk.head + desk.steps, account).actions
    later = desk.plan(desk.head + desk.steps, account, today=desk.today + timedelta(40)).actions
    assert [(action.step, action.key) for action in later] == [
        (action.step, action.key) for action in first
    ]


def test_law_6_batches_keep_the_days_between_emails(desk: Desk) -> None:
    account = desk.account(
        *(desk.invoice(f"i{n}", 2 - 2 * n) for n in range(6)), taken_over_on=desk.today
    )
    for via in ("accounting system", "smtp"):
        text = desk.head + desk.steps + desk.daily.replace("{", f"{{via: {via}, ")
        days = sorted({day for day, _ in desk.play(text, account, range(120))})
        gaps = [(later - earlier).days for earlier, later in pairwise(days)]
        assert min(gaps) >= 5


def test_law_6_a_waiting_message_says_until_when(desk: Desk) -> None:
    account = desk.account(
        desk.invoice("i1", 20), desk.invoice("i2", 2), sent=(desk.sent("i1", 14, 3),)
    )
    plan = desk.plan(desk.head + desk.steps, account)
    assert not plan.actions
    assert whys(plan) == ["last message on 2026-11-17; 5 days between messages"]
    assert plan.held_back[0].next_date == date(2026, 11, 22)


def test_law_6_platform_emails_are_capped_and_oldest_first(
    desk: Desk,
) -> None:
    invoices = [desk.invoice(f"i{n}", n) for n in (5, 9, 7, 6)]
    plan = desk.plan(desk.head + desk.steps, desk.account(*invoices))
    assert steps_of(plan) == [("i9", 1), ("i7", 1), ("i6", 1)]
    assert len({action.batch_id for action in plan.actions}) == 1
    assert plan.actions[0].note == (
        "Invoice emailed by the accounting system: 9 days overdue, GBP 100.00 due;"
        " 1 more wait for the next message (test.yaml:7, Standard), as step first reminder."
    )
    assert [(held.invoice_id, held.why, held.next_date) for held in plan.held_back] == [
        ("i5", "waits for the next moment: at most 3 emails at once", date(2026, 11, 25))
    ]


def test_law_6_an_smtp_batch_is_one_highest_letter(desk: Desk) -> None:
    account = desk.account(
        desk.invoice("i1", 40),
        desk.invoice("i2", 16),
        sent=(desk.sent("i2", 1, 14, "first reminder"),),
    )
    plan = desk.plan(desk.head + desk.steps + "sending: {via: smtp}\n", account)
    (letter,) = plan.actions
    assert (letter.step, letter.via, letter.subject) == ("second reminder", "smtp", "i1 day 1")
    assert [(ref.id, ref.step) for ref in letter.invoices] == [
        ("i1", "first reminder"),
        ("i2", "second reminder"),
    ]
    assert "2 invoices, GBP 200.00 due in all" in letter.note
    assert payload_of(letter, ReminderPayload).to == "c1@x.test"


def test_law_6_each_address_hears_of_its_own_invoices(desk: Desk) -> None:
    invoices = [
        desk.invoice("i1", 40, email="north@x.test"),
        desk.invoice("i2", 30, email="south@x.test"),
        desk.invoice("i3", 20, email="North@x.test"),
    ]
    account = desk.account(*invoices)
    text = desk.head + desk.steps + "sending: {via: smtp, days: every day}\n"

    plan = desk.plan(text, account)

    told = {
        action.payload.to: [invoice.id for invoice in action.invoices]
        for action in plan.actions
        if isinstance(action.payload, ReminderPayload)
    }
    assert told == {"north@x.test": ["i1", "i3"], "south@x.test": ["i2"]}
    assert len({action.batch_id for action in plan.actions}) == 1


def test_law_6_an_overdue_letter_omits_invoices_not_due(desk: Desk) -> None:
    text = desk.head + desk.steps + "sending: {via: smtp}\n"
    plan = desk.plan(text, desk.account(desk.invoice("i1", 40), desk.invoice("i2", -2)))
    (letter,) = plan.actions
    assert [ref.id for ref in letter.invoices] == ["i1"]
    (held,) = plan.held_back
    assert held.invoice_id == "i2"
    assert held.why == "not due yet: it is not named in a letter about what is overdue"
    early = desk.plan(text, desk.account(desk.invoice("i2", -2), desk.invoice("i3", -1)))
    assert {ref.id for action in early.actions for ref in action.invoices} == {"i2", "i3"}


def test_law_6_a_platform_without_email_holds_reminders_back(desk: Desk) -> None:
    plan = desk.plan(
        desk.head + desk.steps, desk.account(desk.invoice("i1", 2)), offers=frozenset()
    )
    assert whys(plan) == ["the accounting system offers no email by the accounting system"]


def test_law_6_daily_emails_stay_within_the_platforms_limit(desk: Desk) -> None:
    accounts = [
        desk.account(desk.invoice(f"i{n}", 2, contact=f"c{n}"), contacts=(desk.contact(f"c{n}"),))
        for n in range(3)
    ]
    plan = desk.plan(desk.head + desk.steps, *accounts, emails_per_day_max=2)
    assert len(plan.actions) == 2
    assert whys(plan) == ["the accounting system sends at most 2 emails a day"]


# Law 7


def test_law_7_foreign_amounts_use_and_cite_recorded_rates(desk: Desk) -> None:
    dollars = desk.invoice("i1", 60, "1000", currency="USD", rate=Decimal("0.80"))
    text = desk.head + (
        "credit_holds:\n  - name: Much\n    when: {overdue_amount: {at_least: 800}}\n"
    )
    plan = desk.plan(text, desk.account(dollars))
    assert plan.actions[0].because.facts == {
        "overdue_amount": "800.00",
        "converted_from": ["USD"],
    }


def test_law_7_a_plan_lists_documents_without_rate_briefly(desk: Desk) -> None:
    many = [desk.invoice(f"i{n}", 5, currency="USD", rate=None) for n in range(30)]
    text = desk.head + "leave_alone: [{name: a, when: {balance: {less_than: 5}}}]\n"
    plan = desk.plan(text, desk.account(*many), desk.account(many[0]))
    assert len(plan.problems) == UNRATED_SHOWN_MAX


def test_law_7_amounts_without_rate_are_unknown_and_reported(desk: Desk) -> None:
    dollars = desk.invoice("i1", 60, "1000", currency="USD", rate=None)
    text = desk.head + (
        "credit_holds:\n  - name: Much\n    when: {overdue_amount: {at_least: 1}}\n"
    )
    plan = desk.plan(text, desk.account(dollars))
    assert not plan.actions
    assert plan.problems == (
        "no exchange rate was recorded for I1 (USD): what it is worth is unknown",
    )


# Law 9


def test_law_9_above_safety_the_verdict_says_so(desk: Desk) -> None:
    accounts = [
        desk.account(desk.invoice(f"i{n}", 90, contact=f"c{n}"), contacts=(desk.contact(f"c{n}"),))
        for n in range(3)
    ]
    text = desk.head + HOLD + desk.steps + "safety: {credit_holds: 2, emails: 3}\n"
    plan = desk.plan(text, *accounts)
    assert plan.safety.exceeded
    assert plan.safety.messages == ("3 credit holds in one plan; safety allows 2",)
    assert printed(plan_view(plan))["safety"] == {
        "exceeded": True,
        "messages": ["3 credit holds in one plan; safety allows 2"],
    }
    assert not desk.plan(text, *accounts[:2]).safety.exceeded


# Law 10


def test_law_10_by_hand_only_old_debts_need_approval(desk: Desk) -> None:
    text = desk.head + desk.steps + "take_over: by hand\n"
    day = desk.today - timedelta(10)
    account = desk.account(desk.invoice("i1", 40), desk.invoice("i2", 2), taken_over_on=day)
    plan = desk.plan(text, account)
    assert [(action.subject, action.needs_approval) for action in plan.actions] == [
        ("i1 day 1", True),
        ("i2 day 1", False),
    ]


def test_law_10_take_over_spread_starts_all_old_debts(desk: Desk) -> None:
    text = desk.head + desk.steps + "take_over: spread over 10 days\n"
    accounts = [
        desk.account(
            desk.invoice(f"i{n}", 40, contact=f"c{n}"),
            contacts=(desk.contact(f"c{n}"),),
            taken_over_on=desk.today,
        )
        for n in range(40)
    ]
    plan = desk.plan(text, *accounts)
    assert 0 < len(plan.actions) < 12
    assert {held.why for held in plan.held_back} == {
        "take_over: old debts start spread over 10 business days"
    }
    last = max(held.next_date for held in plan.held_back)
    assert len(desk.plan(text, *accounts, today=last).actions) == 40
    assert last <= desk.today + timedelta(14)


def test_law_10_spreading_does_not_touch_young_debts(desk: Desk) -> None:
    text = desk.head + desk.steps + "take_over: spread over 200 days\n"
    account = desk.account(desk.invoice("i1", 1), taken_over_on=desk.today - timedelta(5))
    assert len(desk.plan(text, account).actions) == 1


# Law 11


def family(desk: Desk, **child: Any) -> tuple[Any, ...]:
    return (desk.contact(), desk.contact("c2", parent_id="c1", **child))


def test_law_11_a_parents_exposure_and_limit_cover_children(desk: Desk) -> None:
    text = desk.head + (
        "credit_limits:\n  - {name: All, limit: 150}\n"
        "credit_holds:\n  - name: Over\n    when: {over_limit_percent: {more_than: 10}}\n"
    )
    account = desk.account(
        desk.invoice("i1", 0), desk.invoice("i2", 0, contact="c2"), contacts=family(desk)
    )
    (hold,) = desk.plan(text, account).actions
    assert (hold.contact_id, hold.payload.covered_contact_ids) == ("c1", ("c2",))
    assert not desk.plan(text, account._replace(invoices=account.invoices[:1])).actions


def test_law_11_children_are_reminded_unless_the_parent_pays(
    desk: Desk,
) -> None:
    invoices = (desk.invoice("i1", 5), desk.invoice("i2", 5, contact="c2"))
    text = desk.head + desk.steps
    apart = desk.plan(text, desk.account(*invoices, contacts=family(desk)))
    assert [(action.contact_id, action.invoices[0].id) for action in apart.actions] == [
        ("c1", "i1"),
        ("c2", "i2"),
    ]
    together = desk.plan(text, desk.account(*invoices, contacts=family(desk, bill_to_parent=True)))
    assert [(action.contact_id, action.invoices[0].id) for action in together.actions] == [
        ("c1", "i1"),
        ("c1", "i2"),
    ]


def test_law_11_a_child_left_alone_is_not_noted(desk: Desk) -> None:
    text = desk.head + ALONE.replace("name C1", "c2") + HOLD
    account = desk.account(desk.invoice("i1", 90), contacts=family(desk))
    assert desk.plan(text, account).actions[0].payload.covered_contact_ids == ()


# Law 12


def test_law_12_a_cadence_task_covers_all_its_invoices(desk: Desk) -> None:
    text = desk.head + (
        "reminders:\n  - name: Calls\n    steps:\n"
        "      - {day: 7, task: Call them, assign_to: credit control}\n"
    )
    account = desk.account(desk.invoice("i1", 9), desk.invoice("i2", 8), desk.invoice("i3", 6))
    (task,) = desk.plan(text, account).actions
    assert (task.kind, task.batch_id, task.not_before) == (K.TASK, "", None)
    assert task.payload.title == "Call them"
    assert [ref.id for ref in task.invoices] == ["i1", "i2"]
    done = desk.play(text, account, range(3))
    assert [[ref.id for ref in action.invoices] for _, action in done] == [["i1", "i2"], ["i3"]]


FOLLOW = """follow_ups:
  - name: Broken promise
    when: {promise_to_pay: broken}
    task: Call about it
    assign_to: anna
"""


def test_law_12_a_broken_promise_opens_one_task(desk: Desk) -> None:
    broken = date(2026, 11, 13)
    promises = tuple(
        Promise((invoice_id,), broken, None, broken - timedelta(9)) for invoice_id in ("i1", "i2")
    )
    account = desk.account(desk.invoice("i1", 20), desk.invoice("i2", 10), promises=promises)
    plan = desk.plan(desk.head + FOLLOW, account)
    (task,) = plan.actions
    assert (task.kind, task.subject) == (K.TASK, "promised 2026-11-13")
    assert [ref.id for ref in task.invoices] == ["i1", "i2"]
    assert task.payload == TaskPayload("Call about it", "anna")
    assert len(desk.play(desk.head + FOLLOW, account, range(5))) == 1
    second = Promise(("i1",), desk.today + timedelta(1), None, desk.today)
    account = account._replace(promises=(*promises, second))
    done = desk.play(desk.head + FOLLOW, account, range(8))
    assert [action.subject for _, action in done] == ["promised 2026-11-13", "promised 2026-11-21"]


def test_law_12_contact_follow_ups_wait_for_the_last(desk: Desk) -> None:
    text = desk.head + (
        "follow_ups:\n  - name: Big\n    when: {balance: {more_than: 50}}\n    task: Visit\n"
    )
    account = desk.account(desk.invoice("i1", 5), desk.invoice("i2", 1))
    (task,) = desk.plan(text, account).actions
    assert (task.subject, task.invoices) == ("i1", ())
    paid = account._replace(
        invoices=(account.invoices[0]._replace(status="paid"), account.invoices[1])
    )
    assert [action.subject for action in desk.plan(text, paid).actions] == ["i2"]
    still_open = TaskRecord(task.key, "c1", "Big")
    assert not desk.plan(text, paid._replace(tasks=(still_open,))).actions
    another = still_open._replace(rule="Another")
    assert desk.plan(text, paid._replace(tasks=(another,))).actions


def test_law_12_a_review_opens_one_task_that_day(desk: Desk) -> None:
    text = desk.head + (
        "customers:\n  - {contact: c1, review_on: 2026-11-25}\nfollow_ups:\n"
        "  - {name: Review, when: {days_until_review: {at_most: 7}}, task: Review it}\n"
    )
    done = desk.play(text, desk.account(), range(20))
    assert [action.subject for _, action in done] == ["review 2026-11-25"]


def test_law_12_an_invoice_follow_up_opens_separate_tasks(desk: Desk) -> None:
    text = desk.head + (
        "follow_ups:\n  - {name: Old, when: {days_overdue: {at_least: 90}}, task: Decide}\n"
    )
    account = desk.account(desk.invoice("i1", 95), desk.invoice("i2", 91), desk.invoice("i3", 9))
    assert [action.subject for action in desk.plan(text, account).actions] == ["i1", "i2"]


def test_a_step_on_the_due_date_says_so(desk: Desk) -> None:
    text = desk.head + "reminders: [{name: A, steps: [{day: 0, email: first reminder}]}]\n"
    (action,) = desk.plan(text, desk.account(desk.invoice("i1", 0))).actions
    assert "due today" in action.note


# Promise 1: nothing is chased that is not owed


@pytest.mark.parametrize("status", ["draft", "paid", "voided", "deleted"])
def test_only_open_invoices_are_chased(desk: Desk, status: str) -> None:
    plan = desk.plan(
        desk.head + desk.steps + HOLD, desk.account(desk.invoice("i1", 90, status=status))
    )
    assert (plan.actions, plan.held_back) == ((), ())


def test_an_invoice_with_nothing_due_is_not_chased(desk: Desk) -> None:
    plan = desk.plan(desk.head + desk.steps, desk.account(desk.invoice("i1", 9, "0", total="5")))
    assert not plan.actions


def test_an_open_promise_stops_reminders_through_its_day(desk: Desk) -> None:
    promise = Promise(("i1",), date(2026, 12, 1), None, date(2026, 11, 18))
    account = desk.account(desk.invoice("i1", 20), promises=(promise,))
    plan = desk.plan(desk.head + desk.steps, account)
    assert printed(plan_view(plan))["held_back"][0]["why"] == "promise_to_pay open until 2026-12-01"
    # Three business days later: money that was paid in time is on its way into the books.
    assert plan.held_back[0].next_date == date(2026, 12, 5)
    assert not desk.plan(desk.head + desk.steps, account, today=date(2026, 12, 4)).actions
    assert desk.plan(desk.head + desk.steps, account, today=date(2026, 12, 5)).actions
    strict = desk.head + "promises: {grace: none}\n" + desk.steps
    assert desk.plan(strict, account, today=date(2026, 12, 2)).actions


def test_a_promise_entered_there_says_where_it_stands(desk: Desk) -> None:
    promise = Promise(("i1",), date(2026, 12, 1), None, date(2026, 11, 18), by_platform=True)
    account = desk.account(desk.invoice("i1", 20), promises=(promise,))
    (reason,) = whys(desk.plan(desk.head + desk.steps, account))
    assert reason == f"promise_to_pay open until 2026-12-01 ({ENTERED_THERE})"


def test_a_dispute_stops_reminders_until_it_is_settled(desk: Desk) -> None:
    dispute = Dispute("i1", date(2026, 11, 10), "wrong goods")
    account = desk.account(desk.invoice("i1", 20), disputes=(dispute,))
    plan = desk.plan(desk.head + desk.steps, account)
    assert whys(plan) == ["dispute open since 2026-11-10 (wrong goods)"]
    settled = account._replace(disputes=(dispute._replace(settled_on=desk.today),))
    assert desk.plan(desk.head + desk.steps, settled).actions


def test_a_dispute_on_the_platform_stops_reminders_while_shown(desk: Desk) -> None:
    invoice = desk.invoice("i1", 20)._replace(disputed_on=date(2026, 11, 10))
    # What a person recorded and settled here does not end it.
    settled = Dispute("i1", date(2026, 11, 1), "wrong goods", date(2026, 11, 12))
    account = desk.account(invoice, disputes=(settled,))
    plan = desk.plan(desk.head + desk.steps, account)
    assert whys(plan) == [
        "dispute open since 2026-11-10 (the accounting system shows it as disputed)"
    ]
    assert desk.plan(desk.head + desk.steps, desk.account(desk.invoice("i1", 20))).actions
    unless = desk.head + desk.steps.replace("steps:", "when: {dispute: settled}\n    steps:")
    ended = account._replace(invoices=(invoice._replace(disputed_on=None),))
    assert desk.plan(unless, ended).actions
    assert not desk.plan(unless, account).actions


def test_a_promise_before_the_due_date_stops_early_steps(desk: Desk) -> None:
    promise = Promise(("i1",), desk.today + timedelta(3), None, desk.today)
    account = desk.account(desk.invoice("i1", -2), promises=(promise,))
    assert not desk.plan(desk.head + desk.steps, account).actions


def test_unallocated_money_covers_the_oldest_invoices_first(desk: Desk) -> None:
    invoices = [desk.invoice("i1", 20), desk.invoice("i2", 10), desk.invoice("i3", 5)]
    account = desk.account(*invoices, credits=(desk.credit("250"),))
    plan = desk.plan(desk.head + desk.steps, account)
    assert steps_of(plan) == [("i3", 1)]
    assert [(held.invoice_id, held.why) for held in plan.held_back] == [
        ("i1", "covered by unapplied cash of GBP 250.00 (credit note CN-1)"),
        ("i2", "covered by unapplied cash of GBP 250.00 (credit note CN-1)"),
    ]


def test_a_disputed_invoice_uses_up_no_money_in_hand(desk: Desk) -> None:
    account = desk.account(
        desk.invoice("i1", 20),
        desk.invoice("i2", 10),
        credits=(desk.credit("100"),),
        disputes=(Dispute("i1", desk.today, "late"),),
    )
    assert not desk.plan(desk.head + desk.steps, account).actions


def test_an_unapplied_payment_covers_unless_it_is_voided(desk: Desk) -> None:
    invoice = desk.invoice("i1", 20)
    paid = desk.payment("100", unallocated="100")
    assert not desk.plan(desk.head + desk.steps, desk.account(invoice, payments=(paid,))).actions
    voided = paid._replace(status="voided")
    assert desk.plan(desk.head + desk.steps, desk.account(invoice, payments=(voided,))).actions


def test_money_in_another_currency_covers_when_it_covers_everything(desk: Desk) -> None:
    dollars = desk.credit("200", currency="USD", rate=Decimal("0.80"))
    account = desk.account(desk.invoice("i1", 20), credits=(dollars,))
    plan = desk.plan(desk.head + desk.steps, account)
    assert whys(plan) == ["covered by unapplied cash in other currencies"]


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"status": "archived"}, "the contact is archived"),
        ({"status": "deleted"}, "the contact is deleted"),
        ({"status": "merged", "merged_into": "c7"}, "the contact was merged into c7"),
    ],
)
def test_an_inactive_contact_is_never_written_to(desk: Desk, values: Any, why: str) -> None:
    account = desk.account(desk.invoice("i1", 90), contacts=(desk.contact(**values),))
    plan = desk.plan(desk.head + HOLD + desk.steps + FOLLOW, account)
    assert (plan.actions, set(whys(plan))) == ((), {why})


def test_a_step_without_address_waits_or_becomes_a_task(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", 5), contacts=(desk.contact(email=""),))
    plan = desk.plan(desk.head + desk.steps, account)
    assert (plan.actions, whys(plan)) == ((), ["no email address"])
    text = desk.head + desk.steps + "sending: {without_email: task, days: every day}\n"
    done = desk.play(text, account, range(12))
    assert [(action.kind, action.payload.title) for _, action in done] == [
        (K.TASK, "There is no email address: send the first reminder another way"),
        # 9 days later it is day 14; the gap of 13 days is not over yet
    ]
    assert len(desk.play(text, account, range(30))) == 3
    by_invoice = desk.invoice("i1", 5, email="bills@x.test")
    plan = desk.plan(desk.head + desk.steps, account._replace(invoices=(by_invoice,)))
    assert payload_of(plan.actions[0], ReminderPayload).to == "bills@x.test"


def test_nobody_matches_is_said_for_contacts_that_are_overdue(desk: Desk) -> None:
    text = desk.head + (
        "reminders:\n  - name: Late\n    when: {average_days_late: {more_than: 3}}\n"
        "    steps: [{day: 1, email: a}]\n"
    )
    unsure = desk.plan(text, desk.account(desk.invoice("i1", 5)))
    assert whys(unsure) == [
        (
            "not in cadence 'Late': average_days_late is unknown"
            " (nothing was paid in the last 365 days)"
        )
    ]
    none = desk.plan(
        text.replace("average_days_late", "open_invoices"), desk.account(desk.invoice("i1", 5))
    )
    assert whys(none) == ["no cadence matches"]


def test_skipped_invoices_say_why(desk: Desk) -> None:
    text = desk.head + desk.steps + "    skip_invoices_when: {amount_due: {less_than: 10}}\n"
    plan = desk.plan(text, desk.account(desk.invoice("i1", 5, "9.99")))
    assert whys(plan) == ["skipped: amount_due GBP 9.99 (less than 10)"]
    assert plan.held_back[0].because.facts == {"amount_due": "9.99"}


# Letters and late fees


def test_a_letter_is_part_of_the_contact_moment(desk: Desk) -> None:
    text = desk.head + ("reminders:\n  - name: Post\n    steps: [{day: 1, letter: final notice}]\n")
    just_now = desk.account(desk.invoice("i1", 5), sent=(desk.sent("i9", 1, 1),))
    assert whys(desk.plan(text, just_now)) == [
        "last message on 2026-11-19; 5 days between messages"
    ]
    account = just_now._replace(sent=(desk.sent("i9", 1, 5),))
    (letter,) = desk.plan(text, account).actions
    assert payload_of(letter, LetterPayload).file_name == "final notice I1.pdf"
    assert letter.batch_id
    assert letter.not_before is not None
    held = desk.plan(text, account, offers=frozenset())
    assert whys(held) == ["the accounting system offers no attachment"]


@pytest.mark.parametrize(
    ("fee", "values", "billed"),
    [
        ("40", {}, ("40.00", "GBP")),
        ("2.5%", {}, ("2.50", "GBP")),
        ("40", {"currency": "USD", "rate": Decimal("0.80")}, ("50.00", "USD")),
        ("1%", {"currency": "JPY", "rate": None}, ("1", "JPY")),
    ],
)
def test_a_late_fee_is_in_the_invoice_currency(
    desk: Desk, fee: str, values: Any, billed: tuple[str, str]
) -> None:
    text = desk.head + f"reminders:\n  - name: Fee\n    steps: [{{day: 9, late_fee: {fee}}}]\n"
    (action,) = desk.plan(text, desk.account(desk.invoice("i1", 9, **values))).actions
    fee_payload = payload_of(action, LateFeePayload)
    assert (str(fee_payload.amount), fee_payload.currency) == billed
    assert len(desk.play(text, desk.account(desk.invoice("i1", 9, **values)), range(9))) == 1


def test_a_fixed_late_fee_without_rate_is_held_back(desk: Desk) -> None:
    text = desk.head + "reminders:\n  - name: Fee\n    steps: [{day: 9, late_fee: 40}]\n"
    account = desk.account(desk.invoice("i1", 9, currency="USD", rate=None))
    assert whys(desk.plan(text, account)) == ["late fee: no exchange rate was recorded for I1"]


def test_a_late_fee_rounding_to_nothing_is_held_back(desk: Desk) -> None:
    text = desk.head + "reminders:\n  - name: Fee\n    steps: [{day: 9, late_fee: 0.1%}]\n"
    account = desk.account(desk.invoice("i1", 9, "2.00"))
    assert whys(desk.plan(text, account)) == ["late fee: what it comes to on I1 rounds to nothing"]


# The sending window


def test_messages_wait_for_business_days_in_the_organisations_zone(desk: Desk) -> None:
    text = desk.head + desk.steps
    saturday = date(2026, 11, 21)
    plan = desk.plan(
        text,
        desk.account(desk.invoice("i1", 5)),
        today=saturday,
        holidays=lambda _: lambda day: day == date(2026, 11, 23),
    )
    assert printed(plan_view(plan))["actions"][0]["not_before"] == "2026-11-24T09:00:00+00:00"


def test_an_unknown_time_zone_is_reported_and_becomes_utc(desk: Desk) -> None:
    from arsync.core.ledger.records import Organisation

    account = desk.account(desk.invoice("i1", 5))
    organisation = Organisation("o", "O", "GBP", time_zone="Mars/Olympus")
    plan = desk.plan(desk.head + desk.steps, account, organisation=organisation)
    assert plan.problems == ("the time zone 'Mars/Olympus' is not known: hours are taken as UTC",)
    no_zone = desk.plan(
        desk.head + desk.steps, account, organisation=organisation._replace(time_zone="")
    )
    assert no_zone.problems == ()


def test_the_language_of_a_customer_wins_over_the_rulebook(desk: Desk) -> None:
    text = (
        desk.head
        + desk.steps
        + ("customers: [{contact: c1, language: de}]\nsending: {language: en}\n")
    )
    second = desk.account(desk.invoice("i2", 5, contact="c2"), contacts=(desk.contact("c2"),))
    plan = desk.plan(text, desk.account(desk.invoice("i1", 5)), second)
    assert [action.payload.language_code for action in plan.actions] == ["de", "en"]


@pytest.mark.parametrize(("capability", "left"), [("credit hold", 1), ("payment terms", 1)])
def test_what_the_platform_does_not_offer_is_held_back(
    desk: Desk, capability: str, left: int
) -> None:
    offers = frozenset({"credit hold", "payment terms", "taking payment terms off"} - {capability})
    account = desk.account(desk.invoice("i1", 60, "500"))
    plan = desk.plan(desk.head + TWO_HOLDS, account, offers=offers)
    assert (len(plan.actions), whys(plan)) == (
        left,
        [f"the accounting system offers no {capability}"],
    )


def test_a_missing_cadence_is_reported_for_overdue_contacts_only(desk: Desk) -> None:
    text = desk.head + (
        "reminders: [{name: A, when: {tag: x}, steps: [{day: 1, email: first reminder}]}]\n"
    )
    assert desk.plan(text, desk.account(desk.invoice("i1", -5))).held_back == ()


def test_the_json_plan_is_that_of_the_design(desk: Desk) -> None:
    text = desk.head + desk.steps.replace("final notice}", "final notice, approval: required}")
    account = desk.account(
        desk.invoice("i1", 31, "1940.00"),
        desk.invoice("i2", 20),
        sent=(desk.sent("i1", 14, 16, "second reminder"),),
        promises=(Promise(("i2",), date(2026, 12, 1), None, desk.today),),
    )
    plan = desk.plan(text, account)
    assert printed(plan_view(plan)) == {
        "connection": "acme",
        "as_of": "2026-11-20",
        "rulebook": {"files": ["rules/test.yaml"], "hash": plan.rulebook_hash},
        "actions": [
            {
                "key": plan.actions[0].key,
                "kind": "reminder",
                "contact": {"id": "c1", "name": "Name c1"},
                "invoices": [
                    {
                        "id": "i1",
                        "number": "I1",
                        "amount_due": "1940.00",
                        "currency": "GBP",
                        "step": "final notice",
                    }
                ],
                "step": "final notice",
                "via": "accounting system",
                "state": "planned",
                "not_before": "2026-11-20T09:00:00+00:00",
                "approval": "required",
                "batch": "c1 2026-11-20",
                "episode": 1,
                "note": (
                    "Invoice emailed by the accounting system: 31 days overdue, GBP 1,940.00 due"
                    " (test.yaml:9, Standard), as step final notice."
                ),
                "details": {
                    "cadence": "Standard",
                    "language": "",
                    "to": "c1@x.test",
                    "waits_for": "",
                    "cc": "",
                    "copy_to": "",
                    "sender": "",
                    "attach": [],
                    "platform": "the accounting system",
                    "about_plan": None,
                },
                "because": {
                    "file": "rules/test.yaml",
                    "line": 9,
                    "rule": "Standard",
                    "facts": {"days_overdue": 31, "amount_due": "1940.00", "currency": "GBP"},
                },
            }
        ],
        "held_back": [
            {
                "contact": "Name c1",
                "contact_id": "c1",
                "invoice": "I2",
                "invoice_id": "i2",
                "why": "promise_to_pay open until 2026-12-01",
                "next_date": "2026-12-05",
                "because": None,
            }
        ],
        "paused": [],
        "safety": {"exceeded": False},
        "problems": [],
    }
