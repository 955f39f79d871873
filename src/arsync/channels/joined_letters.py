"""All letters of a day in one file, to be printed at once, in the order of their own files.

Whoever has printed it takes it away: the next letter begins a new one, so that nothing is printed
twice. Each letter is a bookmark, and in the file only once.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from arsync.core.actions import MARKER_LENGTH
from arsync.core.ledger.sanitising import one_line
from arsync.errors import HealsWhen, Rejected, UserMistake
from arsync.files import OWNER_ONLY, refuse_link
from arsync.mail import Attachment

JOINED_NAME = "to print"

PAGES_MAX = 200
"""A joined file of so many pages is full, and the next one begins: each letter writes it anew."""

FILES_MAX = 1_000


def with_enclosures(letter: bytes, files: Sequence[Attachment]) -> bytes:
    """Return a letter with what is enclosed behind it, to be printed as one.

    Raises:
        Rejected: an enclosure is no PDF that can be printed.
    """
    if not files:
        return letter
    import pikepdf

    with pikepdf.open(BytesIO(letter)) as whole:
        for file in files:
            try:
                with pikepdf.open(BytesIO(file.content)) as opened:
                    whole.pages.extend(opened.pages)
            except pikepdf.PdfError as error:
                raise Rejected(
                    f"{file.name} cannot be printed: {one_line(str(error))}",
                    heals_when=HealsWhen.SETTING,
                ) from None
        printed = BytesIO()
        whole.save(printed, deterministic_id=True)
        return printed.getvalue()


def add_to_joined(folder: Path, key: str, letter: Path) -> str:
    """Add a letter's pages to the file that is printed; return what to say, where that failed.

    The letter itself is in the folder already: what goes wrong here takes nothing from it.
    """
    import pikepdf  # a tenth of a second: only a process that posts letters should wait for it

    try:
        for number in range(1, FILES_MAX + 1):
            file = folder / (f"{JOINED_NAME}.pdf" if number == 1 else f"{JOINED_NAME} {number}.pdf")
            if _added(file, key, letter):
                return ""
    except (OSError, UserMistake, pikepdf.PdfError):
        return f'; it is not in "{JOINED_NAME}.pdf"'
    return f'; it is not in "{JOINED_NAME}.pdf"'


def _added(file: Path, key: str, letter: Path) -> bool:
    """Return whether a joined file has a letter now; a full one takes none."""
    import pikepdf

    refuse_link(file)
    mark = key[:MARKER_LENGTH]
    with pikepdf.open(file) if file.exists() else pikepdf.new() as joined:
        marks = str(joined.docinfo.get("/Keywords", "")).split()
        if mark in marks:
            return True
        if len(joined.pages) >= PAGES_MAX:
            return False
        first = len(joined.pages)
        with pikepdf.open(letter) as opened:
            joined.pages.extend(opened.pages)
            with joined.open_outline() as outline:
                outline.root.append(pikepdf.OutlineItem(letter.stem, first))
            joined.docinfo["/Keywords"] = " ".join((*marks, mark))
            draft = file.with_name(f".{file.name}.draft")
            try:
                os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, OWNER_ONLY))
                joined.save(draft)
                draft.replace(file)
            finally:
                draft.unlink(missing_ok=True)
    return True
