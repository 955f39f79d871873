"""Answers that are no pages: files to keep, and letters that are shown in a frame."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Response

from arsync.web.desk.guard import LETTER_POLICY


def file_answer(
    content: str | bytes | Iterable[str], kind: str, name: str, *, shown: bool = False
) -> Response:
    """Return a file.

    Args:
        content: of the file; its parts are sent one after the other.
        kind: its media type, such as `text/csv`.
        name: under which the browser keeps it.
        shown: whether the browser may show it: only what is made here, such as a letter's PDF.
            Anything else is kept, whatever the texts in it look like.
    """
    response = Response(content, mimetype=kind)
    disposition = "inline" if shown else "attachment"
    response.headers.set("Content-Disposition", disposition, filename=name)
    return response


def framed_letter(html: str) -> Response:
    """Return a letter as an email program shows it; in a frame of the desk nothing of it runs."""
    response = Response(html, mimetype="text/html")
    response.headers["Content-Security-Policy"] = LETTER_POLICY
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response
