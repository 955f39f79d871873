"""The page about keeping the store: each transcript is what the commands print."""

from __future__ import annotations

import re
import shlex
from contextlib import closing
from pathlib import Path

import pytest

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
