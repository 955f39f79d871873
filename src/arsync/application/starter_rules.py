"""A first rulebook from a few answers, and first scenarios beside it."""

from __future__ import annotations

from pathlib import Path

from arsync.application.scenarios import SCENARIOS_FOLDER
from arsync.core.rulebook import Rulebook, read_rulebook
from arsync.core.rulebook.starter import Answers, starter_rulebook
from arsync.core.trials.scenario.scenario_starter import first_scenarios
from arsync.errors import UserMistake
from arsync.rules_source.folder import holidays_in, holidays_of


def write_starter_rulebook(file: Path, answers: Answers) -> Rulebook:
    """Write the rulebook, once it is certain that it is one, and return it.

    Raises:
        UserMistake: the answers make no rulebook, or the file cannot be written.
    """
    text = starter_rulebook(answers)
    rulebook, problems = read_rulebook([(file.name, text)])
    if rulebook is None:
        raise UserMistake("\n".join(map(str, problems)))
    holidays_of(rulebook.sending.holidays)
    _save(file, text)
    return rulebook


def scenarios_beside(file: Path) -> Path:
    """Return where the scenarios of a rulebook belong."""
    return file.parent / SCENARIOS_FOLDER / f"{file.stem}.yaml"


def write_first_scenarios(file: Path, rulebook: Rulebook) -> Path:
    """Write first scenarios beside a rulebook, and return where.

    Raises:
        UserMistake: they cannot be written.
    """
    scenarios = scenarios_beside(file)
    try:
        scenarios.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise UserMistake(f"{scenarios.parent}: {error.strerror}.") from None
    path = f"../{file.name}"
    text = first_scenarios(rulebook, file=scenarios.as_posix(), path=path, holidays=holidays_in)
    _save(scenarios, text)
    return scenarios


def _save(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserMistake(f"{file}: {error.strerror}.") from None
