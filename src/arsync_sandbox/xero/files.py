"""Attachments: uploaded by name, listed, and read back."""

from __future__ import annotations

from flask import Response, request

from . import wire
from .api import XeroApi, took_effect
from .documents import XeroAttachment, XeroContact, XeroCredit, XeroInvoice
from .errors import XeroRefused, bad_body, invalid, not_found
from .forms import attachment_form
from .reads import find_contact, find_credit, find_invoice

FILES_MAX = 10
"""How many files a record may have."""

NAME_FORBIDDEN = frozenset('<>:"/\\|?*\0+')


class Files:
    """The routes of one kind of record's attachments."""

    def __init__(self, api: XeroApi, kind: str) -> None:
        self._api = api
        self._kind = kind

    def _record(self, name: str) -> XeroContact | XeroInvoice | XeroCredit:
        ledger = self._api.ledger
        if self._kind == "Invoices":
            return find_invoice(ledger, name)
        if self._kind == "Contacts":
            return find_contact(ledger, name)
        return find_credit(ledger, self._kind, name)

    def all(self, name: str) -> Response:
        """GET .../Attachments."""
        ledger, record = self._api.ledger, self._record(name)
        files = ledger.attachments.get(record.id, {}).values()
        rows = [attachment_form(ledger, self._kind, record.id, file) for file in files]
        return self._api.answer("Attachments", rows)

    def one(self, name: str, file_name: str) -> Response:
        """GET .../Attachments/{FileName or AttachmentID}: the bytes."""
        files = self._api.ledger.attachments.get(self._record(name).id, {})
        for file in files.values():
            if file_name in {file.name, file.id}:
                return Response(file.content, mimetype=file.mime_type)
        raise not_found()

    def put(self, name: str, file_name: str) -> Response:
        """PUT (or POST) .../Attachments/{FileName}; the same name overwrites."""
        ledger, record = self._api.ledger, self._record(name)
        content = request.get_data()
        if NAME_FORBIDDEN & set(file_name):
            raise invalid("The file name contains characters that are not allowed")
        if not content:
            raise bad_body("The attachment is empty")
        if len(content) > ledger.setting("attachment_megabytes_max") * 1_000_000:
            raise XeroRefused(413, "Request Entity Too Large")
        files = ledger.attachments[record.id]
        if file_name not in files and len(files) >= FILES_MAX:
            raise invalid(f"You can only add {FILES_MAX} attachments to this document")
        old = files.get(file_name)
        file = XeroAttachment(
            old.id if old else wire.new_guid(),
            file_name,
            request.mimetype or "application/octet-stream",
            content,
            wire.truth(request.args.get("IncludeOnline")),
        )
        files[file_name] = file
        ledger.changed(record, bump=False)
        took_effect()
        row = attachment_form(ledger, self._kind, record.id, file)
        return self._api.answer("Attachments", [row])
