"""Names are told without a store being made or changed."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from tests.builders.books import ORGANISATION

from arsync.application.connections.connection_names import connection_names
from arsync.application.organisation.container import Container
from arsync.application.permissions import SCHEDULE
from arsync.config import example_config, load_config


def test_names_are_told_of_what_is_connected(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(example_config({("tokens", "keyring"): "off"}))
    config = load_config(file, {})
    assert connection_names(SCHEDULE, config) == []
    assert not (tmp_path / "arsync.db").exists()
    sqlite3.connect(tmp_path / "arsync.db").close()
    assert connection_names(SCHEDULE, config) == []
    with Container(config) as container:
        for name in ("birch", "acme"):
            container.store.connections.add(
                name, platform="books", organisation=ORGANISATION._replace(id=name)
            )
        container.store.connections.remove("birch")
    assert connection_names(SCHEDULE, config) == ["acme"]
