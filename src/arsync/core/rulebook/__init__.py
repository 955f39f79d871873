"""The rulebook: its values, and the reader that makes them of YAML."""

from arsync.core.rulebook.checks.warnings import rulebook_warnings
from arsync.core.rulebook.model import (
    NO_LIMIT,
    Cadence,
    Charge,
    CreditHold,
    CreditLimit,
    Customer,
    Discount,
    FollowUp,
    LeaveAlone,
    Place,
    Problem,
    Rulebook,
    Safety,
    Sending,
    Step,
    StepKind,
    TakeOver,
    TakeOverKind,
    WithoutEmail,
    folded,
)
from arsync.core.rulebook.reading.reader import read_rulebook, rulebook_hash
from arsync.core.rulebook.required_capabilities import needs

__all__ = [
    "NO_LIMIT",
    "Cadence",
    "Charge",
    "CreditHold",
    "CreditLimit",
    "Customer",
    "Discount",
    "FollowUp",
    "LeaveAlone",
    "Place",
    "Problem",
    "Rulebook",
    "Safety",
    "Sending",
    "Step",
    "StepKind",
    "TakeOver",
    "TakeOverKind",
    "WithoutEmail",
    "folded",
    "needs",
    "read_rulebook",
    "rulebook_hash",
    "rulebook_warnings",
]
