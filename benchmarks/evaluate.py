"""How fast a rulebook is evaluated: assess and plan every debtor, with evidence.

As ratios, in one run: to reading the same rows from the store (SQLite) and doing nothing; to the
PyPI package rule-engine answering the same conditions on the same facts; and explanations a second.

    python -m benchmarks.evaluate [--contacts 100000] [--invoices 1000000] [--no-peer]
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import arsync_rulebooks
from arsync.application.organisation.container import Container
from arsync.application.organisation.packed_plan import packing
from arsync.clock import SystemClock
from arsync.config import load_config
from arsync.core.ledger.records import Account, Organisation
from arsync.core.planning.customer_locale import no_holidays
from arsync.core.planning.explanation import explain
from arsync.core.planning.planner import make_plan
from arsync.core.rulebook import Rulebook, read_rulebook
from arsync.core.rulebook.conditions import (
    ALWAYS,
    COMPARISONS,
    AllOf,
    AnyOf,
    Compare,
    Condition,
    Flag,
    HeldFor,
    InGroup,
    Known,
    Negation,
    Node,
    OneOf,
    fields_of,
)
from arsync.core.rulebook.facts import CONTACT_FIELDS, NUMBERS, FactKind, Field
from benchmarks.measure import Failed
from benchmarks.peers import LeftOut, Peer, python_of

READ_RATIO_MAX = 3.0
PEER_RATIO_MIN = 75.0
PEAK_MB_MAX = 500
PEER_ROWS = 20_000
OWN_PASSES = 10
EXPLAINED = 2_000
RULE_ENGINE = Peer("rule-engine 4.5.0", ("rule-engine==4.5.0",), (), "answers conditions")
ORGANISATION = Organisation("o1", "Bench", "GBP", "GB")
OFFERS = frozenset(
    {
        "credit hold",
        "payment terms",
        "taking payment terms off",
        "email by the accounting system",
        "contact groups",
    }
)


def standard() -> Rulebook:
    """Return the shipped standard rulebook."""
    rulebook, _ = read_rulebook([("standard.yaml", arsync_rulebooks.text("standard"))])
    assert rulebook is not None
    return rulebook


def plan_of(accounts: Any) -> Any:
    """Plan today for these accounts."""
    now = SystemClock().now()
    return make_plan(
        accounts,
        standard(),
        connection="bench",
        organisation=ORGANISATION,
        today=now.date(),
        now=now,
        offers=OFFERS,
        holidays=no_holidays,
        keepers=packing,
    )


def measured(folder: str, *, planning: bool) -> dict[str, float]:
    """Read every debtor from the store, and plan them or do nothing; in a process of its own."""
    with Container(load_config(Path(folder) / "config.toml", {})) as container:
        row = container.store.connections.all()[0]
        start = time.process_time()
        accounts = container.store.ledger.accounts(row.id)
        if planning:
            plan = plan_of(accounts)
            found = {"actions": len(plan.actions), "held_back": len(plan.held_back)}
        else:
            found = {"accounts": sum(1 for _ in accounts)}
        seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "peak_mb": peak, **found}


def alone(folder: Path, what: str) -> dict[str, float]:
    """Measure in a process of its own, so that memory counts for one thing only."""
    command = [sys.executable, "-m", "benchmarks.evaluate", "--inside", what, str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def explanations(folder: Path) -> float:
    """Return how many debtors are explained in full each second."""
    with Container(load_config(folder / "config.toml", {})) as container:
        row = container.store.connections.all()[0]
        some: list[Account] = []
        for account in container.store.ledger.accounts(row.id):
            some.append(account)
            if len(some) == EXPLAINED:
                break
    rulebook = standard()
    plans = [plan_of([account]) for account in some]
    start = time.process_time()
    for account, plan in zip(some, plans, strict=True):
        explain(account, rulebook, plan, organisation=ORGANISATION)
    return len(some) / (time.process_time() - start)


def conditions() -> list[Condition]:
    """Return what the standard rulebook asks of customers, but what holds for everyone."""
    book = standard()
    rules = (book.leave_alone, book.credit_limits, book.credit_holds, book.reminders)
    found = [one.when for rule in rules for one in rule]
    return [condition for condition in found if condition.tree != ALWAYS.tree]


def facts(number: int, fields: Sequence[Field]) -> list[Any]:
    """Return one customer's facts, some of them unknown."""
    row: list[Any] = [None] * len(CONTACT_FIELDS)
    for field in fields:
        mixed = number * 2_654_435_761 % 2**32 + field.position * 97
        if field.unknown and mixed % 9 == 0:
            continue
        if field.kind in {FactKind.AMOUNT, FactKind.PERCENT}:
            row[field.position] = Decimal(mixed % 1_000)
        elif field.kind in NUMBERS:
            row[field.position] = mixed % 200
        else:
            words = [*field.choices, "legal", "key accounts", "other"]
            row[field.position] = frozenset({words[mixed % len(words)]})
    return row


def said(node: Node, *, yes: bool = True) -> str:
    """Return a condition in rule-engine's words: that it certainly holds, or certainly does not."""
    match node:
        case AllOf(parts) | AnyOf(parts):
            word = " and " if isinstance(node, AllOf) is yes else " or "
            return "(" + word.join(said(part, yes=yes) for part in parts) + ")"
        case Negation(part):
            return said(part, yes=not yes)
        case InGroup(_, part):
            return said(part, yes=yes)
        case Known(field, known):
            return f"{field.name} {'!=' if known is yes else '=='} null"
        case OneOf(field, values):
            words = " or ".join(f"'{value}' in {field.name}" for value in sorted(values))
            return f"({field.name} != null and {'' if yes else 'not '}({words}))"
        case Compare(field, word, operand):
            assert not isinstance(operand, Field), "the standard rulebook compares with numbers"
            asked = f"{field.name} {COMPARISONS[word][0]} {operand}"
            return f"({field.name} != null and {asked if yes else f'not ({asked})'})"
        case Flag(field, value):
            return f"({field.name} != null and {field.name} == {str(value is yes).lower()})"
        case HeldFor():
            raise ValueError("the standard rulebook asks nothing of how long it has held")


def own_rate(rows: list[list[Any]]) -> tuple[float, int]:
    """Return seconds for one pass of arsync over the rows, and how often a rule held."""
    tests = [condition.test for condition in conditions()]
    start = time.process_time()
    for _ in range(OWN_PASSES):
        held = 0
        for row in rows:
            for test in tests:
                if test(row, None):
                    held += 1
    return (time.process_time() - start) / OWN_PASSES, held


def peer_rate(rows: list[list[Any]], fields: Sequence[Field]) -> tuple[float, int]:
    """Return the same of rule-engine.

    Raises:
        LeftOut: it cannot be installed.
    """
    named = [{field.name: _plain(row[field.position]) for field in fields} for row in rows]
    told = {"rules": [said(condition.tree) for condition in conditions()], "rows": named}
    done = subprocess.run(
        [str(python_of(RULE_ENGINE)), str(Path(__file__).with_name("peer_rule_engine.py"))],
        input=json.dumps(told),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Failed(done.stderr[-600:])
    found = json.loads(done.stdout)
    return found["seconds"], found["held"]


def _plain(value: Any) -> Any:
    """Return a fact as JSON has it; rule-engine makes its own numbers of what it is given."""
    if isinstance(value, frozenset):
        return sorted(value)
    return int(value) if isinstance(value, Decimal) else value


def main() -> None:
    """Measure and print."""
    if len(sys.argv) > 2 and sys.argv[1] == "--inside":
        print(json.dumps(measured(sys.argv[3], planning=sys.argv[2] == "plan")))
        return
    parser = argparse.ArgumentParser(prog="python -m benchmarks.evaluate", description=__doc__)
    parser.add_argument("--contacts", type=int, default=100_000)
    parser.add_argument("--invoices", type=int, default=1_000_000)
    parser.add_argument("--no-peer", action="store_true")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="arsync-evaluate-"))
    try:
        _planning(folder, options.contacts, options.invoices)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if not options.no_peer:
        _conditions()


def _planning(folder: Path, contacts: int, invoices: int) -> None:
    fill = [sys.executable, "-m", "benchmarks.fill", str(folder), str(contacts), str(invoices)]
    subprocess.run(fill, check=True)
    read, plan = alone(folder, "read"), alone(folder, "plan")
    ratio = plan["seconds"] / read["seconds"]
    print(f"{invoices:,} open invoices of {contacts:,} contacts, the standard rulebook")
    print(f"read and do nothing    {read['seconds']:8.2f} s   {read['peak_mb']:6.0f} MB")
    print(
        f"read, assess and plan  {plan['seconds']:8.2f} s   {plan['peak_mb']:6.0f} MB"
        f"   {plan['actions']:,.0f} actions, {plan['held_back']:,.0f} held back"
    )
    print(
        f"ratio                  {ratio:8.2f}     aim {READ_RATIO_MAX:g} or less"
        f"{_missed(ratio <= READ_RATIO_MAX)}"
    )
    print(
        f"peak                   {plan['peak_mb']:8.0f} MB  aim below {PEAK_MB_MAX}"
        f"{_missed(plan['peak_mb'] < PEAK_MB_MAX)}"
    )
    print(f"explained in full      {explanations(folder):8,.0f} customers a second")


def _conditions() -> None:
    asked = conditions()
    fields = sorted({field for each in asked for field in fields_of(each.tree)})
    rows = [facts(number, fields) for number in range(PEER_ROWS)]
    own, held = own_rate(rows)
    answers = len(rows) * len(asked)
    print(f"conditions             {answers / own:12,.0f} answers a second")
    try:
        peer, peer_held = peer_rate(rows, fields)
    except (LeftOut, Failed, OSError) as why:
        print(f"rule-engine            left out: {why}")
        return
    assert held == peer_held, f"they disagree: {held} and {peer_held}"
    print(f"rule-engine            {answers / peer:12,.0f} answers a second")
    print(
        f"ratio                  {peer / own:12.1f}     aim at least {PEER_RATIO_MIN:g}"
        f"{_missed(peer / own >= PEER_RATIO_MIN)}"
    )


def _missed(met: bool) -> str:
    return "" if met else "   MISSED"


if __name__ == "__main__":
    main()
