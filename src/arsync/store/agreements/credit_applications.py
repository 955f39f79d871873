"""Applications for credit, what was learnt about them, and what was decided.

A rebuild of the copy keeps them.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from arsync.clock import Clock
from arsync.core.ledger.agreements.credit_applications import (
    AgreedCredit,
    ApplicantPerson,
    CreditApplication,
    CreditDatum,
    CreditOutcome,
    DatumKind,
    SignedTerms,
)
from arsync.core.ledger.records import ContactStatus
from arsync.core.rulebook.model import folded
from arsync.errors import UserMistake
from arsync.store.agreements.credit_references import CreditReferences, references_of
from arsync.store.db.bulk import one_of
from arsync.store.db.credit_tables import (
    credit_applications,
    credit_approvals,
    credit_data,
    credit_decisions,
)
from arsync.store.db.database import Database, inserted_id
from arsync.store.db.tables import contacts, invoices

_APPLICATIONS = credit_applications.c
_DATA, _DECISIONS = credit_data.c, credit_decisions.c


class NewDecision(NamedTuple):
    """A decision that is to be kept."""

    application: CreditApplication
    agreed: AgreedCredit
    """Its number is not known yet: 0."""
    facts: Mapping[str, Any] = {}
    reason: str = ""
    first_approved_by: str = ""


class DecisionRow(NamedTuple):
    """A decision as it was kept, and how it ended."""

    agreed: AgreedCredit
    application: int
    facts: Mapping[str, Any]
    reason: str
    decided_at: datetime
    first_approved_by: str
    ended_by: str
    ended_why: str
    ended_at: datetime | None

    @property
    def stands(self) -> bool:
        """Return whether nobody took it back, and no later one took its place."""
        return self.ended_at is None


class FirstWord(NamedTuple):
    """The first of two approvals of a decision."""

    user_id: int
    name: str
    digest: str


class CreditApplications:
    """Applications and decisions, by connection."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Work on this database."""
        self._database = database
        self._clock = clock
        self._references = CreditReferences(database, clock)

    def add(self, connection_id: int, application: CreditApplication, *, who: str) -> int:
        """Keep a new application, with its references, and return its number."""
        now = self._clock.now()
        with self._database.write() as db:
            values = _stored(application) | {"connection_id": connection_id}
            written = values | {"recorded_by": who, "recorded_at": now}
            number = inserted_id(db.execute(insert(credit_applications).values(written)))
            for reference in application.references:
                self._references.add_in(db, number, reference, who)
            return number

    def change(self, connection_id: int, application: CreditApplication, *, who: str) -> None:
        """Keep what an application says now; its references and data stay as they are.

        Raises:
            UserMistake: there is none of its number.
        """
        this = _this(connection_id, application.number)
        with self._database.write() as db:
            written = _stored(application) | {"recorded_by": who}
            if not db.execute(update(credit_applications).where(*this).values(written)).rowcount:
                raise _unknown(application.number)

    def unbound(self, connection_id: int) -> Sequence[tuple[int, str]]:
        """Return the applications that are bound to no contact, with their folded names."""
        query = select(_APPLICATIONS.id, _APPLICATIONS.folded_name).where(
            _APPLICATIONS.connection_id == connection_id, _APPLICATIONS.contact_id == ""
        )
        with self._database.read() as db:
            return [(row.id, row.folded_name) for row in db.execute(query)]

    def bind(self, connection_id: int, contacts: Mapping[int, str]) -> None:
        """Bind applications, by their numbers, to the contacts that the applicants became."""
        with self._database.write() as db:
            for number, contact_id in contacts.items():
                db.execute(
                    update(credit_applications)
                    .where(*_this(connection_id, number), _APPLICATIONS.contact_id == "")
                    .values(contact_id=contact_id)
                )

    def all(
        self, connection_id: int, contact_ids: Sequence[str] | None = None
    ) -> list[CreditApplication]:
        """Return applications, the latest first; with `contact_ids`, of these contacts alone."""
        with self._database.read() as db:
            conditions = [_APPLICATIONS.connection_id == connection_id]
            if contact_ids is not None:
                conditions.append(one_of(db, _APPLICATIONS.contact_id, contact_ids))
            return _read(db, conditions)

    def numbered(self, connection_id: int, numbers: Sequence[int]) -> dict[int, CreditApplication]:
        """Return applications by their numbers; those that there are not are left out."""
        with self._database.read() as db:
            mine = [
                _APPLICATIONS.connection_id == connection_id,
                _APPLICATIONS.id.in_(list(numbers)),
            ]
            return {application.number: application for application in _read(db, mine)}

    def get(self, connection_id: int, number: int) -> CreditApplication:
        """Return one application.

        Raises:
            UserMistake: there is none of this number.
        """
        with self._database.read() as db:
            applications = _read(db, list(_this(connection_id, number)))
        if not applications:
            raise _unknown(number)
        return applications[0]

    def add_data(self, number: int, data: Iterable[CreditDatum], *, who: str) -> int:
        """Keep what a source said, and return how many were new; the same again is kept once."""
        with self._database.write() as db:
            data_known = set(_data_of(db, [number]).get(number, ()))
            new = [datum for datum in dict.fromkeys(data) if datum not in data_known]
            rows = [
                {
                    "application_id": number,
                    "kind": datum.kind.value,
                    "value": datum.value,
                    "source": datum.source,
                    "as_of": datum.as_of,
                    "recorded_by": who,
                    "recorded_at": self._clock.now(),
                }
                for datum in new
            ]
            if rows:
                db.execute(insert(credit_data), rows)
            return len(rows)

    def not_applied(self, connection_id: int, since: date) -> list[str]:
        """Return the names of active customers first invoiced since a day who never applied."""
        owed, applied = invoices.c, _APPLICATIONS
        has_applied = (
            select(applied.id)
            .where(applied.connection_id == connection_id, applied.contact_id == contacts.c.id)
            .exists()
        )
        earlier = (
            select(owed.id)
            .where(
                owed.connection_id == connection_id,
                owed.contact_id == contacts.c.id,
                owed.issued_on < since,
            )
            .exists()
        )
        new = (
            select(owed.id)
            .where(
                owed.connection_id == connection_id,
                owed.contact_id == contacts.c.id,
                owed.issued_on >= since,
            )
            .exists()
        )
        query = (
            select(contacts.c.name)
            .where(
                contacts.c.connection_id == connection_id,
                contacts.c.status == ContactStatus.ACTIVE.value,
                new,
                ~earlier,
                ~has_applied,
            )
            .order_by(contacts.c.name, contacts.c.id)
        )
        with self._database.read() as db:
            return list(db.scalars(query))

    # -- decisions --------------------------------------------------------------------------------

    def decisions(
        self, connection_id: int, applications: Sequence[int] | None = None
    ) -> list[DecisionRow]:
        """Return decisions, the latest first, those that were ended too."""
        query = select(credit_decisions, _APPLICATIONS.contact_id).join(
            credit_applications, _APPLICATIONS.id == _DECISIONS.application_id
        )
        query = query.where(_DECISIONS.connection_id == connection_id)
        with self._database.read() as db:
            if applications is not None:
                numbers = list(applications)
                query = query.where(_DECISIONS.application_id.in_(numbers))
            return [_decision(row) for row in db.execute(query.order_by(_DECISIONS.id.desc()))]

    def decide(self, connection_id: int, new: NewDecision, *, who: str, over: int) -> int:
        """Keep a decision, and end what it takes the place of; a plan brings it to the books.

        Args:
            connection_id: whose.
            new: the decision.
            who: decides.
            over: the number of the latest decision about the application that was seen; 0: none.

        Raises:
            UserMistake: somebody else decided about it meanwhile.
        """
        now, agreed, number = self._clock.now(), new.agreed, new.application.number
        with self._database.write() as db:
            # Held until the end: two people at once are one after the other here.
            locked = select(_APPLICATIONS.id).where(*_this(connection_id, number))
            if db.scalar(locked.with_for_update()) is None:
                raise _unknown(number)
            latest = (
                select(_DECISIONS.id)
                .where(_DECISIONS.application_id == number)
                .order_by(_DECISIONS.id.desc())
                .limit(1)
            )
            if (db.scalar(latest) or 0) != over:
                raise UserMistake(
                    f"somebody else decided about application {number} meanwhile: look at it again."
                )
            self._end(db, _replaced(connection_id, new), who, "replaced by a later decision")
            db.execute(delete(credit_approvals).where(credit_approvals.c.application_id == number))
            written = {
                "connection_id": connection_id,
                "application_id": number,
                "outcome": agreed.outcome.value,
                "credit_limit": agreed.limit,
                "currency": agreed.currency,
                "until": agreed.until,
                "review_on": agreed.review_on,
                "terms": agreed.terms,
                "rule": agreed.rule,
                "file": agreed.file,
                "line": agreed.line,
                "facts": json.dumps(dict(new.facts), sort_keys=True),
                "reason": new.reason,
                "decided_on": agreed.decided_on,
                "decided_by": who,
                "decided_at": now,
                "first_approved_by": new.first_approved_by,
            }
            return inserted_id(db.execute(insert(credit_decisions).values(written)))

    def end(self, connection_id: int, decision: int, *, who: str, why: str) -> bool:
        """Take a decision back; False: it does not stand."""
        this = [_DECISIONS.connection_id == connection_id, _DECISIONS.id == decision]
        with self._database.write() as db:
            return self._end(db, this, who, why)

    def _end(
        self, db: Connection, which: Sequence[ColumnElement[bool]], who: str, why: str
    ) -> bool:
        ended = {"ended_by": who, "ended_why": why, "ended_at": self._clock.now()}
        these = update(credit_decisions).where(*which, _DECISIONS.ended_at.is_(None))
        return bool(db.execute(these.values(ended)).rowcount)

    def first_word(self, number: int) -> FirstWord | None:
        """Return the first of two approvals that stands for an application; None: none does."""
        columns = credit_approvals.c
        query = select(columns.user_id, columns.approved_by, columns.digest).where(
            columns.application_id == number
        )
        with self._database.read() as db:
            row = db.execute(query).one_or_none()
        return FirstWord(*row) if row is not None else None

    def say_first(self, number: int, word: FirstWord) -> None:
        """Keep the first of two approvals, in place of one about something else."""
        columns = credit_approvals.c
        with self._database.write() as db:
            db.execute(delete(credit_approvals).where(columns.application_id == number))
            db.execute(
                insert(credit_approvals).values(
                    application_id=number,
                    digest=word.digest,
                    user_id=word.user_id,
                    approved_by=word.name,
                    approved_at=self._clock.now(),
                )
            )


def _this(connection_id: int, number: int) -> tuple[ColumnElement[bool], ...]:
    return (_APPLICATIONS.connection_id == connection_id, _APPLICATIONS.id == number)


def _unknown(number: int) -> UserMistake:
    return UserMistake(
        f"there is no application {number}.\n    hint: `arsync credit list` shows them"
    )


def _replaced(connection_id: int, new: NewDecision) -> list[ColumnElement[bool]]:
    """Return which decisions a new one takes the place of.

    A refusal leaves what was agreed before: it refuses what was asked for.
    """
    mine = _APPLICATIONS.id == new.application.number
    if new.application.contact_id and new.agreed.outcome is not CreditOutcome.REFUSE:
        mine = _APPLICATIONS.contact_id == new.application.contact_id
    applications = select(_APPLICATIONS.id).where(
        _APPLICATIONS.connection_id == connection_id, mine
    )
    return [_DECISIONS.application_id.in_(applications)]


def _stored(application: CreditApplication) -> dict[str, Any]:
    signed = application.signed
    return {
        "contact_id": application.contact_id,
        "name": application.name,
        "folded_name": folded(application.name),
        "applied_on": application.applied_on,
        "registration_number": application.registration_number,
        "vat_number": application.vat_number,
        "country": application.country,
        "limit_asked": application.limit_asked,
        "currency": application.currency,
        "terms_asked": application.terms_asked,
        "trading_since": application.trading_since,
        "people": json.dumps([person._asdict() for person in application.people]),
        "signed_file": signed.file_name if signed else "",
        "signed_sha256": signed.sha256 if signed else "",
        "signed_on": signed.signed_on if signed else None,
        "signed_version": signed.version if signed else "",
        "consented_on": application.consented_on,
    }


def _read(db: Connection, wanted: Sequence[ColumnElement[bool]]) -> list[CreditApplication]:
    """Return applications with all that belongs to them, the latest first."""
    query = select(credit_applications).where(*wanted).order_by(_APPLICATIONS.id.desc())
    rows = db.execute(query).all()
    numbers = [row.id for row in rows]
    references, data_of = references_of(db, numbers), _data_of(db, numbers)
    return [
        CreditApplication(
            row.id,
            row.name,
            row.applied_on,
            row.contact_id,
            row.registration_number,
            row.vat_number,
            row.country,
            row.limit_asked,
            row.currency,
            row.terms_asked,
            row.trading_since,
            tuple(ApplicantPerson(**person) for person in json.loads(row.people)),
            tuple(references.get(row.id, ())),
            _signed(row.signed_file, row.signed_sha256, row.signed_on, row.signed_version),
            tuple(data_of.get(row.id, ())),
            row.consented_on,
        )
        for row in rows
    ]


def _signed(file_name: str, sha256: str, day: date | None, version: str) -> SignedTerms | None:
    return None if day is None else SignedTerms(file_name, sha256, day, version)


def _data_of(db: Connection, numbers: Sequence[int]) -> dict[int, list[CreditDatum]]:
    by_application: dict[int, list[CreditDatum]] = defaultdict(list)
    query = select(credit_data).where(_DATA.application_id.in_(numbers))
    for row in db.execute(query.order_by(_DATA.id)):
        datum = CreditDatum(DatumKind(row.kind), row.value, row.source, row.as_of)
        by_application[row.application_id].append(datum)
    return by_application


def _decision(row: Any) -> DecisionRow:
    return DecisionRow(
        agreed_of(row),
        row.application_id,
        json.loads(row.facts),
        row.reason,
        row.decided_at,
        row.first_approved_by,
        row.ended_by,
        row.ended_why,
        row.ended_at,
    )


def agreed_of(row: Any) -> AgreedCredit:
    """Return what a row of `credit_decisions`, with the contact's id, agreed on."""
    return AgreedCredit(
        row.id,
        row.contact_id,
        CreditOutcome(row.outcome),
        row.decided_on,
        row.decided_by,
        row.credit_limit,
        row.currency,
        row.until,
        row.review_on,
        row.terms,
        row.rule,
        row.file,
        row.line,
    )
