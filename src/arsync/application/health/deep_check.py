"""The deep examination: the store against itself, and the copy against the platform's documents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from arsync.application.container import Parts
from arsync.application.health.findings import NOTE, OK, WRONG, Finding
from arsync.core.ledger.records import RecordKind
from arsync.errors import ArsyncError
from arsync.store.models import ConnectionRow

DIFFERENCES_NAMED_MAX = 10
"""So many documents are named; the rest is counted."""

_ARSYNCS_OWN = frozenset({"version", "updated_at", "reconciled"})
"""`reconciled` can change without a trace in the others: Xero matches payments on its own."""


class _Difference(NamedTuple):
    kind: RecordKind
    name: str
    what: str


def examine_deeply(parts: Parts) -> Iterator[Finding]:
    """Yield what contradicts itself in the store, and what differs from the platform.

    Every document is read again, which takes the calls of a first pull. Nothing is changed.
    """
    for row in parts.store.connections.all():
        faults = list(parts.store.faults(row.id))
        yield from (Finding(row.name, WRONG, f"{fault.about}: {fault.message}") for fault in faults)
        if not faults:
            yield Finding(row.name, OK, "actions, events, allocations and amounts agree.")
        yield from _documents(parts, row)


def _documents(parts: Parts, row: ConnectionRow) -> Iterator[Finding]:
    if parts.store.ledger.pulled_at(row.id) is None:
        return
    comparison = _Comparison(parts, row)
    try:
        with parts.open(row) as connector:
            for page in connector.pull(None):
                if page.kind != RecordKind.ORGANISATION:
                    comparison.take(page.kind, page.records)
    except ArsyncError as error:
        yield Finding(row.name, WRONG, f"its documents could not be read again: {error}")
        return
    wrong, newer = comparison.wrong, comparison.newer
    for difference in wrong[:DIFFERENCES_NAMED_MAX]:
        yield Finding(row.name, WRONG, f"{difference.kind} {difference.name}: {difference.what}")
    if len(wrong) > DIFFERENCES_NAMED_MAX:
        more = len(wrong) - DIFFERENCES_NAMED_MAX
        yield Finding(row.name, WRONG, f"{more:,} more documents differ from the platform's.")
    if wrong:
        yield Finding(row.name, NOTE, f"To copy it anew: arsync rebuild --connection {row.name}")
    else:
        yield Finding(row.name, OK, f"{comparison.read:,} documents are as the platform has them.")
    if newer:
        yield Finding(row.name, NOTE, f"{newer:,} documents changed since the last pull.")


class _Comparison:
    """What the platform shows now, against what is stored."""

    def __init__(self, parts: Parts, row: ConnectionRow) -> None:
        self._ledger = parts.store.ledger
        self._id = row.id
        self.read = 0
        self.newer = 0
        self.wrong: list[_Difference] = []

    def take(self, kind: RecordKind, records: Any) -> None:
        """Compare one page."""
        stored = self._ledger.records(self._id, kind, [record.id for record in records])
        unread = {
            problem.id for problem in self._ledger.problems(self._id) if problem.kind == kind.value
        }
        for theirs in records:
            self.read += 1
            ours = stored.get(theirs.id)
            name = getattr(theirs, "number", "") or getattr(theirs, "name", "") or theirs.id
            if ours is None:
                if theirs.id not in unread:
                    self._unlike(theirs, _Difference(kind, name, "it is missing in the copy."))
            elif ours != theirs:
                fields = ", ".join(
                    field.replace("_", " ")
                    for field, mine, its in zip(theirs._fields, ours, theirs, strict=True)
                    if mine != its and field not in _ARSYNCS_OWN
                )
                if (ours.version, ours.updated_at) != (theirs.version, theirs.updated_at):
                    self.newer += 1
                elif fields:
                    self.wrong.append(_Difference(kind, name, f"the copy differs in: {fields}."))

    def _unlike(self, theirs: Any, difference: _Difference) -> None:
        pulled_at = self._ledger.pulled_at(self._id)
        if theirs.updated_at is not None and pulled_at and theirs.updated_at >= pulled_at:
            self.newer += 1
        else:
            self.wrong.append(difference)
