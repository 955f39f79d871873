"""Pictures within a mail's HTML: as parts of the message, for many programs show no others.

A letter is one page with its pictures in it, so that it can be looked at as it is. When it leaves
as a mail, each becomes a part of its own (RFC 2392), without a file that the reader would see.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import NamedTuple

PICTURES_MAX = 10
"""So many different pictures become parts; others stay in the page."""

_IN_PAGE = re.compile(r'src="data:image/(png|jpeg|gif);base64,([A-Za-z0-9+/=]+)"')

_ID_CHARACTERS = 16


class InlinePicture(NamedTuple):
    """A picture that a page shows by its name."""

    content_id: str
    content: bytes
    form: str
    """`png`, `jpeg`, `gif`."""


def parted(page: str) -> tuple[str, tuple[InlinePicture, ...]]:
    """Return a page that names its pictures, and the pictures."""
    pictures: dict[str, InlinePicture] = {}

    def named(shown: re.Match[str]) -> str:
        try:
            content = base64.b64decode(shown[2], validate=True)
        except binascii.Error:
            return shown[0]
        content_id = f"{hashlib.sha256(content).hexdigest()[:_ID_CHARACTERS]}@arsync"
        if content_id not in pictures and len(pictures) == PICTURES_MAX:
            return shown[0]
        pictures[content_id] = InlinePicture(content_id, content, shown[1])
        return f'src="cid:{content_id}"'

    return _IN_PAGE.sub(named, page), tuple(pictures.values())
