"""The labels by which a practice groups its connections."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, delete, func, insert, select

from arsync.errors import UserMistake
from arsync.store.db.tables import connection_labels, connections

LABEL_CHARACTERS_MAX = 40
LABELS_MAX = 20
"""So many labels a connection has at most: a list that nobody reads helps nobody."""

FORBIDDEN = ",;|*?["
"""What stands between labels that are written in one place, and what makes a pattern."""

_APART = "\n"
"""Between the labels of a connection as one query reads them."""

_OF_CONNECTION = connection_labels.c.connection_id

labels_column = (
    select(func.aggregate_strings(connection_labels.c.label, _APART))
    .where(connections.c.id == _OF_CONNECTION)
    .scalar_subquery()
    .label("labels")
)
"""Selects a connection's labels beside its row."""


def labels_of(text: str | None) -> tuple[str, ...]:
    """Return the labels that `labels_column` gave, sorted."""
    return tuple(sorted(text.split(_APART), key=str.casefold)) if text else ()


def label_problem(label: str) -> str:
    """Return why a text is no label, as a sentence; empty: it is one."""
    if len(label) > LABEL_CHARACTERS_MAX:
        shown = label[:LABEL_CHARACTERS_MAX]
        return f"the label {shown!r}... is longer than {LABEL_CHARACTERS_MAX} characters."
    if not label.strip() or not label.isprintable() or any(char in label for char in FORBIDDEN):
        return f"{label!r} is no label: letters, digits and blanks, without , ; | * ? and [."
    return ""


def every_label(db: Connection) -> list[str]:
    """Return each label that a connection has, sorted."""
    live = connections.c.removed_at.is_(None)
    joined = connection_labels.join(connections, connections.c.id == _OF_CONNECTION)
    query = select(connection_labels.c.label).select_from(joined).where(live).distinct()
    return sorted(db.scalars(query), key=str.casefold)


def change_labels(
    db: Connection, connection_ids: Sequence[int], add: Iterable[str], remove: Iterable[str]
) -> None:
    """Add and remove labels of connections; capitals do not tell labels apart.

    Raises:
        UserMistake: a text is no label, or a connection would have too many.
    """
    spelt = {label.casefold(): label for label in every_label(db)}
    adding = [_checked(label) for label in add]
    # Two labels that differ in capitals alone would be two groups by mistake.
    coming = {label.casefold(): spelt.get(label.casefold(), label) for label in adding}
    leaving = {spelt.get(label.strip().casefold(), label) for label in remove}
    these = _OF_CONNECTION.in_(connection_ids)
    held = {tuple(row) for row in db.execute(select(connection_labels).where(these))}
    if leaving:
        db.execute(delete(connection_labels).where(these, connection_labels.c.label.in_(leaving)))
    rows = [
        {"connection_id": number, "label": label}
        for number in connection_ids
        for label in coming.values()
        if (number, label) not in held or label in leaving
    ]
    if rows:
        db.execute(insert(connection_labels), rows)
    _refuse_too_many(db, connection_ids)


def _checked(label: str) -> str:
    if problem := label_problem(label):
        raise UserMistake(problem)
    return label.strip()


def _refuse_too_many(db: Connection, connection_ids: Sequence[int]) -> None:
    counted = (
        select(connections.c.name)
        .join(connection_labels, connections.c.id == _OF_CONNECTION)
        .where(_OF_CONNECTION.in_(connection_ids))
        .group_by(connections.c.name)
        .having(func.count() > LABELS_MAX)
        .order_by(connections.c.name)
    )
    name = db.scalar(counted.limit(1))
    if name is not None:
        raise UserMistake(f"{name} would have more than {LABELS_MAX} labels; nothing was changed.")
