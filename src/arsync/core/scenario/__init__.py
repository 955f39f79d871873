"""Scenarios: a customer's story, played through a rulebook, and what was expected of it."""

from arsync.core.scenario.compare import Failure, Verdict, judge
from arsync.core.scenario.draft import NoDraft, draft
from arsync.core.scenario.model import Scenario, ScenarioFile
from arsync.core.scenario.play import Played, play
from arsync.core.scenario.read import read_scenarios

__all__ = [
    "Failure",
    "NoDraft",
    "Played",
    "Scenario",
    "ScenarioFile",
    "Verdict",
    "draft",
    "judge",
    "play",
    "read_scenarios",
]
