"""What users of other products reported cannot happen here: one test for each public report.

Read whole: invoiceninja#637, #8665, #9228 (with its double #9299) and #11160, Dolibarr#30771,
killbill#2297, OCA/credit-control#21. Of killbill#782 the report itself was read, and pull request
#1819 that answers it; both send to a discussion beside a commit, which could not be read.
OCA/credit-control#58 could not be found, neither as an issue nor as a pull request: what it
complains of is not known, and no test claims to show it. Reports about what leaves too often are in
tests/outbox/test_public_reports.py and tests/acceptance/test_public_reports.py.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from arsync.cli.json_output import json_text
from arsync.core.actions import ActionKind
from arsync.core.ledger.records import Organisation
from arsync.core.planning.explanation import explain
from arsync.core.planning.plan_views import plan_view

WEEKLY = """reminders:
  - name: Every week
    steps:
      - {day: 1, email: first reminder}
      - {day: 8, email: second reminder}
      - {day: 15, email: third reminder}
      - {day: 22, email: final notice}
      - {day: 29, task: Call the customer}
"""
HOLDS = """credit_holds:
  - name: Warned
    when: {oldest_days_overdue: {at_least: 7}}
  - name: Blocked
    when: {oldest_days_overdue: {at_least: 11}}
    terms: cash on delivery
"""
SMTP = "sending: {via: smtp, days: every day, days_between_emails: 5}\n"
MESSAGES = {ActionKind.REMINDER, ActionKind.LETTER}


def messages(plan: Any) -> list[tuple[str, list[str]]]:
    return [
        (action.step, [ref.id for ref in action.invoices])
        for action in plan.actions
        if action.kind in MESSAGES
    ]


def test_a_send_time_in_another_zone_loses_no_reminder(desk: Any) -> None:
    """invoiceninja/invoiceninja#8665: reminders stopped being sent for users whose send time put
    the reminder's date on another day than the server's date.
    """
    text = desk.head + WEEKLY + "sending: {days: every day, between: 09:00-10:00}\n"
    account = desk.account(desk.invoice("i1", 2))
    for zone in ("Pacific/Auckland", "UTC", "Pacific/Honolulu"):
        for hour in (0, 6, 12, 18, 23):
            now = datetime(2026, 11, 20, hour, 30, tzinfo=UTC)
            today = now.astimezone(ZoneInfo(zone)).date()
            organisation = Organisation("o1", "Acme", "GBP", time_zone=zone)
            plan = desk.plan(text, account, today=today, now=now, organisation=organisation)
            assert messages(plan) == [("first reminder", ["i1"])]
            leaves = plan.actions[0].not_before.astimezone(ZoneInfo(zone))
            assert leaves.date() in {today, today + timedelta(1)}
            assert time(9) <= leaves.time() <= time(10)


def test_no_stored_next_date_can_be_wrong(desk: Any) -> None:
    """invoiceninja/invoiceninja#9228: after an update no automatic reminders were sent, and the
    stored "next send date" of some invoices was incorrect.
    """
    for overdue in range(1, 60):
        account = desk.account(desk.invoice("i1", overdue))
        plan = desk.plan(desk.head + WEEKLY + desk.daily, account)
        assert messages(plan) == [("first reminder", ["i1"])], (
            "due since its day, whatever was kept"
        )


def test_weekly_reminders_continue_after_due_with_next_dates(desk: Any) -> None:
    """invoiceninja/invoiceninja#11160: after the due date the weekly "endless reminders" were not
    sent, and no date was shown for the next one.
    """
    text = desk.head + WEEKLY + desk.daily
    done = desk.play(text, desk.account(desk.invoice("i1", 0)), range(40))
    days = [(day - desk.today).days for day, action in done]
    assert days == [1, 8, 15, 22, 29]
    assert done[-1][1].kind is ActionKind.TASK, "at the end a person is asked, never silence"
    account = desk.account(
        desk.invoice("i1", 3), sent=(desk.sent("i1", 1, 2, cadence="Every week"),)
    )
    waits = desk.plan(text, account)
    assert not waits.actions
    lines = explain(
        account, desk.rulebook(text), waits, organisation=Organisation("o1", "Acme", "GBP")
    )
    (following,) = (line.text for line in lines if line.section == "next")
    assert following == f"I1: second reminder on {desk.today + timedelta(5)}"


def test_a_missed_day_is_caught_up(desk: Any) -> None:
    """invoiceninja/invoiceninja#637: a reminder set for 7 days after the due date never went,
    because the job did not run on that very day and missed days were not caught up.
    """
    text = f"{desk.head}reminders: [{{name: S, steps: [{{day: 7, email: first reminder}}]}}]\n"
    plan = desk.plan(text + desk.daily, desk.account(desk.invoice("i1", 17)))
    assert messages(plan) == [("first reminder", ["i1"])]


def test_days_overdue_are_positive_after_the_due_date_only(desk: Any) -> None:
    """Dolibarr/dolibarr#30771: the job's number of days meant the opposite of its description, so
    that mails for long overdue invoices went as many days before payment was due.
    """
    text = f"{desk.head}reminders: [{{name: S, steps: [{{day: 60, email: final notice}}]}}]\n"
    before = desk.account(desk.invoice("i1", -60))
    after = desk.account(desk.invoice("i1", 60))
    assert messages(desk.plan(text + desk.daily, before)) == []
    assert messages(desk.plan(text + desk.daily, after)) == [("final notice", ["i1"])]
    early = text.replace("day: 60, email: final notice", "day: -3, email: upcoming") + desk.daily
    assert messages(desk.plan(early, desk.account(desk.invoice("i1", -3)))) != []
    assert messages(desk.plan(early, after)) == []


def test_event_order_does_not_change_the_plan(desk: Any) -> None:
    """killbill/killbill#782: the overdue state depended on when and in which order events and
    checks were processed; users asked to make it deterministic.
    """
    invoices = [desk.invoice(f"i{n}", 5 * n, f"{n}00.00") for n in range(1, 6)]
    payments = (desk.payment("50.00", id="p1"), desk.payment("70.00", 3, "20.00", id="p2"))
    plans = {
        json_text(
            plan_view(
                desk.plan(
                    desk.head + HOLDS + WEEKLY + desk.daily,
                    desk.account(*some, payments=paid),
                )
            )
        )
        for some in (invoices, invoices[::-1], invoices[2:] + invoices[:2])
        for paid in (payments, payments[::-1])
    }
    assert len(plans) == 1


def test_a_paid_oldest_invoice_reanchors_without_skipping_a_state(desk: Any) -> None:
    """killbill/killbill#2297: when the earliest unpaid invoice changed, the schedule of checks was
    not re-anchored, so that a configured state was skipped and the account went to a worse one.
    """
    older, newer = desk.invoice("old", 6), desk.invoice("new", 1)

    def changes(account: Any, today: date) -> Any:
        if today == desk.today:
            return account
        paid = older._replace(status="paid", amount_due=older.amount_due * 0, paid_on=today)
        return account._replace(invoices=(paid, newer))

    done = desk.play(desk.head + HOLDS, desk.account(older, newer), range(15), changes)
    placed = [((day - newer.due_on).days, action.kind, action.because.rule) for day, action in done]
    assert placed == [
        (7, ActionKind.CREDIT_HOLD, "Warned"),
        (11, ActionKind.HOLD_REASONS, "Warned"),
        (11, ActionKind.TERMS, "Blocked"),
    ]


def test_many_monthly_invoices_share_one_highest_step_letter(desk: Any) -> None:
    """OCA/credit-control#21: a customer with an invoice for each month's subscription would get a
    separate reminder for every invoice, where one at the highest level was wanted.
    """
    invoices = [desk.invoice(f"m{n}", 30 * n + 2) for n in range(6)]
    sent = tuple(
        desk.sent(f"m{n}", 1, 30, "first reminder", cadence="Every week") for n in range(3, 6)
    )
    plan = desk.plan(desk.head + WEEKLY + SMTP, desk.account(*invoices, sent=sent))
    (message,) = messages(plan)
    assert message[0] == "second reminder"
    assert sorted(message[1]) == [f"m{n}" for n in range(6)]


def test_a_late_fee_is_reminded_of_without_further_fees(desk: Any) -> None:
    """invoiceninja/invoiceninja#2330: late fees kept being added. A fee that is not paid is an
    overdue invoice too: it must not bring the next fee, nor end the reminders of itself.
    """
    text = f"""{desk.head}reminders:
  - name: With a fee
    steps:
      - {{day: 1, email: first reminder}}
      - {{day: 8, late_fee: 40}}
      - {{day: 15, email: final notice}}
{desk.daily}"""
    fee = desk.invoice("fee", 40)
    started = (desk.sent("fee", 1, 30, cadence="With a fee"),)
    billed = desk.account(fee, fees=frozenset({"fee"}), sent=started)
    assert messages(desk.plan(text, billed)) == [("final notice", ["fee"])]
    later = desk.plan(text, desk.account(fee, sent=started))
    assert [action.kind for action in later.actions] == [ActionKind.LATE_FEE]
    only = f"{desk.head}reminders: [{{name: F, steps: [{{day: 1, late_fee: 40}}]}}]\n"
    assert desk.plan(only, desk.account(fee, fees=frozenset({"fee"}))).actions == ()
    assert len(desk.plan(only, desk.account(fee)).actions) == 1
