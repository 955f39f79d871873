"""What customers have of ours: earlier letters, and the running numbers of notices."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Connection, func, insert, select

from arsync.core.actions import Action, ActionState, MessagePayload, Via
from arsync.core.actions.notices import NoticeNumber, text_of
from arsync.core.actions.posting import POSTED, task_to_post
from arsync.core.actions.registry import MESSAGE_KINDS
from arsync.errors import UserMistake
from arsync.store.actions.action_rows import action_row
from arsync.store.actions.serialisation import decode_action
from arsync.store.db.bulk import one_of
from arsync.store.db.database import Database
from arsync.store.db.tables import actions, connections, notices
from arsync.store.models import NoticeRow, SentLetter

EARLIER_MAX = 50
"""So many of a customer's letters are looked at, the latest: a letter speaks of no older ones."""

_LEFT = frozenset({ActionState.SENT, ActionState.CONFIRMED})
"""Whether one of unknown outcome arrived is not known: no letter may claim that it did."""


class SentLetters:
    """The letters of each customer, and each connection's numbers."""

    def __init__(self, database: Database) -> None:
        """Work on this database."""
        self._database = database

    def number(self, connection_id: int, key: str) -> NoticeNumber:
        """Return the running number of a notice, which is given with the first call for its key.

        The numbers of a connection have no gap: a number is taken and kept in one transaction, and
        a try that is repeated, a refusal or a withdrawal leaves it, and its day, as they are.

        Raises:
            UserMistake: the connection has no such action.
        """
        # A repeated try finds its number, and needs no lock.
        with self._database.read() as db:
            notice = _number_of(db, connection_id, key)
        if notice is not None:
            return notice
        with self._database.write() as db:
            # PostgreSQL: one giver at a time. SQLite has one writer anyway. Rows that refer to the
            # connection can still be added meanwhile.
            giver = select(connections.c.id).where(connections.c.id == connection_id)
            db.execute(giver.with_for_update(key_share=True))
            return _number_of(db, connection_id, key) or _give(db, connection_id, key)

    def number_before_sending(
        self, connection_id: int, key: str, today: date
    ) -> tuple[NoticeNumber, bool]:
        """Return a notice's number and True, or the one that the next gets today and False."""
        with self._database.read() as db:
            notice = _number_of(db, connection_id, key)
            if notice is not None:
                return notice, True
            return NoticeNumber(_next(db, connection_id), today), False

    def numbers(self, connection_id: int, keys: Sequence[str]) -> dict[str, NoticeNumber]:
        """Return the numbers of those of these actions that have one."""
        columns = notices.c
        query = select(columns.key, columns.number, columns.given_on).where(
            columns.connection_id == connection_id, columns.key.in_(list(keys))
        )
        with self._database.read() as db:
            return {row.key: NoticeNumber(row.number, row.given_on) for row in db.execute(query)}

    def earlier(
        self, connection_id: int, contact_id: str, limit: int = EARLIER_MAX
    ) -> Sequence[SentLetter]:
        """Return the letters that left for a customer by ways of ours, the oldest first.

        What the accounting system sent in its own words is none of them, nor is what was printed
        and of which nobody has said that it was posted.

        Args:
            connection_id: whose customer it is.
            contact_id: the customer.
            limit: the most; the latest count.
        """
        columns = actions.c
        query = (
            select(columns.action, columns.sent_on, columns.receipt_reference)
            .where(
                columns.connection_id == connection_id,
                columns.contact_id == contact_id,
                columns.kind.in_([kind.value for kind in MESSAGE_KINDS]),
                columns.state.in_([state.value for state in _LEFT]),
                columns.sent_on.is_not(None),
            )
            .order_by(columns.sent_on.desc(), columns.first_sent_at.desc(), columns.key)
            # Those in the platform's words are among them, at least for as long as both are used.
            .limit(4 * limit)
        )
        with self._database.read() as db:
            sent_messages = [(decode_action(row.action), row) for row in db.execute(query)]
            waiting = _not_posted(db, [action for action, _ in sent_messages])
        letters = [
            letter
            for action, row in sent_messages
            if action.key not in waiting
            and (letter := letter_of(action, row.sent_on, row.receipt_reference))
        ]
        return letters[:limit][::-1]

    def register(
        self, connection_id: int, *, since: date | None = None, until: date | None = None
    ) -> Sequence[NoticeRow]:
        """Return the numbered notices in the order of their numbers.

        Args:
            connection_id: whose they are.
            since: those numbered on this day or later.
            until: those numbered on this day or before.
        """
        columns = notices.c
        query = (
            select(
                columns.number,
                columns.key.label("notice_key"),
                columns.text,
                columns.given_on,
                actions,
            )
            .join_from(notices, actions, columns.key == actions.c.key, isouter=True)
            .where(columns.connection_id == connection_id)
            .order_by(columns.number)
        )
        if since is not None:
            query = query.where(columns.given_on >= since)
        if until is not None:
            query = query.where(columns.given_on <= until)
        with self._database.read() as db:
            return [
                NoticeRow(
                    row.number,
                    row.text,
                    row.given_on,
                    action_row(row) if row.notice_key is not None else None,
                )
                for row in db.execute(query)
            ]


def _number_of(db: Connection, connection_id: int, key: str) -> NoticeNumber | None:
    columns = notices.c
    query = select(columns.number, columns.given_on).where(
        columns.connection_id == connection_id, columns.key == key
    )
    row = db.execute(query).one_or_none()
    return NoticeNumber(row.number, row.given_on) if row is not None else None


def _next(db: Connection, connection_id: int) -> int:
    highest = select(func.max(notices.c.number)).where(notices.c.connection_id == connection_id)
    return (db.scalar(highest) or 0) + 1


def _give(db: Connection, connection_id: int, key: str) -> NoticeNumber:
    columns = actions.c
    query = select(columns.contact_id, columns.action, columns.sent_on, columns.created_at).where(
        columns.key == key, columns.connection_id == connection_id
    )
    row = db.execute(query).one_or_none()
    if row is None:
        raise UserMistake(f"there is no action {key}: it gets no number.")
    number = _next(db, connection_id)
    # The organisation's day on which it was claimed for sending.
    given_on: date = row.sent_on or row.created_at.date()
    db.execute(
        insert(notices).values(
            connection_id=connection_id,
            number=number,
            key=key,
            text=text_of(decode_action(row.action)),
            contact_id=row.contact_id,
            given_on=given_on,
        )
    )
    return NoticeNumber(number, given_on)


def _not_posted(db: Connection, letters: Sequence[Action]) -> set[str]:
    """Return the keys of those letters by post of which nobody has said that they were posted."""
    tasks = {
        task_to_post(letter, "").key: letter.key for letter in letters if letter.via == Via.POST
    }
    if not tasks:
        return set()
    columns = actions.c
    query = select(columns.key).where(
        one_of(db, columns.key, list(tasks)), columns.outcome_code == POSTED
    )
    return set(tasks.values()) - {tasks[key] for key in db.scalars(query)}


def letter_of(action: Action, sent_on: date, reference: str | None) -> SentLetter | None:
    """Return an action that left as the letter that the customer has; None: it has none of ours."""
    if action.via == Via.PLATFORM or not isinstance(action.payload, MessagePayload):
        return None
    return SentLetter(
        key=action.key,
        text=text_of(action),
        via=action.via,
        sent_on=sent_on,
        reference=reference or "",
        to=tuple(address for address in action.payload.to.split(", ") if address),
        invoice_ids=tuple(ref.id for ref in action.invoices),
    )
