"""Letters that a person asks for: which are true of an account, and under which keys they leave."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from tests.core.conftest import Desk

from arsync.core.actions import AccountLetterPayload, payload_of
from arsync.core.ledger.records import (
    Account,
    Instalment,
    LetterSent,
    LimitChange,
    Organisation,
    PaymentPlan,
    PlacedDebt,
    Placement,
    StandingHold,
)
from arsync.core.planning.asked_letters import (
    AskedLetter,
    WishedLetter,
    asked_letter,
    texts_to_ask_for,
    true_still,
)
from arsync.core.planning.customer_locale import no_holidays
from arsync.core.planning.planner import begin_plan
from arsync.core.planning.planning_context import Planning
from arsync.core.planning.untrue_letters import Untrue

LIMITED = Desk.head + "credit_limits: [{name: All, limit: 2000}]\n"


def planned(desk: Desk, rules: str = Desk.head, today: date | None = None) -> Planning:
    today = today or desk.today
    planning, _ = begin_plan(
        desk.rulebook(rules),
        "acme",
        Organisation("o1", "Acme", "GBP", time_zone="Europe/London"),
        today,
        datetime.combine(today, datetime.min.time(), UTC),
        offers=frozenset(),
        holidays=no_holidays,
    )
    return planning


def asked(
    desk: Desk, account: Account, text: str, rules: str = Desk.head, contact: str = "c1"
) -> AskedLetter | Untrue:
    return asked_letter(planned(desk, rules), account, contact, WishedLetter(text), "Olga")


def why_not(
    desk: Desk, account: Account, text: str, rules: str = Desk.head, contact: str = "c1"
) -> str:
    letter = asked(desk, account, text, rules, contact)
    assert isinstance(letter, Untrue)
    return letter.reason


def test_a_changed_limit_is_told_while_it_stands(desk: Desk) -> None:
    change = LimitChange("c1", desk.today - timedelta(90), Decimal(1000), Decimal(2000))
    account = desk.account(desk.invoice("i1", 5), limit_change=change)
    letter = asked(desk, account, "credit limit changed", LIMITED)
    assert isinstance(letter, AskedLetter)
    occasion = payload_of(letter.action, AccountLetterPayload).occasion
    assert occasion is not None
    assert (occasion.limit_before, occasion.limit_after) == (Decimal(1000), Decimal(2000))
    later = account._replace(limit_change=change._replace(after=Decimal(1500)))
    assert "has changed again" in why_not(desk, later, "credit limit changed", LIMITED)


def test_a_lifted_hold_is_told_once_it_is_over(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", 5), last_hold_episode=2)
    letter = asked(desk, account, "credit hold lifted")
    assert isinstance(letter, AskedLetter)
    assert letter.action.subject == "hold lifted 2"
    held = account._replace(hold=StandingHold("c1", desk.today, 3))
    assert "still stands" in why_not(desk, held, "credit hold lifted")
    assert "hold lifted" in str(true_still(planned(desk), account, letter.action))
    assert "still stands" in str(true_still(planned(desk), held, letter.action))


def test_another_hold_is_another_occasion(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", 5), hold=StandingHold("c1", date(2026, 1, 2), 1))
    letter = asked(desk, account, "credit hold placed")
    assert isinstance(letter, AskedLetter)
    assert [ref.id for ref in letter.action.invoices] == ["i1"]
    again = account._replace(hold=StandingHold("c1", desk.today, 2))
    assert true_still(planned(desk), again, letter.action) == "what it was about has changed"


def test_an_invoice_is_not_slipped_in(desk: Desk) -> None:
    hold = StandingHold("c1", desk.today, 1)
    account = desk.account(desk.invoice("i1", 5), hold=hold)
    letter = asked(desk, account, "credit hold placed")
    assert isinstance(letter, AskedLetter)
    more = desk.account(desk.invoice("i1", 6, "50"), desk.invoice("i2", 1), hold=hold)
    fresh = true_still(planned(desk), more, letter.action)
    assert not isinstance(fresh, str)
    assert [(ref.id, ref.amount_due) for ref in fresh.invoices] == [("i1", Decimal(50))]


def test_who_answers_for_the_account_is_told(desk: Desk) -> None:
    contacts = (desk.contact("c1"), desk.contact("c2", parent_id="c1"))
    account = desk.account(
        desk.invoice("i1", 5, contact="c2"),
        contacts=contacts,
        hold=StandingHold("c1", desk.today, 1),
    )
    assert "Name c1 that is told" in why_not(desk, account, "credit hold placed", contact="c2")


def test_what_keeps_every_letter_keeps_this(desk: Desk) -> None:
    invoice = desk.invoice("i1", 5)
    pause = f"customers: [{{contact: Name c1, pause_until: {desk.today + timedelta(9)}}}]\n"
    account = desk.account(invoice)
    assert "paused until" in why_not(desk, account, "terms of trade", Desk.head + pause)
    debt = PlacedDebt("i1", invoice.amount_due, "GBP")
    placed = desk.account(invoice, placements=(Placement("k", "Agency", desk.today, (debt,)),))
    assert "placed with Agency" in why_not(desk, placed, "terms of trade")
    nobody = desk.account(invoice, contacts=(desk.contact(email=""),))
    assert "no email address" in why_not(desk, nobody, "terms of trade")


def test_texts_of_ones_own_rules_can_be_asked_for(desk: Desk) -> None:
    rules = Desk.head + "after_issue: [{days: 3, email: welcome, once_per: customer}]\n"
    assert "welcome" in texts_to_ask_for(desk.rulebook(rules))
    letter = asked(desk, desk.account(desk.invoice("i1", -5)), "welcome", rules)
    assert isinstance(letter, AskedLetter)
    assert letter.action.subject == "first invoice"
    assert letter.keys[0] == letter.action.key
    assert len(letter.keys) == 2, "its rule's, and that of where no rule sends it"


def a_payer(desk: Desk, *numbers: int) -> Account:
    """Return a customer with payment plans of two instalments, after 10 and 40 days."""
    due = tuple(Instalment(desk.today + timedelta(day), Decimal(50)) for day in (10, 40))
    plans = tuple(
        PaymentPlan(number, "c1", (f"i{number}",), "GBP", desk.today, "Jo", due)
        for number in numbers
    )
    invoices = (desk.invoice(f"i{number}", 40) for number in numbers)
    return desk.account(*invoices, payment_plans=plans, taken_over_on=date(2026, 1, 1))


def of_plan(
    desk: Desk, account: Account, text: str, days: int = 0, plan_id: int | None = None
) -> AskedLetter | Untrue:
    planning = planned(desk, PLANS, desk.today + timedelta(days))
    wish = WishedLetter(text, plan_id=plan_id)
    return asked_letter(planning, account, "c1", wish, "Olga")


PLANS = f"{Desk.head}payment_plans: {{grace: 3 business days, chase: none}}\n"


@pytest.mark.parametrize(
    ("text", "days", "subject"),
    [
        ("payment plan agreed", 0, "plan 7 payment plan agreed"),
        ("instalment due", 0, "plan 7 instalment due 1"),
        ("instalment due", 10, "plan 7 instalment due 1"),
        ("instalment missed", 11, "plan 7 instalment missed 1"),
    ],
)
def test_a_plan_is_written_about_without_a_rule(
    desk: Desk, text: str, days: int, subject: str
) -> None:
    account = a_payer(desk, 7)
    letter = of_plan(desk, account, text, days)
    assert isinstance(letter, AskedLetter)
    assert (letter.action.subject, letter.action.not_before) == (subject, None)
    assert letter.action.note.endswith("about payment plan 7, asked for by Olga.")
    later = planned(desk, PLANS, desk.today + timedelta(days))
    still = true_still(later, account, letter.action)
    assert not isinstance(still, str)
    assert still.note == letter.action.note
    paid = account._replace(invoices=())
    assert "payment plan" in str(true_still(later, paid, letter.action))


@pytest.mark.parametrize(
    ("text", "days", "said"),
    [
        ("instalment missed", 0, "no instalment was missed: instalment 1 of payment plan 7 is due"),
        ("instalment due", 11, "instalment 1 of payment plan 7 was due on"),
        ("payment plan agreed", 30, "no payment plan stands with Name c1"),
    ],
)
def test_an_untrue_word_about_a_plan_is_refused(
    desk: Desk, text: str, days: int, said: str
) -> None:
    letter = of_plan(desk, a_payer(desk, 7), text, days)
    assert isinstance(letter, Untrue)
    assert said in letter.reason


def test_of_two_plans_one_is_named(desk: Desk) -> None:
    account = a_payer(desk, 7, 8)
    letter = of_plan(desk, account, "instalment due")
    assert isinstance(letter, Untrue)
    assert letter.hint == (
        f"say which: --plan 7 (of {desk.today}, GBP 100.00 to come), or --plan 8 (of"
        f" {desk.today}, GBP 100.00 to come)"
    )
    named = of_plan(desk, account, "instalment due", plan_id=8)
    assert isinstance(named, AskedLetter)
    assert [ref.id for ref in named.action.invoices] == ["i8"]
    nobodys = of_plan(desk, account, "instalment due", plan_id=9)
    assert isinstance(nobodys, Untrue)
    assert "has no payment plan 9" in nobodys.reason


def test_a_plan_is_written_about_by_mail_alone(desk: Desk) -> None:
    wish = WishedLetter("instalment due", via="post")
    letter = asked_letter(planned(desk, PLANS), a_payer(desk, 7), "c1", wish, "Olga")
    assert isinstance(letter, Untrue)
    assert "leaves by mail alone" in letter.reason


def test_a_hand_over_is_announced_while_a_rule_asks(desk: Desk) -> None:
    agency = "placements: [{name: Agency, when: {days_overdue: {at_least: 90}}, to: Collectors}]\n"
    account = desk.account(desk.invoice("i1", 95))
    letter = asked(desk, account, "hand over announced", desk.head + agency)
    assert isinstance(letter, AskedLetter)
    occasion = payload_of(letter.action, AccountLetterPayload).occasion
    assert occasion is not None
    assert occasion.agency == "Collectors"
    rules = planned(desk, desk.head + agency)
    assert not isinstance(true_still(rules, account, letter.action), str)
    young = desk.account(desk.invoice("i1", 20))
    said = "no rule of placements hands over a debt of Name c1"
    assert said in why_not(desk, young, "hand over announced", desk.head + agency)
    assert said in why_not(desk, account, "hand over announced")
    before = account._replace(
        letters=(LetterSent("k", "c1", "hand over announced", desk.today, ""),)
    )
    assert "was announced" in why_not(desk, before, "hand over announced", desk.head + agency)
