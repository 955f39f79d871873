"""Reading a mailbox by IMAP: what is new in one folder, and nothing is changed there.

Of each message only its beginning is read: what came back stands there, and a message may be as
large as its sender likes.
"""

from __future__ import annotations

import hashlib
import imaplib
import io
import ssl
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from imap_tools import BaseMailBox
from imap_tools.errors import ImapToolsError, MailboxFolderSelectError, MailboxLoginError

from arsync.core.ledger.sanitising import one_line
from arsync.errors import RetryLater, UserMistake
from arsync.mail.smtp import is_loopback
from arsync.timed_reading import TimedReader

IMAP_TIMEOUT_SECONDS = 20.0
"""A server that is silent for longer is given up."""

CONVERSATION_SECONDS_MAX = 120.0
"""All answers of one reading together: a server may be slow, but not for ever."""

MESSAGES_PER_READING_MAX = 200
"""So many messages are read at once; the next reading goes on behind them."""

MESSAGE_BYTES_MAX = 100_000
"""As much of each message is read, from its beginning."""

CONVERSATION_BYTES_MAX = 30_000_000
"""All answers of one reading together: somewhat more than its messages."""

RETRY_SECONDS = 900.0

_FETCHED = f"(UID BODY.PEEK[]<0.{MESSAGE_BYTES_MAX}>)"
"""Without PEEK the server would mark each message as read."""

HINT = '\n    hint: [mailbox] url = "imaps://user:password@imap.example.com"'


class MailboxServer(NamedTuple):
    """Where the mailbox is. Never printed: `repr` hides the password."""

    host: str
    port: int
    secure: bool
    """TLS from the first byte (imaps)."""
    user: str
    password: str
    folder: str
    timeout_seconds: float = IMAP_TIMEOUT_SECONDS
    conversation_seconds: float = CONVERSATION_SECONDS_MAX
    context: ssl.SSLContext | None = None
    """How certificates are checked; None means the system's way."""

    def __repr__(self) -> str:
        return f"MailboxServer({self.host}:{self.port})"

    @property
    def identity(self) -> str:
        """Return a text that tells this mailbox from every other, without a word of it."""
        words = "|".join((self.host, str(self.port), self.user, self.folder))
        return hashlib.sha256(words.encode()).hexdigest()[:32]


class MailboxReading(NamedTuple):
    """What one reading found."""

    messages: tuple[bytes, ...]
    """The beginning of each new message, oldest first."""
    uid_validity: int
    last_uid: int
    more: bool = False
    """Whether there are more than one reading takes."""


def mailbox_server(url: str, folder: str) -> MailboxServer:
    """Read the settings `[mailbox] url` and `folder`.

    Raises:
        UserMistake: it is not a mailbox's address. The message never holds the password.
    """
    try:
        address = urlsplit(url)
        port = address.port
    except ValueError:
        raise UserMistake(f"[mailbox] url is not a mailbox's address.{HINT}") from None
    if address.scheme not in {"imap", "imaps"} or not address.hostname or not address.username:
        raise UserMistake(
            f"[mailbox] url must begin with imaps:// and name a user and a host.{HINT}"
        )
    secure = address.scheme == "imaps"
    return MailboxServer(
        host=address.hostname,
        port=port or (993 if secure else 143),
        secure=secure,
        user=unquote(address.username),
        password=unquote(address.password or ""),
        folder=folder or "INBOX",
    )


def read_new(server: MailboxServer, uid_validity: int, last_uid: int) -> MailboxReading:
    """Read what is new behind a position; with another `uid_validity` all is new.

    A mailbox that was never read (0) is begun at its end: what came before is not arsync's.

    Raises:
        RetryLater: it cannot be reached, or answers nonsense. UserMistake: the settings are wrong.
    """
    box = _opened(server)
    try:
        return _new_messages(box, uid_validity, last_uid)
    except _BROKEN as error:
        raise _later(server, f"broke off: {_words(error)}") from None
    finally:
        box.leave()


def check_mailbox(server: MailboxServer) -> None:
    """Log in and open the folder, and leave again.

    Raises:
        RetryLater: it cannot be reached now. UserMistake: the settings are wrong.
    """
    _opened(server).leave()


def _opened(server: MailboxServer) -> _Box:
    try:
        box = _Box(server)
    except ssl.SSLError as error:
        raise UserMistake(
            f"the mailbox's server {server.host} shows a certificate that does not hold: "
            f"{_words(error)}."
        ) from None
    except (OSError, imaplib.IMAP4.error) as error:
        raise _later(server, f"cannot be reached: {_words(error)}") from None
    try:
        _log_in(box, server)
    except _BROKEN as error:
        box.leave()
        raise _later(server, f"broke off: {_words(error)}") from None
    except UserMistake:
        box.leave()
        raise
    return box


_BROKEN = (OSError, imaplib.IMAP4.error, ImapToolsError, ValueError, LookupError)
"""Whatever the libraries raise of a line that is cut or an answer that is none."""


class _TimedImap(imaplib.IMAP4):
    """Reads all answers of the conversation within a time and a size in all."""

    def __init__(self, server: MailboxServer) -> None:
        self._server = server
        super().__init__(server.host, server.port, timeout=server.timeout_seconds)

    def open(self, host: str = "", port: int | None = 143, timeout: float | None = None) -> None:
        super().open(host, port or 143, timeout)
        self._read_in_time()

    def _read_in_time(self) -> None:
        seconds = self._server.conversation_seconds
        reader = TimedReader(self.sock, seconds, bytes_max=CONVERSATION_BYTES_MAX)
        self.file = io.BufferedReader(reader)

    def encrypt(self, context: ssl.SSLContext) -> None:
        """Go on encrypted; imaplib makes its reader anew on the encrypted socket."""
        self.starttls(context)
        self._read_in_time()


class _TimedImapSsl(_TimedImap, imaplib.IMAP4_SSL):
    """The same, with TLS from the first byte."""

    def __init__(self, server: MailboxServer) -> None:
        self._server = server
        imaplib.IMAP4_SSL.__init__(
            self,
            server.host,
            server.port,
            ssl_context=server.context or ssl.create_default_context(),
            timeout=server.timeout_seconds,
        )


class _Box(BaseMailBox):
    """imap-tools on a conversation that ends in time."""

    def __init__(self, server: MailboxServer) -> None:
        self._server = server
        super().__init__()

    def _get_mailbox_client(self) -> imaplib.IMAP4:
        if self._server.secure:
            return _TimedImapSsl(self._server)
        client = _TimedImap(self._server)
        if "STARTTLS" in client.capabilities:
            client.encrypt(self._server.context or ssl.create_default_context())
        elif not is_loopback(self._server.host):
            client.shutdown()
            raise UserMistake(
                f"the mailbox's server {self._server.host} offers no encryption; the password is"
                f" not sent.{HINT}"
            )
        return client

    def leave(self) -> None:
        """Say goodbye; what the server says to it changes nothing."""
        try:
            self.client.logout()
        except (OSError, imaplib.IMAP4.error):
            self.client.shutdown()


def _log_in(box: _Box, server: MailboxServer) -> None:
    # A name or password that is not plain ASCII is sent another way (RFC 2595).
    log_in = box.login_utf8 if _is_wide(server) else box.login
    try:
        log_in(server.user, server.password, None)
    except (MailboxLoginError, imaplib.IMAP4.error) as error:
        if isinstance(error, imaplib.IMAP4.abort):
            raise
        raise UserMistake(
            f"the mailbox's server {server.host} refuses user {server.user!r}."
            "\n    hint: check user and password in [mailbox] url; special characters as %40; some"
            " providers want a password made for this program"
        ) from None
    try:
        # Read only: whatever is asked, the server changes nothing.
        box.folder.set(server.folder, readonly=True)
    except MailboxFolderSelectError:
        raise UserMistake(
            f"the mailbox has no folder {server.folder!r}."
            '\n    hint: [mailbox] folder = "INBOX"; within folders as the server writes them'
        ) from None


def _is_wide(server: MailboxServer) -> bool:
    return not (server.user.isascii() and server.password.isascii())


def _new_messages(box: _Box, uid_validity: int, last_uid: int) -> MailboxReading:
    state = box.folder.status(box.folder.get(), ["UIDVALIDITY", "UIDNEXT"])
    validity, newest = state["UIDVALIDITY"], state["UIDNEXT"] - 1
    if not uid_validity:
        return MailboxReading((), validity, newest)
    after = last_uid if validity == uid_validity else 0
    # The server counts from the end where nothing is new: `8:*` then names the last message.
    uids = sorted(int(uid) for uid in box.uids(f"UID {after + 1}:*", None))
    new = [uid for uid in uids if uid > after]
    batch = new[:MESSAGES_PER_READING_MAX]
    messages = tuple(message for uid in batch if (message := _beginning(box, uid)))
    return MailboxReading(messages, validity, max([after, *batch]), len(new) > len(batch))


def _beginning(box: _Box, uid: int) -> bytes:
    """Return the beginning of a message; nothing when it is gone meanwhile."""
    status, answer = box.client.uid("FETCH", str(uid), _FETCHED)
    if status != "OK":
        raise imaplib.IMAP4.error("a message could not be read")
    # A literal comes as a pair: the words before it, and itself.
    return next((line[1] for line in answer if isinstance(line, tuple)), b"")[:MESSAGE_BYTES_MAX]


def _later(server: MailboxServer, reason: str) -> RetryLater:
    return RetryLater(f"the mailbox at {server.host} {reason}.", after_seconds=RETRY_SECONDS)


def _words(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return one_line(" ".join(str(error).split()))[:300] or type(error).__name__
