"""Actions as they are kept: what was written comes back equal, in every version's form."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from tests.builders.actions import a_payload, an_action

from arsync.core.actions import (
    Action,
    ActionKind,
    Because,
    CreditHoldPayload,
    DisputePayload,
    InvoiceRef,
    LateFeePayload,
    LetterPayload,
    LiftCreditHoldPayload,
    NotePayload,
    Payload,
    PromisePayload,
    ReminderPayload,
    RestoreTermsPayload,
    TaskDonePayload,
    TaskPayload,
    TermsPayload,
    UndoPayload,
    Via,
)
from arsync.store.actions.serialisation import decode_action, encode_action

FACTS = {
    "days_overdue": 14,
    "amount_due": Decimal("0.10"),
    "promised": date(2026, 12, 1),
    "tag": None,
}


def whole_action(payload: Payload) -> Action:
    return an_action(
        payload=payload,
        contact_name="Müller & Söhne",
        because=Because("rules.yaml", 57, "Standard cadence", FACTS),
        invoices=(InvoiceRef("i1", "INV-1", Decimal("0.10"), "GBP", 2, "second", 14, 14),),
        subject="i1 day 14",
        via=Via.SMTP,
        not_before=datetime(2026, 7, 1, 9, tzinfo=UTC),
        batch_id="c1 2026-07-01",
    )


@pytest.mark.parametrize("kind", ActionKind)
def test_each_kind_comes_back_equal(kind: ActionKind) -> None:
    action = whole_action(a_payload(kind))
    again = decode_action(encode_action(action))
    assert again == action
    assert (again.kind, again.key) == (kind, action.key)
    assert encode_action(again) == encode_action(action)


OF_VERSION_1: dict[str, Any] = {
    "connection": "acme",
    "contact_id": "c1",
    "contact_name": "Customer",
    "because": ["rules.yaml", 57, "Standard cadence", {"amount_due": {"$decimal": "0.10"}}],
    "invoices": [
        {
            "id": "i1",
            "number": "INV-1",
            "amount_due": {"$decimal": "0.10"},
            "currency": "GBP",
            "episode": 2,
            "step": "second reminder",
            "day": 14,
            "days_overdue": 14,
        }
    ],
    "subject": "i1 day 14",
    "episode": 1,
    "step": "second reminder",
    "via": "smtp",
    "needs_approval": False,
    "not_before": {"$moment": "2026-07-01T09:00:00+00:00"},
    "moment": "c1 2026-07-01",
    "note": "Second reminder sent.",
}
"""As arsync 0.1.0 kept it, without its kind and details."""


@pytest.mark.parametrize(
    ("kind", "details", "payload"),
    [
        (
            "reminder",
            {"cadence": "Standard", "language": "de", "to": "a@x.test, b@x.test"},
            ReminderPayload("Standard", "de", "a@x.test, b@x.test"),
        ),
        (
            "credit_hold",
            {"reasons": "Old; Much", "children": "c2,c3"},
            CreditHoldPayload(("Old", "Much"), ("c2", "c3")),
        ),
        ("credit_hold", {"reasons": "Old", "children": ""}, CreditHoldPayload(("Old",))),
        (
            "lift_credit_hold",
            {"held_since": "2026-10-01", "children": "c2"},
            LiftCreditHoldPayload(date(2026, 10, 1), ("c2",)),
        ),
        ("lift_credit_hold", {}, LiftCreditHoldPayload()),
        ("terms", {"terms": "cash on delivery"}, TermsPayload("cash on delivery")),
        ("restore_terms", {}, RestoreTermsPayload()),
        ("restore_terms", {"saved": "7"}, RestoreTermsPayload("7")),
        ("note", {}, NotePayload()),
        (
            "promise",
            {"promised_on": "2026-12-01", "amount": "40.50"},
            PromisePayload(date(2026, 12, 1), Decimal("40.50")),
        ),
        ("promise", {"promised_on": "2026-12-01", "amount": ""}, PromisePayload(date(2026, 12, 1))),
        ("dispute", {"reason": "damaged", "settled": ""}, DisputePayload("damaged")),
        ("dispute", {"settled": "2026-12-01"}, DisputePayload("", date(2026, 12, 1))),
        ("task", {"task": "Call", "assign_to": "anna"}, TaskPayload("Call", "anna")),
        ("task_done", {"task": "Call", "outcome": "will pay"}, TaskDonePayload("Call", "will pay")),
        (
            "letter",
            {"letter": "notice", "file_name": "n.pdf", "cadence": "C", "language": "fr"},
            LetterPayload("C", "fr", letter="notice", file_name="n.pdf"),
        ),
        (
            "late_fee",
            {"amount": "12.50", "currency": "GBP", "description": "Late fee", "cadence": "C"},
            LateFeePayload(Decimal("12.50"), "GBP", "Late fee", "C"),
        ),
        (
            "undo",
            {"undoes": "k", "generation": "2", "kind": "promise", "who": "Jane", "promise": "7"},
            UndoPayload("k", 2, ActionKind.PROMISE, "Jane", 7),
        ),
        ("undo", {}, UndoPayload("", 0, ActionKind.NOTE, "")),
    ],
)
def test_an_action_of_an_earlier_version_still_loads(
    kind: str, details: dict[str, str], payload: Payload
) -> None:
    action = decode_action(json.dumps({**OF_VERSION_1, "kind": kind, "details": details}))
    assert action.payload == payload
    assert action.because == Because(
        "rules.yaml", 57, "Standard cadence", {"amount_due": Decimal("0.10")}
    )
    assert action.invoices[0].amount_due == Decimal("0.10")
    assert (action.batch_id, action.via) == ("c1 2026-07-01", Via.SMTP)
    assert action.not_before == datetime(2026, 7, 1, 9, tzinfo=UTC)


def test_a_key_is_the_same_in_every_version() -> None:
    tree = {**OF_VERSION_1, "kind": "reminder", "details": {"cadence": "Standard"}}
    assert decode_action(json.dumps(tree)).key == "ca7ad55e5a8db3c733cf5a1115664101"


AT_ONCE = """
import os, sys, threading
from arsync.store.actions.serialisation import decode_action

TEXT = '{"payload": {"kind": "note"}}'

def at_once():
    sys.setswitchinterval(1e-6)
    begin = threading.Barrier(8)

    def decode():
        begin.wait()
        try:
            decode_action(TEXT)
        except Exception:
            pass  # half an action is refused; only that the process lives on counts

    threads = [threading.Thread(target=decode) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

for _ in range(12):
    child = os.fork()
    if not child:
        at_once()
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        sys.exit("a process died")
"""
"""Each fork begins as a new process does: nothing has been decoded yet."""


def test_threads_may_decode_for_the_first_time() -> None:
    done = subprocess.run(
        [sys.executable, "-c", AT_ONCE], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
