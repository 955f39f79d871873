"""A person's hold stands whatever the rules say; a release keeps the rules from holding."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from arsync.core.actions import ActionKind
from arsync.core.ledger.records import HoldDecision, StandingHold

RULES = """version: 1
currency: GBP
credit_holds:
  - {name: Late, when: {oldest_days_overdue: {at_least: 60}}, terms: cash on delivery}
"""
HELD, LIFTED = ActionKind.CREDIT_HOLD, ActionKind.LIFT_CREDIT_HOLD


def decided(desk: Any, *, is_hold: bool, days: int | None = 5) -> HoldDecision:
    until = None if days is None else desk.today + timedelta(days)
    return HoldDecision(is_hold, "cheque bounced", "Jo", desk.today - timedelta(1), until)


def kinds(plan: Any) -> list[ActionKind]:
    return [action.kind for action in plan.actions]


def test_a_hold_by_hand_needs_no_rule(desk: Any) -> None:
    account = desk.account(desk.invoice("i1", 5), hold_decision=decided(desk, is_hold=True))
    (action,) = desk.plan(RULES, account).actions
    words = "held by hand until 2026-11-25 (Jo: cheque bounced)"
    assert (action.kind, action.note) == (HELD, f"Credit hold placed: {words}.")
    assert (action.because.rule, action.needs_approval) == ("by hand", False)
    assert kinds(desk.plan("version: 1\ncurrency: GBP\n", account)) == [HELD]


def test_no_rule_lifts_a_hold_by_hand_early(desk: Any) -> None:
    hold = StandingHold("c1", desk.today, 1)
    account = desk.account(hold=hold, hold_decision=decided(desk, is_hold=True))
    plan = desk.plan(RULES, account)
    assert kinds(plan) == []
    (held,) = plan.held_back
    assert held.why.startswith("the credit hold stays: held by hand until 2026-11-25")
    assert held.next_date == desk.today + timedelta(6)
    assert kinds(desk.plan(RULES, account, today=desk.today + timedelta(6))) == [LIFTED]


def test_a_rule_adds_terms_to_a_manual_hold(desk: Any) -> None:
    account = desk.account(desk.invoice("i1", 90), hold_decision=decided(desk, is_hold=True))
    assert kinds(desk.plan(RULES, account)) == [HELD, ActionKind.TERMS]


def test_a_release_lifts_and_keeps_the_rules_away(desk: Any) -> None:
    late = desk.invoice("i1", 90)
    release = decided(desk, is_hold=False)
    hold = StandingHold("c1", desk.today, 1, terms_changed=True)
    standing = desk.account(late, hold=hold, hold_decision=release, last_hold_episode=1)
    plan = desk.plan(RULES, standing)
    assert kinds(plan) == [LIFTED, ActionKind.RESTORE_TERMS]
    assert "released by hand until 2026-11-25 (Jo: cheque bounced)" in plan.actions[0].note
    lifted = standing._replace(hold=None)
    plan = desk.plan(RULES, lifted)
    assert (kinds(plan), plan.held_back[0].next_date) == ([], desk.today + timedelta(6))
    assert HELD in kinds(desk.plan(RULES, lifted, today=desk.today + timedelta(6)))


@pytest.mark.parametrize(("overdue", "ended"), [(90, ()), (5, ("c1",))])
def test_a_release_without_an_end_lasts_as_its_reasons(
    desk: Any, overdue: int, ended: tuple[str, ...]
) -> None:
    release = decided(desk, is_hold=False, days=None)
    account = desk.account(desk.invoice("i1", overdue), hold_decision=release)
    plan = desk.plan(RULES, account, today=desk.today + timedelta(1))
    assert (kinds(plan), plan.ended_releases) == ([], ended)


def test_who_is_left_alone_is_not_held_by_hand(desk: Any) -> None:
    text = RULES + "leave_alone: [{name: Never, when: {contact: Name c1}}]\n"
    account = desk.account(desk.invoice("i1", 5), hold_decision=decided(desk, is_hold=True))
    assert kinds(desk.plan(text, account)) == []


def test_the_books_show_the_person_beside_the_rules(desk: Any) -> None:
    late = desk.invoice("i1", 90)
    by_hand = desk.account(late, hold_decision=decided(desk, is_hold=True))
    placed = desk.plan(RULES, by_hand).actions[0]
    words = "held by hand until 2026-11-25 (Jo: cheque bounced)"
    assert placed.payload.reasons == (words, "Late")
    assert placed.note.startswith(f"Credit hold placed: {words}; 90 days overdue")
    hold = StandingHold("c1", desk.today, 1, terms_changed=True, reasons=(words, "Late"))
    over = desk.plan(RULES, by_hand._replace(hold=hold), today=desk.today + timedelta(6))
    (told,) = over.actions
    assert (told.kind, told.payload.reasons) == (ActionKind.HOLD_REASONS, ("Late",))
    paid = by_hand._replace(hold=hold, invoices=())
    (shorter,) = desk.plan(RULES, paid).actions
    assert shorter.payload.reasons == (words,)
    assert "reasons now: held by hand until" in shorter.note


def test_a_rules_doubt_keeps_no_hold_by_hand(desk: Any) -> None:
    text = RULES + "  - {name: Slow, when: {average_days_late: {more_than: 9}}}\n"
    words = "held by hand until 2026-11-15 (Jo: cheque bounced)"
    hold = StandingHold("c1", desk.today, 1, reasons=(words,))
    account = desk.account(desk.invoice("i1", 5), hold=hold)
    (lifted,) = desk.plan(text, account).actions
    assert (lifted.kind, words in lifted.note) == (LIFTED, True)
    asked = account._replace(hold=hold._replace(reasons=(words, "Late")))
    assert kinds(desk.plan(text, asked)) == []
