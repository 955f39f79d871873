"""Text messages: the contract against the sandbox's API, numbers, refusals, redacted texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from tests.channels.conftest import sms_section

from arsync.channels import MessageTrace
from arsync.channels.contract_tests import (
    A_KEY,
    MADE_AT,
    ChannelBench,
    ChannelContract,
    a_message,
    trace_of,
)
from arsync.channels.sms import CHANNEL, LISTED_AFTER, PAGE_LENGTH, PAGES_MAX
from arsync.config import Config
from arsync.core.ledger.records import Contact, Phone
from arsync.errors import HealsWhen, OutcomeUnknown, Rejected, RetryLater, UserMistake
from arsync_sandbox.server import Sandbox
from arsync_sandbox.text_messages import TOKEN

MOBILE = "+447911123456"
CUSTOMER = Contact("c1", "Acme Ltd", phones=(Phone("07911 123456", "mobile"),), country="GB")


class TextBench:
    channel = CHANNEL
    contact = CUSTOMER
    secrets = (TOKEN,)
    can_look_up = True

    def __init__(self, sandbox: Sandbox, config: Config) -> None:
        self.config = config
        self.without_settings = replace(config, sms=replace(config.sms, account=""))
        self._sandbox = sandbox

    def delivered(self) -> Sequence[str]:
        return [message["body"] for message in self._sandbox.text_messages.as_json()]

    def away(self) -> None:
        self._sandbox.faults.add({"path": "Messages.json", "status": 429})

    def lose_answer(self) -> bool:
        self._sandbox.faults.add({"path": "Messages.json", "drop": "after"})
        return True

    def is_later(self) -> None:
        self._sandbox.timeline.move_to(self._sandbox.now() + 2 * LISTED_AFTER)


@pytest.fixture
def bench(sandbox: Sandbox, configured: Callable[[str], Config]) -> TextBench:
    return TextBench(sandbox, configured(sms_section(sandbox)))


class TestTextMessages(ChannelContract):
    @pytest.fixture
    def bench(self, sandbox: Sandbox, configured: Callable[[str], Config]) -> ChannelBench:
        return TextBench(sandbox, configured(sms_section(sandbox)))


@pytest.mark.parametrize(
    ("phones", "country", "home", "number"),
    [
        ((Phone("07911 123456"),), "GB", "", MOBILE),
        ((Phone("07911 123456"),), "", "GB", MOBILE),
        ((Phone("020 7946 0018", "office"), Phone("07911123456", "mobile")), "GB", "", MOBILE),
        ((Phone("020 7946 0018"), Phone("(07911) 123-456", "other")), "GB", "", MOBILE),
        ((Phone("0171 1234567", "mobile"),), "DE", "GB", "+491711234567"),
        ((Phone("+49 171 1234567"),), "", "", "+491711234567"),
        ((Phone("(415) 555-0132"),), "US", "", "+14155550132"),
    ],
)
def test_the_mobile_number_is_dialled_from_anywhere(
    bench: TextBench, phones: tuple[Phone, ...], country: str, home: str, number: str
) -> None:
    contact = Contact("c1", "Acme", phones=phones, country=country)
    assert CHANNEL.recipients(bench.config, contact, "", home) == (number,)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("020 7946 0018", "'020 7946 0018' is not a mobile number"),
        ("call the shop", "'call the shop' is not a mobile number"),
        ("07911 123456 ext. no", "is not a mobile number"),
    ],
)
def test_other_numbers_get_no_text_message(bench: TextBench, number: str, words: str) -> None:
    contact = Contact("c1", "Acme", phones=(Phone(number),), country="GB")
    with pytest.raises(Rejected, match=words) as refused:
        CHANNEL.recipients(bench.config, contact, "", "")
    assert refused.value.heals_when is HealsWhen.RECORD


def answers(status: int, code: int = 0, text: str = "No") -> dict[str, Any]:
    return {
        "path": "Messages.json",
        "status": status,
        "body": {"code": code, "message": text, "status": status},
    }


@pytest.mark.parametrize(
    ("status", "code", "error", "heals_when"),
    [
        (400, 21211, Rejected, HealsWhen.RECORD),
        (400, 21610, Rejected, HealsWhen.RECORD),
        (400, 21606, Rejected, HealsWhen.SETTING),
        (401, 20003, UserMistake, None),
        (403, 20403, UserMistake, None),
        (404, 20404, UserMistake, None),
        (429, 20429, RetryLater, None),
        (500, 20500, OutcomeUnknown, None),
        (503, 20503, OutcomeUnknown, None),
    ],
)
def test_each_refusal_says_what_to_do_next(
    bench: TextBench,
    sandbox: Sandbox,
    status: int,
    code: int,
    error: type[Exception],
    heals_when: HealsWhen | None,
) -> None:
    message = a_message(bench)
    sandbox.faults.add(answers(status, code, "What Twilio says"))
    with pytest.raises(error) as raised:
        CHANNEL.deliver(bench.config, message)
    assert getattr(raised.value, "heals_when", None) is heals_when
    assert TOKEN not in str(raised.value)
    assert not bench.delivered()


def test_a_wrong_token_is_a_mistake_unshown(
    sandbox: Sandbox, configured: Callable[[str], Config]
) -> None:
    bench = TextBench(sandbox, configured(sms_section(sandbox, token="wrong-token-4711")))
    with pytest.raises(UserMistake, match="check account and token") as mistake:
        CHANNEL.deliver(bench.config, a_message(bench))
    assert "wrong-token-4711" not in str(mistake.value)


def test_an_answer_that_cannot_be_read_is_no_refusal(bench: TextBench, sandbox: Sandbox) -> None:
    sandbox.faults.add({"path": "Messages.json", "malformed": True})
    with pytest.raises(OutcomeUnknown, match="cannot be read"):
        CHANNEL.deliver(bench.config, a_message(bench))
    assert len(bench.delivered()) == 1


def test_nothing_is_sent_to_an_unencrypted_address(bench: TextBench) -> None:
    config = replace(
        bench.config, sms=replace(bench.config.sms, api_url="http://api.twilio.example")
    )
    with pytest.raises(UserMistake, match="https"):
        CHANNEL.deliver(config, a_message(bench))


def test_a_queued_message_without_a_day_is_found(bench: TextBench, sandbox: Sandbox) -> None:
    message = a_message(bench)
    trace = trace_of(bench, message)
    CHANNEL.deliver(bench.config, message)
    (kept,) = sandbox.text_messages.as_json()
    receipt = CHANNEL.look_up(bench.config, trace)
    assert receipt is not None
    assert receipt.reference == kept["sid"]


def test_what_is_not_listed_yet_may_still_come(bench: TextBench) -> None:
    trace = trace_of(bench, a_message(bench))._replace(since=MADE_AT)
    with pytest.raises(OutcomeUnknown, match="lists no such message"):
        CHANNEL.look_up(bench.config, trace)
    with pytest.raises(OutcomeUnknown):
        CHANNEL.look_up(bench.config, trace._replace(since=None))
    bench.is_later()
    assert CHANNEL.look_up(bench.config, trace) is None


def test_without_its_number_nobody_can_tell(bench: TextBench) -> None:
    with pytest.raises(OutcomeUnknown, match="which number"):
        CHANNEL.look_up(bench.config, MessageTrace(A_KEY, "acme", {}, MADE_AT))


def listed(*messages: dict[str, Any]) -> dict[str, Any]:
    body = {"messages": list(messages), "next_page_uri": None}
    date = "Mon, 30 Nov 2026 12:00:00 GMT"
    return {"path": "Messages.json", "status": 200, "headers": {"Date": date}, "body": body}


def outbound(body: str, *, status: str = "sent", created: datetime = MADE_AT) -> dict[str, Any]:
    from email.utils import format_datetime

    return {
        "sid": "SM1",
        "body": body,
        "status": status,
        "direction": "outbound-api",
        "date_created": format_datetime(created),
    }


def test_a_redacted_text_waits_for_a_person(bench: TextBench, sandbox: Sandbox) -> None:
    trace = trace_of(bench, a_message(bench))
    sandbox.faults.add(listed(outbound("")))
    with pytest.raises(OutcomeUnknown, match="does not show the text"):
        CHANNEL.look_up(bench.config, trace)
    sandbox.faults.add(listed(outbound("", created=MADE_AT - timedelta(days=9))))
    assert CHANNEL.look_up(bench.config, trace) is None, "it is of another time"


def test_a_failed_message_never_left(bench: TextBench, sandbox: Sandbox) -> None:
    trace = trace_of(bench, a_message(bench))
    text = f"Pay [{A_KEY[:8].upper()}]"
    sandbox.faults.add(listed(outbound(text, status="failed")))
    assert CHANNEL.look_up(bench.config, trace) is None
    sandbox.faults.add(listed(outbound(text, status="failed"), outbound(f"Trial: {text}")))
    assert CHANNEL.look_up(bench.config, trace) is not None


def test_only_so_many_messages_are_looked_through(bench: TextBench, sandbox: Sandbox) -> None:
    trace = trace_of(bench, a_message(bench))
    CHANNEL.deliver(bench.config, a_message(bench))
    crowd = sandbox.text_messages._messages
    first = crowd[0]
    crowd.extend(first | {"sid": f"SM{n}", "body": "x"} for n in range(PAGE_LENGTH))
    assert CHANNEL.look_up(bench.config, trace) is not None, "on the second page"
    crowd.extend(first | {"sid": f"SN{n}", "body": "x"} for n in range(PAGE_LENGTH * PAGES_MAX))
    with pytest.raises(OutcomeUnknown, match="more messages"):
        CHANNEL.look_up(bench.config, trace)
