"""The deep examination: the store against itself, and the copy against the platform's documents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from arsync.application.health.findings import NOTE, OK, WRONG, Finding
from arsync.application.organisation.connection_choice import Chosen
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext, organisations
from arsync.application.permissions import Actor, Permission, permit
from arsync.core.ledger.records import DocumentStatus, RecordKind
from arsync.errors import ArsyncError

DIFFERENCES_NAMED_MAX = 10
"""So many documents are named; the rest is counted."""

_ARSYNCS_OWN = frozenset({"version", "updated_at", "reconciled"})
"""`reconciled` can change without a trace in the others: Xero matches payments on its own."""

_BEFORE_VOID = frozenset({"total", "amount", "unallocated", "allocations"})
"""Of a voided document the copy keeps what it was, for questions about earlier days."""


class _CopyDifference(NamedTuple):
    kind: RecordKind
    name: str
    what: str


def examine_deeply(
    actor: Actor, container: Container, connection: Chosen = None
) -> Iterator[Finding]:
    """Yield what contradicts itself in the store, and what differs from the platform.

    Every document is read again, which takes the calls of a first pull. Nothing is changed.
    """
    permit(actor, Permission.READ)
    some = connection or container.store.connections.all()
    for organisation in organisations(container, connection) if some else ():
        name = organisation.name
        faults = list(container.store.faults(organisation.id))
        yield from (Finding(name, WRONG, f"{fault.about}: {fault.message}") for fault in faults)
        if not faults:
            yield Finding(name, OK, "actions, events, allocations and amounts agree.")
        yield from _documents(organisation)
    yield from (Finding("rules", WRONG, damage) for damage in container.store.damaged_rules())


def _documents(organisation: OrganisationContext) -> Iterator[Finding]:
    name = organisation.name
    if organisation.store.ledger.pulled_at(organisation.id) is None:
        return
    comparison = _CopyComparison(organisation)
    try:
        with organisation.open_connector() as connector:
            for page in connector.pull(None):
                if page.kind != RecordKind.ORGANISATION:
                    comparison.take(page.kind, page.records)
    except ArsyncError as error:
        yield Finding(name, WRONG, f"its documents could not be read again: {error}")
        return
    wrong, newer = comparison.wrong, comparison.newer
    for difference in wrong[:DIFFERENCES_NAMED_MAX]:
        yield Finding(name, WRONG, f"{difference.kind} {difference.name}: {difference.what}")
    if len(wrong) > DIFFERENCES_NAMED_MAX:
        more = len(wrong) - DIFFERENCES_NAMED_MAX
        yield Finding(name, WRONG, f"{more:,} more documents differ from the platform's.")
    if wrong:
        yield Finding(name, NOTE, f"To rebuild the copy: arsync rebuild --connection {name}")
    else:
        yield Finding(name, OK, f"{comparison.read:,} documents are as the platform has them.")
    if newer:
        yield Finding(name, NOTE, f"{newer:,} documents changed since the last pull.")


class _CopyComparison:
    """What the platform shows now, against what is stored."""

    def __init__(self, organisation: OrganisationContext) -> None:
        self._ledger = organisation.store.ledger
        self._id = organisation.id
        self.read = 0
        self.newer = 0
        self.wrong: list[_CopyDifference] = []

    def take(self, kind: RecordKind, records: Any) -> None:
        """Compare one page."""
        stored = self._ledger.records(self._id, kind, [record.id for record in records])
        unread = {
            problem.id for problem in self._ledger.problems(self._id) if problem.kind == kind.value
        }
        for document in records:
            self.read += 1
            copy = stored.get(document.id)
            name = getattr(document, "number", "") or getattr(document, "name", "") or document.id
            if copy is None:
                if document.id not in unread:
                    missing = _CopyDifference(kind, name, "it is missing in the copy.")
                    self._note_missing(document, missing)
            elif copy != document:
                fields = ", ".join(_differing(copy, document))
                if (copy.version, copy.updated_at) != (document.version, document.updated_at):
                    self.newer += 1
                elif fields:
                    words = f"the copy differs in: {fields}."
                    self.wrong.append(_CopyDifference(kind, name, words))

    def _note_missing(self, document: Any, difference: _CopyDifference) -> None:
        pulled_at = self._ledger.pulled_at(self._id)
        if document.updated_at is not None and pulled_at and document.updated_at >= pulled_at:
            self.newer += 1
        else:
            self.wrong.append(difference)


def _differing(copy: Any, document: Any) -> Iterator[str]:
    """Yield the fields in which a copy differs from the document, in words."""
    expected = _ARSYNCS_OWN
    if copy.status == document.status == DocumentStatus.VOIDED:
        expected |= _BEFORE_VOID
    for field, here, there in zip(document._fields, copy, document, strict=True):
        if here != there and field not in expected:
            yield field.replace("_", " ")
