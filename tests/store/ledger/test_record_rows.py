"""What becomes a row: a NUL, which no database text can hold, is found wherever it stands."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.builders.records import an_invoice

from arsync.connector_sdk import Record
from arsync.core.ledger.records import Contact, RecordKind
from arsync.store.ledger.record_rows import KINDS, hash_of, packed

MOMENTS = (
    None,
    datetime(2026, 1, 1, tzinfo=UTC),
    datetime(2026, 1, 1, 9, 30, 0, 256_000, tzinfo=UTC),
    datetime(1900, 1, 1, 0, 0, 0, 5, tzinfo=UTC),
    datetime(2600, 1, 1, 0, 0, 0, 5, tzinfo=UTC),
)
"""MessagePack has four forms for them; zero bytes are in most."""


@pytest.mark.parametrize("updated_at", MOMENTS)
@pytest.mark.parametrize("text", ["\0", "ends so \0", "é" * 300 + "\0", "\0ÿ×ÿ×ÿ×"])
def test_a_nul_is_found_beside_any_moment(text: str, updated_at: datetime | None) -> None:
    record = an_invoice(version=text, updated_at=updated_at)
    with pytest.raises(ValueError, match="NUL"):
        row_of(RecordKind.INVOICES, record)
    with pytest.raises(ValueError, match="NUL"):
        row_of(RecordKind.CONTACTS, Contact("c1", text, updated_at=updated_at))


@pytest.mark.parametrize("updated_at", MOMENTS)
@pytest.mark.parametrize("text", ["", "x" * 256, "y" * 70_000, "ÿ×ÿ×ÿ×ÿ×ÿ×"])
def test_zero_bytes_of_moments_and_lengths_are_no_nul(
    text: str, updated_at: datetime | None
) -> None:
    record = an_invoice(version=text, updated_at=updated_at)
    assert text in row_of(RecordKind.INVOICES, record)


def test_a_moment_is_the_last_field_of_each_record() -> None:
    assert {kind.record._fields[-1] for kind in KINDS.values()} == {"updated_at"}


def row_of(kind: RecordKind, record: Record) -> tuple[object, ...]:
    content = packed(record)
    return KINDS[kind].row(1, record, (content, hash_of(content)), "")
