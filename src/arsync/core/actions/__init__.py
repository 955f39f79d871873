"""What arsync can do: actions as data, their keys, states, effects and reversal."""

from arsync.core.actions.model import (
    ALLOWED_CHANGES,
    DETAILS,
    MARKER_LENGTH,
    STARTED_STATES,
    TERMINAL_STATES,
    Action,
    ActionKind,
    ActionState,
    Because,
    InvoiceRef,
    Via,
    is_our_letter,
    marker,
    step_subject,
)

__all__ = [
    "ALLOWED_CHANGES",
    "DETAILS",
    "MARKER_LENGTH",
    "STARTED_STATES",
    "TERMINAL_STATES",
    "Action",
    "ActionKind",
    "ActionState",
    "Because",
    "InvoiceRef",
    "Via",
    "is_our_letter",
    "marker",
    "step_subject",
]
