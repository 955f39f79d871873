"""Text messages: the `Messages` resource of Twilio's API (2010-04-01), taken and delivered to none.

Served beside the platforms, on the same port: `POST` and `GET .../Messages.json`, one message by
its SID, HTTP Basic, paging by `next_page_uri`, and errors in the shape of the original. As there, a
message that was just taken is queued and has no `date_sent`.
"""

from __future__ import annotations

import hmac
import json
import re
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import sha256
from typing import Any, Protocol
from urllib.parse import urlencode

from flask import Blueprint, Response, request

ACCOUNT = "AC" + "5a" * 16
TOKEN = "sandbox-sms-token"  # noqa: S105 - it opens nothing but this sandbox
"""What `[sms]` of a config file holds for the sandbox."""

SENDER = "+15005550006"

MESSAGES_MAX = 100_000
"""How many messages are kept; the oldest go first."""

TEXT_CHARACTERS_MAX = 1_600

PAGE_LENGTH_DEFAULT, PAGE_LENGTH_MAX = 50, 1_000

QUEUED_FOR = timedelta(seconds=2)
"""So long a message waits before it is sent."""

_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
_SERVICE = re.compile(r"MG[0-9a-fA-F]{32}")
_ROOT = "/2010-04-01/Accounts/<account>/Messages"


class TextHost(Protocol):
    """What the endpoint needs of the sandbox."""

    def now(self) -> datetime: ...


class _Refusal(Exception):
    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class TextMessages:
    """Every text message in the order it came, and the routes that take them."""

    def __init__(self, host: TextHost) -> None:
        self._host = host
        self._messages: deque[dict[str, Any]] = deque(maxlen=MESSAGES_MAX)
        self._taken = 0

    def as_json(self) -> list[dict[str, Any]]:
        """Every message, oldest first."""
        return [self._shown(message) for message in self._messages]

    def blueprint(self) -> Blueprint:
        """Return the routes."""
        blueprint = Blueprint("text_messages", __name__)
        for name, path, method, view in (
            ("create", f"{_ROOT}.json", "POST", self._create),
            ("list", f"{_ROOT}.json", "GET", self._list),
            ("one", f"{_ROOT}/<sid>.json", "GET", self._one),
        ):
            blueprint.add_url_rule(path, name, _answered(view), methods=[method])
        return blueprint

    def _create(self, account: str) -> tuple[dict[str, Any], int]:
        form = request.form
        to, text = form.get("To", ""), form.get("Body", "")
        sender, service = form.get("From", ""), form.get("MessagingServiceSid", "")
        if not to:
            raise _Refusal(400, 21604, "A 'To' phone number is required.")
        if not _NUMBER.fullmatch(to):
            raise _Refusal(400, 21211, f"Invalid 'To' Phone Number: {to}")
        if not sender and not _SERVICE.fullmatch(service):
            raise _Refusal(400, 21603, "A 'From' phone number is required.")
        if not text:
            raise _Refusal(400, 21602, "Message body is required.")
        if len(text) > TEXT_CHARACTERS_MAX:
            limit = f"{TEXT_CHARACTERS_MAX} character limit"
            raise _Refusal(400, 21617, f"The concatenated message body exceeds the {limit}.")
        self._taken += 1
        digest = sha256(f"{self._taken} {to} {text}".encode()).hexdigest()
        message = {
            "sid": f"SM{digest[:32]}",
            "at": self._host.now(),
            "account_sid": account,
            "to": to,
            "from": sender or None,
            "messaging_service_sid": service or None,
            "body": text,
        }
        self._messages.append(message)
        return self._shown(message), 201

    def _list(self, account: str) -> tuple[dict[str, Any], int]:
        wanted = request.args
        length = min(int(wanted.get("PageSize", PAGE_LENGTH_DEFAULT)), PAGE_LENGTH_MAX)
        page = int(wanted.get("Page", 0))
        # The latest first, as there.
        shown = [self._shown(message) for message in reversed(self._messages)]
        chosen = [message for message in shown if self._is_wanted(message)]
        begins = page * length
        part = chosen[begins : begins + length]
        here = f"/2010-04-01/Accounts/{account}/Messages.json"

        def uri(number: int) -> str:
            others = {name: value for name, value in wanted.items() if name != "PageToken"}
            pages = others | {"PageSize": str(length), "Page": str(number)}
            token = {"PageToken": f"PA{part[-1]['sid']}"} if number and part else {}
            return f"{here}?{urlencode(pages | token)}"

        more = begins + length < len(chosen)
        return {
            "messages": part,
            "page": page,
            "page_size": length,
            "start": begins,
            "end": begins + len(part) - 1 if part else 0,
            "uri": uri(page),
            "first_page_uri": uri(0),
            "next_page_uri": uri(page + 1) if more else None,
            "previous_page_uri": uri(page - 1) if page else None,
        }, 200

    def _is_wanted(self, message: dict[str, Any]) -> bool:
        wanted = request.args
        if any(
            wanted.get(name) not in {None, message[key]}
            for name, key in (("To", "to"), ("From", "from"))
        ):
            return False
        sent = message["date_sent"]
        bounds = [
            (sign, day)
            for sign in ("", "<", ">")
            if (day := wanted.get(f"DateSent{sign}")) is not None
        ]
        if bounds and sent is None:
            return False
        for sign, day in bounds:
            on = parsedate_to_datetime(sent).date().isoformat()
            if not {"": on == day[:10], "<": on <= day[:10], ">": on >= day[:10]}[sign]:
                return False
        return True

    def _one(self, account: str, sid: str) -> tuple[dict[str, Any], int]:
        for message in self._messages:
            if message["sid"] == sid:
                return self._shown(message), 200
        where = f"/2010-04-01/Accounts/{account}/Messages/{sid}.json"
        raise _Refusal(404, 20404, f"The requested resource {where} was not found")

    def _shown(self, message: dict[str, Any]) -> dict[str, Any]:
        """Return a message as the API shows it."""
        at: datetime = message["at"]
        is_sent = self._host.now() - at >= QUEUED_FOR
        account, sid = message["account_sid"], message["sid"]
        uri = f"/2010-04-01/Accounts/{account}/Messages/{sid}"
        # By a messaging service the sender is chosen later, and the first status is another.
        waits = "accepted" if message["messaging_service_sid"] else "queued"
        return {
            "sid": sid,
            "account_sid": account,
            "api_version": "2010-04-01",
            "body": message["body"],
            "date_created": format_datetime(at),
            "date_updated": format_datetime(at),
            "date_sent": format_datetime(at) if is_sent else None,
            "direction": "outbound-api",
            "error_code": None,
            "error_message": None,
            "from": message["from"],
            "messaging_service_sid": message["messaging_service_sid"],
            "num_media": "0",
            "num_segments": str(1 + (len(message["body"]) - 1) // 153),
            "price": None,
            "price_unit": "USD",
            "status": "delivered" if is_sent else waits,
            "to": message["to"],
            "uri": f"{uri}.json",
            "subresource_uris": {"media": f"{uri}/Media.json"},
        }


def _answered(view: Callable[..., tuple[dict[str, Any], int]]) -> Callable[..., Response]:
    def answer(account: str, **parts: str) -> Response:
        try:
            _authenticate(account)
            tree, status = view(account, **parts)
        except _Refusal as refusal:
            status = refusal.status
            tree = {
                "code": refusal.code,
                "message": str(refusal),
                "more_info": f"https://www.twilio.com/docs/errors/{refusal.code}",
                "status": status,
            }
        text = json.dumps(tree, ensure_ascii=False)
        return Response(text, status, content_type="application/json; charset=utf-8")

    return answer


def _authenticate(account: str) -> None:
    named = request.authorization
    user, password = (named.username, named.password) if named else (None, None)
    known = user == ACCOUNT and hmac.compare_digest(password or "", TOKEN)
    if not known or account != ACCOUNT:
        raise _Refusal(401, 20003, "Authenticate")
