"""Looking: why, status, actions. Changes nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from arsync.application.container import Parts
from arsync.application.data_quality import circumstances
from arsync.application.outage_text import outage_words
from arsync.application.results import ConnectionStatus, History, Listed, Why, totals_json
from arsync.application.unknown_outcomes import is_late
from arsync.core.actions import ActionKind, ActionState
from arsync.core.analytics.ageing import Ageing, ageing
from arsync.core.ledger.as_of import as_it_stood
from arsync.core.ledger.records import Account, Contact, Invoice
from arsync.core.planning.assessment import Assessor
from arsync.core.planning.explanation import explain
from arsync.core.planning.planner import Plan
from arsync.core.planning.send_blocks import pauses, warnings
from arsync.core.rulebook.facts import CONTACT_BY_NAME, contact_row, in_json
from arsync.core.trials.replay import taken_over
from arsync.errors import UserMistake
from arsync.store.models import ActionRow, ConnectionRow


class NotFound(UserMistake):
    """Neither a customer nor an invoice is called so in this connection."""


HISTORY_ACTIONS_MAX = 200
"""`why` shows so many actions of one customer, the newest."""


def plan_of(parts: Parts, connection: ConnectionRow, as_of: date | None = None) -> Plan:
    """Return what the rulebook would do now, or would have done or will do on another day."""
    planner, _ = parts.planner(connection, as_of)
    return planner(accounts(parts, connection, as_of))


def accounts(
    parts: Parts, connection: ConnectionRow, as_of: date | None = None
) -> Iterator[Account]:
    """Yield every debtor, for a past day as it stood in its evening, with what was done by then.

    For a day to come, a connection that only observes is taken to begin its work today.
    """
    return _accounts(parts, connection, as_of, None)


def _accounts(
    parts: Parts, connection: ConnectionRow, as_of: date | None, contact_ids: list[str] | None
) -> Iterator[Account]:
    ledger = parts.store.ledger
    today = parts.today(connection)
    if as_of is None or as_of >= today:
        found = ledger.accounts(connection.id, contact_ids)
        return found if as_of is None else (taken_over(account, today) for account in found)
    evening = datetime.combine(as_of + timedelta(1), time(), tzinfo=parts.zone(connection))
    found = ledger.accounts(connection.id, contact_ids, done_before=evening.astimezone(UTC))
    return (as_it_stood(account, as_of, knows_done=True) for account in found)


def report(parts: Parts, connection: ConnectionRow, as_of: date | None = None) -> Ageing:
    """Return the ageing of everything owed to one organisation."""
    return ageing(
        accounts(parts, connection, as_of),
        base_currency=connection.organisation.base_currency,
        today=as_of or parts.today(connection),
    )


def why(parts: Parts, connection: ConnectionRow, about: str, as_of: date | None = None) -> Why:
    """Explain what is done about a customer or an invoice, what is not, and why.

    Args:
        parts: the application's.
        connection: in which ledger.
        about: a customer's name or id, or an invoice's number or id.
        as_of: another day than today.

    Raises:
        NotFound: neither a customer nor an invoice is called so.
    """
    contact, invoice = _subject(parts, connection, about)
    account = next(_accounts(parts, connection, as_of, [contact.id]), None)
    if account is None:
        raise UserMistake(f"{contact.name} has no account to look at.")
    rulebook, _ = parts.rulebook(connection)
    planner, _ = parts.planner(connection, as_of)
    plan = planner([account])
    lines = explain(
        account,
        rulebook,
        plan,
        organisation=connection.organisation,
        contact_id=contact.id,
        invoice_id=invoice.id if invoice else "",
    )
    held = plan.held_back
    if invoice is not None:
        held = tuple(held_back for held_back in held if held_back.invoice_id in {"", invoice.id})
    return Why(
        connection=connection.name,
        as_of=plan.as_of,
        contact=contact,
        invoice=invoice,
        facts=_facts(parts, connection, account, contact, plan.as_of),
        lines=tuple(lines),
        plan=plan,
        held_back=held,
        history=_history(parts, connection, contact, invoice),
    )


def _subject(parts: Parts, connection: ConnectionRow, about: str) -> tuple[Contact, Invoice | None]:
    """Return the customer and, when it was asked about one, the invoice."""
    ledger = parts.store.ledger
    try:
        invoice = ledger.invoice(connection.id, about)
    except UserMistake as no_invoice:
        try:
            return ledger.contact(connection.id, about), None
        except UserMistake as no_contact:
            raise NotFound(_neither(about, no_contact, no_invoice)) from None
    return ledger.contact(connection.id, invoice.contact_id), invoice


def _neither(about: str, *mistakes: UserMistake) -> str:
    """Return that nothing is called so, with the nearest names, if any, below it."""
    if not all(str(mistake).startswith("there is no ") for mistake in mistakes):
        return "\n".join(map(str, mistakes))  # one of them is there more than once
    hints = [line for mistake in mistakes for line in str(mistake).splitlines()[1:]]
    return "\n".join([f"there is no contact and no invoice {about!r}.", *hints])


def _facts(
    parts: Parts, connection: ConnectionRow, account: Account, contact: Contact, day: date
) -> dict[str, Any]:
    """Return every fact of a customer, by name, as the rules see it."""
    rulebook, _ = parts.rulebook(connection)
    assessment = Assessor(rulebook, connection.organisation, day).assess(account)
    party = next(
        (one for one in assessment.parties if one.view.contact.id == contact.id), assessment.root
    )
    row = contact_row(party.view, [field.position for field in CONTACT_BY_NAME.values()])
    return {
        name: in_json(field, row[field.position]) for name, field in sorted(CONTACT_BY_NAME.items())
    }


def _history(
    parts: Parts, connection: ConnectionRow, contact: Contact, invoice: Invoice | None
) -> tuple[History, ...]:
    rows = parts.store.actions.list(
        connection.id, contact_id=contact.id, rows_max=HISTORY_ACTIONS_MAX
    )
    mine = [
        row
        for row in rows
        if invoice is None or any(ref.id == invoice.id for ref in row.action.invoices)
    ]
    mine.sort(key=lambda row: row.changed_at, reverse=True)
    return tuple(history(parts, connection.name, row) for row in mine)


def history(parts: Parts, connection: str, row: ActionRow) -> History:
    """Return an action with its events."""
    return History(Listed(connection, row), tuple(parts.store.actions.events(row.key)))


def listed(
    parts: Parts,
    connections: Collection[ConnectionRow],
    *,
    states: Collection[ActionState] | None = None,
    kinds: Collection[ActionKind] | None = None,
    rows_max: int = 10_000,
) -> list[Listed]:
    """Return actions of these connections."""
    return [
        Listed(connection.name, row)
        for connection in connections
        for row in parts.store.actions.list(
            connection.id, states=states, kinds=kinds, rows_max=rows_max
        )
    ]


def status(parts: Parts, connection: ConnectionRow) -> ConnectionStatus:
    """Return where one connection stands."""
    store = parts.store
    # Listing what waits plans too: that is no run in which anything was done.
    last = store.runs.last(connection.id, besides="plan")
    outage = store.outages.get(connection.id)
    outcome = last.outcome if last else ""
    rulebook, sound = _rulebook_words(parts, connection)
    known = circumstances(parts, connection)
    rules = parts.rules(connection.name).rulebook if sound else None
    reads, limits = parts.reads_this_month(connection.platform)
    unknown = store.actions.list(connection.id, states={ActionState.UNKNOWN})
    now = parts.clock.now()
    sent = store.actions.list(connection.id, states={ActionState.SENT})
    return ConnectionStatus(
        name=connection.name,
        platform=connection.platform,
        label=parts.platform(connection.platform).label,
        organisation=connection.organisation.name,
        mode=str(connection.mode),
        state=str(connection.state),
        today=parts.today(connection),
        time_zone=parts.time_zone(connection) or "UTC",
        pulled_at=store.ledger.pulled_at(connection.id),
        last_run_at=last.started_at if last else None,
        last_run=last.id if last else None,
        last_kind=last.kind if last else "",
        last_outcome=outcome,
        last_message=last.message if last else "",
        actions={
            state.value: count for state, count in store.actions.counts(connection.id).items()
        },
        unknown=tuple(Listed(connection.name, row) for row in unknown),
        unconfirmed=tuple(Listed(connection.name, row) for row in sent if is_late(row, now)),
        outage=outage_words(parts, connection, outage) if outage else "",
        open_tasks=len(store.actions.open_tasks(connection.id)),
        document_problems=tuple(
            f"{problem.kind} {problem.number or problem.id}: {problem.message}"
            for problem in store.ledger.problems(connection.id)
        ),
        records={kind.value: count for kind, count in store.ledger.counts(connection.id).items()},
        totals=totals_json(store.ledger.totals(connection.id)),
        rulebook=rulebook,
        rulebook_ok=sound,
        later=store.actions.later(connection.id, parts.clock.now()),
        paused=tuple(pause.text for pause in pauses(rules, known)) if rules else (),
        warnings=tuple(warnings(rules, known, connection.name)) if rules else known.unplaced,
        reads_this_month=reads,
        reads_per_month=limits.reads_per_month,
        differences=known.differences,
    )


def _rulebook_words(parts: Parts, connection: ConnectionRow) -> tuple[str, bool]:
    try:
        rulebook, _ = parts.rulebook(connection)
    except UserMistake as mistake:
        return str(mistake), False
    return rulebook.name, True
