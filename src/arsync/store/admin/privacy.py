"""Personal data: everything the store holds of one customer, and how it is forgotten.

Names, addresses and texts are forgotten. The platform's ids, numbers, amounts and days stay: they
keep things from being done twice, and bookkeeping requires them. Regulation (EU) 2016/679, articles
15, 17 and 20; article 17(3)(b) exempts what a legal obligation requires.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection, Select, and_, delete, func, or_, select, text, update

from arsync.clock import Clock
from arsync.core.actions import ActionKind, ActionState, Because
from arsync.core.ledger.records import Contact, ContactStatus, DocumentStatus, RecordKind
from arsync.core.ledger.supplier_standing import party_id
from arsync.core.planning.plan_views import action_view
from arsync.errors import UserMistake
from arsync.store.actions.last_plans import LastPlans
from arsync.store.actions.message_addresses import forget_addresses
from arsync.store.actions.serialisation import decode_action, encode_action
from arsync.store.admin.credit_privacy import (
    exported_applications,
    forget_applications,
    letters_of,
    numbers_of,
)
from arsync.store.admin.passing_privacy import (
    forget_in_passing,
    forget_payment_words,
    held_in_passing,
)
from arsync.store.admin.rulebook_versions import take_name_out, versions_naming
from arsync.store.agreements.placements import rows_of
from arsync.store.agreements.promises import promise_rows
from arsync.store.db.bulk import one_of
from arsync.store.db.database import Database
from arsync.store.db.payable_tables import payables, suppliers
from arsync.store.db.people_tables import audit_log
from arsync.store.db.policy_tables import tries
from arsync.store.db.tables import (
    action_events,
    actions,
    contact_log,
    contacts,
    customer_entries,
    customer_pauses,
    disputes,
    hold_decisions,
    instalments,
    invoices,
    limit_history,
    notices,
    payment_plans,
    personal_lines,
    pinned_entries,
    placements,
    problems,
    promised_invoices,
    promises,
    runs,
    undeliverable_addresses,
)
from arsync.store.ledger.lookups import NoContact, find_contact
from arsync.store.ledger.payables import read_payables_to
from arsync.store.ledger.record_rows import (
    FORGOTTEN,
    KINDS,
    PERSONAL_LISTS,
    PERSONAL_TEXTS,
    to_records,
)

NAME_CHARACTERS_MIN = 3
"""A shorter name would be found in other words."""

EXPIRED_AT_ONCE_MAX = 1_000
"""How many actions one run makes nameless, so that it does not make a run long."""

_ENDED = (
    ActionState.CONFIRMED,
    ActionState.WITHDRAWN,
    ActionState.REJECTED,
)
_WORDS_OF_INVOICES = ("email", "link", "note", "reference", "purchase_order")
"""Columns of an invoice's copy that hold what somebody typed."""

_GONE = frozenset(
    {
        ContactStatus.ARCHIVED,
        ContactStatus.DELETED,
        ContactStatus.MERGED,
        ContactStatus.UNKNOWN,
    }
)
"""Neither platform deletes a customer who has invoices: one that is archived there has been put
away as far as it can be."""


class Forgotten(Struct, frozen=True):
    """What became of one customer's data."""

    contact_id: str
    actions: int
    """How many were made nameless; their keys, days, invoices and amounts stay."""
    copy_stays: bool
    """True while the platform still has the customer: the copy follows the platform."""


class Privacy:
    """What the store holds of people."""

    def __init__(self, database: Database, last_plans: LastPlans, clock: Clock) -> None:
        """Work on this database."""
        self._database = database
        self._last_plans = last_plans
        self._clock = clock

    def export(self, connection_id: int, name_or_id: str) -> dict[str, Any]:
        """Return everything held of one customer, for JSON.

        Raises:
            UserMistake: no contact has this name, or several have.
        """
        with self._database.read() as db:
            prospect = _prospect(db, connection_id, name_or_id)
            if prospect:
                return {"credit_applications": exported_applications(db, prospect)}
            contact = find_contact(db, connection_id, name_or_id, also_gone=True)
            numbers = _ids(db, _invoice_ids(connection_id, contact.id))
            parties = _parties(db, connection_id, contact.id)
            keys = _action_keys(db, connection_id, parties)
            return {
                "contact": _plain(contact),
                **{
                    kind.value: _documents(db, connection_id, kind, contact.id)
                    for kind in (RecordKind.INVOICES, RecordKind.PAYMENTS, RecordKind.CREDITS)
                },
                "credit_applications": exported_applications(
                    db, numbers_of(db, connection_id, contact.id, contact.name)
                ),
                "bills_as_supplier": _bills(db, connection_id, contact.id),
                "customer_entries": _entries(db, connection_id, contact.id),
                "credit_limits": _limits(db, connection_id, contact.id),
                "hold_decisions": _hold_decisions(db, connection_id, contact.id),
                "left_alone": _pauses(db, connection_id, contact.id),
                "log": _log(db, connection_id, contact.id),
                "promises": [
                    {name: value for name, value in row._asdict().items() if name != "id"}
                    for row in promise_rows(db, connection_id, invoice_ids=numbers)
                ],
                "disputes": _about(db, connection_id, disputes, numbers),
                "placements": [
                    row._asdict() | {"debts": [debt._asdict() for debt in row.debts]}
                    for row in rows_of(db, connection_id, [contact.id])
                ],
                "payment_plans": _payment_plans(db, connection_id, contact.id),
                "notices": _notices(db, connection_id, contact.id),
                "undeliverable_addresses": _undeliverable(db, connection_id, contact.id),
                **held_in_passing(db, connection_id, contact.id, keys),
                "actions": _actions(db, connection_id, parties),
                "audit_log": _audit_lines(db, connection_id, contact.name),
                "rulebook_versions": versions_naming(db, contact.name),
            }

    def forget(self, connection_id: int, name_or_id: str) -> Forgotten:
        """Make everything arsync recorded about one customer nameless.

        The copy of the platform's own documents is forgotten too once the customer is archived or
        gone at the platform; before that, the next pull would only bring it back. It comes back if
        the platform's document changes later, and with a rebuild.

        Raises:
            UserMistake: the customer still owes, or has actions that are not ended.
        """
        with self._database.write() as db:
            _overwrite(db)
            prospect = _prospect(db, connection_id, name_or_id)
            if prospect:
                _make_nameless(db, letters_of(db, prospect))
                forget_applications(db, prospect)
                _forget_in_log(db, name_or_id)
                return Forgotten("", 0, copy_stays=False)
            contact = find_contact(db, connection_id, name_or_id, also_gone=True)
            _refuse_if_in_use(db, connection_id, contact)
            parties = _parties(db, connection_id, contact.id)
            keys = _action_keys(db, connection_id, parties)
            _make_nameless(db, keys)
            _forget_words(db, connection_id, contact)
            mine = numbers_of(db, connection_id, contact.id, contact.name)
            _make_nameless(db, letters_of(db, mine))
            forget_applications(db, mine)
            forget_in_passing(db, connection_id, contact.name)
            _forget_entries(db, connection_id, contact.id)
            _forget_bills(db, connection_id, contact.id)
            _forget_limit_rules(db, connection_id, contact.id)
            _forget_addresses(db, connection_id, contact.id)
            _forget_pins(db, connection_id, contact.id)
            take_name_out(db, contact.name, now=self._clock.now())
            # What was tried names customers; it can be tried anew.
            db.execute(delete(tries).where(tries.c.connection_id == connection_id))
            _forget_in_log(db, contact.name)
            gone = ContactStatus(contact.status) in _GONE
            if gone:
                _forget_copy(db, connection_id, contact)
        self._last_plans.forget(connection_id, contact.id)
        self._wipe()
        return Forgotten(contact.id, len(keys), copy_stays=not gone)

    def expire(self, connection_id: int, before: datetime) -> int:
        """Make actions nameless that ended before that moment, and return how many were.

        Their keys, days, invoices and amounts stay, so nothing is done twice.
        """
        named = f'"contact_name": "{FORGOTTEN}"'
        columns = actions.c
        ended = (
            select(columns.key)
            .where(
                columns.connection_id == connection_id,
                columns.state.in_([state.value for state in _ENDED]),
                columns.changed_at < before,
                ~columns.action.contains(named),
                # A task that still waits for a person has not ended with its note.
                or_(
                    columns.kind != ActionKind.TASK.value,
                    columns.state != ActionState.CONFIRMED.value,
                    columns.done_at.is_not(None),
                ),
            )
            .order_by(columns.changed_at)
            .limit(EXPIRED_AT_ONCE_MAX)
        )
        # Most runs find none, and need no write lock to see that.
        with self._database.read() as db:
            if db.scalar(ended.limit(1)) is None:
                return 0
        with self._database.write() as db:
            _overwrite(db)
            keys = _ids(db, ended)
            _make_nameless(db, keys)
            old = and_(runs.c.connection_id == connection_id, runs.c.started_at < before)
            db.execute(update(runs).where(old, runs.c.message != "").values(message=""))
        self._wipe()
        return len(keys)

    def _wipe(self) -> None:
        """Take what was overwritten out of SQLite's journal, too."""
        # On a connection of its own: a checkpoint cannot run inside the transaction that wrote.
        if self._database.is_sqlite:
            with self._database.translated(), self._database.engine.connect() as db:
                db.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _prospect(db: Connection, connection_id: int, name: str) -> list[int]:
    """Return the applications of a business that is no contact; none where a contact is meant."""
    applications = numbers_of(db, connection_id, "", name)
    if not applications:
        return []
    try:
        find_contact(db, connection_id, name, also_gone=True)
    except NoContact:
        return applications
    return []


def _overwrite(db: Connection) -> None:
    """Have SQLite overwrite what is deleted; PostgreSQL's VACUUM does so in its own time."""
    if db.dialect.name == "sqlite":
        db.execute(text("PRAGMA secure_delete=ON"))


def _ids(db: Connection, query: Select[Any]) -> list[str]:
    return list(db.scalars(query))


def _invoice_ids(connection_id: int, contact_id: str) -> Select[Any]:
    return select(invoices.c.id).where(
        invoices.c.connection_id == connection_id, invoices.c.contact_id == contact_id
    )


def _parties(db: Connection, connection_id: int, contact_id: str) -> list[str]:
    """Return under which ids actions are about a customer: its own, and as the supplier it is."""
    return [contact_id, *map(party_id, _supplier_ids(db, connection_id, contact_id))]


def _supplier_ids(db: Connection, connection_id: int, contact_id: str) -> list[str]:
    """Return the suppliers that the customer is, or may be."""
    columns = suppliers.c
    query = select(columns.id).where(
        columns.connection_id == connection_id,
        or_(columns.contact_id == contact_id, columns.likely_contact_id == contact_id),
    )
    return _ids(db, query)


def _action_keys(db: Connection, connection_id: int, parties: Sequence[str]) -> list[str]:
    query = select(actions.c.key).where(
        actions.c.connection_id == connection_id, one_of(db, actions.c.contact_id, parties)
    )
    return _ids(db, query)


# -- everything held ------------------------------------------------------------------------------


def _documents(
    db: Connection, connection_id: int, of: RecordKind, contact_id: str
) -> list[dict[str, Any]]:
    kind = KINDS[of]
    columns = kind.table.c
    query = (
        select(*kind.record_columns)
        .where(columns.connection_id == connection_id, columns.contact_id == contact_id)
        .order_by(columns.id)
    )
    return [_plain(record) for record in to_records(kind, db.execute(query))]


def _plain(record: Any) -> dict[str, Any]:
    tree: dict[str, Any] = record._asdict()
    if "phones" in tree:
        tree["phones"] = [phone._asdict() for phone in tree["phones"]]
    if "allocations" in tree:
        tree["allocations"] = [allocation._asdict() for allocation in tree["allocations"]]
    return tree


def _about(
    db: Connection, connection_id: int, table: Any, invoice_ids: Sequence[str]
) -> list[dict[str, Any]]:
    query = (
        select(table)
        .where(
            table.c.connection_id == connection_id,
            one_of(db, table.c.invoice_id, list(invoice_ids)),
        )
        .order_by(table.c.id)
    )
    left_out = {"id", "connection_id"}
    return [
        {name: value for name, value in row.items() if name not in left_out}
        for row in db.execute(query).mappings()
    ]


def _actions(db: Connection, connection_id: int, parties: Sequence[str]) -> list[dict[str, Any]]:
    columns = actions.c
    rows = db.execute(
        select(
            columns.key,
            columns.state,
            columns.action,
            columns.before,
            columns.receipt_detail,
            columns.outcome,
            columns.outcome_code,
            columns.owner,
            columns.due_on,
            columns.next_on,
            columns.done_on,
            columns.created_at,
        )
        .where(columns.connection_id == connection_id, one_of(db, columns.contact_id, parties))
        .order_by(columns.created_at, columns.key)
    ).all()
    event = action_events.c
    events: dict[str, list[dict[str, Any]]] = {row.key: [] for row in rows}
    for event_row in db.execute(
        select(event.key, event.at, event.who, event.from_state, event.to_state, event.why)
        .where(one_of(db, event.key, list(events)))
        .order_by(event.id)
    ):
        events[event_row.key].append(
            {
                "at": event_row.at,
                "who": event_row.who,
                "from": event_row.from_state,
                "to": event_row.to_state,
                "why": event_row.why,
            }
        )
    return [
        {
            "key": row.key,
            "state": row.state,
            "created_at": row.created_at,
            "what": action_view(decode_action(row.action), ActionState(row.state)),
            "before": row.before or {},
            "receipt": row.receipt_detail,
            "outcome": row.outcome,
            "outcome_code": row.outcome_code,
            "owner": row.owner,
            "due_on": row.due_on,
            "next_on": row.next_on,
            "done_on": row.done_on,
            "events": events[row.key],
        }
        for row in rows
    ]


# -- forgetting -----------------------------------------------------------------------------------


def _refuse_if_in_use(db: Connection, connection_id: int, contact: Contact) -> None:
    going_on = db.scalar(
        select(func.count())
        .select_from(actions)
        .where(
            actions.c.connection_id == connection_id,
            actions.c.contact_id == contact.id,
            actions.c.state.not_in([state.value for state in _ENDED]),
        )
    )
    owed = db.scalar(
        select(func.count())
        .select_from(invoices)
        .where(
            invoices.c.connection_id == connection_id,
            invoices.c.contact_id == contact.id,
            invoices.c.status == DocumentStatus.OPEN.value,
            invoices.c.amount_due > 0,
        )
    )
    if owed:
        raise UserMistake(
            f"{contact.name} still owes (open invoices: {owed:,}): what is needed to claim a debt "
            "is kept until it is settled."
        )
    if going_on:
        raise UserMistake(
            f"{going_on:,} actions about {contact.name} are not ended."
            "\n    hint: `arsync actions` lists them; refuse, resolve or finish them first"
        )


def _make_nameless(db: Connection, keys: Collection[str]) -> None:
    if not keys:
        return
    rows = db.execute(
        select(actions.c.key, actions.c.action).where(one_of(db, actions.c.key, list(keys)))
    ).all()
    for row in rows:
        db.execute(
            update(actions)
            .where(actions.c.key == row.key)
            .values(
                # `before` can quote a note that a person wrote, `outcome` what the customer said.
                action=_nameless(row.action),
                before=None,
                receipt_detail="",
                reason="",
                outcome="",
                owner="",
            )
        )
    db.execute(
        update(action_events).where(one_of(db, action_events.c.key, list(keys))).values(why="")
    )
    db.execute(delete(personal_lines).where(one_of(db, personal_lines.c.action_key, list(keys))))
    forget_addresses(db, keys)


def _nameless(content: str) -> str:
    action = decode_action(content)
    because = action.because
    return encode_action(
        replace(
            action,
            contact_name=FORGOTTEN,
            because=Because(because.file, because.line, because.rule),
            note="",
            payload=action.payload.anonymous(),
        )
    )


def _forget_words(db: Connection, connection_id: int, contact: Contact) -> None:
    """What people wrote about the customer's invoices; that they promised or disputed stays."""
    invoice_ids = _invoice_ids(connection_id, contact.id)
    mine = hold_decisions.c.contact_id == contact.id
    db.execute(
        update(hold_decisions)
        .where(hold_decisions.c.connection_id == connection_id, mine)
        .values(reason="", ended_why="")
    )
    db.execute(
        update(customer_pauses)
        .where(
            customer_pauses.c.connection_id == connection_id,
            customer_pauses.c.contact_id == contact.id,
        )
        .values(reason="")
    )
    db.execute(
        update(placements)
        .where(placements.c.connection_id == connection_id, placements.c.contact_id == contact.id)
        .values(ended_why="")
    )
    db.execute(
        update(contact_log)
        .where(contact_log.c.connection_id == connection_id, contact_log.c.contact_id == contact.id)
        .values(text="", taken_back_why="")
    )
    db.execute(
        update(payment_plans)
        .where(
            payment_plans.c.connection_id == connection_id,
            payment_plans.c.contact_id == contact.id,
        )
        .values(note="")
    )
    promised = select(promised_invoices.c.promise_id).where(
        promised_invoices.c.connection_id == connection_id,
        promised_invoices.c.invoice_id.in_(invoice_ids),
    )
    db.execute(update(promises).where(promises.c.id.in_(promised)).values(note=""))
    db.execute(
        update(disputes)
        .where(disputes.c.connection_id == connection_id, disputes.c.invoice_id.in_(invoice_ids))
        .values(reason="", needs="", outcome_note="")
    )


def _forget_bills(db: Connection, connection_id: int, contact_id: str) -> None:
    """The copy of bills of the supplier that the customer is; the platform has them."""
    ids = _supplier_ids(db, connection_id, contact_id)
    for table, of in ((payables, payables.c.supplier_id), (suppliers, suppliers.c.id)):
        here = table.c.connection_id == connection_id
        db.execute(delete(table).where(here, one_of(db, of, ids)))


def _bills(db: Connection, connection_id: int, contact_id: str) -> list[dict[str, Any]]:
    """Return the open bills and credits of the supplier that the customer is."""
    open_with_it = read_payables_to(db, connection_id, [contact_id]) or {}
    return [
        {
            **to_it.payable._asdict(),
            "supplier": to_it.payable.supplier._asdict(),
            "is_certain": to_it.is_certain,
        }
        for to_it in open_with_it.get(contact_id, ())
    ]


def _entries(db: Connection, connection_id: int, contact_id: str) -> list[dict[str, Any]]:
    """Return under which names the rulebook's `customers` know the customer."""
    columns = customer_entries.c
    query = select(columns.entry, columns.parent_id, columns.matched_on).where(
        columns.connection_id == connection_id, columns.contact_id == contact_id
    )
    return [dict(row) for row in db.execute(query.order_by(columns.entry)).mappings()]


def _notices(db: Connection, connection_id: int, contact_id: str) -> list[dict[str, Any]]:
    """Return the numbers that the customer's notices bear; they stay when it is forgotten."""
    columns = notices.c
    query = select(columns.number, columns.key, columns.text, columns.given_on).where(
        columns.connection_id == connection_id, columns.contact_id == contact_id
    )
    return [dict(row) for row in db.execute(query.order_by(columns.number)).mappings()]


def _payment_plans(db: Connection, connection_id: int, contact_id: str) -> list[dict[str, Any]]:
    """Return the customer's payment plans, each with its instalments."""
    columns = payment_plans.c
    query = select(payment_plans).where(
        columns.connection_id == connection_id, columns.contact_id == contact_id
    )
    left_out = {"id", "connection_id", "contact_id"}
    return [
        {name: value for name, value in row.items() if name not in left_out}
        | {"instalments": _instalments(db, row["id"])}
        for row in db.execute(query.order_by(columns.id)).mappings().all()
    ]


def _instalments(db: Connection, plan_id: int) -> list[dict[str, Any]]:
    columns = instalments.c
    query = select(columns.due_on, columns.amount).where(columns.plan_id == plan_id)
    return [dict(row) for row in db.execute(query.order_by(columns.number)).mappings()]


def _hold_decisions(db: Connection, connection_id: int, contact_id: str) -> list[dict[str, Any]]:
    columns = hold_decisions.c
    query = select(hold_decisions).where(
        columns.connection_id == connection_id, columns.contact_id == contact_id
    )
    left_out = {"id", "connection_id", "contact_id"}
    return [
        {name: value for name, value in row.items() if name not in left_out}
        for row in db.execute(query.order_by(columns.id)).mappings()
    ]


def _pauses(db: Connection, connection_id: int, contact_id: str) -> list[dict[str, Any]]:
    columns = customer_pauses.c
    query = select(customer_pauses).where(
        columns.connection_id == connection_id, columns.contact_id == contact_id
    )
    left_out = {"id", "connection_id", "contact_id"}
    return [
        {name: value for name, value in row.items() if name not in left_out}
        for row in db.execute(query.order_by(columns.id)).mappings()
    ]


def _log(db: Connection, connection_id: int, contact_id: str) -> list[dict[str, Any]]:
    columns = contact_log.c
    query = select(contact_log).where(
        columns.connection_id == connection_id, columns.contact_id == contact_id
    )
    left_out = {"connection_id", "contact_id"}
    return [
        {name: value for name, value in row.items() if name not in left_out}
        for row in db.execute(query.order_by(columns.id)).mappings()
    ]


def _undeliverable(db: Connection, connection_id: int, contact_id: str) -> list[dict[str, Any]]:
    """Return the customer's addresses that took no mail, also those that were cleared."""
    columns = undeliverable_addresses.c
    query = select(
        columns.address,
        columns.since,
        columns.reason,
        columns.action_key,
        columns.recorded_at,
        columns.cleared_by,
        columns.cleared_at,
    ).where(columns.connection_id == connection_id, columns.contact_id == contact_id)
    return [dict(row) for row in db.execute(query.order_by(columns.id)).mappings()]


def _forget_addresses(db: Connection, connection_id: int, contact_id: str) -> None:
    """The customer's addresses that took no mail."""
    columns = undeliverable_addresses.c
    db.execute(
        delete(undeliverable_addresses).where(
            columns.connection_id == connection_id, columns.contact_id == contact_id
        )
    )


def _forget_pins(db: Connection, connection_id: int, contact_id: str) -> None:
    """What was pinned: its words are forgotten where they stand."""
    columns = pinned_entries.c
    db.execute(
        delete(pinned_entries).where(
            columns.connection_id == connection_id, columns.contact_id == contact_id
        )
    )


def _audit_lines(db: Connection, connection_id: int, name: str) -> list[dict[str, Any]]:
    """Return what people changed about the customer, without the names of others in a line."""
    columns = audit_log.c
    named = (columns.at, columns.who, columns.source, columns.what, columns.about, columns.words)
    query = select(*named).where(
        columns.connection_id == connection_id, columns.about.contains(name, autoescape=True)
    )
    return [
        dict(row) | {"about": name}
        for row in db.execute(query.order_by(columns.id)).mappings()
        # A line is about one customer and maybe its letter, or about several: `A, B`.
        if f", {name}, " in f", {row['about']}, "
    ]


def _limits(db: Connection, connection_id: int, contact_id: str) -> list[dict[str, Any]]:
    columns = limit_history.c
    query = select(limit_history).where(
        columns.connection_id == connection_id, columns.contact_id == contact_id
    )
    left_out = {"id", "connection_id", "contact_id"}
    return [
        {name: value for name, value in row.items() if name not in left_out}
        for row in db.execute(query.order_by(columns.id)).mappings()
    ]


def _forget_in_log(db: Connection, name: str) -> None:
    """Take a customer's name out of the log of what people changed; its lines stay."""
    if len(name) < NAME_CHARACTERS_MIN:
        return
    for column in (audit_log.c.about, audit_log.c.words):
        named = column.contains(name, autoescape=True)
        db.execute(update(audit_log).where(named).values({column: FORGOTTEN}))


def _forget_limit_rules(db: Connection, connection_id: int, contact_id: str) -> None:
    """The rules that set limits may bear the customer's name; amounts and days stay."""
    columns = limit_history.c
    db.execute(
        update(limit_history)
        .where(columns.connection_id == connection_id, columns.contact_id == contact_id)
        .values(rule=FORGOTTEN, file="", line=0)
    )


def _forget_entries(db: Connection, connection_id: int, contact_id: str) -> None:
    """The names under which the rulebook knew the customer; it still says what it says."""
    columns = customer_entries.c
    db.execute(
        delete(customer_entries).where(
            columns.connection_id == connection_id, columns.contact_id == contact_id
        )
    )


def _forget_copy(db: Connection, connection_id: int, contact: Contact) -> None:
    # The hash stays, so that the same document does not bring the name back with the next pull.
    mine = and_(contacts.c.connection_id == connection_id, contacts.c.id == contact.id)
    nothing = {**dict.fromkeys(PERSONAL_TEXTS, ""), **dict.fromkeys(PERSONAL_LISTS, ())}
    db.execute(update(contacts).where(mine).values(nothing | {"name": FORGOTTEN}))
    of_contact = and_(
        invoices.c.connection_id == connection_id, invoices.c.contact_id == contact.id
    )
    db.execute(update(invoices).where(of_contact).values(**dict.fromkeys(_WORDS_OF_INVOICES, "")))
    forget_payment_words(db, connection_id, contact.id)
    db.execute(
        delete(problems).where(
            problems.c.connection_id == connection_id,
            problems.c.kind == RecordKind.CONTACTS.value,
            problems.c.id == contact.id,
        )
    )
