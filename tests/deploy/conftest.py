"""What is shipped beside the wheel, read as text: no container can be built where tests run."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from arsync.cli import COMMANDS
from arsync.config import SECRETS_FOLDER_VARIABLE, SETTINGS, variable
from arsync.http.oauth_session import CONNECT_SECONDS, READ_SECONDS

ROOT = Path(__file__).resolve().parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
VERSION: str = PROJECT["project"]["version"]
COMMAND_NAMES = {name for group in COMMANDS.values() for name in group}
VARIABLES = {variable(setting) for setting in SETTINGS} | {"ARSYNC_CONFIG", SECRETS_FOLDER_VARIABLE}

DRAIN_SECONDS = CONNECT_SECONDS + READ_SECONDS
"""A write in hand may take this long, and is finished before a process ends."""


class Instruction(NamedTuple):
    """One instruction of a Containerfile, such as RUN, and its words."""

    name: str
    words: str


def stages() -> list[list[Instruction]]:
    """Return the stages of the Containerfile; each begins with its FROM."""
    text = (ROOT / "Containerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    whole = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    instructions = [Instruction(*line.split(maxsplit=1)) for line in whole.splitlines() if line]
    begins = [n for n, instruction in enumerate(instructions) if instruction.name == "FROM"]
    ends = [*begins[1:], len(instructions)]
    return [instructions[begin:end] for begin, end in zip(begins, ends, strict=True)]


def words_of(stage: list[Instruction], name: str) -> list[str]:
    """Return the words of each instruction of this name."""
    return [instruction.words for instruction in stage if instruction.name == name]


def compose() -> dict[str, Any]:
    """Return compose.yaml, with what its services share merged into each."""
    tree: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    return tree
