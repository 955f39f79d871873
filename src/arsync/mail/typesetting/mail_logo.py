"""The logo as mails show it: drawn as one small PNG, for few mail programs show an SVG."""

from __future__ import annotations

import base64
from functools import lru_cache
from typing import NamedTuple

from arsync.config import Config
from arsync.mail.letter_facts import LOGO_IN_HTML
from arsync.mail.letters import Letter
from arsync.mail.typesetting.engine import as_input, drawn, own_fonts, template
from arsync.mail.typesetting.letterhead import LOGOS_KEPT, letterhead_of

MAIL_LOGO_BYTES_MAX = 150_000
"""A larger one is drawn with fewer dots: it is in each mail."""

DENSITIES = (2, 1)
"""Dots for each pixel: two are sharp on a telephone. Of one, no logo is as large as the limit."""

_PER_INCH = 96
"""So many pixels of a page are an inch."""


class MailLogo(NamedTuple):
    """A logo for mails."""

    content: bytes
    """A PNG on white: what is drawn in black must be seen on a dark screen, too."""
    width: int
    """In pixels, as it is shown."""
    height: int

    @property
    def size(self) -> tuple[int, int]:
        """Return width and height; zeros: there is none."""
        return self.width, self.height


NO_LOGO = MailLogo(b"", 0, 0)


def mail_logo_of(config: Config) -> MailLogo:
    """Return the logo of a connection's letters.

    Raises:
        UserMistake: the logo cannot be used.
    """
    logo = letterhead_of(config).logo
    return _drawn(logo) if logo else NO_LOGO


def with_logo(letter: Letter, logo: MailLogo) -> Letter:
    """Return a letter whose HTML holds the logo where it shows it."""
    if not logo.content:
        return letter
    picture = "data:image/png;base64," + base64.b64encode(logo.content).decode("ascii")
    return letter._replace(html=letter.html.replace(LOGO_IN_HTML, picture))


@lru_cache(maxsize=LOGOS_KEPT)
def _drawn(logo: bytes) -> MailLogo:
    inputs = {"logo": as_input(logo)}
    for density in DENSITIES:
        content = drawn(template("logo.typ"), inputs, own_fonts(), density * _PER_INCH)
        if len(content) <= MAIL_LOGO_BYTES_MAX:
            break
    # A PNG says its size behind its first sixteen bytes.
    width, height = int.from_bytes(content[16:20]), int.from_bytes(content[20:24])
    return MailLogo(content, round(width / density), round(height / density))
