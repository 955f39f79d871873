"""`statement`: what a customer owes, as a table, as JSON, of any day."""

from __future__ import annotations

from datetime import timedelta

from .conftest import TODAY, Shell

XERO = ("--connection", "xero")


def test_open_items_are_shown_with_their_sum(shell: Shell) -> None:
    done = shell("statement", "Deep Debt Ltd", *XERO)

    assert (done.code, done.err) == (0, "")
    assert f"Open items on {TODAY}" in done.out
    assert "invoice INV-1" in done.out
    assert "90 days overdue" in done.out
    assert "Balance: GBP 2,100.50\nOverdue: GBP 2,100.50\n" in done.out
    assert "1-30 days GBP 1,200.50, 61-90 days GBP 900.00" in done.out


def test_json_has_each_line_and_age(shell: Shell) -> None:
    shown = shell("statement", "Good Payer", *XERO, "--json").json

    assert (shown["kind"], shown["since"], shown["as_of"]) == ("open items", None, str(TODAY))
    [section] = shown["sections"]
    assert section["closing_balance"] == section["not_due"] == "75.00"
    assert section["ageing"]["current"] == "75.00"
    [line] = section["lines"]
    assert (line["number"], line["days_overdue"], line["amount"]) == ("INV-4", 0, "75.00")


def test_a_past_day_and_an_activity_agree(shell: Shell) -> None:
    day = TODAY - timedelta(60)
    then = shell("statement", "Deep Debt Ltd", *XERO, "--as-of", str(day), "--json").json
    assert [line["number"] for line in then["sections"][0]["lines"]] == ["INV-1"]
    first = str(TODAY - timedelta(59))
    run = shell("statement", "Deep Debt Ltd", *XERO, "--from", first, "--json").json
    [section] = run["sections"]
    assert section["opening_balance"] == then["sections"][0]["closing_balance"] == "900.00"
    assert [(line["number"], line["balance"]) for line in section["lines"]] == [
        ("INV-2", "2100.50")
    ]
    assert "opening balance" in shell("statement", "Deep Debt Ltd", *XERO, "--from", first).out


def test_wrong_days_are_refused_with_a_hint(shell: Shell) -> None:
    tomorrow = str(TODAY + timedelta(1))
    for words, said in (
        (("--as-of", tomorrow), "is still to come"),
        (("--from", tomorrow), "is after the statement's day"),
    ):
        done = shell("statement", "Good Payer", *XERO, *words)
        assert done.code == 2
        assert said in done.err
        assert "hint:" in done.err
    assert shell("statement", "Nobody", *XERO).code == 2


def test_who_owes_nothing_gets_an_empty_statement(shell: Shell) -> None:
    before = str(TODAY - timedelta(390))
    done = shell("statement", "Good Payer", *XERO, "--as-of", before)
    assert "Nothing is open, and no money is in hand." in done.out
