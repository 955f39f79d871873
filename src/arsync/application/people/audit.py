"""The log of what people changed: written by whatever lets them, read by owners and accountants."""

from __future__ import annotations

from collections.abc import Iterator

from arsync.application.organisation.container import Container
from arsync.application.permissions import Actor, Permission, permit
from arsync.store.people.audit_log import AuditEntry, AuditFilter, AuditRow

__all__ = [
    "AuditEntry",
    "AuditFilter",
    "AuditRow",
    "audit_choices",
    "audit_lines",
    "audit_page",
    "note",
]

PAGE_ROWS = 50


def note(container: Container, entry: AuditEntry, *, connection: str = "") -> None:
    """Add a line to the log.

    Args:
        container: keeps it.
        entry: the line.
        connection: the name of the connection it is of, where the line has no number yet.
    """
    if connection:
        row = container.store.connections.named(connection)
        entry = entry._replace(connection_id=row.id if row is not None else None)
    container.store.audit.add(entry)


def audit_page(
    actor: Actor, container: Container, wanted: AuditFilter, *, rows_max: int = PAGE_ROWS
) -> list[AuditRow]:
    """Return the newest lines of the log."""
    permit(actor, Permission.AUDIT)
    return container.store.audit.page(wanted, rows_max)


def audit_lines(actor: Actor, container: Container, wanted: AuditFilter) -> Iterator[AuditRow]:
    """Yield every line of the log, the newest first."""
    permit(actor, Permission.AUDIT)
    return container.store.audit.every(wanted)


def audit_choices(actor: Actor, container: Container) -> tuple[list[str], list[str]]:
    """Return who is in the log, and what."""
    permit(actor, Permission.AUDIT)
    return container.store.audit.choices()
