"""A customer who is named in words about other things is shown them, and taken out of them."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import select, update
from tests.store.conftest import fill_every_table

from arsync.store import Store
from arsync.store.admin.passing_privacy import (
    forget_in_passing,
    forget_payment_words,
    held_in_passing,
)
from arsync.store.db.people_tables import form_answers, web_sessions
from arsync.store.db.policy_tables import live_requests, push_requests, rules_drafts
from arsync.store.db.tables import payments, runs

NAME = "Quist & Daughters"


def filled(store: Store) -> Any:
    """Return an open transaction on a store in which words about other things name a customer."""
    db = store.engine.connect()
    fill_every_table(db)
    for column in (
        runs.c.message,
        rules_drafts.c.reason,
        live_requests.c.reason,
        push_requests.c.reason,
        form_answers.c.message,
        web_sessions.c.message,
    ):
        db.execute(update(column.table).values({column: f"Recorded: {NAME}, by Friday"}))
    return db


def test_the_name_goes_and_the_words_stay(store: Store) -> None:
    with filled(store) as db:
        forget_in_passing(db, 1, NAME)
        tables = (runs, rules_drafts, live_requests, push_requests, form_answers, web_sessions)
        rows = [dict(db.execute(select(table)).mappings().one()) for table in tables]
        told = json.dumps(rows, default=str)
        assert NAME not in told
        assert told.count("Recorded: forgotten, by Friday") == len(tables)


def test_another_connection_keeps_its_words(store: Store) -> None:
    with filled(store) as db:
        forget_in_passing(db, 2, NAME)
        assert NAME in db.scalar(select(runs.c.message))


def test_what_lies_beside_the_records_is_shown(store: Store) -> None:
    with filled(store) as db:
        held = held_in_passing(db, 1, "contact_id-1", ["key-1"])
        assert {name: len(rows) for name, rows in held.items()} == {
            "unreadable": 1,
            "pinned_entries": 1,
            "own_balances": 1,
            "differences": 1,
            "trials": 1,
            "moved_invoices": 0,
            "personal_lines": 1,
        }
        assert held["personal_lines"][0]["line"] == "line-1"


def test_what_was_typed_into_payments_goes(store: Store) -> None:
    with filled(store) as db:
        forget_payment_words(db, 1, "contact_id-1")
        assert db.scalar(select(payments.c.reference)) == ""
