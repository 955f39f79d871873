"""The platform's own PDF of an invoice: whole, or a decided refusal."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from arsync.connector_sdk import INVOICE_PDF_BYTES_MAX
from arsync.errors import NeedsReconnect, Rejected, RetryLater

LARGE = "%PDF-1.4\n" + "x" * INVOICE_PDF_BYTES_MAX + "\n%%EOF\n"


@pytest.fixture(params=["xero", "quickbooks"])
def bench(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


@pytest.fixture
def invoice_id(bench: Any) -> str:
    contact = bench.add_contact("Ridgeway University", "accounts@ridgeway.example")
    day = bench.now().date()
    added: str = bench.add_invoice(contact, Decimal("1234.56"), day, day + timedelta(days=30))
    return added


def answer(bench: Any, **fault: Any) -> None:
    bench.sandbox.faults.add({"path": "/pdf", **fault})


def test_a_paper_names_its_invoice(bench: Any, invoice_id: str) -> None:
    paper = bench.connector().invoice_pdf(invoice_id)
    assert b"1234.56" in paper
    assert b"Ridgeway University" in paper
    assert b"INV-00001" in paper


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        ({"status": 200, "body": "<html>Sign in</html>"}, RetryLater, "no PDF"),
        ({"status": 200, "body": ""}, RetryLater, "no PDF"),
        ({"status": 200, "body": "%PDF-1.4\n1 0 obj\n"}, RetryLater, "a part of"),
        ({"malformed": True}, RetryLater, "a part of"),
        ({"status": 200, "body": LARGE}, Rejected, "10,000,000 can be sent"),
        ({"status": 404, "body": "The resource was not found"}, Rejected, "not found|404"),
        ({"status": 400, "body": "Bad request"}, Rejected, "Bad request|400"),
        ({"status": 403, "body": "", "times": 2}, NeedsReconnect, "403"),
        # Longer than a run waits: it is left to the next one.
        ({"status": 503, "headers": {"Retry-After": "600"}}, RetryLater, "503"),
        ({"status": 429, "headers": {"Retry-After": "600"}}, RetryLater, "slower pace"),
    ],
    ids=[
        "a page",
        "nothing",
        "without its end",
        "broken off",
        "too large",
        "not found",
        "refused",
        "forbidden",
        "down",
        "busy",
    ],
)
def test_what_is_no_paper_is_refused(
    bench: Any, invoice_id: str, fault: dict[str, Any], error: type[Exception], words: str
) -> None:
    answer(bench, **fault)
    with pytest.raises(error, match=words):
        bench.connector().invoice_pdf(invoice_id)


def test_an_answer_that_fails_once_is_asked_again(bench: Any, invoice_id: str) -> None:
    answer(bench, status=500, times=1)
    assert bench.connector().invoice_pdf(invoice_id).startswith(b"%PDF-")


def test_a_fault_inside_a_good_answer_is_seen(quickbooks: Any) -> None:
    fault = {"Fault": {"Error": [{"Message": "Object Not Found", "code": "610"}]}}
    answer(quickbooks, status=200, body=fault)
    with pytest.raises(Rejected, match="Object Not Found"):
        quickbooks.connector().invoice_pdf("7")
    with pytest.raises(Rejected, match="no Invoice"):
        quickbooks.connector().invoice_pdf("../7")
