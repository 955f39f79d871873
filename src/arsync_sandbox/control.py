"""The control plane under `/_sandbox`: for tests and for people, unknown to the platforms."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from flask import Blueprint, Response, request

from .books import NoSuchBook, chosen_keys, organisations_served, platform_of, platforms_served
from .clock import target_of
from .exchange import CONTROL_PATH
from .faults import KEYS, FaultProblem, Faults
from .journal import PAGE_LENGTH_MAX, Journal
from .load import LoadProblem, rows_from_folder, rows_from_json
from .mailbox import Mailbox
from .people import PeopleProblem, edit
from .platform import Book
from .returned import ReturnedMail
from .settings import SettingProblem, Settings
from .text_messages import TextMessages
from .timeline import CannotGoBack, Timeline
from .webhooks import WebhookQueue


class Controlled(Protocol):
    """What the control plane needs of the sandbox."""

    books: dict[str, Book]
    settings: Settings
    journal: Journal
    faults: Faults
    mailbox: Mailbox
    returned: ReturnedMail
    text_messages: TextMessages
    timeline: Timeline
    webhooks: WebhookQueue
    errors: Any

    def now(self) -> datetime: ...

    def change_settings(self, values: dict[str, Any]) -> None: ...

    def reset(self) -> None: ...


PATHS = {
    "GET state": "the ledgers, emails and what came back of them, text messages, what debtors "
    "wrote back; ?platform= and ?organisation= (name or id) for one",
    "GET journal": "every request; ?since=N for those after number N",
    "POST clock": '{"to": "2026-12-24"} or an ISO datetime',
    "POST faults": "what goes wrong next: " + "; ".join(f"{k}: {v}" for k, v in KEYS.items()),
    "DELETE faults": "nothing more goes wrong",
    "POST load": '{"folder": ...}, rows as {"contacts": [...], "invoices": [...], "payments": '
    '[...]}, or {"documents": {"Invoices": [...]}, "platforms": ["xero"]}; with "organisation" '
    "for another than the first",
    "GET settings": "every switch with its value, default and meaning",
    "POST settings": '{"limits": false}',
    "POST people": '{"platform": "xero", "do": "pay", "invoice_id": ..., "amount": ..., "on": '
    '...}; with "organisation" for another than the first',
    "GET webhooks": "what waits and what was tried",
    "POST reset": "back to the first ledger and moment",
}
"""The control plane in short, as `GET /_sandbox/` shows it."""


class ControlRefused(Exception):
    """The control plane cannot do what was asked; the message says why."""


def control_blueprint(sandbox: Controlled) -> Blueprint:
    """Return the routes of the control plane."""
    blueprint = Blueprint("_sandbox", __name__, url_prefix=CONTROL_PATH)
    blueprint.register_error_handler(ControlRefused, _refuse)
    plane = _Plane(sandbox)
    for path, method, view in (
        ("/", "GET", plane.index),
        ("/state", "GET", plane.state),
        ("/journal", "GET", plane.journal),
        ("/clock", "GET", plane.clock),
        ("/clock", "POST", plane.move_clock),
        ("/faults", "GET", plane.faults),
        ("/faults", "POST", plane.add_faults),
        ("/faults", "DELETE", plane.clear_faults),
        ("/load", "POST", plane.load),
        ("/settings", "GET", plane.settings),
        ("/settings", "POST", plane.change_settings),
        ("/people", "POST", plane.people),
        ("/webhooks", "GET", plane.webhooks),
        ("/reset", "POST", plane.reset),
    ):
        blueprint.add_url_rule(
            path, f"{method}{path}", _as_json_answer(view), methods=[method], strict_slashes=False
        )
    return blueprint


def _as_json_answer(view: Callable[[], Any]) -> Callable[[], Response]:
    def answer() -> Response:
        text = json.dumps(view(), ensure_ascii=False, default=str)
        return Response(text, content_type="application/json; charset=utf-8")

    return answer


def _refuse(error: ControlRefused) -> Response:
    text = json.dumps({"error": str(error)}, ensure_ascii=False)
    return Response(text, 400, content_type="application/json; charset=utf-8")


class _Plane:
    """The views; each returns the tree of the JSON answer."""

    def __init__(self, sandbox: Controlled) -> None:
        self._sandbox = sandbox

    def index(self) -> Any:
        books = self._sandbox.books
        return {
            "now": _iso(self._sandbox.now()),
            "platforms": platforms_served(books),
            "organisations": organisations_served(books),
            **PATHS,
        }

    def state(self) -> Any:
        sandbox = self._sandbox
        organisation = request.args.get("organisation")
        keys = self._keys(request.args.get("platform"), organisation)
        # Of one organisation, the platform says enough; of several, each is under its own key.
        answer: dict[str, Any] = {
            platform_of(key) if organisation else key: sandbox.books[key].state() for key in keys
        }
        return answer | {
            "now": _iso(sandbox.now()),
            "emails": sandbox.mailbox.as_json(),
            "returned": sandbox.returned.as_json(),
            "text_messages": sandbox.text_messages.as_json(),
            "replies": sandbox.timeline.replies(),
            "waiting": sandbox.timeline.waiting(),
            "errors": list(sandbox.errors),
        }

    def _keys(self, platform: object, organisation: object) -> list[str]:
        try:
            return chosen_keys(self._sandbox.books, platform, organisation)
        except NoSuchBook as error:
            raise ControlRefused(str(error)) from error

    def _first_name(self) -> str:
        return next((book.organisation.name for book in self._sandbox.books.values()), "")

    def journal(self) -> Any:
        return self._sandbox.journal.page(_integer("since", 0), _integer("limit", PAGE_LENGTH_MAX))

    def clock(self) -> Any:
        return {"now": _iso(self._sandbox.now())}

    def move_clock(self) -> Any:
        to = _body().get("to")
        if not isinstance(to, str):
            raise ControlRefused('say where to: {"to": "2026-12-01"} or an ISO datetime')
        try:
            moment = target_of(to, self._sandbox.now())
            self._sandbox.timeline.move_to(moment)
        except (ValueError, CannotGoBack) as error:
            raise ControlRefused(str(error)) from error
        return {"now": _iso(self._sandbox.now())}

    def faults(self) -> Any:
        return {"faults": [vars(fault) for fault in self._sandbox.faults.waiting]}

    def add_faults(self) -> Any:
        # Whatever the content type: these calls are typed by hand with curl.
        body = request.get_json(force=True, silent=True)
        try:
            for fault in body if isinstance(body, list) else [_body()]:
                self._sandbox.faults.add(fault)
        except FaultProblem as error:
            raise ControlRefused(str(error)) from error
        return self.faults()

    def clear_faults(self) -> Any:
        self._sandbox.faults.clear()
        return self.faults()

    def load(self) -> Any:
        # Amounts as Decimal from the first byte: a float would load 0.1 as something else.
        body = _body(Decimal)
        organisation = body.get("organisation") or self._first_name()
        keys = [
            key
            for platform in body.get("platforms") or [None]
            for key in self._keys(platform, organisation)
        ]
        if "documents" in body:
            for key in keys:
                self._sandbox.books[key].load_documents(body["documents"])
            return {"loaded": {kind: len(rows) for kind, rows in body["documents"].items()}}
        try:
            rows = rows_from_folder(body["folder"]) if "folder" in body else rows_from_json(body)
        except LoadProblem as error:
            raise ControlRefused(str(error)) from error
        self._sandbox.timeline.load(rows, keys)
        return {"loaded": {name: len(table) for name, table in rows._asdict().items()}}

    def settings(self) -> Any:
        return self._sandbox.settings.as_json()

    def change_settings(self) -> Any:
        try:
            self._sandbox.change_settings(_body())
        except SettingProblem as error:
            raise ControlRefused(str(error)) from error
        return self.settings()

    def people(self) -> Any:
        try:
            return {"result": edit(self._sandbox.books, _body(Decimal))}
        except PeopleProblem as error:
            raise ControlRefused(str(error)) from error

    def webhooks(self) -> Any:
        return self._sandbox.webhooks.as_json()

    def reset(self) -> Any:
        self._sandbox.reset()
        return {"now": _iso(self._sandbox.now())}


def _body(number: Callable[[str], Any] = float) -> dict[str, Any]:
    """Return the request's JSON object; amounts of money are read with `number=Decimal`."""
    try:
        body = json.loads(request.get_data() or b"{}", parse_float=number)
    except ValueError as error:
        raise ControlRefused(f"the body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise ControlRefused("the body is a JSON object")
    return body


def _integer(name: str, default: int) -> int:
    try:
        return int(request.args.get(name, default))
    except ValueError:
        raise ControlRefused(f"{name} is a whole number") from None


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
