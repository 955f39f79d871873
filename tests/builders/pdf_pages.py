"""What stands on the pages of a PDF, and where: read by a library that did not write it."""

from __future__ import annotations

import io
import re
from typing import Any, NamedTuple

import pikepdf
import pypdfium2

POINTS_PER_MM = 72 / 25.4


class Word(NamedTuple):
    """A run of text on a page, in millimetres from the paper's upper left corner."""

    text: str
    left: float
    top: float
    right: float
    bottom: float


def page_texts(pdf: bytes) -> list[str]:
    """Return the text of each page, with the breaks that lines of a page have."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [page.get_textpage().get_text_bounded() for page in document]
    finally:
        document.close()


def flowing_text(pdf: bytes) -> str:
    """Return the text of all pages as running text."""
    return flowing(" ".join(page_texts(pdf)))


def flowing(text: str) -> str:
    """Return a text without what tells where its lines were broken."""
    # A line that ends in a hyphen: the reader takes it for one that the line break put in.
    whole = re.sub(r"(?<=\w)[\ufffe\x02]\s*", "-", text.replace("\u200b", ""))
    return " ".join(whole.split())


def words_on(pdf: bytes, page: int = 0) -> list[Word]:
    """Return the runs of text on a page."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        opened = document[page]
        height = opened.get_height()
        text_page = opened.get_textpage()
        words = []
        for number in range(text_page.count_rects()):
            left, bottom, right, top = text_page.get_rect(number)
            text = text_page.get_text_bounded(left, bottom, right, top)
            edges = (left, height - top, right, height - bottom)
            words.append(Word(text.strip(), *(edge / POINTS_PER_MM for edge in edges)))
        return words
    finally:
        document.close()


def paper_of(pdf: bytes) -> tuple[float, float]:
    """Return the width and the height of the first page, in millimetres."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        width, height = document[0].get_size()
        return width / POINTS_PER_MM, height / POINTS_PER_MM
    finally:
        document.close()


def tags_of(pdf: bytes) -> list[str]:
    """Return the kinds of the elements of its structure, in the order of reading."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        return list(_kinds(document.Root.StructTreeRoot))


def _kinds(element: pikepdf.Object) -> list[str]:
    kinds = [str(element.S).lstrip("/")] if "/S" in element else []
    children: Any = element.get("/K", [])
    for child in children if isinstance(children, pikepdf.Array) else [children]:
        if isinstance(child, pikepdf.Dictionary) and child.get("/Type") != "/MCR":
            kinds += _kinds(child)
    return kinds


def metadata_of(pdf: bytes) -> dict[str, str]:
    """Return what the file says about itself."""
    with pikepdf.open(io.BytesIO(pdf)) as document, document.open_metadata() as metadata:
        about = {str(name): str(value) for name, value in metadata.items()}
        about["language"] = str(document.Root.Lang)
        about["marked"] = str(document.Root.MarkInfo.Marked)
        return about
