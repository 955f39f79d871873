"""The export has every letter that left, and the register of notices without a gap."""

from __future__ import annotations

from typing import Any

from tests.application.letters.test_notice_register import a_notice, numbered
from tests.builders.books import TODAY

from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import organisations
from arsync.application.permissions import SCHEDULE
from arsync.application.reports.ledger_export import ENTITIES, export_rows
from arsync.core.actions import ActionState


def exported(container: Container, name: str) -> list[dict[str, Any]]:
    entity = ENTITIES[name]
    rows = export_rows(SCHEDULE, organisations(container, None), entity)
    return [dict(zip(entity.header, row, strict=True)) for row in rows]


def test_the_register_is_exported_number_by_number(container: Container) -> None:
    numbered(container, a_notice(1), TODAY, ActionState.SENT)
    numbered(container, a_notice(2), TODAY, ActionState.REJECTED)
    rows = exported(container, "notices")
    assert [(row["number"], row["state"], row["text"]) for row in rows] == [
        (1, "sent", "final notice"),
        (2, "rejected", "final notice"),
    ]
    assert {row["connection"] for row in rows} == {"books"}
    assert rows[0]["contact_name"] == "Acme Ltd"


def test_only_letters_that_left_are_listed(container: Container) -> None:
    numbered(container, a_notice(1), TODAY, ActionState.SENT)
    numbered(container, a_notice(2), TODAY, ActionState.REJECTED)
    (letter,) = exported(container, "letters")
    assert (letter["notice_number"], letter["text"], letter["via"]) == (1, "final notice", "smtp")
    assert (letter["sent_on"], letter["reference"]) == (TODAY, "<m@x>")


def test_each_change_of_an_action_is_exported(container: Container) -> None:
    numbered(container, a_notice(1), TODAY, ActionState.SENT)
    states = [row["to_state"] for row in exported(container, "action_events")]
    assert states[-2:] == ["sending", "sent"]
