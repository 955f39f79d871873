"""Checklist: /send, NeedToSend, notes and uploads."""

from __future__ import annotations

import base64
from typing import Any

import pytest
import requests

from .conftest import fault_code


@pytest.fixture
def billed(company: Any) -> Any:
    company.acme = company.customer()
    company.bill = company.invoice(
        company.acme["Id"], "100.00", BillEmail={"Address": "ap@acme.example"}
    )
    company.later(minutes=10)
    return company


def test_sending_marks_the_invoice_and_reaches_the_mailbox(billed: Any) -> None:
    sent = billed.send("invoice", billed.bill["Id"]).json()["Invoice"]
    assert sent["EmailStatus"] == "EmailSent"
    assert sent["DeliveryInfo"] == {
        "DeliveryType": "Email",
        "DeliveryTime": "2026-06-01T05:10:00-07:00",
    }
    assert sent["MetaData"]["LastUpdatedTime"] == "2026-06-01T05:10:00-07:00"
    assert sent["SyncToken"] == "0"
    (email,) = billed.sandbox.mailbox.emails
    assert email.to == ["ap@acme.example"]
    assert email.invoice_id == billed.bill["Id"]
    assert billed.bill["DocNumber"] in email.subject
    assert billed.book.unpaid()[0].emails_received == 1


def test_sending_raises_the_token_where_that_is_so(billed: Any) -> None:
    billed.settings(quickbooks_send_bumps_sync_token=True)
    assert billed.send("invoice", billed.bill["Id"]).json()["Invoice"]["SyncToken"] == "1"


def test_send_to_overwrites_the_address(billed: Any) -> None:
    sent = billed.send("invoice", billed.bill["Id"], sendTo="ceo@acme.example").json()["Invoice"]
    assert sent["BillEmail"]["Address"] == "ceo@acme.example"
    assert billed.sandbox.mailbox.emails[0].to == ["ceo@acme.example"]


def test_an_impossible_address_is_silently_not_sent(billed: Any) -> None:
    answer = billed.send("invoice", billed.bill["Id"], sendTo="nobody")
    assert answer.json()["Invoice"]["EmailStatus"] == "EmailSent"
    assert not billed.sandbox.mailbox.emails


def test_sending_needs_an_address_and_no_content_type(billed: Any) -> None:
    bare = billed.invoice(billed.acme["Id"])
    assert fault_code(billed.send("invoice", bare["Id"])) == "2020"
    for content_type in ("application/json", "application/pdf", ""):
        assert billed.send_bytes(f"invoice/{billed.bill['Id']}/send", b"", content_type).ok
    assert fault_code(billed.send("invoice", "999")) == "610"
    assert fault_code(billed.send("customer", billed.acme["Id"], sendTo="a@b.example")) == "500"


def test_forty_emails_a_day_and_not_one_more(start_company: Any) -> None:
    company = start_company(limits=True)
    invoice = company.invoice(company.customer()["Id"], BillEmail={"Address": "a@b.example"})
    for _ in range(40):
        company.pass_time(seconds=2)
        assert company.send("invoice", invoice["Id"]).ok
    company.pass_time(seconds=2)
    assert fault_code(company.send("invoice", invoice["Id"])) == "6000"
    company.later(days=1)
    assert company.send("invoice", invoice["Id"]).ok


def test_need_to_send_needs_an_address(billed: Any) -> None:
    bare = billed.invoice(billed.acme["Id"])
    head = {"Id": bare["Id"], "SyncToken": "0", "sparse": True, "EmailStatus": "NeedToSend"}
    assert billed.refused("invoice", head) == "6000"
    queued = billed.post("invoice", {**head, "BillEmail": {"Address": "a@b.example"}})
    assert queued["EmailStatus"] == "NeedToSend"
    assert queued["DeliveryInfo"] == {"DeliveryType": "Email"}
    assert not billed.sandbox.mailbox.emails


def test_need_to_send_emails_by_itself_when_so_configured(billed: Any) -> None:
    billed.settings(quickbooks_need_to_send_sends=True)
    done = billed.change("invoice", billed.bill, EmailStatus="NeedToSend")
    assert done["EmailStatus"] == "EmailSent"
    assert len(billed.sandbox.mailbox.emails) == 1


def test_the_payment_link_needs_online_payment_and_an_address(billed: Any) -> None:
    path = f"invoice/{billed.bill['Id']}"
    assert "InvoiceLink" not in billed.get(path, include="invoiceLink").json()["Invoice"]
    online = billed.change("invoice", billed.bill, AllowOnlineCreditCardPayment=True)
    assert "InvoiceLink" not in online
    assert "InvoiceLink" in billed.get(path, include="invoiceLink").json()["Invoice"]
    billed.settings(quickbooks_invoice_link_always=True)
    assert "InvoiceLink" in billed.change("invoice", online, PrivateNote="x")


def note(company: Any, kind: str, id_: str, text: str) -> Any:
    ref = {"EntityRef": {"type": kind, "value": id_}, "IncludeOnSend": False}
    return company.post("attachable", {"AttachableRef": [ref], "Note": text})


def test_notes_attach_to_any_record_without_conflicts(billed: Any) -> None:
    on_invoice = note(billed, "Invoice", billed.bill["Id"], "Called, will pay")
    on_customer = note(billed, "Customer", billed.acme["Id"], "Holiday until July")
    assert on_invoice["SyncToken"] == "0"
    assert billed.one("invoice", billed.bill["Id"])["SyncToken"] == "0"
    select = (
        "select * from Attachable where AttachableRef.EntityRef.Type = 'Customer' "
        f"and AttachableRef.EntityRef.value = '{billed.acme['Id']}'"
    )
    assert billed.ids(select) == [on_customer["Id"]]
    state = billed.book.state()["history"]
    assert [(row["record"], row["text"]) for row in state] == [
        ("Invoice", "Called, will pay"),
        ("Customer", "Holiday until July"),
    ]


def test_a_note_can_be_edited_but_never_hangs_loose(billed: Any) -> None:
    mine = note(billed, "Invoice", billed.bill["Id"], "a")
    changed = billed.change("attachable", mine, Note="b")
    head = {"Id": mine["Id"], "SyncToken": changed["SyncToken"]}
    assert billed.post("attachable", head, operation="delete")["status"] == "Deleted"
    lost = {"AttachableRef": [{"EntityRef": {"type": "Invoice", "value": "999"}}], "Note": "x"}
    assert billed.refused("attachable", lost) == "2500"


def upload(company: Any, metadata: str, content: bytes, name: str = "letter.pdf") -> Any:
    files = {
        "file_metadata_01": (None, metadata, "application/json"),
        "file_content_01": (name, content, "application/pdf"),
    }
    answer = company.session.post(f"{company.base}/upload", files=files, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()["AttachableResponse"]


def test_a_file_has_a_link_living_900_seconds(billed: Any) -> None:
    ref = f'{{"EntityRef":{{"type":"Invoice","value":"{billed.bill["Id"]}"}},"IncludeOnSend":true}}'
    metadata = (
        f'{{"AttachableRef":[{ref}],"FileName":"letter.pdf","ContentType":"application/pdf"}}'
    )
    (answer,) = upload(billed, metadata, b"%PDF-1.4 hello")
    doc = answer["Attachable"]
    assert (doc["FileName"], doc["Size"], doc["ContentType"]) == (
        "letter.pdf",
        14,
        "application/pdf",
    )
    link = doc["TempDownloadUri"]
    assert requests.get(link, timeout=10).content == b"%PDF-1.4 hello"
    assert requests.get(link.replace("signature=", "signature=0"), timeout=10).status_code == 403
    billed.pass_time(seconds=901)
    assert requests.get(link, timeout=10).status_code == 403
    fresh = billed.one("attachable", doc["Id"])["TempDownloadUri"]
    assert requests.get(fresh, timeout=10).ok
    assert billed.get(f"download/{doc['Id']}").text.startswith(billed.sandbox.url)
    (row,) = billed.book.state()["attachments"]
    assert row == {
        "record": "Invoice",
        "id": billed.bill["Id"],
        "file_name": "letter.pdf",
        "size": 14,
    }


def test_an_unlinked_file_is_a_fault_inside_a_200(billed: Any) -> None:
    metadata = '{"AttachableRef":[{"EntityRef":{"type":"Invoice","value":"999"}}]}'
    (answer,) = upload(billed, metadata, b"x")
    assert answer["Fault"]["Error"][0]["code"] == "6000"
    assert billed.query("select * from Attachable") == {}


def test_a_file_may_be_base64_with_bare_line_ends(billed: Any) -> None:
    content = base64.b64encode(b"hello").decode()
    body = (
        '\n--B\nContent-Disposition: form-data; name="file_metadata_01"\n'
        'Content-Type: application/json\n\n{"FileName": "a.txt"}\n\n--B\n'
        'Content-Disposition: form-data; name="file_content_01"; filename="a.txt"\n'
        "Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n"
        f"{content}\n\n--B--\n"
    )
    answer = billed.send_bytes("upload", body.encode(), "multipart/form-data; boundary=B")
    doc = answer.json()["AttachableResponse"][0]["Attachable"]
    assert requests.get(doc["TempDownloadUri"], timeout=10).content == b"hello"
