"""`rules simulate`: the little ledger played forward."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from .conftest import RULEBOOK, TODAY, Shell

XERO = ("--connection", "xero")
NOBODY = "version: 1\ncurrency: GBP\nreminders: []\n"


def simulate(shell: Shell, *words: str) -> dict[str, object]:
    simulated: dict[str, object] = shell("rules", "simulate", *words, *XERO, "--json").json
    return simulated


def test_unpaid_debts_get_every_step_and_a_hold(shell: Shell) -> None:
    simulated = shell("rules", "simulate", *XERO, "--json").json
    # Five invoices: two reminders each, a call to each customer; one hold.
    assert simulated["totals"]["messages"] == 10
    assert simulated["totals"]["tasks"] == 4
    assert simulated["totals"]["holds"] == 1
    assert simulated["payments"] == 0
    assert simulated["from"] == TODAY.isoformat()
    assert len(simulated["days"]) == 90
    assert simulated["customers_touched"] == 4
    assert simulated["touched_most"][0]["contact"]["name"] == "Deep Debt Ltd"
    assert sum(day["messages"] for day in simulated["days"]) == 10


def test_simulate_says_who_pays_how_and_what_it_makes(shell: Shell) -> None:
    done = shell("rules", "simulate", "--days", "30", *XERO)
    assert done.code == 0
    assert done.out.startswith(f"xero, {TODAY} to {TODAY + timedelta(29)}\n")
    assert "no customer pays" in done.out
    assert re.search(r"^messages +\d+ +\d+ +\S+ +300 +within$", done.out, re.MULTILINE)
    assert "Touched most" in done.out
    assert done.out.rstrip().endswith("Nothing was sent.")


def test_debtors_on_promise_pay_on_the_day_they_promised(shell: Shell) -> None:
    before = simulate(shell)
    shell("promise", "INV-3", f"{TODAY + timedelta(9)}", *XERO)
    simulated = simulate(shell, "--debtors", "on promise")
    assert simulated["payments"] == 1
    assert before["totals"]["messages"] - simulated["totals"]["messages"] == 2  # type: ignore[index]


def test_debtors_without_history_do_not_pay_and_are_named(shell: Shell) -> None:
    done = shell("rules", "simulate", "--debtors", "as before", *XERO)
    assert "no payments in the last year, so no customer pays" in done.out


def test_a_limit_that_would_stop_a_day_is_shown(shell: Shell) -> None:
    shell.write("tight.yaml", RULEBOOK + "\nsafety: {emails: 2}\n")
    done = shell("rules", "simulate", "tight.yaml", *XERO)
    assert re.search(r"^messages .* 2 +over on [1-9]\d* days?$", done.out, re.MULTILINE)


def test_the_page_needs_nothing_else_and_names_are_names(shell: Shell) -> None:
    done = shell("rules", "simulate", *XERO, "--html", "sim.html")
    assert done.err == "Wrote sim.html.\n"
    page = (shell.folder / "sim.html").read_text(encoding="utf-8")
    assert "[red] Shoes" in page
    assert "Late &amp; Sons" in page
    assert page.count("<svg") == 3
    assert not re.search(r"https?://|<script|<link", page)


def test_the_pages_charts_have_scale_days_and_limit(shell: Shell) -> None:
    shell.write("wide.yaml", RULEBOOK + "\nsafety: {emails: 12000, tasks: 4}\n")
    shell("rules", "simulate", "wide.yaml", *XERO, "--days", "60", "--html", "sim.html")
    page = (shell.folder / "sim.html").read_text(encoding="utf-8")
    figures = re.findall(r"<h3>(\w+) a day.*?</figure>", page, re.DOTALL)
    assert figures == ["Messages", "Holds", "Tasks"]
    messages, _, tasks = re.findall(r"<h3>\w+ a day.*?</figure>", page, re.DOTALL)
    assert "10 in all; most on one day: 4, on" in messages
    assert "safety limit 12,000, far above" in messages
    scale = re.findall(r'<span style="top: ([\d.]+)%">([\d,]+)</span>', messages)
    assert scale == [("100.0", "0"), ("50.0", "2"), ("0.0", "4")]
    days = re.findall(r">(\d{4}-\d\d-\d\d)</span>", messages)
    assert (days[0], days[-1]) == (str(TODAY), str(TODAY + timedelta(59)))
    assert 'class="limit"' in tasks
    for rule in ("prefers-color-scheme: dark", "@media print", "print-color-adjust: exact"):
        assert rule in page


def test_a_rulebook_that_does_nothing_is_an_empty_page(shell: Shell) -> None:
    shell.write("nobody.yaml", NOBODY)
    done = shell("rules", "simulate", "nobody.yaml", "--html", "sim.html")
    assert done.code == 0
    assert done.out.count("No actions.") == 2
    assert "No actions." in (shell.folder / "sim.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("words", [("--days", "0"), ("--debtors", "soon"), ("nowhere.yaml",)])
def test_simulate_refuses_what_it_cannot_read(shell: Shell, words: tuple[str, ...]) -> None:
    assert shell("rules", "simulate", *words).code == 2


def test_observed_old_debts_start_spread_from_the_first_day(
    shell: Shell,
) -> None:
    shell.write("spread.yaml", RULEBOOK + "\ntake_over: spread over 20 days\n")
    done = shell("rules", "simulate", "spread.yaml", *XERO)
    assert f"as if taken over on {TODAY}: old debts start from then on, by take_over" in done.out
    simulated = simulate(shell, "spread.yaml")
    assert simulated["taken_over"] == {"on": TODAY.isoformat(), "assumed": True}
    # All that is sent without spreading is sent, only later.
    assert simulated["totals"]["messages"] == simulate(shell)["totals"]["messages"]  # type: ignore[index]


def test_a_connection_that_was_taken_over_keeps_its_day(shell: Shell) -> None:
    shell.write("spread.yaml", RULEBOOK + "\ntake_over: spread over 20 days\n")
    shell("connections", "xero", "--mode", "approve")
    done = shell("rules", "simulate", "spread.yaml", *XERO)
    assert "as if taken over" not in done.out
    assert simulate(shell, "spread.yaml")["taken_over"] == {
        "on": TODAY.isoformat(),
        "assumed": False,
    }
