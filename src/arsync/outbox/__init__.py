"""The outbox: what was decided goes out, exactly once, and people have the last word."""

from arsync.outbox.approval_events import approved_by_person
from arsync.outbox.deliver import Delivery, earlier_letters, personal_line_of
from arsync.outbox.healing import take_back_healed
from arsync.outbox.recheck import ALL_WAIT, RULEBOOK_ASKS, absent_from, interrupted_batches
from arsync.outbox.types import (
    LIMITS,
    NO_EXTRAS,
    WHO,
    ApplyResult,
    Effect,
    LetterExtras,
    Limits,
    OutboxContext,
    Post,
    Replan,
)
from arsync.outbox.worker import Outbox

__all__ = [
    "ALL_WAIT",
    "LIMITS",
    "NO_EXTRAS",
    "RULEBOOK_ASKS",
    "WHO",
    "ApplyResult",
    "Delivery",
    "Effect",
    "LetterExtras",
    "Limits",
    "Outbox",
    "OutboxContext",
    "Post",
    "Replan",
    "absent_from",
    "approved_by_person",
    "earlier_letters",
    "interrupted_batches",
    "personal_line_of",
    "take_back_healed",
]
