"""`agree`: payment by instalments is agreed, shown before, listed and ended."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from .conftest import TODAY, Shell

FIRST, SECOND = (str(TODAY + timedelta(days)) for days in (10, 40))
XERO = ("--connection", "xero")


def test_a_plan_is_shown_before_it_is_recorded(shell: Shell) -> None:
    terms = ("INV-1", "--instalments", "2", "--first", FIRST, *XERO)

    shown = shell("agree", *terms, "--preview")
    assert (shown.code, shown.err) == (0, "Nothing was recorded.\n")
    assert f"1            {FIRST}   GBP 450.00" in shown.out
    assert shell("agree", *XERO).out == "No payment plans.\n"

    done = shell("agree", *terms)
    assert done.out == shown.out
    assert "Payment plan recorded: 2 instalments, GBP 900.00 in all" in done.err
    listed = shell("agree", *XERO).out
    (plan,) = shell("agree", *XERO, "--json").json
    assert "plan" in listed.split("\n")[0]
    assert f" {plan['id']} " in listed, "the number that --plan asks for"
    assert "kept" in listed
    assert f"450.00 on {FIRST}" in listed
    held = shell("plan", *XERO, "--json").json["held_back"]
    why = [line["why"] for line in held if line["invoice"] == "INV-1"]
    assert why[0] == f"payment plan kept: GBP 450.00 due on {FIRST}"
    assert "Payment plans" in shell("why", "INV-1", *XERO).out
    assert "payment plan agreed on" in shell("status").out


def test_listed_instalments_leave_a_rest(shell: Shell) -> None:
    done = shell("agree", "INV-1", "--on", f"{FIRST}:400", "--on", f"{SECOND}:100.50", *XERO)

    assert "Not covered, and chased as ever: GBP 399.50 of INV-1." in done.out
    [plan] = shell("agree", *XERO, "--json").json
    assert (plan["total"], plan["state"], plan["next_on"]) == ("500.50", "kept", FIRST)
    assert [part["amount"] for part in plan["instalments"]] == ["400.00", "100.50"]


def test_a_customer_agrees_on_all_it_owes(shell: Shell) -> None:
    done = shell("agree", "Deep Debt Ltd", "--instalments", "3", "--first", FIRST, *XERO)

    assert done.code == 0
    [plan] = shell("agree", *XERO, "--json").json
    assert plan["customer"] == "Deep Debt Ltd"
    assert "INV-1" in plan["invoices"]


def test_a_plan_says_which_promises_it_replaces(shell: Shell) -> None:
    shell("promise", "INV-1", "INV-2", FIRST, "950", *XERO)
    shell("promise", "INV-1", SECOND, "300", *XERO)

    done = shell("agree", "INV-1", "--on", f"{FIRST}:900", *XERO)
    assert f" It takes the place of the promise of GBP 300.00 by {SECOND}." in done.err
    assert "GBP 950.00" not in done.err, "the newer promise had taken its place for INV-1"
    assert [view["invoices"] for view in shell("promise", "--json", *XERO).json] == [["INV-2"]]
    shell("agree", "INV-1", "--cancel", *XERO)
    shell("promise", "Deep Debt Ltd", SECOND, *XERO)
    again = shell("agree", "INV-1", "--on", f"{FIRST}:900", *XERO)
    assert f"the promise of all that is due by {SECOND} for INV-1 alone." in again.err


def test_a_plan_ends_by_name(shell: Shell) -> None:
    shell("agree", "INV-1", "--on", f"{FIRST}:900", *XERO)

    second = shell("agree", "INV-1", "--on", f"{FIRST}:900", *XERO)
    assert second.code == 2
    assert "INV-1 has a payment plan already" in second.err
    assert "arsync agree INV-1 --cancel" in second.err
    assert "ended" in shell("agree", "INV-1", "--cancel", *XERO).err
    assert shell("agree", *XERO).out == "No payment plans.\n"
    assert "cancelled" in shell("agree", "--all", *XERO).out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["INV-1"], "how is it paid?"),
        (["INV-1", "--instalments", "3"], "when is the first instalment due?"),
        (["INV-1", "--on", "soon:400"], "'soon:400' is no instalment."),
        (["INV-1", "--on", f"{FIRST}:lots"], "'lots' is not an amount."),
        (["INV-1", "--on", f"{FIRST}:1", "--instalments", "2"], "not both"),
        (["INV-1", "--on", f"{FIRST}:900.01"], "come to GBP 900.01, and GBP 900.00 is owed"),
        (["INV-1", "--on", "2020-01-01:5"], "2020-01-01 is past"),
        (["Nobody", "--on", f"{FIRST}:5"], "there is no contact 'Nobody'"),
        (["INV-1", "--cancel"], "INV-1 has no payment plan."),
    ],
)
def test_what_is_not_understood_is_said(shell: Shell, words: list[str], message: str) -> None:
    done = shell("agree", *words, *XERO)

    assert done.code == 2
    assert message in done.err
    assert done.out == ""


def test_instalments_come_as_often_as_it_is_said(shell: Shell) -> None:
    for every, days in (("week", 7), ("fortnight", 14)):
        done = shell(
            "agree",
            "Deep Debt Ltd",
            "--instalments",
            "2",
            "--first",
            FIRST,
            "--every",
            every,
            "--preview",
            *XERO,
        )
        assert done.code == 0, done.err
        assert str(date.fromisoformat(FIRST) + timedelta(days)) in done.out
