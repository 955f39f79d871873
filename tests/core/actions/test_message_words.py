"""What leaves is called what it is: the platform's own email is never called by our text's name."""

from __future__ import annotations

import pytest

from arsync.core.actions import (
    Action,
    ActionKind,
    Because,
    LetterPayload,
    Payload,
    ReminderPayload,
    TaskPayload,
    Via,
)
from arsync.core.actions.message_words import as_step, noun_for, sent_words, what_leaves


def an_action(payload: Payload, via: str = Via.PLATFORM, step: str = "final notice") -> Action:
    return Action(
        payload=payload,
        connection="acme",
        contact_id="c1",
        contact_name="Acme",
        because=Because("r.yaml", 1, "Standard"),
        step=step,
        via=via,
    )


OF_XERO = ReminderPayload(platform="Xero")


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (an_action(OF_XERO), "EMAIL INVOICE by Xero (final notice, day 30)"),
        (
            an_action(ReminderPayload()),
            "EMAIL INVOICE by the accounting system (final notice, day 30)",
        ),
        (an_action(ReminderPayload(), Via.SMTP), "SEND final notice by email (day 30)"),
        (an_action(ReminderPayload(), Via.SMS), "SEND final notice by text message (day 30)"),
        (an_action(ReminderPayload(), "whatsapp"), "SEND final notice by whatsapp (day 30)"),
        (
            an_action(LetterPayload(letter="final notice"), Via.POST),
            "SEND LETTER final notice by post (day 30)",
        ),
        (
            an_action(LetterPayload(letter="final notice")),
            "ATTACH LETTER final notice (day 30)",
        ),
        (an_action(TaskPayload("Call"), step="Call"), "OPEN TASK Call (day 30)"),
    ],
)
def test_a_plan_says_what_really_leaves(action: Action, words: str) -> None:
    assert what_leaves(action, "day 30") == words


def test_history_names_the_platforms_email_and_its_step() -> None:
    assert noun_for(an_action(OF_XERO), "reminder") == "invoice email by Xero (final notice)"
    mailed = an_action(ReminderPayload(), Via.SMTP)
    assert noun_for(mailed, "reminder") == "reminder 'final notice' by email"
    assert noun_for(an_action(TaskPayload("Call"), step=""), "task") == "task 'Call'"


@pytest.mark.parametrize(
    ("kind", "via", "note"),
    [
        (ActionKind.REMINDER, Via.PLATFORM, "Invoice emailed by Xero, as step final notice"),
        (ActionKind.REMINDER, Via.SMTP, "Final notice sent by email"),
        (ActionKind.LETTER, Via.POST, "Final notice sent by post"),
        (ActionKind.LETTER, Via.PLATFORM, "Final notice attached as a letter"),
        (ActionKind.TASK, Via.PLATFORM, "Task opened: Final notice"),
    ],
)
def test_no_note_claims_a_text_that_never_left(kind: ActionKind, via: str, note: str) -> None:
    words = sent_words(kind, "final notice", via, "Xero")
    assert words + as_step(kind, "final notice", via) == note
