"""A mailbox's position is kept; a failure leaves it where it was, and one process reads."""

from __future__ import annotations

from arsync.store import Store
from arsync.store.models import MailboxPosition


def position(store: Store, mailbox: str = "a") -> MailboxPosition:
    row = store.mailboxes.position(mailbox)
    assert row is not None
    return row


def test_a_position_is_kept_by_mailbox(store: Store) -> None:
    boxes = store.mailboxes
    assert boxes.position("a") is None
    boxes.read_to("a", 2**32 - 1, 7)
    boxes.read_to("a", 2**32 - 1, 9)
    boxes.read_to("b", 1, 1)
    assert position(store)[:2] == (2**32 - 1, 9)
    boxes.failed("a", "no answer in time")
    assert position(store)[:2] == (2**32 - 1, 9)
    assert position(store).failure == "no answer in time"
    boxes.read_to("a", 5, 1)
    assert (position(store)[:2], position(store).failure) == ((5, 1), "")


def test_one_that_never_was_read_has_a_failure(store: Store) -> None:
    store.mailboxes.failed("a", "login refused")
    assert (position(store).last_uid, position(store).failure) == (0, "login refused")


def test_one_process_reads_a_mailbox(store: Store) -> None:
    with store.mailboxes.reading("a") as first, store.mailboxes.reading("a") as second:
        assert (first, second) == (True, False)
    with store.mailboxes.reading("a") as again:
        assert again
