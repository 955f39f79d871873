"""The search that runs over the whole suite finds what it is meant to find."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_CONFTEST = Path(__file__).parents[1] / "conftest.py"
_SECRETS = {
    "an access token": "sandbox-access-" + "a1B2" * 8,
    "a refresh token": "sandbox-refresh-" + "a1B2" * 8,
    "a consent's code": "sandbox-code-" + "a1B2" * 8,
    "a signed token": ".".join(["eyJ" + "a1B2" * 8, "eyJ" + "c3D4" * 8, "e5F6" * 8]),
    "a client's secret": "sandbox-web-secret",
    "a key": "Zm9v" * 10 + "abc=",
    "a mail password": "hunter-2-secret",
}
_TEST = """
import logging, subprocess, sys
import pytest

def test_clean(tmp_path):
    (tmp_path / "kept.db").write_bytes(b"nothing")

@pytest.mark.parametrize("kind, secret", list({secrets!r}.items()))
@pytest.mark.parametrize("where", ["log", "output", "process", "error", "file"])
def test_leak(tmp_path, kind, secret, where):
    if where == "log":
        logging.getLogger("arsync.http").debug("renewed %s", secret)
    elif where == "output":
        print("token", secret, file=sys.stderr)
    elif where == "process":
        subprocess.run([sys.executable, "-c", f"print({{secret!r}})"], capture_output=True)
    elif where == "file":
        (tmp_path / "arsync.db").write_bytes(b"\\x00" + secret.encode())
    else:
        try:
            raise ValueError(secret)
        except ValueError:
            logging.getLogger("arsync").exception("failed")
"""


def test_a_secret_in_any_output_fails_its_test(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "conftest.py").write_text(_CONFTEST.read_text(encoding="utf-8"), encoding="utf-8")
    (inner / "test_leaks.py").write_text(_TEST.format(secrets=_SECRETS), encoding="utf-8")
    (inner / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    with (tmp_path / "printed").open("w") as printed:  # a pipe would be searched here too
        subprocess.run(
            [*command, "--basetemp", str(tmp_path / "base"), str(inner)],
            stdout=printed,
            stderr=subprocess.STDOUT,
            timeout=60,
            check=False,
            cwd=inner,
        )
    output = (tmp_path / "printed").read_text()
    summary = output.partition("short test summary info")[2]
    for where in ("log", "output", "process", "error", "file"):
        for kind in _SECRETS:
            assert f"[{where}-{kind}-" in summary
    assert "test_clean" not in summary
    assert "searched for secrets:" in output
    for file in tmp_path.rglob("*"):  # what this test itself wrote is meant to hold a secret
        if file.is_file():
            file.unlink()
