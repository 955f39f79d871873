"""arsync as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def arsync_environment(folder: Path) -> dict[str, str]:
    """Return the environment in which a process works on a world's folder, and on no other."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ARSYNC_")}
    return {**kept, "ARSYNC_CONFIG": str(folder / "config.toml"), "NO_PROXY": "*"}


def arsync_process(folder: Path, *words: str) -> subprocess.Popen[str]:
    """Start `arsync ...` as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "arsync", *words],
        env=arsync_environment(folder),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
