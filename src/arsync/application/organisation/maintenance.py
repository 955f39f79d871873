"""Keeping the store: backups, restoring, and the key that encrypts the tokens."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from arsync.application.organisation.container import Container
from arsync.application.permissions import Actor, Permission, permit
from arsync.store.admin.encryption_keys import VALUE_NAME
from arsync.store.models import Mode


class RestoredStore(Struct, frozen=True, rename={"place": "store"}):
    """What a backup brought back."""

    place: str
    """Which store it is in, without its password."""
    connections: list[str]
    """Their names; each only observes now."""
    mode: Mode = Mode.OBSERVE


class RenewedKey(Struct, frozen=True, rename={"place": "key"}):
    """What became of the tokens' key."""

    tokens: int
    place: str
    """Where the new key is kept."""

    @property
    def old_key_stays(self) -> bool:
        """Return whether a person has to take the old key away: it stands in a variable."""
        return self.place == VALUE_NAME


def back_up(actor: Actor, container: Container, file: Path) -> int:
    """Write the whole store into one file, while runs go on; returns its size in bytes."""
    permit(actor, Permission.MAINTAIN, only_looks=True)
    return container.store.back_up(file)


def restore(actor: Actor, container: Container, file: Path) -> RestoredStore:
    """Fill an empty store from a backup. Every connection then only observes."""
    permit(actor, Permission.MAINTAIN)
    # They observe because the backup does not know what was sent after it was taken: a person
    # looks before anything leaves a second time.
    names = container.store.restore(file)
    return RestoredStore(container.store.url, names)


def renew_key(actor: Actor, container: Container) -> RenewedKey:
    """Create a new key, encrypt every token with it, and remove the old key."""
    permit(actor, Permission.MAINTAIN)
    return RenewedKey(*container.store.tokens.renew_key())
