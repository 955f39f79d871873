"""Every table is exported, shown to the customer it is about, and forgotten; or says why not."""

from __future__ import annotations

import inspect

import pytest

from arsync.application.reports.exported_decisions import EXPORTED_TABLES, ExportedTable
from arsync.application.reports.ledger_export import ENTITIES
from arsync.store.admin import (
    backup,
    credit_privacy,
    passing_privacy,
    privacy,
    rulebook_versions,
)
from arsync.store.db.tables import metadata

EXPORTED_AS = {
    "contacts": "contacts",
    "invoices": "invoices",
    "payments": "payments",
    "credits": "credits",
    "problems": "unreadable",
    "actions": "actions",
    "promises": "promises",
    "promised_invoices": "promises",
    "payment_plans": "payment_plans",
    "instalments": "instalments",
    "disputes": "disputes",
    "placements": "placements",
    "placed_debts": "placements",
    "contact_log": "contact_log",
    "undeliverable_addresses": "undeliverable_addresses",
    "notices": "notices",
    "personal_lines": "letters",
    **{exported.table: exported.name for exported in EXPORTED_TABLES},
}
OF_THE_MACHINE = "how arsync itself stands: pace, place in a pull, when it runs next"
OF_PEOPLE_HERE = "who may sign in, and secrets: never in a file; the desk has a page of its own"
MADE_AGAIN = "added up, or drawn, from what is exported"
NOT_EXPORTED = {
    "connections": "its name is the first column of every row; settings are in config.toml",
    "connection_labels": "`connections --json` shows them",
    "audit_log": "the desk exports it by itself: it is about people here, and has its own reader",
    "rulebook_versions": "`rules versions` lists them; the rules folder is a folder of files",
    "pushed_rules": "the rules folder from which they were pushed is a folder of files",
    "rules_drafts": "an unfinished text of somebody's, in the desk",
    "live_requests": OF_PEOPLE_HERE,
    "push_requests": OF_PEOPLE_HERE,
    "first_approvals": OF_PEOPLE_HERE,
    "credit_approvals": OF_PEOPLE_HERE,
    "pinned_entries": "an order of one's own of what is exported",
    "tries": MADE_AGAIN,
    "last_plans": MADE_AGAIN,
    "own_balances": MADE_AGAIN,
    "differences": "`report tie-out` shows them",
    "moved_invoices": MADE_AGAIN,
    "message_addresses": MADE_AGAIN,
    "held_conditions": MADE_AGAIN,
    "measure_snapshots": "`report measures` shows them",
    "goal_misses": MADE_AGAIN,
    "runs": "what a run did are its actions, and those are exported",
    **dict.fromkeys(
        (
            "users",
            "user_roles",
            "sign_in_tries",
            "web_sessions",
            "one_time_links",
            "api_tokens",
            "form_answers",
            "grants",
        ),
        OF_PEOPLE_HERE,
    ),
    **dict.fromkeys(
        (
            "alert_tellings",
            "bill_cursors",
            "cursors",
            "sweeps",
            "open_balances",
            "mailbox_positions",
            "daily_mails",
            "paces",
            "outages",
            "schedules",
            "webhook_events",
            "webhook_counts",
        ),
        OF_THE_MACHINE,
    ),
}
COLUMNS_NOT_EXPORTED = {
    "connection_id": "its name is the first column of every row",
    "id": "a row's own number, of which nothing else speaks",
    "folded_name": "the name again, as it is compared",
    "company_name": "of a supplier: by what its customer is looked for",
    "email": "of a supplier: likewise",
    "own_contact_id": "how `contact_id` was found",
    "whole": "which reading showed it last",
    "letters": "how many letters there were: each is an action",
    "facts": "of a decision: a block of their own, in `export CUSTOMER` and `credit show`",
}
NO_WORD_OF_A_CUSTOMER = {
    "connections": "the organisation's own data",
    "connection_labels": "the organisation's own data",
    "held_conditions": "ids and days",
    "first_approvals": "a key, a day and who approved",
    "goal_misses": "sums of the whole ledger",
    "measure_snapshots": "sums of the whole ledger",
    **dict.fromkeys(
        (
            "users",
            "user_roles",
            "sign_in_tries",
            "one_time_links",
            "api_tokens",
            "grants",
            "alert_tellings",
            "bill_cursors",
            "cursors",
            "sweeps",
            "open_balances",
            "mailbox_positions",
            "daily_mails",
            "paces",
            "outages",
            "schedules",
            "webhook_events",
            "webhook_counts",
        ),
        "of people here or of the machine: ids, days, counts",
    ),
}
HELD_UNDER_ANOTHER_NAME = {
    "contacts": "find_contact",
    "payments": "KINDS",
    "credits": "KINDS",
    "placed_debts": "rows_of",
    "last_plans": "_last_plans",
    "rulebook_versions": "take_name_out",
    "pushed_rules": "take_name_out",
    "rules_drafts": "take_name_out",
}
"""By what the code that shows and forgets a customer reaches these tables."""


@pytest.fixture(scope="module")
def code_of_privacy() -> str:
    """What shows and forgets a customer."""
    modules = (privacy, passing_privacy, credit_privacy, rulebook_versions)
    return "\n".join(map(inspect.getsource, modules))


@pytest.mark.parametrize("table", sorted(metadata.tables))
def test_every_table_is_exported_or_says_why_not(table: str) -> None:
    exported = EXPORTED_AS.get(table)
    assert (exported in ENTITIES) != bool(NOT_EXPORTED.get(table)), table


@pytest.mark.parametrize("table", sorted(metadata.tables))
def test_every_table_is_covered_by_forget(table: str, code_of_privacy: str) -> None:
    word = HELD_UNDER_ANOTHER_NAME.get(table, table)
    if table not in NO_WORD_OF_A_CUSTOMER:
        assert word in code_of_privacy, table


@pytest.mark.parametrize("exported", EXPORTED_TABLES, ids=lambda exported: exported.name)
def test_every_column_is_exported_or_says_why_not(exported: ExportedTable) -> None:
    held = {column.name for column in metadata.tables[exported.table].columns}
    named = {line.strip().partition(":")[0] for line in exported.columns.strip().splitlines()}
    assert held - named <= set(COLUMNS_NOT_EXPORTED)


def test_what_a_backup_leaves_out_is_named() -> None:
    assert {table.name for table in backup.NOT_RESTORED} == {
        "outages",
        "web_sessions",
        "one_time_links",
        "sign_in_tries",
        "form_answers",
        "tries",
        "alert_tellings",
    }


def test_no_table_is_named_that_is_gone() -> None:
    named = {*EXPORTED_AS, *NOT_EXPORTED, *NO_WORD_OF_A_CUSTOMER, *HELD_UNDER_ANOTHER_NAME}
    assert named <= set(metadata.tables)
