"""`rules backtest`: the little ledger as it stood."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from arsync.core.trials.backtest import CANNOT_SHOW

from .conftest import RULEBOOK, TODAY, Shell

XERO = ("--connection", "xero")
FROM = ("--from", str(TODAY - timedelta(60)))
TO = ("--to", str(TODAY - timedelta(1)))
CALLS = RULEBOOK.replace("{day: 1, email: first reminder}", "{day: 1, task: Call politely}")


def test_backtest_shows_what_each_line_cost_and_caught(shell: Shell) -> None:
    done = shell("rules", "backtest", *FROM, *TO, *XERO)
    assert done.code == 0
    assert done.out.startswith(f"xero, {TODAY - timedelta(60)} to {TODAY - timedelta(1)}\n")
    assert CANNOT_SHOW in done.out
    row = next(line for line in done.out.splitlines() if line.startswith("rules/little.yaml:22"))
    assert "reminder: first reminder" in row
    assert "4 messages" in row
    assert "4 invoices, GBP 2,410.50" in row
    assert "Touched most" in done.out
    assert done.out.rstrip().endswith("Nothing was sent.")


def test_backtest_lists_every_message_for_programs(shell: Shell) -> None:
    result = shell("rules", "backtest", *FROM, *TO, *XERO, "--json").json
    assert result["cannot_show"] == CANNOT_SHOW
    messages = [
        action for action in result["results"][0]["actions"] if "reminder" in action["what"]
    ]
    assert {message["contact"]["name"] for message in messages} == {
        "Deep Debt Ltd",
        "Late & Sons",
        "[red] Shoes",
    }
    assert all(date.fromisoformat(message["day"]) < TODAY for message in messages)


def test_backtest_puts_two_rulebooks_side_by_side(shell: Shell) -> None:
    shell.write("calls.yaml", CALLS)
    done = shell("rules", "backtest", *FROM, *TO, "--against", "calls.yaml", *XERO)
    assert "rules/little.yaml" in done.out.splitlines()[3]
    assert "calls.yaml" in done.out.splitlines()[3]
    assert "Cost and catch of each line of calls.yaml" in done.out
    assert "Customers touched: 3 by both, 0 only by rules/little.yaml, 0 only by" in done.out
    result = shell("rules", "backtest", *FROM, *TO, "--against", "calls.yaml", *XERO, "--json").json
    assert result["customers_touched_by"] == {"first": 0, "second": 0, "both": 3}
    first, second = result["results"]
    assert first["totals"]["messages"] > second["totals"]["messages"]


def test_backtest_of_a_rulebook_that_does_nothing_says_so(shell: Shell) -> None:
    shell.write("nobody.yaml", "version: 1\ncurrency: GBP\nreminders: []\n")
    done = shell("rules", "backtest", "nobody.yaml", *FROM, *TO, *XERO)
    assert "nobody.yaml would have done nothing." in done.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((*TO, "--from", str(TODAY)), "is not in the past"),
        ((*FROM, "--to", str(TODAY + timedelta(1))), "is not in the past"),
        (("--from", "2001-01-01", *TO), "covers at most 3,660 days"),
        ((*FROM, *TO, "--against", "nowhere.yaml"), "there is no such file"),
        (FROM, "--to"),
    ],
)
def test_backtest_refuses_what_it_cannot_do(
    shell: Shell, words: tuple[str, ...], said: str
) -> None:
    done = shell("rules", "backtest", *words)
    assert done.code == 2
    assert said in done.err


def test_old_debts_start_spread_from_the_backtests_first_day(shell: Shell) -> None:
    shell.write("spread.yaml", RULEBOOK + "\ntake_over: spread over 20 days\n")
    done = shell("rules", "backtest", "spread.yaml", *FROM, *TO, *XERO)
    first = TODAY - timedelta(60)
    assert f"as if taken over on {first}: old debts start from then on, by take_over" in done.out
    result = shell("rules", "backtest", "spread.yaml", *FROM, *TO, *XERO, "--json").json
    assert result["taken_over"] == {"on": first.isoformat(), "assumed": True}
    messages = [
        action for action in result["results"][0]["actions"] if "INV-1" in action["invoices"]
    ]
    assert messages
