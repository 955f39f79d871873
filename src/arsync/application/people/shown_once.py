"""What is shown once to whoever made it: a link, the text of a token.

It waits encrypted for a few minutes, and for one session alone. So the form that made it can send
the browser on, as every form does, and a second click leads to the same page.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta

from arsync.application.organisation.container import Container
from arsync.application.people.persons import Person

SHOWN = "to be shown once"

SHOWN_FOR = timedelta(minutes=5)
"""So long the page that shows it can be loaded again."""


def keep_to_show(container: Container, person: Person, values: Mapping[str, str]) -> str:
    """Keep what the next page shows, and return under what."""
    kept = json.dumps({"session": person.session, "values": dict(values)})
    return container.store.sign_ins.make_link(
        SHOWN, lasts=SHOWN_FOR, user_id=person.user.id, kept=kept
    )


def shown_once(container: Container, person: Person, token: str) -> Mapping[str, str]:
    """Return what is to be shown; nothing when it is too late, or for another session."""
    link = container.store.sign_ins.look_at_link(SHOWN, token)
    if link is None or link.user_id != person.user.id:
        return {}
    kept = json.loads(link.kept)
    values: Mapping[str, str] = kept["values"] if kept["session"] == person.session else {}
    return values
