"""Configuration: typed settings from `config.toml` and the environment.

The file is found by `--config`, then `ARSYNC_CONFIG`, then `./config.toml`. Every setting is also a
variable `ARSYNC_SECTION_KEY`, which wins over the file; the folder `ARSYNC_SECRETS_FOLDER` may hold
files of these names. What one connection does otherwise stands in `connections/NAME.toml`, which
wins over all. A channel that another package brings has a section `[channels.NAME]`.
"""

from arsync.config.config import Config, secret_texts
from arsync.config.config_file import example_config, load_config
from arsync.config.connection_files import (
    CONNECTIONS_FOLDER,
    StrayFile,
    connection_file,
    stray_settings,
)
from arsync.config.setting_reader import (
    CONFIG_BYTES_MAX,
    SECRET_FILE_BYTES_MAX,
    SECRETS_FOLDER_VARIABLE,
)
from arsync.config.typed_settings import (
    PER_CONNECTION,
    SECRET,
    SETTINGS,
    Section,
    Setting,
    TokensSettings,
    seconds,
    variable,
)

__all__ = [
    "CONFIG_BYTES_MAX",
    "CONNECTIONS_FOLDER",
    "PER_CONNECTION",
    "SECRET",
    "SECRETS_FOLDER_VARIABLE",
    "SECRET_FILE_BYTES_MAX",
    "SETTINGS",
    "Config",
    "Section",
    "Setting",
    "StrayFile",
    "TokensSettings",
    "connection_file",
    "example_config",
    "load_config",
    "seconds",
    "secret_texts",
    "stray_settings",
    "variable",
]
