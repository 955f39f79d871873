"""`/keys`: what each key does."""

from __future__ import annotations

from typing import NamedTuple

from werkzeug.wrappers import Response

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
        "Everywhere",
        (
            ("/", "search"),
            ("g t", "Today"),
            ("g w", "Worklist"),
            ("g a", "Approvals"),
            ("g c", "Customers"),
            ("g r", "Rulebook"),
            ("g m", "Measures"),
            ("?", "this page"),
            ("Esc", "leave a field"),
        ),
    ),
    KeyGroup(
        "Lists",
        (
            ("j", "the next row"),
            ("k", "the row before"),
            ("x", "tick it"),
            ("Shift x", "tick all rows up to this one"),
            ("Enter", "open it"),
        ),
    ),
    KeyGroup(
        "Approvals", (("a", "approve"), ("r", "refuse, on a page that asks why"), ("w", "why"))
    ),
    KeyGroup(
        "Worklist",
        (
            ("o s", "Spoke"),
            ("o p", "Promised"),
            ("o i", "Instalments"),
            ("o d", "Dispute"),
            ("o c", "Asks for copy"),
            ("o v", "Voicemail"),
            ("o u", "Unreachable"),
            ("o w", "Wrong number"),
            ("o r", "Refused"),
            ("Ctrl Enter", "record, and go on to the next"),
        ),
    ),
    KeyGroup("Customer", (("p", "promise"), ("w", "why"))),
    KeyGroup(
        "Rulebook",
        (
            ("Ctrl Space", "complete what is typed"),
            ("F8", "the next problem"),
            ("Ctrl S", "keep the draft"),
            ("Esc Tab", "leave the editor"),
        ),
    ),
)
"""The table of keys; each is shown beside what it presses, too."""


@routes.page("/keys", None)
def show(visit: Visit) -> Response:
    """Show the keys."""
    return visit.page("keys.html", groups=GROUPS)
