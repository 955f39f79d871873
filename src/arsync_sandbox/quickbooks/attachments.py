"""Files and notes on documents."""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import parse_qs, quote, urlsplit

import msgspec

from arsync_sandbox.platform import Frame
from arsync_sandbox.quickbooks import faults
from arsync_sandbox.quickbooks.ledger import QuickBooksLedger
from arsync_sandbox.quickbooks.multipart import MultipartSection, read_parts
from arsync_sandbox.quickbooks.wire import Doc, decode
from arsync_sandbox.quickbooks.writing import DocumentWriter

DOWNLOAD_SECONDS = 900
"""How long a TempDownloadUri works."""

FILES_MAX = 20
"""How many files one upload holds."""

METADATA, CONTENT = "file_metadata_", "file_content_"


class Attachments:
    """What is attached to documents.

    Args:
        frame: for the clock and the server's address.
        ledger: the books; Attachables stand there.
        writer: checks and keeps their documents.
        realm: the company whose paths the links lead to.
    """

    def __init__(
        self, frame: Frame, ledger: QuickBooksLedger, writer: DocumentWriter, realm: str
    ) -> None:
        self._frame = frame
        self._ledger = ledger
        self._writer = writer
        self._realm = realm
        self.files: dict[str, bytes] = {}
        """By the Attachable's id."""

    def upload(self, content_type: str, body: bytes) -> list[Doc]:
        """Keep the files of a multipart request; one that fails does not stop the others.

        Raises:
            Refusal: 500 when there is no file, or too many.
        """
        sections = read_parts(content_type, body)
        files = [section for section in sections if section.name.startswith(CONTENT)]
        if not files or len(files) > FILES_MAX:
            raise faults.unsupported(f"An upload holds 1 to {FILES_MAX} files")
        answers: list[Doc] = []
        for file in files:
            section_name = f"{METADATA}{file.name.removeprefix(CONTENT)}"
            metadata = [section.content for section in sections if section.name == section_name]
            try:
                answers.append({"Attachable": self._keep(file, _metadata(metadata))})
            except faults.Refusal as refusal:
                shown = refusal
                if refusal.code in {"2500", "610"}:
                    # Recorded: a link to a missing document is code 6000 here, inside a 200.
                    shown = faults.business(refusal.detail)
                answers.append({"Fault": shown.fault()})
        return answers

    def _keep(self, file: MultipartSection, metadata: Doc) -> Doc:
        content = file.content
        name = metadata.get("FileName") or file.file_name or "attachment"
        body = {**metadata, "FileName": name}
        body.setdefault("ContentType", file.content_type)
        for key in [key for key, value in body.items() if key in {"Id", "SyncToken"} and not value]:
            del body[key]
        doc = self._writer.write("Attachable", body)
        doc["Size"] = len(content)
        doc["FileAccessUri"] = f"/v3/company/{self._realm}/download/{doc['Id']}"
        self._ledger.rewrite("Attachable", doc)
        self.files[doc["Id"]] = content
        return self.shown(doc)

    def shown(self, doc: Doc) -> Doc:
        """An Attachable as it is served: a file with a link that works for a while."""
        if doc.get("FileName") and doc["Id"] in self.files:
            return {**doc, "TempDownloadUri": self.link(doc["Id"], doc["FileName"])}
        return doc

    def link(self, id_: str, name: str) -> str:
        """A signed address of a file."""
        expires = int(self._frame.now().timestamp()) + DOWNLOAD_SECONDS
        path = f"/v3/files/{self._realm}/{id_}/{quote(name, safe='')}"
        return f"{self._frame.url}{path}?expires={expires}&signature={_sign(id_, expires)}"

    def opened(self, id_: str, url: str) -> tuple[bytes, str]:
        """The file behind a link, and its media type.

        Raises:
            KeyError: no such file, the link is forged, or too old.
        """
        query = parse_qs(urlsplit(url).query)
        expires = int(query.get("expires", ["0"])[0])
        good = hmac.compare_digest(query.get("signature", [""])[0], _sign(id_, expires))
        if not good or expires < self._frame.now().timestamp():
            raise KeyError(id_)
        doc = self._ledger.get("Attachable", id_) or {}
        return self.files[id_], str(doc.get("ContentType") or "application/octet-stream")


def _sign(id_: str, expires: int) -> str:
    text = f"{id_}|{expires}".encode()
    return hmac.new(b"sandbox", text, hashlib.sha256).hexdigest()


def _metadata(found: list[bytes]) -> Doc:
    if not found:
        return {}
    try:
        metadata = decode(found[0])
    except msgspec.DecodeError:
        raise faults.unsupported("The metadata of a file is JSON") from None
    if not isinstance(metadata, dict):
        raise faults.unsupported("The metadata of a file is one Attachable")
    return metadata


def is_note(doc: Doc) -> bool:
    """Tell a note from a file."""
    return bool(doc.get("Note")) and not doc.get("FileName")


def linked_to(doc: Doc) -> list[tuple[str, str]]:
    """The kind and id of each document that an Attachable belongs to."""
    return [
        (str(ref["EntityRef"].get("type", "")), str(ref["EntityRef"].get("value", "")))
        for ref in doc.get("AttachableRef", ())
        if ref.get("EntityRef")
    ]
