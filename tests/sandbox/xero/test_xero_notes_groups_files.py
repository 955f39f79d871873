"""Notes, emails, groups and attachments."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

ACME = "11111111-1111-4111-8111-111111111111"
BETA = "22222222-2222-4222-8222-222222222222"
OPEN = "aaaaaaaa-0000-4000-8000-000000000001"
LATE = "aaaaaaaa-0000-4000-8000-000000000002"
DRAFT = "aaaaaaaa-0000-4000-8000-000000000004"


def note(xero: Any, path: str, text: str = "note [arsync:8f3c2]") -> Any:
    return xero.put(f"{path}/History", {"HistoryRecords": [{"Details": text}]})["HistoryRecords"]


def test_notes_are_written_and_read_back(xero: Any) -> None:
    for path in (f"/Invoices/{OPEN}", f"/Contacts/{ACME}"):
        written = note(xero, path)[0]
        assert (written["Details"], written["ValidationErrors"]) == ("note [arsync:8f3c2]", [])
        read = xero.get(f"{path}/History")["HistoryRecords"][0]
        assert (read["Details"], read["User"]) == ("note [arsync:8f3c2]", "System Generated")
        assert read["DateUTCString"].startswith("2026-03-02T09:")


def test_a_note_longer_than_the_limit_is_refused(start_xero: Callable[..., Any]) -> None:
    xero = start_xero()
    path = f"/Invoices/{OPEN}"
    note(xero, path, "x" * 2500)
    long = {"HistoryRecords": [{"Details": "x" * 2501}]}
    assert "2500" in xero.refused("PUT", f"{path}/History", long)[0]
    xero.sandbox.change_settings({"xero_note_chars_max": 250})
    note(xero, path, "x" * 250)
    short = {"HistoryRecords": [{"Details": "x" * 251}]}
    assert xero.refused("PUT", f"{path}/History", short)
    assert xero.refused("PUT", f"{path}/History", {"HistoryRecords": [{"Details": " "}]})


def test_payments_and_money_in_hand_take_no_notes(start_xero: Callable[..., Any]) -> None:
    xero = start_xero()
    payment = xero.pay(LATE, "1")["PaymentID"]
    prepayment = xero.book.prepay(ACME, Decimal(10))
    body = {"HistoryRecords": [{"Details": "x"}]}
    message = "The document with the supplied id was not found for this endpoint."
    for path in (f"/Payments/{payment}/History", f"/Prepayments/{prepayment}/History"):
        assert xero.refused("PUT", path, body) == [message]
        assert xero.get(path)["HistoryRecords"] == []
    xero.sandbox.change_settings({"xero_history_on_payments": True})
    note(xero, f"/Payments/{payment}")


@pytest.mark.parametrize("bumps", [False, True])
def test_a_note_moves_the_invoice_or_not(start_xero: Callable[..., Any], bumps: bool) -> None:
    xero = start_xero(xero_note_bumps_updated=bumps)
    before = xero.invoice(OPEN)["UpdatedDateUTC"]
    note(xero, f"/Invoices/{OPEN}")
    assert (xero.invoice(OPEN)["UpdatedDateUTC"] != before) is bumps


@pytest.mark.parametrize("accepted", [True, False])
def test_notes_on_locked_documents(start_xero: Callable[..., Any], accepted: bool) -> None:
    xero = start_xero(xero_note_on_locked=accepted, xero_period_lock_date="2026-02-28")
    body = {"HistoryRecords": [{"Details": "x"}]}
    answer = xero.call("PUT", f"/Invoices/{OPEN}/History", body)
    assert (answer.status_code == 200) is accepted


def test_a_note_for_an_unknown_record_is_a_404(xero: Any) -> None:
    body = {"HistoryRecords": [{"Details": "x"}]}
    assert xero.call("PUT", f"/Invoices/{ACME}/History", body).status_code == 404


def test_an_email_goes_out_at_once(xero: Any) -> None:
    persons = [
        {"FirstName": "A", "EmailAddress": "a@acme.example", "IncludeInEmails": True},
        {"FirstName": "B", "EmailAddress": "b@acme.example", "IncludeInEmails": False},
    ]
    xero.post(f"/Contacts/{ACME}", {"ContactID": ACME, "ContactPersons": persons})
    answer = xero.call("POST", f"/Invoices/{LATE}/Email", {})
    assert (answer.status_code, answer.content) == (204, b"")
    sent = xero.sandbox.mailbox.emails[-1]
    assert (sent.origin, sent.invoice_id) == ("xero", LATE)
    assert sent.to == ["ap@acme.example", "a@acme.example"]
    assert "S-2" in sent.subject


@pytest.mark.parametrize("said", [True, False])
def test_an_email_marks_invoice_and_history_by_the_switch(
    start_xero: Callable[..., Any], said: bool
) -> None:
    xero = start_xero(xero_email_marks_sent=said, xero_email_writes_history=said)
    xero.post(f"/Invoices/{DRAFT}", {"InvoiceID": DRAFT, "Status": "AUTHORISED"})
    xero.call("POST", f"/Invoices/{DRAFT}/Email", {})
    assert xero.invoice(DRAFT).get("SentToContact", False) is said
    rows = xero.get(f"/Invoices/{DRAFT}/History")["HistoryRecords"]
    assert any(row["Changes"] == "Invoice sent" for row in rows) is said


@pytest.mark.parametrize(("plan", "cap"), [("paying", 1000), ("trial", 20), ("demo", 0)])
def test_emails_stop_at_the_cap_of_the_plan(
    start_xero: Callable[..., Any], plan: str, cap: int
) -> None:
    xero = start_xero(xero_plan=plan, limits=True, xero_email_writes_history=False)
    xero.book.api.emails_sent[xero.sandbox.now().date()] = max(0, cap - 1)
    answers = [xero.call("POST", f"/Invoices/{LATE}/Email", {}).status_code for _ in range(2)]
    assert answers == ([400, 400] if cap == 0 else [204, 400])


def test_what_cannot_be_emailed(xero: Any) -> None:
    assert "status" in xero.refused("POST", f"/Invoices/{DRAFT}/Email", {})[0]
    xero.book.set_email(ACME, "")
    assert "email address" in xero.refused("POST", f"/Invoices/{LATE}/Email", {})[0]


def test_groups_are_made_filled_renamed_and_deleted(xero: Any) -> None:
    body = {"ContactGroups": [{"Name": "On hold (arsync)"}]}
    group = xero.put("/ContactGroups", body)["ContactGroups"][0]
    assert group["Contacts"] == []
    path = f"/ContactGroups/{group['ContactGroupID']}"
    members = {"Contacts": [{"ContactID": ACME}, {"ContactID": BETA}]}
    added = xero.put(f"{path}/Contacts", members)["Contacts"]
    assert [row["HasValidationErrors"] for row in added] == [False, False]
    assert len(xero.get(path)["ContactGroups"][0]["Contacts"]) == 2
    listed = xero.get("/ContactGroups")["ContactGroups"]
    assert all(group["Contacts"] == [] for group in listed)
    assert xero.contact(ACME)["ContactGroups"][0]["Name"] == "On hold (arsync)"
    assert xero.call("DELETE", f"{path}/Contacts/{ACME}").status_code == 204
    assert xero.call("DELETE", f"{path}/Contacts/{ACME}").status_code == 404
    assert xero.contact(ACME)["ContactGroups"] == []
    renamed = xero.post(path, {"ContactGroups": [{"Name": "Held"}]})["ContactGroups"][0]
    assert renamed["Name"] == "Held"
    assert xero.contact(BETA)["ContactGroups"][1]["Name"] == "Held"
    xero.post(path, {"ContactGroups": [{"Status": "DELETED"}]})
    assert xero.call("GET", path).status_code == 404
    assert [row["Name"] for row in xero.get("/ContactGroups")["ContactGroups"]] == ["Key"]
    assert [row["Name"] for row in xero.contact(BETA)["ContactGroups"]] == ["Key"]


def test_a_group_is_emptied_as_a_whole(xero: Any) -> None:
    group = xero.get("/ContactGroups")["ContactGroups"][0]["ContactGroupID"]
    assert xero.call("DELETE", f"/ContactGroups/{group}/Contacts").status_code == 204
    assert xero.get(f"/ContactGroups/{group}")["ContactGroups"][0]["Contacts"] == []


def test_a_hundred_groups_with_unique_names_are_allowed(xero: Any) -> None:
    names = [{"Name": f"G{i}"} for i in range(99)]
    xero.put("/ContactGroups", {"ContactGroups": names}, check=False)
    over = {"ContactGroups": [{"Name": "one more"}]}
    message = "You've reached the limit of 100 contact groups."
    assert xero.refused("PUT", "/ContactGroups", over) == [message]
    same = {"ContactGroups": [{"Name": "key"}]}
    assert "already assigned" in xero.refused("PUT", "/ContactGroups", same)[0]


def test_an_unknown_member_refuses_all(xero: Any) -> None:
    group = xero.get("/ContactGroups")["ContactGroups"][0]["ContactGroupID"]
    body = {"Contacts": [{"ContactID": ACME}, {"ContactID": OPEN}]}
    assert xero.refused("PUT", f"/ContactGroups/{group}/Contacts", body)
    assert xero.contact(ACME)["ContactGroups"] == []


@pytest.mark.parametrize("bumps", [False, True])
def test_membership_moves_the_contact_or_not(start_xero: Callable[..., Any], bumps: bool) -> None:
    xero = start_xero(xero_group_bumps_contact=bumps)
    group = xero.get("/ContactGroups")["ContactGroups"][0]["ContactGroupID"]
    before = xero.contact(ACME)["UpdatedDateUTC"]
    xero.put(f"/ContactGroups/{group}/Contacts", {"Contacts": [{"ContactID": ACME}]})
    assert (xero.contact(ACME)["UpdatedDateUTC"] != before) is bumps


def attach(xero: Any, name: str, content: bytes = b"%PDF-1.4", **params: Any) -> Any:
    path = f"/Invoices/{LATE}/Attachments/{name}"
    kind = {"Content-Type": "application/pdf"}
    return xero.call("PUT", path, content, headers=kind, check=False, **params)


def test_attachments_are_stored_listed_and_overwritten(xero: Any) -> None:
    attachment = attach(xero, "letter.pdf", IncludeOnline="true").json()["Attachments"][0]
    assert (attachment["MimeType"], attachment["ContentLength"]) == ("application/pdf", 8)
    again = attach(xero, "letter.pdf", b"%PDF-1.5 longer").json()["Attachments"][0]
    assert again["AttachmentID"] == attachment["AttachmentID"]
    path = f"/Invoices/{LATE}/Attachments"
    assert len(xero.get(path)["Attachments"]) == 1
    assert xero.call("GET", f"{path}/letter.pdf", check=False).content == b"%PDF-1.5 longer"
    assert xero.call("GET", f"{path}/other.pdf", check=False).status_code == 404
    assert xero.invoice(LATE)["HasAttachments"] is True
    assert xero.invoice(LATE)["Attachments"][0]["FileName"] == "letter.pdf"


def test_attachment_limits(start_xero: Callable[..., Any]) -> None:
    xero = start_xero(xero_attachment_megabytes_max=1)
    assert attach(xero, "big.pdf", b"x" * 1_000_001).status_code == 413
    assert attach(xero, "empty.pdf", b"").status_code == 400
    for name in ("a%3Ab.pdf", "a%3Fb.pdf", "a%2Bb.pdf", "a%22b.pdf"):
        assert attach(xero, name).status_code == 400
    for number in range(10):
        assert attach(xero, f"{number}.pdf").status_code == 200
    assert attach(xero, "11.pdf").status_code == 400
    assert attach(xero, "3.pdf").status_code == 200
