"""Reading multipart requests as leniently as the platform does.

Clients send bare line feeds, base64 parts and files without a file name; web frameworks take the
last for form fields and lose their bytes.
"""

from __future__ import annotations

import base64
import binascii
import re
from email.message import Message
from email.parser import BytesHeaderParser
from typing import NamedTuple

from arsync_sandbox.quickbooks import faults


class MultipartSection(NamedTuple):
    """One part of a multipart request."""

    name: str
    file_name: str
    content_type: str
    content: bytes


def read_parts(content_type: str, body: bytes) -> list[MultipartSection]:
    """Take a multipart body apart.

    Raises:
        Refusal: 500 when there is no boundary, or a part is no base64 although it says so.
    """
    message = Message()
    message["Content-Type"] = content_type
    boundary = message.get_boundary()
    if not boundary or message.get_content_maintype() != "multipart":
        raise faults.unsupported("An upload is a multipart request")
    fence = rb"(?:^|\r?\n)--" + re.escape(boundary.encode()) + rb"(?:--)?[ \t]*(?:\r?\n|$)"
    return [_part(raw) for raw in re.split(fence, body)[1:-1]]


def _part(raw: bytes) -> MultipartSection:
    head, content = _split_head(raw)
    headers = BytesHeaderParser().parsebytes(head)
    if headers.get("Content-Transfer-Encoding", "").lower() == "base64":
        try:
            content = base64.b64decode(content)
        except binascii.Error:
            raise faults.unsupported("The file is no base64") from None
    name = headers.get_param("name", "", header="Content-Disposition")
    return MultipartSection(
        str(name), headers.get_filename() or "", headers.get_content_type(), content
    )


def _split_head(raw: bytes) -> tuple[bytes, bytes]:
    blank = re.search(rb"\r?\n\r?\n", raw)
    if blank is None:
        return raw, b""
    return raw[: blank.start()] + b"\n", raw[blank.end() :]
