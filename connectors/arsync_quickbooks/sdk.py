"""python-quickbooks, whose typed objects and methods build our writes, over arsync's own transport.

The SDK has no timeouts, drops headers and raises its own errors, so only the making of requests is
left to it. Its `to_json` is not used: it sends every default of a new object as if it had been
chosen (which, without `sparse`, changes documents), and decimals as texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import msgspec
from quickbooks import QuickBooks
from quickbooks.objects.attachable import Attachable
from quickbooks.objects.base import AttachableRef, Ref
from quickbooks.objects.detailline import SalesItemLine, SalesItemLineDetail
from quickbooks.objects.invoice import Invoice
from quickbooks.objects.term import Term

from arsync.errors import OutcomeUnknown
from arsync_quickbooks import errors
from arsync_quickbooks.api import MINOR_VERSION, Api

_NUMBERS = msgspec.json.Encoder(decimal_format="number")
_PASSED_ON = ("Accept", "Content-Type")
_ALWAYS = frozenset({"DetailType"})
"""Never left out, though it is a default: QuickBooks cannot read a line without it."""


class _Answer(NamedTuple):
    status_code: int
    text: str


class SdkClient(QuickBooks):  # type: ignore[misc]
    """The SDK's client, for writes only."""

    def __init__(self, **_: object) -> None:
        """Take no session: `make_client` sets the API that it works through."""
        # The SDK's own constructor renews the token, and keeps the new one in memory alone.
        self.reading: Api

    @property
    def api_url(self) -> str:
        """Return the address that the SDK's paths begin with."""
        return self.reading.company_url.rpartition("/company/")[0]

    def process_request(
        self,
        request_type: str,
        url: str,
        headers: Any = "",
        params: Any = "",
        data: Any = "",
    ) -> _Answer:
        """Make the request that the SDK built."""
        address, _, query = url.partition("?")
        response = self.reading.transport.request(
            request_type,
            address,
            params={**dict(parse_qsl(query)), **{key: str(params[key]) for key in params or {}}},
            headers={key: value for key, value in (headers or {}).items() if key in _PASSED_ON},
            body=data.encode() if isinstance(data, str) else bytes(data or b""),
            changes=True,
        )
        # Before the SDK looks: it knows neither lower-case faults nor faults without a code, and
        # takes any success but 200 for a failure.
        errors.tree_of(response, changes=True)
        return _Answer(HTTPStatus.OK, response.body.decode(errors="replace"))

    def put(self, entity: str, body: Mapping[str, Any], request_id: str) -> dict[str, Any]:
        """Create or update an object, and return it as it is afterwards."""
        text = _NUMBERS.encode(body).decode()
        method = self.update_object if "Id" in body else self.create_object
        return _object_in(method(entity, text, request_id=request_id), entity)

    def void(self, invoice_id: str, sync_token: str, request_id: str) -> dict[str, Any]:
        """Void an invoice: it keeps its number, its amounts become zero."""
        answer = self.make_request(
            "POST",
            f"{self.reading.company_url}/invoice",
            _NUMBERS.encode({"Id": invoice_id, "SyncToken": sync_token}).decode(),
            content_type="application/json",
            params={"operation": "void"},
            request_id=request_id,
        )
        return _object_in(answer, "Invoice")

    def send(self, invoice_id: str, to: str, request_id: str) -> dict[str, Any]:
        """Have the platform email an invoice; `to` overwrites the invoice's address."""
        answer = self.make_request(
            "POST",
            f"{self.reading.company_url}/invoice/{invoice_id}/send",
            content_type="application/octet-stream",
            params={"sendTo": to} if to else {},
            request_id=request_id,
        )
        return _object_in(answer, "Invoice")

    def upload(self, metadata: Mapping[str, Any], file: bytes, request_id: str) -> dict[str, Any]:
        """Upload a file with its Attachable."""
        # Not the SDK's own upload: it sends base64 in parts with the wrong line ends, under a
        # boundary that may stand in the file.
        boundary = f"arsync-{request_id}"
        body = _multipart(boundary, metadata, file)
        answer = self.make_request(
            "POST",
            f"{self.reading.company_url}/upload",
            body,
            content_type=f"multipart/form-data; boundary={boundary}",
            request_id=request_id,
        )
        uploads = answer.get("AttachableResponse") or [{}]
        # A refused upload is answered with 200 and a fault inside.
        if "Fault" in uploads[0]:
            errors.raise_fault(uploads[0]["Fault"], changes=True)
        return _object_in(uploads[0], "Attachable")


def make_client(api: Api) -> SdkClient:
    """Return a client for one company."""
    client = SdkClient(company_id=api.realm_id, minorversion=MINOR_VERSION, use_decimal=True)
    client.reading = api
    return client


def note(entity: str, entity_id: str, text: str) -> Attachable:
    """Build a note on an object; the customer does not get it with an email."""
    # An Attachable, not the document's own memo: it is a document of its own, so it needs no
    # SyncToken of the invoice, and never collides with what people type there.
    reference = Ref()
    reference.type, reference.value = entity, entity_id
    link = AttachableRef()
    link.EntityRef = reference
    built = Attachable()
    built.AttachableRef = [link]
    built.Note = text
    return built


def term(name: str, days: int) -> Term:
    """Build a term of payment that is due after so many days; 0: at once."""
    built = Term()
    built.Name, built.DueDays = name, days
    return built


def late_fee(
    customer_id: str,
    item: Mapping[str, str],
    *,
    amount: Decimal,
    description: str,
    issued_on: str,
    due_on: str,
    private_note: str,
) -> Invoice:
    """Build an invoice of one line: a service item, once."""
    detail = SalesItemLineDetail()
    detail.ItemRef = reference_to(item["id"])
    detail.Qty, detail.UnitPrice = 1, amount
    if item.get("tax_code"):
        detail.TaxCodeRef = reference_to(item["tax_code"])
    line = SalesItemLine()
    line.Amount, line.Description, line.SalesItemLineDetail = amount, description, detail
    built = Invoice()
    built.CustomerRef = reference_to(customer_id)
    built.TxnDate, built.DueDate = issued_on, due_on
    built.PrivateNote = private_note
    built.Line = [line]
    return built


def reference_to(value: str) -> Ref:
    """Build a reference to an object."""
    reference = Ref()
    reference.value = value
    return reference


def content(built: Any) -> Any:
    """Return what was set on a typed object, and none of its defaults."""
    if isinstance(built, list):
        return [content(element) for element in built]
    if not hasattr(built, "__dict__") or isinstance(built, Decimal):
        return built
    blank = vars(type(built)())
    return {
        key: content(value)
        for key, value in vars(built).items()
        if not key.startswith("_") and (key in _ALWAYS or value != blank.get(key))
    }


def _object_in(answer: Mapping[str, Any], entity: str) -> dict[str, Any]:
    written = answer.get(entity)
    if not isinstance(written, dict):
        raise OutcomeUnknown(f"QuickBooks answered a write without the {entity}.")
    return written


def _multipart(boundary: str, metadata: Mapping[str, Any], file: bytes) -> bytes:
    name = str(metadata["FileName"]).replace('"', "'").replace("\r", " ").replace("\n", " ")
    return b"\r\n".join(
        (
            f"--{boundary}".encode(),
            b'Content-Disposition: form-data; name="file_metadata_01"; filename="metadata.json"',
            b"Content-Type: application/json",
            b"",
            _NUMBERS.encode(metadata),
            f"--{boundary}".encode(),
            f'Content-Disposition: form-data; name="file_content_01"; filename="{name}"'.encode(),
            f"Content-Type: {metadata['ContentType']}".encode(),
            b"",
            file,
            f"--{boundary}--".encode(),
            b"",
        )
    )
