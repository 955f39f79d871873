"""What pages and programs do with a rulebook's draft beyond a single use case: in little time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from arsync.application.desk.rules_draft import check_draft, editing
from arsync.application.desk.tries import TrySettings, ask_for, effect_of
from arsync.application.desk.try_runner import start_try
from arsync.application.permissions import Actor, NotPermitted, Permission, permit
from arsync.core.rulebook.rules_text import RulesText
from arsync.errors import RetryLater, UserMistake
from arsync.store.policy.tries import TryKind
from arsync.translation import gettext
from arsync.web.caller import Caller
from arsync.web.desk.long_work_at_hand import long_work

CHECKS_AT_ONCE_MAX = 2
"""So many requests read a rulebook at the same time; the others have pages to answer."""

CHECK_WAIT_SECONDS = 3.0

SCENARIO_SECONDS_MAX = 2.0

EFFECT_WAIT_SECONDS = 1.5
"""On a small ledger it is worked out by then, and stands on the page that comes next."""

_CHECKING = threading.BoundedSemaphore(CHECKS_AT_ONCE_MAX)


def look_at_effect(caller: Caller, *, again: bool = False) -> None:
    """Begin to work out what the draft changes, where it has no mistakes; wait a little for it."""
    organisation = caller.organisation
    now = editing(caller.actor, organisation)
    text: RulesText | None = now.text if now.draft is not None else None
    row, effect = effect_of(caller.actor, organisation, text.whole_hash if text else "")
    if not again and (effect is not None or (row is not None and row.is_open)):
        return
    with checking_rules():
        if not check_draft(caller.actor, organisation, now.text).is_sound:
            return
    today = organisation.today
    try:
        number = ask_for(
            caller.actor,
            organisation,
            TryKind.EFFECT,
            TrySettings(today, today),
            rules=text,
            title="",
            worker=long_work().worker,
        )
    except UserMistake:
        # Too many wait: the page says that it is not worked out, and offers it again.
        return
    job = start_try(caller.container, long_work(), organisation.id, number)
    job.wait(EFFECT_WAIT_SECONDS)


def acts_everywhere(caller: Caller) -> Actor | None:
    """Return as what they act on all connections, where they may write rules; else None."""
    actor = caller.person.actor() if caller.person is not None else None
    if actor is None:
        return None
    try:
        permit(actor, Permission.PUSH_RULES)
    except NotPermitted:
        return None
    return actor


@contextmanager
def checking_rules() -> Iterator[None]:
    """Read a rulebook; not in more than a few requests at the same time."""
    if not _CHECKING.acquire(timeout=CHECK_WAIT_SECONDS):
        raise RetryLater(gettext("other rulebooks are being checked."))
    try:
        yield
    finally:
        _CHECKING.release()


def within(seconds: float) -> Callable[[], bool]:
    """Return what says whether so many seconds are not over yet."""
    until = time.monotonic() + seconds
    return lambda: time.monotonic() < until
