"""The demo's practice: its list of clients, and the stores that it takes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from arsync.application.connections.connection_list import read_list
from arsync.cli import run_cli
from arsync.demo.practice import as_list, clients


def test_its_list_imports_half_at_each_platform(tmp_path: Path) -> None:
    file = tmp_path / "clients.csv"
    file.write_text(as_list(clients(12)))
    listed = read_list(file, tmp_path, ["quickbooks", "xero"])
    counts = Counter((row.platform, str(row.mode)) for row in listed)
    assert counts == {
        (platform, mode): 3 for platform in ("xero", "quickbooks") for mode in ("auto", "approve")
    }
    assert len({row.name for row in listed}) == 12


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--store", "postgresql://x"], "--store goes with --practice N."),
        (["--practice", "4", "--keep"], "--keep leaves no practice running"),
        (["--practice", "4", "--store", "sqlite:///x.db"], "--store takes PostgreSQL, such as"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_cli(["demo", "--folder", str(tmp_path / "d"), *words]) == 2
    assert message in capsys.readouterr().err
