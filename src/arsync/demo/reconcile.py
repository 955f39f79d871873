"""Both sides of the story: the platform's ledger, as the sandbox tells it, against the store."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from arsync.application.facade import App
from arsync.core.actions import ActionKind, ActionState, Via, marker
from arsync.core.actions.registry import KINDS
from arsync.core.ledger.money import ZERO, plain
from arsync.store.models import ActionRow

HOLD_GROUP = "Credit hold"
HOLD_BLOCK = "arsync: credit hold"
_MARKER = re.compile(r"\[arsync:[0-9a-f]+\]")
_DONE = frozenset({ActionState.SENT, ActionState.CONFIRMED})
_OPEN_ENDED = frozenset({ActionState.SENDING, ActionState.UNKNOWN})
_NEVER_HERE = _OPEN_ENDED | {ActionState.REJECTED}
"""The demo's people refuse nothing and its platforms should not either."""


@dataclass
class Side:
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
    differences: list[str] = field(default_factory=list)


def compare(app: App, name: str, state: Mapping[str, Any]) -> Side:
    """Return what stands in one platform's ledger, with every difference from the store.

    Args:
        app: the application.
        name: the connection's, which is the platform's.
        state: the sandbox's `/_sandbox/state`.
    """
    ledger = state[name]
    row = app.store.connections.get(name)
    rows = app.store.actions.list(row.id)
    names = {contact["id"]: contact["name"] for contact in ledger["contacts"]}
    emails = [one for one in state["emails"] if one["origin"] == name]
    held = _held(ledger)
    cash = _on_cash_terms(ledger)
    side = Side(
        name=name,
        open_amounts=_shown(_platform_totals(ledger)),
        emails=len(emails),
        notes=len(ledger["history"]),
        held=tuple(sorted(names[one] for one in held)),
        on_cash_terms=tuple(sorted(names[one] for one in cash)),
        expected_dates=sum(1 for invoice in ledger["invoices"] if invoice["expected_on"]),
        attachments=len(ledger["attachments"]),
        stored={kind.value: count for kind, count in app.store.ledger.counts(row.id).items()},
        actions={state.value: count for state, count in app.store.actions.counts(row.id).items()},
    )
    side.differences += _different_money(app, row.id, ledger)
    side.differences += _different_notes(rows, ledger)
    side.differences += _different_emails(rows, emails)
    side.differences += _different_holds(app, row.id, held)
    side.differences += _different_terms(rows, cash, names)
    side.differences += _chased_but_paid(ledger, emails)
    side.differences += [
        f"{one.key[:12]} {one.action.kind} is {one.state}: {one.reason}"
        for one in rows
        if one.state in _NEVER_HERE
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


def _different_money(app: App, connection_id: int, ledger: Mapping[str, Any]) -> Iterable[str]:
    theirs = _platform_totals(ledger)
    ours = {
        (total.contact_id, total.currency): total.amount_due
        for total in app.store.ledger.totals(connection_id)
        if total.amount_due
    }
    for key in sorted(set(theirs) | set(ours)):
        if theirs.get(key, ZERO) != ours.get(key, ZERO):
            yield (
                f"amount due of contact {key[0]} in {key[1]}: {theirs.get(key, ZERO)} there, "
                f"{ours.get(key, ZERO)} here"
            )


def _different_notes(rows: Iterable[ActionRow], ledger: Mapping[str, Any]) -> Iterable[str]:
    """Every done action's note stands, at each place it names once; no other marker does."""
    there: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for note in ledger["history"]:
        for found in _MARKER.findall(note["text"]):
            there[found][note["record"], note["id"]] += 1
    for found, places in sorted(there.items()):
        for place, count in places.items():
            if count > 1:
                yield f"the note {found} stands {count} times on {place[0]} {place[1]}"
    wanted = {
        marker(row.key): row
        for row in rows
        if row.state in _DONE and KINDS[row.action.kind].has_note
    }
    for found in sorted(set(wanted) - set(there)):
        action = wanted[found].action
        yield f"{action.kind} for {action.contact_name} is done, but no note {found} stands"
    started = {marker(row.key) for row in rows if row.state in _DONE | _OPEN_ENDED}
    for found in sorted(set(there) - started):
        yield f"a note {found} stands that no action of the store explains"


def _different_emails(
    rows: Iterable[ActionRow], emails: Iterable[Mapping[str, Any]]
) -> Iterable[str]:
    theirs = Counter(email["invoice_id"] for email in emails)
    ours = Counter(
        ref.id
        for row in rows
        if row.state in _DONE
        and row.action.kind is ActionKind.REMINDER
        and row.action.via is Via.PLATFORM
        for ref in row.action.invoices
    )
    for invoice in sorted(set(theirs) | set(ours)):
        if theirs[invoice] != ours[invoice]:
            yield f"invoice {invoice}: {theirs[invoice]} emails there, {ours[invoice]} here"


def _held(ledger: Mapping[str, Any]) -> set[str]:
    held = {
        contact["id"] for contact in ledger["contacts"] if HOLD_BLOCK in (contact["notes"] or "")
    }
    for group in ledger["groups"]:
        if group["name"] == HOLD_GROUP:
            held |= set(group["members"])
    return held


def _different_holds(app: App, connection_id: int, held: set[str]) -> Iterable[str]:
    ours = {
        contact.id
        for account in app.store.ledger.accounts(connection_id)
        if account.hold is not None
        for contact in account.contacts
    }
    for contact in sorted(held - ours):
        yield f"contact {contact} is on hold there, not here"
    for contact in sorted(ours - held):
        yield f"contact {contact} is on hold here, not there"


def _on_cash_terms(ledger: Mapping[str, Any]) -> set[str]:
    cash = {term["name"] for term in ledger["terms"] if term.get("due_days") == 0}
    found = set()
    for contact in ledger["contacts"]:
        terms = contact["terms"]
        day = terms.get("Day") if isinstance(terms, dict) else None
        if day == 0 or (isinstance(terms, str) and terms in cash):
            found.add(contact["id"])
    return found


def _different_terms(
    rows: Iterable[ActionRow], cash: set[str], names: Mapping[str, str]
) -> Iterable[str]:
    latest: dict[str, tuple[Any, ActionKind]] = {}
    for row in rows:
        kind = row.action.kind
        if row.state in _DONE and kind in {ActionKind.TERMS, ActionKind.RESTORE_TERMS}:
            entry = (row.changed_at, row.action.episode), kind
            known = latest.get(row.action.contact_id)
            latest[row.action.contact_id] = max(known, entry) if known else entry
    for contact, (_, kind) in sorted(latest.items()):
        if (kind is ActionKind.TERMS) != (contact in cash):
            want = "cash on delivery" if kind is ActionKind.TERMS else "their old terms"
            yield f"{names.get(contact, contact)} should be on {want}"


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
