"""`promise`: of one invoice, several, or all that a customer owes; what becomes of earlier ones."""

from __future__ import annotations

from datetime import timedelta

import pytest

from .conftest import TODAY, Shell

SOON, LATER = (str(TODAY + timedelta(days=ahead)) for ahead in (7, 14))
XERO = ("--connection", "xero")


def test_a_newer_promise_says_what_becomes_of_the_earlier(shell: Shell) -> None:
    first = shell("promise", "INV-1", SOON, "100", *XERO)
    assert first.err.startswith(f"Promise to pay recorded: GBP 100.00 of INV-1 by {SOON}.")
    beside = shell("promise", "INV-1", LATER, "300", "--also", *XERO)
    assert f"It stands beside the promise of GBP 100.00 by {SOON}." in beside.err
    too_much = shell("promise", "INV-1", LATER, "501", "--also", *XERO)
    assert (too_much.code, "at most GBP 500.00 more" in too_much.err) == (2, True)
    whole = shell("promise", "INV-1", LATER, "--also", *XERO)
    assert (whole.code, "both need an amount" in whole.err) == (2, True)
    newest = shell("promise", "INV-1", LATER, *XERO)
    assert "If both were meant, each needs an amount: `arsync promise INVOICE DATE" in newest.err
    assert f"It replaces the promise of GBP 100.00 by {SOON}." in newest.err
    assert f"It replaces the promise of GBP 300.00 by {LATER}." in newest.err
    plan = shell("plan", "--json", *XERO).json
    assert [held["why"] for held in plan["held_back"] if held["invoice"] == "INV-1"] == [
        f"promise_to_pay open until {LATER}"
    ]


def test_both_promises_are_kept_as_it_is_said(shell: Shell) -> None:
    shell("promise", "INV-1", SOON, "100", *XERO)
    newer = shell("promise", "INV-1", LATER, "300", *XERO)
    kept = f"promise INV-1 {SOON} 100.00 --also"
    assert f"If both were meant: `arsync {kept}` puts that one beside it." in newer.err
    assert shell(*kept.split(), *XERO).code == 0
    listed = shell("promise", *XERO).out
    assert SOON in listed
    assert LATER in listed
    more = shell("promise", "INV-1", LATER, "850", *XERO)
    assert "Together they would be more than is due." in more.err


def test_a_customer_promises_all_that_it_owes(shell: Shell) -> None:
    said = shell("promise", "Deep Debt Ltd", SOON, *XERO)
    assert "all that is due of Deep Debt Ltd (2 invoices) by" in said.err
    plan = shell("plan", "--json", *XERO).json
    held = {held["invoice"] for held in plan["held_back"] if "promise_to_pay open" in held["why"]}
    assert held == {"INV-1", "INV-2"}
    narrowed = shell("promise", "INV-2", LATER, *XERO)
    assert f"It replaces the promise of all that is due by {SOON} for INV-2 alone." in narrowed.err


def test_several_invoices_are_promised_together(shell: Shell) -> None:
    done = shell("promise", "INV-2", "INV-1", SOON, "950", *XERO)
    assert f"GBP 950.00 of INV-1, INV-2 by {SOON}" in done.err
    # The oldest are paid first: nobody is reminded of what the promised sum is for.
    held = shell("plan", "--json", *XERO).json["held_back"]
    promised = [line["invoice"] for line in held if "promise_to_pay open" in line["why"]]
    assert promised == ["INV-1", "INV-2"]
    assert shell("promise", "INV-2", "INV-1", SOON, "900", *XERO).code == 0
    held = shell("plan", "--json", *XERO).json["held_back"]
    assert [line["invoice"] for line in held if "promise_to_pay open" in line["why"]] == ["INV-1"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["INV-1"], "a promise needs a date"),
        (["INV-1", "INV-3", SOON], "INV-1 is owed by Deep Debt Ltd, INV-3 by Late & Sons"),
        (["INV-1", "Deep Debt Ltd", SOON], "INV-1 and Deep Debt Ltd do not go together"),
        (["Nobody", SOON], "there is no contact and no invoice 'Nobody'."),
        (["Late & Sons", SOON, "9000"], "a promise cannot be for more"),
    ],
)
def test_what_cannot_be_promised_is_said(shell: Shell, words: list[str], message: str) -> None:
    done = shell("promise", *words, *XERO)
    assert (done.code, done.out) == (2, "")
    assert message in done.err


def test_promises_and_disputes_are_counted_and_listed(shell: Shell) -> None:
    assert "No open or broken promises." in shell("promise", *XERO).out
    shell("promise", "INV-1", SOON, "100", *XERO)
    shell("promise", "INV-1", LATER, "300", "--also", *XERO)
    shell("dispute", "INV-3", "--reason", "wrong price", *XERO)
    (status,) = shell("status", "--json", *XERO).json
    counts = [status[name] for name in ("open_promises", "broken_promises", "open_disputes")]
    assert counts == [2, 0, 1]
    lines = shell("status", *XERO).out
    assert "xero: 2 open promises: `arsync promise`" in lines
    assert "xero: 1 open dispute: `arsync dispute`" in lines
    listed = shell("promise", "--json", *XERO).json
    assert [(view["invoices"], view["promised_on"], view["state"]) for view in listed] == [
        (["INV-1"], SOON, "open"),
        (["INV-1"], LATER, "open"),
    ]
    assert "GBP 300.00" in shell("promise", *XERO).out
