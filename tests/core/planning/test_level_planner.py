"""The reminder level follows what was sent about what is owed, and changes on certainty alone."""

from __future__ import annotations

from typing import Any

import pytest

from arsync.core.actions import Action, ActionKind, ReminderLevelPayload, payload_of
from arsync.core.actions.effects import after, after_refusal
from arsync.core.ledger.records import Account, ContactStatus, SentStep, ShownLevel
from arsync.core.planning.plan import Plan
from arsync.outbox.recheck import as_before

Desk = Any
SHOWN = "sending: {days: every day, reminder_level: shown}\n"
TEXTS = {-3: "upcoming", 1: "first reminder", 14: "second reminder", 30: "final notice"}


def sent(desk: Desk, invoice: str, *days: int, cadence: str = "Standard") -> tuple[SentStep, ...]:
    return tuple(SentStep(invoice, 1, cadence, day, TEXTS[day], desk.today, "m") for day in days)


def levels(plan: Plan) -> list[Action]:
    return [action for action in plan.actions if action.kind is ActionKind.REMINDER_LEVEL]


def planned(desk: Desk, account: Account, sending: str = SHOWN) -> list[tuple[int, int]]:
    payloads = [
        payload_of(action, ReminderLevelPayload)
        for action in levels(desk.plan(desk.head + desk.steps + sending, account))
    ]
    return [(payload.level, payload.shown) for payload in payloads]


def reminded(desk: Desk, *days: int, **values: Any) -> Account:
    account: Account = desk.account(desk.invoice("i1", 15), **values)
    return account._replace(sent=sent(desk, "i1", *days))


def test_the_highest_message_is_counted_within_its_cadence(desk: Desk) -> None:
    assert planned(desk, reminded(desk)) == []
    assert planned(desk, reminded(desk, -3)) == [(1, 0)]
    account = desk.account(desk.invoice("i1", 15), desk.invoice("i2", 3))
    account = account._replace(sent=sent(desk, "i1", -3, 1, 14) + sent(desk, "i2", 1))
    (action,) = levels(desk.plan(desk.head + desk.steps + SHOWN, account))
    assert action.payload.title == "3: second reminder"
    assert action.note == (
        "Reminder level 3: second reminder, sent on 2026-11-20 (test.yaml:8, Standard)."
    )


def test_without_the_word_nothing_is_planned(desk: Desk) -> None:
    assert planned(desk, reminded(desk, 1), desk.daily) == []
    assert planned(desk, reminded(desk, 1), "sending: {reminder_level: not shown}\n") == []


def test_what_stands_is_not_planned_again(desk: Desk) -> None:
    account = reminded(desk, 1)
    plan = desk.plan(desk.head + desk.steps + SHOWN, account)
    account = after(account, levels(plan), desk.today)
    assert account.shown_levels == {"c1": ShownLevel(2, 1)}
    assert planned(desk, account) == []


def test_a_level_that_comes_again_has_another_key(desk: Desk) -> None:
    owing = reminded(desk, 1)
    keys, account = [], owing
    for invoices in (owing.invoices, (), owing.invoices, ()):
        account = account._replace(invoices=invoices)
        actions = levels(desk.plan(desk.head + desk.steps + SHOWN, account))
        account = after(account, actions, desk.today)
        keys += [action.key for action in actions]
    assert len(set(keys)) == 4
    assert account.shown_levels == {"c1": ShownLevel(0, 4)}


def test_it_falls_to_what_is_still_owed(desk: Desk) -> None:
    account = desk.account(desk.invoice("i2", 3))._replace(shown_levels={"c1": ShownLevel(3, 2)})
    account = account._replace(sent=sent(desk, "i1", 1, 14) + sent(desk, "i2", 1))
    assert planned(desk, account) == [(2, 3)]


def test_unapplied_cash_that_covers_all_clears_it(desk: Desk) -> None:
    account = reminded(desk, 1)._replace(
        shown_levels={"c1": ShownLevel(2, 1)}, credits=(desk.credit("100.00"),)
    )
    assert planned(desk, account) == [(0, 2)]


@pytest.mark.parametrize("doubt", [{"doubts": ("apart",)}, {"unreadable": ("INV-9",)}])
def test_figures_in_doubt_change_nothing(desk: Desk, doubt: dict[str, Any]) -> None:
    account = desk.account()._replace(shown_levels={"c1": ShownLevel(2, 1)}, **doubt)
    plan = desk.plan(desk.head + desk.steps + SHOWN, account)
    assert levels(plan) == []
    assert "the reminder level stays 2: " in plan.held_back[0].why


def test_a_step_of_an_unknown_cadence_changes_nothing(desk: Desk) -> None:
    rules = desk.head + desk.steps.replace("    steps:", "    when: {group: [VIP]}\n    steps:")
    rules = rules.replace("{group: [VIP]}", "{contact_group: VIP}") + SHOWN
    account = desk.account(desk.invoice("i1", 15))
    account = account._replace(sent=sent(desk, "i1", 14, cadence="Old name"))
    account = account._replace(shown_levels={"c1": ShownLevel(1, 1)})
    assert levels(desk.plan(rules, account)) == []
    assert planned(desk, account) == [(3, 1)]


def test_taking_the_word_out_clears_what_is_shown(desk: Desk) -> None:
    account = reminded(desk, 1)._replace(shown_levels={"c1": ShownLevel(2, 1)})
    assert planned(desk, account, desk.daily) == [(0, 2)]


def test_an_archived_contact_is_left_as_it_is(desk: Desk) -> None:
    account = reminded(desk, 1)
    gone = account.contacts[0]._replace(status=ContactStatus.ARCHIVED)
    assert planned(desk, account._replace(contacts=(gone,))) == []


def test_whoever_is_left_alone_has_no_level(desk: Desk) -> None:
    alone = "leave_alone:\n  - {name: Friends, when: {contact: Name c1}}\n"
    account = reminded(desk, 1)._replace(shown_levels={"c1": ShownLevel(2, 1)})
    assert planned(desk, account, SHOWN + alone) == [(0, 2)]


def test_a_refused_level_waits_for_the_next(desk: Desk) -> None:
    account = reminded(desk, 1)
    refused = levels(desk.plan(desk.head + desk.steps + SHOWN, account))
    account = after_refusal(account, refused)
    assert planned(desk, account) == []
    assert planned(desk, account._replace(sent=sent(desk, "i1", 1, 14))) == [(3, 0)]


def test_a_claimed_level_is_asked_for_again(desk: Desk) -> None:
    account = reminded(desk, 1)._replace(shown_levels={"c1": ShownLevel(1, 4)})
    (action,) = levels(desk.plan(desk.head + desk.steps + SHOWN, account))
    claimed = after(account, [action], desk.today)
    again = levels(desk.plan(desk.head + desk.steps + SHOWN, as_before(claimed, action)))
    assert [planned_again.key for planned_again in again] == [action.key]


def test_a_child_billed_to_its_parent_keeps_no_level(desk: Desk) -> None:
    child = desk.contact("c2", parent_id="c1", bill_to_parent=True)
    account = desk.account(desk.invoice("i2", 15, contact="c2"), contacts=(desk.contact(), child))
    account = account._replace(sent=sent(desk, "i2", 1))
    account = account._replace(shown_levels={"c2": ShownLevel(2, 1)})
    actions = levels(desk.plan(desk.head + desk.steps + SHOWN, account))
    shown = {action.contact_id: action.payload.title for action in actions}
    assert shown == {"c1": "2: first reminder", "c2": "none any more, it was 2"}
