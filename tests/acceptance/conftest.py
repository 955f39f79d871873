"""Worlds over one sandbox that runs for the whole session."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.builders.in_process import OVER_THE_WIRE, in_process
from tests.builders.processes import arsync_process
from tests.builders.world import CALL_SECONDS, PLATFORMS, START, Control, World

from arsync_sandbox.server import Sandbox


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[Sandbox]:
    settings = {"consent": "allow", "limits": False}
    with Sandbox(PLATFORMS, start=START, settings=settings) as sandbox:
        yield sandbox


@pytest.fixture
def make_world(
    request: pytest.FixtureRequest, running_sandbox: Sandbox, tmp_path: Path
) -> Iterator[Callable[[], World]]:
    """Make worlds, one after the other: each begins with an empty sandbox.

    This process's requests are answered in process, which takes half the time; those of a test
    marked `over_the_wire`, and of every process that a test starts, go over the wire.
    """
    if request.node.get_closest_marker("over_the_wire"):
        yield from _worlds(running_sandbox, tmp_path)
        return
    with in_process(running_sandbox, elsewhere=OVER_THE_WIRE):
        yield from _worlds(running_sandbox, tmp_path)


def _worlds(running_sandbox: Sandbox, tmp_path: Path) -> Iterator[Callable[[], World]]:
    worlds: list[World] = []
    control = Control(running_sandbox.url)

    def make() -> World:
        running_sandbox.reset()
        worlds.append(World(running_sandbox, control, tmp_path / f"world{len(worlds)}"))
        return worlds[-1]

    yield make
    errors = list(running_sandbox.errors)
    for world in worlds:
        world.close()
    control.close()
    assert not errors, "the sandbox itself failed:\n" + "\n".join(errors)


@pytest.fixture
def world(make_world: Callable[[], World]) -> World:
    """An empty sandbox, and an application that is connected to nothing yet."""
    return make_world()


@pytest.fixture
def arsync() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `arsync ...` to its end, as a process of its own: `arsync(folder, "sync", "--json")`."""

    def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
        with arsync_process(folder, *words) as process:
            out, err = process.communicate(timeout=CALL_SECONDS)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    return run
