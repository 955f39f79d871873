"""The names of the connections, for whoever is about to write one."""

from __future__ import annotations

from arsync.application.permissions import Actor, Permission, permit
from arsync.config import Config
from arsync.store.admin.connections import names_in
from arsync.store.db.database import Database


def connection_names(actor: Actor, config: Config) -> list[str]:
    """Return the names of all connections; none where there is no store, or one of another arsync.

    It makes no store and migrates none: a shell asks at a key press.

    Raises:
        ArsyncError: the database is away.
    """
    permit(actor, Permission.READ)
    file = config.store_file
    if file is not None and not file.exists():
        return []
    database = Database(config.store_url)
    try:
        return names_in(database)
    finally:
        database.engine.dispose()
