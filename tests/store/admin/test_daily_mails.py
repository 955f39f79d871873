"""One mail a day: what died before it left is made up for, what may have left is not repeated."""

from __future__ import annotations

from datetime import date, timedelta

from arsync.clock import SetClock
from arsync.store import Store
from arsync.store.admin.daily_mails import RETRY_SECONDS

DAY = date(2026, 11, 22)

JO = "jo@example.com"


def test_only_one_process_makes_the_days_mail(store: Store) -> None:
    mails = store.daily_mails
    with mails.telling(DAY, JO) as is_due, mails.telling(DAY, JO) as second:
        assert (is_due, second) == (True, False)
    assert mails.is_due(DAY, JO), "it died before anything left"
    mails.leaves(DAY, JO)
    assert not mails.is_due(DAY, JO), "it may have left"
    mails.told(DAY, JO)
    with mails.telling(DAY, JO) as is_due:
        assert not is_due
    assert mails.is_due(DAY + timedelta(days=1), JO)


def test_what_surely_did_not_leave_is_tried_again(store: Store, clock: SetClock) -> None:
    mails = store.daily_mails
    mails.leaves(DAY, JO)
    mails.failed(DAY, JO, "no such host")
    (last,) = mails.last()
    assert (last.day, last.failure, last.leaving_at) == (DAY, "no such host", None)
    assert not mails.is_due(DAY, JO)
    clock.advance(timedelta(seconds=RETRY_SECONDS))
    assert mails.is_due(DAY, JO)
    mails.nothing_to_say(DAY, JO)
    assert not mails.is_due(DAY, JO)
    (last,) = mails.last()
    assert last.failure == ""


def test_each_address_has_its_own_mail(store: Store) -> None:
    mails = store.daily_mails
    mails.told(DAY, JO)
    assert not mails.is_due(DAY, JO)
    assert mails.is_due(DAY, "sam@example.com")
    mails.failed(DAY, "sam@example.com", "no such host")
    assert [(mail.address, mail.failure) for mail in mails.last()] == [
        (JO, ""),
        ("sam@example.com", "no such host"),
    ]


def test_what_an_older_version_mailed_is_not_repeated(store: Store) -> None:
    store.daily_mails.told(DAY, "")
    assert not store.daily_mails.is_due(DAY, JO)
