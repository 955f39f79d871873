"""Where typst is called: no network, no files, and the fonts that arsync brings along."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import typst

STANDARDS: tuple[Literal["a-3a"], Literal["ua-1"]] = ("a-3a", "ua-1")
"""For archives and for screen readers. Under them typst names a character that no font has; without
them it would leave it out without a word."""

_FOLDER = files("arsync") / "templates" / "typst"


@cache
def template(name: str) -> bytes:
    """Return a template that arsync brings along."""
    return (_FOLDER / name).read_bytes()


@cache
def own_fonts() -> typst.Fonts:
    """Return the fonts that arsync brings along: letters look the same on every computer."""
    return _fonts(with_system=False)


@cache
def all_fonts() -> typst.Fonts:
    """Return these and the computer's own."""
    return _fonts(with_system=True)


def _fonts(*, with_system: bool) -> typst.Fonts:
    import typst  # only a process that prints should wait for it

    with as_file(_FOLDER / "fonts") as folder:
        return typst.Fonts(
            include_system_fonts=with_system,
            include_embedded_fonts=False,
            font_paths=[str(folder)],
        )


def compiled(
    source: bytes, inputs: Mapping[str, str], fonts: typst.Fonts, moment: datetime
) -> bytes:
    """Return a PDF; the same arguments give the same bytes.

    Args:
        source: a template of arsync's own; nothing that anybody else wrote is ever code.
        inputs: what it shows, as texts.
        fonts: what it may be written in.
        moment: the document's own, to the second.

    Raises:
        typst.TypstError: it cannot be set.
    """
    import typst

    return typst.compile(
        source,
        font_paths=fonts,
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs=dict(inputs),
        pdf_standards=list(STANDARDS),
        timestamp=moment.astimezone(UTC).replace(microsecond=0),
    )


def drawn(
    source: bytes, inputs: Mapping[str, str], fonts: typst.Fonts, dots_per_inch: int
) -> bytes:
    """Return a template's one page as a PNG; otherwise as `compiled`."""
    import typst

    return typst.compile(
        source,
        font_paths=fonts,
        ignore_system_fonts=True,
        format="png",
        ppi=dots_per_inch,
        sys_inputs=dict(inputs),
    )


def as_input(content: bytes) -> str:
    """Return bytes as an input: each character stands for one of them."""
    return content.decode("latin-1")
