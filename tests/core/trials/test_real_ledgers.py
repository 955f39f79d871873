"""Two companies' real books, anonymised, through diff, simulation and backtest."""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.builders.printed import simulation_view
from tests.builders.rulebooks import a_rulebook

import arsync_rulebooks
from arsync.core.ledger.records import (
    Account,
    Allocation,
    Contact,
    Invoice,
    Organisation,
    Payment,
)
from arsync.core.planning.explanation import explain
from arsync.core.planning.planner import make_plan
from arsync.core.rulebook import Rulebook
from arsync.core.trials.backtest import backtest, backtest_view
from arsync.core.trials.rulebook_diff import customer_differences
from arsync.core.trials.simulation import Debtors, simulate, usual_lateness
from arsync.core.trials.trial import Trial

DATA = Path(__file__).parents[3].parent / "shared" / "data"
OFFERS = frozenset(
    {
        "credit hold",
        "payment terms",
        "taking payment terms off",
        "email by the accounting system",
        "attachment",
        "late fee",
        "contact groups",
    }
)
_STATUS = {"PAID": "paid", "VOIDED": "voided", "DELETED": "deleted", "DRAFT": "draft"}


class Ledger(NamedTuple):
    currency: str
    today: date
    accounts: list[Account]


def rows_of(folder: str, name: str) -> list[dict[str, str]]:
    file = DATA / folder / f"{name}_data.csv"
    if not file.is_file():
        pytest.skip(f"the real ledgers are not at hand: there is no {DATA / folder}")
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def day(text: str) -> date | None:
    return date.fromisoformat(text[:10]) if text else None


def accounts_of(invoices: list[Invoice], payments: list[Payment]) -> list[Account]:
    by_contact: dict[str, tuple[list[Invoice], list[Payment]]] = defaultdict(lambda: ([], []))
    for invoice in invoices:
        by_contact[invoice.contact_id][0].append(invoice)
    for payment in payments:
        by_contact[payment.contact_id][1].append(payment)
    return [
        Account(
            (Contact(key, f"Customer {key[:6]}", email=f"{key}@example.com"),),
            tuple(invoices),
            tuple(money),
        )
        for key, (invoices, money) in sorted(by_contact.items())
    ]


def a_payment(invoice: Invoice, amount: Decimal, on: date) -> Payment:
    allocation = Allocation(invoice.id, amount, on)
    return Payment(
        f"p {invoice.id} {on}",
        invoice.contact_id,
        "active",
        on,
        invoice.currency,
        invoice.rate,
        amount,
        Decimal(0),
        (allocation,),
    )


def xero() -> Ledger:
    invoices, payments = [], []
    for row in rows_of("dbt_xero_seeds", "xero_invoice"):
        issued, due = day(row["date"]), day(row["due_date"])
        if row["type"] != "ACCREC" or issued is None or due is None:
            continue
        invoice = Invoice(
            row["invoice_id"],
            row["contact_id"],
            row["invoice_number"],
            _STATUS.get(row["status"], "open"),
            issued,
            due,
            row["currency_code"],
            Decimal(row["currency_rate"]),
            Decimal(row["total"]),
            Decimal(row["amount_due"]),
            paid_on=day(row["fully_paid_on_date"]),
        )
        invoices.append(invoice)
        if invoice.paid_on and Decimal(row["amount_paid"]):
            payments.append(a_payment(invoice, Decimal(row["amount_paid"]), invoice.paid_on))
    return Ledger("USD", date(2021, 4, 15), accounts_of(invoices, payments))


def quickbooks() -> Ledger:
    invoices, payments = {}, []
    for row in rows_of("dbt_quickbooks_seeds", "invoice"):
        issued, due = day(row["transaction_date"]), day(row["due_date"])
        if row["_fivetran_deleted"] == "TRUE" or not row["customer_id"] or not issued:
            continue
        amount = Decimal(row["balance"] or 0)
        invoices[row["id"]] = Invoice(
            row["id"],
            row["customer_id"],
            row["doc_number"],
            "open" if amount else "paid",
            issued,
            due or issued,
            row["currency_id"],
            Decimal(row["exchange_rate"] or 1),
            Decimal(row["total_amount"]),
            amount,
        )
    dates = {
        row["id"]: day(row["transaction_date"])
        for row in rows_of("dbt_quickbooks_seeds", "payment")
    }
    for row in rows_of("dbt_quickbooks_seeds", "payment_line"):
        invoice, on = invoices.get(row["invoice_id"]), dates.get(row["payment_id"])
        if invoice and on:
            payments.append(a_payment(invoice, Decimal(row["amount"]), on))
    return Ledger("USD", date(2021, 3, 1), accounts_of(list(invoices.values()), payments))


LEDGERS = pytest.mark.parametrize("ledger", [xero, quickbooks], ids=["xero", "quickbooks"])


def shipped(name: str, currency: str) -> Rulebook:
    text = arsync_rulebooks.text(name).replace("currency: GBP", f"currency: {currency}")
    return a_rulebook(text, f"{name}.yaml")


def a_trial(ledger: Ledger) -> Trial:
    organisation = Organisation("o1", "Real", ledger.currency, time_zone="America/Toronto")
    return Trial("real", organisation, OFFERS, lambda _: lambda _: False)


@LEDGERS
def test_a_firmer_rulebook_changes_something_and_itself_nothing(ledger: object) -> None:
    assert callable(ledger)
    books: Ledger = ledger()
    trial = a_trial(books)
    standard = trial.day(shipped("standard", books.currency), books.today)
    strict = trial.day(shipped("strict", books.currency), books.today)
    changed = list(customer_differences(books.accounts, standard, strict))
    assert changed
    for difference in changed:
        for change in difference.changes:
            lines = [side.because for side in (change.old, change.new) if side.because]
            assert lines
            assert all(line.line > 1 for line in lines)
    assert list(customer_differences(books.accounts, standard, standard)) == []


@LEDGERS
@pytest.mark.parametrize("debtors", list(Debtors))
def test_a_simulation_of_real_books_equals_the_daily_one(ledger: object, debtors: Debtors) -> None:
    assert callable(ledger)
    books: Ledger = ledger()
    rulebook = shipped("standard", books.currency)
    usual = usual_lateness(books.accounts, books.today)
    short, long = (
        simulate(
            books.accounts,
            a_trial(books),
            rulebook,
            today=books.today,
            days=90,
            debtors=debtors,
            usual_days_late=usual,
            every_day=every_day,
        )
        for every_day in (False, True)
    )
    assert simulation_view(short) == simulation_view(long)
    assert short.tally.totals["messages"] > 0


@LEDGERS
def test_why_explains_every_customer_of_real_books(
    ledger: object,
) -> None:
    assert callable(ledger)
    books: Ledger = ledger()
    rulebook, trial = shipped("standard", books.currency), a_trial(books)
    questions = planned = 0
    for account in books.accounts:
        plan = make_plan(
            [account],
            rulebook,
            connection="real",
            organisation=trial.organisation,
            today=books.today,
            now=datetime.combine(books.today, time(10), UTC),
            offers=OFFERS,
            holidays=trial.holidays,
        )
        lines = explain(account, rulebook, plan, organisation=trial.organisation)
        sections = [line.section for line in lines]
        assert "credit_limits" in sections
        owed = {
            invoice.number
            for invoice in account.invoices
            if invoice.amount_due and invoice.status == "open"
        }
        explained = {line.text.partition(": ")[0] for line in lines if line.section == "invoice"}
        assert owed == explained
        questions += len(explained)
        sentences = {line.text for line in lines if line.section == "planned"}
        for action in plan.actions:
            planned += 1
            assert [
                sentence
                for sentence in sentences
                if sentence.startswith(action.note.removesuffix("."))
            ]
    assert questions
    assert planned


@LEDGERS
def test_a_backtest_of_real_books_equals_the_daily_one(ledger: object) -> None:
    assert callable(ledger)
    books: Ledger = ledger()
    rulebooks = [shipped(name, books.currency) for name in ("standard", "strict")]
    first = books.today - timedelta(200)
    short, long = (
        backtest(
            books.accounts,
            a_trial(books),
            rulebooks,
            first=first,
            last=books.today,
            today=books.today,
            every_day=every_day,
        )
        for every_day in (False, True)
    )
    assert [backtest_view(result) for result in short.results] == [
        backtest_view(result) for result in long.results
    ]
    assert short.only == long.only
    assert short.results[0].tally.totals["messages"] > 0
    # Most days of most customers need not be planned at all.
    assert short.results[0].evaluated * 4 < long.results[0].evaluated


def test_usual_payments_get_fewer_reminders_than_no_payments() -> None:
    ledger = xero()
    rulebook = shipped("standard", ledger.currency)
    sent = {
        debtors: simulate(
            ledger.accounts,
            a_trial(ledger),
            rulebook,
            today=ledger.today,
            days=90,
            debtors=debtors,
            usual_days_late=usual_lateness(ledger.accounts, ledger.today),
        ).tally.totals["messages"]
        for debtors in (Debtors.NEVER, Debtors.AS_BEFORE)
    }
    assert sent[Debtors.AS_BEFORE] < sent[Debtors.NEVER]
