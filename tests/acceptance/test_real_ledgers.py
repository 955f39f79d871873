"""Real ledgers, in the platforms' own columns: pulled without loss, planned without a mistake.

The rows come from the seeds of two open-source packages, which anonymised real companies' books.
Their emails and a few names are gone, so each customer gets an address of its own here.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.builders.world import World

import arsync_rulebooks
from arsync.core.actions import ActionKind
from arsync.core.ledger.records import Invoice
from arsync.core.planning.planner import Plan

DATA = Path(__file__).parents[2].parent / "shared" / "data"
NOW = datetime(2021, 4, 15, 10, tzinfo=UTC)
"""A Thursday, two weeks after the last due date of the Xero ledger."""

Row = dict[str, str]
Sums = dict[tuple[str, str], Decimal]


def rows_of(folder: str, name: str) -> list[Row]:
    file = DATA / folder / f"{name}_data.csv"
    if not file.is_file():
        pytest.skip(f"the real ledgers are not at hand: there is no {DATA / folder}")
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def filled(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document without what is empty."""
    return {key: value for key, value in document.items() if value or value is False}


def sums_of(amounts: Iterable[tuple[str, str, str]]) -> Sums:
    """Return the sum by contact and currency, without nothing."""
    sums: Sums = defaultdict(Decimal)
    for contact, currency, amount in amounts:
        sums[contact, currency] += Decimal(amount or 0)
    return {key: amount for key, amount in sums.items() if amount}


def by_currency(sums: Sums) -> dict[str, Decimal]:
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for (_, currency), amount in sums.items():
        totals[currency] += amount
    return dict(totals)


def stored_sums(world: World, name: str) -> Sums:
    totals = world.app.store.ledger.totals(world.connection(name).id)
    return {
        (total.contact_id, total.currency): total.amount_due for total in totals if total.amount_due
    }


def reported_sums(world: World, name: str) -> Sums:
    ((_, ageing),) = world.app.report(name)
    return sums_of((row.contact_id, row.currency, str(row.total)) for row in ageing.rows)


def stored_counts(world: World, name: str) -> dict[str, int]:
    counts = world.app.store.ledger.counts(world.connection(name).id)
    return {kind.value: count for kind, count in counts.items()}


def stored_invoices(world: World, name: str) -> dict[str, Invoice]:
    accounts = world.app.accounts(world.connection(name))
    return {invoice.id: invoice for account in accounts for invoice in account.invoices}


def connect(world: World, name: str, documents: Mapping[str, Any], *, currency: str) -> None:
    world.move_to(NOW)
    world.load(name, documents=documents)
    text = arsync_rulebooks.text("standard")
    assert "\ncurrency: GBP" in text
    world.rules(text.replace("\ncurrency: GBP", f"\ncurrency: {currency}"))
    world.connect(name)


def planned_invoices(plan: Plan) -> set[str]:
    return {ref.id for action in plan.actions for ref in action.invoices}


# -- Xero -------------------------------------------------------------------------------------


def xero_documents() -> dict[str, Any]:
    contacts = [
        {
            "ContactID": row["contact_id"],
            "Name": row["name"],
            "ContactStatus": "ARCHIVED" if row["_fivetran_deleted"] == "true" else "ACTIVE",
            "EmailAddress": f"{row['contact_id']}@customers.example",
        }
        for row in rows_of("dbt_xero_seeds", "xero_contact")
    ]
    invoices = [xero_invoice(row) for row in rows_of("dbt_xero_seeds", "xero_invoice")]
    # The bills in Canadian dollars have a rate of 1: that is the company's own currency.
    organisation = {"Name": "A real company", "BaseCurrency": "CAD", "CountryCode": "CA"}
    return {"Organisations": [organisation], "Contacts": contacts, "Invoices": invoices}


def xero_invoice(row: Row) -> dict[str, Any]:
    return filled(
        {
            "InvoiceID": row["invoice_id"],
            "Type": row["type"],
            "Status": row["status"],
            "InvoiceNumber": row["invoice_number"],
            "Reference": row["reference"],
            "Contact": {"ContactID": row["contact_id"]},
            "DateString": f"{row['date']}T00:00:00",
            "DueDateString": f"{row['due_date']}T00:00:00",
            "FullyPaidOnDate": row["fully_paid_on_date"],
            "UpdatedDateUTC": row["updated_date_utc"].replace(" UTC", "").replace(" ", "T"),
            "LineAmountTypes": row["line_amount_types"],
            "CurrencyCode": row["currency_code"],
            "CurrencyRate": row["currency_rate"],
            "SubTotal": row["sub_total"],
            "TotalTax": row["total_tax"],
            "Total": row["total"],
            "AmountDue": row["amount_due"],
            "AmountPaid": row["amount_paid"],
            "AmountCredited": row["amount_credited"],
            "SentToContact": row["sent_to_contact"] == "true",
        }
    )


def xero_sums(rows: Iterable[Row]) -> Sums:
    return sums_of(
        (row["contact_id"], row["currency_code"], row["amount_due"])
        for row in rows
        if row["type"] == "ACCREC" and row["status"] == "AUTHORISED"
    )


def test_a_real_xero_ledger_is_planned_to_the_cent(world: World) -> None:
    rows = rows_of("dbt_xero_seeds", "xero_invoice")
    connect(world, "xero", xero_documents(), currency="CAD")
    (result,) = world.app.pull("xero")
    assert result.all_problems == []
    (plan,) = world.app.plan("xero")

    assert stored_sums(world, "xero") == reported_sums(world, "xero") == xero_sums(rows)
    assert by_currency(xero_sums(rows)) == {"GBP": Decimal(12735), "USD": Decimal(30106)}
    assert stored_counts(world, "xero")["contacts"] == 152
    sales = {row["invoice_id"]: row for row in rows if row["type"] == "ACCREC"}
    stored = stored_invoices(world, "xero")
    assert stored.keys() == sales.keys(), "sales invoices only, and all of them"
    for id_, invoice in stored.items():
        assert invoice.status.upper() == sales[id_]["status"].replace("AUTHORISED", "OPEN")
        assert invoice.total == Decimal(sales[id_]["total"])
        assert invoice.currency == sales[id_]["currency_code"]
    owed = {id_ for id_, row in sales.items() if row["status"] == "AUTHORISED"}
    told = {held.invoice_id for held in plan.held_back if held.invoice_id}
    assert planned_invoices(plan) | told == owed, "each is chased, or it is told why not"
    assert not plan.safety.exceeded


def test_real_foreign_debts_use_the_rate_xero_recorded(world: World) -> None:
    rows = rows_of("dbt_xero_seeds", "xero_invoice")
    connect(world, "xero", xero_documents(), currency="CAD")
    world.app.pull("xero")
    (plan,) = world.app.plan("xero")
    overdue: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        if row["type"] == "ACCREC" and row["due_date"] < NOW.date().isoformat():
            overdue[row["contact_id"]] += Decimal(row["amount_due"]) / Decimal(row["currency_rate"])
    # These customers have no terms of their own at Xero, so it is told why none are changed.
    overdue_rule = [
        reason for reason in plan.held_back if reason.why.startswith("the payment terms are not")
    ]
    assert len(overdue_rule) == 2, "two customers are 60 days overdue with more than 500 dollars"
    for reason in overdue_rule:
        assert reason.because is not None
        says = Decimal(reason.because.facts["overdue_amount"])
        assert abs(says - overdue[reason.contact_id]) < Decimal("0.01")
        assert reason.because.facts["converted_from"]


def test_odd_documents_of_a_real_xero_ledger_are_named(world: World) -> None:
    documents = xero_documents()
    sales = (document for document in documents["Invoices"] if document["Type"] == "ACCREC")
    owed = [sale for sale in sales if Decimal(sale["AmountDue"])]
    without_due_date, without_rate, in_no_currency = owed[:3]
    del without_due_date["DueDateString"]
    without_rate["CurrencyRate"] = None
    in_no_currency["CurrencyCode"] = "ZZZ"
    connect(world, "xero", documents, currency="CAD")
    (result,) = world.app.pull("xero")
    assert result.pulled is not None
    assert {problem.number: problem.message for problem in result.pulled.problems} == {
        without_due_date["InvoiceNumber"]: "DueDate is missing",
        without_rate["InvoiceNumber"]: f"no CurrencyRate for {without_rate['CurrencyCode']}",
        in_no_currency["InvoiceNumber"]: "unknown CurrencyCode 'ZZZ'",
    }
    odd = {document["InvoiceID"] for document in owed[:3]}
    rows = [r for r in rows_of("dbt_xero_seeds", "xero_invoice") if r["invoice_id"] not in odd]
    assert stored_sums(world, "xero") == xero_sums(rows)
    (plan,) = world.app.plan("xero")
    assert not planned_invoices(plan) & odd
    (status,) = world.app.status("xero")
    assert len(status.document_problems) == 3


# -- QuickBooks -------------------------------------------------------------------------------


def quickbooks_documents() -> dict[str, Any]:
    customers = [quickbooks_customer(row) for row in rows_of(QUICKBOOKS, "customer")]
    invoices = [quickbooks_invoice(row) for row in rows_of(QUICKBOOKS, "invoice") if is_there(row)]
    memos = [quickbooks_memo(row) for row in rows_of(QUICKBOOKS, "credit_memo")]
    return {
        "Customer": customers,
        "Invoice": invoices,
        "CreditMemo": memos,
        "Payment": quickbooks_payments(),
    }


QUICKBOOKS = "dbt_quickbooks_seeds"


def is_there(row: Row) -> bool:
    """Say whether QuickBooks still has a row: of the deleted, only shells are in the file."""
    return row["_fivetran_deleted"] == "FALSE"


def moment(text: str) -> str:
    return f"{datetime.strptime(text, '%Y-%m-%d %H:%M:%S').isoformat()}+00:00"


def meta(row: Row) -> dict[str, str]:
    return {"CreateTime": moment(row["created_at"]), "LastUpdatedTime": moment(row["updated_at"])}


def reference(value: str) -> dict[str, str] | None:
    return {"value": value} if value else None


def quickbooks_customer(row: Row) -> dict[str, Any]:
    return filled(
        {
            "Id": row["id"],
            "DisplayName": row["display_name"],
            "Active": is_there(row) and row["active"] == "TRUE",
            "CurrencyRef": reference(row["currency_id"]),
            "PrimaryEmailAddr": {"Address": f"c{row['id']}@customers.example"},
            "ParentRef": reference(row["parent_customer_id"]),
            "Balance": row["balance"],
            "SyncToken": row["sync_token"] or "0",
            "MetaData": meta(row),
        }
    )


def quickbooks_invoice(row: Row) -> dict[str, Any]:
    return filled(
        {
            "Id": row["id"],
            "DocNumber": row["doc_number"],
            "CustomerRef": reference(row["customer_id"]),
            "TxnDate": row["transaction_date"],
            "DueDate": row["due_date"],
            "CurrencyRef": reference(row["currency_id"]),
            "ExchangeRate": row["exchange_rate"],
            "TotalAmt": row["total_amount"],
            "Balance": row["balance"],
            "EmailStatus": row["email_status"] or "NotSet",
            "SyncToken": row["sync_token"] or "0",
            "MetaData": meta(row),
        }
    )


def quickbooks_memo(row: Row) -> dict[str, Any]:
    return filled(
        {
            "Id": row["id"],
            "DocNumber": row["doc_number"],
            "CustomerRef": reference(row["customer_id"]),
            "TxnDate": row["transaction_date"],
            "CurrencyRef": reference(row["currency_id"]),
            "ExchangeRate": row["exchange_rate"] or "0.8",
            "TotalAmt": row["total_amount"],
            "Balance": row["balance"],
            "RemainingCredit": row["remaining_credit"],
            "MetaData": meta(row),
        }
    )


def quickbooks_payments() -> list[dict[str, Any]]:
    lines: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in rows_of(QUICKBOOKS, "payment_line"):
        link = {"TxnId": line["invoice_id"], "TxnType": "Invoice"}
        lines[line["payment_id"]].append({"Amount": line["amount"], "LinkedTxn": [link]})
    return [
        filled(
            {
                "Id": row["id"],
                "CustomerRef": reference(row["customer_id"]),
                "TxnDate": row["transaction_date"],
                "CurrencyRef": reference(row["currency_id"]),
                "ExchangeRate": row["exchange_rate"] or "0.8",
                "TotalAmt": row["total_amount"],
                "UnappliedAmt": row["unapplied_amount"],
                "PaymentRefNum": row["reference_number"],
                "Line": lines[row["id"]],
                "MetaData": meta(row),
            }
        )
        for row in rows_of(QUICKBOOKS, "payment")
    ]


def quickbooks_sums() -> Sums:
    rows = [row for row in rows_of(QUICKBOOKS, "invoice") if is_there(row)]
    return sums_of((row["customer_id"], row["currency_id"], row["balance"]) for row in rows)


def all_customers(documents: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the customers of the file, and those that only documents name."""
    customers = {document["Id"] for document in documents["Customer"]}
    named = {
        document["CustomerRef"]["value"]
        for kind in ("Invoice", "CreditMemo", "Payment")
        for document in documents[kind]
    }
    others = [
        {
            "Id": id_,
            "DisplayName": f"Customer {id_}",
            "PrimaryEmailAddr": {"Address": f"c{id_}@customers.example"},
        }
        for id_ in sorted(named - customers)
    ]
    return [*documents["Customer"], *others]


def test_a_real_quickbooks_ledger_is_planned_to_the_cent(world: World) -> None:
    documents = quickbooks_documents()
    documents["Customer"] = all_customers(documents)
    connect(world, "quickbooks", documents, currency="GBP")
    (result,) = world.app.pull("quickbooks")
    assert result.all_problems == []
    (plan,) = world.app.plan("quickbooks")

    sums = quickbooks_sums()
    assert stored_sums(world, "quickbooks") == reported_sums(world, "quickbooks") == sums
    assert by_currency(sums) == {"USD": Decimal("119676.55"), "EUR": Decimal(1000)}
    assert stored_counts(world, "quickbooks") == {
        "contacts": 27,
        "invoices": 5,
        "payments": 12,
        "credits": 12,
    }
    rows = {row["id"]: row for row in rows_of(QUICKBOOKS, "invoice")}
    shells = {id_ for id_, row in rows.items() if not is_there(row)}
    assert len(shells) == 11
    named = planned_invoices(plan) | {held.invoice_id for held in plan.held_back}
    assert rows.keys() - shells == named, "each is chased, or it is told why not"
    exposure = sum(
        Decimal(row["balance"]) * Decimal(row["exchange_rate"])
        for id_, row in rows.items()
        if id_ not in shells
    )
    hold = next(action for action in plan.actions if action.kind is ActionKind.CREDIT_HOLD)
    limit = Decimal(2500)
    says = Decimal(hold.because.facts["over_limit_percent"])
    assert abs(says - (exposure - limit) / limit * 100) < Decimal("0.01")


def test_an_unknown_customers_debts_are_reported_and_never_chased(world: World) -> None:
    # The customer who owes everything in this ledger is not in its list of customers.
    documents = quickbooks_documents()
    assert "4783" not in {document["Id"] for document in documents["Customer"]}
    connect(world, "quickbooks", documents, currency="GBP")
    (result,) = world.app.pull("quickbooks")
    assert "contacts 4783: documents name this contact, and the platform does not have it" in (
        "\n".join(result.all_problems)
    )
    sums = quickbooks_sums()
    assert stored_sums(world, "quickbooks") == reported_sums(world, "quickbooks") == sums
    (plan,) = world.app.plan("quickbooks")
    assert plan.actions == ()
    held = [held_back for held_back in plan.held_back if held_back.contact_id == "4783"]
    assert {held_back.why for held_back in held} == {"the contact is unknown"}
    (again,) = world.app.pull("quickbooks")
    assert again.all_problems == [], "said once, not with every pull"
    (status,) = world.app.status("quickbooks")
    assert any("contacts 4783" in problem for problem in status.document_problems)


def test_odd_documents_of_a_real_quickbooks_ledger_are_named(world: World) -> None:
    documents = quickbooks_documents()
    documents["Customer"] = all_customers(documents)
    without_due_date, without_rate = documents["Invoice"][0], documents["Invoice"][2]
    del without_due_date["DueDate"]
    without_rate["CurrencyRef"] = {"value": "XXX"}
    connect(world, "quickbooks", documents, currency="GBP")
    (result,) = world.app.pull("quickbooks")
    assert result.pulled is not None
    assert {problem.id: problem.message for problem in result.pulled.problems} == {
        without_due_date["Id"]: "DueDate is missing",
        without_rate["Id"]: "unknown currency 'XXX'",
    }
    odd = {without_due_date["Id"], without_rate["Id"]}
    (plan,) = world.app.plan("quickbooks")
    assert not planned_invoices(plan) & odd
    owed_in_all = sum(
        Decimal(document["Balance"])
        for document in documents["Invoice"]
        if document["Id"] not in odd
    )
    assert sum(stored_sums(world, "quickbooks").values()) == owed_in_all
