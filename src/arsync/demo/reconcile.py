"""Both sides of the story: the platform's ledger, as the sandbox tells it, against the store."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from arsync.core.actions import ActionKind, ActionState, Via, marker
from arsync.core.actions.registry import KINDS, MESSAGE_KINDS
from arsync.core.ledger.money import ZERO, plain
from arsync.core.ledger.records import DisputeOutcome, PaymentPlan
from arsync.demo.bounces import different_returns
from arsync.demo.letters import different_letters
from arsync.store import Store
from arsync.store.models import ActionRow, DisputeRow

HOLD_GROUP = "Credit hold"
HOLD_BLOCK = "arsync: credit hold"
_MARKER = re.compile(r"\[arsync:[0-9a-f]+\]")
_DONE = frozenset({ActionState.SENT, ActionState.CONFIRMED})
_OPEN_ENDED = frozenset({ActionState.SENDING, ActionState.UNKNOWN})
_NEVER_HERE = _OPEN_ENDED | {ActionState.REJECTED}
"""The demo's people refuse nothing and its platforms should not either."""


@dataclass
class LedgerSide:
    """One platform at the end: what stands there, and how it differs from the store."""

    name: str
    open_amounts: dict[str, str]
    """Amount due by currency, from the platform's ledger."""
    emails: int
    notes: int
    held: tuple[str, ...]
    """Names of customers on credit hold, from the platform's ledger."""
    on_cash_terms: tuple[str, ...]
    expected_dates: int
    attachments: int
    stored: dict[str, int]
    """What the store holds, by kind."""
    actions: dict[str, int]
    """Actions in the store, by state."""
    came_back: int = 0
    """Letters to addresses that take no mail."""
    doubled: int = 0
    """Notes and emails that are there more often than they were to be."""
    differences: list[str] = field(default_factory=list)


def compare(store: Store, name: str, state: Mapping[str, Any], post: Path) -> LedgerSide:
    """Return what stands in one platform's ledger, with every difference from the store.

    Args:
        store: arsync's.
        name: the connection's.
        state: the sandbox's `/_sandbox/state`, with this organisation's ledger of the platform.
        post: the connection's own folder of letters by post.
    """
    row = store.connections.get(name)
    ledger = state[row.platform]
    rows = store.actions.list(row.id)
    names = {contact["id"]: contact["name"] for contact in ledger["contacts"]}
    sender = row.platform, row.organisation_id
    emails = [
        email for email in state["emails"] if (email["origin"], email["organisation"]) == sender
    ]
    held = _held(ledger)
    cash = _on_cash_terms(ledger)
    side = LedgerSide(
        name=name,
        open_amounts=_shown(_platform_totals(ledger)),
        emails=len(emails),
        notes=len(ledger["history"]),
        held=tuple(sorted(names[contact] for contact in held)),
        on_cash_terms=tuple(sorted(names[contact] for contact in cash)),
        expected_dates=sum(1 for invoice in ledger["invoices"] if invoice["expected_on"]),
        attachments=len(ledger["attachments"]),
        stored={kind.value: count for kind, count in store.ledger.counts(row.id).items()},
        actions={state.value: count for state, count in store.actions.counts(row.id).items()},
        doubled=doubled_effects(rows, ledger, emails),
    )
    side.differences += _different_money(store, row.id, ledger)
    side.differences += _different_notes(rows, ledger)
    side.differences += _different_emails(rows, emails)
    by_mail = [email for email in state["emails"] if email["origin"] == "smtp"]
    side.differences += different_letters(rows, by_mail, post)
    side.came_back = len(store.undeliverable.recorded(row.id))
    last = store.runs.last(row.id)
    if last is not None:
        side.differences += different_returns(
            store, row.id, rows, state["returned"], last.started_at
        )
    side.differences += _different_holds(store, row.id, held)
    side.differences += _different_terms(rows, cash, names)
    side.differences += _chased_but_paid(ledger, emails)
    side.differences += not_credited(store.disputes.recorded(row.id), ledger)
    side.differences += _chased_but_placed(store, row.id, rows)
    side.differences += expected_otherwise(store.payment_plans.recorded(row.id), ledger)
    side.differences += [
        f"{action_row.key[:12]} {action_row.action.kind} is {action_row.state}: {action_row.reason}"
        for action_row in rows
        if action_row.state in _NEVER_HERE
    ]
    return side


def _is_open(invoice: Mapping[str, Any]) -> bool:
    status = str(invoice["status"]).lower()
    receivable = invoice.get("type", "ACCREC") == "ACCREC"
    return receivable and status in {"authorised", "open"} and Decimal(invoice["amount_due"]) > 0


def _platform_totals(ledger: Mapping[str, Any]) -> dict[tuple[str, str], Decimal]:
    totals: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
    for invoice in ledger["invoices"]:
        if _is_open(invoice):
            totals[invoice["contact_id"], invoice["currency"]] += Decimal(invoice["amount_due"])
    return totals


def _shown(totals: Mapping[tuple[str, str], Decimal]) -> dict[str, str]:
    sums: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for (_, currency), amount in totals.items():
        sums[currency] += amount
    return {currency: plain(amount) for currency, amount in sorted(sums.items())}


def _different_money(store: Store, connection_id: int, ledger: Mapping[str, Any]) -> Iterable[str]:
    there = _platform_totals(ledger)
    here = {
        (total.contact_id, total.currency): total.amount_due
        for total in store.ledger.totals(connection_id)
        if total.amount_due
    }
    for key in sorted(set(there) | set(here)):
        if there.get(key, ZERO) != here.get(key, ZERO):
            yield (
                f"amount due of contact {key[0]} in {key[1]}: {there.get(key, ZERO)} there, "
                f"{here.get(key, ZERO)} here"
            )


def _notes_there(ledger: Mapping[str, Any]) -> dict[str, Counter[tuple[str, str]]]:
    """Return by marker how often its note stands at each place."""
    there: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for note in ledger["history"]:
        for mark in _MARKER.findall(note["text"]):
            there[mark][note["record"], note["id"]] += 1
    return there


def _emails_there(emails: Iterable[Mapping[str, Any]]) -> Counter[str]:
    return Counter(email["invoice_id"] for email in emails)


def _emails_here(rows: Iterable[ActionRow]) -> Counter[str]:
    return Counter(
        ref.id
        for row in rows
        if row.state in _DONE
        and row.action.kind is ActionKind.REMINDER
        and row.action.via == Via.PLATFORM
        for ref in row.action.invoices
    )


def doubled_effects(
    rows: Iterable[ActionRow], ledger: Mapping[str, Any], emails: Iterable[Mapping[str, Any]]
) -> int:
    """Return how many notes and emails are there more often than they were to be."""
    notes = sum(count - 1 for places in _notes_there(ledger).values() for count in places.values())
    return notes + (_emails_there(emails) - _emails_here(rows)).total()


def _different_notes(rows: Iterable[ActionRow], ledger: Mapping[str, Any]) -> Iterable[str]:
    """Every done action's note stands, at each place it names once; no other marker does."""
    there = _notes_there(ledger)
    for mark, places in sorted(there.items()):
        for place, count in places.items():
            if count > 1:
                yield f"the note {mark} is there {count} times, on {place[0]} {place[1]}"
    expected = {
        marker(row.key): row
        for row in rows
        if row.state in _DONE and KINDS[row.action.kind].has_note
    }
    for mark in sorted(set(expected) - set(there)):
        action = expected[mark].action
        yield f"{action.kind} for {action.contact_name} is done, but no note {mark} is there"
    started = {marker(row.key) for row in rows if row.state in _DONE | _OPEN_ENDED}
    for mark in sorted(set(there) - started):
        yield f"a note {mark} exists without an action in the store"


def _different_emails(
    rows: Iterable[ActionRow], emails: Iterable[Mapping[str, Any]]
) -> Iterable[str]:
    there, here = _emails_there(emails), _emails_here(rows)
    for invoice in sorted(set(there) | set(here)):
        if there[invoice] != here[invoice]:
            yield f"invoice {invoice}: {there[invoice]} emails there, {here[invoice]} here"


def _held(ledger: Mapping[str, Any]) -> set[str]:
    held = {
        contact["id"] for contact in ledger["contacts"] if HOLD_BLOCK in (contact["notes"] or "")
    }
    for group in ledger["groups"]:
        if group["name"] == HOLD_GROUP:
            held |= set(group["members"])
    return held


def _different_holds(store: Store, connection_id: int, held: set[str]) -> Iterable[str]:
    held_here = {
        contact.id
        for account in store.ledger.accounts(connection_id)
        if account.hold is not None
        for contact in account.contacts
    }
    for contact in sorted(held - held_here):
        yield f"contact {contact} is on hold there, not here"
    for contact in sorted(held_here - held):
        yield f"contact {contact} is on hold here, not there"


def _on_cash_terms(ledger: Mapping[str, Any]) -> set[str]:
    cash = {term["name"] for term in ledger["terms"] if term.get("due_days") == 0}
    on_cash = set()
    for contact in ledger["contacts"]:
        terms = contact["terms"]
        day = terms.get("Day") if isinstance(terms, dict) else None
        if day == 0 or (isinstance(terms, str) and terms in cash):
            on_cash.add(contact["id"])
    return on_cash


def _different_terms(
    rows: Iterable[ActionRow], cash: set[str], names: Mapping[str, str]
) -> Iterable[str]:
    latest: dict[str, tuple[Any, ActionKind]] = {}
    for row in rows:
        kind = row.action.kind
        if row.state in _DONE and kind in {ActionKind.TERMS, ActionKind.RESTORE_TERMS}:
            entry = (row.changed_at, row.action.episode), kind
            before = latest.get(row.action.contact_id)
            latest[row.action.contact_id] = max(before, entry) if before else entry
    for contact, (_, kind) in sorted(latest.items()):
        if (kind is ActionKind.TERMS) != (contact in cash):
            want = "cash on delivery" if kind is ActionKind.TERMS else "their old terms"
            yield f"{names.get(contact, contact)} should be on {want}"


def expected_otherwise(plans: Iterable[PaymentPlan], ledger: Mapping[str, Any]) -> Iterable[str]:
    """Where the books show expected days, each plan's open invoices show one of its days."""
    invoices = {invoice["id"]: invoice for invoice in ledger["invoices"]}
    if not any(
        "expected_on" in invoice and invoice["expected_on"] for invoice in invoices.values()
    ):
        return
    for plan in plans:
        days = {instalment.due_on.isoformat() for instalment in plan.instalments}
        for invoice_id in plan.invoice_ids if plan.cancelled_on is None else ():
            invoice = invoices[invoice_id]
            # Xero refuses most edits of an invoice that is paid in part.
            untouched = Decimal(invoice["amount_due"]) == Decimal(invoice["total"])
            if _is_open(invoice) and untouched and invoice["expected_on"] not in days:
                yield f"{invoice['number']}: its payment plan does not show there"


def not_credited(disputes: Iterable[DisputeRow], ledger: Mapping[str, Any]) -> Iterable[str]:
    """Each dispute that was settled as credited has its credit in the books, and none waits on."""
    invoices = {invoice["id"]: invoice for invoice in ledger["invoices"]}
    paid: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for payment in ledger["payments"]:
        if payment["status"].lower() not in {"deleted", "voided"}:
            paid[payment["invoice_id"]] += Decimal(payment["amount"])
    for dispute in disputes:
        if dispute.outcome != DisputeOutcome.CREDITED:
            continue
        invoice = invoices[dispute.invoice_id]
        taken_off = Decimal(invoice["total"]) - Decimal(invoice["amount_due"])
        is_credited = taken_off - paid[dispute.invoice_id] >= (dispute.amount or ZERO)
        if is_credited is not (dispute.settled_on is not None):
            here = "credited" if dispute.settled_on else "waiting for its credit"
            yield f"{invoice['number']}: the dispute is {here} here, not there"


def _chased_but_paid(
    ledger: Mapping[str, Any], emails: Iterable[Mapping[str, Any]]
) -> Iterable[str]:
    """No email went out about an invoice that had been paid in full by then."""
    invoices = {invoice["id"]: invoice for invoice in ledger["invoices"]}
    for email in emails:
        invoice = invoices.get(email["invoice_id"])
        if invoice is None:
            continue
        day = date.fromisoformat(email["at"][:10])
        paid = sum(
            (
                Decimal(payment["amount"])
                for payment in ledger["payments"]
                if payment["invoice_id"] == invoice["id"]
                and date.fromisoformat(payment["paid_on"]) < day
            ),
            ZERO,
        )
        if paid >= Decimal(invoice["total"]):
            yield f"{invoice['number']} was chased on {day} though it had been paid"


def _chased_but_placed(
    store: Store, connection_id: int, rows: Iterable[ActionRow]
) -> Iterable[str]:
    """No message about an invoice left while it was placed with the agency."""
    messages = [
        row
        for row in rows
        if row.action.kind in MESSAGE_KINDS and row.state in _DONE and row.sent_on is not None
    ]
    for placement in store.placements.rows(connection_id):
        placed = {debt.invoice_id for debt in placement.debts}
        for message in messages:
            sent_on = message.sent_on or date.min
            after = sent_on > placement.placed_on
            before = placement.ended_on is None or sent_on < placement.ended_on
            if after and before and any(ref.id in placed for ref in message.action.invoices):
                yield f"{message.key[:12]} was sent on {sent_on}, while its debt was placed"
