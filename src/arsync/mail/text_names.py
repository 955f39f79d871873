"""The names of the texts that arsync brings along."""

from __future__ import annotations

from arsync.core.rulebook.model import (
    INSTALMENT_DUE,
    INSTALMENT_MISSED,
    PLAN_AGREED,
    REFERENCE_LETTERS,
)

TEXT_NAMES = (
    "upcoming",
    "first reminder",
    "second reminder",
    "third reminder",
    "final notice",
    "formal notice",
    "promise broken",
    "registration warning",
    "hand over announced",
)
"""The texts that ask for payment, in the order of a cadence."""

PLAN_TEXT_NAMES = (PLAN_AGREED, INSTALMENT_DUE, INSTALMENT_MISSED)
"""The texts about payment plans: `payment_plans` of a rulebook sends them, and no cadence."""

ACCOUNT_TEXT_NAMES = (
    "statement of account",
    "thank you",
    "satisfaction check",
    "terms of trade",
    "credit hold placed",
    "credit hold lifted",
    "credit limit changed",
)
"""The texts about the account, which ask for nothing."""

SHIPPED_NAMES = (*TEXT_NAMES, *PLAN_TEXT_NAMES, *ACCOUNT_TEXT_NAMES, *REFERENCE_LETTERS)

TABLES = ("invoices", "schedule", "statement")
"""The tables that a text can show: each is a template for the plain text and one for the HTML."""

ANSWER = "answer"
"""The line by which a customer answers: a template for each, as a table is."""

INCLUDED = {**{f"{table}_table": table for table in TABLES}, f"{ANSWER}_line": ANSWER}
"""By the name that a text includes it by, what it can include for the plain text and the HTML."""

SHORT_TEXT = "sms"
"""`templates/second reminder sms.txt` is what a text message of that name says."""
