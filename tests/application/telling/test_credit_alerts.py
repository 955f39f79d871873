"""Alerts about credit: a share of the ledger, a falling score, an insolvency; unknown is silent."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from tests.application.credit.test_credit_decisions import OWNER, applied, now
from tests.builders.books import RULES, TODAY, Books

from arsync.application.credit.credit_applications import record_data
from arsync.application.decisions.why import why
from arsync.application.organisation.container import Container
from arsync.application.reports.risk_reports import concentration_report
from arsync.application.rules.trials import backtest_rulebooks, rules_simulation_view, simulation
from arsync.application.runs import pulling, runs
from arsync.core.actions import ActionKind, ActionState
from arsync.core.trials.simulation import Debtors

ALERTS = """\
alerts:
  - {name: Too much on one, when: {concentration_percent: {at_least: 60}}, tell: owner}
  - {name: Score fell, when: {score_change: {at_most: -10}}, tell: owner}
  - {name: Insolvent, when: {insolvency: yes}, tell: owner}
"""


@pytest.fixture
def ledger(container: Container, books: Books) -> Container:
    """Two customers owe 300 and 100, not due yet."""
    books.add_invoice(books.add_contact(1), 1, overdue=-10, amount="300")
    books.add_invoice(books.add_contact(2), 2, overdue=-10, amount="100")
    (container.config.rules_folder / "standard.yaml").write_text(RULES + ALERTS)
    pulling.pull_ledger(OWNER, now(container))
    return container


def alerts(container: Container) -> list[tuple[str, str]]:
    plan = runs.prepare(OWNER, now(container)).plan
    assert plan is not None
    return [
        (action.contact_id, action.because.rule)
        for action in plan.actions
        if action.kind is ActionKind.TASK
    ]


def test_a_share_of_the_ledger_is_told(ledger: Container, books: Books) -> None:
    assert alerts(ledger) == [("c1", "Too much on one")]
    explained = why(OWNER, now(ledger), "customer 1")
    assert explained.facts["concentration_percent"] == "75.00"
    assert any("Too much on one" in line.text and "75%" in line.text for line in explained.lines)
    books.add_invoice(books.contacts["c2"], 3, overdue=-10, amount="800")
    pulling.pull_ledger(OWNER, now(ledger))
    assert alerts(ledger) == [("c2", "Too much on one")]


def test_a_rate_that_is_missing_tells_nobody(ledger: Container, books: Books) -> None:
    invoice = books.add_invoice(books.contacts["c2"], 3, overdue=-10, amount="1")
    books.invoices[invoice.id] = invoice._replace(currency="EUR", rate=None)
    pulling.pull_ledger(OWNER, now(ledger))
    assert alerts(ledger) == []


def test_a_past_share_is_the_reports(ledger: Container, books: Books) -> None:
    books.add_invoice(books.contacts["c2"], 4, overdue=-20, amount="200")
    books.add_invoice(books.add_contact(3), 3, overdue=-30, amount="900")
    pulling.pull_ledger(OWNER, now(ledger))
    for days in (0, 1, 2, 10, 30):
        organisation, day = now(ledger), TODAY - timedelta(days)
        rows = concentration_report(OWNER, organisation, day).rows
        reported = {debtor.contact_id: debtor.percent for row in rows for debtor in row.largest}
        for customer in ("c1", "c2", "c3"):
            share = why(OWNER, organisation, customer, day).facts["concentration_percent"]
            assert Decimal(share) == round(reported.get(customer, Decimal(0)), 2)


def test_trials_ask_for_shares_of_their_days(ledger: Container, books: Books) -> None:
    books.add_invoice(books.add_contact(3), 3, overdue=-30, amount="900")
    pulling.pull_ledger(OWNER, now(ledger))
    tried = backtest_rulebooks(OWNER, now(ledger), first=TODAY - timedelta(25), last=TODAY)
    (result,) = tried.backtests.results
    told = [
        (happened.day, happened.action.contact_id)
        for happened in result.kept
        if happened.action.because.rule == "Too much on one"
    ]
    # The first owed three quarters from its invoice on, and today the third owes more than all.
    assert told == [(TODAY - timedelta(20), "c1"), (TODAY, "c3")]
    ahead = simulation(OWNER, now(ledger), days=40, debtors=Debtors.NEVER)
    (ledger.config.rules_folder / "standard.yaml").write_text(RULES)
    without = simulation(OWNER, now(ledger), days=40, debtors=Debtors.NEVER)
    tasks = [rules_simulation_view(played).totals["tasks"] for played in (ahead, without)]
    assert tasks[0] - tasks[1] == 1, "the third owes more than all, and nobody else"


def test_what_sources_say_is_watched(ledger: Container) -> None:
    number = applied(ledger, "c2")
    known = [("score", "80"), ("insolvency", "no")]
    record_data(OWNER, ledger, number, known, source="bureau", as_of=TODAY - timedelta(30))
    assert alerts(ledger) == [("c1", "Too much on one")]
    record_data(OWNER, ledger, number, [("score", "70")], source="bureau")
    record_data(OWNER, ledger, number, [("score", "5")], source="another")
    assert ("c2", "Score fell") not in alerts(ledger), "another bureau counts otherwise"
    record_data(OWNER, ledger, number, [("score", "69")], source="bureau")
    record_data(OWNER, ledger, number, [("insolvency", "yes")], source="bureau")
    told = alerts(ledger)
    assert ("c2", "Insolvent") in told
    states = {row.state for row in ledger.store.actions.list(now(ledger).id)}
    assert states <= {ActionState.PLANNED}, "observe tells nobody"


def test_a_registers_yes_outlives_a_bureaus_no(ledger: Container) -> None:
    number = applied(ledger, "c2")
    day = TODAY - timedelta(30)
    record_data(OWNER, ledger, number, [("insolvency", "yes")], source="Register", as_of=day)
    record_data(OWNER, ledger, number, [("insolvency", "no")], source="Bureau")
    assert ("c2", "Insolvent") in alerts(ledger)
    told = f"Register said yes on {day}, Bureau said no on {TODAY}"
    assert any(told in line.text for line in why(OWNER, now(ledger), "c2").lines)
    record_data(OWNER, ledger, number, [("insolvency", "no")], source="Register")
    assert ("c2", "Insolvent") not in alerts(ledger)
