"""The mail that brings somebody the link by which they choose a password."""

from __future__ import annotations

import html
import secrets

from arsync.application.organisation.container import Container
from arsync.application.people.signing_in import INVITATION, INVITED, PASSWORD_LINK
from arsync.mail import Letter, compose, send, smtp_server
from arsync.store.people.users import UserRow


def mail_link(container: Container, user: UserRow, token: str, *, purpose: str, who: str) -> None:
    """Mail a link to whom it is for.

    Raises:
        ArsyncError: it did not leave, or it is not known whether it did.
    """
    config = container.config
    address = f"{config.desk.url.rstrip('/')}/first/{token}"
    if purpose == INVITED:
        subject = "You are invited to arsync"
        first = f"{who} invites you to arsync, where receivables are looked after."
        lasts = f"The link below opens once, within {INVITATION.days} days."
    else:
        subject = "A new password for arsync"
        first = f"{who} made a link by which you choose a new password for arsync."
        hours = int(PASSWORD_LINK.total_seconds() // 3_600)
        lasts = f"It opens once, within {hours} hours."
    lines = (first, lasts, address, "If you did not expect this, leave it: nothing happens.")
    page = "".join(f"<p>{html.escape(line)}</p>\n" for line in lines)
    page = page.replace(
        f"<p>{html.escape(address)}</p>",
        f'<p><a href="{html.escape(address)}">{html.escape(address)}</a></p>',
    )
    outgoing = compose(
        Letter(subject, "\n\n".join(lines) + "\n", page),
        # Each is a mail of its own: a second link must not look like the first one again.
        key=f"people-{user.id}-{secrets.token_hex(8)}",
        sender=config.smtp.sender,
        to=[user.email],
        to_name=user.name,
        now=container.clock.now(),
    )
    send(smtp_server(config.smtp.url), outgoing)
