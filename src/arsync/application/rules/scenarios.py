"""Scenario files in the rules folder: found, played, and drafted from real customers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct

from arsync.application.decisions.why import why_anywhere
from arsync.application.organisation.connection_choice import Chosen
from arsync.application.organisation.container import Container
from arsync.application.permissions import Actor, Permission, permit
from arsync.config import Config
from arsync.core.rulebook import folded
from arsync.core.rulebook.model import Rulebook
from arsync.core.rulebook.rules_text import RulesText
from arsync.core.trials.scenario import (
    NoDraft,
    ScenarioFile,
    ScenarioResult,
    draft,
    judge,
    judge_application,
    play,
    read_scenarios,
)
from arsync.errors import UserMistake
from arsync.files import text_of
from arsync.rules_source.folder import SHIPPED, Rules, holidays_in, read_paths, read_rules

SCENARIOS_FOLDER = "scenarios"
"""In the rules folder, or in a connection's folder inside it. Nothing in it is read as rules."""

SCENARIO_FILES_MAX = 500
"""How many scenario files one test plays."""

SCENARIO_BYTES_MAX = 2_000_000
"""The largest scenario file that is read."""

_SUFFIXES = frozenset({".yaml", ".yml"})


class PlayedFile(NamedTuple):
    """What became of one scenario file."""

    file: str
    verdicts: tuple[ScenarioResult, ...]
    problems: tuple[str, ...] = ()
    """What is wrong with the file or its rulebook; then nothing of it was played."""
    skipped: int = 0
    """How many of its scenarios the chosen word left out."""


class FailureView(Struct, frozen=True):
    """The JSON view of one difference from what was expected."""

    line: int
    column: int
    day: date | None
    expected: str
    instead: str
    because: tuple[str, ...]


class ScenarioView(Struct, frozen=True):
    """The JSON view of one scenario's outcome."""

    name: str
    line: int
    passed: bool
    failures: tuple[FailureView, ...]


class ScenarioFileView(Struct, frozen=True):
    """The JSON view of one scenario file."""

    file: str
    problems: tuple[str, ...]
    scenarios: tuple[ScenarioView, ...]


class ScenariosView(Struct, frozen=True):
    """The JSON view of all scenarios that were played."""

    ok: bool
    passed: int
    failed: int
    files: tuple[ScenarioFileView, ...]


def scenarios_view(played: Sequence[PlayedFile]) -> ScenariosView:
    """Return the JSON view of all scenarios that were played."""
    verdicts = [verdict for played_file in played for verdict in played_file.verdicts]
    passed = sum(verdict.passed for verdict in verdicts)
    broken = any(played_file.problems for played_file in played)
    return ScenariosView(
        ok=passed == len(verdicts) and not broken,
        passed=passed,
        failed=len(verdicts) - passed,
        files=tuple(
            ScenarioFileView(
                played_file.file,
                played_file.problems,
                tuple(map(_scenario_view, played_file.verdicts)),
            )
            for played_file in played
        ),
    )


def _scenario_view(verdict: ScenarioResult) -> ScenarioView:
    scenario = verdict.scenario
    failures = tuple(
        FailureView(
            failure.place.line,
            failure.place.column,
            failure.on,
            failure.expected,
            failure.instead,
            failure.reasons,
        )
        for failure in verdict.failures
    )
    return ScenarioView(scenario.name, scenario.place.line, verdict.passed, failures)


def play_scenarios(
    config: Config,
    paths: Sequence[Path],
    *,
    connection: str = "",
    rulebook: Path | None = None,
    word: str = "",
) -> Iterator[PlayedFile]:
    """Play scenario files, one after the other.

    Args:
        config: names the rules folder.
        paths: scenario files, or folders of them; none: those of the rules folder.
        connection: only this connection's, with its own rulebook.
        rulebook: a file or folder to play in place of the one each file names.
        word: only scenarios with this word in their name.

    Raises:
        UserMistake: there is no scenario file.
    """
    scenario_files = _files(config, paths, connection)
    if len(scenario_files) > SCENARIO_FILES_MAX:
        raise UserMistake(f"more than {SCENARIO_FILES_MAX} scenario files.")
    for file in scenario_files:
        yield _play_file(config, file, connection, rulebook, word)


class ScenarioText(NamedTuple):
    """A file of scenarios, which may have to be read yet."""

    shown: str
    read: Callable[[], str]


def scenarios_in_folder(config: Config, connection: str) -> list[ScenarioText]:
    """Return the files of scenarios in the rules folder, and in a connection's own."""
    root = config.rules_folder
    return [
        ScenarioText(
            _shown(file, config.folder), partial(text_of, file, bytes_max=SCENARIO_BYTES_MAX)
        )
        for folder in (root / SCENARIOS_FOLDER, root / connection / SCENARIOS_FOLDER)
        for file in _yaml_files(folder)
    ]


def scenarios_pushed(text: RulesText, connection: str) -> list[ScenarioText]:
    """Return the same of what was pushed to the store."""
    shared, own = f"{SCENARIOS_FOLDER}/", f"{connection}/{SCENARIOS_FOLDER}/"
    return [
        ScenarioText(f"{text.root}/{file.path}".lstrip("/"), partial(str, file.text))
        for start in (shared, own)
        for file in text.scenarios
        if file.path.startswith(start)
    ]


def play_against(
    scenario_files: Sequence[ScenarioText], rules: Rules, *, go_on: Callable[[], bool]
) -> tuple[list[PlayedFile], bool]:
    """Play scenarios against a rulebook that is not the one they stand beside.

    Those that name another rulebook are left out.

    Args:
        scenario_files: the scenarios.
        rules: what is tried.
        go_on: asked before each file.

    Returns:
        What became of each file, and whether all were played.
    """
    read_from = {Path(file.path).name for file in (rules.text.files if rules.text else ())}
    played: list[PlayedFile] = []
    for shown, read_text in scenario_files[:SCENARIO_FILES_MAX]:
        if not go_on():
            return played, False
        try:
            read, problems = read_scenarios(shown, read_text())
        except UserMistake as mistake:
            played.append(PlayedFile(shown, (), (str(mistake),)))
            continue
        if read is None:
            played.append(PlayedFile(shown, (), tuple(map(str, problems))))
            continue
        if rules.rulebook is None or (read.rulebook and Path(read.rulebook).name not in read_from):
            continue
        played.append(PlayedFile(shown, _verdicts(read, rules.rulebook)))
    return played, len(scenario_files) <= SCENARIO_FILES_MAX


def _files(config: Config, paths: Sequence[Path], connection: str) -> list[Path]:
    scenario_files: list[Path] = []
    for path in paths:
        if path.is_dir():
            inner = path / SCENARIOS_FOLDER
            scenario_files += _yaml_files(inner if inner.is_dir() else path)
        elif path.is_file():
            scenario_files.append(path)
        else:
            raise UserMistake(f"{path}: there is no such file or folder.")
    root = config.rules_folder
    if not paths:
        scenario_files += _yaml_files(root / SCENARIOS_FOLDER)
        own = [root / connection] if connection else _folders(root)
        for folder in own:
            scenario_files += _yaml_files(folder / SCENARIOS_FOLDER)
    if not scenario_files:
        where = ", ".join(map(str, paths)) or str(root / SCENARIOS_FOLDER)
        raise UserMistake(
            f"there is no scenario in {where}."
            "\n    hint: `arsync rules new FILE` writes a rulebook with first stories;"
            "\n    `arsync rules test --write CUSTOMER` drafts one from a real customer"
        )
    return scenario_files


def _folders(root: Path) -> list[Path]:
    return sorted(path for path in root.iterdir() if path.is_dir()) if root.is_dir() else []


def _yaml_files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.suffix in _SUFFIXES and path.is_file())


def _play_file(
    config: Config, file: Path, connection: str, rulebook: Path | None, word: str
) -> PlayedFile:
    shown = _shown(file, config.folder)
    try:
        read, problems = read_scenarios(shown, text_of(file, bytes_max=SCENARIO_BYTES_MAX))
    except UserMistake as mistake:
        return PlayedFile(shown, (), (str(mistake),))
    if read is None:
        return PlayedFile(shown, (), tuple(map(str, problems)))
    try:
        rules = _rules(config, file, read.rulebook, connection, rulebook)
    except UserMistake as mistake:
        return PlayedFile(shown, (), (f"{shown}: {mistake}",))
    if rules.rulebook is None:
        return PlayedFile(shown, (), rules.problems)
    verdicts = _verdicts(read, rules.rulebook, word)
    whole = len(read.scenarios) + len(read.applications)
    return PlayedFile(shown, verdicts, skipped=whole - len(verdicts))


def _verdicts(read: ScenarioFile, rulebook: Rulebook, word: str = "") -> tuple[ScenarioResult, ...]:
    """Return what became of a file's scenarios and applications with a word in their name."""
    played = (
        judge(play(scenario, rulebook, holidays=holidays_in))
        for scenario in read.scenarios
        if folded(word) in folded(scenario.name)
    )
    judged = (
        judge_application(case, rulebook)
        for case in read.applications
        if folded(word) in folded(case.name)
    )
    return (*played, *judged)


def _rules(config: Config, file: Path, named: str, connection: str, rulebook: Path | None) -> Rules:
    """Return the rulebook that a scenario file is about."""
    if rulebook is not None:
        return read_paths(config, [rulebook])
    if named:
        if Path(named).suffix in _SUFFIXES or "/" in named:
            return read_paths(config, [_plain(file.parent / named)])
        shipped = Path(str(files(SHIPPED))) / f"{named}.yaml"
        if not shipped.is_file():
            raise UserMistake(
                f"there is no shipped rulebook {named!r}."
                "\n    hint: a file of your own is written with its ending: ../my-rules.yaml"
            )
        return read_paths(config, [shipped])
    root = config.rules_folder.resolve()
    owner = file.resolve().parent.parent
    if file.parent.name != SCENARIOS_FOLDER:
        raise UserMistake(
            "which rulebook is it about?"
            "\n    hint: write 'rulebook: FILE' at its top, or use --rulebook"
        )
    if owner == root:
        return read_rules(config, connection)
    return read_rules(config, owner.name) if owner.parent == root else read_paths(config, [owner])


def _plain(path: Path) -> Path:
    """Return the path without `..`, as people read it."""
    names: list[str] = []
    for name in path.parts:
        if name == ".." and names and names[-1] not in {"..", path.anchor}:
            names.pop()
        else:
            names.append(name)
    return Path(*names)


def _shown(file: Path, folder: Path) -> str:
    try:
        return file.resolve().relative_to(folder.resolve()).as_posix()
    except ValueError:
        return str(file)


def draft_scenario(
    actor: Actor, container: Container, about: str, connection: Chosen = None
) -> str:
    """Return a scenario file about a real customer in disguise.

    Args:
        actor: who asks.
        container: whose store is read; nothing is written.
        about: a customer's name or id, or an invoice's number or id.
        connection: in which ledger, when several know the name.

    Raises:
        UserMistake: nothing is called so, or there is no story to tell.
    """
    permit(actor, Permission.READ)
    organisation, explanation = why_anywhere(actor, container, about, connection=connection)
    ledger = container.store.ledger
    account = next(iter(ledger.accounts(organisation.id, [explanation.contact.id])))
    try:
        return draft(
            account,
            organisation.rulebook,
            base_currency=organisation.connection.organisation.base_currency,
            today=organisation.today,
            holidays=holidays_in,
        )
    except NoDraft as nothing:
        raise UserMistake(str(nothing)) from None
