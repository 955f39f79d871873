"""Answers to forms, so that a form that is sent twice does one thing."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from arsync.clock import Clock
from arsync.store.db.database import Database
from arsync.store.db.people_tables import form_answers

DEAD_AFTER = timedelta(seconds=120)
"""A form that was begun so long ago and has no answer was interrupted: it may be sent again."""


class FormAnswer(NamedTuple):
    """What was answered; an empty location: another request is at it."""

    digest: str
    location: str
    message: str


class FormAnswers:
    """The table `form_answers`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Work on this database."""
        self._database = database
        self._clock = clock

    def begin(self, user_id: int, form_id: str, digest: str) -> FormAnswer | None:
        """Take a form on; None: it is ours to answer, else what stands of it."""
        columns, now = form_answers.c, self._clock.now()
        this = (columns.user_id == user_id, columns.form_id == form_id)
        row = {"user_id": user_id, "form_id": form_id, "digest": digest, "begun_at": now}
        try:
            with self._database.write() as db:
                dead = (*this, columns.location == "", columns.begun_at < now - DEAD_AFTER)
                db.execute(delete(form_answers).where(*dead))
                db.execute(insert(form_answers).values(row))
        except IntegrityError:
            query = select(columns.digest, columns.location, columns.message).where(*this)
            with self._database.read() as db:
                stored = db.execute(query).one_or_none()
            # Given up in between: whoever sends it once more begins anew.
            return FormAnswer(*stored) if stored is not None else FormAnswer(digest, "", "")
        return None

    def answer(self, user_id: int, form_id: str, location: str, message: str) -> None:
        """Keep the answer."""
        columns = form_answers.c
        this = (columns.user_id == user_id, columns.form_id == form_id)
        with self._database.write() as db:
            values = {"location": location, "message": message}
            db.execute(update(form_answers).where(*this).values(**values))

    def give_up(self, user_id: int, form_id: str) -> None:
        """Forget a form that was refused: corrected, it is sent under the same number."""
        columns = form_answers.c
        with self._database.write() as db:
            this = (columns.user_id == user_id, columns.form_id == form_id)
            db.execute(delete(form_answers).where(*this))
