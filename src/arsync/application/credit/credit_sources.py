"""Outside data about applicants, from sources and files: each value with its source and day.

Nobody is asked unless a setting says so: a question names the business to a third party.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from datetime import date
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from arsync.application.credit.credit_applications import datum_said, numbered
from arsync.application.organisation.connection_choice import Chosen
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext, organisations
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.persons_words import name_line
from arsync.core.ledger.agreements.credit_applications import (
    CreditApplication,
    CreditDatum,
    DatumKind,
)
from arsync.core.rulebook.model import folded
from arsync.credit_data import CreditQuery, credit_source, credit_source_names
from arsync.errors import UserMistake
from arsync.files import text_of

CSV_BYTES_MAX = 20_000_000
"""The largest file of outside data that is read."""

CSV_ROWS_MAX = 100_000

PROBLEMS_SHOWN_MAX = 20
"""So many lines with mistakes a message names; it says how many more there are."""

AS_OF = "as_of"
WHOSE = ("application", "registration_number", "name")
"""The columns that say whom a row is about: the first that is filled counts."""

VALUES = tuple(kind.value for kind in DatumKind if kind.value not in WHOSE)


class ImportedData(NamedTuple):
    """What came of a file of outside data."""

    rows: int
    new: int
    """Values that were not known yet."""
    about: tuple[str, ...]
    """Applicants that rows were about, by name."""
    nobody: tuple[str, ...]
    """What rows named that no application is about."""


class AskedSource(NamedTuple):
    """What a source said when it was asked."""

    label: str
    data: tuple[CreditDatum, ...]
    new: int
    """Values that were not known yet."""
    remark: str
    applicant: str = ""


class OfferedSource(NamedTuple):
    """A source that the settings let be asked."""

    name: str
    label: str
    sends: str
    """What of an applicant leaves for it, in words."""
    problem: str
    """Which setting is missing; empty: it can be asked."""


def allowed_sources(actor: Actor, organisation: OrganisationContext) -> tuple[OfferedSource, ...]:
    """Return the sources that `[credit_data] sources` names; nobody is asked here.

    What the settings name and nobody has installed is left out: the doctor says so.
    """
    permit(actor, Permission.READ)
    if organisation.settings_problem:
        return ()
    config, installed = organisation.config, set(credit_source_names())
    sources = [credit_source(name) for name in config.credit_data.allowed if name in installed]
    return tuple(
        OfferedSource(each.name, each.label, each.sends, each.settings_problem(config))
        for each in sources
    )


def source_label(source: str) -> str:
    """Return how people call a source: `Companies House`; one that is not installed as it said."""
    return credit_source(source).label if source in credit_source_names() else source


def ask_source(
    actor: Actor, container: Container, number: int, name: str, *, connection: Chosen = None
) -> AskedSource:
    """Ask a register or a bureau about an applicant, and keep what it says with source and day.

    Args:
        actor: asks.
        container: holds the ledgers.
        number: the application's.
        name: the source's.
        connection: only this connection's.

    Raises:
        UserMistake: there is no such application or source, no setting lets it be asked, or the
            application lacks what it is found by.
        RetryLater: it is away or asks for patience; nothing was kept.
        Rejected: it refuses, or its answer cannot be read.
    """
    permit(actor, Permission.APPLY_FOR_CREDIT)
    organisation, application, _ = numbered(container, number, connection)
    source, config = credit_source(name), organisation.config
    if source.name not in config.credit_data.allowed:
        raise UserMistake(
            f"nothing about {application.name} leaves for {source.label}: [credit_data] sources"
            f" does not name it.\n    hint: with {source.name} in it, {source.sends} may leave"
        )
    if problem := source.settings_problem(config):
        raise UserMistake(problem)
    query = CreditQuery(
        application.name,
        organisation.today,
        application.registration_number,
        application.vat_number,
        application.country,
    )
    answer = source.ask(config, query)
    new = 0
    if answer.data:
        recorder = name_line(actor.name)
        new = organisation.store.credit.add_data(number, answer.data, who=recorder)
    return AskedSource(source.label, answer.data, new, answer.remark, application.name)


def import_credit_data(
    actor: Actor,
    container: Container,
    file: Path,
    *,
    source: str,
    as_of: date | None = None,
    connection: Chosen = None,
) -> ImportedData:
    """Read a CSV file of outside data; all of it or, where a line has a mistake, nothing.

    The first line names the columns: `application`, `registration_number` or `name` say whom a row
    is about, `as_of` the day of its values, and every kind of `DatumKind` is a value.

    Args:
        actor: imports it.
        container: holds the ledgers.
        file: the file, in UTF-8, its columns parted by commas or semicolons.
        source: who said it.
        as_of: the day of rows that name none; None: today.
        connection: only for this connection's applications.

    Raises:
        UserMistake: the file cannot be read, has no such columns, or lines have mistakes; all of
            them are named.
    """
    permit(actor, Permission.APPLY_FOR_CREDIT)
    rows = _rows(file)
    applicants = list(_applicants(container, connection))
    by_key = _keys(applicants)
    problems: list[str] = []
    data_said: dict[int, list[CreditDatum]] = {}
    applicants_named: dict[int, tuple[OrganisationContext, CreditApplication]] = {}
    nobody: dict[str, None] = {}
    for line, row in rows:
        whose = next((f"{name} {folded(row[name])}" for name in WHOSE if row.get(name)), "")
        if not whose:
            problems.append(f"line {line}: it names nobody: fill {', '.join(WHOSE[:-1])} or name")
            continue
        applicant = by_key.get(whose)
        if applicant is None:
            nobody[whose] = None
            continue
        organisation, application = applicant
        new_data, wrong = _data(row, source, as_of or organisation.today, organisation.today)
        problems += (f"line {line}: {mistake}" for mistake in wrong)
        applicants_named[application.number] = applicant
        data_said.setdefault(application.number, []).extend(new_data)
    if problems:
        more = len(problems) - PROBLEMS_SHOWN_MAX
        lines = [*problems[:PROBLEMS_SHOWN_MAX], *([f"and {more:,} more"] if more > 0 else [])]
        raise UserMistake(f"{file} has mistakes, and nothing was imported:\n" + "\n".join(lines))
    new = 0
    for number, new_data in data_said.items():
        store = applicants_named[number][0].store.credit
        new += store.add_data(number, new_data, who=name_line(actor.name))
    names = sorted({application.name for _, application in applicants_named.values()})
    return ImportedData(len(rows), new, tuple(names), tuple(nobody))


def _applicants(
    container: Container, connection: Chosen
) -> Iterator[tuple[OrganisationContext, CreditApplication]]:
    """Yield all applications, the latest first."""
    for organisation in organisations(container, connection):
        for application in organisation.store.credit.all(organisation.id):
            yield organisation, application


def _keys(
    applicants: list[tuple[OrganisationContext, CreditApplication]],
) -> Mapping[str, tuple[OrganisationContext, CreditApplication]]:
    """Return applications by what a row may call them; of several of one business the latest."""
    by_key: dict[str, tuple[OrganisationContext, CreditApplication]] = {}
    for applicant in applicants:
        application = applicant[1]
        by_key.setdefault(f"application {application.number}", applicant)
        if application.registration_number:
            number = folded(application.registration_number)
            by_key.setdefault(f"registration_number {number}", applicant)
        by_key.setdefault(f"name {folded(application.name)}", applicant)
    return by_key


def _rows(file: Path) -> list[tuple[int, dict[str, str]]]:
    text = text_of(file, bytes_max=CSV_BYTES_MAX).removeprefix("\ufeff")
    first = text.partition("\n")[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    reader = csv.DictReader(StringIO(text, newline=""), delimiter=delimiter)
    try:
        names = [name.strip().casefold() for name in reader.fieldnames or ()]
        reader.fieldnames = names
        columns = {*WHOSE, AS_OF, *VALUES}
        strangers = [name for name in names if name not in columns]
        if strangers or not set(names) & set(WHOSE) or not set(names) & set(VALUES):
            wrong = f"unknown: {', '.join(strangers)}" if strangers else "some are missing"
            raise UserMistake(
                f"{file}:1: its columns are not those of credit data ({wrong})."
                f"\n    hint: one of {', '.join(WHOSE)}; {AS_OF}; and of {', '.join(VALUES)}"
            )
        rows: list[tuple[int, dict[str, str]]] = []
        for row in reader:
            if len(rows) >= CSV_ROWS_MAX:
                raise UserMistake(f"{file} has more than {CSV_ROWS_MAX:,} rows.")
            if None in row:
                raise UserMistake(f"{file}:{reader.line_num}: more values than columns.")
            cells = {name: (value or "").strip() for name, value in row.items()}
            if any(cells.values()):
                rows.append((reader.line_num, cells))
    except csv.Error as error:
        raise UserMistake(f"{file}:{reader.line_num}: {error}.") from error
    return rows


def _data(
    row: Mapping[str, str], source: str, as_of: date, today: date
) -> tuple[list[CreditDatum], list[str]]:
    """Return the values of a row, and everything that is wrong in it."""
    data: list[CreditDatum] = []
    wrong: dict[str, None] = {}
    day = as_of
    if row.get(AS_OF):
        try:
            day = date.fromisoformat(row[AS_OF])
        except ValueError:
            wrong[f"{row[AS_OF]!r} is no day: write it as in 2026-03-31."] = None
    for kind in VALUES:
        if row.get(kind):
            try:
                data.append(datum_said(kind, row[kind], source, day, today))
            except UserMistake as mistake:
                wrong[str(mistake)] = None
    return data, list(wrong)
