"""Make a config for a running sandbox and connect to it.

python -m benchmarks.connect URL SMTP_PORT FOLDER PLATFORM
"""

from __future__ import annotations

import sys
from pathlib import Path

import arsync_rulebooks
from arsync.application.facade import App
from arsync.application.oauth_consent import consent
from arsync.config import load_config
from arsync.demo.world import World, config_text, free_port


def main() -> None:
    """Connect, as an owner who agrees at once."""
    url, smtp_port, folder, platform = sys.argv[1:]
    rules = Path(folder) / "rules"
    rules.mkdir(parents=True, exist_ok=True)
    (rules / "standard.yaml").write_text(arsync_rulebooks.text("standard"), encoding="utf-8")
    world = World(url, int(smtp_port))
    file = Path(folder) / "config.toml"
    file.write_text(config_text(world, via_port=free_port()), encoding="utf-8")
    with App(load_config(file, {})) as app:
        grant = consent(
            app.authoriser(platform),
            redirect_url=app.config.get(platform, "redirect_url"),
            say=lambda _: None,
            open_browser=world.give_consent,
        )
        app.add_connections(platform, grant, [(grant.organisations[0], platform)])
    world.close()


if __name__ == "__main__":
    main()
