"""What the QuickBooks connector writes, and what it leaves alone, in the sandbox's ledger."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.builders.actions import an_action, an_invoice_ref

from arsync.connector_sdk import ReversalStatus, Write
from arsync.core.actions import ActionKind, Because, Via, marker
from arsync.core.actions.reversal import undo_action
from arsync.core.ledger.records import RecordKind
from arsync.errors import HealsWhen, OutcomeUnknown, Rejected
from arsync_quickbooks.fenced_text import PROMISE, placed

ACCEPT = {"Accept": "application/json", "Content-Type": "application/json"}


def make_write(
    kind: ActionKind,
    *,
    contact: str = "801",
    invoices: tuple[str, ...] = (),
    details: Mapping[str, Any] | None = None,
    before: Mapping[str, str] | None = None,
    text: str = "Because it is so.",
    via: Via = Via.PLATFORM,
    currency: str = "GBP",
    subject: str = "",
) -> Write:
    action = an_action(
        kind,
        details=details,
        contact_id=contact,
        contact_name="Acme Ltd",
        because=Because("standard.yaml", 31, "Seriously overdue"),
        invoices=tuple(an_invoice_ref(invoice_id, currency=currency) for invoice_id in invoices),
        via=via,
        subject=subject,
    )
    return Write(action, action.key, before=before or {}, text=text)


def prepared(bench: Any, write: Write) -> Write:
    return write._replace(before=bench.connector().prepare(write.action))


def customer(bench: Any, **fields: Any) -> None:
    whole = {"Id": "801", "DisplayName": "Acme Ltd", **fields}
    bench.book.load_documents({"Customer": [whole]})


def invoice(bench: Any, **fields: Any) -> None:
    whole = {
        "Id": "901",
        "DocNumber": "INV-901",
        "TxnDate": "2026-10-01",
        "DueDate": "2026-10-31",
        "CustomerRef": {"value": "801"},
        "TotalAmt": Decimal("100.00"),
        "Balance": Decimal("100.00"),
        "EmailStatus": "NotSet",
        "PrintStatus": "NeedToPrint",
        "Line": [
            {
                "Id": "1",
                "Amount": Decimal("100.00"),
                "DetailType": "SalesItemLineDetail",
                "SalesItemLineDetail": {"ItemRef": {"value": "1"}},
            }
        ],
        **fields,
    }
    bench.book.load_documents({"Invoice": [whole]})


def told(bench: Any, entity: str, object_id: str) -> dict[str, Any]:
    """Read an object as any other program would."""
    url = f"{bench.settings['api_url']}/v3/company/{bench.organisation_id}"
    answer = bench.transport().request("GET", f"{url}/{entity.lower()}/{object_id}", headers=ACCEPT)
    whole: dict[str, Any] = json.loads(answer.body, parse_float=Decimal)[entity]
    return whole


def edit(bench: Any, entity: str, object_id: str, **fields: Any) -> None:
    """Change an object as a person at the platform does."""
    url = f"{bench.settings['api_url']}/v3/company/{bench.organisation_id}/{entity.lower()}"
    token = told(bench, entity, object_id)["SyncToken"]
    body = {"Id": object_id, "SyncToken": token, "sparse": True, **fields}
    answer = bench.transport().request(
        "POST", url, headers=ACCEPT, body=json.dumps(body).encode(), changes=True
    )
    assert answer.status == 200, answer.body


def notes(bench: Any, write: Write) -> list[str]:
    return sorted(row["id"] for row in marked(bench, write))


def marked(bench: Any, write: Write) -> list[dict[str, Any]]:
    return [row for row in bench.state()["history"] if marker(write.key) in row["text"]]


def posts(path: str, act: Callable[[], None], times: int = 1) -> Callable[..., None]:
    """Let somebody act right before our post to a path leaves."""
    times_left = [times]

    def check(method: str, url: str, **_: Any) -> None:
        if method == "POST" and url.endswith(path) and times_left[0]:
            times_left[0] -= 1
            act()

    return check


def test_users_notes_survive_a_hold_byte_for_byte(quickbooks: Any) -> None:
    users_text = "Pays by cheque, \u201cask Ann\u201d\n\n  (door code 12)  "
    customer(quickbooks, Notes=users_text)
    hold = make_write(ActionKind.CREDIT_HOLD, text="60 days overdue")
    quickbooks.connector().perform(hold)
    held = told(quickbooks, "Customer", "801")["Notes"]
    assert held.startswith(users_text)
    assert "--- arsync: credit hold" in held
    assert "60 days overdue" in held
    lift = make_write(ActionKind.LIFT_CREDIT_HOLD)
    quickbooks.connector().perform(lift)
    assert told(quickbooks, "Customer", "801")["Notes"] == users_text


def test_a_customer_without_notes_has_none_after_a_hold(quickbooks: Any) -> None:
    customer(quickbooks)
    quickbooks.connector().perform(make_write(ActionKind.CREDIT_HOLD))
    quickbooks.connector().perform(make_write(ActionKind.LIFT_CREDIT_HOLD))
    assert not told(quickbooks, "Customer", "801").get("Notes")


def test_a_hold_is_noted_on_the_children(quickbooks: Any) -> None:
    customer(quickbooks)
    children = [
        {"Id": row_id, "DisplayName": f"Site {row_id}", "ParentRef": {"value": "801"}, "Job": True}
        for row_id in ("802", "803")
    ]
    quickbooks.book.load_documents({"Customer": children})
    hold = make_write(ActionKind.CREDIT_HOLD, details={"children": ("802", "803")})
    assert quickbooks.connector().find(hold) is None
    quickbooks.connector().perform(hold)
    assert len(marked(quickbooks, hold)) == 3
    assert not told(quickbooks, "Customer", "802").get("Notes")
    assert quickbooks.connector().find(hold) is not None


SITES = ("802", "803")


def family(quickbooks: Any, **fields: Any) -> None:
    """Make a customer with two sites, each with terms and notes of its own."""
    customer(quickbooks, SalesTermRef={"value": "3"})
    sites = [
        {
            "Id": row_id,
            "DisplayName": f"Site {row_id}",
            "ParentRef": {"value": "801"},
            "Job": True,
            "SalesTermRef": {"value": "2"},
            "Notes": "theirs",
            **fields,
        }
        for row_id in SITES
    ]
    quickbooks.book.load_documents({"Customer": sites})


def shown(quickbooks: Any) -> list[tuple[Any, Any]]:
    """Return terms and notes of the family."""
    told_of_each = [told(quickbooks, "Customer", id_) for id_ in ("801", *SITES)]
    return [(row.get("SalesTermRef", {}).get("value"), row.get("Notes")) for row in told_of_each]


def test_children_are_held_and_released_with_their_parent(quickbooks: Any) -> None:
    family(quickbooks)
    before = shown(quickbooks)
    sites = {"children": SITES}
    hold = prepared(quickbooks, make_write(ActionKind.CREDIT_HOLD, details=sites))
    terms = prepared(quickbooks, make_write(ActionKind.TERMS, details=sites))
    for write in (hold, terms):
        quickbooks.connector().perform(write)
        assert quickbooks.connector().find(write) is not None
    held = shown(quickbooks)
    assert all("--- arsync: credit hold" in notes for _, notes in held)
    assert len({term for term, _ in held}) == 1, "all on cash terms"
    details = {
        "saved": terms.before["saved.terms"],
        "saved_of_children": terms.before["saved.children"],
        **sites,
    }
    lift = prepared(quickbooks, make_write(ActionKind.LIFT_CREDIT_HOLD, details=sites))
    restore = prepared(quickbooks, make_write(ActionKind.RESTORE_TERMS, details=details))
    for write in (lift, restore):
        quickbooks.connector().perform(write)
    assert [(term, notes or None) for term, notes in shown(quickbooks)] == before


def test_a_child_without_room_is_told_and_not_held(quickbooks: Any) -> None:
    family(quickbooks, Notes="x" * 1020)
    write = make_write(ActionKind.CREDIT_HOLD, details={"children": SITES})
    receipt = quickbooks.connector().perform(prepared(quickbooks, write))
    assert "have no room for the credit hold" in receipt.detail
    assert "--- arsync: credit hold" in told(quickbooks, "Customer", "801")["Notes"]
    assert told(quickbooks, "Customer", "802")["Notes"] == "x" * 1020


@pytest.mark.parametrize("kind", [ActionKind.CREDIT_HOLD, ActionKind.TERMS])
def test_undoing_restores_the_whole_family(quickbooks: Any, kind: ActionKind) -> None:
    family(quickbooks)
    before = shown(quickbooks)
    write = prepared(quickbooks, make_write(kind, details={"children": SITES}))
    quickbooks.connector().perform(write)
    assert quickbooks.connector().undoing(write).status is ReversalStatus.OURS
    action = undo_action(write.action, generation=1, done_on=None, who="Jane")
    undo = Write(action, action.key, text=action.note, undoes=write)
    quickbooks.connector().perform(undo)
    assert [(term, notes or None) for term, notes in shown(quickbooks)] == before
    assert quickbooks.connector().undoing(write).status is ReversalStatus.AS_BEFORE


def test_a_hold_lacking_one_note_is_completed(quickbooks: Any) -> None:
    customer(quickbooks)
    hold = make_write(ActionKind.CREDIT_HOLD)
    quickbooks.sandbox.faults.add({"path": "/attachable", "method": "POST", "status": 429})
    with pytest.raises(OutcomeUnknown, match="in part"):
        quickbooks.connector().perform(hold)
    assert quickbooks.connector().find(hold) is None
    quickbooks.connector().perform(hold._replace(generation=2))
    assert quickbooks.connector().find(hold) is not None
    assert told(quickbooks, "Customer", "801")["Notes"].count("--- arsync: credit hold") == 1


def test_notes_without_room_are_refused_and_left_alone(quickbooks: Any) -> None:
    users_text = "x" * 1000
    customer(quickbooks, Notes=users_text)
    with pytest.raises(Rejected, match="only 24 characters are left of 1,024"):
        quickbooks.connector().perform(make_write(ActionKind.CREDIT_HOLD))
    assert told(quickbooks, "Customer", "801")["Notes"] == users_text
    assert not quickbooks.state()["history"]


def test_an_inactive_customer_is_not_written_to(quickbooks: Any) -> None:
    customer(quickbooks, Active=False)
    with pytest.raises(Rejected, match="inactive"):
        quickbooks.connector().perform(make_write(ActionKind.CREDIT_HOLD))


def test_a_deleted_customer_has_no_hold_and_takes_none(quickbooks: Any) -> None:
    hold = make_write(ActionKind.CREDIT_HOLD)
    assert quickbooks.connector().find(hold) is None
    with pytest.raises(Rejected, match="no Customer 801"):
        quickbooks.connector().perform(hold)


def test_what_a_person_wrote_in_between_is_kept(quickbooks: Any) -> None:
    customer(quickbooks, Notes="old")
    quickbooks.check = posts(
        "/customer", lambda: edit(quickbooks, "Customer", "801", Notes="new, by Ann")
    )
    quickbooks.connector().perform(make_write(ActionKind.CREDIT_HOLD))
    assert told(quickbooks, "Customer", "801")["Notes"].startswith("new, by Ann\n--- arsync:")


def test_a_document_that_keeps_changing_is_left_for_later(quickbooks: Any) -> None:
    customer(quickbooks, Notes="0")
    count = iter(range(1, 10))
    quickbooks.check = posts(
        "/customer",
        lambda: edit(quickbooks, "Customer", "801", Notes=str(next(count))),
        times=2,
    )
    quickbooks.sandbox.change_settings({"quickbooks_requestid_keeps_faults": True})
    hold = make_write(ActionKind.CREDIT_HOLD)
    with pytest.raises(Rejected, match="Somebody is changing") as caught:
        quickbooks.connector().perform(hold)
    assert caught.value.heals_when is HealsWhen.FREE
    assert told(quickbooks, "Customer", "801")["Notes"] == "2"
    quickbooks.connector().perform(hold)
    assert told(quickbooks, "Customer", "801")["Notes"].startswith("2\n--- arsync:")


PROMISED = make_write(ActionKind.PROMISE, invoices=("901",), details={"promised_on": "2026-12-01"})


def old_block(note: str = "", mark: str = "[arsync:0123456789abcdef]") -> str:
    """Return a private note as earlier versions of arsync left it."""
    return placed(
        note,
        PROMISE,
        summary="on 2026-11-20",
        marker=mark,
        body="Promised by phone.",
        characters_max=4000,
    )


def test_a_promise_is_a_note_beside_the_memo(quickbooks: Any) -> None:
    """Statements may print the private note."""
    customer(quickbooks)
    invoice(quickbooks, PrivateNote="ask Ann")
    assert quickbooks.connector().find(PROMISED) is None
    assert prepared(quickbooks, PROMISED).before == {}
    quickbooks.connector().perform(PROMISED)
    assert quickbooks.connector().find(PROMISED) is not None
    assert len(notes(quickbooks, PROMISED)) == 1
    before = told(quickbooks, "Invoice", "901")
    assert (before["PrivateNote"], before["SyncToken"]) == ("ask Ann", "0")


@pytest.mark.parametrize("people", ["ask Ann", "", "line\r\nline "])
def test_an_old_block_moves_into_a_note(quickbooks: Any, people: str) -> None:
    customer(quickbooks)
    invoice(quickbooks, PrivateNote=old_block(people))
    (record,) = quickbooks.connector().read(RecordKind.INVOICES, ["901"]).records
    assert record.expected_on.isoformat() == "2026-11-20"
    quickbooks.connector().perform(PROMISED)
    assert (told(quickbooks, "Invoice", "901").get("PrivateNote") or "") == people
    kept = [note["text"] for note in quickbooks.state()["history"]]
    assert sum("Promised by phone. [arsync:0123456789abcdef]" in text for text in kept) == 1
    # A second attempt finds nothing left to do.
    quickbooks.connector().perform(PROMISED._replace(generation=2))
    assert len(quickbooks.state()["history"]) == len(kept) == 2


@pytest.mark.parametrize("effect", [True, False])
def test_a_lost_move_is_completed(quickbooks: Any, effect: bool) -> None:
    customer(quickbooks)
    invoice(quickbooks, PrivateNote=old_block("ask Ann"))
    for path in ("/attachable", "/invoice[?]"):
        quickbooks.sandbox.faults.add(
            {"path": path, "method": "POST", "drop": "after" if effect else "before"}
        )
        with pytest.raises(OutcomeUnknown):
            quickbooks.connector().perform(PROMISED)
    quickbooks.connector().perform(PROMISED._replace(generation=2))
    assert told(quickbooks, "Invoice", "901")["PrivateNote"] == "ask Ann"
    assert len(quickbooks.state()["history"]) == 2


def test_a_block_written_before_is_taken_out_when_undone(quickbooks: Any) -> None:
    customer(quickbooks)
    written = PROMISED._replace(before={"saved.private_note": "ask Ann"}, text="Promised by phone.")
    invoice(quickbooks, PrivateNote=old_block("ask Ann", marker(written.key)))
    assert quickbooks.connector().undoing(written).status is ReversalStatus.OURS
    action = undo_action(written.action, generation=1, done_on=None, who="Jane")
    quickbooks.connector().perform(Write(action, action.key, text=action.note, undoes=written))
    assert told(quickbooks, "Invoice", "901")["PrivateNote"] == "ask Ann"


@pytest.mark.parametrize("asked", [False, True], ids=["currency not asked", "currency asked"])
def test_an_update_keeps_the_rate_of_a_foreign_invoice(quickbooks: Any, asked: bool) -> None:
    quickbooks.sandbox.change_settings({"quickbooks_currency_on_sparse": asked})
    customer(quickbooks, CurrencyRef={"value": "EUR"})
    rate = Decimal("0.84")
    memo = old_block("theirs")
    invoice(quickbooks, CurrencyRef={"value": "EUR"}, ExchangeRate=rate, PrivateNote=memo)
    quickbooks.connector().perform(PROMISED)
    whole = told(quickbooks, "Invoice", "901")
    assert (whole["ExchangeRate"], whole["CurrencyRef"]["value"]) == (Decimal("0.84"), "EUR")
    assert whole["PrivateNote"] == "theirs"


def test_no_promise_is_written_on_a_voided_invoice(quickbooks: Any) -> None:
    customer(quickbooks)
    invoice(quickbooks, TotalAmt=0, Balance=0, PrivateNote="Voided")
    write = make_write(ActionKind.PROMISE, invoices=("901",), details={"promised_on": "2026-12-01"})
    with pytest.raises(Rejected, match="voided"):
        quickbooks.connector().perform(write)
    assert told(quickbooks, "Invoice", "901")["PrivateNote"] == "Voided"


def test_terms_are_emptied_again_and_nothing_else_with_them(quickbooks: Any) -> None:
    customer(quickbooks, Notes="theirs", PrimaryEmailAddr={"Address": "a@acme.example"})
    before = told(quickbooks, "Customer", "801")
    terms = prepared(quickbooks, make_write(ActionKind.TERMS))
    assert terms.before["saved.terms"] == "none"
    quickbooks.connector().perform(terms)
    assert "SalesTermRef" in told(quickbooks, "Customer", "801")
    restore = make_write(ActionKind.RESTORE_TERMS, details={"saved": "none"})
    quickbooks.connector().perform(restore)
    after = told(quickbooks, "Customer", "801")
    assert "SalesTermRef" not in after
    kept = before.keys() - {"SyncToken", "MetaData"}
    assert {key: after[key] for key in kept} == {key: before[key] for key in kept}
    assert quickbooks.connector().find(restore) is not None


@pytest.mark.parametrize(("words", "days"), [("45 days", 45), ("net 15", 15)])
def test_any_terms_are_set_and_given_back(quickbooks: Any, words: str, days: int) -> None:
    customer(quickbooks, SalesTermRef={"value": "3"})
    quickbooks.book.load_documents({"Term": [{"Id": "77", "Name": "Net 15", "DueDays": 15}]})
    terms = prepared(quickbooks, make_write(ActionKind.TERMS, details={"terms": words}))
    quickbooks.connector().perform(terms)
    given = told(quickbooks, "Customer", "801")["SalesTermRef"]["value"]
    assert told(quickbooks, "Term", given)["DueDays"] == days
    assert quickbooks.connector().find(terms) is not None
    details = {"saved": terms.before["saved.terms"], "changed_to": terms.before["changed.terms"]}
    restore = prepared(quickbooks, make_write(ActionKind.RESTORE_TERMS, details=details))
    quickbooks.connector().perform(restore)
    assert told(quickbooks, "Customer", "801")["SalesTermRef"]["value"] == "3"


def test_terms_of_an_unknown_name_are_refused(quickbooks: Any) -> None:
    customer(quickbooks)
    write = make_write(ActionKind.TERMS, details={"terms": "Never"})
    with pytest.raises(Rejected, match="no active payment term called 'Never'"):
        quickbooks.connector().perform(write)


def test_terms_that_a_person_chose_meanwhile_are_left(quickbooks: Any) -> None:
    customer(quickbooks, SalesTermRef={"value": "3"})
    terms = prepared(quickbooks, make_write(ActionKind.TERMS))
    assert terms.before["saved.terms"] == "3"
    quickbooks.connector().perform(terms)
    edit(quickbooks, "Customer", "801", SalesTermRef={"value": "2"})
    restore = make_write(ActionKind.RESTORE_TERMS, before=terms.before)
    quickbooks.connector().perform(restore)
    assert told(quickbooks, "Customer", "801")["SalesTermRef"]["value"] == "2"
    assert quickbooks.connector().find(restore) is not None


@pytest.mark.parametrize("saved", ["", "{}", "{broken"])
def test_terms_nobody_remembers_are_not_guessed(quickbooks: Any, saved: str) -> None:
    customer(quickbooks)
    restore = make_write(ActionKind.RESTORE_TERMS, details={"saved": saved})
    with pytest.raises(Rejected, match="not known what the terms"):
        quickbooks.connector().perform(restore)


def test_a_zero_day_term_is_created_where_none_exists(quickbooks: Any) -> None:
    customer(quickbooks)
    for row in quickbooks.state()["terms"]:
        if row["due_days"] == 0:
            edit(quickbooks, "Term", row["id"], Active=False)
    quickbooks.book.load_documents(
        {"Term": [{"Id": "71", "Name": "COD", "DueDays": 9, "Active": False}]}
    )
    quickbooks.connector().perform(make_write(ActionKind.TERMS))
    term = told(quickbooks, "Customer", "801")["SalesTermRef"]["value"]
    term_made = told(quickbooks, "Term", term)
    assert (term_made["Name"], term_made["DueDays"]) == ("Cash on delivery", 0)


def test_a_late_fee_invoices_the_configured_item(quickbooks: Any) -> None:
    customer(quickbooks)
    invoice(quickbooks)
    write = make_write(
        ActionKind.LATE_FEE,
        invoices=("901",),
        details={"amount": "12.50", "currency": "GBP", "description": "Late fee INV-901"},
    )
    receipt = quickbooks.connector().perform(write)
    fee = told(quickbooks, "Invoice", receipt.reference)
    line = fee["Line"][0]
    assert (fee["TotalAmt"], line["Description"]) == (Decimal("12.50"), "Late fee INV-901")
    assert line["SalesItemLineDetail"]["ItemRef"]["value"] == "19"
    assert marker(write.key) in fee["PrivateNote"]
    assert fee["TxnDate"] == "2026-11-20"
    assert fee["DueDate"] == "2026-12-20"
    assert fee["EmailStatus"] == "NotSet"
    assert told(quickbooks, "Invoice", "901")["TotalAmt"] == 100


def test_a_company_that_numbers_by_hand_gets_a_number(quickbooks: Any) -> None:
    customer(quickbooks)
    quickbooks.book.load_documents(
        {"Preferences": [{"SalesFormsPrefs": {"CustomTxnNumbers": True}}]}
    )
    write = make_write(ActionKind.LATE_FEE, details={"amount": "5", "currency": "GBP"})
    receipt = quickbooks.connector().perform(write)
    fee = told(quickbooks, "Invoice", receipt.reference)
    assert fee["DocNumber"] == f"FEE-{write.key[:12]}"


def test_a_foreign_late_fee_uses_its_invoices_rate(quickbooks: Any) -> None:
    customer(quickbooks, CurrencyRef={"value": "EUR"})
    invoice(quickbooks, CurrencyRef={"value": "EUR"}, ExchangeRate=Decimal("0.84"))
    details = {"amount": "10", "currency": "EUR"}
    write = make_write(ActionKind.LATE_FEE, invoices=("901",), details=details)
    receipt = quickbooks.connector().perform(write)
    fee = told(quickbooks, "Invoice", receipt.reference)
    assert (fee["CurrencyRef"]["value"], fee["ExchangeRate"]) == ("EUR", Decimal("0.84"))
    wrong = make_write(
        ActionKind.LATE_FEE, invoices=("901",), details={"amount": "10", "currency": "USD"}
    )
    with pytest.raises(Rejected, match="in USD, but QuickBooks bills this customer in EUR"):
        quickbooks.connector().perform(wrong._replace(key="f" * 32))


@pytest.mark.parametrize(
    ("item", "says"),
    [
        ("No such thing", "no active item 'No such thing'"),
        ("", "late fees need"),
        ("O'Brien's", "no active item"),
        ("19", ""),
    ],
)
def test_the_item_of_late_fees_is_checked(quickbooks: Any, item: str, says: str) -> None:
    customer(quickbooks)
    quickbooks.settings = {**quickbooks.settings, "late_fee_item": item}
    write = make_write(ActionKind.LATE_FEE, details={"amount": "5", "currency": "GBP"})
    if not says:
        assert quickbooks.connector().perform(write).reference
        return
    with pytest.raises(Rejected, match=says):
        quickbooks.connector().perform(write)


@pytest.mark.parametrize("amount", ["0", "-3", "NaN"])
def test_a_late_fee_of_nothing_is_not_billed(quickbooks: Any, amount: str) -> None:
    customer(quickbooks)
    write = make_write(ActionKind.LATE_FEE, details={"amount": amount, "currency": "GBP"})
    with pytest.raises(Rejected, match="cannot be billed"):
        quickbooks.connector().perform(write)


def test_a_mailed_letter_is_noted_on_every_invoice(quickbooks: Any) -> None:
    customer(quickbooks)
    for row_id in ("901", "902"):
        invoice(quickbooks, Id=row_id, DocNumber=f"INV-{row_id}")
    write = make_write(ActionKind.REMINDER, invoices=("901", "902"), via=Via.SMTP)
    quickbooks.connector().perform(write)
    assert sorted(row["id"] for row in marked(quickbooks, write)) == ["901", "902"]
    assert not quickbooks.state()["emails"]
    assert quickbooks.connector().find(write) is not None


def test_attachments_are_searched_where_queries_are_unavailable(quickbooks: Any) -> None:
    customer(quickbooks)
    fault = {"Fault": {"Error": [{"Message": "Invalid query", "code": "4001"}]}}
    wish = {"path": "AttachableRef", "status": 400, "body": fault, "times": 100}
    quickbooks.sandbox.faults.add(wish)
    write = make_write(ActionKind.NOTE)
    assert quickbooks.connector().find(write) is None
    quickbooks.connector().perform(write)
    started = {"started_at": (quickbooks.now() - timedelta(minutes=1)).isoformat()}
    for before in ({}, started):
        again = write._replace(before=before, generation=2)
        assert quickbooks.connector().find(again) is not None
        quickbooks.connector().perform(again)
    assert len(marked(quickbooks, write)) == 1


def test_a_fault_inside_an_upload_is_a_refusal(quickbooks: Any) -> None:
    customer(quickbooks)
    write = make_write(ActionKind.LETTER, invoices=("999",))._replace(
        file_name="letter.pdf", file_type="application/pdf", file=b"%PDF-1.4\n"
    )
    with pytest.raises(Rejected, match="refused"):
        quickbooks.connector().perform(write)
    assert not quickbooks.state()["attachments"]


def test_a_letter_arrives_byte_for_byte_under_its_name(quickbooks: Any) -> None:
    customer(quickbooks)
    invoice(quickbooks)
    content = bytes(range(256)) + b"\r\n--arsync\r\n"
    write = make_write(ActionKind.LETTER, invoices=("901",))._replace(
        file_name='Mahnung "Zürich".pdf', file_type="application/pdf", file=content
    )
    quickbooks.connector().perform(write)
    (kept,) = quickbooks.state()["attachments"]
    assert kept["size"] == len(content)
    assert kept["file_name"].endswith(".pdf")
    assert not quickbooks.state()["emails"]


def test_a_company_without_subscription_says_so(quickbooks: Any) -> None:
    customer(quickbooks)
    status = [{"Name": "SubscriptionStatus", "Value": "EXPIRED"}]
    quickbooks.book.load_documents({"CompanyInfo": [{"NameValue": status}]})
    with pytest.raises(Rejected, match="subscription has ended"):
        quickbooks.connector().perform(make_write(ActionKind.NOTE))


def test_half_an_answer_to_a_write_is_unknown(quickbooks: Any) -> None:
    customer(quickbooks)
    write = make_write(ActionKind.NOTE)
    quickbooks.sandbox.faults.add({"path": "/attachable", "method": "POST", "malformed": True})
    with pytest.raises(OutcomeUnknown, match="not JSON"):
        quickbooks.connector().perform(write)
    assert quickbooks.connector().find(write) is not None
    assert len(notes(quickbooks, write)) == 1


def test_an_ignored_empty_text_leads_to_a_full_update(quickbooks: Any) -> None:
    customer(quickbooks, PrimaryEmailAddr={"Address": "a@acme.example"})
    quickbooks.connector().perform(make_write(ActionKind.CREDIT_HOLD))
    standing = {"Customer": {"Id": "801", "Notes": told(quickbooks, "Customer", "801")["Notes"]}}
    quickbooks.sandbox.faults.add(
        {"path": "/customer[?]", "method": "POST", "status": 200, "body": standing}
    )
    quickbooks.connector().perform(make_write(ActionKind.LIFT_CREDIT_HOLD))
    whole = told(quickbooks, "Customer", "801")
    assert not whole.get("Notes")
    assert whole["PrimaryEmailAddr"] == {"Address": "a@acme.example"}


def test_notes_that_the_server_spoilt_are_an_unknown_outcome(quickbooks: Any) -> None:
    customer(quickbooks)
    answer = {"Customer": {"Id": "801", "Notes": "cut"}}
    quickbooks.sandbox.faults.add(
        {"path": "/customer[?]", "method": "POST", "status": 200, "body": answer}
    )
    with pytest.raises(OutcomeUnknown, match="did not take the notes"):
        quickbooks.connector().perform(make_write(ActionKind.CREDIT_HOLD))


def test_what_cannot_be_looked_at_is_unknown(quickbooks: Any) -> None:
    customer(quickbooks)
    fault = {"Fault": {"Error": [{"Message": "Not today", "code": "6000"}]}}
    quickbooks.sandbox.faults.add({"path": "/customer/801", "status": 400, "body": fault})
    with pytest.raises(OutcomeUnknown, match="Not today"):
        quickbooks.connector().find(make_write(ActionKind.CREDIT_HOLD))


def test_a_deleted_customers_lifted_hold_is_not_found(quickbooks: Any) -> None:
    assert quickbooks.connector().find(make_write(ActionKind.LIFT_CREDIT_HOLD)) is None
    assert quickbooks.connector().find(make_write(ActionKind.RESTORE_TERMS)) is None


def test_a_late_fee_number_already_used_needs_a_person(quickbooks: Any) -> None:
    customer(quickbooks)
    quickbooks.book.load_documents(
        {"Preferences": [{"SalesFormsPrefs": {"CustomTxnNumbers": True}}]}
    )
    write = make_write(ActionKind.LATE_FEE, details={"amount": "5", "currency": "GBP"})
    invoice(quickbooks, DocNumber=f"FEE-{write.key[:12]}")
    with pytest.raises(OutcomeUnknown, match="already: look at it"):
        quickbooks.connector().perform(write)


def test_an_online_link_is_told_where_there_is_one(quickbooks: Any) -> None:
    customer(quickbooks)
    invoice(quickbooks)
    assert quickbooks.connector().invoice_link("901") == ""
    payable = {"AllowOnlineACHPayment": True, "BillEmail": {"Address": "a@acme.example"}}
    invoice(quickbooks, Id="902", DocNumber="INV-902", **payable)
    assert "/902" in quickbooks.connector().invoice_link("902")
    assert quickbooks.connector().invoice_link("999") == ""


def test_a_payment_plan_is_noted_and_its_undoing_too(quickbooks: Any) -> None:
    customer(quickbooks)
    invoice(quickbooks)
    details = {"plan_id": 1, "currency": "USD", "next_on": "2026-12-01"}
    write = make_write(ActionKind.PAYMENT_PLAN, invoices=("901",), details=details)
    connector = quickbooks.connector()
    connector.perform(write)
    assert len(notes(quickbooks, write)) == 1
    assert not told(quickbooks, "Invoice", "901").get("PrivateNote")
    assert connector.undoing(write).status is ReversalStatus.OURS
    action = undo_action(write.action, generation=1, done_on=None, who="Jane")
    undo = Write(action, action.key, text="Undone by Jane.", undoes=write)
    assert connector.find(undo) is None
    connector.perform(undo)
    assert connector.find(undo) is not None
    assert connector.find(write) is not None
