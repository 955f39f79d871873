"""Letters that a person asks for: which are true of an account, and under which keys they leave."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from tests.core.conftest import Desk

from arsync.core.actions import AccountLetterPayload, payload_of
from arsync.core.ledger.records import (
    Account,
    LimitChange,
    Organisation,
    PlacedDebt,
    Placement,
    StandingHold,
)
from arsync.core.planning.asked_letters import (
    AskedLetter,
    Untrue,
    WishedLetter,
    asked_letter,
    texts_to_ask_for,
    true_still,
)
from arsync.core.planning.customer_locale import no_holidays
from arsync.core.planning.planner import begin_plan
from arsync.core.planning.planning_context import Planning

LIMITED = Desk.head + "credit_limits: [{name: All, limit: 2000}]\n"


def planned(desk: Desk, rules: str = Desk.head) -> Planning:
    planning, _ = begin_plan(
        desk.rulebook(rules),
        "acme",
        Organisation("o1", "Acme", "GBP", time_zone="Europe/London"),
        desk.today,
        datetime.combine(desk.today, datetime.min.time(), UTC),
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
