"""The suite that certifies a channel. Needs pytest; import it from tests only.

A channel's own test module subclasses `ChannelContract` and provides one fixture, `bench`: the
channel, settings that let it work, a customer that it can reach, and a hand on the other side:

    class TestPigeonPost(ChannelContract):
        @pytest.fixture
        def bench(self, loft: Loft) -> ChannelBench:
            return LoftBench(loft)
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Protocol

import pytest

from arsync.channels import Carries, Channel, Message, MessageTrace
from arsync.config import Config
from arsync.config.channel_sections import section_of
from arsync.config.typed_settings import settings_of
from arsync.core.ledger.records import Contact, Phone
from arsync.errors import HealsWhen, OutcomeUnknown, Rejected, RetryLater, UserMistake

A_KEY = "3f9a" * 8
ANOTHER_KEY = "77ab" * 8
DAY = date(2026, 11, 30)
MADE_AT = datetime(2026, 11, 30, 9, 30, tzinfo=UTC)

REACHABLE = Contact(
    "c1", "Acme Ltd", email="jane@acme.example", phones=(Phone("+44 7700 900123", "mobile"),)
)
"""A customer as most benches can use it."""

A_PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\n"
    b"trailer<</Root 1 0 R>>\n%%EOF\n"
)
"""One empty page."""


class ChannelBench(Protocol):
    """A channel, and the other side of it."""

    @property
    def channel(self) -> Channel:
        """Return the channel."""
        ...

    @property
    def config(self) -> Config:
        """Return settings with all that it needs."""
        ...

    @property
    def without_settings(self) -> Config:
        """Return settings without what it needs."""
        ...

    @property
    def contact(self) -> Contact:
        """Return a customer that it can reach."""
        ...

    @property
    def secrets(self) -> Sequence[str]:
        """Return what no error and no receipt may show."""
        ...

    @property
    def can_look_up(self) -> bool:
        """Return whether it can be asked what became of a message."""
        ...

    def delivered(self) -> Sequence[str]:
        """Return what the other side has: a text for each message, its subject or title in it."""
        ...

    def away(self) -> None:
        """Let the next delivery fail for now: nothing is taken."""
        ...

    def lose_answer(self) -> bool:
        """Let the next delivery happen and its answer be lost; False where that cannot be."""
        ...

    def is_later(self) -> None:
        """Let so much time pass that whatever was taken can be seen."""
        ...


def a_message(bench: ChannelBench, key: str = A_KEY, title: str = "second reminder") -> Message:
    """Return a message that any channel can take."""
    return Message(
        key=key,
        connection="acme",
        title=title,
        customer=bench.contact.name,
        to=bench.channel.recipients(bench.config, bench.contact, "", "GB"),
        subject=f"{title} of {bench.contact.name}",
        text=f"{title}: please pay.",
        html=f"<p>{title}: please pay.</p>",
        day=DAY,
        made_at=MADE_AT,
        short_text=f"{title} of {bench.contact.name}: please pay.",
        pdf=A_PDF,
        notice_number="N-7",
    )


def trace_of(bench: ChannelBench, message: Message) -> MessageTrace:
    """Return by what a message is looked for."""
    saved = bench.channel.prepare(bench.config, message)
    return MessageTrace(message.key, message.connection, saved, MADE_AT - timedelta(minutes=1))


class ChannelContract:
    """Every promise of `arsync.channels.Channel`."""

    @pytest.fixture
    def bench(self) -> ChannelBench:
        """Return the channel to be tested."""
        raise NotImplementedError

    def test_it_says_what_it_is_and_carries(self, bench: ChannelBench) -> None:
        channel = bench.channel
        assert channel.name
        assert channel.name == channel.name.strip().lower()
        assert channel.label
        assert channel.carries <= set(Carries)
        assert channel.carries, "it carries nothing"
        assert channel.max_characters >= 0
        assert channel.messages_per_day(bench.config) >= 0

    def test_missing_settings_are_said_and_nothing_leaves(self, bench: ChannelBench) -> None:
        assert bench.channel.settings_problem(bench.config) == ""
        assert bench.channel.obstacle(bench.config) == ""
        problem = bench.channel.settings_problem(bench.without_settings)
        assert problem
        self._hides_secrets(bench, problem)
        with pytest.raises(UserMistake):
            bench.channel.prepare(bench.without_settings, a_message(bench))
        assert not bench.delivered()

    def test_its_settings_are_told_and_secrets_marked(self, bench: ChannelBench) -> None:
        kind = bench.channel.settings
        if kind is None:
            return
        section = bench.config.section(section_of(bench.channel.name))
        for setting in settings_of(section_of(bench.channel.name), kind):
            value = section.get(setting.key, setting.default)
            assert setting.comment, f"nobody is told what {setting.key} means"
            assert isinstance(getattr(kind(), setting.key), int if setting.whole else str)
            assert setting.secret or not any(secret in value for secret in bench.secrets)
            assert value not in repr(kind(**{setting.key: value})) or not setting.secret

    def test_it_checks_what_it_is_told(self, bench: ChannelBench, tmp_path: Path) -> None:
        """The settings with which it works are right, and those that it has by itself."""
        kind = bench.channel.settings
        if kind is None:
            return
        for texts in (kind().texts(), bench.config.section(section_of(bench.channel.name))):
            for key, text in texts.items():
                assert not text or kind.problem_of(key, text, tmp_path) == ""

    def test_preparing_delivers_nothing(self, bench: ChannelBench) -> None:
        bench.channel.prepare(bench.config, a_message(bench))
        assert not bench.delivered()

    def test_a_message_is_delivered_once(self, bench: ChannelBench) -> None:
        message = a_message(bench)
        bench.channel.prepare(bench.config, message)
        receipt = bench.channel.deliver(bench.config, message)
        assert receipt.reference
        assert receipt.detail
        self._hides_secrets(bench, receipt.detail)
        (only_one,) = bench.delivered()
        assert message.title in only_one

    def test_two_messages_are_two(self, bench: ChannelBench) -> None:
        for key, title in ((A_KEY, "second reminder"), (ANOTHER_KEY, "final notice")):
            message = a_message(bench, key, title)
            bench.channel.prepare(bench.config, message)
            bench.channel.deliver(bench.config, message)
        assert len(bench.delivered()) == 2

    def test_a_customer_that_cannot_be_reached_is_refused(self, bench: ChannelBench) -> None:
        for nobody in (None, Contact("c2", "")):
            with pytest.raises(Rejected) as refused:
                bench.channel.recipients(bench.config, nobody, "", "")
            assert refused.value.heals_when is HealsWhen.RECORD

    def test_a_longer_text_than_it_takes_is_refused(self, bench: ChannelBench) -> None:
        most = bench.channel.max_characters
        if not most:
            return
        long = a_message(bench)._replace(short_text="x" * (most + 1))
        with pytest.raises(Rejected):
            bench.channel.prepare(bench.config, long)
        assert not bench.delivered()

    def test_what_it_cannot_carry_is_refused(self, bench: ChannelBench) -> None:
        if Carries.TEXT in bench.channel.carries:
            return
        with pytest.raises(Rejected):
            bench.channel.prepare(bench.config, a_message(bench)._replace(pdf=b""))

    def test_while_it_is_away_nothing_leaves(self, bench: ChannelBench) -> None:
        message = a_message(bench)
        trace = trace_of(bench, message)
        bench.away()
        with pytest.raises(RetryLater) as later:
            bench.channel.deliver(bench.config, message)
        assert later.value.after_seconds > 0
        self._hides_secrets(bench, str(later.value))
        assert not bench.delivered()
        bench.is_later()
        if bench.can_look_up:
            assert bench.channel.look_up(bench.config, trace) is None
        bench.channel.deliver(bench.config, message)
        assert len(bench.delivered()) == 1

    def test_a_lost_answer_is_no_refusal(self, bench: ChannelBench) -> None:
        message = a_message(bench)
        trace = trace_of(bench, message)
        if not bench.lose_answer():
            return
        with pytest.raises(OutcomeUnknown) as unknown:
            bench.channel.deliver(bench.config, message)
        self._hides_secrets(bench, str(unknown.value))
        assert len(bench.delivered()) == 1
        self._finds(bench, trace)

    def test_a_delivered_message_is_found(self, bench: ChannelBench) -> None:
        message = a_message(bench)
        trace = trace_of(bench, message)
        bench.channel.deliver(bench.config, message)
        self._finds(bench, trace)

    def test_a_message_that_never_left_is_not_found(self, bench: ChannelBench) -> None:
        trace = trace_of(bench, a_message(bench))
        notice = a_message(bench, ANOTHER_KEY, "final notice")
        bench.channel.prepare(bench.config, notice)
        bench.channel.deliver(bench.config, notice)
        bench.is_later()
        if bench.can_look_up:
            assert bench.channel.look_up(bench.config, trace) is None
        else:
            with pytest.raises(OutcomeUnknown):
                bench.channel.look_up(bench.config, trace)

    def test_a_person_is_told_where_to_look(self, bench: ChannelBench) -> None:
        message = a_message(bench)
        where = bench.channel.where_to_look(bench.config, trace_of(bench, message))
        assert where
        self._hides_secrets(bench, where)

    def _finds(self, bench: ChannelBench, trace: MessageTrace) -> None:
        bench.is_later()
        if bench.can_look_up:
            receipt = bench.channel.look_up(bench.config, trace)
            assert receipt is not None
            assert receipt.reference
        else:
            with pytest.raises(OutcomeUnknown):
                bench.channel.look_up(bench.config, trace)

    def _hides_secrets(self, bench: ChannelBench, words: str) -> None:
        for secret in bench.secrets:
            assert secret not in words
