"""Reading config.toml and the variables that override it; writing a commented one.

All problems are reported at once, each with its file and line, the mistake and a hint.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from arsync.config.channel_sections import settings_of_channels
from arsync.config.config import Config, with_channels
from arsync.config.setting_reader import SECRETS_FOLDER_VARIABLE, ConfigReader
from arsync.config.typed_settings import SECTIONS, SETTINGS
from arsync.errors import UserMistake


def load_config(file: Path | None = None, environ: Mapping[str, str] = os.environ) -> Config:
    """Read the configuration.

    Args:
        file: from `--config`; None looks at ARSYNC_CONFIG, then `./config.toml`.
        environ: where the overriding variables are.

    Raises:
        UserMistake: with every problem of the file, one a line.
    """
    chosen = file or (Path(environ["ARSYNC_CONFIG"]) if environ.get("ARSYNC_CONFIG") else None)
    path = chosen or Path("config.toml")
    exists = path.is_file()
    folder = path.resolve().parent if exists else Path.cwd()
    reader = ConfigReader(folder)
    if exists:
        reader.add_file(path)
    elif chosen:
        raise UserMistake(f"{chosen}: there is no such file. Run `arsync init` to create one.")
    if secrets := environ.get(SECRETS_FOLDER_VARIABLE):
        reader.add_secrets(Path(secrets))
    # Last, because a variable wins over the files.
    reader.add_variables(environ)
    if reader.problems:
        raise UserMistake("\n".join(reader.problems))
    own_sections = {name: said for name, said in reader.values.items() if name in SECTIONS}
    where = {"folder": folder, "file": path.resolve() if exists else None}
    return with_channels(msgspec.convert(own_sections | where, Config), reader.values)


def example_config(values: Mapping[tuple[str, str], str] | None = None) -> str:
    """Return a commented config.toml, with these values in place of the defaults.

    Channels that other packages bring are loaded, for their settings.
    """
    lines = [
        "# arsync. Every setting can also be given as a variable: ARSYNC_SECTION_KEY.",
        "# What one connection does otherwise stands in connections/NAME.toml, beside this file.",
        "",
    ]
    settings = (*SETTINGS, *settings_of_channels())
    for section in dict.fromkeys(setting.section for setting in settings):
        lines.append(f"[{section}]")
        for setting in settings:
            if setting.section == section:
                value = (values or {}).get((section, setting.key), setting.default)
                text = '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
                comment = f"  # {setting.comment}" if setting.comment else ""
                lines.append(f"{setting.key} = {text}{comment}")
        lines.append("")
    return "\n".join(lines)
