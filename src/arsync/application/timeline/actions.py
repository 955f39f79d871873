"""What arsync did and planned, as events."""

from __future__ import annotations

from collections.abc import Iterator

from arsync.application.timeline.events import TimelineEvent, TimelineSubject
from arsync.core.actions import AccountLetterPayload, Action, ActionState
from arsync.core.actions.message_words import mailing_words, noun_for
from arsync.core.actions.notices import NoticeNumber, as_written, bears_number
from arsync.core.actions.registry import KINDS, MESSAGE_KINDS, WORD_KINDS
from arsync.core.ledger.money import shown
from arsync.store.actions.personal_lines import PersonalLine
from arsync.store.models import ActionRow

INVOICES_NAMED_MAX = 3

_DONE = frozenset({ActionState.SENT, ActionState.CONFIRMED})
_FAILED = frozenset({ActionState.UNKNOWN, ActionState.REJECTED})


def action_events(subject: TimelineSubject) -> Iterator[TimelineEvent]:
    """Yield each action as it stands, and the end of each task."""
    organisation = subject.organisation
    notices = [row.key for row in subject.actions if bears_number(row.action)]
    numbers = organisation.store.letters.numbers(organisation.id, notices) if notices else {}
    messages = [row.key for row in subject.actions if row.action.kind in MESSAGE_KINDS]
    lines = organisation.store.personal_lines.of(messages) if messages else {}
    for row in subject.actions:
        # What a person said is told by its own source; of the note about it only a failure.
        if row.action.kind not in WORD_KINDS or row.state in _FAILED:
            yield _as_it_stands(subject, row, numbers.get(row.key), lines.get(row.key))
        if row.done_at is not None:
            yield _task_done(subject, row)


def _as_it_stands(
    subject: TimelineSubject,
    row: ActionRow,
    number: NoticeNumber | None,
    line: PersonalLine | None,
) -> TimelineEvent:
    # What has happened stands at its day; what waits, at the day since which it waits.
    at = row.first_sent_at if row.state in _DONE and row.first_sent_at else row.changed_at
    on = row.sent_on if row.state in _DONE and row.sent_on else subject.day_of(at)
    return TimelineEvent(
        on,
        row.action.kind.value.replace("_", " "),
        f"{_what(row.action)}{_numbered(subject, number)}: {_state(row)}{_with_line(line)}",
        at,
        _by(row),
        row.key,
        _numbers(row.action),
    )


def _by(row: ActionRow) -> str:
    payload = row.action.payload
    if isinstance(payload, AccountLetterPayload) and payload.asked_by:
        return payload.asked_by
    return "" if row.by_person else "arsync"


def _numbered(subject: TimelineSubject, number: NoticeNumber | None) -> str:
    if number is None:
        return ""
    form = subject.organisation.config.letters.notice_number
    return f", notice {as_written(number, form)}"


def _with_line(line: PersonalLine | None) -> str:
    return "" if line is None else f", with a line added by {line.who}: “{line.line}”"


def _task_done(subject: TimelineSubject, row: ActionRow) -> TimelineEvent:
    assert row.done_at is not None
    # What a person said begins with its code, or stands for one: `will pay on 2026-12-10`.
    code = "" if row.outcome.startswith(row.outcome_code) else row.outcome_code
    return TimelineEvent(
        row.done_on or subject.day_of(row.done_at),
        "task done",
        ": ".join(filter(None, [row.action.payload.title, code, row.outcome])),
        row.done_at,
        "",
        row.key,
        _numbers(row.action),
    )


def _what(action: Action) -> str:
    named = noun_for(action, KINDS[action.kind].done[0])
    refs = [
        f"{ref.number or ref.id} {shown(ref.amount_due, ref.currency)}"
        for ref in action.invoices[:INVOICES_NAMED_MAX]
    ]
    more = len(action.invoices) - len(refs)
    about = ", ".join([*refs, f"{more:,} more"] if more > 0 else refs)
    named = named[:1].upper() + named[1:] + mailing_words(action)
    return f"{named} about {about}" if about else named


def _state(row: ActionRow) -> str:
    detail = row.receipt.detail if row.receipt is not None else ""
    remark = detail if row.state in _DONE else row.reason
    return f"{row.state.word} ({remark})" if remark else row.state.word


def _numbers(action: Action) -> tuple[str, ...]:
    return tuple(ref.number or ref.id for ref in action.invoices)
