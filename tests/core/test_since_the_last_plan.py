"""What is new in a plan and what is gone, each by its one cause."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from arsync.core.records import Account, Dispute, Organisation
from arsync.core.rulebook import read_rulebook
from arsync.core.since import Cause, Planned, plan_changes, planned
from arsync.core.trial import Trial, TrialDay

Desk = Any
TODAY = date(2026, 11, 20)
THEN = TODAY - timedelta(4)
HOLD = "credit_holds:\n  - name: Old\n    when: {oldest_days_overdue: {at_least: 60}}\n"


def day(text: str, today: date) -> TrialDay:
    rulebook, problems = read_rulebook([("rules/test.yaml", text)])
    assert rulebook is not None, "\n".join(map(str, problems))
    organisation = Organisation("o1", "Acme", "GBP", time_zone="Europe/London")
    offers = frozenset({"credit hold", "payment terms", "email by the accounting system"})
    return Trial("acme", organisation, offers, lambda _: lambda _: False).day(rulebook, today)


def plan_then(text: str, account: Account) -> list[Planned]:
    return [planned(one) for one in day(text, THEN).treat(account).actions]


def changes(
    old: str, new: str, then: Account, now: Account, today: date = TODAY
) -> list[tuple[Cause, bool, str]]:
    stages = day(old, THEN), day(new, THEN), day(new, today)
    found = plan_changes([now], plan_then(old, then), stages)
    return [(one.cause, one.is_new, one.planned.what) for one in found]


def test_the_same_day_rules_and_data_are_the_same_plan(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", 90))
    text = desk.head + desk.steps + HOLD
    assert changes(text, text, account, account, THEN) == []


def test_an_invoice_that_became_due_is_new_because_time_passed(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", 2))
    text = desk.head + desk.steps
    assert changes(text, text, account, account) == [
        (Cause.TIME, False, "reminder: upcoming"),
        (Cause.TIME, True, "reminder: first reminder"),
    ]


def test_a_dispute_takes_an_action_away_because_the_data_changed(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", 9))
    disputed = account._replace(disputes=(Dispute("i1", THEN, "wrong price"),))
    text = desk.head + desk.steps
    assert changes(text, text, account, disputed) == [
        (Cause.DATA, False, "reminder: first reminder")
    ]


def test_a_looser_rule_takes_a_hold_away_because_the_rule_changed(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", 70))
    old, new = desk.head + HOLD, desk.head + HOLD.replace("60", "100")
    assert changes(old, new, account, account) == [(Cause.RULE, False, "credit hold")]
    assert changes(new, old, account, account) == [(Cause.RULE, True, "credit hold")]


def test_what_was_done_is_gone_because_it_was_done(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", 9))
    text = desk.head + desk.steps
    (key,) = [one.key for one in plan_then(text, account)]
    done = account._replace(
        done_keys=frozenset({key}), sent=(desk.sent("i1", 1, 4, "first reminder"),)
    )
    assert changes(text, text, account, done) == [(Cause.DONE, False, "reminder: first reminder")]


def test_each_change_has_the_last_cause_that_brought_it(desk: Desk) -> None:
    # The new invoice would not have been chased by the old rules, nor on the old day by the new.
    account = desk.account(desk.invoice("i1", 2))
    first = desk.head + desk.steps.replace("day: 1,", "day: 9,").replace("day: -3", "day: -1")
    second = desk.head + desk.steps.replace("      - {day: -3, email: upcoming}\n", "")
    found = changes(first, second, desk.account(), account)
    assert found == [(Cause.TIME, True, "reminder: first reminder")]


def test_a_customer_who_is_gone_takes_his_actions_along(desk: Desk) -> None:
    text = desk.head + desk.steps
    last = plan_then(text, desk.account(desk.invoice("i1", 9)))
    other = desk.account(contacts=(desk.contact("c9"),))
    stage = day(text, TODAY)
    (found,) = plan_changes([other], last, (stage, stage, stage))
    assert (found.cause, found.is_new) == (Cause.DATA, False)
    assert found.as_json()["because"]["rule"] == "Standard"
