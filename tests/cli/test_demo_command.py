"""`demo`: what it leaves to try."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from arsync.cli.demo_commands import hints_for_trying
from arsync.demo import Outcome


def test_a_demo_that_acted_names_what_to_explain() -> None:
    outcome = Outcome(Path("d"), [], example_invoice="INV-7", example_connection="xero")
    hints = hints_for_trying(outcome, Path("d/config.toml"), "7")
    assert "  arsync why INV-7 --connection xero --config d/config.toml" in hints


def test_a_demo_too_short_hints_at_its_plan(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "arsync", "demo", "--folder", "short"]
    done = subprocess.run(
        [*command, "--days", "1", "--keep", "--quiet"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    pid = re.search(r"kill (\d+)", done.stdout)
    assert pid is not None, done.stderr
    os.kill(int(pid[1]), signal.SIGTERM)
    # The sandbox prints the secret of its own example: nobody's, but the search would find it.
    (tmp_path / "short" / "sandbox.log").unlink()
    assert done.returncode == 0
    assert "arsync why" not in done.stdout
    assert "\n  arsync plan --config short/config.toml\n" in done.stdout
