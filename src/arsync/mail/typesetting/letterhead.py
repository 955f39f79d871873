"""How an organisation's letters look, from its settings: the logo is tried before a letter is."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

from arsync.config import Config
from arsync.errors import UserMistake
from arsync.mail.typesetting.engine import as_input, compiled, own_fonts

LOGO_BYTES_MAX = 1_000_000
"""A larger logo is refused: it is in each letter."""

LOGO_PIXELS_MAX = 25_000_000
"""A picture with more, however small its file, would fill the memory."""

LOGOS_KEPT = 16
"""So many logos are kept in memory, of as many connections."""

_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
_SVG = re.compile(rb"<svg[\s>]")
_LEADS_OUTSIDE = re.compile(rb"""<!ENTITY|href\s*=\s*["'](?!#|data:image/)""", re.IGNORECASE)
"""A picture that reads other files, or that grows by entities."""

_ANY_MOMENT = datetime(2000, 1, 1, tzinfo=UTC)

_TRIAL = b"""#set document(title: "logo")
#set text(font: "Noto Sans", lang: "en")
#image(bytes(sys.inputs.logo.codepoints().map(str.to-unicode)), alt: "logo", width: 55mm)
"""


class Letterhead(NamedTuple):
    """How an organisation's letters look."""

    logo: bytes = b""
    colour: str = "#1f2933"
    footer: str = ""
    paper: Literal["a4", "us-letter"] = "a4"
    address_window: Literal["left", "right"] = "left"


PLAIN = Letterhead()


def letterhead_of(config: Config) -> Letterhead:
    """Return how letters look by the settings of a connection.

    Raises:
        UserMistake: the logo cannot be used.
    """
    settings = config.letters
    return Letterhead(
        logo=checked_logo(config.folder / Path(settings.logo).expanduser())
        if settings.logo
        else b"",
        colour=settings.colour,
        footer=settings.footer,
        paper=settings.paper,
        address_window=settings.address_window,
    )


def checked_logo(file: Path) -> bytes:
    """Return a logo that a letter can show.

    Raises:
        UserMistake: it cannot be read, is too large, or is no picture that can be shown.
    """
    try:
        about = file.stat()
        return _checked(file, about.st_mtime_ns, about.st_size)
    except OSError as error:
        raise UserMistake(
            f"[letters] logo {file} cannot be read: {error.strerror}."
            "\n    hint: name a PNG, JPEG or SVG file, relative to the config file"
        ) from None


@lru_cache(maxsize=LOGOS_KEPT)
def _checked(file: Path, _changed: int, size: int) -> bytes:
    where = f"[letters] logo {file}"
    if size > LOGO_BYTES_MAX:
        raise UserMistake(f"{where} has {size:,} bytes; at most {LOGO_BYTES_MAX:,} fit a letter.")
    content = file.read_bytes()
    if not content.startswith((_PNG, _JPEG)) and not _SVG.search(content):
        raise UserMistake(f"{where} is no PNG, JPEG or SVG picture.")
    if _SVG.search(content) and not content.startswith((_PNG, _JPEG)):
        if _LEADS_OUTSIDE.search(content):
            raise UserMistake(
                f"{where} refers to other files or has entities; save it as plain SVG."
            )
    elif _pixels(content) > LOGO_PIXELS_MAX:
        raise UserMistake(
            f"{where} has more than {LOGO_PIXELS_MAX:,} pixels; 1,000 across are enough."
        )
    _try(where, content)
    return content


def _pixels(content: bytes) -> int:
    """Return how many pixels a PNG or JPEG says it has; 0 when it does not say."""
    if content.startswith(_PNG):
        return int.from_bytes(content[16:20]) * int.from_bytes(content[20:24])
    place = 2
    while place + 9 < len(content) and content[place] == 0xFF:
        marker, length = content[place + 1], int.from_bytes(content[place + 2 : place + 4])
        # A frame's header; these three of its row are other tables.
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height, width = content[place + 5 : place + 7], content[place + 7 : place + 9]
            return int.from_bytes(height) * int.from_bytes(width)
        place += 2 + length
    return 0


def _try(where: str, content: bytes) -> None:
    import typst  # only a process that prints should wait for it

    try:
        compiled(_TRIAL, {"logo": as_input(content)}, own_fonts(), _ANY_MOMENT)
    except typst.TypstError as error:
        raise UserMistake(f"{where} cannot be shown: {error.message}.") from None
