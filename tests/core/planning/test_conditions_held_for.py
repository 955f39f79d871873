"""`for: 7 days` beside conditions: how long they have held, as far as anybody looked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest

from arsync.core.actions import ActionKind
from arsync.core.ledger.held_since import after_seen
from arsync.core.ledger.records import Account, HeldSince
from arsync.core.rulebook import read_rulebook

RULES = """version: 1
currency: GBP
credit_limits: [{name: All, limit: 1000}]
credit_holds:
  - {name: Over, when: {over_limit_percent: {more_than: 10}, for: 7 days}}
"""
OVER, UNDER = "2000.00", "500.00"


def played(
    desk: Any, text: str, owed: Sequence[str | None], begin: Account | None = None
) -> list[list[ActionKind]]:
    """Plan day after day what is owed; None: no rate is known, so nobody can say."""
    done: list[list[ActionKind]] = []
    account = begin or desk.account()
    for offset, amount in enumerate(owed):
        today = desk.today + timedelta(offset)
        values = {"currency": "EUR", "rate": None} if amount is None else {}
        invoice = desk.invoice("i1", -20, amount or OVER, **values)
        account = account._replace(invoices=(invoice,))
        plan = desk.plan(text, account, today=today)
        account = after_seen(account, plan.seen, plan.watched)
        done.append([action.kind for action in plan.actions])
    return done


def first_day(plans: list[list[ActionKind]]) -> int | None:
    return next((day for day, kinds in enumerate(plans) if kinds), None)


@pytest.mark.parametrize(
    ("owed", "day"),
    [
        ([OVER] * 9, 7),
        ([UNDER, UNDER, *[OVER] * 9], 9),
        ([OVER] * 3 + [UNDER] + [OVER] * 9, 11),
        # Three unknown days neither count nor end the count.
        ([OVER] * 3 + [None] * 3 + [OVER] * 9, 10),
    ],
)
def test_it_counts_from_the_first_day_seen(desk: Any, owed: list[str | None], day: int) -> None:
    assert first_day(played(desk, RULES, owed)) == day


def test_a_day_without_a_run_counts(desk: Any) -> None:
    account = desk.account(desk.invoice("i1", -20, OVER))
    plan = desk.plan(RULES, account)
    account = after_seen(account, plan.seen, plan.watched)
    later = desk.today + timedelta(7)
    (action,) = desk.plan(RULES, account, today=later).actions
    assert action.because.facts["held_for_days"] == [7]
    assert "100% over the limit of GBP 1,000.00, 10% allowed, for 7 days" in action.note


def test_before_anybody_looked_it_is_unknown(desk: Any) -> None:
    account = desk.account(desk.invoice("i1", -20, OVER))
    (held,) = desk.plan(RULES, account).held_back
    assert "for how long it has held is unknown" in held.why
    assert desk.plan(RULES, account._replace(watched=frozenset({"other"}))).held_back


def test_other_days_and_another_place_keep_the_count(desk: Any) -> None:
    account = desk.account(desk.invoice("i1", -20, OVER))
    plan = desk.plan(RULES, account)
    account = after_seen(account, plan.seen, plan.watched)
    moved = RULES.replace("name: Over", "name: Longer").replace("7 days", "3 days")
    later = desk.today + timedelta(3)
    assert [a.kind for a in desk.plan(moved, account, today=later).actions] == [
        ActionKind.CREDIT_HOLD
    ]


def test_an_invoice_is_skipped_once_it_lasted(desk: Any) -> None:
    text = """version: 1
currency: GBP
reminders:
  - name: Standard
    skip_invoices_when: {amount_due: {less_than: 150}, for: 2 days}
    steps: [{day: 1, email: first reminder}]
sending: {days: every day}
"""
    account = desk.account(desk.invoice("i1", 5))
    plans = []
    for offset in range(4):
        today = desk.today + timedelta(offset)
        plan = desk.plan(text, account, today=today)
        plans.append([action.kind for action in plan.actions])
        account = after_seen(account, plan.seen, plan.watched)
    # Unknown on the first day, which protects; then certainly not yet, then long enough.
    assert plans == [[], [ActionKind.REMINDER], [], []]
    paid = account._replace(invoices=())
    gone = desk.plan(text, paid, today=desk.today + timedelta(4))
    assert [(seen.subject, seen.state) for seen in gone.seen] == [("i1", None)]


def test_a_family_has_a_count_of_its_own(desk: Any) -> None:
    contacts = (desk.contact("c1"), desk.contact("c2", parent_id="c1"))
    account = desk.account(desk.invoice("i1", -20, OVER, contact="c2"), contacts=contacts)
    plan = desk.plan(RULES, account)
    assert {seen.subject for seen in plan.seen if seen.state} == {"family c1", "c1", "c2"}


@pytest.mark.parametrize(
    ("when", "words"),
    [
        ("{for: 7 days}", "'for' needs a condition beside it"),
        ("{on_hold: no, for: a week}", "it must be a number of days, up to 3,650"),
        ("{on_hold: no, for: 4000 days}", "it must be a number of days, up to 3,650"),
        ("{any: {on_hold: no, for: 7 days}}", "the lines of 'any' stand for themselves"),
    ],
)
def test_a_span_that_cannot_be_read_is_a_problem(when: str, words: str) -> None:
    text = f"version: 1\ncurrency: GBP\ncredit_holds:\n  - name: X\n    when: {when}\n"
    rulebook, problems = read_rulebook([("r.yaml", text)])
    assert rulebook is None
    assert words in problems[0].message
    assert (problems[0].line, problems[0].column > 11) == (5, True)


def test_a_later_look_back_knows_no_earlier_day(desk: Any) -> None:
    account = desk.account(desk.invoice("i1", -20, OVER))
    plan = desk.plan(RULES, account)
    ((condition, _, _),) = plan.seen
    known = account._replace(
        held_since={(condition, "c1"): HeldSince(desk.today)}, watched=frozenset({condition})
    )
    before = date(2026, 11, 15)
    assert desk.plan(RULES, known, today=before).actions == ()
