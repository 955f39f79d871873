"""Measures of a ledger as of any day: of all, by customer, segment, month; with documents."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import asdict, fields

from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.reports.ledger_measuring import measured
from arsync.application.reports.past_days import past_day
from arsync.clock import in_words
from arsync.core.analytics.goal_states import GoalState, goal_in_words, goal_states
from arsync.core.analytics.measure_definitions import DEFINITIONS
from arsync.core.analytics.measure_sums import WINDOW_DAYS, WINDOW_DAYS_MAX, MeasuringWindow
from arsync.core.analytics.measures import Figures, Measuring, month_ends
from arsync.core.analytics.segments import NO_SEGMENT, segments_of
from arsync.core.analytics.worklist_done import TaskLife, WorklistDone, worklist_done
from arsync.core.ledger.money import bare, plain
from arsync.core.ledger.records import Contact
from arsync.core.ledger.sanitising import no_formula
from arsync.errors import UserMistake


class By(StrEnum):
    """What figures are given for."""

    LEDGER = "ledger"
    CUSTOMER = "customer"
    SEGMENT = "segment"
    MONTH = "month"
    CURRENCY = "currency"


class MeasuresTable(NamedTuple):
    """The measures of one connection."""

    connection: str
    organisation: str
    base_currency: str
    by: By
    as_of: date
    window_days: int
    rows: tuple[Figures, ...]
    worklist: WorklistDone
    """Of the whole ledger; tasks have no currency."""
    goals: tuple[GoalState, ...] = ()
    """Of the whole ledger; none where figures are by customer or segment."""
    known_at: tuple[datetime, ...] = ()
    """When what was known then was kept; empty: it was added up anew just now."""
    recomputed: tuple[date, ...] = ()
    """Of what was kept, the days of which it was added up later."""


class MeasuresView(Struct, frozen=True):
    """The JSON view of the measures of one connection."""

    connection: str
    by: str
    rows: tuple[dict[str, object], ...]
    """Each figure under its name; amounts, days and percentages as texts with six places."""
    worklist: dict[str, object]
    goals: tuple[dict[str, object], ...]
    """Each goal, the measure's figure on each day shown, and whether it misses the goal."""
    known_at: tuple[datetime, ...]
    recomputed: tuple[date, ...]
    definitions: dict[str, dict[str, str]]
    """By the name of the figure: what it is counted in, how, and whose formula it is."""


def measures_view(table: MeasuresTable) -> MeasuresView:
    """Return the JSON view."""
    return MeasuresView(
        table.connection,
        str(table.by),
        tuple(six_places(asdict(row)) for row in table.rows),
        six_places(asdict(table.worklist)),
        tuple(_goal_view(state) for state in table.goals),
        table.known_at,
        table.recomputed,
        {
            name: {
                "unit": str(definition.unit),
                "formula": definition.formula,
                "source": definition.source or "arsync",
            }
            for name, definition in DEFINITIONS.items()
        },
    )


def _goal_view(state: GoalState) -> dict[str, object]:
    points = [six_places(asdict(point)) for point in state.points]
    return {**asdict(state), "points": points}


def six_places(values: Mapping[str, object]) -> dict[str, object]:
    """Return figures with decimals as texts with six places."""
    # As texts: a reader that takes numbers for floats must not lose a place.
    return {
        name: f"{value:.6f}" if isinstance(value, Decimal) else value
        for name, value in values.items()
    }


def measures_report(
    actor: Actor,
    organisation: OrganisationContext,
    *,
    as_of: date | None = None,
    window_days: int = WINDOW_DAYS,
    by: By = By.LEDGER,
) -> MeasuresTable:
    """Return the measures of one connection.

    Args:
        actor: who asks.
        organisation: whose ledger.
        as_of: the last day of the window; None: the organisation's today.
        window_days: N.
        by: for the whole ledger, or each of its currencies, which is the same; for each customer;
            for each contact group, where a customer of two counts in both; or for the ends of the
            last months.

    Raises:
        UserMistake: the day is in the future, or the window has no day or too many.
    """
    permit(actor, Permission.READ)
    window = MeasuringWindow(past_day(organisation, as_of), window_days_asked(window_days))
    books = organisation.connection.organisation
    windows = month_ends(window) if by is By.MONTH else [window]
    if by in GROUPS:
        measuring = Measuring(
            windows,
            zone=organisation.zone,
            base_currency=books.base_currency,
            group_of=GROUPS[by],
            in_time_until=organisation.promises_in_time,
        )
        for account in organisation.store.ledger.accounts(organisation.id):
            measuring.add(account)
        rows = tuple(measuring.figures())
    else:
        rows = tuple(measured(organisation, windows))
    return MeasuresTable(
        organisation.name,
        books.name,
        books.base_currency,
        by,
        window.day,
        window.days,
        rows,
        worklist_done(_task_lives(organisation), window),
        _goals(organisation, by, rows),
    )


def known_then(
    actor: Actor,
    organisation: OrganisationContext,
    *,
    as_of: date | None = None,
    by: By = By.LEDGER,
) -> MeasuresTable:
    """Return the measures of one connection as they were known on the day, from what runs kept.

    Args:
        actor: who asks.
        organisation: whose ledger.
        as_of: the day; None: the organisation's today.
        by: for the whole ledger, or for the ends of the last months; of those on which nobody
            looked, what was added up later, which `recomputed` names.

    Raises:
        UserMistake: the day is in the future, nothing was kept of it, or figures are asked for that
            are not kept.
    """
    permit(actor, Permission.READ)
    if by not in {By.LEDGER, By.CURRENCY, By.MONTH}:
        raise UserMistake(
            f"what was known then is kept of the whole ledger, not by {by}."
            "\n    hint: --by ledger, currency or month"
        )
    window = MeasuringWindow(past_day(organisation, as_of))
    days = [each.day for each in month_ends(window)] if by is By.MONTH else [window.day]
    snapshots = organisation.store.snapshots
    kept = snapshots.of_days(organisation.id, days)
    if not any(row.figures.as_of == window.day and not row.recomputed for row in kept):
        latest = snapshots.latest_known(organisation.id, window.day)
        raise UserMistake(
            f"no run kept what was known on {window.day.isoformat()}."
            + (
                f"\n    hint: --as-of {latest.isoformat()}"
                if latest
                else "\n    hint: runs keep it since the first one; leave out --known-then"
            )
        )
    rows = tuple(row.figures for row in kept)
    books = organisation.connection.organisation
    return MeasuresTable(
        organisation.name,
        books.name,
        books.base_currency,
        by,
        window.day,
        window.days,
        rows,
        worklist_done(_task_lives(organisation), window),
        _goals(organisation, by, rows),
        tuple(sorted({row.taken_at for row in kept})),
        tuple(sorted({row.figures.as_of for row in kept if row.recomputed})),
    )


def _goals(
    organisation: OrganisationContext, by: By, rows: Sequence[Figures]
) -> tuple[GoalState, ...]:
    rulebook = organisation.rules.rulebook
    if rulebook is None or by not in {By.LEDGER, By.CURRENCY, By.MONTH}:
        return ()
    base_currency = organisation.connection.organisation.base_currency
    return goal_states(rulebook.goals.goals, rows, base_currency)


def _task_lives(organisation: OrganisationContext) -> Iterator[TaskLife]:
    for span in organisation.store.actions.task_lives(organisation.id):
        opened_on = span.opened_at.astimezone(organisation.zone).date()
        yield TaskLife(opened_on, span.ended_on, span.by_itself)


def measures_csv(tables: Sequence[MeasuresTable]) -> str:
    """Return one line for each group and currency; numbers as plain decimals."""
    out = io.StringIO()
    writer = csv.writer(out)
    names = [field.name for field in fields(Figures) if field.name != "unrated"]
    writer.writerow(["connection", *names, "unrated"])
    for table in tables:
        for row in table.rows:
            values = asdict(row)
            cells = [_cell(values[name]) for name in names]
            unrated = no_formula("; ".join(row.unrated))
            writer.writerow([no_formula(table.connection), *cells, unrated])
    return out.getvalue()


def measures_rows(table: MeasuresTable) -> tuple[list[str], list[list[str]]]:
    """Return the columns and rows for people: days with one place."""
    title = {By.LEDGER: "", By.CURRENCY: "", By.MONTH: "end of"}.get(table.by, str(table.by))
    columns = [
        *([title] if title else []),
        "currency",
        "sales",
        "owed",
        "overdue %",
        "DSO",
        "counted back",
        "best possible",
        "ADD",
        "CEI",
        "days to pay",
        "DBT",
        "disputed %",
        "promises kept %",
    ]
    rows = []
    for row in table.rows:
        first = row.as_of.isoformat() if table.by is By.MONTH else row.group
        currency = f"{row.currency}, all" if row.in_base else row.currency
        figures = (
            row.overdue_percent,
            row.dso,
            row.dso_countback_monthly,
            row.bpdso,
            row.add,
            row.cei,
            row.days_to_pay,
            row.dbt,
            row.disputed_percent,
            row.promises_kept_percent,
        )
        rows.append(
            [
                *([first] if title else []),
                currency,
                bare(row.sales, row.currency),
                bare(row.receivable, row.currency),
                *("not known" if figure is None else f"{figure:.1f}" for figure in figures),
            ]
        )
    return columns, rows


def worklist_in_words(done: WorklistDone) -> str:
    """Return what became of the tasks, for people."""
    if done.percent is None:
        return "worklist: there was nothing to do"
    closed = f"; {done.closed_by_itself:,} closed by themselves" if done.closed_by_itself else ""
    return f"worklist: {done.done:,} done, {done.open:,} open, {done.percent:.1f}% done{closed}"


def goal_lines(table: MeasuresTable) -> list[str]:
    """Return how the ledger stands to its goals, for people."""
    lines = []
    for state in table.goals:
        label = DEFINITIONS[state.measure].label
        words = goal_in_words(state.measure, state.now.figure, state.goal, label)
        missed = "  MISSED" if state.now.missed else ""
        lines.append(f"goal: {words}{missed}  ({state.rule})")
    return lines


def known_in_words(table: MeasuresTable) -> str:
    """Return whether figures are as known then, or added up anew."""
    if not table.known_at:
        return "added up anew from the documents as they are now"
    moment = in_words(table.known_at[-1], None)
    later = ", ".join(day.isoformat() for day in table.recomputed)
    return f"as it was known then; kept {moment}" + (f"; added up later: {later}" if later else "")


def _cell(value: object) -> str:
    if isinstance(value, Decimal):
        return plain(value)
    if value is None:
        return ""
    return no_formula(str(value))


def _by_customer(contact: Contact | None) -> Iterable[str]:
    # Two customers may bear one name.
    return (f"{contact.name}\x00{contact.id}",) if contact is not None else ("",)


def _by_segment(contact: Contact | None) -> Iterable[str]:
    return segments_of(contact) if contact is not None else (NO_SEGMENT,)


GROUPS = {By.CUSTOMER: _by_customer, By.SEGMENT: _by_segment}
"""What is measured customer by customer; the others are of the whole ledger."""


def window_days_asked(days: int) -> int:
    """Return how many days a window is to have, if it may have so many."""
    if not 1 <= days <= WINDOW_DAYS_MAX:
        raise UserMistake(f"a window has 1 to {WINDOW_DAYS_MAX:,} days, not {days:,}.")
    return days
