"""The application: one run of one connection, the loop over all, and what the commands call.

What stands here is imported when it is asked for: to check a rulebook needs no database.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from arsync.run.app import App, person
    from arsync.run.loop import stop_on_signals
    from arsync.run.results import ConnectionStatus, History, Listed, RunResult, Why
    from arsync.run.rules import Rules, read_rules

__all__ = [
    "App", "ConnectionStatus", "History", "Listed", "Rules", "RunResult", "Why", "person",
    "read_rules", "stop_on_signals",
]  # fmt: skip

_WHERE = {
    "App": "app",
    "ConnectionStatus": "results",
    "History": "results",
    "Listed": "results",
    "RunResult": "results",
    "Why": "results",
    "Rules": "rules",
    "read_rules": "rules",
    "person": "app",
    "stop_on_signals": "loop",
}


def __getattr__(name: str) -> Any:
    """Import a name when it is first asked for."""
    if name not in _WHERE:
        raise AttributeError(name)
    found = getattr(import_module(f"arsync.run.{_WHERE[name]}"), name)
    globals()[name] = found
    return found
