"""The documents behind a measure: of the ledger, each customer or each segment, by currency."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.reports.measures_report import GROUPS, By, six_places, window_days_asked
from arsync.application.reports.past_days import past_day
from arsync.application.reports.report_page import ReportSection
from arsync.core.analytics.measure_sums import WINDOW_DAYS, MeasuringWindow
from arsync.core.analytics.measured_documents import (
    EXPLAINED_BY,
    BehindFigure,
    Document,
    documents_behind,
)
from arsync.core.ledger.money import ZERO, bare, plain
from arsync.core.ledger.sanitising import no_formula
from arsync.errors import UserMistake

NO_DOCUMENTS = "No document is behind this figure: it is zero."


class FigureDocuments(NamedTuple):
    """The documents behind one figure of one group in one currency; the largest come first."""

    connection: str
    as_of: date
    window_days: int
    figure: str
    """One of `DOCUMENTED`."""
    group: str
    """A customer, a segment; empty: the whole ledger."""
    group_id: str
    currency: str
    in_base: bool
    """Whether amounts of all currencies were converted into this one, the organisation's."""
    documents: tuple[Document, ...]

    @property
    def total(self) -> Decimal:
        """Return what they add up to: the figure."""
        return sum((document.amount for document in self.documents), ZERO)


def documents_of_measure(
    actor: Actor,
    organisation: OrganisationContext,
    measure: str,
    *,
    as_of: date | None = None,
    window_days: int = WINDOW_DAYS,
    by: By = By.LEDGER,
) -> list[FigureDocuments]:
    """Return the documents behind a measure, by group, then currency, the base currency last.

    Args:
        actor: who asks.
        organisation: whose ledger.
        measure: one of `EXPLAINED_BY`.
        as_of: the last day of the window; None: today.
        window_days: N.
        by: as for `measures_report`, but for months.

    Raises:
        UserMistake: no measure is called so, the day is in the future, or months are asked for.
    """
    permit(actor, Permission.READ)
    if measure not in EXPLAINED_BY:
        names = ", ".join(EXPLAINED_BY)
        raise UserMistake(f"no figure {measure!r} has documents.\n    hint: {names}")
    if by is By.MONTH:
        raise UserMistake(
            "documents are listed of one day.\n    hint: --as-of with the last day of the month"
        )
    window = MeasuringWindow(past_day(organisation, as_of), window_days_asked(window_days))
    behind = documents_behind(
        organisation.store.ledger.accounts(organisation.id),
        window,
        zone=organisation.zone,
        base_currency=organisation.connection.organisation.base_currency,
        group_of=GROUPS.get(by, lambda _: ("",)),
        in_time_until=organisation.promises_in_time,
    )
    return _in_order(organisation.name, window, _sorted_out(behind, EXPLAINED_BY[measure]))


def documents_in_currency(
    actor: Actor,
    organisation: OrganisationContext,
    figure: str,
    *,
    currency: str,
    as_of: date | None = None,
    window_days: int = WINDOW_DAYS,
) -> list[Document]:
    """Return the documents behind one figure of the ledger in one currency, the largest first.

    Args:
        actor: who asks.
        organisation: whose ledger.
        figure: one of `DOCUMENTED`.
        currency: of the figure.
        as_of: as for `documents_of_measure`.
        window_days: as for `documents_of_measure`.

    Raises:
        UserMistake: as for `documents_of_measure`.
    """
    listed = documents_of_measure(actor, organisation, figure, as_of=as_of, window_days=window_days)
    return [
        document
        for behind in listed
        if behind.currency == currency and not behind.in_base
        for document in behind.documents
    ]


Key = tuple[str, str, bool]
"""A group, a currency, and whether others were converted into it."""


def _sorted_out(
    behind: Iterable[BehindFigure], figures: Sequence[str]
) -> dict[Key, dict[str, list[Document]]]:
    sorted_out: dict[Key, dict[str, list[Document]]] = {}
    for group, currency, in_base, figure, document in behind:
        if figure in figures:
            of_group = sorted_out.setdefault(
                (group, currency, in_base), {name: [] for name in figures}
            )
            of_group[figure].append(document)
    return sorted_out


def _in_order(
    connection: str, window: MeasuringWindow, sorted_out: Mapping[Key, Mapping[str, list[Document]]]
) -> list[FigureDocuments]:
    # A group of the base currency alone has no second figure of it.
    mixed = {
        group
        for group, currency, in_base in sorted_out
        if not in_base and (group, currency, True) not in sorted_out
    }
    keys = sorted(
        (key for key in sorted_out if not key[2] or key[0] in mixed),
        key=lambda key: (key[0].casefold(), key[2], key[1]),
    )
    listed = []
    for key in keys:
        name, _, group_id = key[0].partition("\x00")
        for figure, documents in sorted_out[key].items():
            ordered = sorted(documents, key=lambda document: (-document.amount, document.number))
            listed.append(
                FigureDocuments(
                    connection,
                    window.day,
                    window.days,
                    figure,
                    name,
                    group_id,
                    key[1],
                    key[2],
                    tuple(ordered),
                )
            )
    return listed


def documents_view(listed: Iterable[FigureDocuments]) -> list[dict[str, object]]:
    """Return the JSON view: an object for each document, amounts as texts with six places."""
    return [
        {**_head(behind), **six_places(document._asdict())}
        for behind in listed
        for document in behind.documents
    ]


def documents_csv(listed: Iterable[FigureDocuments]) -> str:
    """Return a line for each document; amounts as plain decimals."""
    out = io.StringIO()
    writer = csv.DictWriter(out, [*_HEAD, *Document._fields])
    writer.writeheader()
    for row in (
        {**_head(behind), **document._asdict()}
        for behind in listed
        for document in behind.documents
    ):
        writer.writerow({name: _cell(value) for name, value in row.items()})
    return out.getvalue()


def document_sections(listed: Iterable[FigureDocuments]) -> list[ReportSection]:
    """Return the documents for people, each figure's with their sum."""
    columns = ["document", "customer", "kind", "issued", "due", "settled"]
    sections = []
    for behind in listed:
        rows = [
            [
                document.number,
                document.contact,
                document.kind,
                *(_day(day) for day in (document.issued_on, document.due_on, document.settled_on)),
                bare(document.amount, behind.currency),
            ]
            for document in behind.documents
        ]
        rows.append(["total", *[""] * 5, bare(behind.total, behind.currency)])
        of = f" of {behind.group}" if behind.group else ""
        currencies = ", all currencies" if behind.in_base else ""
        title = f"{behind.connection}, {behind.figure}{of}{currencies}"
        right = [behind.currency]
        sections.append(ReportSection(title, [*columns, behind.currency], rows, right))
    return sections


_HEAD = ("connection", "as_of", "window_days", "figure", "group", "group_id", "currency", "in_base")


def _head(behind: FigureDocuments) -> dict[str, object]:
    return {name: getattr(behind, name) for name in _HEAD}


def _cell(value: object) -> str:
    if isinstance(value, Decimal):
        return plain(value)
    return "" if value is None else no_formula(str(value))


def _day(day: date | None) -> str:
    return "" if day is None else day.isoformat()
