"""The outbox: what was decided goes out, exactly once, and people have the last word."""

from arsync.outbox.approvals import (
    TAKE_BACK_HINT,
    Recorded,
    approve,
    approved_by_person,
    complete_task,
    record_dispute,
    record_promise,
    reject,
    resolve,
    take_back,
    unsettled,
)
from arsync.outbox.deliver import Delivery
from arsync.outbox.recheck import ALL_WAIT, RULEBOOK_ASKS, interrupted_batches, reasons_gone
from arsync.outbox.types import LIMITS, WHO, ApplyResult, Effect, Limits, Post, Replan
from arsync.outbox.undo_requests import (
    UndoLine,
    Verdict,
    allow_again,
    ask_undo,
    check_writes,
    end_decisions,
    settle_undone,
    undo_lines,
    undone_by,
    with_companions,
)
from arsync.outbox.worker import Outbox

__all__ = [
    "ALL_WAIT",
    "LIMITS",
    "RULEBOOK_ASKS",
    "TAKE_BACK_HINT",
    "WHO",
    "ApplyResult",
    "Delivery",
    "Effect",
    "Limits",
    "Outbox",
    "Post",
    "Recorded",
    "Replan",
    "UndoLine",
    "Verdict",
    "allow_again",
    "approve",
    "approved_by_person",
    "ask_undo",
    "check_writes",
    "complete_task",
    "end_decisions",
    "interrupted_batches",
    "reasons_gone",
    "record_dispute",
    "record_promise",
    "reject",
    "resolve",
    "settle_undone",
    "take_back",
    "undo_lines",
    "undone_by",
    "unsettled",
    "with_companions",
]
