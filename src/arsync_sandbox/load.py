"""Ledgers from outside: a folder of CSV files, or the same rows as JSON."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, NamedTuple

from .platform import ContactRow, InvoiceRow, PaymentRow
from .timeline import LoadedRows

PROBLEMS_MAX = 20
"""How many problems are reported at once."""

STATUSES = frozenset({"draft", "open", "paid", "voided", "deleted"})


class LoadProblem(ValueError):
    """Rows that cannot be a ledger: every problem with its file and line."""


class _Wrong(ValueError):
    """One value is wrong; the caller knows its place."""


def _text(value: str) -> str:
    return value


def _needed(value: str) -> str:
    if not value:
        raise _Wrong("is empty")
    return value


def _day(value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise _Wrong(f"{value!r} is not a date like 2026-11-21") from None


def _day_or_none(value: str) -> date | None:
    return _day(value) if value else None


def _days(value: str) -> int | None:
    if not value:
        return None
    if not value.isdigit():
        raise _Wrong(f"{value!r} is not a whole number of days")
    return int(value)


def _amount(value: str) -> Decimal:
    try:
        amount = Decimal(value)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite():
        raise _Wrong(f"{value!r} is not an amount like 1234.50")
    return amount


def _status(value: str) -> str:
    status = value.lower() or "open"
    if status not in STATUSES:
        raise _Wrong(f"{value!r} is not one of {', '.join(sorted(STATUSES))}")
    return status


class _Table(NamedTuple):
    """How the lines of one file become rows."""

    name: str
    row: Callable[..., Any]
    columns: dict[str, Callable[[str], Any]]
    optional: frozenset[str] = frozenset()


CONTACTS = _Table(
    "contacts",
    ContactRow,
    {
        "id": _needed,
        "name": _needed,
        "email": _text,
        "currency": _text,
        "country": _text,
        "contact_group": _text,
        "terms_days": _days,
        "created_on": _day_or_none,
        "contact_person": _text,
        "phone": _text,
        "mobile": _text,
        "street": _text,
        "city": _text,
        "region": _text,
        "postcode": _text,
        "account_number": _text,
    },
    frozenset(
        {"email", "currency", "country", "contact_group", "terms_days", "created_on"}
        | {"contact_person", "phone", "mobile"}
        | {"street", "city", "region", "postcode", "account_number"}
    ),
)
INVOICES = _Table(
    "invoices",
    InvoiceRow,
    {
        "id": _needed,
        "number": _text,
        "contact_id": _needed,
        "issued_on": _day,
        "due_on": _day_or_none,
        "currency": _text,
        "total": _amount,
        "status": _status,
        "purchase_order": _text,
    },
    frozenset({"number", "due_on", "currency", "status", "purchase_order"}),
)
PAYMENTS = _Table(
    "payments",
    PaymentRow,
    {"id": _needed, "invoice_id": _needed, "paid_on": _day, "amount": _amount},
)
TABLES = (CONTACTS, INVOICES, PAYMENTS)


_Read = tuple[list[Any], list[str]]
"""Rows, and the place of each."""


class _Problems(list[str]):
    """What is wrong so far; gives up when there is too much."""

    def add(self, where: str, what: str) -> None:
        self.append(f"{where}: {what}")
        if len(self) >= PROBLEMS_MAX:
            raise LoadProblem("\n".join([*self, "... and perhaps more"]))


def rows_from_folder(folder: str | Path) -> LoadedRows:
    """Read contacts.csv, invoices.csv and payments.csv; the last may be missing.

    Raises:
        LoadProblem: every problem as `file:line: what is wrong`.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise LoadProblem(f"{folder}: no such folder")
    problems = _Problems()
    tables: list[_Read] = []
    for table in TABLES:
        path = folder / f"{table.name}.csv"
        if not path.is_file():
            if table is not PAYMENTS:
                problems.add(str(path), "no such file")
            tables.append(([], []))
            continue
        tables.append(_read_csv(path, table, problems))
    return _checked(tables, problems)


def rows_from_json(body: Mapping[str, Any]) -> LoadedRows:
    """Take `{"contacts": [{...}], "invoices": [...], "payments": [...]}` with the same columns.

    Raises:
        LoadProblem: every problem as `table[index]: what is wrong`.
    """
    problems = _Problems()
    tables: list[_Read] = []
    for table in TABLES:
        table_rows = body.get(table.name, [])
        if not isinstance(table_rows, list) or not all(isinstance(row, dict) for row in table_rows):
            raise LoadProblem(f"{table.name}: is a list of objects")
        rows: list[Any] = []
        places: list[str] = []
        for index, fields in enumerate(table_rows):
            where = f"{table.name}[{index}]"
            for name in fields.keys() - table.columns.keys():
                problems.add(where, f"unknown column {name!r}")
            values = [
                "" if fields.get(name) is None else str(fields[name]) for name in table.columns
            ]
            row = _row(table, list(table.columns), values, where, problems)
            if row is not None:
                rows.append(row)
                places.append(where)
        tables.append((rows, places))
    return _checked(tables, problems)


def _read_csv(path: Path, table: _Table, problems: _Problems) -> _Read:
    rows: list[Any] = []
    places: list[str] = []
    # Excel writes a byte order mark, which would become part of the first column's name.
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        lines = _lines(reader, path, problems)
        before = len(problems)
        header = [name.strip() for name in next(lines, [])]
        if len(problems) > before:
            return rows, places
        missing = [n for n in table.columns if n not in header and n not in table.optional]
        unknown = [n for n in header if n not in table.columns]
        if missing or unknown:
            for name in missing:
                problems.add(f"{path}:1", f"column {name!r} is missing")
            for name in unknown:
                problems.add(f"{path}:1", f"unknown column {name!r}")
            return rows, places
        for fields in lines:
            if not fields:
                continue
            where = f"{path}:{reader.line_num}"
            # Mostly a comma in a name without quotes: the other values would be in wrong columns.
            if len(fields) != len(header):
                problems.add(where, f"{len(fields)} values for {len(header)} columns")
                continue
            row = _row(table, header, fields, where, problems)
            if row is not None:
                rows.append(row)
                places.append(where)
    return rows, places


def _lines(reader: Any, path: Path, problems: _Problems) -> Iterator[list[str]]:
    try:
        yield from reader
    except (csv.Error, UnicodeDecodeError) as error:
        problems.add(f"{path}:{reader.line_num + 1}", f"cannot be read: {error}")


def _row(
    table: _Table, names: list[str], fields: list[str], where: str, problems: _Problems
) -> Any:
    values = {}
    for name, field in zip(names, fields, strict=True):
        try:
            values[name] = table.columns[name](field.strip())
        except _Wrong as wrong:
            problems.add(where, f"{name} {wrong}")
            return None
    for name in table.columns.keys() - values.keys():
        values[name] = table.columns[name]("")
    return table.row(**values)


def _checked(tables: list[_Read], problems: _Problems) -> LoadedRows:
    (contacts, at_contact), (invoices, at_invoice), (payments, at_payment) = tables
    if not problems:
        contact_ids = _unique(contacts, at_contact, problems)
        invoice_ids = _unique(invoices, at_invoice, problems)
        _unique(payments, at_payment, problems)
        # Rows may also belong to what was loaded before; only a load with contacts is complete.
        if contacts:
            _known(invoices, at_invoice, "contact_id", contact_ids, problems)
        if invoices:
            _known(payments, at_payment, "invoice_id", invoice_ids, problems)
    if problems:
        raise LoadProblem("\n".join(problems))
    return LoadedRows(contacts, invoices, payments)


def _unique(rows: list[Any], places: list[str], problems: _Problems) -> set[str]:
    ids: set[str] = set()
    for row, where in zip(rows, places, strict=True):
        if row.id in ids:
            problems.add(where, f"id {row.id!r} is there twice")
        ids.add(row.id)
    return ids


def _known(
    rows: list[Any], places: list[str], column: str, known: set[str], problems: _Problems
) -> None:
    for row, where in zip(rows, places, strict=True):
        value = getattr(row, column)
        if value not in known:
            problems.add(where, f"{column} {value!r} is not among the rows")
