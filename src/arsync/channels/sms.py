"""By text message: Twilio's HTTP API (`Messages` resource, 2010-04-01).

A message is created with POST and answered with 201. There is no idempotency key: so each text ends
with a short reference of its own, and what may have left is looked for among the messages to that
number. They are not filtered by `DateSent`: a message that is still queued has none.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from arsync.channels.contract import Carries, Message, MessageTrace
from arsync.config import Config
from arsync.connector_sdk import HttpResponse, Receipt
from arsync.core.actions import Via
from arsync.core.ledger.records import Contact
from arsync.core.ledger.sanitising import one_line
from arsync.errors import HealsWhen, OutcomeUnknown, Rejected, RetryLater, UserMistake
from arsync.http.provider_session import ProviderSession
from arsync.telephone_numbers import dialled

LABEL = "Twilio"

TEXT_CHARACTERS_MAX = 1_600
"""Twilio takes no longer text; it is sent, and charged, in segments of 153 characters."""

REFERENCE_CHARACTERS = 8

PAGE_LENGTH = 100
PAGES_MAX = 5
"""So many of the latest messages to one number are looked through."""

LISTED_AFTER = timedelta(minutes=2)
"""A message may be listed a moment after it was taken: what is not listed sooner may still come."""

CLOCKS_DIFFER_MAX = timedelta(minutes=5)

BUSY_SECONDS = 60.0

ANSWER_CHARACTERS_MAX = 300

TO = "sms.to"
TEXT_REFERENCE = "sms.reference"
"""What is saved before the first attempt, for looking a message up."""

_OF_THE_NUMBER = frozenset({21211, 21214, 21217, 21265, 21610, 21612, 21614, 21635})
"""Codes by which Twilio refuses the customer's number: not a number, not mobile, opted out."""

_NEVER_LEFT = frozenset({"failed", "canceled"})


class SmsChannel:
    """Text messages by the account of `[sms]`."""

    name = Via.SMS.value
    label = "text message"
    carries = frozenset({Carries.TEXT})
    max_characters = TEXT_CHARACTERS_MAX
    settings = None

    def settings_problem(self, config: Config) -> str:
        """Return which of the settings is missing."""
        sms = config.sms
        if not sms.account:
            return (
                "the rulebook sends text messages, but [sms] account is empty."
                "\n    hint: the account SID, token and sender stand in Twilio's console"
            )
        for setting, text in (("token", sms.token), ("sender", sms.sender)):
            if not text:
                return f"[sms] {setting} is empty: it stands in Twilio's console."
        return ""

    def obstacle(self, config: Config) -> str:
        """Return nothing: only a call would tell."""
        return ""

    def messages_per_day(self, config: Config) -> int:
        """Return `[sms] messages_per_day`."""
        return config.sms.messages_per_day

    def recipients(
        self, config: Config, contact: Contact | None, named: str, home: str
    ) -> tuple[str, ...]:
        """Return the customer's mobile number as the world dials it: +447700900123."""
        numbers = [named] if named else _numbers(contact)
        country = (contact.country if contact else "") or home
        for number in numbers:
            if reached := dialled(number, country, mobile_only=True):
                return (reached,)
        name = contact.name if contact else "the customer"
        reason = f"{numbers[0]!r} is not a mobile number" if numbers else "it has no number"
        raise Rejected(
            f"no text message can be sent to {name}: {reason}.", heals_when=HealsWhen.RECORD
        )

    def prepare(self, config: Config, message: Message) -> Mapping[str, str]:
        """Check the settings and the length, and remember number and reference."""
        if problem := self.settings_problem(config):
            raise UserMistake(problem)
        text = _text(message)
        if len(text) > TEXT_CHARACTERS_MAX:
            raise Rejected(
                f"the text message has {len(text):,} characters;"
                f" at most {TEXT_CHARACTERS_MAX:,} can be sent."
            )
        return {TO: message.to[0], TEXT_REFERENCE: _reference(message.key)}

    def deliver(self, config: Config, message: Message) -> Receipt:
        """Create the message at Twilio."""
        sms = config.sms
        sender = "MessagingServiceSid" if sms.sender.startswith("MG") else "From"
        form = {"To": message.to[0], sender: sms.sender, "Body": _text(message)}
        with _session(config) as session:
            answer = session.request("POST", _messages_url(config), form=form)
        if answer.status >= 500 or answer.status == 408:
            raise OutcomeUnknown(f"{LABEL} answered {answer.status}; it may have been sent or not.")
        _refuse_unless_taken(answer)
        created = _json(answer)
        if created is None:
            raise OutcomeUnknown(f"{LABEL}'s answer cannot be read; it may have been sent or not.")
        return _receipt(created, message.to[0])

    def look_up(self, config: Config, trace: MessageTrace) -> Receipt | None:
        """Look for the message among those to its number."""
        number = trace.saved.get(TO, "")
        if not number or (problem := self.settings_problem(config)):
            raise OutcomeUnknown(problem if number else "nobody kept which number it went to")
        reference, hidden = _reference(trace.key), False
        asked_at = datetime.min.replace(tzinfo=UTC)
        with _session(config) as session:
            for answer, messages in _pages(session, config, number):
                asked_at = _date(answer.headers.get("date", "")) or asked_at
                for message in messages:
                    if _is_ours(message, reference) and message.get("status") not in _NEVER_LEFT:
                        return _receipt(message, number)
                    hidden = hidden or _is_hidden(message, trace.since)
        if hidden:
            raise OutcomeUnknown(f"{LABEL} does not show the text of a message to {number}")
        if trace.since is None or asked_at - trace.since < LISTED_AFTER:
            raise OutcomeUnknown(f"{LABEL} lists no such message to {number} yet")
        return None

    def where_to_look(self, config: Config, trace: MessageTrace) -> str:
        """Return Twilio's log, and how the text ends."""
        number = trace.saved.get(TO, "")
        of_number = f" of {number}" if number else ""
        reference = _reference(trace.key)
        return (
            f"{LABEL}'s console (Monitor, Logs, Messaging){of_number}, for a text with {reference}"
        )


CHANNEL = SmsChannel()


def _numbers(contact: Contact | None) -> list[str]:
    """Return a customer's numbers, mobile ones first."""
    phones = contact.phones if contact else ()
    return [phone.number for phone in sorted(phones, key=lambda phone: phone.kind != "mobile")]


def _reference(key: str) -> str:
    return key[:REFERENCE_CHARACTERS].upper()


def _text(message: Message) -> str:
    return f"{(message.short_text or message.text).strip()} [{_reference(message.key)}]"


def _session(config: Config) -> ProviderSession:
    return ProviderSession(LABEL, config.sms.account, config.sms.token)


def _messages_url(config: Config) -> str:
    return f"{config.sms.api_url}/2010-04-01/Accounts/{config.sms.account}/Messages.json"


def _refuse_unless_taken(answer: HttpResponse) -> None:
    """Raise what a refusal means; by its status, as Twilio's codes change."""
    if 200 <= answer.status < 300:
        return
    refusal = _json(answer) or {}
    words = one_line(str(refusal.get("message") or ""))[:ANSWER_CHARACTERS_MAX].rstrip(".")
    sentence = f"{LABEL} answers {answer.status}: {words or 'it does not say why'}."
    if answer.status == 429:
        raise RetryLater(sentence, after_seconds=BUSY_SECONDS)
    if answer.status in {401, 403, 404}:
        raise UserMistake(f"{sentence}\n    hint: check account and token in [sms]")
    if refusal.get("code") in _OF_THE_NUMBER:
        raise Rejected(sentence, heals_when=HealsWhen.RECORD)
    raise Rejected(sentence, heals_when=HealsWhen.SETTING)


def _pages(
    session: ProviderSession, config: Config, number: str
) -> Iterator[tuple[HttpResponse, list[Any]]]:
    """Yield the latest messages to a number, page by page.

    Raises:
        OutcomeUnknown: there are more than are looked through.
    """
    url, params = _messages_url(config), {"To": number, "PageSize": str(PAGE_LENGTH)}
    for _ in range(PAGES_MAX):
        answer = session.request("GET", url, params=params)
        if answer.status >= 500:
            raise OutcomeUnknown(f"{LABEL} answered {answer.status} when it was asked")
        try:
            _refuse_unless_taken(answer)
        except (Rejected, UserMistake, RetryLater) as error:
            # A refused look says nothing about whether it was sent.
            raise OutcomeUnknown(str(error)) from error
        page = _json(answer)
        if page is None or not isinstance(page.get("messages"), list):
            raise OutcomeUnknown(f"{LABEL}'s list of messages cannot be read")
        yield answer, page["messages"]
        following = page.get("next_page_uri")
        if not following:
            return
        # Only its path and query: an answer does not decide who is given the token.
        address = urlsplit(str(following))
        url, params = f"{config.sms.api_url}{address.path}?{address.query}", {}
    raise OutcomeUnknown(f"{LABEL} has more messages to {number} than are looked through")


def _is_ours(message: Any, reference: str) -> bool:
    return isinstance(message, dict) and f"[{reference}]" in str(message.get("body") or "")


def _is_hidden(message: Any, since: datetime | None) -> bool:
    """Return whether an outgoing message of that time has no text: some accounts redact it."""
    if not isinstance(message, dict) or message.get("body"):
        return False
    if not str(message.get("direction", "")).startswith("outbound"):
        return False
    created = _date(str(message.get("date_created") or ""))
    return since is None or created is None or created >= since - CLOCKS_DIFFER_MAX


def _receipt(message: Mapping[str, Any], number: str) -> Receipt:
    sid, status = str(message.get("sid") or ""), one_line(str(message.get("status") or ""))
    return Receipt(sid, f"text message to {number}: {status}")


def _date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _json(answer: HttpResponse) -> dict[str, Any] | None:
    try:
        tree = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    return tree if isinstance(tree, dict) else None
