"""A copy of a shipped text in the rules folder, as the beginning of a text of one's own."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.errors import UserMistake
from arsync.mail import languages
from arsync.mail.language import shipped
from arsync.mail.own_texts import template_folders, text_name
from arsync.mail.text_names import SHIPPED_NAMES


class CopiedText(Struct, frozen=True):
    """A text that was copied."""

    text: str
    language: str
    file: str
    """The new file."""
    connection: str = ""
    """Whose alone it is; empty: of all connections."""


def copy_text(
    actor: Actor, container: Container, name: str, *, language: str = "", connection: str = ""
) -> CopiedText:
    """Put a shipped text into the rules folder; nothing is written over.

    Args:
        actor: who asks.
        container: names the rules folder.
        name: of the text.
        language: its code; empty: the rulebook's language.
        connection: for this connection alone; empty: for all.

    Raises:
        UserMistake: there is no such text, language or connection, it is there already, or it
            cannot be written.
    """
    permit(actor, Permission.TEXTS)
    text = text_name(name)
    if text not in SHIPPED_NAMES:
        raise UserMistake(
            f"arsync brings no text {name!r} along. It has: {', '.join(SHIPPED_NAMES)}."
        )
    root = container.config.rules_folder
    if connection:
        row = container.store.connections.get(connection)
        root /= row.name
        code = language or OrganisationContext(container, row).rules.letters.language.code
    else:
        code = language or container.rules().letters.language.code
    if code not in languages():
        raise UserMistake(f"there are no letters in {code!r}. Known: {', '.join(languages())}.")
    file = Path(template_folders(str(root), code)[1]) / f"{text}.letter"
    _write_new(file, shipped(f"{code}/{text}.letter"))
    return CopiedText(text, code, str(file), connection)


def _write_new(file: Path, text: str) -> None:
    # Any form of it counts: two files of one text would be one too many.
    forms = [file.with_suffix(suffix) for suffix in (".letter", ".txt", ".html")]
    there = next((path for path in forms if path.exists() or path.is_symlink()), None)
    if there is not None:
        raise UserMistake(
            f"{there} is there already; nothing is written over it."
            "\n    hint: change that file, or move it away first"
        )
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as opened:
            opened.write(text)
    except OSError as error:
        raise UserMistake(f"{file}: {error.strerror}.") from None
