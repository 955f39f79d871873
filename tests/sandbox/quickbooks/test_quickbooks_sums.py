"""Whatever is written, in whatever order: sums hold, and nothing breaks the server."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from decimal import Decimal
from typing import Any

import pytest

STEPS = 200


def rows(company: Any, kind: str, where: str = "") -> list[dict[str, Any]]:
    documents: list[dict[str, Any]] = company.query(
        f"select * from {kind} {where} maxresults 1000"
    ).get(kind, [])
    return documents


def some_links(company: Any, dice: random.Random) -> list[dict[str, Any]]:
    lines = []
    for _ in range(dice.randint(0, 3)):
        kind = dice.choice(["Invoice", "Invoice", "CreditMemo"])
        open_ids = [row["Id"] for row in rows(company, kind, "where Balance > '0'")]
        if open_ids:
            link = [{"TxnId": dice.choice(open_ids), "TxnType": kind}]
            lines.append({"Amount": dice.randint(1, 30), "LinkedTxn": link})
    return lines


def one_step(company: Any, customers: list[str], dice: random.Random) -> int:
    """Try something that may well be refused; return the status."""
    kind = dice.choice(["Invoice", "Payment", "CreditMemo", "Deposit", "Customer"])
    table = rows(company, kind)
    body: dict[str, Any] = {}
    query: dict[str, str] = {}
    if table and dice.random() < 0.4:
        doc = dice.choice(table)
        body = {"Id": doc["Id"], "SyncToken": doc["SyncToken"], "sparse": True}
        query = dice.choice([{}, {}, {"operation": "delete"}, {"operation": "void"}])
        if kind == "Payment" and dice.random() < 0.2:
            query = {"operation": "update", "include": "void"}
    if kind in {"Invoice", "CreditMemo"}:
        body |= company.invoice_body(dice.choice(customers), str(dice.randint(1, 90)))
    elif kind == "Payment":
        customer = {"value": dice.choice(customers)}
        lines = some_links(company, dice)
        body |= {"CustomerRef": customer, "TotalAmt": dice.randint(0, 60), "Line": lines}
    elif kind == "Deposit":
        payments = [row["Id"] for row in rows(company, "Payment")]
        links = [{"TxnId": id_, "TxnType": "Payment"} for id_ in payments[:1]]
        body |= {"DepositToAccountRef": {"value": "35"}}
        body |= {"Line": [{"Amount": 1, "LinkedTxn": links}]}
    elif "Id" in body:
        parent = dice.choice([None, {"value": dice.choice(customers)}])
        body |= {"ParentRef": parent}
    else:
        return 0
    status: int = company.ask(kind.lower(), body, **query).status_code
    return status


@pytest.mark.parametrize("seed", [1, 2])
def test_sums_hold_whatever_is_done(company: Any, seed: int) -> None:
    dice = random.Random(seed)
    customers = [company.customer(name)["Id"] for name in "ABCD"]
    statuses = Counter(one_step(company, customers, dice) for _ in range(STEPS))
    assert set(statuses) <= {0, 200, 400}
    assert statuses[200] > STEPS / 5
    check_documents(company)
    check_customers(company)


def check_documents(company: Any) -> None:
    applied: Counter[tuple[str, str]] = Counter()
    for payment in rows(company, "Payment"):
        unapplied = payment["TotalAmt"]
        for line in payment["Line"]:
            link = line["LinkedTxn"][0]
            applied[link["TxnType"], link["TxnId"]] += line["Amount"]
            unapplied -= line["Amount"] if link["TxnType"] == "Invoice" else -line["Amount"]
        assert unapplied == payment["UnappliedAmt"] >= 0
    for kind in ("Invoice", "CreditMemo"):
        for doc in rows(company, kind):
            assert doc["Balance"] == doc["TotalAmt"] - applied[kind, doc["Id"]] >= 0


def check_customers(company: Any) -> None:
    own: defaultdict[str, Decimal] = defaultdict(Decimal)
    for kind, name, sign in (
        ("Invoice", "Balance", 1),
        ("CreditMemo", "Balance", -1),
        ("Payment", "UnappliedAmt", -1),
    ):
        for doc in rows(company, kind):
            own[doc["CustomerRef"]["value"]] += sign * Decimal(doc[name])
    customers = rows(company, "Customer")

    def together(id_: str) -> Decimal:
        jobs = [row for row in customers if row.get("ParentRef", {}).get("value") == id_]
        return own[id_] + sum((together(job["Id"]) for job in jobs), Decimal(0))

    for row in customers:
        assert row["Balance"] == own[row["Id"]]
        assert row["BalanceWithJobs"] == together(row["Id"])


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("payment", {"TotalAmt": 5, "Line": [{"Amount": 5, "LinkedTxn": [{"TxnId": "1"}]}]}),
        ("payment", {"TotalAmt": 5, "Line": [{"Amount": 5, "LinkedTxn": [{}]}]}),
        ("payment", {"TotalAmt": True}),
        ("payment", {"TotalAmt": "1e40"}),
        ("invoice", {"Line": [None]}),
        ("invoice", {"Line": {}}),
        ("invoice", {"EmailStatus": ["NeedToSend"]}),
        ("customer", {"DisplayName": {"a": 1}}),
        ("customer", {"DisplayName": "X", "Active": {}}),
        ("customer", {"DisplayName": "X", "BillAddr": "Paris"}),
        ("customer", {"DisplayName": "X", "ParentRef": {}}),
        ("customer", [1]),
        ("attachable", {"Note": "x", "AttachableRef": [{}]}),
        ("batch", {"BatchItemRequest": [1]}),
        ("batch", {}),
        ("deposit", {"Line": [{}]}),
    ],
)
def test_an_odd_body_is_refused(company: Any, kind: str, body: Any) -> None:
    company.customer()
    if isinstance(body, dict) and kind in {"payment", "invoice"}:
        body = {"CustomerRef": {"value": "1"}, **body}
    assert company.ask(kind, body).status_code == 400
    assert company.query("select count(*) from Payment") == {"totalCount": 0}
