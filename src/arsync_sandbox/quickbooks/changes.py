"""Change data capture: what changed since a moment, deleted documents included."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from arsync_sandbox.platform import Frame
from arsync_sandbox.quickbooks import faults
from arsync_sandbox.quickbooks.entities import ENTITIES, NOT_KEPT, WITHOUT_CDC
from arsync_sandbox.quickbooks.ledger import QuickBooksLedger
from arsync_sandbox.quickbooks.table import EntityTable, Row
from arsync_sandbox.quickbooks.wire import encode, read_moment, stamp

LOOK_BACK_DAYS = 30
"""How far back changes are known."""


def capture(frame: Frame, ledger: QuickBooksLedger, entities: Any, changed_since: Any) -> bytes:
    """The `QueryResponse` list of a CDC answer: one element a kind, in the order asked for.

    Raises:
        Refusal: for kinds without change data, unreadable moments, or too far back.
    """
    if not entities:
        raise faults.missing("entities")
    if not changed_since:
        raise faults.missing("changedSince")
    names = [_named(name.strip()) for name in str(entities).split(",") if name.strip()]
    try:
        since = read_moment(str(changed_since))
    except (ValueError, IndexError):
        raise faults.query_invalid(f"value '{changed_since}' is no valid changedSince") from None
    oldest = frame.now() - timedelta(days=LOOK_BACK_DAYS)
    if since < oldest and frame.setting("quickbooks_cdc_refuses_old"):
        raise faults.query_invalid(f"changedSince is more than {LOOK_BACK_DAYS} days back")
    # The service was seen to answer clients that ask for years: what is older is just not there.
    since = max(since, oldest)
    # Whether the cap of 1,000 counts the answer or each kind is not documented: a switch.
    room = cap = int(frame.setting("quickbooks_cdc_rows_max"))
    false_alarm = bool(frame.setting("quickbooks_cdc_false_deleted"))
    answers = []
    for name in names:
        if name not in ENTITIES:
            answers.append(_part(name, []))
            continue
        changed = _changed(ledger.tables[name], int(since.timestamp()), false_alarm=false_alarm)
        returned = changed[: cap if frame.setting("quickbooks_cdc_cap") == "entity" else room]
        room -= len(returned)
        answers.append(_part(name, returned))
    return b"[" + b",".join(answers) + b"]"


def _named(name: str) -> str:
    """The kind's own spelling; names are taken in any case."""
    known = {entity.lower(): entity for entity in ENTITIES} | NOT_KEPT
    kind = known.get(name.lower())
    if kind is None or kind in WITHOUT_CDC:
        raise faults.query_invalid(f"Entity {name} is not supported for change data capture")
    return kind


def _changed(table: EntityTable, since: int, *, false_alarm: bool) -> list[bytes]:
    rows: Iterable[Row] = table.result(
        ("changed", since), lambda: [row for row in table if row.updated >= since]
    )
    changed = [(row.updated, row.number, row.raw) for row in rows]
    # The real feed was seen to call a changed document deleted.
    if false_alarm and changed:
        updated, number, _ = changed[0]
        changed[0] = (updated, number, _tombstone(str(number), updated))
    changed += [
        (tombstone.updated, int(tombstone.id), _tombstone(tombstone.id, tombstone.updated))
        for tombstone in table.tombstones.values()
        if tombstone.updated >= since
    ]
    # The oldest first, so that a cut answer lacks the newest.
    changed.sort(key=lambda one: one[:2])
    return [raw for _, _, raw in changed]


def _tombstone(id_: str, updated: int) -> bytes:
    return encode(
        {
            "domain": "QBO",
            "status": "Deleted",
            "Id": id_,
            "MetaData": {"LastUpdatedTime": stamp(updated)},
        }
    )


def _part(name: str, rows: list[bytes]) -> bytes:
    if not rows:
        return b"{}"
    count = len(rows)
    return b'{"%s":[%s],"startPosition":1,"maxResults":%d,"totalCount":%d}' % (
        name.encode(),
        b",".join(rows),
        count,
        count,
    )
