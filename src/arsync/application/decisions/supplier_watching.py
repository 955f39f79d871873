"""Watching suppliers: what is told of them is opened and ended here, and nowhere else.

Nothing of it is written to the accounting system, so it needs no approval there; while a connection
only observes, nobody is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.results import RunResult
from arsync.core.actions import Action, TaskPayload
from arsync.core.actions.model import reopened_subject
from arsync.core.ledger.payables import Supplier
from arsync.core.ledger.records import CLOSED_BY_ITSELF
from arsync.core.ledger.supplier_standing import SupplierStanding
from arsync.core.planning.supplier_watch import SupplierLook, SupplierWatch
from arsync.core.rulebook.facts import SUPPLIER_FIELDS, in_json
from arsync.core.rulebook.model import folded
from arsync.store.models import ActionRow


class SupplierPlan(NamedTuple):
    """What is to be told of suppliers, and what is over."""

    alerts: tuple[Action, ...] = ()
    """That are not told yet."""
    ended: Mapping[str, str] = {}
    """By key of an open task, why its reason is gone."""


def watch_of(organisation: OrganisationContext) -> SupplierWatch | None:
    """Return the suppliers of a connection under its rules; None: none are watched, or read."""
    rulebook = organisation.rulebook
    if not rulebook.supplier_alerts or rulebook.bills_asked_at is None:
        return None
    standings = organisation.store.suppliers.standings(organisation.id)
    if standings is None:
        return None
    base = organisation.connection.organisation
    return SupplierWatch(rulebook, base, organisation.today, standings)


def plan_suppliers(organisation: OrganisationContext, result: RunResult) -> SupplierPlan:
    """Look at all suppliers, keep since when alerts stand, and say what is to be told.

    Part of planning a ledger, after suppliers are bound to customers.
    """
    watch = watch_of(organisation)
    if watch is None:
        return SupplierPlan()
    looks = list(watch.looks())
    changes = [change for look in looks if (change := watch.seen(look)) is not None]
    organisation.store.conditions.keep(organisation.id, changes)
    alerts = [watch.alert(look, organisation.name) for look in looks if look.answer]
    alerts = _not_told(organisation, alerts)
    most = organisation.rulebook.safety.tasks
    if len(alerts) > most:
        result.problems.append(
            f"{len(alerts):,} alerts about suppliers in one plan, and safety allows {most:,}:"
            f" none is told. `safety: {{tasks: {len(alerts)}}}` allows so many."
        )
        return SupplierPlan(ended=_ended(organisation, watch, looks))
    result.notices += tuple(
        f"alert to {', '.join(_recipients(alert))} about the supplier {alert.contact_name}:"
        f" {alert.because.rule}: {_observation(alert)}"
        for alert in alerts
    )
    return SupplierPlan(tuple(alerts), _ended(organisation, watch, looks))


def tell_of_suppliers(organisation: OrganisationContext, plan: SupplierPlan) -> None:
    """Open and end the tasks of a plan; once, however often a run is repeated."""
    tasks, clock = organisation.store.tasks, organisation.clock
    if organisation.container.platform_clocks.untrusted(organisation.connection.platform):
        return
    for alert in plan.alerts:
        tasks.open_alert(organisation.id, alert, on=organisation.today, now=clock.now())
    if plan.ended:
        tasks.close(plan.ended, on=organisation.today, now=clock.now(), noted_by=lambda *_: None)


class SupplierWhy(NamedTuple):
    """What is said of one supplier, and why."""

    connection: str
    supplier: Supplier
    owed: str
    """What stands open with it, in words; empty: nothing."""
    lines: tuple[str, ...]
    """What each rule of `supplier_alerts` says, with its place."""
    facts: Mapping[str, object]
    """Every fact, by name."""


class SupplierWhyView(Struct, frozen=True):
    """The JSON view of what is said of one supplier."""

    connection: str
    id: str
    name: str
    owed: str
    lines: tuple[str, ...]
    facts: Mapping[str, object]


def supplier_view(explained: SupplierWhy) -> SupplierWhyView:
    """Return the JSON view of what is said of one supplier."""
    supplier = explained.supplier
    return SupplierWhyView(
        explained.connection,
        supplier.id,
        supplier.name,
        explained.owed,
        explained.lines,
        explained.facts,
    )


def explained_suppliers(
    organisation: OrganisationContext, about: str = "", *, contact_id: str = ""
) -> list[SupplierWhy]:
    """Explain the suppliers of a name or an id, or those that are the same party as a customer."""
    watch = watch_of(organisation)
    if watch is None:
        return []
    return [
        _explained(organisation, watch, standing)
        for standing in watch.standings
        if (contact_id and standing.contact_id == contact_id)
        or (about and folded(about) in _names(standing.supplier))
    ]


def _names(supplier: Supplier) -> set[str]:
    return {folded(name) for name in (supplier.id, supplier.name, supplier.company_name)}


def _explained(
    organisation: OrganisationContext, watch: SupplierWatch, standing: SupplierStanding
) -> SupplierWhy:
    lines = (
        f"{watch.explained(look)} ({look.rule.place.file}:{look.rule.place.line})"
        for look in watch.looks(standing.supplier.id)
    )
    row = watch.facts(standing)
    facts = {field.name: in_json(field, row[field.position]) for field in SUPPLIER_FIELDS}
    return SupplierWhy(
        organisation.name, standing.supplier, watch.owed(standing), tuple(lines), facts
    )


def _not_told(organisation: OrganisationContext, alerts: Sequence[Action]) -> list[Action]:
    """Return the alerts of which nobody was told; after one that ended on its day, the next."""
    rows = {
        row.key: row for row in organisation.store.actions.rows([alert.key for alert in alerts])
    }
    new: list[Action] = []
    for alert in alerts:
        again, times = alert, 0
        while _is_over(rows.get(again.key)):
            times += 1
            again = replace(alert, subject=reopened_subject(alert.subject, times))
            rows |= {row.key: row for row in organisation.store.actions.rows([again.key])}
        if again.key not in rows:
            new.append(again)
    return new


def _is_over(row: ActionRow | None) -> bool:
    return row is not None and row.outcome_code == CLOSED_BY_ITSELF


def _ended(
    organisation: OrganisationContext, watch: SupplierWatch, looks: Sequence[SupplierLook]
) -> dict[str, str]:
    over = {(look.subject, folded(look.rule.name)): look for look in looks if look.answer is False}
    ended: dict[str, str] = {}
    for row in organisation.store.actions.open_tasks(organisation.id):
        action = row.action
        look = over.get((action.contact_id, folded(action.because.rule)))
        if look is not None and action.is_about_supplier and not row.by_person:
            ended[row.key] = f"{look.rule.name} no longer requires it ({watch.words(look)})"
    return ended


def _observation(alert: Action) -> str:
    return alert.payload.observation if isinstance(alert.payload, TaskPayload) else ""


def _recipients(alert: Action) -> tuple[str, ...]:
    return alert.payload.recipients if isinstance(alert.payload, TaskPayload) else ()
