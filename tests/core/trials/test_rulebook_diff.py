"""What two rulebooks decide otherwise, and the lines that say so."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.builders.printed import printed
from tests.builders.rulebooks import a_rulebook

from arsync.core.ledger.records import Account, Organisation, StandingHold
from arsync.core.rulebook import Rulebook
from arsync.core.trials.rulebook_diff import ChangeKind, CustomerDifference, customer_differences
from arsync.core.trials.trial import Trial

Desk = Any
TODAY = date(2026, 11, 20)
HOLD = "credit_holds:\n  - name: Old\n    when: {oldest_days_overdue: {at_least: 60}}\n"
LIMIT = "credit_limits:\n  - name: Everyone\n    limit: 1,000\n"


def the_trial() -> Trial:
    offers = frozenset(
        {
            "credit hold",
            "payment terms",
            "taking payment terms off",
            "email by the accounting system",
        }
    )
    organisation = Organisation("o1", "Acme", "GBP", time_zone="Europe/London")
    return Trial("acme", organisation, offers, lambda _: lambda _: False)


def read(name: str, text: str) -> Rulebook:
    return a_rulebook(text, name)


def diff(old: str, new: str, *accounts: Account) -> list[CustomerDifference]:
    trial = the_trial()
    before, after = read("old.yaml", old), read("new.yaml", new)
    return list(customer_differences(accounts, trial.day(before, TODAY), trial.day(after, TODAY)))


def only(found: list[CustomerDifference]) -> Any:
    assert len(found) == 1
    assert len(found[0].changes) == 1
    return found[0].changes[0]


def where(side: Any) -> tuple[str, int]:
    return side.because.file, side.because.line


def test_moving_lines_in_a_rulebook_makes_no_difference(desk: Desk) -> None:
    text = desk.head + LIMIT + HOLD + desk.steps
    moved = "# a comment\n\n" + text.replace("    steps:", "    # why\n    steps:")
    account = desk.account(desk.invoice("i1", 90), desk.invoice("i2", 3))
    assert diff(text, moved, account) == []


def test_a_hold_that_starts_names_both_lines(desk: Desk) -> None:
    old = desk.head + HOLD
    new = "\n" + old.replace("60", "30")
    change = only(diff(old, new, desk.account(desk.invoice("i1", 45))))
    assert change.kind is ChangeKind.STARTS
    assert (change.old.text, where(change.old)) == ("does not apply", ("old.yaml", 4))
    assert (change.new.text, where(change.new)) == ("credit hold", ("new.yaml", 5))


def test_a_removed_rule_is_reported_as_removed(desk: Desk) -> None:
    change = only(
        diff(desk.head + HOLD + LIMIT, desk.head + LIMIT, desk.account(desk.invoice("i1", 90)))
    )
    assert change.kind is ChangeKind.STOPS
    assert (change.old.text, change.new.text) == ("credit hold", "no such rule")
    assert change.new.because is None


def test_a_stopped_reminder_names_the_line_stopping_it(desk: Desk) -> None:
    old = desk.head + desk.steps
    alone = "leave_alone:\n  - name: Friends\n    when: {contact: Name c1}\n"
    change = only(diff(old, desk.head + alone + desk.steps, desk.account(desk.invoice("i1", 3))))
    assert change.kind is ChangeKind.STOPS
    assert change.about == "I1"
    assert (change.new.text, where(change.new)) == (
        "held back: excluded: Friends",
        ("new.yaml", 4),
    )


def test_a_step_that_moves_is_one_change_not_two(desk: Desk) -> None:
    new = desk.steps.replace("day: 1, email: first reminder", "day: 2, email: softer reminder")
    account = desk.account(desk.invoice("i1", 3))
    change = only(diff(desk.head + desk.steps, desk.head + new, account))
    assert change.kind is ChangeKind.OTHERWISE
    assert change.old.text == "reminder: first reminder, day 1"
    assert change.new.text == "reminder: softer reminder, day 2"


def test_a_step_not_yet_due_names_the_cadence(desk: Desk) -> None:
    new = desk.steps.replace("day: 1,", "day: 9,")
    account = desk.account(desk.invoice("i1", 3))
    change = only(diff(desk.head + desk.steps, desk.head + new, account))
    assert (change.kind, change.new.text) == (ChangeKind.STOPS, "no step is due")
    assert where(change.new) == ("new.yaml", 4)


def test_a_newly_required_approval_is_a_change(desk: Desk) -> None:
    new = HOLD + "    approval: required\n"
    account = desk.account(desk.invoice("i1", 90))
    change = only(diff(desk.head + HOLD, desk.head + new, account))
    assert change.kind is ChangeKind.OTHERWISE
    assert change.new.text == "credit hold, needs approval"


def test_a_limit_that_changes_is_shown_with_its_rule(desk: Desk) -> None:
    new = LIMIT.replace("1,000", "2,000")
    change = only(diff(desk.head + LIMIT, desk.head + new, desk.account()))
    assert change.kind is ChangeKind.LIMIT
    assert (change.old.text, change.new.text) == (
        "credit limit GBP 1,000.00",
        "credit limit GBP 2,000.00",
    )
    gone = only(diff(desk.head + LIMIT + HOLD, desk.head + HOLD, desk.account()))
    assert gone.new.text == "credit limit unknown"
    free = LIMIT.replace("1,000", "no limit")
    assert only(diff(desk.head + LIMIT, desk.head + free, desk.account())).new.text == "no limit"


def test_lifting_a_current_hold_is_a_change(desk: Desk) -> None:
    hold = StandingHold("c1", date(2026, 9, 1), 1)
    account = desk.account(desk.invoice("i1", 90), hold=hold, last_hold_episode=1)
    looser = desk.head + HOLD.replace("60", "100")
    change = only(diff(desk.head + HOLD, looser, account))
    assert (change.kind, change.old.text) == (ChangeKind.STARTS, "the hold stays")
    assert (where(change.old), change.new.text) == (("old.yaml", 4), "lift credit hold")


def test_another_reason_to_hold_back_is_a_change(desk: Desk) -> None:
    first = "leave_alone:\n  - name: Friends\n    when: {contact: Name c1}\n"
    account = desk.account(desk.invoice("i1", 3))
    old = desk.head + first + desk.steps
    change = only(diff(old, old.replace("Friends", "Family"), account))
    assert (change.kind, change.about) == (ChangeKind.HELD_BACK, "")
    assert change.new.text == "held back: excluded: Family"


def test_the_json_change_has_both_actions_and_facts(desk: Desk) -> None:
    differing = diff(
        desk.head + HOLD, desk.head + HOLD.replace("60", "30"), desk.account(desk.invoice("i1", 45))
    )
    shown = printed(differing[0])
    assert shown["contact"] == {"id": "c1", "name": "Name c1"}
    new = shown["changes"][0]["new"]
    assert new["because"]["facts"] == {"oldest_days_overdue": 45}
    assert new["action"]["kind"] == "credit_hold"
