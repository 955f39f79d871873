"""The rulebook: its values, and the reader that makes them of YAML."""

from arsync.core.rulebook.model import (
    NO_LIMIT,
    Cadence,
    CreditHold,
    CreditLimit,
    Customer,
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
from arsync.core.rulebook.needs import needs
from arsync.core.rulebook.read import read_rulebook, rulebook_hash
from arsync.core.rulebook.warnings import rulebook_warnings

__all__ = [
    "NO_LIMIT",
    "Cadence",
    "CreditHold",
    "CreditLimit",
    "Customer",
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
