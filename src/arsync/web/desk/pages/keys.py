"""`/keys`: what each key does."""

from __future__ import annotations

from typing import NamedTuple

from werkzeug.wrappers import Response

from arsync.translation import ReaderText
from arsync.web.desk.routing import Routes
from arsync.web.desk.visit import Visit

routes = Routes()


class KeyGroup(NamedTuple):
    """Keys that do something on the same pages."""

    title: str
    keys: tuple[tuple[str, str], ...]
    """What is pressed, one after the other, and what it does."""


GROUPS = (
    KeyGroup(
        ReaderText("Everywhere"),
        (
            ("/", ReaderText("search")),
            ("g t", ReaderText("Today")),
            ("g w", ReaderText("Worklist")),
            ("g a", ReaderText("Approvals")),
            ("g c", ReaderText("Customers")),
            ("g r", ReaderText("Rulebook")),
            ("g m", ReaderText("Measures")),
            ("?", ReaderText("this page")),
            ("Esc", ReaderText("leave a field")),
        ),
    ),
    KeyGroup(
        ReaderText("Lists"),
        (
            ("j", ReaderText("the next row")),
            ("k", ReaderText("the row before")),
            ("x", ReaderText("tick it")),
            ("Shift x", ReaderText("tick all rows up to this one")),
            ("Enter", ReaderText("open it")),
        ),
    ),
    KeyGroup(
        ReaderText("Approvals"),
        (
            ("a", ReaderText("approve")),
            ("r", ReaderText("refuse, on a page that asks why")),
            ("w", ReaderText("why")),
        ),
    ),
    KeyGroup(
        ReaderText("Worklist"),
        (
            ("o s", ReaderText("Spoke")),
            ("o p", ReaderText("Promised")),
            ("o i", ReaderText("Instalments")),
            ("o d", ReaderText("Dispute")),
            ("o c", ReaderText("Asks for copy")),
            ("o v", ReaderText("Voicemail")),
            ("o u", ReaderText("Unreachable")),
            ("o w", ReaderText("Wrong number")),
            ("o r", ReaderText("Refused")),
            ("Ctrl Enter", ReaderText("record, and go on to the next")),
        ),
    ),
    KeyGroup(ReaderText("Customer"), (("p", ReaderText("promise")), ("w", ReaderText("why")))),
    KeyGroup(
        ReaderText("Rulebook"),
        (
            ("Ctrl Space", ReaderText("complete what is typed")),
            ("F8", ReaderText("the next problem")),
            ("Ctrl S", ReaderText("keep the draft")),
            ("Esc Tab", ReaderText("leave the editor")),
        ),
    ),
)
"""The table of keys; each is shown beside what it presses, too."""


@routes.page("/keys", None)
def show(visit: Visit) -> Response:
    """Show the keys."""
    return visit.page("keys.html", groups=GROUPS)
