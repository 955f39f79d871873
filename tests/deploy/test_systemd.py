"""The units run what exists, with few rights; systemd itself has read them where it is there."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import COMMAND_NAMES, DRAIN_SECONDS, ROOT, VARIABLES

FOLDER = ROOT / "deploy" / "systemd"
UNITS = sorted(FOLDER.glob("*.service"))
EXPOSURE_MAX = 2.0
"""By `systemd-analyze security`, from 0 to 10."""
needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not on this machine"
)


def values(unit: Path, key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE)


def verifiable(unit: Path, folder: Path) -> Path:
    """Return a copy that systemd can verify here: its program exists, and it has an instance."""
    text = unit.read_text(encoding="utf-8").replace("/opt/arsync/bin/arsync", sys.executable)
    copy = folder / unit.name.replace("@.", "@1.")
    copy.write_text(text, encoding="utf-8")
    return copy


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_runs_a_command_that_exists(unit: Path) -> None:
    (start,) = values(unit, "ExecStart")
    program, command, *_ = start.split()
    assert program == "/opt/arsync/bin/arsync"
    assert command in COMMAND_NAMES


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_writes_into_its_folder_alone(unit: Path) -> None:
    assert values(unit, "ProtectSystem") == ["strict"]
    assert values(unit, "StateDirectory") == ["arsync"]
    assert values(unit, "WorkingDirectory") == ["/var/lib/arsync"]
    assert values(unit, "ReadWritePaths") == []
    (user,) = values(unit, "User")
    assert f"\nu {user} - " in (FOLDER / "arsync.sysusers.conf").read_text(encoding="utf-8")


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_may_drain_and_comes_back(unit: Path) -> None:
    assert int(values(unit, "TimeoutStopSec")[0]) >= DRAIN_SECONDS
    assert values(unit, "Restart") == ["on-failure"]
    assert values(unit, "StartLimitIntervalSec") == ["0"]


def test_variables_of_units_are_settings() -> None:
    files = [*UNITS, FOLDER / "secrets.conf"]
    named = [name for file in files for name in re.findall(r"ARSYNC_\w+", file.read_text())]
    assert set(named) <= VARIABLES


@needs_systemd
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    units = [verifiable(unit, tmp_path) for unit in UNITS]
    for unit in units:
        drop_in = tmp_path / f"{unit.name}.d"
        drop_in.mkdir()
        shutil.copy(FOLDER / "secrets.conf", drop_in)
    command = ["systemd-analyze", "verify", "--man=no", *map(str, units)]
    verified = subprocess.run(command, capture_output=True, text=True, check=False)
    own = [
        line for line in verified.stderr.splitlines() if str(tmp_path) in line or "arsync" in line
    ]
    assert (verified.returncode, own) == (0, [])


@needs_systemd
def test_units_are_exposed_as_little_as_measured(tmp_path: Path) -> None:
    for unit in UNITS:
        copy = verifiable(unit, tmp_path)
        command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(copy)]
        told = subprocess.run(command, capture_output=True, text=True, check=True)
        level = re.search(r"exposure level for \S+: ([\d.]+)", told.stdout)
        assert level is not None, told.stdout
        assert float(level[1]) <= EXPOSURE_MAX
