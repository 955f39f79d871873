"""Writing to Xero: what the common suite cannot know."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace
from tests.builders.actions import a_payload

from arsync.connector_sdk import Capability, HttpResponse, ReversalStatus, Write
from arsync.core.actions import Action, ActionKind, Because, InvoiceRef, marker
from arsync.errors import HealsWhen, OutcomeUnknown, Rejected, RetryLater
from arsync_sandbox.server import Sandbox
from arsync_sandbox.xero.drafts import apply_common
from arsync_xero.connector import XeroConnector
from arsync_xero.credit_holds import GROUP_NAME
from arsync_xero.emails_and_letters import ATTACHMENT_BYTES_MAX
from arsync_xero.errors import refusal, words
from arsync_xero.settings import NOTE_CHARACTERS_MAX

SILENT = {"xero_email_marks_sent": False, "xero_email_writes_history": False}


@pytest.fixture
def debtor(xero: Any) -> tuple[str, str]:
    """A contact with an overdue invoice."""
    contact = xero.add_contact("Ridgeway University", "accounts@ridgeway.example")
    day = xero.now().date()
    invoice = xero.add_invoice(contact, Decimal("100.00"), day - timedelta(days=60), day)
    return contact, invoice


def an_action(kind: ActionKind, debtor: tuple[str, str], **details: Any) -> Action:
    contact, invoice = debtor
    named = (InvoiceRef(invoice, "INV-1", Decimal(100), "GBP"),) if invoice else ()
    return Action(
        payload=a_payload(kind, **details),
        connection="c",
        contact_id=contact,
        contact_name="Ridgeway University",
        because=Because("rules.yaml", 1, "Rule"),
        invoices=named,
        subject=f"{contact} {invoice}",
    )


def a_write(xero: Any, kind: ActionKind, debtor: tuple[str, str], **details: Any) -> Write:
    action = an_action(kind, debtor, **details)
    return Write(action, action.key, before=xero.connector().prepare(action), text="A note.")


def started(xero: Any, write: Write) -> Write:
    return write._replace(before={**write.before, "started_at": xero.now().isoformat()})


def emails(xero: Any) -> int:
    return len(xero.state()["emails"])


def groups(xero: Any) -> dict[str, list[str]]:
    return {row["name"]: row["members"] for row in xero.state()["groups"]}


def test_an_email_of_unknown_outcome_is_never_resent(
    sandbox: Sandbox, xero: Any, debtor: tuple[str, str]
) -> None:
    sandbox.change_settings(SILENT)
    write = started(xero, a_write(xero, ActionKind.REMINDER, debtor))
    xero.lose_answer(effect=True)
    with pytest.raises(OutcomeUnknown):
        xero.connector().perform(write._replace(before={}))
    xero.advance(timedelta(minutes=10))
    with pytest.raises(OutcomeUnknown, match="does not report whether the email was sent"):
        xero.connector().find(write)
    with pytest.raises(OutcomeUnknown):
        xero.connector().perform(write._replace(generation=2))
    assert emails(xero) == 1


@pytest.mark.parametrize(
    "silent",
    [{"xero_email_marks_sent": False}, {"xero_email_writes_history": False}],
    ids=["told by the history", "told by the sent flag"],
)
def test_an_email_that_left_is_recognised_days_later(
    sandbox: Sandbox, xero: Any, debtor: tuple[str, str], silent: dict[str, bool]
) -> None:
    sandbox.change_settings(silent)
    xero.book.ledger.invoices.rows[debtor[1]].sent = False
    write = started(xero, a_write(xero, ActionKind.REMINDER, debtor))
    xero.lose_answer(effect=True)
    with pytest.raises(OutcomeUnknown):
        xero.connector().perform(write._replace(before={}))
    xero.advance(timedelta(days=2))
    assert xero.connector().find(write) is not None, "the email has left, noted or not"
    xero.connector().perform(write._replace(generation=2))
    assert emails(xero) == 1
    assert xero.connector().find(write) is not None


def test_an_older_email_does_not_prove_a_newer_one(
    sandbox: Sandbox, xero: Any, debtor: tuple[str, str]
) -> None:
    xero.connector().perform(a_write(xero, ActionKind.REMINDER, debtor))
    xero.advance(timedelta(days=14))
    action = an_action(ActionKind.REMINDER, debtor)
    action = replace(action, subject="the second")
    before = xero.connector().prepare(action)
    write = started(xero, Write(action, action.key, before=before, text="Second."))
    xero.lose_answer(effect=False)
    with pytest.raises(OutcomeUnknown):
        xero.connector().perform(write._replace(before=before))
    assert xero.connector().find(write) is None
    xero.connector().perform(write._replace(generation=2))
    assert emails(xero) == 2


def test_a_failed_note_never_repeats_the_email(
    sandbox: Sandbox, xero: Any, debtor: tuple[str, str]
) -> None:
    sandbox.faults.add({"method": "PUT", "path": "History", "status": 500, "times": 1})
    receipt = xero.connector().perform(a_write(xero, ActionKind.REMINDER, debtor))
    assert "emailed by Xero" in receipt.detail
    assert "answers 500" in receipt.detail
    assert emails(xero) == 1


def test_a_full_day_of_emails_is_for_another_day(
    sandbox: Sandbox, xero: Any, debtor: tuple[str, str]
) -> None:
    sandbox.change_settings({"limits": True, "xero_plan": "demo"})
    with pytest.raises(Rejected, match="daily limit") as caught:
        xero.connector().perform(a_write(xero, ActionKind.REMINDER, debtor))
    assert caught.value.heals_when is HealsWhen.DAY


def test_a_contact_without_address_is_refused_in_xeros_words(xero: Any) -> None:
    contact = xero.add_contact("Silent Ltd", "")
    day = xero.now().date()
    invoice = xero.add_invoice(contact, Decimal(1), day, day)
    with pytest.raises(Rejected, match="does not have an email address") as caught:
        xero.connector().perform(a_write(xero, ActionKind.REMINDER, (contact, invoice)))
    assert caught.value.heals_when is HealsWhen.RECORD


def test_a_write_refused_before_processing_did_not_happen(
    sandbox: Sandbox, xero: Any, debtor: tuple[str, str]
) -> None:
    minute = {"Retry-After": "20", "X-Rate-Limit-Problem": "minute"}
    sandbox.faults.add({"method": "PUT", "status": 429, "headers": minute})
    with pytest.raises(RetryLater):
        xero.connector().perform(a_write(xero, ActionKind.CREDIT_HOLD, debtor))
    assert groups(xero) == {}


def test_an_interrupted_write_is_looked_up_and_completed(
    sandbox: Sandbox, xero: Any, debtor: tuple[str, str]
) -> None:
    minute = {"Retry-After": "20", "X-Rate-Limit-Problem": "minute"}
    sandbox.faults.add({"method": "PUT", "path": "History", "status": 429, "headers": minute})
    write = a_write(xero, ActionKind.CREDIT_HOLD, debtor)
    with pytest.raises(OutcomeUnknown, match="Written in part"):
        xero.connector().perform(write)
    assert xero.connector().find(write) is None
    xero.connector().perform(write._replace(generation=2))
    assert xero.connector().find(write) is not None
    assert groups(xero) == {GROUP_NAME: [debtor[0]]}


def test_one_group_holds_all_and_children_go_along(xero: Any, debtor: tuple[str, str]) -> None:
    child = xero.add_contact("Ridgeway Press", "press@ridgeway.example")
    stranger = xero.add_contact("Other Ltd", "other@example.com")
    xero.connector().perform(
        a_write(xero, ActionKind.CREDIT_HOLD, (debtor[0], ""), children=[child])
    )
    xero.connector().perform(a_write(xero, ActionKind.CREDIT_HOLD, (stranger, "")))
    assert {name: sorted(rows) for name, rows in groups(xero).items()} == {
        GROUP_NAME: sorted([debtor[0], child, stranger])
    }
    noted = [row["id"] for row in xero.state()["history"] if "A note." in row["text"]]
    assert sorted(noted) == sorted([debtor[0], child, stranger])
    lift = a_write(xero, ActionKind.LIFT_CREDIT_HOLD, (debtor[0], ""), children=[child])
    xero.connector().perform(lift)
    assert groups(xero) == {GROUP_NAME: [stranger]}


def test_a_group_that_people_made_is_used(xero: Any, debtor: tuple[str, str]) -> None:
    xero.book.load_documents({"ContactGroups": [{"Name": "CREDIT HOLD"}]})
    xero.connector().perform(a_write(xero, ActionKind.CREDIT_HOLD, debtor))
    assert groups(xero) == {"CREDIT HOLD": [debtor[0]]}


@pytest.mark.parametrize("clears", [True, False])
def test_terms_for_bills_survive(
    sandbox: Sandbox, xero: Any, debtor: tuple[str, str], clears: bool
) -> None:
    sandbox.change_settings({"xero_clears_omitted_terms": clears})
    bills = {"Day": 7, "Type": "DAYSAFTERBILLMONTH"}
    xero.book.ledger.contacts.rows[debtor[0]].terms["Bills"] = bills
    write = a_write(xero, ActionKind.TERMS, debtor, terms="cash on delivery")
    xero.connector().perform(write)
    assert xero.book.ledger.contacts.rows[debtor[0]].terms == {
        "Bills": bills,
        "Sales": {"Day": 0, "Type": "DAYSAFTERBILLDATE"},
    }
    saved = write.before["saved.terms"]
    xero.connector().perform(a_write(xero, ActionKind.RESTORE_TERMS, debtor, saved=saved))
    assert xero.book.ledger.contacts.rows[debtor[0]].terms["Bills"] == bills
    assert xero.book.ledger.contacts.rows[debtor[0]].terms["Sales"]["Day"] == 30


def test_terms_that_a_person_changed_meanwhile_are_left_alone(
    xero: Any, debtor: tuple[str, str]
) -> None:
    write = a_write(xero, ActionKind.TERMS, debtor)
    xero.connector().perform(write)
    by_hand = {"Day": 14, "Type": "DAYSAFTERBILLDATE"}
    edit = {"Contacts": [{"ContactID": debtor[0], "PaymentTerms": {"Sales": by_hand}}]}
    xero.connector()._writer._sdk.call("update_contact", debtor[0], edit, what="an edit")
    saved = write.before["saved.terms"]
    restore = a_write(xero, ActionKind.RESTORE_TERMS, debtor, saved=saved)
    xero.connector().perform(restore)
    assert xero.book.ledger.contacts.rows[debtor[0]].terms["Sales"] == by_hand
    assert xero.connector().find(restore) is not None


def test_a_familys_terms_change_and_go_back(xero: Any, debtor: tuple[str, str]) -> None:
    child = xero.add_contact("Ridgeway Press", "press@ridgeway.example")
    rows = xero.book.ledger.contacts.rows
    rows[child].terms = {"Sales": {"Day": 14, "Type": "DAYSAFTERBILLDATE"}}
    write = a_write(xero, ActionKind.TERMS, debtor, terms="cash on delivery", children=[child])
    xero.connector().perform(write)
    assert [rows[id_].terms["Sales"]["Day"] for id_ in (debtor[0], child)] == [0, 0]
    assert xero.connector().undoing(write).status is ReversalStatus.OURS
    restore = a_write(
        xero,
        ActionKind.RESTORE_TERMS,
        debtor,
        saved=write.before["saved.terms"],
        saved_of_children=write.before["saved.children"],
        children=[child],
    )
    xero.connector().perform(restore)
    assert [rows[id_].terms["Sales"]["Day"] for id_ in (debtor[0], child)] == [30, 14]
    assert xero.connector().undoing(write).status is ReversalStatus.AS_BEFORE


@pytest.mark.parametrize(
    ("words", "sales"),
    [
        ("14 days", {"Day": 14, "Type": "DAYSAFTERBILLDATE"}),
        ("day 20 of the following month", {"Day": 20, "Type": "OFFOLLOWINGMONTH"}),
    ],
)
def test_any_terms_of_xero_are_set_and_given_back(
    xero: Any, debtor: tuple[str, str], words: str, sales: dict[str, Any]
) -> None:
    contact = xero.book.ledger.contacts.rows[debtor[0]]
    before = dict(contact.terms["Sales"])
    write = a_write(xero, ActionKind.TERMS, debtor, terms=words)
    assert xero.connector().perform(write).detail.startswith(f"payment terms: {words}")
    assert contact.terms["Sales"] == sales
    assert xero.connector().undoing(write).status is ReversalStatus.OURS
    details = {"saved": write.before["saved.terms"], "changed_to": write.before["changed.terms"]}
    xero.connector().perform(a_write(xero, ActionKind.RESTORE_TERMS, debtor, **details))
    assert contact.terms["Sales"] == before


@pytest.mark.parametrize("words", ["45 days", "Net 15"])
def test_terms_that_xero_lacks_are_refused(xero: Any, debtor: tuple[str, str], words: str) -> None:
    with pytest.raises(Rejected, match="no payment terms"):
        xero.connector().perform(a_write(xero, ActionKind.TERMS, debtor, terms=words))


def test_no_terms_before_become_the_organisations_own(xero: Any, debtor: tuple[str, str]) -> None:
    contact = xero.book.ledger.contacts.rows[debtor[0]]
    contact.terms = {"Sales": {"Day": 0, "Type": "DAYSAFTERBILLDATE"}}
    restore = a_write(xero, ActionKind.RESTORE_TERMS, debtor, saved="{}")
    with pytest.raises(Rejected, match="take them off in Xero"):
        xero.connector().perform(restore)
    own = {"Day": 20, "Type": "OFFOLLOWINGMONTH"}
    xero.book.ledger.organisation_fields["PaymentTerms"] = {"Sales": own}
    xero.connector().perform(restore)
    assert contact.terms["Sales"] == own


@pytest.mark.parametrize("saved", ["thirty", "[]", ""])
def test_terms_that_are_not_known_are_not_restored(
    xero: Any, debtor: tuple[str, str], saved: str
) -> None:
    with pytest.raises(Rejected, match="not known"):
        xero.connector().perform(a_write(xero, ActionKind.RESTORE_TERMS, debtor, saved=saved))


def test_a_promise_is_noted_although_its_date_is_refused(
    xero: Any, debtor: tuple[str, str]
) -> None:
    xero.pay(debtor[1], Decimal("10.00"))
    write = a_write(xero, ActionKind.PROMISE, debtor, promised_on="2026-12-24")
    receipt = xero.connector().perform(write)
    assert "cannot be edited" in receipt.detail
    assert "note on the invoice" in receipt.detail
    assert xero.connector().find(write) is not None


def test_a_promise_shows_on_the_invoice(xero: Any, debtor: tuple[str, str]) -> None:
    write = a_write(xero, ActionKind.PROMISE, debtor, promised_on="2026-12-24")
    assert "expected on 2026-12-24" in xero.connector().perform(write).detail
    (row,) = xero.state()["invoices"]
    assert str(row["expected_on"]) == "2026-12-24"


PLAN_LINES = [{"due_on": day, "amount": "400"} for day in ("2026-12-24", "2027-01-24")]


@pytest.mark.parametrize("is_by_hand", [False, True])
def test_an_ended_plan_expects_nothing_any_more(
    xero: Any, debtor: tuple[str, str], is_by_hand: bool
) -> None:
    plan = {"plan_id": 1, "currency": "GBP", "instalments": PLAN_LINES}
    agreed = a_write(xero, ActionKind.PAYMENT_PLAN, debtor, **plan, next_on="2026-12-24")
    xero.connector().perform(agreed)
    if is_by_hand:
        xero.book.expect(debtor[1], date(2027, 3, 1))
    action = replace(
        agreed.action, payload=a_payload(ActionKind.PAYMENT_PLAN, **plan, next_on=None)
    )
    action = replace(action, subject="plan 1 ended")
    ended = Write(action, action.key, before=xero.connector().prepare(action), text="Ended.")

    xero.connector().perform(ended)

    assert xero.connector().find(ended) is not None
    (row,) = xero.state()["invoices"]
    # A day that somebody else entered is theirs, and stays.
    assert row["expected_on"] == ("2027-03-01" if is_by_hand else None)
    assert "agreed again" in xero.connector().undoing(ended).refusal


def test_a_late_fee_draft_deleted_by_somebody_stays_deleted(
    xero: Any, debtor: tuple[str, str]
) -> None:
    write = a_write(
        xero,
        ActionKind.LATE_FEE,
        debtor,
        amount="25.10",
        currency="GBP",
        description="Interest on INV-1",
    )
    xero.connector().perform(write)
    fee = next(row for row in xero.state()["invoices"] if row["id"] != debtor[1])
    assert (fee["status"], str(fee["total"]), fee["contact_id"]) == ("DRAFT", "25.10", debtor[0])
    xero.book.delete_invoice(fee["id"])
    xero.advance(timedelta(days=3))
    xero.connector().perform(write._replace(generation=2))
    assert len(xero.state()["invoices"]) == 2


def taxed(xero: Any, debtor: tuple[str, str], kind: str, *lines: tuple[str, str, str]) -> None:
    """Give the debtor's invoice other lines: what each comes to, its account and its tax."""
    element = {
        "InvoiceID": debtor[1],
        "LineAmountTypes": kind,
        "LineItems": [
            {
                "Description": "Goods",
                "Quantity": 1,
                "UnitAmount": amount,
                "AccountCode": account,
                "TaxType": tax,
            }
            for amount, account, tax in lines
        ],
    }
    with xero.sandbox.lock:
        ledger = xero.book.ledger
        draft = ledger.invoices.rows[debtor[1]]
        apply_common(ledger, draft, element, 2)
        draft.cache.clear()


@pytest.mark.parametrize(
    ("kind", "shares"),
    [
        # 600 and 66 with their taxes: 720 and 69.30 of 789.30.
        ("Exclusive", [("22.81", "200", "OUTPUT2"), ("2.19", "260", "RROUTPUT")]),
        ("Inclusive", [("22.52", "200", "OUTPUT2"), ("2.48", "260", "RROUTPUT")]),
        ("NoTax", [("22.52", "200", "OUTPUT2"), ("2.48", "260", "RROUTPUT")]),
    ],
)
def test_a_discount_is_credited_with_its_invoices_taxes(
    xero: Any, debtor: tuple[str, str], kind: str, shares: list[tuple[str, str, str]]
) -> None:
    lines = (("500", "200", "OUTPUT2"), ("66", "260", "RROUTPUT"), ("100", "200", "OUTPUT2"))
    taxed(xero, debtor, kind, *lines)
    write = a_write(xero, ActionKind.CREDIT_NOTE, debtor, amount="25", currency="GBP")
    assert "discount of GBP 25.00" in xero.connector().perform(write).detail
    (credit,) = xero.book.ledger.credits["CreditNotes"].rows.values()
    assert (credit.status, str(credit.total), credit.contact.id) == ("DRAFT", "25.00", debtor[0])
    assert [(str(line.line_amount), line.account_code, line.tax_type) for line in credit.lines] == (
        shares
    )
    assert credit.reference.startswith("Discount ")
    assert (credit.total_tax > 0) is (kind != "NoTax")


def test_a_deleted_draft_credit_note_stays_deleted(xero: Any, debtor: tuple[str, str]) -> None:
    write = a_write(xero, ActionKind.CREDIT_NOTE, debtor, amount="25", currency="GBP")
    xero.connector().perform(write)
    (credit,) = xero.book.ledger.credits["CreditNotes"].rows.values()
    credit.status = "DELETED"
    xero.advance(timedelta(days=3))
    xero.connector().perform(write._replace(generation=2))
    assert len(xero.state()["credits"]) == 1


@pytest.mark.parametrize("amount", ["0", "-1", "1e12"])
def test_an_absurd_credit_note_is_refused(xero: Any, debtor: tuple[str, str], amount: str) -> None:
    write = a_write(xero, ActionKind.CREDIT_NOTE, debtor, amount=amount, currency="GBP")
    with pytest.raises(Rejected):
        xero.connector().perform(write)


@pytest.mark.parametrize("amount", ["0", "-1", "1e12"])
def test_an_absurd_late_fee_is_refused(xero: Any, debtor: tuple[str, str], amount: str) -> None:
    write = a_write(xero, ActionKind.LATE_FEE, debtor, amount=amount, currency="GBP")
    with pytest.raises(Rejected):
        xero.connector().perform(write)


def test_without_an_account_there_are_no_late_fees(xero_settings: dict[str, str]) -> None:
    without = XeroConnector(Recorder(), "tenant", xero_settings | {"late_fee_account": ""})
    assert Capability.LATE_FEE not in without.capabilities.offers
    write = Write(an_action(ActionKind.LATE_FEE, ("c", "i"), amount="1", currency="GBP"), "k" * 32)
    with pytest.raises(Rejected, match="late_fee_account is not set"):
        without.perform(write)


def test_a_letter_gets_a_name_of_its_own(xero: Any, debtor: tuple[str, str]) -> None:
    write = a_write(xero, ActionKind.LETTER, debtor)._replace(
        file_name="final: notice/2026.pdf", file_type="application/pdf", file=b"%PDF-1.4"
    )
    xero.connector().perform(write)
    (row,) = xero.state()["attachments"]
    assert row["file_name"] == f"final- notice-2026-{write.key[:8]}.pdf"


def test_a_letter_has_a_size(xero: Any, debtor: tuple[str, str]) -> None:
    write = a_write(xero, ActionKind.LETTER, debtor)
    with pytest.raises(Rejected, match="larger than"):
        xero.connector().perform(write._replace(file=b"x" * (ATTACHMENT_BYTES_MAX + 1)))
    with pytest.raises(Rejected, match="names none"):
        xero.connector().perform(a_write(xero, ActionKind.LETTER, (debtor[0], "")))


def test_a_task_about_several_invoices_is_a_contact_note(
    xero: Any, debtor: tuple[str, str]
) -> None:
    day = xero.now().date()
    second = xero.add_invoice(debtor[0], Decimal(5), day, day)
    action = an_action(ActionKind.TASK, debtor)
    refs = (*action.invoices, InvoiceRef(second, "INV-2", Decimal(5), "GBP"))
    both = replace(action, invoices=refs)
    xero.connector().perform(Write(both, both.key, text="Call."))
    marked = [row["id"] for row in xero.state()["history"] if marker(both.key) in row["text"]]
    assert marked == [debtor[0]]


def test_keys_tell_writes_parts_and_generations_apart(
    sandbox: Sandbox, xero: Any, debtor: tuple[str, str]
) -> None:
    write = a_write(xero, ActionKind.CREDIT_HOLD, debtor)
    xero.connector().perform(write)
    xero.connector().perform(write._replace(generation=2, key="f" * 32))
    keys = [request["idempotency_key"] for request in sandbox.journal.page()["requests"]]
    used = [key for key in keys if key]
    assert len(used) == len(set(used))
    assert all(len(key) <= 128 for key in used)


@dataclass
class Recorder:
    """A transport that notes requests and answers with nothing."""

    requests: list[dict[str, Any]] = field(default_factory=list)
    answer: HttpResponse = field(default_factory=lambda: HttpResponse(200, {}, b"{}"))

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        changes: bool = False,
    ) -> HttpResponse:
        self.requests.append(
            {
                "method": method,
                "url": url,
                "params": params,
                "headers": headers,
                "body": body,
                "changes": changes,
            }
        )
        return self.answer


def recorded(xero_settings: dict[str, str], write: Write) -> list[dict[str, Any]]:
    recorder = Recorder()
    XeroConnector(recorder, "tenant", xero_settings).perform(write)
    return recorder.requests


def test_what_the_sdk_builds_is_put_right(xero_settings: dict[str, str]) -> None:
    action = an_action(ActionKind.PROMISE, ("c1", "i1"), promised_on="2026-03-01")
    promise, note = recorded(xero_settings, Write(action, action.key, text="Hi"))
    assert json.loads(promise["body"]) == {
        "Invoices": [{"InvoiceID": "i1", "ExpectedPaymentDate": "2026-03-01"}]
    }
    assert json.loads(note["body"]) == {"HistoryRecords": [{"Details": f"Hi {marker(action.key)}"}]}
    assert promise["changes"]
    assert note["headers"]["Idempotency-Key"] == f"{action.key}-1-1"
    assert note["headers"]["xero-tenant-id"] == "tenant"
    assert note["headers"]["Accept"] == "application/json"
    assert "Authorization" not in note["headers"]


def test_queries_and_amounts_are_written_as_xero_reads_them() -> None:
    from arsync_xero.sdk import _ENCODE, _mended, _query_text

    sent = _mended(
        {
            "LineItems": [{"UnitAmount": 0.1, "Quantity": 1.0}],
            "HasErrors": False,
            "Date": "/Date(1772323200000)/",
            "Name": "/Date/",
        }
    )
    assert _ENCODE(sent) == (
        b'{"LineItems":[{"UnitAmount":0.1,"Quantity":1.0}],"Date":"2026-03-01","Name":"/Date/"}'
    )
    assert (_query_text(True), _query_text(4)) == ("true", "4")


def test_a_letter_says_what_kind_of_file_it_is(xero_settings: dict[str, str]) -> None:
    action = an_action(ActionKind.LETTER, ("c1", "i1"))
    write = Write(action, action.key, file_name="l.pdf", file_type="application/pdf", file=b"%PDF")
    upload, _ = recorded(xero_settings, write)
    assert upload["headers"]["Content-Type"] == "application/pdf"
    assert upload["body"] == b"%PDF"
    assert upload["params"] == {"IncludeOnline": "true"}


def test_a_late_fee_in_an_unknown_currency_is_refused(
    xero_settings: dict[str, str],
) -> None:
    action = an_action(ActionKind.LATE_FEE, ("c1", "i1"), amount="1", currency="QQQ")
    with pytest.raises(Rejected, match="QQQ"):
        recorded(xero_settings, Write(action, action.key))


def test_a_long_note_keeps_its_marker(xero_settings: dict[str, str]) -> None:
    action = an_action(ActionKind.NOTE, ("c1", "i1"))
    (note,) = recorded(xero_settings, Write(action, action.key, text="long " * 1_000))
    (record,) = json.loads(note["body"])["HistoryRecords"]
    assert len(record["Details"]) == NOTE_CHARACTERS_MAX
    assert record["Details"].endswith(f"… {marker(action.key)}")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            {
                "ErrorNumber": 10,
                "Type": "ValidationException",
                "Message": "A validation exception occurred",
                "Elements": [
                    {
                        "Contact": {"ValidationErrors": [{"Message": "Name is taken."}]},
                        "ValidationErrors": [{"Description": "Odd."}, {"Message": "Odd."}],
                    }
                ],
            },
            "Odd.; Name is taken. (error 10)",
        ),
        ({"ErrorNumber": 51, "Message": "Too many."}, "Too many. (error 51)"),
        ({"Title": "Forbidden", "Detail": "No scope"}, "No scope"),
        ({"Message": "A validation exception occurred"}, "A validation exception occurred"),
        (["odd"], ""),
    ],
)
def test_refusals_are_in_xeros_words(body: Any, said: str) -> None:
    assert words(json.dumps(body).encode()) == said


def test_a_reused_key_is_looked_into() -> None:
    body = b'{"Message": "Idempotency Key k is used with a different request"}'
    assert isinstance(refusal(HttpResponse(400, {}, body), "a note"), OutcomeUnknown)
    assert isinstance(refusal(HttpResponse(404, {}, b"gone"), "a note"), Rejected)
    assert str(refusal(HttpResponse(400, {}, b"<html>"), "a note")) == (
        "Xero refused a note: status 400"
    )


def test_an_element_refused_inside_a_200_is_refused(xero_settings: dict[str, str]) -> None:
    refused = {"HistoryRecords": [{"ValidationErrors": [{"Message": "Too long."}]}]}
    recorder = Recorder(answer=HttpResponse(200, {}, json.dumps(refused).encode()))
    action = an_action(ActionKind.NOTE, ("c1", "i1"))
    with pytest.raises(Rejected, match="Too long"):
        XeroConnector(recorder, "t", xero_settings).perform(Write(action, action.key))


def test_an_answer_without_a_time_is_not_trusted(xero_settings: dict[str, str]) -> None:
    recorder = Recorder(answer=HttpResponse(200, {}, b'{"Organisations": []}'))
    with pytest.raises(Rejected, match="do not report the time"):
        list(XeroConnector(recorder, "t", xero_settings).pull(None))
