"""The books show every reason of a hold, in words, kept up to date; the lift cites its rule."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from arsync.core.actions import ActionKind, HoldReasonsPayload, payload_of
from arsync.core.actions.effects import after, after_reasons, after_refusal
from arsync.core.actions.message_words import what_leaves
from arsync.core.ledger.records import Account, HoldDecision, HoldOrigin, StandingHold
from arsync.core.planning.plan import Plan
from arsync.outbox.recheck import as_before

Desk = Any
K = ActionKind
RULES = (
    "credit_limits:\n  - {name: Everyone, limit: 5000}\n"
    "credit_holds:\n"
    "  - {name: Over, when: {over_limit_percent: {more_than: 10}}}\n"
    "  - {name: Old, when: {oldest_days_overdue: {at_least: 60}}, terms: cash on delivery}\n"
    "  - {name: Bad payer, when: {average_days_late: {at_least: 30}}}\n"
)


def notes(plan: Plan) -> dict[ActionKind, str]:
    return {action.kind: action.note for action in plan.actions}


def held(desk: Desk, account: Account) -> Account:
    """Return the account after the hold that it asks for was placed."""
    return after(account, desk.plan(desk.head + RULES, account).actions, desk.today)


def test_a_hold_is_placed_with_every_reason_in_words(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", 81, "6000"))
    plan = desk.plan(desk.head + RULES, account)
    assert notes(plan)[K.CREDIT_HOLD] == (
        "Credit hold placed: 20% over the limit of GBP 5,000.00, 10% allowed (test.yaml:6, Over);"
        " 81 days overdue, 60 allowed (test.yaml:7, Old)."
    )
    hold = held(desk, account).hold
    assert hold is not None
    assert (hold.reasons, hold.origin) == (
        ("Over", "Old"),
        HoldOrigin("rules/test.yaml", 6, "Over"),
    )


def test_other_reasons_are_written_anew_not_other_figures(desk: Desk) -> None:
    account = held(desk, desk.account(desk.invoice("i1", 81, "6000")))
    older = account._replace(invoices=(desk.invoice("i1", 90, "7000"),))
    assert not desk.plan(desk.head + RULES, older).actions
    less = account._replace(invoices=(desk.invoice("i1", 81, "1000"),))
    (action,) = desk.plan(desk.head + RULES, less).actions
    assert action.note == (
        "Credit hold, reasons now: 81 days overdue, 60 allowed (test.yaml:7, Old)."
    )
    payload = payload_of(action, HoldReasonsPayload)
    assert (payload.reasons, payload.shown) == (("Old",), ("Over", "Old"))
    assert not desk.plan(desk.head + RULES, after(less, [action], desk.today)).actions


def test_a_reason_that_comes_again_is_written_again(desk: Desk) -> None:
    account = held(desk, desk.account(desk.invoice("i1", 81, "1000")))
    keys = []
    for amount in ("6000", "1000", "6000"):
        account = account._replace(invoices=(desk.invoice("i1", 81, amount),))
        actions = desk.plan(desk.head + RULES, account).actions
        assert [action.kind for action in actions] == [K.HOLD_REASONS]
        account = after(account, actions, desk.today)
        keys += [action.key for action in actions]
    assert len(set(keys)) == 3


def test_a_reason_nobody_can_decide_stays_in_the_books(desk: Desk) -> None:
    late = desk.invoice("p1", 100, "9", amount_due="0", status="paid", paid_on=desk.today)
    account = held(desk, desk.account(desk.invoice("i1", 81, "1000"), late))
    assert account.hold is not None
    assert account.hold.reasons == ("Old", "Bad payer")
    forgotten = account._replace(invoices=(desk.invoice("i1", 81, "1000"),))
    assert not desk.plan(desk.head + RULES, forgotten).actions


def test_a_hold_of_unknown_reasons_is_not_rewritten(desk: Desk) -> None:
    hold = StandingHold("c1", date(2026, 10, 1), 1, terms_changed=True)
    account = desk.account(desk.invoice("i1", 81, "6000"), hold=hold)
    assert not desk.plan(desk.head + RULES, account).actions


def test_a_claimed_update_would_be_planned_again(desk: Desk) -> None:
    account = held(desk, desk.account(desk.invoice("i1", 81, "6000")))
    account = account._replace(invoices=(desk.invoice("i1", 81, "1000"),))
    (action,) = desk.plan(desk.head + RULES, account).actions
    claimed = after(account, [action], desk.today)
    again = desk.plan(desk.head + RULES, as_before(claimed, action)).actions
    assert [found.key for found in again] == [action.key]


def test_the_lift_cites_the_rule_whose_hold_it_was(desk: Desk) -> None:
    account = held(desk, desk.account(desk.invoice("i1", 81, "1000")))
    newer = account._replace(invoices=(desk.invoice("i2", -5),))
    assert not desk.plan(desk.head + RULES, newer).actions, "is it a bad payer?"
    two = RULES[: RULES.index("  - {name: Bad payer")]
    plan = desk.plan(desk.head + two, newer)
    assert notes(plan) == {
        K.LIFT_CREDIT_HOLD: ("Credit hold lifted: 0 days overdue, 60 allowed (test.yaml:7, Old)."),
        K.RESTORE_TERMS: ("Payment terms restored: the credit hold is lifted (test.yaml:7, Old)."),
    }
    assert {action.because.rule for action in plan.actions} == {"Old"}


def test_the_lift_says_that_nothing_is_owed(desk: Desk) -> None:
    account = held(desk, desk.account(desk.invoice("i1", 81, "6000")))
    paid = account._replace(invoices=())
    assert notes(desk.plan(desk.head + RULES, paid))[K.LIFT_CREDIT_HOLD] == (
        "Credit hold lifted: nothing is owed (test.yaml:6, Over; test.yaml:7, Old)."
    )


def test_the_lift_cites_a_rule_that_was_deleted(desk: Desk) -> None:
    account = held(desk, desk.account(desk.invoice("i1", 81, "1000")))
    assert notes(desk.plan(desk.head, account))[K.LIFT_CREDIT_HOLD] == (
        "Credit hold lifted: no longer in the rulebook (test.yaml:7, Old)."
    )


def test_a_person_releases_where_a_rule_says_so(desk: Desk) -> None:
    text = desk.head + (
        "credit_holds:\n"
        "  - {name: Old, when: {oldest_days_overdue: {at_least: 60}}, release: approval,"
        " terms: cash on delivery}\n"
        "  - {name: Much, when: {overdue_amount: {at_least: 500}}, release: automatic}\n"
    )
    account = desk.account(desk.invoice("i1", 81, "1000"))
    account = after(account, desk.plan(text, account).actions, desk.today)
    # A rule that has stopped asking still counts: it is its hold as well.
    newer = account._replace(invoices=(desk.invoice("i1", 5, "1000"),))
    account = after(newer, desk.plan(text, newer).actions, desk.today)
    less = account._replace(invoices=(desk.invoice("i1", 5, "10"),))
    plan = desk.plan(text, less)
    assert [(action.kind, action.needs_approval) for action in plan.actions] == [
        (K.LIFT_CREDIT_HOLD, True),
        (K.RESTORE_TERMS, True),
    ]
    by_hand = less._replace(hold_decision=HoldDecision(False, "he called", "Jo", desk.today))
    alone = text + "leave_alone:\n  - {name: Ours, when: {contact: C1}}\n"
    for plan in (desk.plan(text, by_hand), desk.plan(alone, less)):
        assert [action.needs_approval for action in plan.actions] == [False, False]
    automatic = desk.plan(text.replace("release: approval", "release: automatic"), less)
    assert not any(action.needs_approval for action in automatic.actions)


def test_a_role_lets_the_hold_go(desk: Desk) -> None:
    text = desk.head + (
        "roles: {finance director: fd@example.com}\n"
        "credit_holds:\n"
        "  - name: Old\n"
        "    when: {oldest_days_overdue: {at_least: 60}}\n"
        "    release: {by: finance director}\n"
    )
    account = desk.account(desk.invoice("i1", 81, "1000"))
    account = after(account, desk.plan(text, account).actions, desk.today)
    (lift,) = desk.plan(text, account._replace(invoices=())).actions
    assert (lift.needs_approval, lift.approvers) == (True, ("finance director",))


def test_a_refused_lift_returns_after_a_new_reason(desk: Desk) -> None:
    old = RULES[: RULES.index("  - {name: Bad payer")]
    account = held(desk, desk.account(desk.invoice("i1", 81, "1000")))
    owing = account.invoices
    paid = account._replace(invoices=())
    lifts = desk.plan(desk.head + old, paid).actions
    refused = after_refusal(paid, lifts)
    plan = desk.plan(desk.head + old, refused)
    assert not plan.actions
    assert "lifting it was refused" in plan.held_back[0].why
    again = refused._replace(invoices=owing)
    ended = desk.plan(desk.head + old, again).ended_refusals
    assert set(ended) == {action.key for action in lifts}
    over = after_reasons(again, ended)._replace(invoices=())
    assert len(desk.plan(desk.head + old, over).actions) == 2


def test_terms_that_cannot_be_given_back_stay(desk: Desk) -> None:
    offers = frozenset({"credit hold", "payment terms"})
    account = desk.account(desk.invoice("i1", 81, "1000"))
    plan = desk.plan(desk.head + RULES, account, offers=offers)
    assert [action.kind for action in plan.actions] == [K.CREDIT_HOLD]
    assert [held_back.why.partition(":")[0] for held_back in plan.held_back] == [
        "the payment terms are not changed"
    ]
    own = account._replace(contacts=(desk.contact(terms="30 days"),))
    plan = desk.plan(desk.head + RULES, own, offers=offers)
    assert [action.kind for action in plan.actions] == [K.CREDIT_HOLD, K.TERMS]


def test_invoiced_children_get_hold_and_terms(desk: Desk) -> None:
    family = (
        desk.contact(terms="30 days"),
        desk.contact("c2", parent_id="c1", terms="30 days"),
        desk.contact("c3", parent_id="c1", terms=""),
        desk.contact("c4", parent_id="c1", terms="30 days"),
    )
    invoices = [
        desk.invoice(f"i{number}", 81, "1000", contact=f"c{number}") for number in (1, 2, 3)
    ]
    account = desk.account(*invoices, contacts=family)
    plan = desk.plan(desk.head + RULES, account)
    children = {action.kind: action.payload.covered_contact_ids for action in plan.actions}
    assert children == {K.CREDIT_HOLD: ("c2", "c3"), K.TERMS: ("c2", "c3")}
    offers = frozenset({"credit hold", "payment terms"})
    plan = desk.plan(desk.head + RULES, account, offers=offers)
    children = {action.kind: action.payload.covered_contact_ids for action in plan.actions}
    assert children == {K.CREDIT_HOLD: ("c2", "c3"), K.TERMS: ("c2",)}
    over = after(account, plan.actions, desk.today)._replace(invoices=())
    plan = desk.plan(desk.head + RULES, over)
    assert {action.payload.covered_contact_ids for action in plan.actions} == {("c2", "c3")}


def test_the_plan_names_who_is_mailed_of_a_hold(desk: Desk) -> None:
    told = RULES.replace("more_than: 10}}", "more_than: 10}}, tell: [customer, sales]")
    told = told.replace("terms: cash", "tell: [Sales, sales, jo@example.com], terms: cash")
    text = f"{desk.head}roles: {{sales: s@example.com}}\n{told}"
    account = desk.account(desk.invoice("i1", 5, "6000"))
    (placed,) = desk.plan(text, account).actions
    assert what_leaves(placed) == "PLACE CREDIT HOLD, mail to sales"
    account = after(account, [placed], desk.today)
    older = account._replace(invoices=(desk.invoice("i1", 81, "6000"),))
    more = desk.plan(text, older).actions[0]
    assert what_leaves(more) == "UPDATE REASONS OF HOLD, mail to jo@example.com"
    # A claimed action is planned again as it was, whoever it is told to.
    claimed = after(older, [more], desk.today)
    again = desk.plan(text, as_before(claimed, more)).actions[0]
    assert again.payload == more.payload
    lift = desk.plan(text, claimed._replace(invoices=())).actions[0]
    assert what_leaves(lift) == "LIFT CREDIT HOLD, mail to sales and jo@example.com"


def test_a_hold_by_hand_is_one_reason_more(desk: Desk) -> None:
    decision = HoldDecision(True, "cheque bounced", "Jo", desk.today, until=desk.today)
    account = held(desk, desk.account(desk.invoice("i1", 5, "100"), hold_decision=decision))
    older = account._replace(invoices=(desk.invoice("i1", 81, "100"),))
    plan = desk.plan(desk.head + RULES, older)
    assert notes(plan)[K.HOLD_REASONS] == (
        "Credit hold, reasons now: held by hand until 2026-11-20 (Jo: cheque bounced);"
        " 81 days overdue, 60 allowed (test.yaml:7, Old)."
    )
    shown = after(older, plan.actions, desk.today)
    assert not desk.plan(desk.head + RULES, shown).actions
    two = desk.head + RULES[: RULES.index("  - {name: Bad payer")]
    over = desk.plan(two, account, today=desk.today + timedelta(1))
    assert notes(over)[K.LIFT_CREDIT_HOLD] == (
        "Credit hold lifted: held by hand until 2026-11-20 (Jo: cheque bounced): over."
    )


def test_the_lift_of_an_excluded_customer_says_so(desk: Desk) -> None:
    account = held(desk, desk.account(desk.invoice("i1", 81, "1000")))
    alone = "leave_alone:\n  - {name: Ours, when: {contact: C1}}\n"
    assert notes(desk.plan(desk.head + RULES + alone, account))[K.LIFT_CREDIT_HOLD] == (
        "Credit hold lifted: excluded: Ours (test.yaml:7, Old)."
    )
