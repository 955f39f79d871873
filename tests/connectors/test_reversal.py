"""Undoing where something is odd: nothing kept, nothing to take off, people's text that grew."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace
from tests.builders.actions import a_payload, an_action, an_invoice_ref

from arsync.connector_sdk import ReversalStatus, Write
from arsync.core.actions import ActionKind
from arsync.core.actions.reversal import undo_action
from arsync.errors import Rejected

HOLD, TERMS, PROMISE = ActionKind.CREDIT_HOLD, ActionKind.TERMS, ActionKind.PROMISE
FEE = ActionKind.LATE_FEE


def done(
    bench: Any, contact_id: str, kind: ActionKind, invoice_id: str = "", **details: str
) -> Write:
    """Make a write as the outbox would."""
    action = an_action(
        kind,
        details=details,
        contact_id=contact_id,
        contact_name="Acme Ltd",
        invoices=(an_invoice_ref(invoice_id, number="INV-1"),) if invoice_id else (),
    )
    before = bench.connector().prepare(action)
    write = Write(action, action.key, before=before, text="Because of the rule.")
    bench.connector().perform(write)
    return write


def undo(write: Write) -> Write:
    action = undo_action(write.action, generation=1, done_on=None, who="Jane")
    return Write(action, action.key, text=action.note, undoes=write)


def debtor(bench: Any) -> tuple[str, str]:
    contact_id = bench.add_contact("Acme Ltd", "ap@acme.example")
    today = bench.now().date()
    return contact_id, bench.add_invoice(contact_id, Decimal(100), today, today)


def row(bench: Any, table: str, id_: str) -> dict[str, Any]:
    return next(record for record in bench.state()[table] if record["id"] == id_)


@pytest.mark.parametrize(
    ("name", "kind"),
    # At QuickBooks a promise is a note alone, and nothing of people's is changed.
    [
        (name, kind)
        for name in ("xero", "quickbooks")
        for kind in (HOLD, TERMS, PROMISE)
        if (name, kind) != ("quickbooks", PROMISE)
    ],
)
def test_writes_without_recorded_old_values_are_never_guessed_back(
    request: pytest.FixtureRequest, name: str, kind: ActionKind
) -> None:
    bench = request.getfixturevalue(name)
    contact_id, invoice_id = debtor(bench)
    details = {"promised_on": "2027-01-31"} if kind is PROMISE else {}
    write = done(bench, contact_id, kind, invoice_id, **details)
    write = write._replace(before={})
    state = bench.connector().undoing(write)
    assert (state.status, state.was) == (ReversalStatus.FIXED, "not known")
    with pytest.raises(Rejected, match="what stood there before was not kept"):
        bench.connector().perform(undo(write))


@pytest.mark.parametrize("takes_it_off", [True, False])
def test_a_promise_is_undone_although_xero_keeps_its_date(xero: Any, takes_it_off: bool) -> None:
    xero.sandbox.change_settings({"xero_clears_expected_date": takes_it_off})
    contact_id, invoice_id = debtor(xero)
    write = done(xero, contact_id, PROMISE, invoice_id, promised_on="2027-01-31")
    receipt = xero.connector().perform(undo(write))
    assert xero.connector().find(undo(write)) is not None
    expected_on = row(xero, "invoices", invoice_id)["expected_on"]
    assert expected_on == (None if takes_it_off else "2027-01-31")
    assert ("take it off in Xero" in receipt.detail) is not takes_it_off


def test_an_expected_date_of_before_comes_back(xero: Any) -> None:
    contact_id, invoice_id = debtor(xero)
    xero.book.expect(invoice_id, xero.now().date() + timedelta(days=3))
    before = row(xero, "invoices", invoice_id)["expected_on"]
    write = done(xero, contact_id, PROMISE, invoice_id, promised_on="2027-01-31")
    xero.connector().perform(undo(write))
    assert row(xero, "invoices", invoice_id)["expected_on"] == before


def test_who_was_in_the_group_before_stays_in_it(xero: Any) -> None:
    contact_id, _ = debtor(xero)
    child = xero.add_contact("Acme North", "north@acme.example")
    first = done(xero, contact_id, HOLD)
    again = replace(
        first.action, episode=2, payload=a_payload(ActionKind.CREDIT_HOLD, children=[child])
    )
    before = xero.connector().prepare(again)
    second = Write(again, again.key, before=before, text="Because of another rule.")
    xero.connector().perform(second)
    xero.connector().perform(undo(second))
    (group,) = [group for group in xero.state()["groups"] if group["members"]]
    assert group["members"] == [contact_id]
    assert xero.connector().undoing(first).status is ReversalStatus.OURS


@pytest.mark.parametrize("own", [True, False])
def test_unset_terms_return_to_the_default_or_a_person(xero: Any, own: bool) -> None:
    contact_id, _ = debtor(xero)
    with xero.sandbox.lock:
        contact = xero.book.ledger.contacts.rows[contact_id]
        contact.terms = {}
        if own:
            terms = {"Sales": {"Day": 21, "Type": "DAYSAFTERBILLDATE"}}
            xero.book.ledger.organisation_fields["PaymentTerms"] = terms
        contact.cache.clear()
    write = done(xero, contact_id, TERMS)
    state = xero.connector().undoing(write)
    assert state.status is (ReversalStatus.OURS if own else ReversalStatus.FIXED)
    if not own:
        assert "take them off in Xero" in state.refusal
        return
    xero.connector().perform(undo(write))
    assert row(xero, "contacts", contact_id)["terms"]["Day"] == 21
    assert xero.connector().undoing(write).status is ReversalStatus.AS_BEFORE


def test_users_notes_survive_an_undone_hold_byte_for_byte(quickbooks: Any) -> None:
    contact_id, _ = debtor(quickbooks)
    users_text = "Pays by cheque 😀\r\n--- arsync: end ---\n  two blanks  "
    quickbooks.book.set_notes(contact_id, users_text)
    write = done(quickbooks, contact_id, HOLD)
    held = row(quickbooks, "contacts", contact_id)["notes"]
    quickbooks.book.set_notes(contact_id, held + "\nAnd ask for Ann.")
    quickbooks.connector().perform(undo(write))
    assert row(quickbooks, "contacts", contact_id)["notes"] == users_text + "\nAnd ask for Ann."


def test_only_an_untouched_late_fee_is_undone(
    quickbooks: Any,
) -> None:
    contact_id, invoice_id = debtor(quickbooks)
    write = done(
        quickbooks,
        contact_id,
        FEE,
        invoice_id,
        amount="12.50",
        currency="GBP",
        description="Late fee",
    )
    (fee,) = [invoice for invoice in quickbooks.state()["invoices"] if invoice["total"] == "12.50"]
    with quickbooks.sandbox.lock:
        document = quickbooks.book.ledger.get("Invoice", fee["id"])
        quickbooks.book.ledger.change("Invoice", {**document, "EmailStatus": "EmailSent"})
    with pytest.raises(Rejected, match="it was emailed to the customer"):
        quickbooks.connector().perform(undo(write))
    with quickbooks.sandbox.lock:
        document = quickbooks.book.ledger.get("Invoice", fee["id"])
        quickbooks.book.ledger.change("Invoice", {**document, "EmailStatus": "NotSet"})
    quickbooks.connector().perform(undo(write))
    assert row(quickbooks, "invoices", fee["id"])["status"] == "voided"
    quickbooks.connector().perform(undo(write)._replace(generation=2))
    assert quickbooks.connector().undoing(write).status is ReversalStatus.AS_BEFORE


def test_a_promise_noted_at_quickbooks_is_noted_as_withdrawn(quickbooks: Any) -> None:
    contact_id, invoice_id = debtor(quickbooks)
    write = done(quickbooks, contact_id, PROMISE, invoice_id, promised_on="2027-01-31")
    state = quickbooks.connector().undoing(write)
    assert (state.status, state.was) == (ReversalStatus.OURS, "no promise to pay")
    quickbooks.connector().perform(undo(write))
    assert quickbooks.connector().find(undo(write)) is not None
    assert row(quickbooks, "invoices", invoice_id)["notes"] == ""
