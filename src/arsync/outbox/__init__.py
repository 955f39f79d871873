"""The outbox: what was decided goes out, exactly once, and people have the last word."""

from arsync.outbox.people import (
    TAKE_BACK_HINT,
    Recorded,
    approve,
    approved_by_person,
    catch_up,
    complete_task,
    record_dispute,
    record_promise,
    reject,
    resolve,
    take_back,
    unsettled,
)
from arsync.outbox.recheck import ALL_WAIT, RULEBOOK_ASKS, reasons_gone, torn
from arsync.outbox.values import LIMITS, WHO, ApplyResult, Effect, Limits, Post, Replan
from arsync.outbox.worker import Outbox

__all__ = [
    "ALL_WAIT", "LIMITS", "RULEBOOK_ASKS", "TAKE_BACK_HINT", "WHO", "ApplyResult", "Effect",
    "Limits", "Outbox", "Post", "Recorded", "Replan", "approve", "approved_by_person", "catch_up",
    "complete_task", "reasons_gone", "record_dispute", "record_promise", "reject", "resolve",
    "take_back", "torn", "unsettled",
]  # fmt: skip
