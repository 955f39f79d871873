"""Documents that could not be read, named wherever totals are shown: they are missing in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from arsync.core.ledger.money import shown
from arsync.core.ledger.records import DocumentProblem, RecordKind

NAMED_MAX = 10
"""So many documents are named in a line; the rest is counted."""

_IN_TOTALS = frozenset({RecordKind.INVOICES, RecordKind.CREDITS, RecordKind.PAYMENTS})


def missing_from_totals(problems: Iterable[DocumentProblem]) -> tuple[DocumentProblem, ...]:
    """Return the documents that totals lack: money, and not known to be worth nothing."""
    return tuple(
        problem for problem in problems if problem.kind in _IN_TOTALS and problem.amount != 0
    )


def missing_in_words(missing: Sequence[DocumentProblem]) -> str:
    """Return in one line what is missing, or an empty text.

    For example: `1 document is missing from these figures: INV-9 over GBP 500.00 (DueDate is
    missing)`.
    """
    if not missing:
        return ""
    verb = "document is" if len(missing) == 1 else "documents are"
    named = [_named(problem) for problem in missing[:NAMED_MAX]]
    if len(missing) > NAMED_MAX:
        named.append(f"and {len(missing) - NAMED_MAX:,} more")
    return f"{len(missing):,} {verb} missing from these figures: {', '.join(named)}"


def _named(problem: DocumentProblem) -> str:
    name = problem.number or problem.id
    if problem.amount is not None:
        name += f" over {shown(problem.amount, problem.currency)}"
    return f"{name} ({problem.message.rstrip('.')})"
