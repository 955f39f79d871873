"""Configuration: typed settings from `config.toml` and the environment.

The file is found by `--config`, then `ARSYNC_CONFIG`, then `./config.toml`. Every setting is also a
variable `ARSYNC_SECTION_KEY`, which wins over the file.
"""

from arsync.config.config_file import CONFIG_BYTES_MAX, example_config, load_config
from arsync.config.typed_settings import (
    SETTINGS,
    Config,
    Section,
    Setting,
    TokensSettings,
    seconds,
    variable,
)

__all__ = [
    "CONFIG_BYTES_MAX",
    "SETTINGS",
    "Config",
    "Section",
    "Setting",
    "TokensSettings",
    "example_config",
    "load_config",
    "seconds",
    "variable",
]
