"""A printing press in a process of its own: letters are set there, for any copy of this process.

typst works with threads, and a process that is copied by fork leaves its threads behind: a copy
that set a letter itself would wait for them for ever. So all copies send their letters here, and
get what arsync's own typesetter makes of them.
"""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from arsync.errors import UserMistake
from arsync.mail.typesetting import LetterDocument, typeset

ROOT = Path(__file__).resolve().parents[2]

SECONDS_MAX = 100.0
"""A press that needs longer for one letter counts as broken."""

ADDRESS = "ARSYNC_TORTURE_PRESS"
"""The variable that holds the path of its socket."""

_LENGTH = struct.Struct("!?I")
"""Whether it is a PDF, or the words of a refusal; and how many bytes follow."""


@contextmanager
def running_press(folder: Path) -> Iterator[None]:
    """Run a press as long as `with` lasts."""
    path = folder / "press.sock"
    command = [sys.executable, "-m", "tests.torture.press", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        os.environ[ADDRESS] = str(path)
        try:
            yield
        finally:
            del os.environ[ADDRESS]
            process.terminate()


def printed(document: LetterDocument) -> bytes:
    """Return a letter as PDF.

    Raises:
        UserMistake: as the typesetter refuses it.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(SECONDS_MAX)
        connection.connect(os.environ[ADDRESS])
        _send(connection, msgspec.msgpack.encode(document))
        is_pdf, content = _received(connection)
    if not is_pdf:
        raise UserMistake(content.decode())
    return content


def serve(path: str) -> None:
    """Set letters until somebody ends the process."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(64)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            connection, _ = listener.accept()
            with connection:
                _, content = _received(connection)
                try:
                    pdf = typeset(msgspec.msgpack.decode(content, type=LetterDocument))
                    _send(connection, pdf)
                except UserMistake as mistake:
                    _send(connection, str(mistake).encode(), is_pdf=False)
                except OSError:
                    # Whoever asked is dead: that is what happens here.
                    continue


def _send(connection: socket.socket, content: bytes, *, is_pdf: bool = True) -> None:
    connection.sendall(_LENGTH.pack(is_pdf, len(content)) + content)


def _received(connection: socket.socket) -> tuple[bool, bytes]:
    with connection.makefile("rb") as stream:
        head = stream.read(_LENGTH.size)
        is_pdf, length = _LENGTH.unpack(head) if len(head) == _LENGTH.size else (False, 0)
        return is_pdf, stream.read(length)


if __name__ == "__main__":
    serve(sys.argv[1])
