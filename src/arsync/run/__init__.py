"""The application: one run of one connection, the loop over all, and what the commands call."""

from arsync.run.app import App, person
from arsync.run.results import ConnectionStatus, History, Listed, RunResult, Why
from arsync.run.rules import Rules, read_rules
from arsync.run.work import stop_on_signals

__all__ = [
    "App", "ConnectionStatus", "History", "Listed", "Rules", "RunResult", "Why", "person",
    "read_rules", "stop_on_signals",
]  # fmt: skip
