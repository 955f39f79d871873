"""One mail a day: what died before it left is made up for, what may have left is not repeated."""

from __future__ import annotations

from datetime import date, timedelta

from arsync.clock import SetClock
from arsync.store import Store
from arsync.store.admin.daily_mails import RETRY_SECONDS

DAY = date(2026, 11, 22)


def test_only_one_process_makes_the_days_mail(store: Store) -> None:
    mails = store.daily_mails
    with mails.telling(DAY) as is_due, mails.telling(DAY) as second:
        assert (is_due, second) == (True, False)
    assert mails.is_due(DAY), "it died before anything left"
    mails.leaves(DAY)
    assert not mails.is_due(DAY), "it may have left"
    mails.told(DAY)
    with mails.telling(DAY) as is_due:
        assert not is_due
    assert mails.is_due(DAY + timedelta(days=1))


def test_what_surely_did_not_leave_is_tried_again(store: Store, clock: SetClock) -> None:
    mails = store.daily_mails
    mails.leaves(DAY)
    mails.failed(DAY, "no such host")
    last = mails.last()
    assert last is not None
    assert (last.day, last.failure, last.leaving_at) == (DAY, "no such host", None)
    assert not mails.is_due(DAY)
    clock.advance(timedelta(seconds=RETRY_SECONDS))
    assert mails.is_due(DAY)
    mails.nothing_to_say(DAY)
    assert not mails.is_due(DAY)
    last = mails.last()
    assert last is not None
    assert last.failure == ""
