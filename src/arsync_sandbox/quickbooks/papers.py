"""What people read: a PDF of a form, the two reports about debts, and profit and loss."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal

from arsync_sandbox.quickbooks import faults
from arsync_sandbox.quickbooks.company import SandboxCompany
from arsync_sandbox.quickbooks.ledger import QuickBooksLedger
from arsync_sandbox.quickbooks.wire import ZERO, Doc, response_time

AGES = ("Current", "1 - 30", "31 - 60", "61 - 90", "91 and over")
"""Columns of the report by age, in days overdue."""


def pdf(entity: str, doc: Doc) -> bytes:
    """A page that names the document and its total: small, but a valid PDF."""
    number = doc.get("DocNumber") or doc["Id"]
    lines = [
        f"{entity} {number}",
        str(doc.get("CustomerRef", {}).get("name", "")),
        f"Date {doc.get('TxnDate', '')}",
        f"Due {doc.get('DueDate', '')}",
        f"Total {doc.get('TotalAmt', '')}",
        f"Open {doc.get('Balance', '')}",
    ]
    shown = " ".join(f"({_escape(line)}) Tj T*" for line in lines)
    content = f"BT /F1 12 Tf 16 TL 72 760 Td {shown} ET".encode("latin-1", "replace")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 5 0 R "
            b"/Resources << /Font << /F1 4 0 R >> >> >>"
        ),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
    ]
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number_, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number_, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        start,
    )
    return bytes(out)


def _escape(text: str) -> str:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def report(
    name: str, ledger: QuickBooksLedger, company: SandboxCompany, as_of: date, since: date
) -> Doc:
    """A report as of a day, or from one day to another.

    Raises:
        Refusal: 500 for a report that is not kept here.
    """
    if name == "ProfitAndLoss":
        columns, rows = [], _profit_and_loss(ledger, since, as_of)
    elif name == "AgedReceivables":
        columns, rows = list(AGES), _by_age(ledger, as_of)
    elif name == "CustomerBalance":
        columns, rows = [], _by_customer(ledger)
    else:
        raise faults.unsupported(f"Report {name} is not supported")
    totals = [sum((row[1][at] for row in rows), ZERO) for at in range(len(columns) + 1)]
    return {
        "Header": {
            "Time": response_time(ledger.now()),
            "ReportName": name,
            "StartPeriod": (since if name == "ProfitAndLoss" else as_of).isoformat(),
            "EndPeriod": as_of.isoformat(),
            "Currency": company.home_currency,
            "Option": [{"Name": "report_date", "Value": as_of.isoformat()}],
        },
        "Columns": {
            "Column": [
                {"ColTitle": "", "ColType": "Customer"},
                *({"ColTitle": title, "ColType": "Money"} for title in [*columns, "Total"]),
            ]
        },
        "Rows": {
            "Row": [
                *({"ColData": _cells(*row)} for row in rows),
                {
                    "Summary": {"ColData": _cells(("", "TOTAL"), totals)},
                    "type": "Section",
                    "group": "GrandTotal",
                },
            ]
        },
    }


_Row = tuple[tuple[str, str], list[Decimal]]


def _cells(who: tuple[str, str], amounts: list[Decimal]) -> list[Doc]:
    id_, name = who
    first = {"value": name, "id": id_} if id_ else {"value": name}
    return [first, *({"value": f"{amount:.2f}" if amount else ""} for amount in amounts)]


def _by_age(ledger: QuickBooksLedger, as_of: date) -> list[_Row]:
    ages: dict[str, list[Decimal]] = defaultdict(lambda: [ZERO] * (len(AGES) + 1))
    table = ledger.tables["Invoice"]
    balance, due, customer = (table.columns.index(n) for n in ("Balance", "DueDate", "CustomerRef"))
    for row in table:
        amount = Decimal(row.columns[balance] or 0)
        if amount:
            late = (as_of - date.fromisoformat(row.columns[due])).days
            place = 0 if late <= 0 else min((late - 1) // 30 + 1, len(AGES) - 1)
            ages[row.columns[customer]][place] += amount
            ages[row.columns[customer]][-1] += amount
    return [((id_, _name(ledger, id_)), amounts) for id_, amounts in ages.items()]


def _profit_and_loss(ledger: QuickBooksLedger, since: date, as_of: date) -> list[_Row]:
    """What was sold in the days: the sandbox has no expenses."""
    table = ledger.tables["Invoice"]
    total, issued = (table.columns.index(name) for name in ("TotalAmt", "TxnDate"))
    days = (since.isoformat(), as_of.isoformat())
    income = sum(
        (
            Decimal(row.columns[total] or 0)
            for row in table
            if days[0] <= str(row.columns[issued]) <= days[1]
        ),
        ZERO,
    )
    return [(("82", "Services"), [income])] if income else []


def _by_customer(ledger: QuickBooksLedger) -> list[_Row]:
    rows = []
    for row in ledger.tables["Customer"].in_order():
        own, _ = ledger.balances(row.id)
        if own:
            rows.append(((row.id, _name(ledger, row.id)), [own]))
    return rows


def _name(ledger: QuickBooksLedger, id_: str) -> str:
    return str((ledger.get("Customer", id_) or {}).get("FullyQualifiedName", ""))
