"""The platform's PDFs that go along: as many as fit, and a word about the others."""

from __future__ import annotations

import pytest
from tests.builders.actions import an_action, an_invoice_ref

from arsync.connector_sdk import Capabilities, Capability
from arsync.core.actions import Action, ActionKind
from arsync.errors import NeedsReconnect, Rejected, RetryLater
from arsync.outbox import NO_EXTRAS, LetterExtras
from arsync.outbox.enclosures import (
    BYTES_ATTACHED_MAX,
    INVOICES_ATTACHED_MAX,
    NO_ROOM,
    NOT_OFFERED,
    TRIES_MAX,
    with_invoice_pdfs,
)

ALL = frozenset(Capability)


class Papers:
    """A platform that has a PDF of each invoice, or an error in its place."""

    def __init__(self, *, offers: frozenset[Capability] = ALL, **papers: bytes | Exception) -> None:
        self.capabilities = Capabilities(offers, 1_000, 0)
        self.papers = papers
        self.asked: list[str] = []

    def invoice_pdf(self, invoice_id: str) -> bytes:
        self.asked.append(invoice_id)
        paper = self.papers.get(invoice_id, b"%PDF-")
        if isinstance(paper, Exception):
            raise paper
        return paper


def about(count: int) -> Action:
    refs = tuple(an_invoice_ref(f"i{number}") for number in range(1, count + 1))
    return an_action(ActionKind.REMINDER, invoices=refs)


def extras(papers: Papers, count: int, tries: int = 1) -> LetterExtras:
    return with_invoice_pdfs(NO_EXTRAS, about(count), papers, tries)


def test_each_invoice_goes_along() -> None:
    answer = extras(Papers(i2=b"%PDF-two"), 2)
    assert answer.invoice_pdfs == {"i1": b"%PDF-", "i2": b"%PDF-two"}
    assert answer.not_attached == {}


def test_only_so_many_go_along() -> None:
    papers = Papers()
    answer = extras(papers, INVOICES_ATTACHED_MAX + 2)
    assert len(answer.invoice_pdfs) == len(papers.asked) == INVOICES_ATTACHED_MAX
    assert answer.not_attached == {"i11": NO_ROOM, "i12": NO_ROOM}


def test_what_is_too_large_leaves_room_for_others() -> None:
    half = b"x" * (BYTES_ATTACHED_MAX // 2 + 1)
    answer = extras(Papers(i1=half, i2=half), 3)
    assert set(answer.invoice_pdfs) == {"i1", "i3"}
    assert answer.not_attached == {"i2": NO_ROOM}
    assert sum(map(len, answer.invoice_pdfs.values())) <= BYTES_ATTACHED_MAX


def test_a_refused_one_is_named_with_its_reason() -> None:
    answer = extras(Papers(i1=Rejected("it is too large")), 2)
    assert (set(answer.invoice_pdfs), answer.not_attached) == ({"i2"}, {"i1": "it is too large"})


def test_a_busy_platform_is_waited_for_a_while() -> None:
    papers = Papers(i1=RetryLater("no PDF came"))
    for tries in range(1, TRIES_MAX + 1):
        with pytest.raises(RetryLater):
            extras(papers, 2, tries)
    assert extras(papers, 2, TRIES_MAX + 1).not_attached == {"i1": "no PDF came"}
    with pytest.raises(NeedsReconnect):
        extras(Papers(i1=NeedsReconnect("connect")), 1, TRIES_MAX + 1)


def test_a_platform_without_pdfs_is_not_asked() -> None:
    papers = Papers(offers=ALL - {Capability.INVOICE_PDF})
    assert extras(papers, 1).not_attached == {"i1": NOT_OFFERED}
    assert papers.asked == []
