"""The page about keeping the store: each transcript is what the commands print."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from arsync.errors import EXIT_DONE, EXIT_MISTAKE, EXIT_WAITING

from .conftest import Shell

PAGE = (Path(__file__).parents[2] / "docs" / "keeping.md").read_text(encoding="utf-8")
TRANSCRIPTS = re.findall(r"^```console\n\$ (.*?)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def without_numbers(text: str) -> str:
    return re.sub(r"\d[\d,]*(?= (bytes|documents))", "N", text)


def test_the_page_shows_what_the_commands_print(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shell("pull").code == 0
    codes = []
    for line, printed in TRANSCRIPTS:
        words = shlex.split(line)
        with monkeypatch.context() as variables:
            while words[0] != "arsync":
                variables.setenv(*words.pop(0).split("=", 1))
            done = shell(*words[1:])
        codes.append(done.code)
        output = (done.out + done.err).replace(str(shell.folder), "/srv/arsync")
        for piece in without_numbers(printed).split("...\n"):
            assert piece in without_numbers(output)
    assert codes == [0, 3, 0, 0]


def test_a_backup_says_in_json_where_it_is(shell: Shell) -> None:
    done = shell("backup", "kept.db", "--json")
    file = shell.folder / "kept.db"
    assert done.json == {"file": "kept.db", "bytes": file.stat().st_size}
    again = shell("backup", "kept.db")
    assert (again.code, again.out) == (2, "")
    assert "there is such a file already" in again.err


def test_a_deep_examination_with_findings_fails_with_advice(shell: Shell) -> None:
    import sqlite3

    assert shell("pull").code == 0
    with closing(sqlite3.connect(shell.folder / "arsync.db")) as database, database:
        database.execute("UPDATE invoices SET amount_due = 10000")
    done = shell("doctor", "--deep")
    assert done.code == 1
    assert "the copy differs in: amount due." in done.out
    assert "To rebuild the copy: arsync rebuild --connection xero" in done.out
    rebuilt = shell("rebuild")
    assert rebuilt.code == 0
    assert "records read again" in rebuilt.out
    assert "changed" not in rebuilt.out
    assert shell("doctor", "--deep").code == 0


@pytest.fixture
def read_only(shell: Shell) -> Iterator[Shell]:
    """A shell whose folder is on a file system that takes no writes."""
    folder = str(shell.folder)
    mounted = subprocess.run(["mount", "--bind", folder, folder], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("this computer lets no test mount a folder")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", folder], check=True)
        yield shell
    finally:
        subprocess.run(["umount", folder], check=True)


def test_a_store_on_a_read_only_disk_is_readable(read_only: Shell) -> None:
    for command in ("status", "plan", "actions", "report ageing"):
        shown = read_only(*command.split())
        assert shown.code in {EXIT_DONE, EXIT_WAITING}, f"{command}: {shown.err}"
        assert shown.out
    for command in ("sync", "pull", "approve"):
        refused = read_only(command)
        said = refused.out + refused.err
        assert refused.code == EXIT_MISTAKE, f"{command}: {said}"
        assert re.search("can only be read|Read-only file system", said), said
        assert "internal error" not in said
