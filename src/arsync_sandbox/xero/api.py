"""Around every call: bearer, tenant, limits, scope, idempotency; JSON or XML; webhooks after."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from xml.etree import ElementTree as ET

from flask import Blueprint, Response, g, request

from arsync_sandbox.exchange import INSTEAD

from . import wire
from .auth import XeroAuth
from .errors import XeroRefused, bad_body, forbidden, not_found
from .forms import Json, envelope
from .ledger import XeroLedger
from .limits import API_PATH, XeroLimits, check_concurrency
from .query import Query
from .replays import KEPT, METHODS, ReplayedAnswer, Replays, fingerprint
from .scopes import needed_scopes
from .webhooks import XeroWebhooks

JSON = "application/json; charset=utf-8"


class XeroGate:
    """What Xero counts and remembers for an app, over all organisations."""

    def __init__(self) -> None:
        self.limits = XeroLimits()
        self.replays = Replays()


class XeroApi:
    """What the views share: the ledger, and how calls are let in and answered."""

    def __init__(
        self, ledger: XeroLedger, auth: XeroAuth, webhooks: XeroWebhooks, gate: XeroGate
    ) -> None:
        self.ledger = ledger
        self.auth = auth
        self.webhooks = webhooks
        self.gate = gate
        self.limits = gate.limits
        self.replays = gate.replays
        self.emails_sent: dict[date, int] = defaultdict(int)
        """How many invoices were emailed, by day."""

    def guard(self, blueprint: Blueprint) -> None:
        """Put the gate in front of every route of the blueprint."""
        blueprint.before_request(self._let_in)
        blueprint.after_request(self._finish)
        blueprint.register_error_handler(XeroRefused, self._refuse)
        blueprint.add_url_rule(
            f"{API_PATH}/<path:rest>",
            "unknown",
            _unknown,
            methods=["GET", "POST", "PUT", "DELETE", "PATCH"],
        )

    def _let_in(self) -> Response | None:
        if not request.path.startswith(API_PATH):
            return None
        grant = self.auth.grant_of(request.headers.get("Authorization"))
        tenant = self.auth.tenant_of(grant, request.headers.get("xero-tenant-id", ""))
        frame = self.ledger.frame
        tier = self.ledger.setting("tier")
        # Counted even where limits refuse nothing: the headers tell what is left in any case.
        windows = self.limits.open_windows(grant.client.id, tenant, frame.now(), tier)
        g.limit_headers = self.limits.headers(windows)
        if frame.limits_enforced:
            check_concurrency(frame.in_flight(), request.environ)
            self.limits.check(windows, long_words=self.ledger.setting("limit_words_long"))
        self.limits.count(windows)
        g.limit_headers = self.limits.headers(windows)
        g.client_id = grant.client.id
        scopes = needed_scopes(request.path.removeprefix(API_PATH), request.method)
        if scopes and not scopes & set(grant.scopes):
            raise forbidden("AuthorizationUnsuccessful: insufficient_scope")
        return self._replay(tenant)

    def _replay(self, tenant: str) -> Response | None:
        key = request.headers.get("Idempotency-Key", "")
        if not key or request.method not in METHODS:
            return None
        if self.ledger.setting("key_store_down"):
            raise XeroRefused(500, "An error occurred in Xero. Check the API Status page.")
        print_ = fingerprint(request.method, request.full_path, tenant, request.get_data())
        now = self.ledger.frame.now()
        # After the limits: a replay counts as a call like any other.
        kept = self.replays.find(g.client_id, key, print_, now)
        if kept:
            return Response(kept.body, kept.status, list(kept.headers))
        g.keep = (key, ReplayedAnswer(print_, now + KEPT))
        return None

    def _finish(self, response: Response) -> Response:
        if request.path.startswith(API_PATH):
            if (
                response.mimetype == "application/json"
                # The gateway refuses in JSON, whatever was asked for.
                and response.status_code not in {401, 403}
                and not _wants_json()
            ):
                _to_xml(response)
            keep = g.get("keep")
            if keep:
                key, answer = keep
                self._keep(key, answer, response)
            response.headers.update(g.get("limit_headers", {}))
        self.webhooks.flush()
        return response

    def _keep(self, key: str, answer: ReplayedAnswer, response: Response) -> None:
        answer.status, answer.body = response.status_code, response.get_data()
        answer.headers = (("Content-Type", response.headers.get("Content-Type", "")),)
        instead = request.environ.get(INSTEAD)
        if instead:
            # Xero replays its errors too, and a 500 after the effect is one.
            status, headers, answer.body = instead
            answer.status, answer.headers = int(status.split(None, 1)[0]), tuple(headers)
        self.replays.keep(g.client_id, key, answer, self.ledger.frame.now())

    def _refuse(self, error: XeroRefused) -> Response:
        if isinstance(error.body, str):
            response = Response(error.body, error.status, mimetype="text/plain")
        else:
            response = Response(wire.encode(error.body), error.status, content_type=JSON)
        response.headers.update(error.headers)
        return response

    def query(self) -> Query:
        """What the present request asks a list for."""
        since = request.headers.get("If-Modified-Since", "")
        length = len(request.query_string)
        return Query(self.ledger, request.args, since, client_id=g.client_id, length=length)

    def answer(
        self,
        key: str,
        rows: Iterable[bytes | Mapping[str, Any]],
        pagination: Mapping[str, int] | None = None,
    ) -> Response:
        """The envelope with rows under `key`; rows that are bytes are joined as they are."""
        head: Json = envelope("arsync", wire.milliseconds(self.ledger.frame.now()))
        if pagination:
            head["pagination"] = pagination
        encoded = [row if isinstance(row, bytes) else wire.encode(row) for row in rows]
        body = b"".join(
            (wire.encode(head)[:-1], b',"', key.encode(), b'":[', b",".join(encoded), b"]}")
        )
        return Response(body, content_type=JSON)

    def object_answer(self, row: Mapping[str, Any]) -> Response:
        """The envelope with the fields of one object beside it."""
        head = envelope("arsync", wire.milliseconds(self.ledger.frame.now()))
        return Response(wire.encode({**head, **row}), content_type=JSON)

    def elements(self, key: str) -> list[dict[str, Any]]:
        """The elements of the body: `{"Invoices": [..]}`, a bare list, or one object.

        Raises:
            Refused: 400 when it is none of these, or too large.
        """
        body = request.get_data()
        if len(body) > self.ledger.setting("request_megabytes_max") * 1_000_000:
            raise bad_body("The request is larger than Xero accepts")
        try:
            value = wire.decode(body)
        except ValueError as error:
            raise bad_body(f"The data posted could not be read: {error}") from error
        if isinstance(value, dict) and isinstance(value.get(key), list):
            value = value[key]
        elements = value if isinstance(value, list) else [value]
        if not elements or not all(isinstance(element, dict) for element in elements):
            raise bad_body(f"No {key} could be read from the data posted")
        return elements


def took_effect() -> None:
    """Tell the journal that this request changed the ledger."""
    g.took_effect = True


def _unknown(rest: str) -> Response:
    raise not_found()


def _wants_json() -> bool:
    return "application/json" in request.headers.get("Accept", "")


def _to_xml(response: Response) -> None:
    """Xero's default: XML, unless JSON is asked for by name."""
    value = wire.decode(response.get_data())
    root = ET.Element("ApiException" if "ErrorNumber" in value else "Response")
    _fill(root, value)
    body = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    response.set_data(body)
    response.headers["Content-Type"] = "text/xml; charset=utf-8"


def _fill(parent: ET.Element, value: Any) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            _fill(ET.SubElement(parent, key), inner)
    elif isinstance(value, list):
        for inner in value:
            _fill(ET.SubElement(parent, parent.tag.removesuffix("s") or "Item"), inner)
    elif value is not None:
        parent.text = str(value).lower() if isinstance(value, bool) else str(value)
