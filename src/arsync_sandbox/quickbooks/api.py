"""The routes: admission, the question of a request, and the form of its answer."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
from flask import Blueprint, Response, g, request

from arsync_sandbox.platform import Frame
from arsync_sandbox.quickbooks import faults
from arsync_sandbox.quickbooks.attachments import Attachments
from arsync_sandbox.quickbooks.auth import IntuitAuth
from arsync_sandbox.quickbooks.batch import run_batch
from arsync_sandbox.quickbooks.changes import capture
from arsync_sandbox.quickbooks.company import SandboxCompany
from arsync_sandbox.quickbooks.entities import BY_PATH, ENTITIES, NOT_KEPT, EntityKind
from arsync_sandbox.quickbooks.ledger import QuickBooksLedger
from arsync_sandbox.quickbooks.limits import QuickBooksLimits
from arsync_sandbox.quickbooks.loading import rate
from arsync_sandbox.quickbooks.papers import pdf, report
from arsync_sandbox.quickbooks.query import Sorting, run_query
from arsync_sandbox.quickbooks.sales import payable_online
from arsync_sandbox.quickbooks.sending import Sender, invoice_link
from arsync_sandbox.quickbooks.wire import Doc, decode, encode, response_time, to_xml
from arsync_sandbox.quickbooks.writing import DocumentWriter
from arsync_sandbox.signing import key_set

CURRENCY_CODE_LENGTH = 3

VERSION = "2073.223"
"""What the `qbo-version` header says."""

REQUESTID_MAX = 50
"""The longest requestid, in characters."""

REPLAYS_MAX = 100_000
"""How many requestids are remembered; the oldest are forgotten first."""

RETRY_AFTER_SECONDS = 60

QUERY_TYPES = frozenset({"application/text", "text/plain"})
PAPERS = frozenset({"Invoice", "CreditMemo", "Payment"})
"""Kinds that have a PDF."""


@dataclass(frozen=True)
class _Remembered:
    body: bytes
    status: int
    at: datetime


class QuickBooksApi:
    """Answers the accounting API of one company.

    Args:
        frame: the server.
        ledger: the books.
        company: whose books.
        writer: carries out writes.
        oauth: knows the tokens.
        flush: called after each request that changed something.
    """

    def __init__(
        self,
        frame: Frame,
        ledger: QuickBooksLedger,
        company: SandboxCompany,
        writer: DocumentWriter,
        oauth: IntuitAuth,
        *,
        flush: Callable[[], None],
    ) -> None:
        self._frame = frame
        self._ledger = ledger
        self._company = company
        self._writer = writer
        self._oauth = oauth
        self._flush = flush
        self.limits = QuickBooksLimits(frame)
        self.sender = Sender(frame, ledger, company)
        self.attachments = Attachments(frame, ledger, writer, company.realm)
        self.served = False
        """Whether the books were read: from then on, loaded rows count as changes."""
        self._replays: dict[str, _Remembered] = {}

    def blueprint(self) -> Blueprint:
        """All routes of QuickBooks Online."""
        routes = Blueprint("quickbooks", __name__)
        both = ["GET", "POST"]
        routes.add_url_rule("/connect/oauth2", "authorise", self._oauth.authorise, methods=both)
        routes.add_url_rule(
            "/oauth2/v1/tokens/bearer", "token", self._oauth.token, methods=["POST"]
        )
        routes.add_url_rule(
            "/v2/oauth2/tokens/revoke", "revoke", self._oauth.revoke, methods=["POST"]
        )
        for name in ("openid_configuration", "openid_sandbox_configuration"):
            routes.add_url_rule(f"/.well-known/{name}", name, self._discovery, strict_slashes=False)
        routes.add_url_rule("/op/v1/jwks", "jwks", key_set)
        routes.add_url_rule("/v1/openid_connect/userinfo", "userinfo", self._user_info)
        routes.add_url_rule("/v3/files/<realm>/<id_>/<path:name>", "file", self._file)
        routes.add_url_rule(
            "/v3/company/<realm>/<path:rest>",
            "company",
            self._company_call,
            methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        )
        return routes

    def _discovery(self) -> Response:
        return Response(encode(self._oauth.discovery()), content_type="application/json")

    def _user_info(self) -> Response:
        """Who consented; not under the companies' paths, and with another form of refusal."""
        person = self._oauth.user_info()
        if person is None:
            return Response(
                encode({"error": "invalid_token"}), 401, content_type="application/json"
            )
        return Response(encode(person), content_type="application/json")

    def _file(self, realm: str, id_: str, name: str) -> Response:
        del realm, name
        try:
            content, media_type = self.attachments.opened(id_, request.url)
        except (KeyError, ValueError):
            return Response("Access denied", 403, content_type="text/plain")
        return Response(content, content_type=media_type)

    # One call

    def _company_call(self, realm: str, rest: str) -> Response:
        # The books say whether anything changed: a write can be answered without any, as a replay.
        revision = self._ledger.revision
        try:
            answer = self._answer(realm, rest)
        except faults.Refusal as refusal:
            answer = self._refuse(refusal)
        if self._ledger.revision != revision:
            g.took_effect = True
            self._flush()
        answer.headers["intuit_tid"] = f"1-{uuid.UUID(int=random.getrandbits(128)).hex}"
        answer.headers["qbo-version"] = VERSION
        return answer

    def _answer(self, realm: str, rest: str) -> Response:
        self._oauth.admit(realm)
        kind = _kind_of(rest)
        self.limits.admit(kind)
        self.served = True
        segments = rest.split("/")
        if request.method not in {"GET", "POST"}:
            raise faults.unsupported(f"Method {request.method} is not supported")
        answer = self._read(segments) if _reads(rest) else self._write(segments)
        # Intuit meters answered reads alone; refusals and writes are free.
        if answer.status_code == 200 and kind in {"read", "report"}:
            self.limits.meter(1)
        return answer

    def _refuse(self, refusal: faults.Refusal) -> Response:
        now = self._frame.now()
        # How a throttled call is answered is not documented: clients have met JSON in either case,
        # HTML, and nothing.
        as_setting = str(self._frame.setting("quickbooks_throttle_body"))
        form = as_setting if isinstance(refusal, faults.Throttled) else "fault"
        if isinstance(refusal, faults.Unauthenticated):
            form = "lower"
        if form == "lower":
            body = encode(refusal.gateway_body(int(now.timestamp() * 1000)))
            answer = Response(body, refusal.status, content_type="application/json")
        elif form == "html":
            page = "<html><body><h1>429 Too Many Requests</h1></body></html>"
            answer = Response(page, refusal.status, content_type="text/html")
        elif form == "empty":
            answer = Response(b"", refusal.status)
        else:
            answer = self._say(encode({"Fault": refusal.fault()}), refusal.status)
        if isinstance(refusal, faults.Throttled) and self._frame.setting("quickbooks_retry_after"):
            answer.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
        return answer

    def _say(self, body: bytes, status: int = 200) -> Response:
        """An answer with the time, in JSON or, for clients that do not ask for it, in XML."""
        timed = b'%s,"time":"%s"}' % (body[:-1], response_time(self._frame.now()).encode())
        return _formed(timed, status)

    # Reading

    def _read(self, parts: list[str]) -> Response:
        match parts:
            case ["query"]:
                return self._say(b'{"QueryResponse":%s}' % self.query(_select_text()))
            case ["cdc"]:
                arguments = (request.args.get("entities"), request.args.get("changedSince"))
                changes = capture(self._frame, self._ledger, *arguments)
                return self._say(b'{"CDCResponse":[{"QueryResponse":%s}]}' % changes)
            case ["exchangerate"]:
                return self._one("ExchangeRate", self._exchange_rate())
            case ["reports", name]:
                return self._report(name)
            case ["preferences"]:
                return self._one("Preferences", self._company.preferences())
            case ["companyinfo", _]:
                return self._one("CompanyInfo", self._company.info())
            case ["download", id_]:
                return self._download(id_)
            case [name, id_]:
                return self._one_by_id(_entity(name), id_)
            case [name, id_, "pdf"]:
                return self._pdf(_entity(name), id_)
        raise faults.unsupported("Operation is not supported")

    def query(self, text: str) -> bytes:
        """The QueryResponse of a select."""
        answer = run_query(text, self._ledger.tables, self._sorting())
        select = answer.select
        if select.count:
            return b'{"totalCount":%d}' % answer.total
        # The entity's key is absent then, not an empty list; clients trip over it.
        if not answer.page:
            return b"{}"
        raws = [row.raw for row in answer.page]
        if answer.entity == "Attachable":
            raws = [encode(self.attachments.shown(row.doc())) for row in answer.page]
        count = len(raws)
        # Recorded answers have totalCount only on a page that holds everything, and not always.
        whole = count == answer.total and self._frame.setting("quickbooks_total_count")
        return b'{"%s":[%s],"startPosition":%d,"maxResults":%d%s}' % (
            answer.entity.encode(),
            b",".join(raws),
            select.start,
            count,
            b',"totalCount":%d' % count if whole else b"",
        )

    def _sorting(self) -> Sorting:
        return Sorting(
            bool(self._frame.setting("quickbooks_ids_as_text")),
            _listed(self._frame.setting("quickbooks_unsortable")),
            bool(self._frame.setting("quickbooks_ignores_unsortable")),
            _listed(self._frame.setting("quickbooks_unqueryable")),
        )

    def _one(self, entity: str, doc: Doc) -> Response:
        return self._say(encode({entity: doc}))

    def _one_by_id(self, entity: EntityKind, id_: str) -> Response:
        if not id_.isdecimal():
            raise faults.invalid_id(id_)
        doc = self._ledger.get(entity.name, id_)
        if doc is None:
            raise faults.gone()
        return self._one(entity.name, self._shown(entity.name, doc))

    def _shown(self, entity: str, doc: Doc, *, written: bool = False) -> Doc:
        if entity == "Attachable":
            return self.attachments.shown(doc)
        by_request = "invoiceLink" in request.args.get("include", "").split(",")
        always = written and self._frame.setting("quickbooks_invoice_link_always")
        if entity == "Invoice" and (by_request or always) and payable_online(doc):
            return {**doc, "InvoiceLink": invoice_link(self._frame, doc)}
        return doc

    def _pdf(self, entity: EntityKind, id_: str) -> Response:
        doc = self._ledger.get(entity.name, id_)
        if entity.name not in PAPERS:
            raise faults.unsupported(f"{entity.name} has no PDF")
        if doc is None:
            raise faults.gone()
        return Response(pdf(entity.name, doc), content_type="application/pdf")

    def _report(self, name: str) -> Response:
        asked_for = request.args.get("report_date") or request.args.get("end_date")
        as_of = _day("report_date", asked_for) or self._company.today()
        since = _day("start_date", request.args.get("start_date")) or as_of.replace(month=1, day=1)
        body = report(name, self._ledger, self._company, as_of, since)
        return Response(encode(body), content_type="application/json")

    def _exchange_rate(self) -> Doc:
        """The rate of one currency on a day, in home units for one of it."""
        currency, home = request.args.get("sourcecurrencycode", ""), self._company.home_currency
        day = request.args.get("asofdate") or self._company.today().isoformat()
        if len(currency) != CURRENCY_CODE_LENGTH:
            raise faults.bad_reference("SourceCurrencyCode", currency)
        return {
            "SourceCurrencyCode": currency,
            "TargetCurrencyCode": home,
            "Rate": rate(currency, home),
            "AsOfDate": day,
            "domain": "QBO",
            "sparse": False,
            "MetaData": {"LastUpdatedTime": response_time(self._frame.now())},
        }

    def _download(self, id_: str) -> Response:
        doc = self._ledger.get("Attachable", id_)
        if doc is None or id_ not in self.attachments.files:
            raise faults.gone()
        link = self.attachments.link(id_, doc["FileName"])
        return Response(link, content_type="text/plain")

    # Writing

    def _write(self, parts: list[str]) -> Response:
        request_id = request.args.get("requestid", "")
        if len(request_id) > REQUESTID_MAX:
            raise faults.too_long("requestid", REQUESTID_MAX, len(request_id))
        sends = len(parts) == 3 and parts[2] == "send"
        if sends and not self._frame.setting("quickbooks_requestid_on_send"):
            request_id = ""
        remembered = self._replays.get(request_id) if request_id else None
        if remembered is not None and not self._forgotten(remembered):
            return _formed(remembered.body, remembered.status)
        status = 200
        try:
            body = self._written(parts)
        except faults.Refusal as refusal:
            if not (request_id and self._frame.setting("quickbooks_requestid_keeps_faults")):
                raise
            body, status = encode({"Fault": refusal.fault()}), refusal.status
        timed = b'%s,"time":"%s"}' % (body[:-1], response_time(self._frame.now()).encode())
        if request_id:
            self._replays[request_id] = _Remembered(timed, status, self._frame.now())
            if len(self._replays) > REPLAYS_MAX:
                del self._replays[next(iter(self._replays))]
        return _formed(timed, status)

    def _forgotten(self, known: _Remembered) -> bool:
        days = int(self._frame.setting("quickbooks_requestid_days"))
        return bool(days) and known.at + timedelta(days=days) < self._frame.now()

    def _written(self, parts: list[str]) -> bytes:
        """Carry out a write and return its answer without the time."""
        match parts:
            case ["batch"]:
                request_id = request.args.get("requestid", "")
                answers = run_batch(_body(), request_id, self._batch_write, self._batch_read)
                return encode({"BatchItemResponse": answers})
            case ["upload"]:
                content_type = request.headers.get("Content-Type", "")
                kept = self.attachments.upload(content_type, request.get_data())
                return encode({"AttachableResponse": kept})
            case [name, id_, "send"]:
                # The body is empty: no type that a client gives it is refused.
                entity = _entity(name)
                if "send" not in entity.writes:
                    raise faults.unsupported("Operation send is not supported in this form")
                sent = self.sender.send(entity.name, id_, request.args.get("sendTo", ""))
                return encode({entity.name: sent})
            case [name]:
                if request.mimetype != "application/json":
                    raise faults.unsupported(f"Content type {request.mimetype} is not supported")
                entity = _entity(name)
                operation = request.args.get("operation", "")
                include = request.args.get("include", "")
                doc = self.write(entity.name, _body(), operation, include)
                return encode({entity.name: self._shown(entity.name, doc, written=True)})
        raise faults.unsupported("Operation is not supported")

    def write(self, entity: str, body: Any, operation: str, include: str) -> Doc:
        """Carry out one write, and send what it marked for sending where that is so."""
        doc = self._writer.write(entity, body, operation, include)
        return self.sender.send_queued(entity, doc) if "status" not in doc else doc

    def _batch_write(self, entity: str, body: Any, operation: str, include: str) -> Doc:
        if operation == "send":
            if not isinstance(body, dict) or "send" not in ENTITIES[entity].writes:
                raise faults.unsupported("Operation send is not supported in this form")
            return self.sender.send(entity, str(body.get("Id", "")))
        return self.write(entity, body, operation, include)

    def _batch_read(self, kind: str, item: Doc) -> tuple[str, bytes]:
        if self._frame.setting("quickbooks_batch_meter") == "items":
            self.limits.meter(1)
        if kind == "Query":
            return "QueryResponse", self.query(str(item["Query"]))
        query = item["CDCQuery"] if isinstance(item["CDCQuery"], dict) else {}
        changes = capture(
            self._frame, self._ledger, query.get("Entities"), query.get("ChangedSince")
        )
        return "CDCResponse", b'{"QueryResponse":%s}' % changes


def _day(name: str, text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise faults.invalid_value(name, text) from None


def _reads(rest: str) -> bool:
    return request.method == "GET" or rest == "query"


def _kind_of(rest: str) -> str:
    if rest == "batch":
        return "batch"
    if rest.startswith("reports/"):
        return "report"
    return "read" if _reads(rest) else "write"


def _listed(paths: Any) -> frozenset[str]:
    """The properties that a switch names, with commas between them."""
    return frozenset(path.strip() for path in str(paths).split(",") if path.strip())


def _entity(name: str) -> EntityKind:
    entity = BY_PATH.get(name.lower())
    if entity is None and name.lower() in NOT_KEPT:
        raise faults.gone()
    if entity is None:
        raise faults.unsupported(f"Operation {name} is not supported.")
    assert entity.name in ENTITIES, "both tables are one"
    return entity


def _select_text() -> str:
    if request.method == "GET":
        return request.args.get("query", "")
    if request.mimetype not in QUERY_TYPES:
        raise faults.unsupported(f"Content type {request.mimetype} is not supported")
    return request.get_data(as_text=True)


def _body() -> Any:
    try:
        return decode(request.get_data())
    except msgspec.DecodeError as error:
        raise faults.unsupported(f"The body is no JSON: {error}") from None


def _formed(timed: bytes, status: int) -> Response:
    if "application/json" in request.headers.get("Accept", ""):
        return Response(timed, status, content_type="application/json;charset=UTF-8")
    return Response(to_xml(decode(timed)), status, content_type="application/xml")
