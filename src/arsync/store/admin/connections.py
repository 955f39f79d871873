"""Connections: the organisations arsync may work for, and how far."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import DBAPIError

from arsync.clock import Clock, today_in
from arsync.core.actions import STARTED_STATES, ActionState
from arsync.core.ledger.records import Organisation
from arsync.errors import UserMistake
from arsync.store.admin.labels import change_labels, every_label, labels_column, labels_of
from arsync.store.admin.schedules import add_schedule, drop_schedule, want_anew
from arsync.store.db.database import Database, inserted_id
from arsync.store.db.policy_tables import rules_drafts, tries
from arsync.store.db.tables import actions, connections, grants
from arsync.store.ledger.page_writer import clear_copy
from arsync.store.ledger.record_rows import organisation_values
from arsync.store.models import (
    ChangedConnection,
    ConnectionChange,
    ConnectionRow,
    ConnectionState,
    Mode,
    Paused,
    Restored,
    Stopped,
)

NAME_CHARACTERS_MAX = 60
"""A connection's name is typed by people, and is part of every line about it."""

PAUSE_WHY_CHARACTERS_MAX = 200

_LIVE = connections.c.removed_at.is_(None)
_ROWS = select(connections, labels_column)
# Made once: each command asks, and making a statement takes longer than running it.
_BY_ID = _ROWS.where(connections.c.id == bindparam("id"))
_BY_NAME = _ROWS.where(connections.c.name == bindparam("name"), _LIVE)


def names_in(database: Database) -> list[str]:
    """Return the names of the connections in a database, which may hold no store yet."""
    try:
        with database.read(alone=True) as db:
            return list(db.scalars(select(connections.c.name).where(_LIVE).order_by("name")))
    except DBAPIError:
        return []


class Connections:
    """The table of connections."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Work on this database."""
        self._database = database
        self._clock = clock

    def add(
        self,
        name: str,
        *,
        platform: str,
        organisation: Organisation,
        mode: str = Mode.OBSERVE,
        grant_id: int | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> ConnectionRow:
        """Add a connection.

        An organisation that was removed before comes back with its history: the same id, the same
        name if it ever acted (its name is part of its actions' keys), and an empty copy.

        Raises:
            UserMistake: the name is taken, or the organisation is connected already.
        """
        values = {
            **organisation_values(organisation),
            "mode": Mode(mode).value,
            "state": ConnectionState.CONNECTED.value,
            "grant_id": grant_id,
            "settings": dict(settings or {}),
            "removed_at": None,
        }
        if mode != Mode.OBSERVE:
            values["taken_over_on"] = today_in(self._clock, organisation.time_zone)
        with self._database.write() as db:
            old = _of_organisation(db, platform, organisation.id)
            if old is not None and old.removed_at is None:
                raise UserMistake(f"{organisation.name} is connected already, as {old.name!r}.")
            if old is not None:
                # Under another name its actions would have other keys, and be done twice.
                name = old.name if _has_acted(db, old.id) else name
                # Old debts were taken over once; a later day would take over what arsync chased.
                if old.taken_over_on is not None:
                    values.pop("taken_over_on", None)
            _refuse_name(db, name, old.id if old is not None else None)
            if old is not None:
                db.execute(
                    update(connections)
                    .where(connections.c.id == old.id)
                    .values(name=name, **values)
                )
                add_schedule(db, old.id, self._clock.now())
                return _read(db, old.id)
            inserted = db.execute(
                insert(connections).values(
                    name=name,
                    platform=platform,
                    organisation_id=organisation.id,
                    created_at=self._clock.now(),
                    **values,
                )
            )
            add_schedule(db, inserted_id(inserted), self._clock.now())
            return _read(db, inserted_id(inserted))

    def get(self, name: str) -> ConnectionRow:
        """Return one connection.

        Raises:
            UserMistake: no connection has this name; the message guesses what was meant.
        """
        with self._database.read() as db:
            return _named(db, name)

    def named(self, name: str) -> ConnectionRow | None:
        """Return the connection of this name, exactly; None: there is none."""
        query = _ROWS.where(connections.c.name == name, _LIVE)
        with self._database.read() as db:
            row = db.execute(query).one_or_none()
        return connection_row(row) if row is not None else None

    def has_several(self) -> bool:
        """Return whether there is more than one."""
        with self._database.read() as db:
            return len(db.scalars(select(connections.c.id).where(_LIVE).limit(2)).all()) > 1

    def one_of_each_zone(self, rows_max: int) -> list[ConnectionRow]:
        """Return a connection of each time zone, at most so many."""
        first = select(func.min(connections.c.id)).where(_LIVE).group_by(connections.c.time_zone)
        query = _ROWS.where(connections.c.id.in_(first.limit(rows_max)))
        with self._database.read() as db:
            return [connection_row(row) for row in db.execute(query)]

    def by_id(self, connection_id: int) -> ConnectionRow:
        """Return one connection by its number, also a removed one."""
        with self._database.read() as db:
            return _read(db, connection_id)

    def by_organisation(self, platform: str, organisation_id: str) -> ConnectionRow | None:
        """Return the connection to an organisation, if there is one."""
        with self._database.read() as db:
            row = _of_organisation(db, platform, organisation_id)
            return connection_row(row) if row is not None and row.removed_at is None else None

    def all(self) -> list[ConnectionRow]:
        """Return every connection, by name."""
        query = _ROWS.where(_LIVE).order_by(connections.c.name)
        with self._database.read() as db:
            return [connection_row(row) for row in db.execute(query)]

    def all_names(self) -> frozenset[str]:
        """Return the names of all connections, also of removed ones."""
        with self._database.read() as db:
            return frozenset(db.execute(select(connections.c.name)).scalars())

    def count(self, platform: str, *, also_paused: bool = False) -> int:
        """Return how many connections there are to a platform, without the paused ones."""
        query = select(func.count()).select_from(connections)
        query = query.where(_LIVE, connections.c.platform == platform)
        if not also_paused:
            query = query.where(connections.c.paused_at.is_(None))
        with self._database.read() as db:
            return int(db.scalar(query) or 0)

    def labels(self) -> list[str]:
        """Return each label that a connection has."""
        with self._database.read() as db:
            return every_label(db)

    def set_mode(self, name: str, mode: str) -> ConnectionRow:
        """Change how far it may go; leaving `observe` for the first time sets `taken_over_on`."""
        if mode not in set(Mode):
            raise UserMistake(f"{mode!r} is not a mode. It can be {', '.join(Mode)}.")
        with self._database.write() as db:
            row = _named(db, name)
            self._set_mode(db, row, Mode(mode))
            return _read(db, row.id)

    def _set_mode(self, db: Connection, row: ConnectionRow, mode: Mode) -> None:
        values: dict[str, Any] = {"mode": mode.value}
        if mode is not Mode.OBSERVE and row.taken_over_on is None:
            values["taken_over_on"] = today_in(self._clock, row.organisation.time_zone)
        db.execute(update(connections).where(connections.c.id == row.id).values(values))

    def change(
        self, connection_ids: Collection[int], change: ConnectionChange, *, who: str
    ) -> list[ChangedConnection]:
        """Change several connections at once: all of them, or none.

        Raises:
            UserMistake: one was removed meanwhile, a label is none, or one would have too many.
        """
        these = connections.c.id.in_(connection_ids)
        query = _ROWS.where(these, _LIVE).order_by(connections.c.name)
        with self._database.write() as db:
            before = [connection_row(row) for row in db.execute(query)]
            if len(before) < len(set(connection_ids)):
                raise UserMistake("one of them was disconnected meanwhile; nothing was changed.")
            if change.mode is not None:
                for row in before:
                    self._set_mode(db, row, change.mode)
            if change.own_reminders is not None:
                values = {"own_reminders": change.own_reminders}
                db.execute(update(connections).where(these).values(values))
            if change.paused is not None:
                self._set_paused(db, these, who=who, why=change.reason, paused=change.paused)
            if change.stopped is not None:
                stop = _stop_columns(change, who, self._clock)
                db.execute(update(connections).where(these).values(stop))
            if change.add_labels or change.remove_labels:
                numbers = [row.id for row in before]
                change_labels(db, numbers, change.add_labels, change.remove_labels)
            after = [connection_row(row) for row in db.execute(query)]
        return [ChangedConnection(*rows) for rows in zip(before, after, strict=True)]

    def pause(self, connection_ids: Collection[int], *, who: str, why: str) -> None:
        """Let no scheduled run touch them until they are resumed; a pause that stands is kept."""
        self.change(connection_ids, ConnectionChange(paused=True, reason=why), who=who)

    def resume(self, connection_ids: Collection[int]) -> None:
        """Let scheduled runs touch them again."""
        self.change(connection_ids, ConnectionChange(paused=False), who="")

    def _set_paused(
        self, db: Connection, these: ColumnElement[bool], *, who: str, why: str, paused: bool
    ) -> None:
        values: dict[str, Any] = {"paused_at": None, "paused_by": "", "paused_why": ""}
        if paused:
            these = and_(these, connections.c.paused_at.is_(None))
            reason = why[:PAUSE_WHY_CHARACTERS_MAX]
            values = {"paused_at": self._clock.now(), "paused_by": who, "paused_why": reason}
        db.execute(update(connections).where(these).values(values))

    def set_own_reminders(self, name: str, *, on: bool) -> ConnectionRow:
        """Remember whether the platform's own reminders are on; its own answer takes precedence.

        Raises:
            UserMistake: no connection has this name.
        """
        with self._database.write() as db:
            row = _named(db, name)
            this = connections.c.id == row.id
            db.execute(update(connections).where(this).values(own_reminders=on))
            return _read(db, row.id)

    def set_state(self, connection_id: int, state: ConnectionState) -> None:
        """Remember whether its authorisation is valid."""
        with self._database.write() as db:
            db.execute(
                update(connections)
                .where(connections.c.id == connection_id)
                .values(_state_columns(state))
            )

    def attach(self, connection_id: int, grant_id: int) -> None:
        """Give it an authorisation: it is connected again.

        It runs as soon as it can. A grant that opens no connection any more is deleted.
        """
        with self._database.write() as db:
            this = connections.c.id == connection_id
            old = db.scalar(select(connections.c.grant_id).where(this))
            db.execute(
                update(connections)
                .where(this)
                .values(grant_id=grant_id, **_state_columns(ConnectionState.CONNECTED))
            )
            want_anew(db, connection_id, "it was authorised again", self._clock.now())
            _drop_if_unused(db, old)

    def rename(self, name: str, new_name: str) -> ConnectionRow:
        """Rename a connection that never acted.

        Raises:
            UserMistake: it has acted (its name is part of the keys that keep things from being
                done twice), or the new name is taken.
        """
        with self._database.write() as db:
            row = _named(db, name)
            if _has_acted(db, row.id):
                raise UserMistake(
                    f"{name!r} has acted already and keeps its name: the name is part of the keys "
                    "by which nothing is done twice."
                )
            _refuse_name(db, new_name, row.id)
            db.execute(update(connections).where(connections.c.id == row.id).values(name=new_name))
            return _read(db, row.id)

    def remove(self, name: str) -> None:
        """Remove it: its copy, cursor and token go; its actions, events and promises stay."""
        with self._database.write() as db:
            row = _named(db, name)
            clear_copy(db, row.id)
            drop_schedule(db, row.id)
            for table in (rules_drafts, tries):
                db.execute(delete(table).where(table.c.connection_id == row.id))
            db.execute(
                update(connections)
                .where(connections.c.id == row.id)
                .values(removed_at=self._clock.now(), grant_id=None)
            )
            _drop_if_unused(db, row.grant_id)


def _stop_columns(change: ConnectionChange, who: str, clock: Clock) -> dict[str, Any]:
    if not change.stopped:
        return {"stopped_at": None, "stopped_by": "", "stopped_why": ""}
    reason = change.reason[:PAUSE_WHY_CHARACTERS_MAX]
    # Who stopped it first stays: the later one changes nothing.
    first = connections.c.stopped_at.is_(None)
    values = {"stopped_at": clock.now(), "stopped_by": who, "stopped_why": reason}
    return {name: case((first, value), else_=connections.c[name]) for name, value in values.items()}


def _state_columns(state: ConnectionState) -> dict[str, Any]:
    if state is ConnectionState.CONNECTED:
        # If the authorisation ends again, the owner is notified again.
        return {"state": state.value, "told_at": None}
    return {"state": state.value}


def connection_row(row: Any) -> ConnectionRow:
    """Return a connection from a row that has the table's columns."""
    organisation = Organisation(
        id=row.organisation_id,
        name=row.organisation_name,
        base_currency=row.base_currency,
        country=row.country,
        time_zone=row.time_zone,
        short_code=row.short_code,
        is_demo=row.is_demo,
        locked_until=row.locked_until,
        own_reminders=row.own_reminders,
        legal_name=row.legal_name,
        address=row.address,
        phone=row.phone,
        email=row.email,
        tax_number=row.tax_number,
        registration_number=row.registration_number,
    )
    return ConnectionRow(
        id=row.id,
        name=row.name,
        platform=row.platform,
        organisation_id=row.organisation_id,
        organisation=organisation,
        mode=Mode(row.mode),
        created_at=row.created_at,
        taken_over_on=row.taken_over_on,
        state=ConnectionState(row.state),
        grant_id=row.grant_id,
        settings=row.settings,
        restored=Restored(row.restored_at, row.backed_up_at) if row.restored_at else None,
        paused=Paused(row.paused_at, row.paused_by, row.paused_why) if row.paused_at else None,
        stopped=Stopped(row.stopped_at, row.stopped_by, row.stopped_why)
        if row.stopped_at
        else None,
        labels=labels_of(row.labels),
    )


def _read(db: Connection, connection_id: int) -> ConnectionRow:
    return connection_row(db.execute(_BY_ID, {"id": connection_id}).one())


def _named(db: Connection, name: str) -> ConnectionRow:
    row = db.execute(_BY_NAME, {"name": name}).one_or_none()
    if row is not None:
        return connection_row(row)
    names = list(db.scalars(select(connections.c.name).where(_LIVE).order_by("name")))
    close = difflib.get_close_matches(name, names, n=1)
    if close:
        hint = f"did you mean {close[0]!r}?"
    elif names:
        hint = f"there are: {', '.join(names[:10])}"
    else:
        hint = "there is none yet. Run `arsync connect xero` or `arsync connect quickbooks`."
    raise UserMistake(f"there is no connection {name!r}.\n    hint: {hint}")


def _of_organisation(db: Connection, platform: str, organisation_id: str) -> Any:
    return db.execute(
        _ROWS.where(
            connections.c.platform == platform, connections.c.organisation_id == organisation_id
        )
    ).one_or_none()


def name_problem(name: str) -> str:
    """Return why a text cannot name a connection, as a sentence; empty: it can."""
    # `|` separates the parts of an action's key: in a name it could make two keys alike.
    if not name.strip() or len(name) > NAME_CHARACTERS_MAX or "|" in name or not name.isprintable():
        return (
            f"{name!r} cannot name a connection: 1 to {NAME_CHARACTERS_MAX} characters, without |."
        )
    return ""


def _refuse_name(db: Connection, name: str, but_for: int | None) -> None:
    if problem := name_problem(name):
        raise UserMistake(problem)
    holder = db.execute(
        select(connections.c.id, connections.c.organisation_name, connections.c.removed_at).where(
            connections.c.name == name
        )
    ).one_or_none()
    if holder is None or holder.id == but_for:
        return
    what = "the removed connection" if holder.removed_at else "the connection"
    raise UserMistake(
        f"the name {name!r} belongs to {what} of {holder.organisation_name}. Choose another: "
        "--name NAME"
    )


def _has_acted(db: Connection, connection_id: int) -> bool:
    # Approved ones too: any of them may be claimed, under its key, while this is being asked.
    acted = {*STARTED_STATES, ActionState.REJECTED, ActionState.APPROVED}
    return bool(
        db.scalar(
            select(
                exists().where(
                    actions.c.connection_id == connection_id,
                    actions.c.state.in_([state.value for state in acted]),
                )
            )
        )
    )


def _drop_if_unused(db: Connection, grant_id: int | None) -> None:
    # Several organisations can share a grant; tokens are kept only while they open any.
    used = exists().where(connections.c.grant_id == grant_id)
    db.execute(delete(grants).where(grants.c.id == grant_id, ~used))
