"""An IMAP server for what came back: a subset of IMAP4rev1 (RFC 3501) that never changes a mailbox.

Its user is the address that sent the letters; there is one folder, INBOX. Whatever would change a
message is refused, and to read one does not mark it.
"""

from __future__ import annotations

import re
import shlex
import socketserver
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from .returned import ReturnedMail, ReturnedMessage
from .transport import is_loopback

PASSWORD = "sandbox-mailbox"  # noqa: S105 - it opens nothing but this sandbox
"""Of every mailbox."""

FOLDER = "INBOX"

LINE_BYTES_MAX = 10_000
"""A longer command is refused, and the connection ended."""

SILENCE_SECONDS_MAX = 1_800.0
"""A client that says nothing for longer is let go (RFC 3501, 5.4)."""

_READING = frozenset({"CHECK", "SEARCH", "FETCH", "UID", "CLOSE", "UNSELECT"})
_CHANGING = frozenset({"STORE", "COPY", "MOVE", "EXPUNGE", "APPEND", "CREATE", "DELETE", "RENAME"})
_ITEM = re.compile(r"BODY(?:\.PEEK)?\[([^\]]*)\](?:<(\d+)\.(\d+)>)?|[A-Z0-9.]+", re.IGNORECASE)
_FIELDS = re.compile(r"HEADER\.FIELDS(\.NOT)? \(([^)]*)\)", re.IGNORECASE)
_MACROS = {
    "FAST": "FLAGS INTERNALDATE RFC822.SIZE",
    "ALL": "FLAGS INTERNALDATE RFC822.SIZE",
}
_WHOLE = {"RFC822": "", "RFC822.HEADER": "HEADER", "RFC822.TEXT": "TEXT"}


class Boxes(Protocol):
    """What the server needs of the sandbox."""

    lock: Any
    returned: ReturnedMail


class _Refused(Exception):
    """The answer to a command: `NO ...` or `BAD ...`."""


class ImapServer:
    """The server: loopback only, no TLS."""

    def __init__(self, sandbox: Boxes, *, host: str = "127.0.0.1", port: int = 0) -> None:
        if not is_loopback(host):
            raise ValueError(f"the mailboxes are served on loopback only, not on {host!r}")
        self._sandbox = sandbox
        self.host, self.port = host, port
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen; `port` tells where once this returns."""
        server = self._server = _Server((self.host, self.port), self._sandbox)
        self.port = server.server_address[1]
        self._thread = threading.Thread(
            target=server.serve_forever, args=(0.02,), name="sandbox-imap", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop listening; open conversations end with the process."""
        server, self._server = self._server, None
        if server is None or self._thread is None:
            return
        server.shutdown()
        self._thread.join()
        server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], sandbox: Boxes) -> None:
        self.sandbox = sandbox
        super().__init__(address, _Conversation)


class _Conversation(socketserver.StreamRequestHandler):
    """One client's connection."""

    server: _Server
    timeout = SILENCE_SECONDS_MAX
    # An answer of two writes would wait 40 ms for the client's receipt of the first.
    disable_nagle_algorithm = True

    def handle(self) -> None:
        self._user, self._is_open = "", False
        self._say("* OK [CAPABILITY IMAP4rev1] arsync sandbox")
        try:
            while line := self.rfile.readline(LINE_BYTES_MAX + 1):
                if len(line) > LINE_BYTES_MAX:
                    self._say("* BYE the line is too long")
                    return
                tag, _, command = line.decode("utf-8", "replace").strip().partition(" ")
                if not self._answer(tag or "*", command):
                    return
        except (ConnectionError, TimeoutError):
            return

    def _answer(self, tag: str, command: str) -> bool:
        """Answer one command; False where it was the last."""
        word, _, rest = command.partition(" ")
        word = word.upper()
        by_uid = word == "UID"
        if by_uid:
            word, _, rest = rest.partition(" ")
            word = word.upper()
        try:
            for answer in self._answers(word, rest, by_uid=by_uid):
                self._write(answer + b"\r\n")
        except _Refused as refusal:
            self._say(f"{tag} {refusal}")
            return True
        # Many clients take no other answer to SELECT; PERMANENTFLAGS says that nothing changes.
        opened = {"SELECT": "[READ-WRITE] ", "EXAMINE": "[READ-ONLY] "}.get(word, "")
        self._say(f"{tag} OK {opened}{word} done")
        return word != "LOGOUT"

    def _answers(self, word: str, rest: str, *, by_uid: bool) -> Iterator[bytes]:
        always: dict[str, Callable[[str], Iterator[bytes]]] = {
            "CAPABILITY": lambda _: iter([b"* CAPABILITY IMAP4rev1"]),
            "NOOP": self._news,
            "LOGOUT": lambda _: iter([b"* BYE until next time"]),
            "LOGIN": self._login,
        }
        of_user: dict[str, Callable[[str], Iterator[bytes]]] = {
            "SELECT": self._select,
            "EXAMINE": self._select,
            "STATUS": self._status,
            "LIST": lambda _: iter([f'* LIST (\\HasNoChildren) "/" {FOLDER}'.encode()]),
            "LSUB": lambda _: iter([f'* LSUB () "/" {FOLDER}'.encode()]),
        }
        if word in always:
            yield from always[word](rest)
        elif not self._user:
            raise _Refused("NO log in first")
        elif word in of_user:
            yield from of_user[word](rest)
        elif word in _CHANGING:
            raise _Refused("NO nothing is changed here")
        elif word not in _READING:
            raise _Refused(f"BAD {word} is not known here")
        elif not self._is_open:
            raise _Refused("NO no folder is open")
        elif word == "SEARCH":
            yield self._search(rest, by_uid=by_uid)
        elif word == "FETCH":
            yield from self._fetch(rest, by_uid=by_uid)
        elif word == "CHECK":
            yield from self._news(rest)
        else:
            self._is_open = False

    # -- the folder ---------------------------------------------------------------------------

    def _messages(self) -> Sequence[ReturnedMessage]:
        sandbox = self.server.sandbox
        with sandbox.lock:
            return tuple(sandbox.returned.messages_of(self._user))

    def _login(self, rest: str) -> Iterator[bytes]:
        words = _words(rest)
        if len(words) != 2 or words[1] != PASSWORD or not words[0]:
            raise _Refused("NO [AUTHENTICATIONFAILED] the password of the sandbox is another")
        self._user = words[0]
        yield from ()

    def _news(self, _: str) -> Iterator[bytes]:
        if self._is_open:
            yield f"* {len(self._messages())} EXISTS".encode()

    def _select(self, rest: str) -> Iterator[bytes]:
        self._is_open = False
        _check_folder(rest)
        messages = self._messages()
        self._is_open = True
        yield b"* FLAGS (\\Seen)"
        yield f"* {len(messages)} EXISTS".encode()
        yield b"* 0 RECENT"
        yield b"* OK [PERMANENTFLAGS ()] nothing is changed here"
        yield f"* OK [UIDVALIDITY {self.server.sandbox.returned.uid_validity}] numbers".encode()
        yield f"* OK [UIDNEXT {len(messages) + 1}] the next".encode()

    def _status(self, rest: str) -> Iterator[bytes]:
        folder, _, asked = rest.partition("(")
        _check_folder(folder)
        count = len(self._messages())
        known = {
            "MESSAGES": count,
            "RECENT": 0,
            "UNSEEN": count,
            "UIDNEXT": count + 1,
            "UIDVALIDITY": self.server.sandbox.returned.uid_validity,
        }
        names = asked.rstrip(")").upper().split()
        if not names or not known.keys() >= set(names):
            raise _Refused(f"BAD known are {', '.join(known)}")
        values = " ".join(f"{name} {known[name]}" for name in names)
        yield f"* STATUS {FOLDER} ({values})".encode()

    def _search(self, rest: str, *, by_uid: bool) -> bytes:
        # Numbers and UIDs are the same here: nothing ever leaves a mailbox.
        del by_uid
        words = rest.upper().split()
        if words[:1] == ["CHARSET"]:
            words = words[2:]
        found = {message.uid for message in self._messages()}
        last = max(found, default=0)
        while words:
            word = words.pop(0)
            if word == "UID" and words:
                found &= set(_numbers(words.pop(0), last))
            elif word in {"SEEN", "ANSWERED", "DELETED", "DRAFT", "FLAGGED", "RECENT", "NEW"}:
                found = set()
            elif word[0].isdigit() or word[0] == "*":
                found &= set(_numbers(word, last))
            elif word not in {"ALL", "UNSEEN", "UNANSWERED", "UNDELETED", "UNDRAFT", "OLD"}:
                raise _Refused(f"BAD it is not searched by {word} here")
        return " ".join(["* SEARCH", *map(str, sorted(found))]).encode()

    def _fetch(self, rest: str, *, by_uid: bool) -> Iterator[bytes]:
        which, _, items = rest.partition(" ")
        messages = self._messages()
        items = items.strip().removeprefix("(").removesuffix(")")
        items = _MACROS.get(items.upper(), items)
        wanted = list(_ITEM.finditer(items))
        if not wanted:
            raise _Refused("BAD say what to fetch")
        if by_uid and "UID" not in items.upper().split():
            wanted = [*_ITEM.finditer("UID"), *wanted]
        for number in _numbers(which, len(messages)):
            message = messages[number - 1]
            values = b" ".join(_item(message, item) for item in wanted)
            yield b"* %d FETCH (%s)" % (number, values)

    def _say(self, line: str) -> None:
        self._write(f"{line}\r\n".encode())

    def _write(self, content: bytes) -> None:
        self.wfile.write(content)


def _words(text: str) -> list[str]:
    """Return words, in quotes or not."""
    try:
        return shlex.split(text, posix=True)
    except ValueError:
        raise _Refused("BAD a quote is not closed") from None


def _check_folder(text: str) -> None:
    if [word.upper() for word in _words(text)] != [FOLDER]:
        raise _Refused(f"NO there is one folder: {FOLDER}")


def _numbers(text: str, last: int) -> Iterator[int]:
    """Yield what a set of numbers names (`1,4:*`), as far as there are messages."""
    for part in text.split(","):
        ends = [last if end == "*" else _number(end) for end in part.split(":")]
        # RFC 3501: `8:*` names the last message where there is none as high.
        yield from range(max(1, min(ends)), min(last, max(ends)) + 1)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise _Refused(f"BAD {text!r} is no number")
    return int(text)


def _item(message: ReturnedMessage, item: re.Match[str]) -> bytes:
    name = item[0].upper()
    match name:
        case "UID":
            return b"UID %d" % message.uid
        case "FLAGS":
            return b"FLAGS ()"
        case "INTERNALDATE":
            return message.at.strftime('INTERNALDATE "%d-%b-%Y %H:%M:%S +0000"').encode()
        case "RFC822.SIZE":
            return b"RFC822.SIZE %d" % len(message.content)
    if name in _WHOLE:
        return _literal(name, _section(message.content, _WHOLE[name]))
    if item[1] is None:
        raise _Refused(f"BAD {name} is not fetched here")
    part = _section(message.content, item[1])
    shown = f"BODY[{item[1]}]"
    if item[2] is not None:
        start, length = int(item[2]), int(item[3])
        shown, part = f"{shown}<{start}>", part[start : start + length]
    return _literal(shown, part)


def _literal(name: str, content: bytes) -> bytes:
    return b"%s {%d}\r\n%s" % (name.encode(), len(content), content)


def _section(content: bytes, section: str) -> bytes:
    header, _, text = content.partition(b"\r\n\r\n")
    header += b"\r\n\r\n"
    if fields := _FIELDS.fullmatch(section):
        names = set(fields[2].upper().split())
        lines = re.split(rb"\r\n(?![ \t])", header.strip())
        kept = [
            line
            for line in lines
            if (line.partition(b":")[0].decode("latin-1").upper() in names) is not bool(fields[1])
        ]
        return b"".join(line + b"\r\n" for line in kept) + b"\r\n"
    match section.upper():
        case "":
            return content
        case "HEADER":
            return header
        case "TEXT":
            return text
    raise _Refused(f"BAD the part {section!r} is not fetched here")
