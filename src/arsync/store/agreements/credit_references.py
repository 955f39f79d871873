"""References of applications for credit: who is asked, by which letter, and what they answered.

A reference names its letters by their keys. Whether and when they left, the outbox says.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Connection, insert, or_, select, update

from arsync.clock import Clock
from arsync.core.actions import Action, ActionState
from arsync.core.ledger.agreements.credit_applications import (
    CreditReference,
    ReferenceAnswer,
    ReferenceKind,
)
from arsync.errors import UserMistake
from arsync.store.actions.action_rows import action_row, add_events, insert_action, locked_row
from arsync.store.db.credit_tables import (
    credit_applications,
    credit_decisions,
    credit_references,
)
from arsync.store.db.database import Database, inserted_id
from arsync.store.db.tables import actions
from arsync.store.models import ActionRow

_REFERENCES = credit_references.c
_LETTER = actions.alias("letter").c
_REMINDER = actions.alias("reminder").c

REMINDED_AT_ONCE_MAX = 500
"""So many references one run reminds; the next run takes the others."""

_LEFT = (ActionState.SENT.value, ActionState.CONFIRMED.value)


class LetterToKeep(NamedTuple):
    """A letter to a reference, on its way into the outbox."""

    action: Action
    state: ActionState
    actor: str
    reason: str
    is_reminder: bool = False


class CreditReferences:
    """References, by application."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Work on this database."""
        self._database = database
        self._clock = clock

    def add(self, number: int, reference: CreditReference, *, who: str) -> int:
        """Keep whom an applicant names, and return the reference's number."""
        with self._database.write() as db:
            return self.add_in(db, number, reference, who)

    def add_in(self, db: Connection, number: int, reference: CreditReference, who: str) -> int:
        """Keep a reference inside a transaction."""
        values = {
            **_values(reference),
            "application_id": number,
            "kind": reference.kind.value,
            "name": reference.name,
            "recorded_by": who,
            "recorded_at": self._clock.now(),
        }
        return inserted_id(db.execute(insert(credit_references).values(values)))

    def answer(self, reference: CreditReference, *, who: str) -> None:
        """Keep when a reference was asked, and what it answered."""
        with self._database.write() as db:
            db.execute(
                update(credit_references)
                .where(_REFERENCES.id == reference.number)
                .values(**_values(reference), recorded_by=who)
            )

    def ask(
        self, connection_id: int, reference: CreditReference, letter: LetterToKeep
    ) -> ActionRow:
        """Put a letter to a reference into the outbox, in one transaction with its record.

        Args:
            connection_id: whose.
            reference: as it was read; of two askers at once the second is refused.
            letter: the letter.

        Raises:
            UserMistake: somebody else asked meanwhile.
        """
        column = "reminder_key" if letter.is_reminder else "letter_key"
        now, key = self._clock.now(), letter.action.key
        with self._database.write() as db:
            marked = db.execute(
                update(credit_references)
                .where(_REFERENCES.id == reference.number, _REFERENCES.letters == reference.letters)
                .values({column: key, "letters": reference.letters + 1})
            )
            if not marked.rowcount:
                raise UserMistake(f"{reference.name} was asked meanwhile: look at it again.")
            insert_action(
                db, connection_id, letter.action, state=letter.state, now=now, by_person=True
            )
            add_events(db, [(key, now, letter.actor, None, letter.state, letter.reason)])
            return action_row(locked_row(db, key))

    def to_remind(self, connection_id: int, asked_until: date) -> list[tuple[int, int]]:
        """Return the applications and references that nobody answered since they were asked.

        Those are left out that were reminded, and those of applications that are decided.

        Args:
            connection_id: whose.
            asked_until: the last day on which the letter may have left.
        """
        decided = (
            select(credit_decisions.c.id)
            .where(
                credit_decisions.c.application_id == _REFERENCES.application_id,
                credit_decisions.c.ended_at.is_(None),
            )
            .exists()
        )
        never = or_(_REFERENCES.reminder_key == "", _REMINDER.state == ActionState.WITHDRAWN.value)
        query = (
            _with_letters(_REFERENCES.application_id, _REFERENCES.id)
            .join(credit_applications, credit_applications.c.id == _REFERENCES.application_id)
            .where(
                credit_applications.c.connection_id == connection_id,
                _REFERENCES.answer.is_(None),
                _REFERENCES.email != "",
                _LETTER.state.in_(_LEFT),
                _LETTER.sent_on <= asked_until,
                never,
                ~decided,
            )
            .order_by(_REFERENCES.id)
            .limit(REMINDED_AT_ONCE_MAX)
        )
        with self._database.read() as db:
            return [(row.application_id, row.id) for row in db.execute(query)]


def references_of(db: Connection, numbers: Sequence[int]) -> dict[int, list[CreditReference]]:
    """Return the references of applications, with how far their letters have come."""
    by_application: dict[int, list[CreditReference]] = defaultdict(list)
    letters = (
        _LETTER.state.label("letter_state"),
        _LETTER.sent_on.label("letter_sent_on"),
        _REMINDER.state.label("reminder_state"),
        _REMINDER.sent_on.label("reminder_sent_on"),
    )
    query = _with_letters(credit_references, *letters).where(
        _REFERENCES.application_id.in_(numbers)
    )
    for row in db.execute(query.order_by(_REFERENCES.id)):
        by_application[row.application_id].append(_reference(row))
    return by_application


def _with_letters(*columns: Any) -> Any:
    return (
        select(*columns)
        .select_from(credit_references)
        .outerjoin(_LETTER.key.table, _LETTER.key == _REFERENCES.letter_key)
        .outerjoin(_REMINDER.key.table, _REMINDER.key == _REFERENCES.reminder_key)
    )


def _reference(row: Any) -> CreditReference:
    sent_on = row.letter_sent_on if row.letter_state in _LEFT else None
    return CreditReference(
        row.id,
        ReferenceKind(row.kind),
        row.name,
        row.email,
        row.asked_on or sent_on,
        ReferenceAnswer(row.answer) if row.answer else None,
        row.answered_on,
        row.highest_credit,
        row.words,
        row.known_for,
        row.limit_granted,
        row.pays,
        row.letter_key,
        row.letter_state or "",
        row.reminder_key,
        row.reminder_state or "",
        row.reminder_sent_on if row.reminder_state in _LEFT else None,
        row.letters,
    )


def _values(reference: CreditReference) -> dict[str, Any]:
    return {
        "email": reference.email,
        "asked_on": reference.asked_on,
        "answer": reference.answer.value if reference.answer else None,
        "answered_on": reference.answered_on,
        "highest_credit": reference.highest_credit,
        "words": reference.words,
        "known_for": reference.known_for,
        "limit_granted": reference.limit_granted,
        "pays": reference.pays,
    }
