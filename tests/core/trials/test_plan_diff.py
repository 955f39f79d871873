"""What is new in a plan and what is gone, each by its one cause."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from tests.builders.rulebooks import a_rulebook

from arsync.core.ledger.records import Account, Dispute, Organisation
from arsync.core.planning.plan import Planned
from arsync.core.trials.plan_diff import (
    Cause,
    How,
    plan_change_view,
    plan_changes,
    planned,
)
from arsync.core.trials.trial import Trial, TrialDay

Desk = Any
TODAY = date(2026, 11, 20)
THEN = TODAY - timedelta(4)
HOLD = "credit_holds:\n  - name: Old\n    when: {oldest_days_overdue: {at_least: 60}}\n"


def day(text: str, today: date) -> TrialDay:
    rulebook = a_rulebook(text)
    organisation = Organisation("o1", "Acme", "GBP", time_zone="Europe/London")
    offers = frozenset(
        {
            "credit hold",
            "payment terms",
            "taking payment terms off",
            "email by the accounting system",
        }
    )
    return Trial("acme", organisation, offers, lambda _: lambda _: False).day(rulebook, today)


def plan_then(text: str, account: Account) -> list[Planned]:
    return [planned(action) for action in day(text, THEN).treat(account).actions]


def changes(
    old: str, new: str, then: Account, now: Account, today: date = TODAY
) -> list[tuple[Cause, How, str]]:
    stages = day(old, THEN), day(new, THEN), day(new, today)
    changes = plan_changes([now], plan_then(old, then), stages)
    return [
        (plan_change.cause, plan_change.how, plan_change.planned.what) for plan_change in changes
    ]


def test_the_same_inputs_give_the_same_plan(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", 90))
    text = desk.head + desk.steps + HOLD
    assert changes(text, text, account, account, THEN) == []


def test_a_newly_due_invoice_is_explained_by_time(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", 2))
    text = desk.head + desk.steps
    assert changes(text, text, account, account) == [
        (Cause.TIME, How.GONE, "reminder: upcoming"),
        (Cause.TIME, How.NEW, "reminder: first reminder"),
    ]


def test_an_action_removed_by_a_dispute_is_explained(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", 9))
    disputed = account._replace(disputes=(Dispute("i1", THEN, "wrong price"),))
    text = desk.head + desk.steps
    assert changes(text, text, account, disputed) == [
        (Cause.DATA, How.GONE, "reminder: first reminder")
    ]


def test_a_hold_removed_by_a_looser_rule_is_explained(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", 70))
    old, new = desk.head + HOLD, desk.head + HOLD.replace("60", "100")
    assert changes(old, new, account, account) == [(Cause.RULE, How.GONE, "credit hold")]
    assert changes(new, old, account, account) == [(Cause.RULE, How.NEW, "credit hold")]


def test_what_was_done_is_gone_because_it_was_done(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", 9))
    text = desk.head + desk.steps
    (key,) = [action.key for action in plan_then(text, account)]
    done = account._replace(
        done_keys=frozenset({key}), sent=(desk.sent("i1", 1, 4, "first reminder"),)
    )
    assert changes(text, text, account, done) == [
        (Cause.DONE, How.GONE, "reminder: first reminder")
    ]


def test_each_change_has_the_last_cause_that_brought_it(desk: Desk) -> None:
    # The new invoice would not have been chased by the old rules, nor on the old day by the new.
    account = desk.account(desk.invoice("i1", 2))
    first = desk.head + desk.steps.replace("day: 1,", "day: 9,").replace("day: -3", "day: -1")
    second = desk.head + desk.steps.replace("      - {day: -3, email: upcoming}\n", "")
    differing = changes(first, second, desk.account(), account)
    assert differing == [(Cause.TIME, How.NEW, "reminder: first reminder")]


def test_a_customer_who_is_gone_takes_his_actions_along(desk: Desk) -> None:
    text = desk.head + desk.steps
    last = plan_then(text, desk.account(desk.invoice("i1", 9)))
    stranger = desk.account(contacts=(desk.contact("c9"),))
    stage = day(text, TODAY)
    (plan_change,) = plan_changes([stranger], last, (stage, stage, stage))
    assert (plan_change.cause, plan_change.how) == (Cause.DATA, How.GONE)
    assert plan_change_view(plan_change).because.rule == "Standard"


def parts(
    old: str, new: str, then: Account, now: Account, today: date = TODAY
) -> list[tuple[Cause, str]]:
    stages = day(old, THEN), day(new, THEN), day(new, today)
    changes = list(plan_changes([now], plan_then(old, then), stages))
    assert {plan_change.how for plan_change in changes} <= {How.CHANGED}
    return [
        (plan_change.cause, str(change_part))
        for plan_change in changes
        for change_part in plan_change.qualities
    ]


def test_another_amount_is_a_change_because_the_data_changed(desk: Desk) -> None:
    text = desk.head + desk.steps
    before, after = (desk.account(desk.invoice("i1", 9, due)) for due in ("250.00", "100.00"))
    assert parts(text, text, before, after) == [
        (Cause.DATA, "amount due: GBP 250.00 -> GBP 100.00")
    ]


def test_a_step_newly_needing_approval_is_explained(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", 9))
    old = desk.head + desk.steps
    new = old.replace("first reminder}", "first reminder, approval: required}")
    assert new != old
    assert parts(old, new, account, account) == [
        (Cause.RULE, "approval: by the rulebook -> by a person")
    ]


def test_another_text_at_the_same_step_is_explained(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", 9))
    old = desk.head + desk.steps
    new = old.replace("email: first reminder", "email: second reminder")
    assert parts(old, new, account, account) == [
        (Cause.RULE, "action: reminder: first reminder -> reminder: second reminder")
    ]


def test_a_message_delayed_to_monday_is_explained_by_time(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", 9))
    text = desk.head + desk.steps + "sending:\n  days: business days\n"
    saturday = date(2026, 11, 21)
    assert parts(text, text, account, account, saturday) == [
        (Cause.TIME, "not before: 2026-11-16 -> 2026-11-23")
    ]
    assert parts(text, text, account, account, TODAY) == []  # both could leave at once


def test_a_rule_moved_to_another_line_changes_no_action(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", 9))
    old = desk.head + desk.steps
    new = desk.head + "# a comment\n" + desk.steps
    stages = day(old, THEN), day(new, THEN), day(new, TODAY)
    (plan_change,) = plan_changes([account], plan_then(old, account), stages)
    assert (plan_change.cause, plan_change.only_moved) == (Cause.RULE, True)


def test_one_change_can_have_several_separate_causes(desk: Desk) -> None:
    head = desk.head + "sending:\n  days: business days\n"
    before, after = (desk.account(desk.invoice("i1", 9, due)) for due in ("250.00", "100.00"))
    new = head + desk.steps.replace("first reminder}", "first reminder, approval: required}")
    assert parts(head + desk.steps, new, before, after, date(2026, 11, 21)) == [
        (Cause.DATA, "amount due: GBP 250.00 -> GBP 100.00"),
        (Cause.RULE, "approval: by the rulebook -> by a person"),
        (Cause.TIME, "not before: 2026-11-16 -> 2026-11-23"),
    ]


def test_older_plans_show_only_added_and_removed_actions(desk: Desk) -> None:
    text = desk.head + desk.steps
    before, after = (desk.account(desk.invoice("i1", 9, due)) for due in ("250.00", "100.00"))
    last = [Planned(*action[:8]) for action in plan_then(text, before)]
    stage = day(text, TODAY)
    assert list(plan_changes([after], last, (stage, stage, stage))) == []
