"""Few hands between `arsync sync` and the platform: each frame is one more to read in a trace."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

import arsync
import arsync_quickbooks
import arsync_xero

from .conftest import Shell

FRAMES_MAX = 12
"""Of arsync and a connector, from below the command to the one that asks the session."""

ARSYNC_FRAMES_MAX = 4
"""Of workers, application and sync, before the connector is asked."""

OURS = tuple(
    str(Path(package.__file__ or "").parent) for package in (arsync, arsync_quickbooks, arsync_xero)
)


class StackReader(logging.Handler):
    """Reads the stack at each call's line in the log, which is as deep as the call itself."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.stacks: list[list[str]] = []

    def emit(self, _: logging.LogRecord) -> None:
        frames = [frame for frame in traceback.extract_stack() if frame.filename.startswith(OURS)]
        command = next(
            (
                at
                for at, frame in enumerate(frames)
                if frame.filename.endswith("runs_commands.py") and frame.name == "sync"
            ),
            None,
        )
        if command is not None:
            # The last frame writes the line; the one above it has asked the session.
            self.stacks.append(
                [f"{Path(frame.filename).stem}.{frame.name}" for frame in frames[command + 1 : -1]]
            )


@pytest.fixture
def stacks() -> Iterator[list[list[str]]]:
    reader, logger = StackReader(), logging.getLogger("arsync.http")
    level = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(reader)
    yield reader.stacks
    logger.removeHandler(reader)
    logger.setLevel(level)


@pytest.mark.parametrize("platform", ["xero", "quickbooks"])
def test_a_request_is_few_frames_below_the_command(
    shell: Shell, stacks: list[list[str]], platform: str
) -> None:
    shell("sync", "--connection", platform)
    assert stacks
    deepest = max(stacks, key=len)
    assert len(deepest) <= FRAMES_MAX, " > ".join(deepest)
    asked = next(at for at, frame in enumerate(deepest) if frame == "pull.pull")
    assert asked < ARSYNC_FRAMES_MAX, " > ".join(deepest)
