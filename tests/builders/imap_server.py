"""A small IMAP server on this computer: as much of IMAP4rev1 as reading a mailbox needs.

It is strict about what it serves: a folder is opened for reading only, messages are never marked,
and whatever it does not know is refused. What clients asked stands in `commands`.
"""

from __future__ import annotations

import re
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class FakeMailbox:
    """Messages by UID, and how the server behaves."""

    messages: dict[int, bytes] = field(default_factory=dict)
    uid_validity: int = 1
    user: str = "ann"
    password: str = "pw"
    folder: str = "INBOX"
    host: str = "127.0.0.1"
    commands: list[str] = field(default_factory=list)
    port: int = 0
    silent_at: str = ""
    """It says nothing more from this command on."""
    nonsense_at: str = ""
    """It answers this command with what is no answer."""
    announced_bytes: int = 0
    """It announces so many bytes of each message, whatever it has."""
    hangs: threading.Event = field(default_factory=threading.Event)

    def add(self, content: bytes) -> int:
        """Put a message into the mailbox and return its UID."""
        uid = self.next_uid
        self.messages[uid] = content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        return uid

    @property
    def next_uid(self) -> int:
        return max(self.messages, default=0) + 1

    @property
    def url(self) -> str:
        return f"imap://{self.user}:{self.password}@{self.host}:{self.port}"


class _Handler(socketserver.StreamRequestHandler):
    server: _Server
    # An answer of two writes would wait 40 ms for the client's receipt of the first.
    disable_nagle_algorithm = True

    def handle(self) -> None:
        box = self.server.box
        self._say("* OK ready")
        for line in self.rfile:
            tag, _, command = line.decode().strip().partition(" ")
            box.commands.append(re.sub(r"^LOGIN .*", "LOGIN", command))
            word = command.split(" ")[0].upper()
            if box.silent_at and command.upper().startswith(box.silent_at):
                box.hangs.wait(30)
                return
            if box.nonsense_at and command.upper().startswith(box.nonsense_at):
                self._say("\x00nonsense")
                return
            for answer in self._answers(word, command):
                self.wfile.write(answer)
            self._say(f"{tag} {self._status}")
            if word == "LOGOUT":
                return

    def _answers(self, word: str, command: str) -> Iterator[bytes]:
        box = self.server.box
        self._status = "OK done"
        if word == "CAPABILITY":
            yield b"* CAPABILITY IMAP4rev1\r\n"
        elif word == "LOGIN":
            if command != f'LOGIN "{box.user}" "{box.password}"':
                self._status = "NO [AUTHENTICATIONFAILED] no"
        elif word == "EXAMINE":
            if command != f'EXAMINE "{box.folder}"':
                self._status = "NO no such folder"
            yield f"* {len(box.messages)} EXISTS\r\n".encode()
        elif word == "STATUS":
            uids = f"UIDVALIDITY {box.uid_validity} UIDNEXT {box.next_uid}"
            yield f'* STATUS "{box.folder}" ({uids})\r\n'.encode()
        elif command.upper().startswith("UID SEARCH"):
            yield self._found(command)
        elif command.upper().startswith("UID FETCH"):
            yield from self._fetched(command)
        elif word == "LOGOUT":
            yield b"* BYE\r\n"
        else:
            self._status = "BAD not here"

    def _found(self, command: str) -> bytes:
        box = self.server.box
        match = re.fullmatch(r"UID SEARCH UID (\d+):\*", command, re.IGNORECASE)
        assert match, command
        first = int(match[1])
        # RFC 3501: `8:*` means the last message where there is none as high.
        uids = [uid for uid in box.messages if uid >= first] or [max(box.messages, default=0)]
        return f"* SEARCH {' '.join(str(uid) for uid in uids if uid)}\r\n".encode()

    def _fetched(self, command: str) -> Iterator[bytes]:
        match = re.fullmatch(
            r"UID FETCH (\d+) \(UID BODY\.PEEK\[\]<0\.(\d+)>\)", command, re.IGNORECASE
        )
        assert match, command
        box, uid = self.server.box, int(match[1])
        if uid in box.messages:
            part = box.messages[uid][: int(match[2])]
            size = box.announced_bytes or len(part)
            yield f"* 1 FETCH (UID {uid} BODY[]<0> {{{size}}}\r\n".encode() + part + b")\r\n"

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, box: FakeMailbox, context: ssl.SSLContext | None) -> None:
        self.box = box
        super().__init__(("127.0.0.1", 0), _Handler)
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_side=True)


@contextmanager
def serving(box: FakeMailbox, context: ssl.SSLContext | None = None) -> Iterator[FakeMailbox]:
    """Serve a mailbox on a free port, with TLS where there is a context."""
    with _Server(box, context) as server:
        box.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield box
        finally:
            box.hangs.set()
            server.shutdown()
            thread.join()
