"""What goes along with a letter, in the words of its language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from arsync.core.ledger.enclosures import Enclosure


def enclosed_words(
    attachments: Iterable[str], words: Mapping[str, str], *, invoices: int
) -> list[str]:
    """Return what each enclosure is called.

    Args:
        attachments: of `Enclosure`.
        words: of the language.
        invoices: about how many the letter is.
    """
    several = {Enclosure.INVOICE.value} if invoices > 1 else set()
    return [words[f"attached_{name}{'s' if name in several else ''}"] for name in attachments]
