"""Makes the table of `statutory:` from what the files say, and checks it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from arsync.core.ledger.late_payment_law import FixedSum, LatePayment, Reference, is_half_year
from arsync.core.rulebook.model import Place
from arsync.core.rulebook.reading.sections import ReadBlock
from arsync.core.rulebook.reading.value_types import Source
from arsync.core.rulebook.reading.yaml_nodes import Problems

_NEEDED = ("law", "currency", "points_above_reference", "rate_counts")
Rows = Sequence[tuple[ReadBlock, Source]]


def statutory_of(
    values: Mapping[str, tuple[Any, Place]], rows: Mapping[str, Rows], problems: Problems
) -> LatePayment | None:
    """Return the table; None when there is none, or when a problem was added.

    Args:
        values: the single values by key, with the place of each.
        rows: the rates and the fixed sums of all files.
        problems: where problems go.
    """
    rates = _rates(rows["rates"])
    sums = _sums(rows["compensation"])
    missing = [name for name in _NEEDED if name not in values]
    if missing:
        places = [place for _, place in values.values()]
        places += [
            source.place(entry.node) for entries in rows.values() for entry, source in entries
        ]
        if places:
            hint = "add it, or extend a rulebook that has such a table: uk-standard, eu-standard"
            problems.add(places[0], f"'statutory' needs {missing[0]!r}.", hint)
        return None
    law, currency, points, counts = (values[name][0] for name in _NEEDED)
    return LatePayment(law, currency, points, counts, rates, sums)


def _rates(rows: Rows) -> tuple[Reference, ...]:
    by_day: dict[Any, Reference] = {}
    for (block, node), source in rows:
        day, rate = block.get("from"), block.get("rate")
        if day is None or rate is None:
            continue
        # Any other day would never be looked up, and interest stay unknown for no visible reason.
        if not is_half_year(day):
            source.problem(
                block.nodes["from"], f"no half-year starts on {day}.", "1 January or 1 July"
            )
        elif day in by_day:
            source.problem(node, f"the half-year from {day} appears twice.", "keep one of them")
        else:
            by_day[day] = Reference(day, rate, block.get("source", ""))
    return tuple(by_day[day] for day in sorted(by_day))


def _sums(rows: Rows) -> tuple[FixedSum, ...]:
    by_least: dict[Any, FixedSum] = {}
    for (block, node), source in rows:
        least, amount = block.get("debts_from"), block.get("amount")
        if least is None or amount is None:
            continue
        if least in by_least:
            source.problem(node, f"debts from {least:,} appear twice.", "keep one of them")
        else:
            by_least[least] = FixedSum(least, amount)
    return tuple(by_least[least] for least in sorted(by_least))
