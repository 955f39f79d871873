"""Make a config for a running sandbox and connect to it.

python -m benchmarks.connect URL SMTP_PORT FOLDER PLATFORM
"""

from __future__ import annotations

import sys
from pathlib import Path

import arsync_rulebooks
from arsync.application.connections.connecting import add_connections
from arsync.application.organisation.container import Container
from arsync.application.organisation.oauth_authorisation import authorise
from arsync.application.permissions import person_at_the_shell
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
    with Container(load_config(file, {})) as container:
        grant = authorise(
            container.authoriser(platform),
            redirect_url=container.config.get(platform, "redirect_url"),
            say=lambda _: None,
            open_browser=world.give_consent,
        )
        chosen = [(grant.organisations[0], platform)]
        add_connections(person_at_the_shell(), container, platform, grant, chosen)
    world.close()


if __name__ == "__main__":
    main()
