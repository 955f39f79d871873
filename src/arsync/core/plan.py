"""The plan: everything the rulebook would do for one connection on one day."""

from __future__ import annotations

from arsync.core.decisions import HeldBack, Plan, SafetyVerdict, action_json, because_json

__all__ = ["HeldBack", "Plan", "SafetyVerdict", "action_json", "because_json"]
