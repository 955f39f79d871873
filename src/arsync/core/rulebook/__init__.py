"""The rulebook: its values, and the reader that makes them of YAML.

The reader and the checks are imported on first use: a pull asks for neither.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

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
    PlacementRule,
    Problem,
    Rulebook,
    Safety,
    Sending,
    Step,
    StepKind,
    TakeOver,
    TakeOverKind,
    WithoutEmail,
    WriteOff,
    folded,
)

if TYPE_CHECKING:
    from arsync.core.rulebook.checks.warnings import rulebook_warnings
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
    "PlacementRule",
    "Problem",
    "Rulebook",
    "Safety",
    "Sending",
    "Step",
    "StepKind",
    "TakeOver",
    "TakeOverKind",
    "WithoutEmail",
    "WriteOff",
    "folded",
    "needs",
    "read_rulebook",
    "rulebook_hash",
    "rulebook_warnings",
]

_WHERE = {
    "needs": "required_capabilities",
    "read_rulebook": "reading.reader",
    "rulebook_hash": "reading.reader",
    "rulebook_warnings": "checks.warnings",
}


def __getattr__(name: str) -> Any:
    """Import a name when it is first asked for."""
    if name not in _WHERE:
        raise AttributeError(name)
    exported = getattr(import_module(f"arsync.core.rulebook.{_WHERE[name]}"), name)
    globals()[name] = exported
    return exported
