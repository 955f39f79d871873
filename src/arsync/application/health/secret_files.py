"""Whether files of settings that hold secrets can be read by others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from arsync.application.health.findings import WRONG, Finding
from arsync.config import Config

OPEN_TO_OTHERS = 0o077


def secrets_open_to_others(about: str, file: Path, config: Config) -> Iterator[Finding]:
    """Say it of a file with secrets; its settings are those of `config`."""
    own = config.own_settings
    secret = any(
        config.get(setting.section, setting.key) != setting.default
        for setting in config.known_settings
        if setting.secret and (not own or (setting.section, setting.key) in own)
    )
    if secret and file.stat().st_mode & OPEN_TO_OTHERS:
        words = f"it holds secrets and others can read it. Run: chmod 600 {file}"
        yield Finding(about, WRONG, words)
