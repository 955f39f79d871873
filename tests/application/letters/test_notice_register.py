"""The register of notices: numbers with what became of them, also of those that never left."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from decimal import Decimal

import pytest
from tests.builders.actions import an_action, an_invoice_ref
from tests.builders.books import NOW, TODAY

from arsync.application.letters.notice_register import (
    PASSED_OVER,
    RegisteredNotice,
    amount_shown,
    notice_register,
    outcome_of,
    register_csv,
)
from arsync.application.organisation.container import Container
from arsync.application.permissions import Actor, Role
from arsync.connector_sdk import Receipt
from arsync.core.actions import Action, ActionState
from arsync.errors import UserMistake
from arsync.store.actions.action_rows import add_asked

RITA = Actor("Rita", Role.READER)


def numbered(container: Container, action: Action, on: date, *states: ActionState) -> int:
    """Give an action its number, and let it become what the states say."""
    store = container.store
    store.connections.set_mode("books", "auto")
    connection = store.connections.get("books")
    with store.actions._database.write() as db:
        add_asked(db, connection.id, action, who="Ann", why="asked", now=NOW)
    claimed = store.claims.claim_next(
        connection.id, now=NOW, lease_seconds=60, keys=[action.key], today=on
    )
    assert claimed is not None
    number = store.letters.number(connection.id, action.key).number
    for state in states:
        receipt = Receipt("<m@x>", "mail to a@x.example") if state is ActionState.SENT else None
        store.actions.change(
            action.key, state, who="Ann", why="no longer wanted", now=NOW, receipt=receipt
        )
    return number


def a_notice(number: int, name: str = "Acme Ltd", currency: str = "GBP") -> Action:
    refs = (an_invoice_ref(f"i{number}"), an_invoice_ref(f"k{number}", currency=currency))
    return an_action(
        subject=f"i{number}", step="final notice", via="smtp", contact_name=name, invoices=refs
    )


@pytest.fixture
def register(container: Container) -> Container:
    """Five notices: sent, refused, of unknown outcome, put off, and leaving now."""
    numbered(container, a_notice(1, "=SUM(A1)"), TODAY - timedelta(2), ActionState.SENT)
    numbered(container, a_notice(2), TODAY - timedelta(1), ActionState.REJECTED)
    numbered(container, a_notice(3, currency="EUR"), TODAY, ActionState.UNKNOWN)
    numbered(container, a_notice(4), TODAY, ActionState.APPROVED)
    numbered(container, a_notice(5), TODAY)
    return container


def test_each_number_has_its_outcome(register: Container) -> None:
    notices = notice_register(RITA, register)
    assert [(notice.number, notice.outcome) for notice in notices] == [
        (1, "sent: mail to a@x.example"),
        (2, "not sent: refused: no longer wanted"),
        (3, "not known whether it left"),
        (4, "not sent yet"),
        (5, "leaving now"),
    ]
    sent, refused, in_two_currencies, *_ = notices
    assert (sent.amount, sent.currency, amount_shown(sent)) == (Decimal(200), "GBP", "GBP 200.00")
    assert (sent.sent_on, refused.sent_on) == (TODAY - timedelta(2), None)
    assert (in_two_currencies.amount, amount_shown(in_two_currencies)) == (None, "")
    assert (sent.written, sent.number) == ("N-1", 1)
    assert sent.invoices == ("INV-1", "INV-k1")


def test_days_narrow_the_register(register: Container) -> None:
    yesterday = TODAY - timedelta(1)
    of_day = notice_register(RITA, register, since=yesterday, until=yesterday)
    assert [notice.number for notice in of_day] == [2]
    with pytest.raises(UserMistake, match="is before --from"):
        notice_register(RITA, register, since=TODAY, until=yesterday)


def test_the_csv_has_every_number_and_no_formula(register: Container) -> None:
    rows = list(csv.DictReader(io.StringIO(register_csv(notice_register(RITA, register)))))
    assert [row["number"] for row in rows] == ["1", "2", "3", "4", "5"]
    assert rows[0]["customer"] == "'=SUM(A1)"
    assert (rows[0]["amount"], rows[2]["amount"]) == ("200.00", "")
    assert rows[0]["invoices"] == "INV-1 INV-k1"


def test_numbers_passed_over_are_said(register: Container) -> None:
    source = register.config.folder / "kept.db"
    register.store.back_up(source)
    lost = register.store.letters.register(register.store.connections.get("books").id)[-1]
    assert lost.row is not None
    assert outcome_of(lost.row) == "leaving now"
    passed = RegisteredNotice("books", 1005, "N-1005", TODAY, outcome=PASSED_OVER)
    restored = register.config.folder / "restored.db"
    from arsync.store import open_store

    with open_store(f"sqlite:///{restored}", clock=register.clock) as store:
        store.restore(source)
        connection = store.connections.get("books")
        notice = store.letters.register(connection.id)[-1]
        assert (notice.number, notice.row) == (passed.number, None)
