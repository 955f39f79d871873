"""The statement of a customer, asking for it, and for other letters."""

from __future__ import annotations

from tests.builders.desk import DeskDriver
from tests.builders.programs import Program, said

from arsync.core.actions import ActionKind

STATEMENT = "/connections/books/customers/c1/statement"


def test_a_statement_lists_what_is_open(reader: Program) -> None:
    (section,) = reader.read(STATEMENT)["sections"]
    assert sorted(line["amount"] for line in section["lines"]) == ["1250.00", "4300.55", "800.00"]
    assert section["closing_balance"] == "6350.55"


def test_a_statement_leaves_with_the_next_run(desk: DeskDriver, controller: Program) -> None:
    sent = controller.post(f"{STATEMENT}/send")
    assert sent.status_code == 200, sent.text
    assert said(sent)["message"] == "Elmhurst Tools: statement of account leaves with the next run."
    connection = desk.container.store.connections.get("books")
    (row,) = desk.container.store.actions.list(connection.id, kinds={ActionKind.ACCOUNT_LETTER})
    assert row.state == "approved"
    # Once on a day.
    assert controller.post(f"{STATEMENT}/send").status_code == 422


def test_a_letter_leaves_with_the_next_run(desk: DeskDriver, controller: Program) -> None:
    letters = "/connections/books/customers/c1/letters"
    refused = controller.post(letters, letter="credit hold lifted")
    assert refused.status_code == 422
    assert "hold" in refused.text
    sent = controller.post(letters, letter="terms of trade")
    assert sent.status_code == 200, sent.text
    assert said(sent)["message"] == "Elmhurst Tools: terms of trade leaves with the next run."
    unplanned = controller.post(letters, letter="instalment due", plan=4)
    assert "has no payment plan 4" in unplanned.text
    connection = desk.container.store.connections.get("books")
    (row,) = desk.container.store.actions.list(connection.id, kinds={ActionKind.ACCOUNT_LETTER})
    assert row.state == "approved"
