"""A personal line above one letter, from the preview to the customer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from tests.builders.desk import RULES_BY_MAIL, DeskDriver, a_desk, add_person

from arsync.application.decisions.approvals import approve, take_approval_back
from arsync.application.decisions.personal_lines import (
    PERSONAL_LINE_CHARACTERS_MAX,
    put_personal_line,
)
from arsync.application.letters.previewing import LetterWanted, preview_letter
from arsync.application.people.persons import Person
from arsync.application.permissions import Actor, NotPermitted, Role
from arsync.application.timeline.customer_timeline import timeline
from arsync.clock import SetClock
from arsync.core.actions import ActionState
from arsync.errors import UserMistake

TOM = Actor("Tom Okafor", Role.CONTROLLER)
LINE = "Thank you for the call <today> & see you on Friday."


@pytest.fixture
def mailing(tmp_path: Path) -> Iterator[DeskDriver]:
    with a_desk(tmp_path, rules=RULES_BY_MAIL) as desk:
        yield desk


def letter_to(desk: DeskDriver, customer: str) -> str:
    """Return the key of a letter that waits."""
    return next(
        listed.row.key
        for listed in desk.container.waiting("books")
        if listed.row.action.contact_name == customer and listed.row.action.invoices
    )


def limited(desk: DeskDriver, name: str) -> Actor:
    """Return somebody who may not approve alone."""
    user = add_person(desk.container, name, Role.CONTROLLER, approves_up_to=Decimal(10))
    actor = Person(user).actor()
    assert actor is not None
    return actor


def mail_of(desk: DeskDriver, key: str) -> tuple[str, str]:
    """Return the text and the page of the mail of an action."""
    (mail,) = [mail for mail_key, mail in desk.books.mails if mail_key == key]
    text, page = (mail.message.get_body([kind]) for kind in ("plain", "html"))
    assert text is not None
    assert page is not None
    return text.get_content(), page.get_content()


def test_a_line_stands_above_the_text_that_leaves(mailing: DeskDriver) -> None:
    key = letter_to(mailing, "Larkfield Dental")
    put_personal_line(TOM, mailing.container, key, f"  {LINE}\n")
    shown = preview_letter(TOM, mailing.container, LetterWanted(key))
    assert shown.shown.text.index(LINE) < shown.shown.text.index("According to our records")
    list(mailing.container.sync("books"))
    approve(TOM, mailing.container, [key])
    list(mailing.container.sync("books"))
    text, page = mail_of(mailing, key)
    assert LINE in " ".join(text.split())
    assert "Thank you for the call &lt;today&gt; &amp; see you on Friday." in page
    assert "Friday" not in "".join(
        mail_of(mailing, other)[0] for other, _ in mailing.books.mails if other != key
    )
    told = [event.text for event in timeline(TOM, mailing.container, "Larkfield Dental").events]
    assert any(f"with a line added by Tom Okafor: “{LINE}”" in text for text in told)


def test_a_line_stays_while_its_letter_stands(mailing: DeskDriver) -> None:
    clock = mailing.container.clock
    assert isinstance(clock, SetClock)
    key = letter_to(mailing, "Larkfield Dental")
    put_personal_line(TOM, mailing.container, key, LINE)
    clock.advance(timedelta(hours=1))
    list(mailing.container.sync("books"))
    lines = mailing.container.store.personal_lines
    assert lines.of([key])[key].line == LINE
    mailing.books.pay(mailing.books.invoices["i7"])
    list(mailing.container.sync("books"))
    assert mailing.container.store.actions.get(key).state is ActionState.WITHDRAWN
    assert lines.of([key]) == {}, "what comes back later comes back without"


def test_an_empty_line_takes_it_away(mailing: DeskDriver) -> None:
    key = letter_to(mailing, "Larkfield Dental")
    put_personal_line(TOM, mailing.container, key, LINE)
    put_personal_line(TOM, mailing.container, key, "")
    assert mailing.container.store.personal_lines.of([key]) == {}
    whys = [event.reason for event in mailing.container.store.actions.events(key)]
    assert whys[-2:] == [f"a personal line, added by Tom Okafor: “{LINE}”", "no personal line"]


def test_a_line_is_one_sentence_long(mailing: DeskDriver) -> None:
    key = letter_to(mailing, "Larkfield Dental")
    put_personal_line(TOM, mailing.container, key, "x" * PERSONAL_LINE_CHARACTERS_MAX)
    with pytest.raises(UserMistake, match="201 characters is too long; 200 fit"):
        put_personal_line(TOM, mailing.container, key, "x" * (PERSONAL_LINE_CHARACTERS_MAX + 1))


def test_only_who_approves_adds_a_line(mailing: DeskDriver) -> None:
    key = letter_to(mailing, "Larkfield Dental")
    with pytest.raises(NotPermitted):
        put_personal_line(Actor("Rita Lund", Role.READER), mailing.container, key, LINE)


def test_what_was_decided_takes_no_line(mailing: DeskDriver) -> None:
    key = letter_to(mailing, "Larkfield Dental")
    approve(TOM, mailing.container, [key])
    with pytest.raises(UserMistake, match="does not wait for approval"):
        put_personal_line(TOM, mailing.container, key, LINE)


def test_the_platforms_own_email_takes_no_line(tmp_path: Path) -> None:
    with a_desk(tmp_path) as desk:
        key = letter_to(desk, "Larkfield Dental")
        with pytest.raises(UserMistake, match="sends this email in its own words"):
            put_personal_line(TOM, desk.container, key, LINE)


def test_another_line_asks_for_both_approvals_again(mailing: DeskDriver) -> None:
    key = letter_to(mailing, "Larkfield Dental")
    first, second = (limited(mailing, name) for name in ("Ann One", "Ben Two"))
    approve(first, mailing.container, [key])
    put_personal_line(second, mailing.container, key, LINE)
    (listed,) = approve(second, mailing.container, [key])
    assert listed.row.state is ActionState.AWAITING_APPROVAL, "the first saw another letter"
    take_approval_back(second, mailing.container, [key])
