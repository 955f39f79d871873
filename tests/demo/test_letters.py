"""The demo's letters: each that left came once, by mail or on paper, and nobody else's did."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import arsync_rulebooks
from arsync.core.actions import (
    AccountLetterPayload,
    Action,
    ActionState,
    Because,
    LetterPayload,
    TaskPayload,
    Via,
)
from arsync.core.actions.posting import task_to_post
from arsync.core.rulebook import read_rulebook
from arsync.demo.letters import RULES, different_letters, named, outcome_of_posting
from arsync.store.models import ActionRow

NOW = datetime(2026, 9, 14, 10, tzinfo=UTC)


def letter(via: str, *, paper: bool = False) -> Action:
    payload = (
        LetterPayload(letter="final notice") if paper else AccountLetterPayload(letter="thanks")
    )
    return Action(
        payload=payload,
        connection="xero",
        contact_id="c1",
        contact_name="Ada",
        because=Because("", 0, "rule"),
        step=payload.letter,
        via=via,
    )


def row(action: Action) -> ActionRow:
    """Return a letter that left."""
    return ActionRow(
        action,
        action.key,
        1,
        ActionState.SENT,
        run_id=1,
        rulebook_hash="",
        before={},
        generation=1,
        attempts=1,
        first_sent_at=NOW,
        sent_on=NOW.date(),
        not_before=None,
        receipt=None,
        reason="",
        lease_until=None,
        by_person=False,
        done_at=None,
        outcome="",
        created_at=NOW,
        changed_at=NOW,
    )


def mail(key: str) -> dict[str, Any]:
    return {"headers": {"X-Arsync-Key": key}}


def test_the_rules_stand_beside_the_standard_rulebook() -> None:
    files = [("letters.yaml", RULES), ("standard.yaml", arsync_rulebooks.text("standard"))]
    rulebook, problems = read_rulebook(files)
    assert problems == []
    assert rulebook is not None
    assert rulebook.reminders[0].name == "The trade by letter"
    assert {"statement of account", "thank you"} <= rulebook.account_letters()


def test_each_mail_came_once(tmp_path: Path) -> None:
    sent = row(letter(Via.SMTP))
    assert list(different_letters([sent], [mail(sent.key), mail("other")], tmp_path)) == []
    for mails in ([], [mail(sent.key)] * 2):
        [told] = different_letters([sent], mails, tmp_path)
        assert f"{len(mails)} mails came of it" in told


def test_each_paper_is_printed_once(tmp_path: Path) -> None:
    printed = row(letter(Via.POST, paper=True))
    day = tmp_path / "2026-09-14"
    day.mkdir()
    [told] = different_letters([printed], [], tmp_path)
    assert "printed 0 times, sent" in told
    (day / f"0001 Ada final notice N-1 {printed.key[:16]}.pdf").touch()
    (day / "to print.pdf").touch()
    assert list(different_letters([printed], [], tmp_path)) == []
    (day / f"0002 Bob final notice {'f' * 16}.pdf").touch()
    [told] = different_letters([printed], [], tmp_path)
    assert "printed 1 times, not sent" in told


def test_letters_are_counted_by_name_and_posted_by_hand() -> None:
    paper = letter(Via.POST, paper=True)
    assert named(paper) == "letters: final notice by post"
    assert named(letter(Via.SMTP)) == "letters: thanks"
    task = task_to_post(paper, "0001.pdf")
    assert (named(task), outcome_of_posting(task)) == ("", "posted")
    assert isinstance(task.payload, TaskPayload)
    assert outcome_of_posting(paper) == ""
