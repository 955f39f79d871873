"""Pictures for a letterhead, made without a library that draws."""

from __future__ import annotations

import random
import struct
import zlib

PNG = b"\x89PNG\r\n\x1a\n"

SVG = b"""<svg xmlns="http://www.w3.org/2000/svg" width="200" height="60">
<rect width="60" height="60" rx="10" fill="#0b5c7a"/>
<rect x="70" y="15" width="120" height="12" fill="#0b5c7a"/>
</svg>"""


def noise(side: int) -> bytes:
    """Return a square PNG that cannot be made smaller: three bytes for each of its pixels."""
    lots = random.Random(7)
    return png(side, side, b"".join(b"\0" + lots.randbytes(side * 3) for _ in range(side)))


def png(width: int, height: int, rows: bytes | None = None) -> bytes:
    """Return a PNG; of one colour where no rows are given."""
    filled = (b"\0" + b"\x0b\x5c\x7a" * width) * height if rows is None else rows
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(filled, 1)), (b"IEND", b""))
    return PNG + b"".join(_chunk(kind, content) for kind, content in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + check
