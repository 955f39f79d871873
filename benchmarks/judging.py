"""How fast rulebooks judge a ledger, as a section of the page: see `benchmarks.evaluate`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import arsync_rulebooks
from arsync.core.rulebook import read_rulebook
from arsync.core.rulebook.conditions import fields_of
from arsync.core.trials.backtest import backtest_view
from benchmarks import backtest, check, evaluate
from benchmarks.measure import Failed
from benchmarks.peers import LeftOut
from benchmarks.report import Row, Section
from benchmarks.sections import Scale

CHECKED_RULES = 200
CHECK_ROUNDS = 5
BACKTESTED_SHARE = 5
"""A backtest takes one in so many of the invoices."""
EVERY_DAY_SHARE = 20
"""Every day is planned for one in so many customers."""
TIMES_THE_LEDGER = 10
"""Evaluating is measured on a ledger so many times as large as the others."""


def evaluating(scale: Scale, folder: Path) -> Sequence[Section]:
    """Compare planning with reading alone, and conditions with rule-engine."""
    contacts, invoices = scale.contacts * TIMES_THE_LEDGER, scale.invoices * TIMES_THE_LEDGER
    home = folder / "evaluate"
    fill = [sys.executable, "-m", "benchmarks.fill", str(home), str(contacts), str(invoices)]
    subprocess.run(fill, check=True)
    read, plan = evaluate.alone(home, "read"), evaluate.alone(home, "plan")
    ratio = plan["seconds"] / read["seconds"]
    peak = plan["peak_mb"]
    section = Section(f"Evaluating {invoices:,} open invoices", "reading alone")
    section.add(
        Row(
            "processor seconds",
            f"{plan['seconds']:.1f}",
            f"{read['seconds']:.1f}",
            f"{ratio:.2f}",
            f"at most {evaluate.READ_RATIO_MAX:g}",
            ratio <= evaluate.READ_RATIO_MAX if scale.judged else None,
        )
    )
    section.add(
        Row(
            "peak MB",
            f"{peak:.0f}",
            f"{read['peak_mb']:.0f}",
            "",
            f"under {evaluate.PEAK_MB_MAX}",
            peak < evaluate.PEAK_MB_MAX,
        )
    )
    section.add(Row("customers explained in full, a second", f"{evaluate.explanations(home):,.0f}"))
    section.notes.append(
        f"The standard rulebook on {contacts:,} contacts: {plan['actions']:,.0f} actions, "
        f"{plan['held_back']:,.0f} held back, each with its reason, all kept packed."
    )
    return [section, _conditions(scale)]


def _conditions(scale: Scale) -> Section:
    section = Section("Conditions answered a second", evaluate.RULE_ENGINE.name)
    conditions = evaluate.conditions()
    fields = sorted({field for each in conditions for field in fields_of(each.tree)})
    rows = [evaluate.facts(number, fields) for number in range(evaluate.PEER_ROWS)]
    own, held = evaluate.own_rate(rows)
    answers = len(rows) * len(conditions)
    try:
        peer, peer_held = evaluate.peer_rate(rows, fields)
    except (LeftOut, Failed, OSError) as why:
        section.add(Row("the standard rulebook's", f"{answers / own:,.0f}"))
        section.notes.append(f"rule-engine is left out: {why}")
        return section
    assert held == peer_held, f"they disagree: {held} and {peer_held}"
    ratio = peer / own
    section.add(
        Row(
            "the standard rulebook's",
            f"{answers / own:,.0f}",
            f"{answers / peer:,.0f}",
            f"{ratio:.1f}",
            f"at least {evaluate.PEER_RATIO_MIN:g} times",
            ratio >= evaluate.PEER_RATIO_MIN if scale.judged else None,
        )
    )
    return section


def checking(_scale: Scale, _folder: Path) -> Sequence[Section]:
    """Measure how long it takes to check a long rulebook."""
    figures = check.measured(CHECKED_RULES, CHECK_ROUNDS)
    section = Section(f"Checking {CHECKED_RULES} rules", "Python with click and yaml")
    section.add(
        Row(
            "processor ms to read and warn",
            f"{figures.inner:.0f}",
            "",
            "",
            f"under {check.READ_MS_MAX}",
            figures.inner < check.READ_MS_MAX,
        )
    )
    section.add(
        Row("processor ms of `arsync rules check`", f"{figures.whole:.0f}", f"{figures.bare:.0f}")
    )
    return [section]


def backtesting(scale: Scale, _folder: Path) -> Sequence[Section]:
    """Compare a year's backtest, with days left out, with planning every day."""
    text = arsync_rulebooks.text("standard")
    count = scale.invoices // BACKTESTED_SHARE // backtest.INVOICES_EACH
    invoices = count * backtest.INVOICES_EACH
    section = Section(f"A year's backtest of {invoices:,} invoices", "every day planned")
    for more, named in (("", ""), (COURTESIES, ", with letters")):
        rulebook, problems = read_rulebook([("standard.yaml", text + more)])
        assert rulebook is not None, problems
        short, some = backtest.run(rulebook, count, EVERY_DAY_SHARE, every_day=False)
        long, every = backtest.run(rulebook, count, EVERY_DAY_SHARE, every_day=True)
        if [backtest_view(result) for result in some.results] != [
            backtest_view(result) for result in every.results
        ]:
            raise Failed("a backtest with days left out says something else than every day's")
        section.add(
            Row(
                f"processor seconds, one customer in {EVERY_DAY_SHARE}{named}",
                f"{short:.1f}",
                f"{long:.1f}",
                f"{long / short:.1f}",
            )
        )
        whole, _ = backtest.run(rulebook, count, 1, every_day=False)
        section.add(Row(f"processor seconds, every customer{named}", f"{whole:.1f}"))
    section.notes.append(
        "The standard rulebook, 365 days; days on which nothing can change are left out, and the "
        "result is the same. With letters: thank-yous, a question after each issue, and placements "
        "that are announced."
    )
    return [section]


COURTESIES = """
thank_you: {when: {days_late: {at_most: 0}}, email: thank you}
after_issue: [{days: 3, email: satisfaction check, when: {total: {at_least: 500}}}]
announcements: {placements: 7 days before}
placements:
  - name: To the agency
    when: {days_overdue: {at_least: 90}, net_amount_due: {at_least: 500}}
    to: Example Collections
"""
"""Letters that leave on days of their own."""
