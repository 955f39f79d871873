"""Scenarios: a customer's story, played through a rulebook, and what was expected of it."""

from arsync.core.trials.scenario.applications import judge_application
from arsync.core.trials.scenario.comparison import judge
from arsync.core.trials.scenario.draft import NoDraft, draft
from arsync.core.trials.scenario.player import Played, play
from arsync.core.trials.scenario.scenario_model import Scenario, ScenarioFile
from arsync.core.trials.scenario.scenario_reader import read_scenarios
from arsync.core.trials.scenario.scenario_result import Failure, ScenarioResult

__all__ = [
    "Failure",
    "NoDraft",
    "Played",
    "Scenario",
    "ScenarioFile",
    "ScenarioResult",
    "draft",
    "judge",
    "judge_application",
    "play",
    "read_scenarios",
]
