"""What must hold at the end of every schedule, whatever happened on the way."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from tests.builders.ledgers import once
from tests.builders.world import ON_THE_WAY

from arsync.core.actions import ALLOWED_CHANGES, STARTED_STATES, ActionKind, ActionState, marker
from arsync.core.ledger.records import DocumentStatus
from arsync.store.models import ActionRow

from .accidents import Check
from .world import WatchedWorld

_MARKER = re.compile(r"\[arsync:[0-9a-f]+\]")


def once_with_its_mail(name: str) -> dict[str, int]:
    """Return what stands when everything was done once where a mail server is set up."""
    subject = "Reminder: invoice INV-0002 is overdue - Sandbox Trading Ltd"
    return once(name) | {f"letter to c-paper@customers.example: {subject}": 1}


def same_as(reference: Mapping[str, int]) -> Check:
    """Return the check that everything stands as often as in a life without accidents."""

    def check(world: WatchedWorld) -> None:
        stands = world.stands()
        differs = {
            words: f"{stands.get(words, 0)}, not {reference.get(words, 0)}"
            for words in {*stands, *reference}
            if stands.get(words, 0) != reference.get(words, 0)
        }
        differs = _but_for_refused_letters(world, differs)
        assert not differs, f"stands differently: {differs}; {_states(world)}"
        assert not world.my_rows(*ON_THE_WAY, ActionState.UNKNOWN), _states(world)
        nothing_twice(world)
        audit_is_whole(world)

    return check


def _but_for_refused_letters(world: WatchedWorld, differs: dict[str, str]) -> dict[str, str]:
    """Leave out what is otherwise because a mail server refused a recipient for good.

    Its letters are missing, and a person is asked for another address.
    """
    refused = [row for row in world.my_rows(ActionState.REJECTED) if "was refused" in row.reason]
    return {
        words: difference
        for words, difference in differs.items()
        if not any(
            (_is_about(row, words) and difference == "0, not 1")
            or (_asks_for_address(row, words) and difference == "1, not 0")
            for row in refused
        )
    }


def _is_about(row: ActionRow, words: str) -> bool:
    return any(address in words for address in _addresses(row.reason)) or any(
        words.startswith(f"note on {ref.number}:") for ref in row.action.invoices
    )


def _asks_for_address(row: ActionRow, words: str) -> bool:
    return words == f"note on {row.action.contact_name}: Task opened"


def _addresses(reason: str) -> list[str]:
    return re.findall(r"(\S+@\S+) was refused", reason)


def _states(world: WatchedWorld) -> list[str]:
    return [f"{row.action.kind} {row.state}: {row.reason}" for row in world.my_rows()]


def nothing_twice(world: WatchedWorld) -> None:
    """No note stands twice, no message left twice."""
    state = world.state()
    notes = Counter(_notes(state))
    notes.update(
        ("letter", email["headers"]["X-Arsync-Key"], ", ".join(email["to"]))
        for email in state["emails"]
        if email["origin"] == "smtp"
    )
    notes.update(("text message", message["body"], "") for message in state["text_messages"])
    twice = {what: count for what, count in notes.items() if count > 1}
    assert not twice, f"stands more than once: {twice}"


def _notes(state: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield kind, id and marker of everything marked."""
    for note in state["history"]:
        for mark in _MARKER.findall(note["text"]):
            yield note["record"], note["id"], mark


def audit_is_whole(world: WatchedWorld) -> None:
    """Each action's events lead from nothing to where it stands; each effect has its action."""
    marks: set[str] = set()
    state = world.state()
    shown = {mark for _, _, mark in _notes(state)}
    for row in world.my_rows():
        marks.add(marker(row.key))
        before: ActionState | None = None
        undone = False
        for event in world.app.store.actions.events(row.key):
            assert event.from_state == before, f"{row.key}: {event} does not follow {before}"
            assert event.actor, f"{row.key}: {event}: nobody did it"
            assert event.reason, f"{row.key}: {event}: for no reason"
            again = before == event.to_state or event.to_state is ActionState.PLANNED
            assert again or before is None or event.to_state in ALLOWED_CHANGES[before], str(event)
            # What was undone keeps its note, and may be planned again.
            undone |= (before, event.to_state) == (ActionState.CONFIRMED, ActionState.WITHDRAWN)
            before = event.to_state
        assert before == row.state, f"{row.key} is {row.state}; its last event says {before}"
        # A level leaves no note: its group, or block, is among what stands. Of a reference the
        # books are told nothing.
        noted = row.action.kind not in {ActionKind.REMINDER_LEVEL, ActionKind.REFERENCE_LETTER}
        if row.state is ActionState.CONFIRMED and noted:
            assert marker(row.key) in shown, f"{row.action.kind} is confirmed and does not show"
        if marker(row.key) in shown:
            assert undone or row.state in STARTED_STATES, (
                f"{row.action.kind} shows and is {row.state}"
            )
    assert shown <= marks, f"nobody knows who wrote {shown - marks}"


def money_is_conserved(world: WatchedWorld) -> None:
    """What the store says is owed is what the platform says, by contact and currency, exactly."""
    owed: Counter[tuple[str, str]] = Counter()
    for row in world.state()["invoices"]:
        if row.get("type", "ACCREC") == "ACCREC" and row["status"] in _OWED:
            owed[row["contact_id"], row["currency"]] += Decimal(row["amount_due"])  # type: ignore[assignment]
    requests: Counter[tuple[str, str]] = Counter()
    for account in world.app.store.ledger.accounts(world.mine().id):
        for invoice in account.invoices:
            if invoice.status == DocumentStatus.OPEN:
                requests[invoice.contact_id, invoice.currency] += invoice.amount_due  # type: ignore[assignment]
    assert +requests == +owed, f"store {+requests}, platform {+owed}"


_OWED = frozenset({"AUTHORISED", "open"})
