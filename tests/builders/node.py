"""Clients published on npm, run unmodified against the sandbox.

They are no part of the project: they are looked for in the folder that `ARSYNC_TEST_NODE_MODULES`
names (a `node_modules`), else installed once into the user's cache. Where that cannot be done, the
test is skipped and says why.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from arsync_sandbox.server import Sandbox

CLIENTS = Path(__file__).parent.parent / "sandbox" / "node_clients"
INSTALL_SECONDS, RUN_SECONDS = 60, 60


def run_client(
    sandbox: Sandbox, script: str, *, packages: dict[str, str], hosts: str
) -> list[dict[str, Any]]:
    """Run a script of `node_clients`, and return what it says of each call.

    Args:
        sandbox: running; what goes to `hosts` goes there.
        script: its file name.
        packages: the npm packages that it needs, with exact versions.
        hosts: a regular expression of the platform's host names.
    """
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    modules = _node_modules(packages)
    finished = subprocess.run(
        [node, "--require", str(CLIENTS / "redirect.cjs"), str(CLIENTS / script)],
        env={
            "PATH": os.environ.get("PATH", ""),
            "HOME": os.environ.get("HOME", ""),
            "NODE_PATH": str(modules),
            "SANDBOX_URL": sandbox.url,
            "PLATFORM_HOSTS": hosts,
        },
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )
    calls = [json.loads(line) for line in finished.stdout.splitlines()]
    assert calls, finished.stderr
    return calls


def _node_modules(packages: dict[str, str]) -> Path:
    named = os.environ.get("ARSYNC_TEST_NODE_MODULES")
    if named:
        folder = Path(named)
        if missing := [name for name in packages if not (folder / name).is_dir()]:
            pytest.skip(f"ARSYNC_TEST_NODE_MODULES={named} has no {', '.join(missing)}")
        return folder
    wanted = [f"{name}@{version}" for name, version in packages.items()]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "arsync-tests" / "-".join(wanted).replace("/", "-")
    if not (folder / "complete").exists():
        _install(wanted, folder)
    return folder / "node_modules"


def _install(wanted: list[str], folder: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed, and ARSYNC_TEST_NODE_MODULES names no folder")
    folder.mkdir(parents=True, exist_ok=True)
    # No script of a package is run, and only the registry that npm is configured for is asked.
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(folder)]
    try:
        installed = subprocess.run(
            [npm, "install", *options, *wanted],
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm did not install {' '.join(wanted)} within {INSTALL_SECONDS} s")
    if installed.returncode != 0:
        pytest.skip(f"npm cannot install {' '.join(wanted)}: {installed.stderr.strip()[-300:]}")
    (folder / "complete").touch()
