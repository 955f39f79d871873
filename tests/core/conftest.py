"""A desk to plan at: short ways to make records, a rulebook and a plan."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from tests.builders.records import a_contact, a_credit, a_payment, an_invoice
from tests.builders.rulebooks import a_rulebook

from arsync.core.actions import Action, ActionKind
from arsync.core.actions.effects import standing_hold, with_reasons
from arsync.core.ledger.records import (
    Account,
    Contact,
    Credit,
    Invoice,
    Organisation,
    Payment,
    SentStep,
)
from arsync.core.planning.customer_locale import no_holidays
from arsync.core.planning.planner import Plan, make_plan
from arsync.core.rulebook import Rulebook

EVERYTHING = frozenset(
    {
        "credit hold",
        "reminder level",
        "payment terms",
        "taking payment terms off",
        "email by the accounting system",
        "attachment",
        "late fee",
        "draft credit note",
        "contact groups",
    }
)
HEAD = "version: 1\ncurrency: GBP\n"
STEPS = """reminders:
  - name: Standard
    steps:
      - {day: -3, email: upcoming}
      - {day: 1, email: first reminder}
      - {day: 14, email: second reminder}
      - {day: 30, email: final notice}
"""
DAILY = "sending: {days: every day, days_between_emails: 5}\n"
MESSAGES = {ActionKind.REMINDER, ActionKind.LETTER}


class Desk:
    """Makes records around one day, a Friday."""

    today = date(2026, 11, 20)
    head = HEAD
    steps = STEPS
    daily = DAILY

    def contact(self, name: str = "c1", **values: Any) -> Contact:
        return a_contact(name, **{"name": f"Name {name}", **values})

    def invoice(
        self, name: str, overdue: int, amount: str = "100.00", contact: str = "c1", **values: Any
    ) -> Invoice:
        """Make an open invoice so many days overdue; below 0: not yet due."""
        due_on = self.today - timedelta(overdue)
        fields: dict[str, Any] = {
            "number": name.upper(),
            "issued_on": due_on - timedelta(30),
            "due_on": due_on,
            "rate": 1,
            "total": amount,
            "amount_due": amount,
        }
        return an_invoice(name, contact, **fields | values)

    def credit(self, amount: str, contact: str = "c1", **values: Any) -> Credit:
        fields: dict[str, Any] = {"issued_on": self.today, "rate": 1, "total": amount}
        return a_credit("credit", contact, **fields | values)

    def payment(
        self, amount: str, days_ago: int = 0, unallocated: str = "0", **values: Any
    ) -> Payment:
        fields: dict[str, Any] = {
            "paid_on": self.today - timedelta(days_ago),
            "rate": 1,
            "amount": amount,
            "unallocated": unallocated,
        }
        return a_payment("payment", **fields | values)

    def account(self, *invoices: Invoice, **values: Any) -> Account:
        contacts = values.pop("contacts", None) or (self.contact(),)
        return Account(contacts=contacts, invoices=invoices, **values)

    def sent(self, invoice: str, day: int, days_ago: int, step: str = "x", **values: Any) -> Any:
        on = self.today - timedelta(days_ago)
        fields = {"episode": 1, "cadence": "Standard", "moment": f"m {on}", **values}
        return SentStep(invoice_id=invoice, day=day, step=step, on=on, **fields)

    def rulebook(self, text: str) -> Rulebook:
        return a_rulebook(text)

    def plan(self, text: str, *accounts: Account, today: date | None = None, **values: Any) -> Plan:
        day = today or self.today
        options: dict[str, Any] = {
            "connection": "acme",
            "organisation": Organisation("o1", "Acme", "GBP", time_zone="Europe/London"),
            "today": day,
            "now": datetime(day.year, day.month, day.day, 10, tzinfo=UTC),
            "offers": EVERYTHING,
            "holidays": no_holidays,
        }
        plan = make_plan(accounts, self.rulebook(text), **{**options, **values})
        # One account's failure ends no plan; here it must not pass unseen.
        failures = [problem for problem in plan.problems if "could not be planned" in problem]
        assert not failures, failures
        return plan

    def play(
        self,
        text: str,
        account: Account,
        days: Iterable[int],
        changes: Callable[[Account, date], Account] = lambda account, _: account,
    ) -> list[tuple[date, Action]]:
        """Run day after day; everything planned is done at once, and remembered."""
        done: list[tuple[date, Action]] = []
        for offset in days:
            today = self.today + timedelta(offset)
            account = changes(account, today)
            for action in self.plan(text, account, today=today).actions:
                done.append((today, action))
                account = remember(account, action, today)
        return done


def remember(account: Account, action: Action, today: date) -> Account:
    """Return the account after an action was done."""
    steps = tuple(
        SentStep(
            ref.id,
            ref.episode,
            action.because.rule,
            ref.day,
            ref.step,
            today,
            action.batch_id,
            ref.slot,
            action.key,
        )
        for ref in action.invoices
        if ref.step
    )
    hold, last = account.hold, account.last_hold_episode
    if action.kind is ActionKind.CREDIT_HOLD:
        hold = standing_hold(action, today, terms_changed=False)
        last = action.episode
    if action.kind is ActionKind.HOLD_REASONS and hold:
        hold = with_reasons(hold, action)
    if action.kind is ActionKind.TERMS and hold:
        hold = hold._replace(terms_changed=True)
    if action.kind is ActionKind.LIFT_CREDIT_HOLD:
        hold = None
    return account._replace(
        sent=account.sent + steps,
        hold=hold,
        last_hold_episode=last,
        done_keys=account.done_keys | {action.key},
    )


@pytest.fixture
def desk() -> Desk:
    return Desk()
