"""What `--json` prints of a value, read back."""

from __future__ import annotations

import json
from typing import Any

from arsync.application.rules.trials import (
    RulesSimulation,
    RulesSimulationView,
    TakenOver,
    rules_simulation_view,
)
from arsync.cli.json_output import json_text
from arsync.core.trials.simulation import Simulation


def printed(value: Any) -> Any:
    """Return a value as a program reads it from stdout."""
    return json.loads(json_text(value))


def simulation_view(simulation: Simulation) -> RulesSimulationView:
    """Return what is printed of a simulation, for some connection."""
    taken_over = TakenOver(simulation.first, assumed=True)
    return rules_simulation_view(RulesSimulation("acme", "Acme", simulation, taken_over))
